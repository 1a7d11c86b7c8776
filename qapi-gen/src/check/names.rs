//! What names may look like.

use crate::dialect::Dialect;

/// The part of `name` that case rules look at: without the downstream prefix `__RFQDN_` and
/// without `x-`. `None` if it is no name at all.
pub(super) fn stem(name: &str, dialect: Dialect) -> Option<&str> {
    let rest = match name.strip_prefix("__") {
        Some(rest) => {
            let (domain, rest) = rest.split_once('_')?;
            let good = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
            (!domain.is_empty() && domain.bytes().all(good)).then_some(rest)?
        }
        None => name,
    };
    if reserved_prefix(name) {
        return None;
    }
    if dialect.name_case_rules() {
        let after = rest.strip_prefix("x-").or_else(|| rest.strip_prefix("X-"));
        if let Some(stem) = after.filter(|stem| is_word(stem)) {
            return Some(stem);
        }
    }
    is_word(rest).then_some(rest)
}

/// A letter, then letters, digits, `-` and `_`.
fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Names whose C form starts with `q_` belong to the generator.
fn reserved_prefix(name: &str) -> bool {
    matches!(name.as_bytes(), [b'q', b'_' | b'-' | b'.', ..])
}

/// True if members `u` and `has_...` are meant, which generated C code needs itself.
pub(super) fn reserved_member(name: &str) -> bool {
    name == "u" || matches!(name.as_bytes(), [b'h', b'a', b's', b'_' | b'-' | b'.', ..])
}

/// First an upper case letter, one lower case letter at least, no separators.
pub(super) fn is_camel(stem: &str) -> bool {
    stem.starts_with(|c: char| c.is_ascii_uppercase())
        && stem.bytes().all(|b| b.is_ascii_alphanumeric())
        && stem.bytes().skip(1).any(|b| b.is_ascii_lowercase())
}

/// The form in which names clash.
pub(crate) fn c_name(name: &str) -> std::borrow::Cow<'_, str> {
    if name.bytes().any(|b| b == b'-' || b == b'.') { name.replace(['-', '.'], "_").into() } else { name.into() }
}
