//! Decoding straight from JSON text.

use std::borrow::Cow;
use std::ops::Range;

use super::decoder::Source;
use super::seen::Seen;
use super::{Decoder, Failed, Mode, Object, Outcome};
use crate::json::{Name, Reader, distinct};
use crate::value::Number;

/// A place in a text, and what had to be put off.
#[derive(Debug)]
pub(super) struct Text<'a> {
    pub(super) reader: Reader<'a>,
    /// Members that were met before it was known to which branch they belong, of all objects that are open.
    pending: Vec<Pending<'a>>,
    /// How many bytes may still be passed over only to be read again later. A hostile text could make that grow with the
    /// square of its length; when this runs out, the pass by way of a tree takes over.
    rereads: usize,
}

#[derive(Debug)]
struct Pending<'a> {
    name: Name<'a>,
    value: Range<usize>,
    done: bool,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { reader: Reader::new(text), pending: Vec::new(), rereads: 4096 + 8 * text.len() }
    }

    pub(super) fn null(&mut self) -> Outcome {
        match self.reader.peek() {
            Some(b'n') => self.reader.keyword().map(|_| ()).map_err(Failed::from),
            _ => Err(Failed),
        }
    }

    pub(super) fn bool(&mut self) -> Result<bool, Failed> {
        match self.reader.peek() {
            Some(b't' | b'f') => self.reader.keyword()?.ok_or(Failed),
            _ => Err(Failed),
        }
    }

    pub(super) fn number(&mut self) -> Result<Number, Failed> {
        match self.reader.peek() {
            Some(b'-' | b'0'..=b'9') => Ok(self.reader.number()?),
            _ => Err(Failed),
        }
    }

    #[inline]
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Failed> {
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
        while more {
            each(self)?;
            more = self.text()?.reader.more(b']')?;
        }
        Ok(())
    }

    pub(super) fn text_object(&mut self, object: &mut dyn Object) -> Outcome {
        let shape = object.shape();
        let mut seen = Seen::default();
        let text = self.text()?;
        let first_pending = text.pending.len();
        let mut more = !text.open(b'{', b'}')?;
        let mut hint = 0;
        while more {
            let name = self.text()?.reader.key()?;
            match find(shape.names, &name, hint) {
                Some(i) => {
                    if !seen.insert(i) {
                        return Err(Failed);
                    }
                    hint = i + 1;
                    object.load(i, self)?;
                }
                None => self.text_other(object, name, &mut seen)?,
            }
            more = self.text()?.reader.more(b'}')?;
        }
        if self.text()?.pending.len() > first_pending {
            self.text_pending(object, first_pending, &mut seen)?;
        }
        complete(object, 0, &seen)
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

/// Looks a name up, beginning with the one that follows the last hit: peers mostly send schema order.
#[inline]
fn find(names: &[&str], name: &[u8], hint: usize) -> Option<usize> {
    match names.get(hint) {
        Some(next) if same(next, name) => Some(hint),
        _ => names.iter().position(|n| same(n, name)),
    }
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

/// Whether all levels have their mandatory members.
fn complete(object: &mut dyn Object, base: usize, seen: &Seen) -> Outcome {
    let shape = object.shape();
    for (word, required) in shape.required.iter().enumerate() {
        if required & !seen.mask(base + 64 * word) != 0 {
            return Err(Failed);
        }
    }
    match object.branch() {
        Some(branch) if tag_known(shape.tag, base, seen) => complete(branch, base + shape.names.len(), seen),
        _ => Ok(()),
    }
}
