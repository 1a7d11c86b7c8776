//! The decoder: walks a value's type along JSON text, a value tree, `key=value` text or one bare text.

use std::borrow::Cow;

use super::plain::Plain;
use super::text::{Text, same};
use super::tree::Tree;
use super::{Alternate, Enum, Failed, Object, Outcome, Visit, scalar};
use crate::value::{Dict, Kind, Number, Str, Value};
use crate::{Error, ErrorClass, Policy, Special, json};

/// How deep typed values may nest: objects, lists and alternates that a schema can put inside themselves. Less than the
/// 1024 levels of the text, since every level is a handful of stack frames; a chain of block nodes does not come near.
const MAX_LEVELS: usize = 256;

/// What to do with what the schema does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is an error: a server must not guess.
    Strict,
    /// It is passed over or kept: the peer of a client may be newer.
    Lenient,
}

/// Where values come from.
#[derive(Debug)]
pub(super) enum Source<'a> {
    Text(Text<'a>),
    Tree(Tree<'a>),
    Plain(Plain<'a>),
}

/// Reads QAPI values. One concrete type for all sources, so that generated code exists once.
///
/// Over text it goes forward in one pass and tells no more than that something is wrong. Over a tree it goes in schema order
/// and knows what, and where.
#[derive(Debug)]
pub struct Decoder<'a> {
    pub(super) source: Source<'a>,
    pub(super) mode: Mode,
    levels: usize,
    /// Whether unsigned integers are of the schema type `size`.
    sizes: bool,
    policy: Policy,
}

impl<'a> Decoder<'a> {
    fn new(source: Source<'a>, mode: Mode) -> Self {
        Self { source, mode, levels: 0, sizes: false, policy: Policy::default() }
    }

    /// Reads JSON text.
    pub fn from_text(text: &'a [u8], mode: Mode) -> Self {
        Self::new(Source::Text(Text::new(text)), mode)
    }

    /// Reads a part of a message.
    pub(crate) fn from_raw(raw: json::Raw<'a>, mode: Mode) -> Self {
        Self::new(Source::Text(Text::at(raw.reader(), raw.text().len())), mode)
    }

    /// Reads a tree.
    pub fn from_value(value: &'a Value, mode: Mode) -> Self {
        Self::new(Source::Tree(Tree::new(value)), mode)
    }

    /// Reads a tree whose leaves are all text, as [`keyval::parse`](crate::keyval::parse) makes it: numbers, truth values and
    /// sizes are read from the text.
    pub fn from_keyval(value: &'a Value) -> Self {
        Self::new(Source::Tree(Tree::of_text(value)), Mode::Strict)
    }

    /// Reads one bare text: a scalar, or a list of integers and ranges such as `1-3,7`. `name` is for errors.
    pub fn from_string(name: &'a str, text: &'a str) -> Self {
        Self::new(Source::Plain(Plain::new(name, text)), Mode::Strict)
    }

    /// Reads under a policy: [`permit`](Self::permit) and values of enumerations ask it.
    #[must_use]
    pub fn under(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// What went wrong. Over text, only that something did: read the same text by way of a tree to know more.
    pub fn error(&self, _: Failed) -> Error {
        match &self.source {
            Source::Text(_) => Error::generic("The value does not fit its type"),
            Source::Tree(tree) => tree.error(),
            Source::Plain(plain) => plain.error(),
        }
    }

    /// Whether nothing but white space is left.
    pub fn at_end(&mut self) -> bool {
        match &mut self.source {
            Source::Text(text) => text.reader.peek().is_none(),
            Source::Tree(_) | Source::Plain(_) => true,
        }
    }

    /// Reads an object, its union branches included.
    pub fn object(&mut self, object: &mut dyn Object) -> Outcome {
        self.enter()?;
        let outcome = match &mut self.source {
            Source::Text(_) => self.text_object(object),
            Source::Tree(_) => self.tree_object(object),
            Source::Plain(plain) => Err(plain.wrong_type("object")),
        };
        self.levels -= 1;
        outcome
    }

    /// Reads a list: `each` is called with the decoder on every element.
    pub fn list(&mut self, each: &mut dyn FnMut(&mut Decoder<'a>) -> Outcome) -> Outcome {
        self.enter()?;
        let outcome = match &mut self.source {
            Source::Text(_) => self.text_list(each),
            Source::Tree(_) => self.tree_list(each),
            Source::Plain(_) => self.plain_list(each),
        };
        self.levels -= 1;
        outcome
    }

    /// Reads an alternate.
    pub fn alternate<A: Alternate>(&mut self, alternate: &mut A) -> Outcome {
        let kind = self.kind()?;
        if !alternate.select(kind) {
            return Err(self.wrong_alternate(A::NAME));
        }
        alternate.get_branch(self)
    }

    /// Reads a value of an enumeration; for a union's discriminator, among others.
    pub fn tag<E: Enum>(&mut self) -> Result<E, Failed> {
        let name = self.str()?;
        match E::NAMES.iter().position(|n| same(n, name.as_bytes())) {
            Some(i) => {
                if let Some((_, special)) = E::SPECIAL.iter().find(|(marked, _)| *marked == i) {
                    self.check(*special, "value", E::NAMES.get(i))?;
                }
                Ok(E::from_index(i))
            }
            None if self.mode == Mode::Lenient => Ok(E::from_unknown(&name)),
            None => Err(self.refused_value(&name)),
        }
    }

    /// What kind of value comes next.
    pub fn kind(&mut self) -> Result<Kind, Failed> {
        match &mut self.source {
            Source::Text(text) => text.reader.kind().map_err(|_| Failed),
            Source::Tree(tree) => Ok(tree.value.kind()),
            Source::Plain(_) => Ok(Kind::String),
        }
    }

    /// Reads `null`.
    pub fn null(&mut self) -> Outcome {
        match &mut self.source {
            Source::Text(text) => text.null(),
            Source::Tree(tree) => match tree.value {
                Value::Null => Ok(()),
                _ => Err(tree.wrong_type("null")),
            },
            Source::Plain(plain) => plain.null(),
        }
    }

    /// Reads a truth value.
    pub fn bool(&mut self) -> Result<bool, Failed> {
        match &mut self.source {
            Source::Text(text) => text.bool(),
            Source::Tree(tree) if tree.all_text => tree.leaf_as("'on' or 'off'", scalar::bool),
            Source::Tree(tree) => tree.value.as_bool().ok_or_else(|| tree.wrong_type("boolean")),
            Source::Plain(plain) => plain.bool(),
        }
    }

    /// Reads a signed integer.
    pub fn i64(&mut self) -> Result<i64, Failed> {
        match &mut self.source {
            Source::Text(text) => text.i64(),
            Source::Tree(tree) if tree.all_text => tree.leaf_as("integer", scalar::i64),
            Source::Tree(tree) => tree.value.as_i64().ok_or_else(|| tree.wrong_type("integer")),
            Source::Plain(plain) => plain.i64(),
        }
    }

    /// Reads an unsigned integer. A negative one wraps around, as it does in QEMU.
    pub fn u64(&mut self) -> Result<u64, Failed> {
        match &mut self.source {
            Source::Text(text) => text.u64(),
            Source::Tree(tree) if tree.all_text => tree.leaf_u64(self.sizes),
            Source::Plain(plain) => plain.u64(self.sizes),
            Source::Tree(tree) => {
                let number = tree.value.as_number().and_then(Number::as_wrapping_u64);
                // Unlike its signed sibling, QEMU words this as a matter of range.
                number.ok_or_else(|| tree.set_error(Error::expects(&tree.path(), "uint64")))
            }
        }
    }

    /// Reads a number that may have a fraction.
    pub fn f64(&mut self) -> Result<f64, Failed> {
        match &mut self.source {
            Source::Text(text) => text.number().map(Number::as_f64),
            Source::Tree(tree) if tree.all_text => tree.leaf_as("number", scalar::f64),
            Source::Tree(tree) => tree.value.as_number().map(Number::as_f64).ok_or_else(|| tree.wrong_type("number")),
            Source::Plain(plain) => plain.f64(),
        }
    }

    /// Reads text.
    pub fn str(&mut self) -> Result<Cow<'a, str>, Failed> {
        match &mut self.source {
            Source::Text(text) => text.string(),
            Source::Tree(tree) if tree.all_text => tree.leaf().map(Cow::Borrowed),
            Source::Plain(plain) => plain.scalar("string").map(Cow::Borrowed),
            Source::Tree(tree) => match tree.value {
                Value::String(text) => Ok(Cow::Borrowed(text)),
                _ => Err(tree.wrong_type("string")),
            },
        }
    }

    /// Reads text to keep.
    #[inline]
    pub(super) fn read_str(&mut self, target: &mut Str) -> Outcome {
        if let Source::Text(text) = &mut self.source
            && let Some(plain) = text.reader.plain_string()
        {
            *target = plain.into();
        } else {
            *target = self.str()?.into();
        }
        Ok(())
    }

    /// Reads any value.
    pub fn any(&mut self) -> Result<Value, Failed> {
        match &mut self.source {
            Source::Text(text) => text.reader.any().map_err(|_| Failed),
            Source::Tree(tree) => Ok(tree.value.clone()),
            Source::Plain(plain) => plain.scalar("string").map(Value::from),
        }
    }

    /// Reads any object.
    pub fn dict(&mut self) -> Result<Dict, Failed> {
        match &mut self.source {
            Source::Text(text) => match text.reader.any() {
                Ok(Value::Dict(dict)) => Ok(dict),
                _ => Err(Failed),
            },
            Source::Tree(tree) => match tree.value {
                Value::Dict(dict) => Ok(dict.clone()),
                _ => Err(tree.wrong_type("object")),
            },
            Source::Plain(plain) => Err(plain.wrong_type("object")),
        }
    }

    /// Reads a value of the schema type `size`, a list of them, or either as an optional member: in bare text and
    /// `key=value`, sizes may have suffixes and fractions (`1.5G`), which other integers may not.
    pub fn size(&mut self, value: &mut dyn Visit) -> Outcome {
        let outer = std::mem::replace(&mut self.sizes, true);
        let outcome = value.get(self);
        self.sizes = outer;
        outcome
    }

    /// Asks the policy whether the member to be read may be given, since the schema marks it so.
    pub fn permit(&mut self, special: Special) -> Outcome {
        self.check(special, "parameter", None)
    }

    /// Asks the policy about a value, or about the present member, whose name is then that of the place.
    fn check(&mut self, special: Special, kind: &str, name: Option<&&str>) -> Outcome {
        let policy = self.policy;
        if policy.takes(special) {
            return Ok(());
        }
        // Text is read again by way of a tree, to be refused in order.
        let refusal = |at: &str| policy.check(special, ErrorClass::GenericError, kind, name.copied().unwrap_or(at));
        Err(self.fail(|at| refusal(at).err().unwrap_or_default()))
    }

    /// Reports that the integer just read does not fit the type that C calls `c_type`.
    #[cold]
    pub fn out_of_range(&mut self, c_type: &str) -> Failed {
        self.fail(|name| Error::expects(name, c_type))
    }

    #[cold]
    pub(crate) fn refused_value(&mut self, value: &str) -> Failed {
        self.fail(|name| Error::invalid_value(name, value))
    }

    #[cold]
    fn wrong_alternate(&mut self, name: &str) -> Failed {
        self.fail(|at| Error::invalid_type(at, name))
    }

    /// Keeps an error about what has this name, where errors are kept.
    #[cold]
    pub(super) fn fail(&mut self, error: impl FnOnce(&str) -> Error) -> Failed {
        match &mut self.source {
            Source::Text(_) => Failed,
            Source::Tree(tree) => tree.set_error(error(tree.name())),
            Source::Plain(plain) => plain.set_error(error(plain.name())),
        }
    }

    /// One level deeper, if that is not too deep.
    fn enter(&mut self) -> Outcome {
        if self.levels == MAX_LEVELS {
            return Err(self
                .fail(|name| Error::generic(format!("Parameter '{name}' nests more than {MAX_LEVELS} levels deep"))));
        }
        self.levels += 1;
        Ok(())
    }
}

impl From<json::Fault> for Failed {
    fn from(_: json::Fault) -> Self {
        Failed
    }
}
