//! Decoding straight from JSON text.

use std::borrow::Cow;
use std::ops::Range;

use super::decoder::Source;
use super::order::Orders;
use super::seen::Seen;
use super::{Decoder, Failed, Mode, Object, Outcome, Shape};
use crate::json::{Name, Reader, distinct};
use crate::value::Number;

/// Elements that a list may have before it is worth learning their members' order.
const SHORT: usize = 4;

/// A place in a text, and what had to be put off.
#[derive(Debug)]
pub(super) struct Text<'a> {
    pub(super) reader: Reader<'a>,
    /// Members that were met before it was known to which branch they belong, of all objects that are open.
    pending: Vec<Pending<'a>>,
    /// How many bytes may still be passed over only to be read again later. A hostile text could make that grow with the
    /// square of its length; when this runs out, the pass by way of a tree takes over.
    rereads: usize,
    orders: Orders,
}

#[derive(Debug)]
struct Pending<'a> {
    name: Name<'a>,
    value: Range<usize>,
    done: bool,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self::at(Reader::new(text), text.len())
    }

    /// At the start of a text of that many bytes.
    pub(super) fn at(reader: Reader<'a>, length: usize) -> Self {
        Self { reader, pending: Vec::new(), rereads: 4096 + 8 * length, orders: Orders::default() }
    }

    pub(super) fn null(&mut self) -> Outcome {
        match self.reader.peek() {
            Some(b'n') => self.reader.keyword().map(|_| ()).map_err(Failed::from),
            _ => Err(Failed),
        }
    }

    pub(super) fn bool(&mut self) -> Result<bool, Failed> {
        self.reader.bool().ok_or(Failed)
    }

    pub(super) fn number(&mut self) -> Result<Number, Failed> {
        match self.reader.peek() {
            Some(b'-' | b'0'..=b'9') => Ok(self.reader.number()?),
            _ => Err(Failed),
        }
    }

    #[inline]
    pub(super) fn i64(&mut self) -> Result<i64, Failed> {
        match self.reader.small_integer() {
            Some(n) => Ok(n),
            None => self.number()?.as_i64().ok_or(Failed),
        }
    }

    #[inline]
    pub(super) fn u64(&mut self) -> Result<u64, Failed> {
        match self.reader.small_integer() {
            Some(n) => Ok(n.cast_unsigned()),
            None => self.number()?.as_wrapping_u64().ok_or(Failed),
        }
    }

    #[inline]
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Failed> {
        match self.reader.plain_string() {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => self.unusual_string(),
        }
    }

    #[inline(never)]
    fn unusual_string(&mut self) -> Result<Cow<'a, str>, Failed> {
        match self.reader.peek() {
            Some(b'"' | b'\'') => Ok(self.reader.string()?),
            _ => Err(Failed),
        }
    }

    /// Opens an object or list. `true`: it is empty, and closed already.
    fn open(&mut self, open: u8, close: u8) -> Result<bool, Failed> {
        match self.reader.peek() {
            Some(byte) if byte == open => Ok(self.reader.open(close)?),
            _ => Err(Failed),
        }
    }

    /// Reads a member's name and the colon: the index of that member, or a name that the shape does not have.
    #[inline]
    fn member(&mut self, shape: &Shape, slot: usize, place: usize) -> Result<Result<usize, Name<'a>>, Failed> {
        let guess = self.orders.guess(slot, place);
        if shape.names.get(guess).is_some_and(|name| self.reader.this_key(name)) {
            return Ok(Ok(guess));
        }
        let name = match self.reader.plain_key() {
            Some(name) => Cow::Borrowed(name),
            None => self.reader.key()?,
        };
        match find(shape.names, &name, place) {
            Some(i) => {
                self.orders.learn(slot, place, i);
                Ok(Ok(i))
            }
            None => Ok(Err(name)),
        }
    }

    /// Puts the value that comes next off.
    fn put_off(&mut self, name: Name<'a>) -> Outcome {
        self.reader.peek();
        let from = self.reader.position();
        self.reader.pass()?;
        let value = from..self.reader.position();
        self.rereads = self.rereads.checked_sub(value.len()).ok_or(Failed)?;
        self.pending.push(Pending { name, value, done: false });
        Ok(())
    }
}

impl<'a> Decoder<'a> {
    #[inline]
    fn text(&mut self) -> Result<&mut Text<'a>, Failed> {
        match &mut self.source {
            Source::Text(text) => Ok(text),
            Source::Tree(_) | Source::Plain(_) => Err(Failed),
        }
    }

    pub(super) fn text_list(&mut self, each: &mut dyn FnMut(&mut Decoder<'a>) -> Outcome) -> Outcome {
        let mut more = !self.text()?.open(b'[', b']')?;
        let mut elements = 0;
        while more {
            each(self)?;
            let text = self.text()?;
            more = text.reader.more(b']')?;
            elements += 1;
            if elements == SHORT {
                text.orders.start();
            }
        }
        Ok(())
    }

    pub(super) fn text_object(&mut self, object: &mut dyn Object) -> Outcome {
        let shape = object.shape();
        let mut seen = Seen::default();
        let text = self.text()?;
        let first_pending = text.pending.len();
        let mut more = !text.open(b'{', b'}')?;
        let slot = text.orders.slot(shape);
        let mut place = 0;
        while more {
            match self.text()?.member(shape, slot, place)? {
                Ok(i) => {
                    if !seen.insert(i) {
                        return Err(Failed);
                    }
                    place = i + 1;
                    object.load(i, self)?;
                }
                Err(name) => self.text_other(object, name, &mut seen)?,
            }
            more = self.text()?.reader.more(b'}')?;
        }
        if self.text()?.pending.len() > first_pending {
            self.text_pending(object, first_pending, &mut seen)?;
        }
        match shape.tag {
            usize::MAX => has_required(shape, 0, &seen),
            _ => complete(object, 0, &seen),
        }
    }

    /// A member that the object's own level does not have: it belongs to the branch, now or later, or to nobody.
    fn text_other(&mut self, object: &mut dyn Object, name: Name<'a>, seen: &mut Seen) -> Outcome {
        let shape = object.shape();
        if shape.tag == usize::MAX && self.mode == Mode::Strict {
            return Err(Failed);
        }
        if tag_known(shape.tag, 0, seen) && self.text_branch(object, &name, seen)? {
            return Ok(());
        }
        self.text()?.put_off(name)
    }

    /// Reads a member into the branch, or the branch's branch, that has it. `false`: none has it so far.
    fn text_branch(&mut self, object: &mut dyn Object, name: &[u8], seen: &mut Seen) -> Result<bool, Failed> {
        let mut base = object.shape().names.len();
        let mut next = object.branch();
        while let Some(branch) = next {
            let shape = branch.shape();
            if let Some(i) = find(shape.names, name, 0) {
                if !seen.insert(base + i) {
                    return Err(Failed);
                }
                branch.load(i, self)?;
                return Ok(true);
            }
            if !tag_known(shape.tag, base, seen) {
                return Ok(false);
            }
            base += shape.names.len();
            next = branch.branch();
        }
        Ok(false)
    }

    /// Reads what was put off since `first`. One of those may be the discriminator of an inner union, hence several
    /// rounds; each but the last goes one union deeper, so their number is bounded by the schema.
    fn text_pending(&mut self, object: &mut dyn Object, first: usize, seen: &mut Seen) -> Outcome {
        let end = self.text()?.reader.position();
        let mut again = true;
        while again {
            let levels = depth(object, seen);
            let mut at = first;
            while let Some(pending) = self.text()?.pending.get_mut(at) {
                if !pending.done {
                    let (name, value) = (std::mem::take(&mut pending.name), pending.value.clone());
                    self.text()?.reader.seek(value.start);
                    let done = self.text_branch(object, &name, seen)?;
                    let text = self.text()?;
                    if done && text.reader.position() != value.end {
                        return Err(Failed);
                    }
                    if let Some(pending) = text.pending.get_mut(at) {
                        (pending.name, pending.done) = (name, done);
                    }
                }
                at += 1;
            }
            again = depth(object, seen) > levels;
        }
        self.text_leftover(first)?;
        self.text()?.reader.seek(end);
        Ok(())
    }

    /// Deals with what nobody wanted of the members put off since `first`: an error, or passed over after all, but not
    /// unseen.
    fn text_leftover(&mut self, first: usize) -> Outcome {
        let mode = self.mode;
        let text = self.text()?;
        let own = text.pending.get(first..).unwrap_or_default();
        let left: Vec<&Pending<'a>> = own.iter().filter(|pending| !pending.done).collect();
        if !left.is_empty() && mode == Mode::Strict {
            return Err(Failed);
        }
        if !distinct(left.iter().map(|pending| &*pending.name)) {
            return Err(Failed);
        }
        for pending in left {
            text.reader.seek(pending.value.start);
            text.reader.skip()?;
            if text.reader.position() != pending.value.end {
                return Err(Failed);
            }
        }
        text.pending.truncate(first);
        Ok(())
    }
}

/// Looks a name up, beginning with the one that follows the last hit: peers other than QEMU mostly send schema order.
#[inline]
fn find(names: &[&str], name: &[u8], place: usize) -> Option<usize> {
    let (before, after) = names.split_at_checked(place).unwrap_or((names, &[]));
    let later = after.iter().position(|n| same(n, name)).map(|i| place + i);
    later.or_else(|| before.iter().position(|n| same(n, name)))
}

/// Whether a name is this one. Most of those that are not differ in length or at an end, and comparing all bytes is a call.
#[inline]
pub(super) fn same(known: &str, name: &[u8]) -> bool {
    let known = known.as_bytes();
    known.len() == name.len() && known.first() == name.first() && known.last() == name.last() && known == name
}

/// Whether the union whose level begins at `base` has its discriminator, if it is one.
fn tag_known(tag: usize, base: usize, seen: &Seen) -> bool {
    tag != usize::MAX && seen.contains(base + tag)
}

/// How many levels of branches are known.
fn depth(object: &mut dyn Object, seen: &Seen) -> usize {
    let (mut levels, mut base) = (0, 0);
    let mut next = Some(object);
    while let Some(level) = next {
        levels += 1;
        let shape = level.shape();
        if !tag_known(shape.tag, base, seen) {
            break;
        }
        base += shape.names.len();
        next = level.branch();
    }
    levels
}

/// Whether a level has its mandatory members.
#[inline]
fn has_required(shape: &Shape, base: usize, seen: &Seen) -> Outcome {
    for (word, required) in shape.required.iter().enumerate() {
        if required & !seen.mask(base + 64 * word) != 0 {
            return Err(Failed);
        }
    }
    Ok(())
}

/// Whether all levels have their mandatory members.
fn complete(object: &mut dyn Object, base: usize, seen: &Seen) -> Outcome {
    let shape = object.shape();
    has_required(shape, base, seen)?;
    match object.branch() {
        Some(branch) if tag_known(shape.tag, base, seen) => complete(branch, base + shape.names.len(), seen),
        _ => Ok(()),
    }
}
