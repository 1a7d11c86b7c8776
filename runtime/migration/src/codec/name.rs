//! Names as the stream writes them: a length byte and text.

use std::{fmt, ops::Deref};

/// A name of at most 255 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<str>);

/// A name that the length byte cannot express.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is longer than the 255 bytes that a name in a migration stream can have")]
pub struct NameTooLong(pub String);

impl Name {
    /// Checks the length.
    ///
    /// # Errors
    /// [`NameTooLong`] beyond 255 bytes.
    pub fn new(text: &str) -> Result<Self, NameTooLong> {
        if text.len() > usize::from(u8::MAX) { Err(NameTooLong(text.to_owned())) } else { Ok(Self(text.into())) }
    }

    /// Appends the length byte and the text.
    pub fn encode(&self, out: &mut Vec<u8>) {
        // The length was checked when the name was made.
        out.push(self.0.len() as u8);
        out.extend_from_slice(self.0.as_bytes());
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
