//! Decoding from one bare text: a scalar, or a list of integers and ranges of them.

use super::decoder::Source;
use super::scalar::{self, NoSize};
use super::{Decoder, Failed, Outcome};
use crate::Error;

/// Elements that a range may stand for.
const MAX_RANGE: u64 = 65536;
/// Elements that a list may have. QEMU has no such limit, and a list of ranges is much longer than its text.
const MAX_ELEMENTS: u64 = 16 * MAX_RANGE;

/// One text with the name of what it is for.
#[derive(Debug)]
pub(super) struct Plain<'a> {
    name: &'a str,
    text: &'a str,
    list: Option<List<'a>>,
    error: Option<Error>,
}

/// A list on the way.
#[derive(Debug)]
struct List<'a> {
    /// What is not read yet.
    rest: &'a str,
    /// The next element of the range that is being given out, in the bits of either integer type.
    next: u64,
    /// How many elements that range still has.
    left: u64,
    /// How many elements the list may still have.
    room: u64,
}

impl<'a> Plain<'a> {
    pub(super) fn new(name: &'a str, text: &'a str) -> Self {
        Self { name, text, list: None, error: None }
    }

    /// The name for errors; an element of a list has none.
    pub(super) fn name(&self) -> &'a str {
        if self.list.is_some() { "null" } else { self.name }
    }

    pub(super) fn error(&self) -> Error {
        self.error.clone().unwrap_or_else(|| Error::generic(format!("Parameter '{}' does not fit its type", self.name)))
    }

    /// Keeps the error, unless there was one before.
    pub(super) fn set_error(&mut self, error: Error) -> Failed {
        self.error.get_or_insert(error);
        Failed
    }

    #[cold]
    pub(super) fn wrong_type(&mut self, expected: &str) -> Failed {
        self.set_error(Error::invalid_type(self.name(), expected))
    }

    #[cold]
    fn expects(&mut self, what: &str) -> Failed {
        self.set_error(Error::expects(self.name(), what))
    }

    /// The text, for a scalar of a type that lists cannot have.
    pub(super) fn scalar(&mut self, expected: &str) -> Result<&'a str, Failed> {
        match self.list {
            None => Ok(self.text),
            Some(_) => Err(self.wrong_type(expected)),
        }
    }

    pub(super) fn null(&mut self) -> Outcome {
        match self.scalar("null")? {
            "" => Ok(()),
            _ => Err(self.wrong_type("null")),
        }
    }

    pub(super) fn bool(&mut self) -> Result<bool, Failed> {
        let text = self.scalar("boolean")?;
        scalar::bool(text).ok_or_else(|| self.expects("'on' or 'off'"))
    }

    pub(super) fn f64(&mut self) -> Result<f64, Failed> {
        let text = self.scalar("number")?;
        scalar::f64(text).ok_or_else(|| self.wrong_type("number"))
    }

    pub(super) fn i64(&mut self) -> Result<i64, Failed> {
        if self.list.is_none() {
            return scalar::i64(self.text).ok_or_else(|| self.expects("int64"));
        }
        self.element("list of int64 values or ranges", |text| {
            let ((first, last), rest) = range(text, scalar::i64_prefix)?;
            Some(((first as u64, count(first <= last, last as u64, first as u64)?), rest))
        })
        .map(|n| n as i64)
    }

    pub(super) fn u64(&mut self, size: bool) -> Result<u64, Failed> {
        if self.list.is_some() {
            return self.element("list of uint64 values or ranges", |text| {
                let ((first, last), rest) = range(text, scalar::u64_prefix)?;
                Some(((first, count(first <= last, last, first)?), rest))
            });
        }
        if !size {
            return scalar::u64(self.text).ok_or_else(|| self.expects("uint64"));
        }
        scalar::size(self.text).map_err(|error| match error {
            NoSize::Malformed => self.expects("a non-negative number below 2^64"),
            NoSize::TooLarge => {
                let (text, name) = (self.text, self.name);
                self.set_error(Error::generic(format!("Value '{text}' is out of range for parameter '{name}'")))
            }
        })
    }

    /// The next element of the list; `read` reads a range: its first element, their number, and what follows.
    fn element(
        &mut self,
        expected: &str,
        read: impl FnOnce(&'a str) -> Option<((u64, u64), &'a str)>,
    ) -> Result<u64, Failed> {
        let Some(list) = &mut self.list else {
            return Err(Failed);
        };
        if list.left == 0 {
            let Some(((first, count), rest)) = read(list.rest) else {
                return Err(self.expects(expected));
            };
            if count > list.room {
                let name = self.name;
                return Err(self.set_error(Error::expects(name, &format!("at most {MAX_ELEMENTS} elements"))));
            }
            (list.next, list.left, list.rest) = (first, count, rest);
            list.room -= count;
        }
        let n = list.next;
        list.next = n.wrapping_add(1);
        list.left -= 1;
        Ok(n)
    }

    /// Where the list is: changes with every element read.
    fn progress(&self) -> Option<(u64, usize)> {
        self.list.as_ref().map(|list| (list.left, list.rest.len())).filter(|at| *at != (0, 0))
    }
}

/// A number, or two with `-` between them, up to a comma or the end; and what follows the comma.
fn range<T: Copy>(text: &str, read: impl Fn(&str) -> Option<(T, &str)>) -> Option<((T, T), &str)> {
    let (first, rest) = read(text)?;
    let (last, rest) = match rest.strip_prefix('-') {
        Some(rest) => read(rest)?,
        None => (first, rest),
    };
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(',')? };
    Some(((first, last), rest))
}

/// How many elements there are from one end to the other, if the ends are in order and not too far from each other.
fn count(ordered: bool, last: u64, first: u64) -> Option<u64> {
    let between = last.wrapping_sub(first);
    (ordered && between < MAX_RANGE).then(|| between + 1)
}

impl<'a> Decoder<'a> {
    fn plain(&mut self) -> Result<&mut Plain<'a>, Failed> {
        match &mut self.source {
            Source::Plain(plain) => Ok(plain),
            Source::Text(_) | Source::Tree(_) => Err(Failed),
        }
    }

    pub(super) fn plain_list(&mut self, each: &mut dyn FnMut(&mut Decoder<'a>) -> Outcome) -> Outcome {
        let plain = self.plain()?;
        if plain.list.is_some() {
            return Err(plain.wrong_type("array"));
        }
        plain.list = Some(List { rest: plain.text, next: 0, left: 0, room: MAX_ELEMENTS });
        while let Some(at) = self.plain()?.progress() {
            each(self)?;
            let plain = self.plain()?;
            // What reads nothing is no integer, and would go on for ever.
            if plain.progress() == Some(at) {
                return Err(plain.wrong_type("integer"));
            }
        }
        self.plain()?.list = None;
        Ok(())
    }
}
