//! Looks at text eight bytes at a time: where a string ends, and whether two names are the same.

use super::reader::{Fault, Read};

/// Finds the end of the string body that begins at `from`: where the closing quote is, and whether the body is plain
/// ASCII without escapes.
#[inline]
pub(super) fn string_end(text: &[u8], from: usize, quote: u8) -> Read<(usize, bool)> {
    let mut at = from;
    let mut plain = true;
    loop {
        at += plain_run(text.get(at..).unwrap_or_default(), quote);
        match text.get(at) {
            Some(byte) if *byte == quote => return Ok((at, plain)),
            Some(b'\\') => match text.get(at + 1) {
                Some(0x20..=0xfd) => at += 2,
                _ => return Err(Fault::Lexical),
            },
            Some(0x80..=0xfd) => at += 1,
            _ => return Err(Fault::Lexical),
        }
        plain = false;
    }
}

/// How many bytes from the start are printable ASCII (or DEL) other than `quote` and the backslash.
#[inline]
pub(super) fn plain_run(bytes: &[u8], quote: u8) -> usize {
    let mut at = 0;
    // Sixteen bytes at a time: most strings are shorter, so that a loop's varying length is not there to be mispredicted.
    while let Some((low, high)) = bytes.get(at..).and_then(|rest| Some((word(rest, 0)?, word(rest, 8)?))) {
        let (low, high) = (stops(low, quote), stops(high, quote));
        if low | high != 0 {
            let skipped = if low == 0 { 64 + high.trailing_zeros() } else { low.trailing_zeros() };
            return at + skipped as usize / 8;
        }
        at += 16;
    }
    let tail = bytes.get(at..).unwrap_or_default();
    at + tail.iter().take_while(|byte| (0x20..0x80).contains(*byte) && **byte != quote && **byte != b'\\').count()
}

/// Whether two names are the same. Most have between 4 and 16 bytes, for which no call is needed.
#[inline]
pub(super) fn equal(one: &[u8], other: &[u8]) -> bool {
    let length = one.len();
    let half = |bytes: &[u8], at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    match length {
        _ if length != other.len() => false,
        4..=7 => half(one, 0) == half(other, 0) && half(one, length - 4) == half(other, length - 4),
        8..=16 => word(one, 0) == word(other, 0) && word(one, length - 8) == word(other, length - 8),
        _ => one == other,
    }
}

/// Eight bytes from `at` on.
#[inline]
pub(super) fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}

/// Has the high bit of a byte set where [`plain_run`] may have to stop. The lowest set bit is exact: borrows only travel
/// upwards from a true hit.
#[inline]
fn stops(word: u64, quote: u8) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let is_quote = (word ^ (ONES * u64::from(quote))).wrapping_sub(ONES);
    let is_backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
    let is_control = word.wrapping_sub(ONES * 0x20);
    (is_quote | is_backslash | is_control | word) & (ONES << 7)
}
