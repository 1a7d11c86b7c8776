//! Single tokens, for what a grammar cannot say well: why a text is no token, and how far a
//! bracketed expression reaches.

use crate::diag::{Rule, catalogue};

/// Nested brackets beyond this are refused, so that recursion over a tree is bounded.
/// The real schemas nest 6 deep.
pub(super) const MAX_DEPTH: usize = 100;

/// True for what may stand between tokens.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The first position at or after `pos` that is neither blank nor in a comment.
pub(super) fn skip_blank(text: &str, mut pos: usize) -> usize {
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(pos) {
        match byte {
            b' ' | b'\t'..=b'\r' | 0x1c..=0x1f => pos += 1,
            b'#' if bytes.get(pos + 1) != Some(&b'#') => pos = line_end(text, pos),
            0x80.. => match text.get(pos..).and_then(|rest| rest.chars().next()) {
                Some(c) if is_blank(c) => pos += c.len_utf8(),
                _ => break,
            },
            _ => break,
        }
    }
    pos
}

/// Where the line around `pos` ends, before its line end.
pub(super) fn line_end(text: &str, pos: usize) -> usize {
    let rest = text.as_bytes().get(pos..).unwrap_or_default();
    rest.iter().position(|b| matches!(b, b'\n' | b'\r')).map_or(text.len(), |n| pos + n)
}

/// The first position after the line end that `pos` is at.
pub(super) fn next_line(text: &str, pos: usize) -> usize {
    let end = line_end(text, pos);
    match text.as_bytes().get(end..) {
        Some([b'\r', b'\n', ..]) => end + 2,
        Some([_, ..]) => end + 1,
        _ => end,
    }
}

/// Where the end of the file is reported: at the newline that ends it.
pub(super) fn end_of_file(text: &str) -> usize {
    let without = text.strip_suffix('\n').map(|t| t.strip_suffix('\r').unwrap_or(t));
    without.or_else(|| text.strip_suffix('\r')).unwrap_or(text).len()
}

/// Why the text at `pos` is no token, and the length of what is wrong; `None` if it is one.
pub(super) fn not_a_token(text: &str, pos: usize) -> Option<(&'static Rule, String, usize)> {
    let rest = text.get(pos..).unwrap_or("");
    match rest.chars().next()? {
        '{' | '}' | '[' | ']' | ':' | ',' | '#' => None,
        '\'' => bad_string(rest),
        _ if rest.starts_with("true") || rest.starts_with("false") => None,
        c => {
            let structural = |c: char| "[]{}:,'".contains(c) || is_blank(c);
            let len = rest.find(structural).unwrap_or(rest.len()).max(c.len_utf8());
            let token = rest.get(..len).unwrap_or("");
            Some((&catalogue::STRAY_TEXT, format!("stray '{token}'"), len))
        }
    }
}

/// True if there is a token at `pos`, and it is not the `{` of an object.
pub(super) fn is_other_token(text: &str, pos: usize) -> bool {
    text.as_bytes().get(pos) != Some(&b'{') && not_a_token(text, pos).is_none()
}

/// What is wrong with the string that `rest` starts with.
fn bad_string(rest: &str) -> Option<(&'static Rule, String, usize)> {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return None,
            '\n' | '\r' => return Some(unterminated(at)),
            '\\' => match chars.next() {
                Some((_, '\\')) => {}
                None | Some((_, '\n' | '\r')) => return Some(unterminated(at)),
                Some((at, c)) => {
                    let rule = &catalogue::STRING_BAD_ESCAPE;
                    return Some((rule, format!("unknown escape \\{c}"), at + c.len_utf8()));
                }
            },
            ' '..='~' => {}
            c => {
                let message = "funny character in string".to_owned();
                return Some((&catalogue::STRING_BAD_CHARACTER, message, at + c.len_utf8()));
            }
        }
    }
    Some(unterminated(rest.len()))
}

fn unterminated(len: usize) -> (&'static Rule, String, usize) {
    (&catalogue::STRING_UNTERMINATED, "missing terminating \"'\"".to_owned(), len)
}

/// How far an expression reaches.
pub(super) struct Extent {
    /// Behind its last byte; if `complete` is false, behind all that can belong to it.
    pub(super) end: usize,
    /// False if it has no end, or something in it is no token.
    pub(super) complete: bool,
    /// Where nesting gets too deep, if it does.
    pub(super) too_deep: Option<usize>,
}

/// Finds the end of the expression at `start` by counting brackets.
pub(super) fn extent(text: &str, start: usize) -> Extent {
    let bytes = text.as_bytes();
    let mut out = Extent { end: start, complete: false, too_deep: None };
    let mut depth = 0_usize;
    let mut pos = start;
    while let Some(byte) = bytes.get(pos) {
        match byte {
            b'\'' => match string_end(bytes, pos) {
                Some(end) => pos = end,
                None => {
                    out.end = next_line(text, pos);
                    return out;
                }
            },
            b'#' if bytes.get(pos + 1) == Some(&b'#') => {
                out.end = pos + 2;
                return out;
            }
            b'#' => pos = line_end(text, pos),
            b'{' | b'[' => {
                depth += 1;
                pos += 1;
                if depth > MAX_DEPTH && out.too_deep.is_none() {
                    out.too_deep = Some(pos - 1);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                pos += 1;
            }
            _ => {
                pos += 1;
                continue;
            }
        }
        if depth == 0 && *byte != b'#' {
            out.end = pos;
            out.complete = true;
            return out;
        }
    }
    out.end = text.len();
    out
}

/// Behind the string that starts at `pos`; `None` if it does not end on its line.
pub(super) fn string_end(bytes: &[u8], pos: usize) -> Option<usize> {
    let mut at = pos + 1;
    loop {
        match bytes.get(at)? {
            b'\'' => return Some(at + 1),
            b'\n' | b'\r' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Where parsing goes on behind a mistake at `pos`: the next line that starts like a definition.
pub(super) fn next_top_level(text: &str, pos: usize) -> usize {
    let mut at = next_line(text, pos);
    while at < text.len() {
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        if rest.starts_with(b"{") || rest.starts_with(b"##") {
            break;
        }
        at = next_line(text, at);
    }
    at
}

/// The name that a definition at `pos` seems to have: `{ 'struct': 'NAME'`.
pub(super) fn defined_name(text: &str, pos: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    let string = |pos: usize| -> Option<(usize, usize)> {
        let start = skip_blank(text, pos);
        (bytes.get(start) == Some(&b'\'')).then_some(())?;
        Some((start, string_end(bytes, start)?))
    };
    (bytes.get(pos) == Some(&b'{')).then_some(())?;
    let (_, key_end) = string(pos + 1)?;
    let colon = skip_blank(text, key_end);
    (bytes.get(colon) == Some(&b':')).then_some(())?;
    let (start, end) = string(colon + 1)?;
    text.get(start + 1..end - 1)
}
