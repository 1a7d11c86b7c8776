//! The encoder: writes values as QEMU prints them.
//!
//! One line of ASCII; `", "` and `": "` between things; everything outside printable ASCII as `\uXXXX` in upper case,
//! surrogate pairs beyond the basic plane; doubles with 17 significant digits. One deviation: a double that is not
//! finite is written as `null`. QEMU prints a bare `inf` or `nan`, which is no JSON and breaks the peer's parser.

use super::{Object, Visit, number};
use crate::value::{Dict, Number, Value};
use crate::{Policy, Special};

/// Writes JSON text into a buffer of its own.
///
/// The buffer can be taken, or kept and cleared, which saves its allocation for the next message.
#[derive(Debug, Default)]
pub struct Encoder {
    out: Vec<u8>,
    policy: Policy,
}

impl Encoder {
    /// An empty encoder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on writing at the end of `out`.
    pub fn with_buffer(out: Vec<u8>) -> Self {
        Self { out, policy: Policy::default() }
    }

    /// An empty encoder that leaves out what the policy hides.
    pub fn under(policy: Policy) -> Self {
        Self { out: Vec::new(), policy }
    }

    /// What has been written.
    pub fn as_bytes(&self) -> &[u8] {
        &self.out
    }

    /// What has been written, to keep.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// What has been written, as text. Costs a check, since [`raw`](Self::raw) takes any bytes.
    pub fn into_string(self) -> String {
        match String::from_utf8(self.out) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }
    }

    /// How many bytes have been written.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Forgets everything after the first `len` bytes, to take an unfinished value back.
    pub fn truncate(&mut self, len: usize) {
        self.out.truncate(len);
    }

    /// Forgets everything and keeps the buffer.
    pub fn clear(&mut self) {
        self.out.clear();
    }

    /// Writes bytes that are JSON text already.
    pub fn raw(&mut self, json: &[u8]) {
        self.out.extend_from_slice(json);
    }

    /// Writes an object.
    pub fn object(&mut self, object: &dyn Object) {
        self.begin_object();
        object.store(self);
        self.end_object();
    }

    /// Opens an object. Members follow with [`member`](Self::member) or [`key`](Self::key) and a value.
    pub fn begin_object(&mut self) {
        self.out.push(b'{');
    }

    /// Closes an object.
    pub fn end_object(&mut self) {
        self.out.push(b'}');
    }

    /// Opens a list. Before every element comes [`element`](Self::element).
    pub fn begin_list(&mut self) {
        self.out.push(b'[');
    }

    /// Closes a list.
    pub fn end_list(&mut self) {
        self.out.push(b']');
    }

    /// Writes the separator that an element of a list needs before it.
    pub fn element(&mut self) {
        // No value ends in an opening bracket, so the last byte tells whether this is the first element.
        if self.out.last() != Some(&b'[') {
            self.out.extend_from_slice(b", ");
        }
    }

    /// Writes a member's name; its value must follow.
    pub fn key(&mut self, name: &str) {
        if self.out.last() != Some(&b'{') {
            self.out.extend_from_slice(b", ");
        }
        self.str(name);
        self.out.extend_from_slice(b": ");
    }

    /// Writes a member; an optional value that is absent writes nothing.
    pub fn member(&mut self, name: &'static str, value: &dyn Visit) {
        value.put_member(name, self);
    }

    /// Writes a member that the schema marks, unless the policy hides it.
    pub fn special(&mut self, special: Special, name: &'static str, value: &dyn Visit) {
        if !self.policy.hides(special) {
            value.put_member(name, self);
        }
    }

    /// Writes a list of anything.
    pub fn list<T: Visit>(&mut self, list: &[T]) {
        self.begin_list();
        for value in list {
            self.element();
            value.put(self);
        }
        self.end_list();
    }

    /// Writes `null`.
    pub fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    /// Writes `true` or `false`.
    pub fn bool(&mut self, b: bool) {
        self.out.extend_from_slice(if b { b"true" } else { b"false" });
    }

    /// Writes a signed integer.
    pub fn i64(&mut self, n: i64) {
        if n < 0 {
            self.out.push(b'-');
        }
        self.u64(n.unsigned_abs());
    }

    /// Writes an unsigned integer.
    pub fn u64(&mut self, n: u64) {
        number::write_u64(n, &mut self.out);
    }

    /// Writes a double; one that is not finite becomes `null`.
    pub fn f64(&mut self, n: f64) {
        number::write_f64(n, &mut self.out);
    }

    /// Writes text.
    pub fn str(&mut self, text: &str) {
        self.out.push(b'"');
        let mut rest = text;
        // Names and most values have nothing to escape: copy whole runs.
        while let Some(at) = rest.bytes().position(needs_escape) {
            let (plain, special) = rest.split_at(at);
            self.out.extend_from_slice(plain.as_bytes());
            let mut chars = special.chars();
            if let Some(c) = chars.next() {
                self.escape(c);
            }
            rest = chars.as_str();
        }
        self.out.extend_from_slice(rest.as_bytes());
        self.out.push(b'"');
    }

    /// Writes a number.
    pub fn number(&mut self, n: Number) {
        match n {
            Number::Int(n) => self.i64(n),
            Number::Uint(n) => self.u64(n),
            Number::Double(n) => self.f64(n),
        }
    }

    /// Writes any value.
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.null(),
            Value::Bool(b) => self.bool(*b),
            Value::Number(n) => self.number(*n),
            Value::String(text) => self.str(text),
            Value::List(list) => self.list(list),
            Value::Dict(dict) => self.dict(dict),
        }
    }

    /// Writes an object without a type.
    pub fn dict(&mut self, dict: &Dict) {
        self.begin_object();
        for (name, value) in dict.iter() {
            self.key(name);
            self.value(value);
        }
        self.end_object();
    }

    fn escape(&mut self, c: char) {
        let short = match c {
            '"' => b'"',
            '\\' => b'\\',
            '\u{8}' => b'b',
            '\u{c}' => b'f',
            '\n' => b'n',
            '\r' => b'r',
            '\t' => b't',
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    self.out.extend_from_slice(b"\\u");
                    for shift in [12, 8, 4, 0] {
                        let digit = (*unit >> shift & 0xf) as u8;
                        self.out.push(if digit < 10 { b'0' + digit } else { b'A' + digit - 10 });
                    }
                }
                return;
            }
        };
        self.out.extend_from_slice(&[b'\\', short]);
    }
}

/// Whether this byte of UTF-8 text cannot be written as it is.
fn needs_escape(byte: u8) -> bool {
    !(0x20..0x7f).contains(&byte) || byte == b'"' || byte == b'\\'
}
