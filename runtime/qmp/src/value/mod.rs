//! The value tree: what the schema type `any` holds, and what a QMP text means when no type is at hand.

mod convert;
mod dict;
mod interop;
mod number;
#[cfg(test)]
mod tests;

pub use dict::Dict;
pub use number::Number;

/// The schema type `str`: text that cannot be changed in place and needs no allocation up to 23 bytes, as most names, ids and
/// enumeration-like texts of replies do. Make it with `.into()`, read it as a `&str`, own it with `.to_string()`.
pub type Str = smol_str::SmolStr;

/// Any QAPI value.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// JSON `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as exact as 64 bits allow.
    Number(Number),
    /// Text.
    String(Str),
    /// JSON array.
    List(Vec<Value>),
    /// JSON object.
    Dict(Dict),
}

/// The six kinds of JSON value, by which an alternate picks its branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool,
    /// Integer or floating point.
    Number,
    /// Text.
    String,
    /// JSON array.
    List,
    /// JSON object.
    Dict,
}

/// The schema type `null`: a value with nothing to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Null;

impl Value {
    /// Which kind of value this is.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Number(_) => Kind::Number,
            Value::String(_) => Kind::String,
            Value::List(_) => Kind::List,
            Value::Dict(_) => Kind::Dict,
        }
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<Number> {
        match self {
            Value::Number(n) => Some(*n),
            _ => None,
        }
    }

    /// The number as a signed integer, if it is an integer in range.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::as_i64)
    }

    /// The number as an unsigned integer, if it is a non-negative integer.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_number().and_then(Number::as_u64)
    }

    /// The elements, if it is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The members, if it is an object.
    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Value::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// The member `name`, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_dict()?.get(name)
    }
}

/// Written as QEMU writes it: one line of ASCII.
impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::visit::to_json(self))
    }
}
