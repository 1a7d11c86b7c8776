//! Decoding from a tree whose leaves are all text, as `key=value` gives it.

use super::Failed;
use super::scalar;
use super::tree::Tree;
use crate::Error;
use crate::value::Value;

impl<'a> Tree<'a> {
    /// The text here.
    pub(super) fn leaf(&mut self) -> Result<&'a str, Failed> {
        match self.value {
            Value::String(text) => Ok(text),
            Value::Dict(_) | Value::List(_) => {
                let path = self.path();
                Err(self.set_error(Error::generic(format!("Parameters '{path}.*' are unexpected"))))
            }
            // Not from `key=value`.
            _ => Err(self.wrong_type("string")),
        }
    }

    /// Reads the text here by `read`, or says what was expected.
    pub(super) fn leaf_as<T>(&mut self, expected: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Failed> {
        let text = self.leaf()?;
        read(text).ok_or_else(|| self.set_error(Error::expects(&self.path(), expected)))
    }

    /// An unsigned integer, or a size.
    pub(super) fn leaf_u64(&mut self, size: bool) -> Result<u64, Failed> {
        if size { self.leaf_as("size", |text| scalar::size(text).ok()) } else { self.leaf_as("integer", scalar::u64) }
    }
}
