//! A JSON value that is known to be well formed and is still text.

use std::borrow::Cow;
use std::ops::Range;

use super::SyntaxError;
use super::reader::Reader;
use crate::value::{Kind, Value};
use crate::visit::Encoder;

/// The text of one JSON value, checked, with nothing around it.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a> {
    text: &'a [u8],
    /// The same text, if it is UTF-8.
    utf8: Option<&'a str>,
}

impl<'a> Raw<'a> {
    /// `{}`
    pub const EMPTY_OBJECT: Raw<'static> = Raw { text: b"{}", utf8: Some("{}") };

    /// Checks a text.
    pub fn new(text: &'a [u8]) -> Result<Self, SyntaxError> {
        super::parse(text).map(|_| Self::checked(text.trim_ascii()))
    }

    /// A text that has been checked.
    pub(super) fn checked(text: &'a [u8]) -> Self {
        Raw { text, utf8: std::str::from_utf8(text).ok() }
    }

    /// A part of a checked text that is a value, too.
    #[inline]
    pub(super) fn part(&self, range: Range<usize>) -> Raw<'a> {
        Raw { text: self.text.get(range.clone()).unwrap_or_default(), utf8: self.utf8.and_then(|text| text.get(range)) }
    }

    /// A part of a checked text that is ASCII.
    #[inline]
    pub(super) fn plain(&self, range: Range<usize>) -> Cow<'a, str> {
        match self.utf8.and_then(|text| text.get(range.clone())) {
            Some(text) => Cow::Borrowed(text),
            None => String::from_utf8_lossy(self.text.get(range).unwrap_or_default()),
        }
    }

    /// At the start of the text.
    #[inline]
    pub(crate) fn reader(&self) -> Reader<'a> {
        Reader::of_known(self.text, self.utf8)
    }

    /// The value as text.
    pub fn text(&self) -> &'a [u8] {
        self.text
    }

    /// What kind of value it is.
    pub fn kind(&self) -> Kind {
        self.reader().kind().unwrap_or(Kind::Null)
    }

    /// The text of a string value.
    pub fn as_str(&self) -> Option<Cow<'a, str>> {
        match self.text.first() {
            Some(b'"' | b'\'') => self.reader().string().ok(),
            _ => None,
        }
    }

    /// The value as a tree.
    pub fn to_value(&self) -> Value {
        self.reader().any().unwrap_or_default()
    }

    /// Writes the value as QEMU would print it, whatever the spelling it came in.
    pub fn put(&self, e: &mut Encoder) {
        match self.text {
            // What most requests have for an id needs no thought: it is printed as it came.
            [b'1'..=b'9', rest @ ..] if rest.len() < 18 && rest.iter().all(u8::is_ascii_digit) => e.raw(self.text),
            _ => e.value(&self.to_value()),
        }
    }
}
