//! Visitors: the traits that generated types implement, and the concrete decoder and encoder that walk them.
//!
//! A type says what it consists of (a [`Shape`], one `match`, one straight line); everything that happens to a value
//! (reading text, reading a tree, checking, naming errors, writing) is here, once, and is not generic over types.

mod decoder;
mod encoder;
mod entry;
mod impls;
mod keyval;
mod number;
mod order;
mod plain;
mod scalar;
mod seen;
mod text;
mod tree;

pub use decoder::{Decoder, Mode};
pub use encoder::Encoder;
pub use entry::{from_json, from_json_lenient, from_keyval, from_value, from_value_lenient, to_json, to_value};
pub(crate) use entry::{from_raw_under, read};

use crate::Special;
pub use crate::value::Kind;

/// Reading failed; what went wrong, and where, is kept by the [`Decoder`].
///
/// Carries nothing so that the path of success stays small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed;

/// What reading a value comes to.
pub type Outcome = Result<(), Failed>;

/// A value that can be read from and written to any of the places QAPI values live.
pub trait Visit {
    /// Replaces `self` by what the decoder stands on.
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome;

    /// Writes `self` as one JSON value.
    fn put(&self, e: &mut Encoder);

    /// Writes `self` as the member `name`. An optional value that is absent writes nothing.
    fn put_member(&self, name: &'static str, e: &mut Encoder) {
        e.key(name);
        self.put(e);
    }
}

/// What the decoder has to know about an object's own level.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Wire names in schema order: members of the base first, then own members.
    pub names: &'static [&'static str],
    /// Bit `i % 64` of word `i / 64` is set when `names[i]` must be present.
    pub required: &'static [u64],
    /// Index of the discriminator, `usize::MAX` if there is none.
    pub tag: usize,
}

impl Shape {
    /// An object without members.
    pub const EMPTY: Shape = Shape { names: &[], required: &[], tag: usize::MAX };

    /// Whether `names[i]` must be present.
    pub(crate) fn requires(&self, i: usize) -> bool {
        self.required.get(i / 64).is_some_and(|word| word >> (i % 64) & 1 == 1)
    }
}

/// A struct or union of the schema. What is not implemented is that of an object without members.
pub trait Object {
    /// The members of this level, without those of a union's branch.
    fn shape(&self) -> &'static Shape {
        &Shape::EMPTY
    }

    /// Reads member `i` of the shape.
    fn load(&mut self, i: usize, d: &mut Decoder<'_>) -> Outcome {
        let _ = (i, d);
        Err(Failed)
    }

    /// Writes all members in schema order, a union's branch included, without braces.
    fn store(&self, e: &mut Encoder) {
        let _ = e;
    }

    /// The branch that the discriminator selected, if it has members. Asked only after the discriminator was loaded.
    fn branch(&mut self) -> Option<&mut dyn Object> {
        None
    }
}

/// An enumeration of the schema.
pub trait Enum: Sized {
    /// Wire names, in schema order.
    const NAMES: &'static [&'static str];

    /// The values that the schema marks, by their index in `NAMES`.
    const SPECIAL: &'static [(usize, Special)] = &[];

    /// The value whose name is `NAMES[i]`.
    fn from_index(i: usize) -> Self;

    /// A value that this side's schema does not have. Only reading leniently makes one.
    fn from_unknown(name: &str) -> Self;

    /// The wire name.
    fn as_str(&self) -> &str;
}

/// An alternate of the schema: the JSON type of the value selects the branch.
pub trait Alternate {
    /// The type's name in the schema; error messages use it.
    const NAME: &'static str;

    /// Becomes the branch for values of that kind, with default content. `false`: there is none.
    fn select(&mut self, kind: Kind) -> bool;

    /// Reads the selected branch.
    fn get_branch(&mut self, d: &mut Decoder<'_>) -> Outcome;

    /// Writes the selected branch.
    fn put_branch(&self, e: &mut Encoder);
}

/// A text that is not among the names of an enumeration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{value}' is not one of: {}", names.join(", "))]
pub struct UnknownValue {
    value: String,
    names: &'static [&'static str],
}

/// Finds an enumeration value by its wire name. `FromStr` of every generated enumeration.
pub fn parse_enum<E: Enum>(name: &str) -> Result<E, UnknownValue> {
    match E::NAMES.iter().position(|n| *n == name) {
        Some(i) => Ok(E::from_index(i)),
        None => Err(UnknownValue { value: name.into(), names: E::NAMES }),
    }
}
