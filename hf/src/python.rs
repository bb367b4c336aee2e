//! What a template sees of Python: how values print, json.dumps, string methods, strftime.

use std::ffi::CString;
use std::fmt::Write;

use minijinja::value::{from_args, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};

pub struct JsonStyle {
    pub indent: Option<usize>,
    pub separators: (String, String),
    pub ensure_ascii: bool,
    pub sort_keys: bool,
}

/// str(value).
pub fn text(value: &Value) -> String {
    match value.kind() {
        ValueKind::Number if !value.is_integer() => float(value, "nan", "inf"),
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
            let mut out = String::new();
            write_repr(&mut out, value);
            out
        }
        _ => value.to_string(),
    }
}

fn write_repr(out: &mut String, value: &Value) {
    match value.kind() {
        ValueKind::String => write_quoted(out, value.as_str().unwrap_or_default()),
        // A slice of a list is Iterable, not Seq.
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            for (index, item) in value.try_iter().into_iter().flatten().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_repr(out, &item);
            }
            out.push(']');
        }
        ValueKind::Map => {
            out.push('{');
            for (index, key) in value.try_iter().into_iter().flatten().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_repr(out, &key);
                out.push_str(": ");
                write_repr(out, &value.get_item(&key).unwrap_or_default());
            }
            out.push('}');
        }
        ValueKind::Undefined => out.push_str("Undefined"),
        _ => out.push_str(&text(value)),
    }
}

fn write_quoted(out: &mut String, content: &str) {
    let quote = if content.contains('\'') && !content.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in content.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push(quote);
}

/// repr(float): Rust's shortest digits with Python's exponent.
fn float(value: &Value, nan: &str, infinity: &str) -> String {
    let number = f64::try_from(value.clone()).unwrap_or(f64::NAN);
    if number.is_nan() {
        return nan.into();
    }
    if number.is_infinite() {
        return format!("{}{infinity}", if number < 0.0 { "-" } else { "" });
    }
    let digits = format!("{number:?}");
    match digits.split_once('e') {
        Some((mantissa, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent),
            };
            format!("{mantissa}e{sign}{exponent:0>2}")
        }
        None => digits,
    }
}

pub fn json_dumps(value: &Value, style: &JsonStyle) -> Result<String, Error> {
    let mut out = String::new();
    write_json(&mut out, value, style, 0)?;
    Ok(out)
}

fn write_json(out: &mut String, value: &Value, style: &JsonStyle, depth: usize) -> Result<(), Error> {
    match value.kind() {
        ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number if value.is_integer() => out.push_str(&value.to_string()),
        ValueKind::Number => out.push_str(&float(value, "NaN", "Infinity")),
        ValueKind::String => write_json_string(out, value.as_str().unwrap_or_default(), style.ensure_ascii),
        ValueKind::Seq | ValueKind::Iterable => {
            let items: Vec<Value> = value.try_iter()?.collect();
            write_json_block(out, ('[', ']'), items.len(), (style, depth), |out, index| {
                write_json(out, &items[index], style, depth + 1)
            })?;
        }
        ValueKind::Map => {
            let mut keys: Vec<Value> = value.try_iter()?.collect();
            if style.sort_keys {
                keys.sort();
            }
            write_json_block(out, ('{', '}'), keys.len(), (style, depth), |out, index| {
                write_json_string(out, &json_key(&keys[index]), style.ensure_ascii);
                out.push_str(&style.separators.1);
                write_json(out, &value.get_item(&keys[index])?, style, depth + 1)
            })?;
        }
        kind => {
            let message = format!("a value of type {kind} is not JSON serializable");
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
    }
    Ok(())
}

fn json_key(key: &Value) -> String {
    match key.kind() {
        ValueKind::None => "null".into(),
        ValueKind::Bool => key.to_string().to_lowercase(),
        _ => text(key),
    }
}

fn write_json_block(
    out: &mut String,
    brackets: (char, char),
    count: usize,
    (style, depth): (&JsonStyle, usize),
    mut write_item: impl FnMut(&mut String, usize) -> Result<(), Error>,
) -> Result<(), Error> {
    let newline = |out: &mut String, depth: usize| {
        if let Some(indent) = style.indent {
            out.push('\n');
            out.push_str(&" ".repeat(indent.saturating_mul(depth)));
        }
    };
    out.push(brackets.0);
    for index in 0..count {
        out.push_str(if index > 0 { &style.separators.0 } else { "" });
        newline(out, depth + 1);
        write_item(out, index)?;
    }
    if count > 0 {
        newline(out, depth);
    }
    out.push(brackets.1);
    Ok(())
}

fn write_json_string(out: &mut String, content: &str, ensure_ascii: bool) {
    out.push('"');
    for c in content.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' || (ensure_ascii && !c.is_ascii()) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The Python methods minijinja-contrib has, and the three that templates use and it lacks.
pub fn method(state: &State, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    match (value.as_str(), name) {
        (Some(content), "removeprefix") => {
            let (prefix,): (&str,) = from_args(args)?;
            Ok(content.strip_prefix(prefix).unwrap_or(content).into())
        }
        (Some(content), "removesuffix") => {
            let (suffix,): (&str,) = from_args(args)?;
            Ok(content.strip_suffix(suffix).unwrap_or(content).into())
        }
        (Some(content), "rsplit") => {
            let (separator, most): (&str, Option<i64>) = from_args(args)?;
            let parts = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX - 1) + 1;
            let mut pieces: Vec<&str> = content.rsplitn(parts, separator).collect();
            pieces.reverse();
            Ok(pieces.into_iter().map(Value::from).collect())
        }
        _ => minijinja_contrib::pycompat::unknown_method_callback(state, value, name, args),
    }
}

/// datetime.now().strftime(format): local time, through the C library as Python does.
pub fn strftime_now(format: &str) -> Result<String, Error> {
    let invalid = || Error::new(ErrorKind::InvalidOperation, "strftime_now: unusable format");
    let format = CString::new(format).map_err(|_| invalid())?;
    let mut buffer = vec![0u8; 1024];
    // SAFETY: `now` is a plain C struct filled by localtime_r, `format` ends in NUL, and strftime writes at
    // most the length given.
    let length = unsafe {
        let seconds = libc::time(std::ptr::null_mut());
        let mut now: libc::tm = std::mem::zeroed();
        if libc::localtime_r(&seconds, &mut now).is_null() {
            return Err(invalid());
        }
        libc::strftime(buffer.as_mut_ptr().cast(), buffer.len(), format.as_ptr(), &now)
    };
    buffer.truncate(length);
    String::from_utf8(buffer).map_err(|_| invalid())
}
