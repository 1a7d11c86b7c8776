//! JSON as QEMU reads it.
//!
//! The dialect: strings in single or double quotes; integers exact to 64 bits; a name may occur once in an object; at most
//! 1024 levels, 64 MiB and 2 Mi tokens in a message; characters as in "modified UTF-8", where `C0 80` is U+0000 and
//! surrogates and noncharacters do not exist. Error texts and their number are those that QEMU answers with, because
//! scripts match on them.
//!
//! [`Stream`] cuts a stream of bytes into messages; [`parse`] reads one text; both rest on one lexer each for the fast path
//! (`reader`, over a complete text) and for the exact one (`lexer`, byte by byte and resumable).

mod build;
mod exact;
mod lexer;
mod pretty;
mod raw;
mod reader;
mod scan;
mod stream;
mod string;
#[cfg(test)]
mod tests;
mod words;

pub use pretty::Pretty;
pub use raw::Raw;
pub use stream::{Frame, Members, Stream};

pub(crate) use build::distinct;
pub(crate) use reader::{Fault, Name, Reader};

use crate::value::Value;

/// Levels of nesting that a message may have.
pub const MAX_NESTING: usize = 1024;
/// Bytes that the tokens of one message may have.
pub const MAX_TOKEN_BYTES: usize = 64 << 20;
/// Tokens that one message may have.
pub const MAX_TOKENS: usize = 2 << 20;

/// A text that is not JSON in QEMU's dialect. `Display` is the sentence QEMU answers with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SyntaxError(String);

impl SyntaxError {
    /// What the parser says.
    pub(crate) fn parse(what: impl std::fmt::Display) -> Self {
        Self(format!("JSON parse error, {what}"))
    }

    /// What the limits say.
    pub(crate) fn limit(what: &str) -> Self {
        Self(format!("JSON {what} limit exceeded"))
    }
}

impl From<SyntaxError> for crate::Error {
    fn from(error: SyntaxError) -> Self {
        crate::Error::generic(error.0)
    }
}

/// Reads a whole text as one value.
pub fn parse(text: &[u8]) -> Result<Value, SyntaxError> {
    // Only a longer text can hold too many tokens or bytes; the exact lexer counts them.
    if text.len() <= MAX_TOKENS
        && let Ok(value) = Reader::new(text).whole(Reader::any)
    {
        return Ok(value);
    }
    let mut stream = Stream::new();
    stream.feed(text);
    stream.end_of_text()
}
