//! JSON values and how they are written.

use super::write_quoted;

/// Longest line that [`Value::pretty`] writes for a list or an object.
const WIDTH: usize = 110;

/// A JSON value. Objects keep the order of their members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Str(String),
    List(Vec<Value>),
    /// Keys are distinct when the value was read.
    Dict(Vec<(String, Value)>),
}

impl Value {
    /// A string.
    pub(crate) fn str(text: impl Into<String>) -> Self {
        Self::Str(text.into())
    }

    /// A number.
    pub(crate) fn number(number: usize) -> Self {
        Self::Number(number.to_string())
    }

    /// A list.
    pub(crate) fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// The text, if it is a string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if it is a list.
    pub(crate) fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value of member `key`, if it is an object that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Dict(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// What kind of value it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Str(_) => "a string",
            Self::List(_) => "an array",
            Self::Dict(_) => "an object",
        }
    }

    /// The value on one line.
    pub(crate) fn compact(&self) -> String {
        let mut out = String::new();
        self.write_compact(&mut out);
        out
    }

    fn write_compact(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(on) => out.push_str(if *on { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::Str(text) => write_quoted(out, text),
            Self::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { ", " });
                    item.write_compact(out);
                }
                out.push(']');
            }
            Self::Dict(members) => {
                out.push('{');
                for (i, (key, value)) in members.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { ", " });
                    write_quoted(out, key);
                    out.push_str(": ");
                    value.write_compact(out);
                }
                out.push('}');
            }
        }
    }

    /// The value with line breaks: what fits in a line stays in one. Ends with a newline.
    pub(crate) fn pretty(&self) -> String {
        let mut out = String::new();
        self.write_pretty(&mut out, 0, 0);
        out.push('\n');
        out
    }

    /// `used` is how much of the line stands before the value.
    fn write_pretty(&self, out: &mut String, depth: usize, used: usize) {
        let compact = self.compact();
        let short = used + compact.len() < WIDTH;
        let line = |out: &mut String, i: usize, depth: usize| {
            out.push_str(if i == 0 { "\n" } else { ",\n" });
            out.extend(std::iter::repeat_n("  ", depth));
        };
        match self {
            Self::List(items) if !short => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    line(out, i, depth + 1);
                    item.write_pretty(out, depth + 1, depth * 2 + 2);
                }
                line(out, 0, depth);
                out.push(']');
            }
            Self::Dict(members) if !short => {
                out.push('{');
                for (i, (key, value)) in members.iter().enumerate() {
                    line(out, i, depth + 1);
                    write_quoted(out, key);
                    out.push_str(": ");
                    value.write_pretty(out, depth + 1, depth * 2 + key.len() + 6);
                }
                line(out, 0, depth);
                out.push('}');
            }
            _ => out.push_str(&compact),
        }
    }
}

/// An object under construction.
#[derive(Debug, Default)]
pub(crate) struct Object(Vec<(String, Value)>);

impl Object {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a member.
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        self.0.push((key.to_owned(), value));
    }

    /// Adds a string.
    pub(crate) fn text(&mut self, key: &str, text: &str) {
        self.set(key, Value::str(text));
    }

    /// Adds `key` if there is something to say.
    pub(crate) fn some(&mut self, key: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    /// Adds a list unless it is empty.
    pub(crate) fn nonempty(&mut self, key: &str, items: Vec<Value>) {
        if !items.is_empty() {
            self.set(key, Value::List(items));
        }
    }

    /// Adds `key: true` if `on`.
    pub(crate) fn flag(&mut self, key: &str, on: bool) {
        if on {
            self.set(key, Value::Bool(true));
        }
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Value::Dict(object.0)
    }
}
