//! Chat templates, in a Jinja set up like transformers' `_compile_jinja_template`.

use std::borrow::Cow;
use std::fmt;

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{escape_formatter, AutoEscape, Environment, Error, ErrorKind, State, Value};

use crate::python;
use crate::{Failure, Status};

/// A template that loops for ever ends with an error instead; real ones need a few hundred steps.
const FUEL: u64 = 20_000_000;

#[derive(Debug)]
struct Raised(String);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Raised {}

pub fn render(source: &str, context: &[u8]) -> Result<String, Failure> {
    let context: Value = serde_json::from_slice(context)?;
    let source = without_generation_tags(&source.replace("\r\n", "\n").replace('\r', "\n"));
    let env = environment();
    let template = env.template_from_named_str("chat_template", &source).map_err(failure)?;
    template.render(context).map_err(failure)
}

fn environment<'source>() -> Environment<'source> {
    let mut env = Environment::new();
    env.set_trim_blocks(true);
    env.set_lstrip_blocks(true);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env.set_unknown_method_callback(python::method);
    env.set_formatter(|out, state, value| match value.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map | ValueKind::Number => {
            out.write_str(&python::text(value)).map_err(Error::from)
        }
        _ => escape_formatter(out, state, value),
    });
    env.set_fuel(Some(FUEL));
    env.add_filter("tojson", tojson);
    env.add_filter("string", |value: &Value| python::text(value));
    env.add_filter("length", length);
    env.add_filter("count", length);
    env.add_test("number", |value: &Value| matches!(value.kind(), ValueKind::Number | ValueKind::Bool));
    env.add_test("sequence", is_sequence);
    env.add_function("raise_exception", |message: &Value| -> Result<Value, Error> {
        let raised = Raised(python::text(message));
        Err(Error::new(ErrorKind::InvalidOperation, raised.0.clone()).with_source(raised))
    });
    env.add_function("strftime_now", |format: &str| python::strftime_now(format));
    env
}

/// Jinja's Undefined has the length 0.
fn length(value: &Value) -> Result<usize, Error> {
    if value.is_undefined() {
        return Ok(0);
    }
    minijinja::filters::length(value)
}

/// In Python a string and a dict have a length and items too; a slice of a list is Iterable here.
fn is_sequence(value: &Value) -> bool {
    use ValueKind::{Iterable, Map, Seq, String, Undefined};
    matches!(value.kind(), Seq | Iterable | Map | String | Undefined)
}

/// json.dumps, as transformers replaces Jinja's own filter: no HTML escaping, non-ASCII kept.
fn tojson(_state: &State, value: &Value, kwargs: Kwargs) -> Result<String, Error> {
    let indent: Option<Value> = kwargs.get("indent")?;
    let separators: Option<(String, String)> = match kwargs.get::<Option<Value>>("separators")? {
        Some(pair) if !pair.is_none() => {
            Some((python::text(&pair.get_item_by_index(0)?), python::text(&pair.get_item_by_index(1)?)))
        }
        _ => None,
    };
    let indent = match indent {
        Some(indent) if !indent.is_none() => Some(usize::try_from(indent)?),
        _ => None,
    };
    let comma = if indent.is_some() { "," } else { ", " };
    let style = python::JsonStyle {
        indent,
        separators: separators.unwrap_or_else(|| (comma.into(), ": ".into())),
        ensure_ascii: kwargs.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false),
        sort_keys: kwargs.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
    };
    kwargs.assert_all_used()?;
    python::json_dumps(value, &style)
}

/// transformers marks what the assistant said with {% generation %}, for training masks; the text is the
/// body. `with true` opens the same kind of scope and keeps the whitespace signs of the tag.
fn without_generation_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(length) = rest[start..].find("%}") else { break };
        let end = start + length + 2;
        out.push_str(&rest[..start]);
        out.push_str(&plain_tag(&rest[start..end]));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn plain_tag(tag: &str) -> Cow<'_, str> {
    let inside = &tag[2..tag.len() - 2];
    let word = inside.trim_matches(|c: char| c.is_whitespace() || c == '-' || c == '+');
    match word {
        "generation" => tag.replace("generation", "with headspec_scope = none").into(),
        "endgeneration" => tag.replace("endgeneration", "endwith").into(),
        _ => tag.into(),
    }
}

fn failure(error: Error) -> Failure {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = cause {
        if let Some(Raised(message)) = current.downcast_ref() {
            return Failure::new(Status::Raised, message.clone());
        }
        cause = current.source();
    }
    Failure::new(Status::Failed, error.to_string())
}
