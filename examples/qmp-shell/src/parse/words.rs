//! Cuts a line into words. Never fails, so that half a line can be completed.

use std::ops::Range;

/// A stretch of a line between spaces; inside quotes and brackets spaces do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Bytes of the line.
    pub(crate) place: Range<usize>,
    /// Where the `=` between key and value stands.
    pub(crate) equals: Option<usize>,
}

/// The words of a line.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        at += spaces(bytes, at);
        if at >= bytes.len() {
            return words;
        }
        let start = at;
        let mut equals = None;
        if !matches!(bytes[at], b'{' | b'[' | b'"' | b'\'') {
            at += bytes[at..].iter().take_while(|b| !b.is_ascii_whitespace() && **b != b'=').count();
            if bytes.get(at) == Some(&b'=') {
                equals = Some(at);
                at += 1;
            }
        }
        at = value_end(bytes, at);
        // What sticks to a closing quote or bracket is an error that belongs to this word.
        at += bytes[at..].iter().take_while(|b| !b.is_ascii_whitespace()).count();
        words.push(Word { place: start..at, equals });
    }
}

fn spaces(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count()
}

/// Where the value that begins at `at` ends; the end of the line if it does not.
fn value_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(quote @ (b'"' | b'\'')) => string_end(bytes, at + 1, *quote),
        Some(b'{' | b'[') => brackets_end(bytes, at),
        _ => at + bytes[at..].iter().take_while(|b| !b.is_ascii_whitespace()).count(),
    }
}

/// Where the string ends whose text begins at `at`.
pub(super) fn string_end(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => at += 1,
            byte if *byte == quote => break,
            _ => {}
        }
    }
    at.min(bytes.len())
}

fn brackets_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0usize;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' | b'\'' => at = string_end(bytes, at, *byte),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    at
}
