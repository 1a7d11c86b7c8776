//! A JSON value that is known to be well formed and is still text.

use std::borrow::Cow;

use super::SyntaxError;
use super::reader::Reader;
use crate::value::{Kind, Value};
use crate::visit::Encoder;

/// The text of one JSON value, checked, with nothing around it.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a>(&'a [u8]);

impl<'a> Raw<'a> {
    /// `{}`
    pub const EMPTY_OBJECT: Raw<'static> = Raw(b"{}");

    /// Checks a text.
    pub fn new(text: &'a [u8]) -> Result<Self, SyntaxError> {
        super::parse(text).map(|_| Raw(text.trim_ascii()))
    }

    /// A text that has been checked.
    pub(super) fn checked(text: &'a [u8]) -> Self {
        Raw(text)
    }

    /// The value as text.
    pub fn text(&self) -> &'a [u8] {
        self.0
    }

    /// What kind of value it is.
    pub fn kind(&self) -> Kind {
        Reader::of_little(self.0).kind().unwrap_or(Kind::Null)
    }

    /// The text of a string value.
    pub fn as_str(&self) -> Option<Cow<'a, str>> {
        match self.0.first() {
            Some(b'"' | b'\'') => Reader::of_little(self.0).string().ok(),
            _ => None,
        }
    }

    /// The value as a tree.
    pub fn to_value(&self) -> Value {
        Reader::new(self.0).any().unwrap_or_default()
    }

    /// Writes the value as QEMU would print it, whatever the spelling it came in.
    pub fn put(&self, e: &mut Encoder) {
        match self.0 {
            // What most requests have for an id needs no thought: it is printed as it came.
            [b'1'..=b'9', rest @ ..] if rest.len() < 18 && rest.iter().all(u8::is_ascii_digit) => e.raw(self.0),
            _ => e.value(&self.to_value()),
        }
    }
}
