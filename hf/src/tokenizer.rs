//! A tokenizer.json and the calls transformers makes on it.

use serde_json::{json, Map, Value};
use tokenizers::models::bpe::BPE;
use tokenizers::utils::truncation::TruncationDirection;
use tokenizers::{
    AddedToken, DecoderWrapper, Encoding, NormalizerWrapper, PostProcessor, PostProcessorWrapper,
    PreTokenizerWrapper, Tokenizer, TokenizerImpl,
};

use crate::{Failure, Status};

pub struct LoadedTokenizer {
    /// Without its post-processor, which moves the offsets of tokens.
    inner: Tokenizer,
    post_processor: Option<PostProcessorWrapper>,
    /// The file's own settings: transformers replaces them at every call but takes defaults from them.
    truncation: Value,
    padding: Value,
}

#[derive(Clone, Copy)]
pub struct Limit {
    pub max_length: usize,
    pub from_left: bool,
}

pub struct Encoded {
    pub ids: Vec<u32>,
    pub token_ends: Vec<usize>,
    pub tokens: String,
    /// Begin and end of each token in the text, in bytes; 0 and 0 where the post-processor added it.
    pub offsets: Vec<[usize; 2]>,
    /// 1 where the post-processor added it.
    pub added: Vec<u8>,
    pub truncated: bool,
}

/// What `Tokenizer` is when its model is known to be byte pairs.
type BytePairTokenizer = TokenizerImpl<
    BPE,
    NormalizerWrapper,
    PreTokenizerWrapper,
    PostProcessorWrapper,
    DecoderWrapper,
>;

/// `Tokenizer` finds out which model it has by keeping it as a tree of values three times over, which takes
/// longer than all the rest. Nearly all models are byte pairs, and those can be read as they come. Whatever
/// is not, or is damaged, takes the library's own way and has its words.
fn parse(bytes: &[u8]) -> Result<Tokenizer, serde_json::Error> {
    match serde_json::from_slice::<BytePairTokenizer>(bytes) {
        Ok(tokenizer) => Ok(tokenizer.into()),
        Err(_) => serde_json::from_slice(bytes),
    }
}

impl LoadedTokenizer {
    pub fn from_json(bytes: &[u8]) -> Result<Self, Failure> {
        let mut inner = parse(bytes)?;
        let truncation = serde_json::to_value(inner.get_truncation())?;
        let padding = serde_json::to_value(inner.get_padding())?;
        inner.with_truncation(None)?;
        inner.with_padding(None);
        let post_processor = inner.get_post_processor().cloned();
        inner.with_post_processor(None::<PostProcessorWrapper>);
        Ok(Self { inner, post_processor, truncation, padding })
    }

    pub fn describe(&self) -> Result<Value, Failure> {
        let mut added: Vec<_> = self.inner.get_added_tokens_decoder().into_iter().collect();
        added.sort_by_key(|(id, _)| *id);
        let mut added_tokens = Vec::with_capacity(added.len());
        for (id, token) in added {
            let mut entry = serde_json::to_value(token)?;
            entry["id"] = json!(id);
            added_tokens.push(entry);
        }
        Ok(json!({
            "added_tokens": added_tokens,
            "normalizer": serde_json::to_value(self.inner.get_normalizer())?,
            "pre_tokenizer": serde_json::to_value(self.inner.get_pre_tokenizer())?,
            "truncation": self.truncation,
            "padding": self.padding,
            "vocab_size": self.inner.get_vocab_size(false),
            "special_prefix": self.special_prefix()?,
        }))
    }

    pub fn amend(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let mut changes: Map<String, Value> = serde_json::from_slice(bytes)?;
        if let Some(part) = changes.remove("normalizer") {
            self.inner
                .with_normalizer(serde_json::from_value::<Option<tokenizers::NormalizerWrapper>>(part)?);
        }
        if let Some(part) = changes.remove("pre_tokenizer") {
            self.inner
                .with_pre_tokenizer(serde_json::from_value::<Option<tokenizers::PreTokenizerWrapper>>(part)?);
        }
        if let Some(part) = changes.remove("post_processor") {
            self.post_processor = serde_json::from_value(part)?;
        }
        if let Some(part) = changes.remove("encode_special_tokens") {
            self.inner.set_encode_special_tokens(serde_json::from_value(part)?);
        }
        if let Some(part) = changes.remove("add_tokens") {
            let tokens: Vec<AddedToken> = serde_json::from_value(part)?;
            self.inner.add_tokens(&tokens);
        }
        Ok(())
    }

    pub fn max_id(&self) -> i64 {
        self.inner.get_vocab(true).into_values().max().map_or(-1, i64::from)
    }

    /// The two halves of the library's own encode, with the truncation between them given per call: the
    /// library keeps it inside the tokenizer, where two threads would have to agree on it.
    pub fn encode(&self, text: &str, limit: Limit) -> Result<Encoded, Failure> {
        let mut encoding = self.inner.encode(text, false)?;
        let full = encoding.len();
        if limit.max_length > 0 {
            encoding.truncate(self.room_for_text(limit.max_length)?, 0, direction(limit));
            encoding.take_overflowing();
        }
        let truncated = encoding.len() < full;
        let of_text: Vec<[usize; 2]> = encoding.get_offsets().iter().map(|o| [o.0, o.1]).collect();
        let encoding = self.add_special_tokens(encoding)?;
        let (offsets, added) = places(&encoding, of_text)?;

        let mut tokens = String::new();
        let mut token_ends = Vec::with_capacity(encoding.len());
        for token in encoding.get_tokens() {
            tokens.push_str(token);
            token_ends.push(tokens.len());
        }
        Ok(Encoded { ids: encoding.get_ids().to_vec(), token_ends, tokens, offsets, added, truncated })
    }

    fn room_for_text(&self, max_length: usize) -> Result<usize, Failure> {
        let added = self.post_processor.as_ref().map_or(0, |processor| processor.added_tokens(false));
        max_length.checked_sub(added).ok_or_else(|| {
            let message = format!("max_length is {max_length}, the special tokens alone are {added}");
            Failure::new(Status::Failed, message)
        })
    }

    fn add_special_tokens(&self, encoding: Encoding) -> Result<Encoding, Failure> {
        match &self.post_processor {
            Some(processor) => Ok(processor.process(encoding, None, true)?),
            None => Ok(encoding),
        }
    }

    /// Tried on one token, because with an empty text front and back could not be told apart.
    fn special_prefix(&self) -> Result<usize, Failure> {
        let text = Encoding::new(
            vec![0],
            vec![0],
            vec!["x".into()],
            vec![None],
            vec![(0, 0)],
            vec![0],
            vec![1],
            vec![],
            Default::default(),
        );
        let processed = self.add_special_tokens(text)?;
        Ok(processed.get_special_tokens_mask().iter().take_while(|special| **special == 1).count())
    }
}

/// Offsets and marks of the tokens after post-processing, which keeps those of the text in their order.
fn places(encoding: &Encoding, of_text: Vec<[usize; 2]>) -> Result<(Vec<[usize; 2]>, Vec<u8>), Failure> {
    let mut of_text = of_text.into_iter();
    let mut offsets = Vec::with_capacity(encoding.len());
    let mut added = Vec::with_capacity(encoding.len());
    for special in encoding.get_special_tokens_mask() {
        let is_added = *special == 1;
        added.push(u8::from(is_added));
        offsets.push(if is_added { Some([0, 0]) } else { of_text.next() });
    }
    match offsets.into_iter().collect() {
        Some(offsets) if of_text.next().is_none() => Ok((offsets, added)),
        _ => Err(Failure::new(Status::Failed, "the post-processor does not mark the tokens it adds")),
    }
}

fn direction(limit: Limit) -> TruncationDirection {
    if limit.from_left {
        TruncationDirection::Left
    } else {
        TruncationDirection::Right
    }
}
