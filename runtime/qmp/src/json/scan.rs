//! Whether a text begins with a well-formed message, as fast as that can be told.
//!
//! Nearly every message is well formed, and then nothing needs to be known of it but where its members are. Of one that is
//! not, this tells no more than that: what is wrong with it, and in which words, is for the exact lexer and for
//! [`Reader`](super::Reader) to say.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::words::{string_end, word};
use super::{MAX_NESTING, string};

/// Elements that a list may keep room for between messages.
const KEEP: usize = 1024;
/// Names that are compared one by one; more go through a set, which is safe against a peer that sends thousands.
const FEW: usize = 16;

/// Where a member of an object stands in the text.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// The name in its quotes.
    pub(super) name: Range<usize>,
    /// The name means itself.
    pub(super) plain: bool,
    pub(super) value: Range<usize>,
}

/// What scanning needs room for; kept from message to message for its allocations.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Names of all objects that are open, the innermost last.
    names: Vec<Name>,
    /// The bytes of those names that do not mean themselves.
    decoded: Vec<u8>,
    /// Objects and lists that are open.
    open: Vec<Open>,
}

#[derive(Debug, Clone, Copy)]
enum Open {
    List,
    /// An object whose names begin here among all names.
    Dict(usize),
}

/// A member's name: a range of the text, or of what is decoded.
#[derive(Debug, Clone, Copy)]
struct Name {
    from: usize,
    end: usize,
    plain: bool,
    /// Differs for most names that differ.
    digest: u64,
}

impl Name {
    /// A name that stands there in `bytes`.
    #[inline]
    fn of(bytes: &[u8], from: usize, end: usize, plain: bool) -> Self {
        let name = bytes.get(from..end).unwrap_or_default();
        let start = match bytes.get(from..).and_then(|rest| word(rest, 0)) {
            // Of a shorter one, without what follows it.
            Some(start) if name.len() < 8 => start & !(u64::MAX << (8 * name.len())),
            Some(start) => start,
            None => name.iter().take(8).rev().fold(0, |start, byte| start << 8 | u64::from(*byte)),
        };
        Self { from, end, plain, digest: start ^ (name.len() as u64) << 56 }
    }
}

/// Finds the end of the object or list at the start of `text`, which must be complete, and the members of an object, which
/// it adds to `members`. `None` if that is malformed, or incomplete.
pub(super) fn message(text: &[u8], scratch: &mut Scratch, members: &mut Vec<Member>) -> Option<usize> {
    scratch.names.clear();
    scratch.names.shrink_to(KEEP);
    scratch.decoded.clear();
    scratch.decoded.shrink_to(KEEP);
    scratch.open.clear();
    members.shrink_to(KEEP);
    let mut scanner = Scanner { text, at: 0, scratch };
    match text.first()? {
        b'{' => scanner.members(members)?,
        b'[' => scanner.value()?,
        _ => return None,
    }
    Some(scanner.at)
}

struct Scanner<'a, 's> {
    text: &'a [u8],
    at: usize,
    scratch: &'s mut Scratch,
}

impl<'a> Scanner<'a, '_> {
    /// Passes the outermost object, whose bracket comes next, and notes where its members are.
    fn members(&mut self, members: &mut Vec<Member>) -> Option<()> {
        self.at += 1;
        // The object's own level; its members' values end with nothing else open.
        self.scratch.open.push(Open::Dict(0));
        if self.ends(b'}')? {
            return Some(());
        }
        loop {
            self.peek()?;
            let from = self.at;
            let (end, plain) = self.name(0)?;
            self.peek()?;
            let value = self.at;
            self.value()?;
            members.push(Member { name: from..end, plain, value: value..self.at });
            if !self.follows(b'}')? {
                return self.distinct(0);
            }
        }
    }

    /// Passes a value. Not by recursion, since a hostile text has 1024 levels and a thread need not have the stack.
    fn value(&mut self) -> Option<()> {
        let outside = self.scratch.open.len();
        loop {
            match self.peek()? {
                b'"' | b'\'' => self.string()?,
                b'{' => {
                    self.open(Open::Dict(self.scratch.names.len()))?;
                    if !self.ends(b'}')? {
                        self.name(self.scratch.names.len())?;
                        continue;
                    }
                }
                b'[' => {
                    self.open(Open::List)?;
                    if !self.ends(b']')? {
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => self.number()?,
                _ => self.word()?,
            }
            if self.close(outside)? {
                return Some(());
            }
        }
    }

    /// After a value: closes what it completes, and steps to where the next value begins. `true`: there is none.
    #[inline]
    fn close(&mut self, outside: usize) -> Option<bool> {
        while self.scratch.open.len() > outside {
            match *self.scratch.open.last()? {
                Open::List => {
                    if self.follows(b']')? {
                        return Some(false);
                    }
                }
                Open::Dict(first) => {
                    if self.follows(b'}')? {
                        self.name(first)?;
                        return Some(false);
                    }
                    self.distinct(first)?;
                    self.scratch.names.truncate(first);
                }
            }
            self.scratch.open.pop();
        }
        Some(true)
    }

    /// Steps into an object or list.
    #[inline]
    fn open(&mut self, what: Open) -> Option<()> {
        self.at += 1;
        self.scratch.open.push(what);
        (self.scratch.open.len() <= MAX_NESTING).then_some(())
    }

    /// Whether what was just opened is empty; then it is closed again.
    #[inline]
    fn ends(&mut self, bracket: u8) -> Option<bool> {
        if self.peek()? != bracket {
            return Some(false);
        }
        self.at += 1;
        self.scratch.open.pop();
        Some(true)
    }

    /// After an element: `true` if another follows, `false` if the bracket did.
    #[inline]
    fn follows(&mut self, bracket: u8) -> Option<bool> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(true),
            _ => (byte == bracket).then_some(false),
        }
    }

    /// Passes a member's name and the colon: where the name's quotes end, and whether it means itself. The names of its object
    /// begin at `first`.
    #[inline]
    fn name(&mut self, first: usize) -> Option<(usize, bool)> {
        let quote = self.peek()?;
        if quote != b'"' && quote != b'\'' {
            return None;
        }
        let name = self.name_string()?;
        let end = self.at;
        let known = self.scratch.names.get(first..)?;
        // More than a few wait for the end of the object.
        if known.len() < FEW
            && known.iter().any(|other| other.digest == name.digest && self.bytes(*other) == self.bytes(name))
        {
            return None;
        }
        self.scratch.names.push(name);
        let colon = self.peek()? == b':';
        self.at += 1;
        colon.then_some((end, name.plain))
    }

    /// Whether the names of the object that ends here are all different.
    #[inline]
    fn distinct(&self, first: usize) -> Option<()> {
        let names = self.scratch.names.get(first..)?;
        if names.len() <= FEW {
            return Some(());
        }
        let mut set = HashSet::with_capacity(names.len());
        names.iter().all(|name| set.insert(self.bytes(*name))).then_some(())
    }

    /// Passes a string, whose quote comes next.
    #[inline]
    fn string(&mut self) -> Option<()> {
        let (from, end, plain) = self.token()?;
        match plain {
            true => Some(()),
            false => self.decode(from, end).map(drop),
        }
    }

    /// The same, of a name.
    #[inline]
    fn name_string(&mut self) -> Option<Name> {
        let (from, end, plain) = self.token()?;
        if plain {
            return Some(Name::of(self.text, from, end, plain));
        }
        let name = self.decode(from, end)?;
        let from = self.scratch.decoded.len();
        self.scratch.decoded.extend_from_slice(name.as_bytes());
        let decoded = &self.scratch.decoded;
        Some(Name::of(decoded, from, decoded.len(), plain))
    }

    /// Steps over a string, whose quote comes next: where its body begins and ends, and whether it means itself.
    #[inline]
    fn token(&mut self) -> Option<(usize, usize, bool)> {
        let from = self.at + 1;
        let quote = *self.text.get(self.at)?;
        let (end, plain) = string_end(self.text, from, quote).ok()?;
        self.at = end + 1;
        Some((from, end, plain))
    }

    #[cold]
    fn decode(&self, from: usize, end: usize) -> Option<Cow<'a, str>> {
        string::decode(self.text.get(from..end)?, self.text.get(from..=end)?).ok()
    }

    #[inline]
    fn bytes(&self, name: Name) -> &[u8] {
        let from = if name.plain { self.text } else { &self.scratch.decoded };
        from.get(name.from..name.end).unwrap_or_default()
    }

    /// Passes a number, whose first byte comes next.
    #[inline]
    fn number(&mut self) -> Option<()> {
        self.at += usize::from(self.byte() == Some(b'-'));
        let zero = self.byte() == Some(b'0');
        if self.digits()? > 1 && zero {
            return None;
        }
        let fraction = self.byte() == Some(b'.');
        if fraction {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            if zero && !fraction {
                return None;
            }
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(())
    }

    /// Passes one digit or more.
    #[inline]
    fn digits(&mut self) -> Option<usize> {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        (self.at > from).then_some(self.at - from)
    }

    /// Passes one of the three words.
    #[inline]
    fn word(&mut self) -> Option<()> {
        let from = self.at;
        while let Some(b'a'..=b'z') = self.byte() {
            self.at += 1;
        }
        matches!(self.text.get(from..self.at)?, b"true" | b"false" | b"null").then_some(())
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The next byte that is not white space; stays before it.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at)? {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                other => return Some(*other),
            }
        }
    }
}
