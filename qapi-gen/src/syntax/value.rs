//! The syntax tree of expressions: strings, booleans, arrays and objects, each with its place.

use crate::source::Span;

/// An expression.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    /// What it is.
    pub(crate) kind: Kind,
    /// Where it stands, brackets and quotes included.
    pub(crate) span: Span,
}

/// The kinds of expressions.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// A string, unescaped.
    Str(String),
    /// `true` or `false`.
    Bool(bool),
    /// An array.
    List(Vec<Value>),
    /// An object; keys are unique, their order counts.
    Dict(Vec<Entry>),
}

/// A member of an object.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// Where the key stands.
    pub(crate) key_span: Span,
    /// The value.
    pub(crate) value: Value,
}

impl Value {
    /// The string, if it is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The members, if it is an object.
    pub(crate) fn as_dict(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Dict(entries) => Some(entries),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    pub(crate) fn as_list(&self) -> Option<&[Value]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// True unless it is `false`, or a string, array or object without anything in it. QEMU takes what is empty for
    /// absent in some places.
    pub(crate) fn is_truthy(&self) -> bool {
        match &self.kind {
            Kind::Str(text) => !text.is_empty(),
            Kind::Bool(on) => *on,
            Kind::List(items) => !items.is_empty(),
            Kind::Dict(entries) => !entries.is_empty(),
        }
    }

    /// The value of `key`, if it is an object that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.as_dict()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }
}
