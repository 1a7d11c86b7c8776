//! Whole values in, whole values out.

use super::{Decoder, Encoder, Mode, Visit};
use crate::json::{self, Raw};
use crate::{Error, Policy, Value};

/// Reads a value from JSON text, as a server does: what the schema does not know is an error.
///
/// The error is the one QEMU would answer with, down to which of several mistakes is named.
pub fn from_json<T: Visit + Default>(text: &[u8]) -> Result<T, Error> {
    read_text(text, Mode::Strict, Policy::default())
}

/// Reads a value from a part of a message as a server under a policy does.
pub(crate) fn from_raw_under<T: Visit + Default>(raw: Raw<'_>, policy: Policy) -> Result<T, Error> {
    read_by(Decoder::from_raw(raw, Mode::Strict), raw.text(), Mode::Strict, policy)
}

/// Reads a value from JSON text, as a client does: members that the schema does not know are passed over, and
/// unknown values of enumerations are kept as such, for the peer may be newer.
pub fn from_json_lenient<T: Visit + Default>(text: &[u8]) -> Result<T, Error> {
    read_text(text, Mode::Lenient, Policy::default())
}

/// Reads a value from a tree, strictly.
pub fn from_value<T: Visit + Default>(value: &Value) -> Result<T, Error> {
    read(Decoder::from_value(value, Mode::Strict))
}

/// Reads a value from a tree, leniently.
pub fn from_value_lenient<T: Visit + Default>(value: &Value) -> Result<T, Error> {
    read(Decoder::from_value(value, Mode::Lenient))
}

/// Reads a value from a tree whose leaves are all text, strictly: see [`keyval`](crate::keyval).
pub fn from_keyval<T: Visit + Default>(value: &Value) -> Result<T, Error> {
    read(Decoder::from_keyval(value))
}

/// Reads a whole value, by a decoder that keeps its errors.
pub(crate) fn read<T: Visit + Default>(mut d: Decoder<'_>) -> Result<T, Error> {
    let mut target = T::default();
    target.get(&mut d).map_err(|failed| d.error(failed))?;
    Ok(target)
}

/// Writes a value as JSON text, on one line.
pub fn to_json<T: Visit + ?Sized>(value: &T) -> String {
    let mut e = Encoder::new();
    value.put(&mut e);
    e.into_string()
}

/// Turns a value into a tree. A double without a fraction becomes an integer, as it does on the wire.
pub fn to_value<T: Visit + ?Sized>(value: &T) -> Value {
    json::parse(to_json(value).as_bytes()).unwrap_or_default()
}

fn read_text<T: Visit + Default>(text: &[u8], mode: Mode, policy: Policy) -> Result<T, Error> {
    read_by(Decoder::from_text(text, mode), text, mode, policy)
}

/// Reads by a decoder that stands at the start of `text`.
fn read_by<T: Visit + Default>(d: Decoder<'_>, text: &[u8], mode: Mode, policy: Policy) -> Result<T, Error> {
    let mut target = T::default();
    if fast(d.under(policy), &mut target) {
        return Ok(target);
    }
    target = T::default();
    slow(text, mode, policy, &mut target)?;
    Ok(target)
}

/// Reads straight from the text. Tells only whether it worked.
fn fast(mut d: Decoder<'_>, target: &mut dyn Visit) -> bool {
    target.get(&mut d).is_ok() && d.at_end()
}

/// Reads by way of a tree, in the order in which QEMU checks: the text first, then members in schema order. It has the last
/// word, also when the fast pass gave up for another reason than an error.
#[cold]
fn slow(text: &[u8], mode: Mode, policy: Policy, target: &mut dyn Visit) -> Result<(), Error> {
    let value = json::parse(text)?;
    let mut d = Decoder::from_value(&value, mode).under(policy);
    target.get(&mut d).map_err(|failed| d.error(failed))
}
