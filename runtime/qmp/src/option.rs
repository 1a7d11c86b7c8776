//! Command-line options that the schema describes: JSON when they begin with a brace, `key=value` otherwise.

use crate::keyval;
use crate::visit::{Visit, from_keyval, from_value};
use crate::{Error, Value, json};

/// Reads an option's value. `implied_key` is the member that a first value without a key is for, as the `driver` of
/// `-blockdev null-co,node-name=n`.
///
/// Texts and errors are those of QEMU: `{...}` is JSON, anything else `key=value` (see [`keyval`]).
///
/// # Errors
/// The text breaks the syntax it is in, does not fit `T`, or asks for help, which is for the caller to give: see
/// [`keyval::parse`].
pub fn from_option<T: Visit + Default>(text: &str, implied_key: Option<&str>) -> Result<T, Error> {
    if text.starts_with('{') {
        let value = json::parse(text.as_bytes())?;
        return from_value(&value);
    }
    from_keyval(&Value::Dict(keyval::parse_helpless(text, implied_key)?))
}
