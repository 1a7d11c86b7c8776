//! The inside of a JSON string: escapes, and UTF-8 by QEMU's rules.

use std::borrow::Cow;

use super::SyntaxError;
use super::words::plain_run;

/// Decodes the body of a string token, without its quotes. `token_rest` is the body with the closing quote, which an error
/// message may quote from.
pub(super) fn decode<'a>(body: &'a [u8], token_rest: &[u8]) -> Result<Cow<'a, str>, SyntaxError> {
    if let (false, Ok(text)) = (body.contains(&b'\\'), std::str::from_utf8(body)) {
        return match text.chars().all(is_character) {
            true => Ok(Cow::Borrowed(text)),
            false => Err(invalid_utf8()),
        };
    }
    let mut out = String::with_capacity(body.len());
    let mut at = 0;
    while let Some(&byte) = body.get(at) {
        let rest = body.get(at..).unwrap_or_default();
        // Between escapes stands mostly plain text, for which neither quote is special any more.
        let plain = plain_run(rest, b'\\');
        if plain > 0 {
            out.push_str(std::str::from_utf8(rest.get(..plain).unwrap_or_default()).map_err(|_| invalid_utf8())?);
            at += plain;
        } else if byte == b'\\' {
            let (c, used) = escape(rest, token_rest.get(at..).unwrap_or_default())?;
            out.push(c);
            at += used;
        } else {
            let (c, used) = character(rest);
            out.push(c.ok_or_else(invalid_utf8)?);
            at += used;
        }
    }
    Ok(Cow::Owned(out))
}

/// Text for an error message: the bytes up to a NUL, with U+FFFD for what is not UTF-8.
pub(super) fn lossy(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut out = String::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let (c, used) = character(rest);
        out.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
        at += used;
    }
    out
}

fn invalid_utf8() -> SyntaxError {
    SyntaxError::parse("invalid UTF-8 sequence in string")
}

/// Whether QEMU's strings may hold this character: Unicode's 66 noncharacters are refused.
fn is_character(c: char) -> bool {
    let code = u32::from(c);
    !(0xfdd0..=0xfdef).contains(&code) && code & 0xfffe != 0xfffe
}

/// The first character of non-empty `bytes`, `None` if there is no valid one, and how many bytes it takes. A malformed
/// sequence takes as many as its first byte announces and are there.
fn character(bytes: &[u8]) -> (Option<char>, usize) {
    let Some((&lead, rest)) = bytes.split_first() else {
        return (None, 0);
    };
    let announced = match lead {
        0..=0x7f => return (Some(char::from(lead)), 1),
        0xc0..=0xdf => 1,
        0xe0..=0xef => 2,
        0xf0..=0xf7 => 3,
        0xf8..=0xfb => 4,
        0xfc..=0xfd => 5,
        _ => 0,
    };
    let present = rest.iter().take(announced).take_while(|byte| *byte & 0xc0 == 0x80).count();
    let sequence = bytes.get(..=present).unwrap_or_default();
    let c = match std::str::from_utf8(sequence) {
        Ok(text) => text.chars().next().filter(|c| is_character(*c)),
        Err(_) => (sequence == [0xc0, 0x80]).then_some('\0'),
    };
    (c, 1 + present)
}

/// The character that the escape at the start of `rest` means, and the escape's length.
fn escape(rest: &[u8], token_rest: &[u8]) -> Result<(char, usize), SyntaxError> {
    let c = match rest.get(1) {
        Some(b'"') => '"',
        Some(b'\'') => '\'',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            return unicode(rest).ok_or_else(|| {
                let length = if pair(rest).is_some() { 12 } else { 6 };
                let shown = token_rest.get(..length).unwrap_or(token_rest);
                SyntaxError::parse(format_args!("{} is not a valid Unicode character", lossy(shown)))
            });
        }
        _ => return Err(SyntaxError::parse("invalid escape sequence in string")),
    };
    Ok((c, 2))
}

/// Reads `\uXXXX`, or two of them that form a surrogate pair.
fn unicode(rest: &[u8]) -> Option<(char, usize)> {
    let (code, used) = match pair(rest) {
        Some(code) => (code, 12),
        None => (hex(rest.get(2..6)?)?, 6),
    };
    char::from_u32(code).filter(|c| is_character(*c)).map(|c| (c, used))
}

/// The code that two `\uXXXX` mean together which form a surrogate pair.
fn pair(rest: &[u8]) -> Option<u32> {
    let high = hex(rest.get(2..6)?)?.checked_sub(0xd800).filter(|high| *high < 0x400)?;
    let second = hex(rest.get(6..12)?.strip_prefix(b"\\u")?)?;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some(0x10000 + (high << 10) + low)
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?))
}
