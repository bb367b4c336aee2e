//! The C ABI of include/headspec_hf.h. This file only converts: pointers to slices, results to status codes,
//! panics to errors. The work is in `tokenizer` and `template`.

mod python;
mod template;
mod tokenizer;

use std::any::Any;
use std::os::raw::{c_char, c_int, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Once;

use tokenizer::{Encoded, Limit, LoadedTokenizer};

#[derive(Clone, Copy)]
pub enum Status {
    NotJson = 1,
    Invalid = 2,
    Raised = 3,
    Failed = 4,
}

pub struct Failure {
    pub status: Status,
    pub message: String,
}

impl Failure {
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        let status = if error.is_data() { Status::Invalid } else { Status::NotJson };
        Self::new(status, error.to_string())
    }
}

impl From<tokenizers::Error> for Failure {
    fn from(error: tokenizers::Error) -> Self {
        Self::new(Status::Failed, error.to_string())
    }
}

#[repr(C)]
pub struct HeadspecHfText {
    data: *mut c_char,
    size: usize,
}

impl HeadspecHfText {
    fn new(text: String) -> Self {
        let bytes = text.into_bytes().into_boxed_slice();
        let size = bytes.len();
        Self { data: Box::into_raw(bytes) as *mut c_char, size }
    }
}

#[repr(C)]
pub struct HeadspecHfEncoding {
    ids: *const u32,
    token_ends: *const usize,
    tokens: *const c_char,
    offsets: *const usize,
    added: *const u8,
    count: usize,
    truncated: c_int,
    owner: *mut c_void,
}

#[repr(C)]
pub struct HeadspecHfLimit {
    max_length: usize,
    from_left: c_int,
}

#[repr(C)]
pub struct HeadspecHfTemplate {
    source: *const c_char,
    source_size: usize,
    context: *const c_char,
    context_size: usize,
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| text.to_string())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    format!("the library panicked: {}", text.unwrap_or_default())
}

/// Runs `work`, writes its value to `out` or its failure to `error`, and lets no panic through to C++.
unsafe fn answer<T>(
    out: *mut T,
    error: *mut HeadspecHfText,
    work: impl FnOnce() -> Result<T, Failure>,
) -> c_int {
    // The default hook prints; a library that is linked into headspec does not.
    static QUIET: Once = Once::new();
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));

    let result = catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|payload| Err(Failure::new(Status::Failed, panic_message(payload.as_ref()))));
    match result {
        Ok(value) => {
            out.write(value);
            0
        }
        Err(failure) => {
            error.write(HeadspecHfText::new(failure.message));
            failure.status as c_int
        }
    }
}

unsafe fn bytes<'a>(data: *const c_char, size: usize) -> &'a [u8] {
    // A C++ string_view of nothing may hold a null pointer, which a Rust slice may not.
    if size == 0 {
        return &[];
    }
    std::slice::from_raw_parts(data as *const u8, size)
}

unsafe fn utf8<'a>(data: *const c_char, size: usize) -> Result<&'a str, Failure> {
    std::str::from_utf8(bytes(data, size)).map_err(|error| Failure::new(Status::Failed, error.to_string()))
}

/// # Safety
/// Pointers are valid for the sizes given, `tokenizer` and `error` for one write. So it is below.
#[no_mangle]
pub unsafe extern "C" fn headspec_hf_open(
    json: *const c_char,
    size: usize,
    tokenizer: *mut *mut LoadedTokenizer,
    error: *mut HeadspecHfText,
) -> c_int {
    answer(tokenizer, error, || {
        let loaded = LoadedTokenizer::from_json(bytes(json, size))?;
        Ok(Box::into_raw(Box::new(loaded)))
    })
}

/// # Safety
/// `tokenizer` is null or comes from `headspec_hf_open` and is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn headspec_hf_close(tokenizer: *mut LoadedTokenizer) {
    if !tokenizer.is_null() {
        let _ = catch_unwind(AssertUnwindSafe(|| drop(Box::from_raw(tokenizer))));
    }
}

/// # Safety
/// As `headspec_hf_open`.
#[no_mangle]
pub unsafe extern "C" fn headspec_hf_describe(
    tokenizer: *const LoadedTokenizer,
    json: *mut HeadspecHfText,
    error: *mut HeadspecHfText,
) -> c_int {
    answer(json, error, || Ok(HeadspecHfText::new((*tokenizer).describe()?.to_string())))
}

/// # Safety
/// As `headspec_hf_open`; nobody else uses `tokenizer` meanwhile.
#[no_mangle]
pub unsafe extern "C" fn headspec_hf_amend(
    tokenizer: *mut LoadedTokenizer,
    json: *const c_char,
    size: usize,
    error: *mut HeadspecHfText,
) -> c_int {
    answer(&mut (), error, || (*tokenizer).amend(bytes(json, size)))
}

/// # Safety
/// As `headspec_hf_open`.
#[no_mangle]
pub unsafe extern "C" fn headspec_hf_max_id(
    tokenizer: *const LoadedTokenizer,
    id: *mut i64,
    error: *mut HeadspecHfText,
) -> c_int {
    answer(id, error, || Ok((*tokenizer).max_id()))
}

/// # Safety
/// As `headspec_hf_open`.
#[no_mangle]
pub unsafe extern "C" fn headspec_hf_encode(
    tokenizer: *const LoadedTokenizer,
    text: *const c_char,
    size: usize,
    limit: HeadspecHfLimit,
    encoding: *mut HeadspecHfEncoding,
    error: *mut HeadspecHfText,
) -> c_int {
    answer(encoding, error, || {
        let limit = Limit { max_length: limit.max_length, from_left: limit.from_left != 0 };
        let owner = Box::new((*tokenizer).encode(utf8(text, size)?, limit)?);
        Ok(HeadspecHfEncoding {
            ids: owner.ids.as_ptr(),
            token_ends: owner.token_ends.as_ptr(),
            tokens: owner.tokens.as_ptr() as *const c_char,
            offsets: owner.offsets.as_ptr() as *const usize,
            added: owner.added.as_ptr(),
            count: owner.ids.len(),
            truncated: owner.truncated as c_int,
            owner: Box::into_raw(owner) as *mut c_void,
        })
    })
}

/// # Safety
/// `encoding` comes from `headspec_hf_encode` and is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn headspec_hf_encoding_free(encoding: *mut HeadspecHfEncoding) {
    let owner = std::mem::replace(&mut (*encoding).owner, std::ptr::null_mut());
    if !owner.is_null() {
        drop(Box::from_raw(owner as *mut Encoded));
    }
}

/// # Safety
/// As `headspec_hf_open`.
#[no_mangle]
pub unsafe extern "C" fn headspec_hf_render(
    chat_template: HeadspecHfTemplate,
    text: *mut HeadspecHfText,
    error: *mut HeadspecHfText,
) -> c_int {
    answer(text, error, || {
        let source = utf8(chat_template.source, chat_template.source_size)?;
        let context = bytes(chat_template.context, chat_template.context_size);
        Ok(HeadspecHfText::new(template::render(source, context)?))
    })
}

/// # Safety
/// `text` was filled by a function of this file and is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn headspec_hf_text_free(text: *mut HeadspecHfText) {
    let data = std::mem::replace(&mut (*text).data, std::ptr::null_mut());
    if !data.is_null() {
        let slice = std::ptr::slice_from_raw_parts_mut(data as *mut u8, (*text).size);
        drop(Box::from_raw(slice));
    }
}
