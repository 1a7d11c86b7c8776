//! Cuts a stream of bytes into JSON messages, without IO.
//!
//! Newlines do not frame QMP: a message ends when its brackets close. A message that has arrived completely, which is what
//! nearly always happens, is read in one go. Any other goes through the exact lexer, which can stop anywhere and knows
//! QEMU's error texts; it keeps tokens only, so that a peer cannot fill memory with white space.

use std::borrow::Cow;

use super::exact::{Exact, Happened};
use super::reader::{Fault, Reader};
use super::scan::{self, Member, Scratch};
use super::{Raw, SyntaxError};

/// How far the fast path looks. Short of [`MAX_TOKENS`] bytes, so that it cannot miss a limit.
const FAST: usize = 1 << 20;
/// Input that has been consumed is dropped when it is more than this, or when nothing else is left.
const COMPACT: usize = 64 << 10;
/// What a buffer may keep allocated for the next message.
pub(super) const KEEP: usize = 1 << 20;

/// Reassembles messages.
///
/// ```
/// # use qapi_runtime::json::Stream;
/// let mut stream = Stream::new();
/// stream.feed(b"{'execute': 'query-");
/// assert!(stream.next().is_none());
/// stream.feed(b"status'} ]");
/// let frame = stream.next().unwrap().unwrap();
/// assert_eq!(frame.get("execute").unwrap().as_str().unwrap(), "query-status");
/// assert_eq!(stream.next().unwrap().unwrap_err().to_string(), "JSON parse error, expecting value");
/// ```
#[derive(Debug, Default)]
pub struct Stream {
    /// What was fed; the bytes before `at` are done with.
    input: Vec<u8>,
    at: usize,
    /// The fast path was tried on the message that begins, or has begun, at `at`.
    tried: bool,
    exact: Exact,
    scratch: Scratch,
    members: Vec<Member>,
}

impl Stream {
    /// At the start of a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes as they arrived. Call [`next`](Self::next) until it has no more, then feed again.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.at == self.input.len() {
            self.input.clear();
            self.input.shrink_to(KEEP);
            self.at = 0;
        } else if self.at > COMPACT {
            self.input.drain(..self.at);
            self.at = 0;
        }
        self.input.extend_from_slice(bytes);
    }

    /// The next message, or the next thing that is wrong with the input. `None`: more bytes are needed.
    ///
    /// One malformed message may give several errors; each is to be answered. Afterwards the stream goes on.
    #[expect(
        clippy::should_implement_trait,
        reason = "a frame borrows from the stream, which an iterator's items cannot"
    )]
    pub fn next(&mut self) -> Option<Result<Frame<'_>, SyntaxError>> {
        self.members.clear();
        if self.exact.is_idle() {
            self.skip_space();
            if let Some(range) = self.fast() {
                let text = self.input.get(range).unwrap_or_default();
                return Some(Ok(Frame { whole: Raw::checked(text), members: &self.members }));
            }
        }
        match self.exact.run(&self.input, &mut self.at) {
            Happened::Nothing => None,
            Happened::Error(error) => {
                self.tried = false;
                self.exact.restart();
                Some(Err(error))
            }
            Happened::Message => {
                self.tried = false;
                Some(self.finish())
            }
        }
    }

    /// Whether the stream is between messages: nothing is half read.
    pub fn is_idle(&self) -> bool {
        self.exact.is_idle() && self.at == self.input.len()
    }

    /// How many bytes the stream keeps allocated: less than the limit of a message, whatever arrives.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.input.capacity() + self.exact.held()
    }
}

impl Stream {
    fn skip_space(&mut self) {
        let rest = self.input.get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
    }

    /// Tries to read a whole object or list from what is there. Every byte is looked at once for each message at most,
    /// because a message that fails here is not tried again.
    fn fast(&mut self) -> Option<std::ops::Range<usize>> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let rest = rest.get(..FAST).unwrap_or(rest);
        rest.first().filter(|byte| !self.tried && matches!(byte, b'{' | b'['))?;
        let Some(length) = scan::message(rest, &mut self.scratch, &mut self.members) else {
            self.tried = true;
            return None;
        };
        // Positions so far count from the message's start, which is what the frame's text begins with.
        let range = self.at..self.at + length;
        self.at = range.end;
        Some(range)
    }

    /// Reads the message that the exact path has collected.
    fn finish(&mut self) -> Result<Frame<'_>, SyntaxError> {
        self.exact.restart();
        self.members.clear();
        let text = self.exact.text();
        if scan::message(text, &mut self.scratch, &mut self.members).is_some() {
            return Ok(Frame { whole: Raw::checked(text), members: &self.members });
        }
        self.members.clear();
        match Reader::new(text).skip() {
            // A word, a number or a string by itself.
            Ok(()) => Ok(Frame { whole: Raw::checked(text), members: &self.members }),
            Err(Fault::Syntax(error)) => Err(error),
            // The lexer let every token pass, so this does not happen; it is an error of the text nevertheless.
            Err(Fault::Lexical) => Err(SyntaxError::parse("expecting value")),
        }
    }

    /// Ends the text, which must have held one value and nothing else. For texts that are no stream.
    pub(super) fn end_of_text(&mut self) -> Result<crate::Value, SyntaxError> {
        // A number or word at the very end is complete only when something follows.
        self.feed(b"\n");
        let mut next = || self.next().map(|frame| frame.map(|frame| frame.to_value()));
        let (first, second) = (next(), next());
        let value = match first {
            Some(value) => value?,
            None if self.is_idle() => return Err(SyntaxError::parse("expecting value")),
            None => return Err(SyntaxError::parse("premature EOI")),
        };
        match second {
            None if self.is_idle() => Ok(value),
            // Whatever it is: QEMU does not say either.
            _ => Err(SyntaxError("Expecting at most one JSON value".into())),
        }
    }
}

/// One complete, well-formed message.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    whole: Raw<'a>,
    members: &'a [Member],
}

impl<'a> Frame<'a> {
    /// The message as text.
    pub fn text(&self) -> &'a [u8] {
        self.whole.text()
    }

    /// The message as one value.
    pub fn raw(&self) -> Raw<'a> {
        self.whole
    }

    /// The message as a tree.
    pub fn to_value(&self) -> crate::Value {
        self.whole.to_value()
    }

    /// Whether the message is an object.
    pub fn is_object(&self) -> bool {
        self.text().first() == Some(&b'{')
    }

    /// The members of the object, in the order they came; nothing if it is none. Finding them costs nothing.
    pub fn members(&self) -> Members<'a> {
        Members { whole: self.whole, members: self.members.iter() }
    }

    /// The member `name` of the object.
    pub fn get(&self, name: &str) -> Option<Raw<'a>> {
        let is_it = |member: &&Member| match member.plain {
            true => self.whole.text().get(member.name.start + 1..member.name.end - 1) == Some(name.as_bytes()),
            false => self.whole.part(member.name.clone()).as_str().is_some_and(|n| n == name),
        };
        self.members.iter().find(is_it).map(|member| self.whole.part(member.value.clone()))
    }
}

/// Iterates over name and value of an object's members.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    whole: Raw<'a>,
    members: std::slice::Iter<'a, Member>,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Raw<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let member = self.members.next()?;
        let name = match member.plain {
            true => self.whole.plain(member.name.start + 1..member.name.end - 1),
            false => self.whole.part(member.name.clone()).as_str().unwrap_or_default(),
        };
        Some((name, self.whole.part(member.value.clone())))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.members.size_hint()
    }
}

impl ExactSizeIterator for Members<'_> {}
