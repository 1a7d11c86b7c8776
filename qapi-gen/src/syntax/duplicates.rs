//! Keys that occur twice in an object: found by walking over tokens, because QEMU reports them as it meets them, before
//! any mistake behind them.

use super::lex;
use crate::diag::{Diagnostic, catalogue};
use crate::source::{FileId, Span};
use std::collections::HashSet;

/// An object or array that is open.
#[derive(Default)]
struct Open<'t> {
    /// Keys so far, quoted; `None` in an array.
    keys: Option<HashSet<&'t str>>,
    /// A string that stands where a key is due.
    key: Option<&'t str>,
    /// True where the next string is a key.
    due: bool,
}

/// The first key between `start` and `limit` that its object has already, reported at the second value as QEMU does.
/// `limit` is where the expression ends or its syntax is wrong.
pub(super) fn first(file: FileId, text: &str, start: usize, limit: usize) -> Option<Diagnostic> {
    let bytes = text.as_bytes();
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut pos = lex::skip_blank(text, start);
    while pos < limit && open.len() <= lex::MAX_DEPTH {
        let next = match bytes.get(pos)? {
            b'\'' => lex::string_end(bytes, pos)?,
            _ => pos + text.get(pos..)?.chars().next()?.len_utf8(),
        };
        match (bytes.get(pos)?, open.last_mut()) {
            (b'{', _) => open.push(Open { keys: Some(HashSet::new()), key: None, due: true }),
            (b'[', _) => open.push(Open::default()),
            (b'}' | b']', _) => drop(open.pop()),
            (b',', Some(object)) => object.due = object.keys.is_some(),
            (b'\'', Some(object)) if object.due => {
                object.key = text.get(pos..next);
                object.due = false;
            }
            (b':', Some(Open { keys: Some(keys), key, .. })) => {
                let value = lex::skip_blank(text, next);
                let is_read = value < limit || lex::not_a_token(text, value).is_none();
                if let Some(key) = key.take().filter(|_| is_read && value <= limit)
                    && !keys.insert(key)
                {
                    let at = value.min(lex::end_of_file(text));
                    let message = format!("duplicate key '{}'", super::parse::unquote(key));
                    return Some(Diagnostic::syntax(
                        &catalogue::DUPLICATE_KEY,
                        message,
                        Span::new(file, at, next_end(text, at)),
                    ));
                }
            }
            _ => {}
        }
        pos = lex::skip_blank(text, next);
    }
    None
}

/// Behind the token at `at`.
fn next_end(text: &str, at: usize) -> usize {
    match text.as_bytes().get(at) {
        Some(b'\'') => lex::string_end(text.as_bytes(), at).unwrap_or(at + 1),
        Some(_) => at + 1,
        None => at,
    }
}
