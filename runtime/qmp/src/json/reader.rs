//! Reads JSON from a complete text, forward, without looking at a byte twice.
//!
//! This is the fast path below both the typed decoder and the tree. It knows every syntax error by QEMU's text, but only
//! *that* there is a lexical error: what QEMU says about one depends on the bytes before, and `lexer` finds that out.

use std::borrow::Cow;

use super::words::{equal, plain_run, string_end};
use super::{MAX_NESTING, SyntaxError, string};
use crate::value::{Kind, Number};

/// Why reading stopped.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Something that is no token, or the text ends within one.
    Lexical,
    /// Tokens that make no value.
    Syntax(SyntaxError),
}

impl Fault {
    pub(super) fn syntax(what: impl std::fmt::Display) -> Self {
        Fault::Syntax(SyntaxError::parse(what))
    }
}

/// A member's name: UTF-8, and for being compared.
pub(crate) type Name<'a> = Cow<'a, [u8]>;

/// What reading a part of the text comes to.
pub(crate) type Read<T> = Result<T, Fault>;

/// A position in a JSON text.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    text: &'a [u8],
    /// The same text, if it is UTF-8 as a whole: then no string needs to be checked again.
    utf8: Option<&'a str>,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, utf8: std::str::from_utf8(text).ok(), at: 0, depth: 0 }
    }

    /// At the start of a text of which it is known whether it is UTF-8.
    pub(super) fn of_known(text: &'a [u8], utf8: Option<&'a str>) -> Self {
        Self { text, utf8, at: 0, depth: 0 }
    }

    /// Where the reader stands, in bytes from the start.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Moves to a position of the same nesting that the reader has been at.
    pub(crate) fn seek(&mut self, at: usize) {
        self.at = at;
    }

    /// The text between two positions.
    pub(crate) fn slice(&self, from: usize, to: usize) -> &'a [u8] {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Reads a value that is the whole text.
    pub(crate) fn whole<T>(mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        let value = read(&mut self)?;
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(Fault::Lexical),
        }
    }

    /// The next byte that is not white space; stays before it.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Steps over the byte that [`peek`](Self::peek) found.
    #[inline]
    pub(crate) fn bump(&mut self) {
        self.at += 1;
    }

    /// What kind of value comes next.
    pub(crate) fn kind(&mut self) -> Read<Kind> {
        match self.peek() {
            Some(b'"' | b'\'') => Ok(Kind::String),
            Some(b'{') => Ok(Kind::Dict),
            Some(b'[') => Ok(Kind::List),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b'a'..=b'z') => match self.text.get(self.at) {
                Some(b'n') => Ok(Kind::Null),
                _ => Ok(Kind::Bool),
            },
            _ => Err(self.no_value()),
        }
    }

    /// The error for a place where a value should begin.
    fn no_value(&mut self) -> Fault {
        match self.peek() {
            Some(b'}' | b']' | b':' | b',') => Fault::syntax("expecting value"),
            Some(_) => Fault::Lexical,
            None => Fault::syntax("premature EOI"),
        }
    }

    /// Opens an object or list, whose bracket [`peek`](Self::peek) found. `true`: it is empty, and closed already.
    #[inline]
    pub(crate) fn open(&mut self, close: u8) -> Read<bool> {
        self.bump();
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(Fault::Syntax(SyntaxError::limit("nesting depth")));
        }
        let empty = self.peek() == Some(close);
        if empty {
            self.bump();
            self.depth -= 1;
        }
        Ok(empty)
    }

    /// After an element: `true` if another follows, `false` if `close` ended the object or list.
    #[inline]
    pub(crate) fn more(&mut self, close: u8) -> Read<bool> {
        match self.peek() {
            Some(b',') => {
                self.bump();
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.bump();
                self.depth -= 1;
                Ok(false)
            }
            Some(_) if self.token_begins() => Err(Fault::syntax(match close {
                b'}' => "expected separator in dict",
                _ => "expected separator in list",
            })),
            Some(_) => Err(Fault::Lexical),
            None => Err(Fault::syntax("premature EOI")),
        }
    }

    /// Whether some token begins here.
    fn token_begins(&mut self) -> bool {
        !matches!(self.kind(), Err(Fault::Lexical))
    }

    /// Steps over this member's name, which consists of what needs no escape, and the colon, if nothing else comes next.
    #[inline]
    pub(crate) fn this_key(&mut self, name: &str) -> bool {
        let quote = self.peek();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = name.len();
        let found = matches!(quote, Some(b'"' | b'\''))
            && rest.get(length + 1).copied() == quote
            && rest.get(length + 2) == Some(&b':')
            && rest.get(1..=length).is_some_and(|body| equal(body, name.as_bytes()));
        if found {
            self.at += length + 3;
        }
        found
    }

    /// Reads a member's name and the colon right after it, if the name is ASCII without escapes, as nearly all are. `None`:
    /// something else comes next, and the reader stays before it.
    #[inline]
    pub(crate) fn plain_key(&mut self) -> Option<&'a [u8]> {
        self.peek();
        let range = self.plain()?;
        if self.text.get(range.end + 1) != Some(&b':') {
            return None;
        }
        self.at = range.end + 2;
        self.text.get(range)
    }

    /// Reads a string that is ASCII without escapes. `None`: something else comes next, and the reader stays before it.
    #[inline]
    pub(crate) fn plain_string(&mut self) -> Option<&'a str> {
        self.peek();
        let range = self.plain()?;
        self.at = range.end + 1;
        match self.utf8 {
            Some(text) => text.get(range),
            None => std::str::from_utf8(self.text.get(range)?).ok(),
        }
    }

    /// Where the body of the string is that comes next, if it is one, and ASCII without escapes. Stays before it.
    #[inline]
    fn plain(&self) -> Option<std::ops::Range<usize>> {
        let quote = self.text.get(self.at).copied().filter(|byte| matches!(byte, b'"' | b'\''))?;
        let from = self.at + 1;
        let end = from + plain_run(self.text.get(from..)?, quote);
        (self.text.get(end) == Some(&quote)).then_some(from..end)
    }

    /// Reads an integer of not too many digits. `None`: something else comes next, and the reader stays before it.
    #[inline]
    pub(crate) fn small_integer(&mut self) -> Option<i64> {
        let negative = self.peek() == Some(b'-');
        let from = self.at + usize::from(negative);
        let (mut at, mut value) = (from, 0i64);
        while let Some(digit @ b'0'..=b'9') = self.text.get(at) {
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            at += 1;
        }
        let leading_zero = at - from > 1 && self.text.get(from) == Some(&b'0');
        // Eighteen digits cannot overflow.
        if !(1..=18).contains(&(at - from)) || leading_zero || matches!(self.text.get(at), Some(b'.' | b'e' | b'E')) {
            return None;
        }
        self.at = at;
        Some(if negative { -value } else { value })
    }

    /// Reads a member's name, in UTF-8, and the colon. Something else in the place of a name is called a lexical error here:
    /// what it is depends on the whole value, which is for [`skip`](Self::skip) to read.
    #[inline]
    pub(crate) fn key(&mut self) -> Read<Name<'a>> {
        let name = match self.peek() {
            Some(b'"' | b'\'') => match self.token()? {
                (body, true) => Cow::Borrowed(body),
                (body, false) => match self.decode(body)? {
                    Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                    Cow::Owned(text) => Cow::Owned(text.into_bytes()),
                },
            },
            _ => return Err(Fault::Lexical),
        };
        match self.peek() {
            Some(b':') => {
                self.bump();
                Ok(name)
            }
            Some(_) if self.token_begins() => Err(Fault::syntax("missing : in object pair")),
            Some(_) => Err(Fault::Lexical),
            None => Err(Fault::syntax("premature EOI")),
        }
    }

    /// As [`key`](Self::key), as text.
    pub(crate) fn name(&mut self) -> Read<Cow<'a, str>> {
        match self.key()? {
            Cow::Borrowed(name) => std::str::from_utf8(name).map(Cow::Borrowed).map_err(|_| Fault::Lexical),
            Cow::Owned(name) => String::from_utf8(name).map(Cow::Owned).map_err(|_| Fault::Lexical),
        }
    }

    /// Reads a string, whose quote [`peek`](Self::peek) found.
    #[inline]
    pub(crate) fn string(&mut self) -> Read<Cow<'a, str>> {
        match self.token()? {
            (body, true) => {
                let (from, end) = (self.at - 1 - body.len(), self.at - 1);
                let text = match self.utf8 {
                    Some(text) => text.get(from..end),
                    None => std::str::from_utf8(body).ok(),
                };
                text.map(Cow::Borrowed).ok_or(Fault::Lexical)
            }
            (body, false) => self.decode(body),
        }
    }

    /// Steps over a string, whose quote comes next: its body, and whether that is plain ASCII without escapes.
    #[inline]
    fn token(&mut self) -> Read<(&'a [u8], bool)> {
        let quote = self.text.get(self.at).copied().unwrap_or_default();
        let from = self.at + 1;
        let (end, plain) = string_end(self.text, from, quote)?;
        self.at = end + 1;
        Ok((self.slice(from, end), plain))
    }

    /// Decodes the body of the string just stepped over.
    #[cold]
    fn decode(&self, body: &'a [u8]) -> Read<Cow<'a, str>> {
        let rest = self.slice(self.at - 1 - body.len(), self.at);
        string::decode(body, rest).map_err(Fault::Syntax)
    }

    /// Steps over a value, whose first byte [`peek`](Self::peek) found, and which will be read later and only then checked.
    pub(crate) fn pass(&mut self) -> Read<()> {
        let mut open = 0usize;
        loop {
            match *self.text.get(self.at).ok_or(Fault::Lexical)? {
                quote @ (b'"' | b'\'') => {
                    self.at = string_end(self.text, self.at + 1, quote)?.0 + 1;
                    if open > 1 {
                        self.pass_strings()?;
                    }
                }
                b'{' | b'[' => {
                    open += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' => {
                    open = open.checked_sub(1).ok_or(Fault::Lexical)?;
                    self.at += 1;
                }
                _ if open > 0 => {
                    self.at += 1;
                    continue;
                }
                _ => return self.pass_scalar(),
            }
            if open == 0 {
                return Ok(());
            }
        }
    }

    /// Steps over the strings that come next as QEMU prints them in objects of a list, without a look at every byte between.
    #[inline]
    fn pass_strings(&mut self) -> Read<()> {
        loop {
            let quote = match self.text.get(self.at..self.at + 5) {
                Some([b':' | b',', b' ', b'"', ..]) => 2,
                Some([b'}', b',', b' ', b'{', b'"']) => 4,
                _ => return Ok(()),
            };
            self.at = string_end(self.text, self.at + quote + 1, b'"')?.0 + 1;
        }
    }

    /// Steps over what may be a number or a word.
    fn pass_scalar(&mut self) -> Read<()> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let scalar = |byte: &&u8| matches!(byte, b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'E');
        match rest.iter().take_while(scalar).count() {
            0 => Err(Fault::Lexical),
            length => {
                self.at += length;
                Ok(())
            }
        }
    }

    /// Reads a number, whose first byte [`peek`](Self::peek) found.
    pub(crate) fn number(&mut self) -> Read<Number> {
        let from = self.at;
        let negative = self.text.get(from) == Some(&b'-');
        self.at += usize::from(negative);
        let first = self.text.get(self.at).copied();
        let (digits, magnitude) = self.digits();
        if digits == 0 || (digits > 1 && first == Some(b'0')) {
            return Err(Fault::Lexical);
        }
        let mut integer = true;
        if self.text.get(self.at) == Some(&b'.') {
            integer = false;
            self.at += 1;
            if self.digits().0 == 0 {
                return Err(Fault::Lexical);
            }
        }
        let lone_zero = integer && first == Some(b'0');
        if let Some(b'e' | b'E') = self.text.get(self.at).filter(|_| !lone_zero) {
            integer = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.text.get(self.at) {
                self.at += 1;
            }
            if self.digits().0 == 0 {
                return Err(Fault::Lexical);
            }
        }
        let exact = magnitude.filter(|_| integer).and_then(|magnitude| match negative {
            false => Some(Number::from(magnitude)),
            true => 0i64.checked_sub_unsigned(magnitude).map(Number::Int),
        });
        match exact {
            Some(number) => Ok(number),
            None => {
                let text = std::str::from_utf8(self.slice(from, self.at)).map_err(|_| Fault::Lexical)?;
                text.parse().map(Number::Double).map_err(|_| Fault::Lexical)
            }
        }
    }

    /// Steps over decimal digits: how many, and their value if 64 bits can hold it.
    fn digits(&mut self) -> (usize, Option<u64>) {
        let (from, mut value) = (self.at, Some(0u64));
        while let Some(digit @ b'0'..=b'9') = self.text.get(self.at) {
            value = value.and_then(|v| v.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
            self.at += 1;
        }
        (self.at - from, value)
    }

    /// Reads a truth value. `None`: something else comes next, and the reader stays before it.
    #[inline]
    pub(crate) fn bool(&mut self) -> Option<bool> {
        self.peek();
        let rest = self.text.get(self.at..)?;
        let (value, length) = match rest {
            [b't', b'r', b'u', b'e', ..] => (true, 4),
            [b'f', b'a', b'l', b's', b'e', ..] => (false, 5),
            _ => return None,
        };
        // A longer word is none that JSON knows.
        if let Some(b'a'..=b'z') = rest.get(length) {
            return None;
        }
        self.at += length;
        Some(value)
    }

    /// Reads `true`, `false` (`Some`) or `null` (`None`), whose first letter [`peek`](Self::peek) found.
    pub(crate) fn keyword(&mut self) -> Read<Option<bool>> {
        let from = self.at;
        while let Some(b'a'..=b'z') = self.text.get(self.at) {
            self.at += 1;
        }
        match self.slice(from, self.at) {
            b"true" => Ok(Some(true)),
            b"false" => Ok(Some(false)),
            b"null" => Ok(None),
            other => Err(Fault::syntax(invalid_keyword(other))),
        }
    }
}

/// What is said about a word of lower-case letters that is none of the three. QEMU cuts it off where its buffer ends.
fn invalid_keyword(word: &[u8]) -> String {
    const LONGEST: usize = 1023;
    let shown = word.get(..LONGEST).unwrap_or(word);
    let mut text = format!("invalid keyword '{}'", string::lossy(shown));
    text.truncate(LONGEST);
    text
}
