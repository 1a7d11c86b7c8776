//! Lines as people write them: `command key=value ...`, requests in JSON, and the shell's own commands.
//!
//! ```text
//! line      = "" | "#" comment | request | "." name { word } | "help" { word } | command { argument }
//! request   = JSON object with "execute" or "exec-oob"
//! argument  = key "=" value | JSON object, whose members are arguments
//! key       = name { "." ( name | index ) }
//! value     = quoted string | JSON list or object | word without spaces
//! ```
//!
//! Reading says where things are and which are text; what a bare word means is for [`typed`](crate::typed) to decide.

mod literal;
#[cfg(test)]
mod tests;
mod words;

use std::ops::Range;

use qapi_runtime::{Dict, Value};

pub(crate) use words::{Word, words};

/// What is wrong with a line, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ParseError {
    pub(crate) message: String,
    /// Bytes of the line.
    pub(crate) place: Range<usize>,
    /// Brackets are open at the end: more lines may mend it.
    pub(crate) unfinished: bool,
}

impl ParseError {
    pub(crate) fn new(message: impl Into<String>, place: Range<usize>) -> Self {
        Self { message: message.into(), place, unfinished: false }
    }
}

/// One line, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Line {
    /// Nothing to do.
    Empty,
    /// For the shell itself: its name without the dot, and the words behind.
    Own(String, Vec<String>),
    /// A command with its arguments.
    Call(Call),
    /// A request that was written as JSON.
    Request(Request),
}

/// A command in `key=value` form.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) name_place: Range<usize>,
    pub(crate) arguments: Vec<Argument>,
}

/// `key=value`, or an object of arguments, which has no key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Argument {
    pub(crate) key: Vec<String>,
    pub(crate) key_place: Range<usize>,
    pub(crate) value: Literal,
    pub(crate) value_place: Range<usize>,
}

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    /// Without quotes: the schema says what it is.
    Bare(String),
    /// In quotes: text.
    Quoted(String),
    /// A list or an object.
    Json(Value),
}

/// A request as it goes over the wire.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    pub(crate) name: String,
    pub(crate) out_of_band: bool,
    pub(crate) arguments: Dict,
    pub(crate) id: Option<Value>,
}

/// Reads a line, which may hold line breaks inside brackets.
///
/// # Errors
/// The line is not as the grammar says.
pub(crate) fn parse(text: &str) -> Result<Line, ParseError> {
    let start = text.len() - text.trim_start().len();
    if text[start..].starts_with('{') {
        return request(text, start).map(Line::Request);
    }
    let words = words(text);
    let Some((first, rest)) = words.split_first() else { return Ok(Line::Empty) };
    let name = &text[first.place.clone()];
    if name.starts_with('#') {
        return Ok(Line::Empty);
    }
    let own = name.strip_prefix('.').or((name == "help").then_some(name));
    if let Some(own) = own {
        return Ok(Line::Own(own.to_owned(), rest.iter().map(|word| text[word.place.clone()].to_owned()).collect()));
    }
    if let Some(equals) = first.equals {
        let place = first.place.start..equals + 1;
        return Err(ParseError::new("a line begins with a command's name, not with an argument", place));
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Err(ParseError::new(format!("'{name}' cannot be a command's name"), first.place.clone()));
    }
    let arguments = rest.iter().map(|word| argument(text, word)).collect::<Result<_, _>>()?;
    Ok(Line::Call(Call { name: name.to_owned(), name_place: first.place.clone(), arguments }))
}

/// Whether the line ends inside brackets, so that the next one continues it.
pub(crate) fn is_unfinished(text: &str) -> bool {
    parse(text).is_err_and(|error| error.unfinished)
}

fn argument(text: &str, word: &Word) -> Result<Argument, ParseError> {
    let Range { start, end } = word.place;
    let Some(equals) = word.equals else {
        if !text[start..].starts_with('{') {
            let given = &text[word.place.clone()];
            return Err(ParseError::new(format!("expected {given}=VALUE"), end..end));
        }
        let value = literal::json(text, start, end)?;
        return Ok(Argument { key: vec![], key_place: start..start, value, value_place: start..end });
    };
    let key = key(text, start..equals)?;
    let value = literal::read(text, equals + 1, end)?;
    Ok(Argument { key, key_place: start..equals, value, value_place: equals + 1..end })
}

/// Takes a key apart at its dots; those of a vendor's prefix (`__com.example_name`) do not count.
fn key(text: &str, place: Range<usize>) -> Result<Vec<String>, ParseError> {
    let mut parts: Vec<String> = Vec::new();
    let mut at = place.start;
    for part in split_key(&text[place.clone()]) {
        if part.is_empty() {
            return Err(ParseError::new("a name is missing here", at..at + 1));
        }
        if let Some(bad) = part.find(|c: char| c.is_control() || matches!(c, '{' | '[' | '"' | '\'')) {
            return Err(ParseError::new("a name cannot have this character", at + bad..at + bad + 1));
        }
        at += part.len() + 1;
        parts.push(part.to_owned());
    }
    Ok(parts)
}

/// The fragments of a key, of which some may be empty.
pub(crate) fn split_key(key: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = key;
    loop {
        let prefix = match rest.strip_prefix("__") {
            Some(vendor) => vendor.find('_').map_or(0, |end| end + 3),
            None => 0,
        };
        let Some(dot) = rest[prefix..].find('.') else {
            parts.push(rest);
            return parts;
        };
        let (part, after) = rest.split_at(prefix + dot);
        parts.push(part);
        rest = &after[1..];
    }
}

fn request(text: &str, start: usize) -> Result<Request, ParseError> {
    let end = text.trim_end().len();
    let Literal::Json(Value::Dict(members)) = literal::json(text, start, end)? else {
        return Err(ParseError::new("a request is a JSON object", start..end));
    };
    let fail = |message: String| Err(ParseError::new(message, start..end));
    let (mut name, mut out_of_band, mut arguments, mut id) = (None, false, Dict::new(), None);
    for (member, value) in members {
        match (member.as_str(), value) {
            (how @ ("execute" | "exec-oob"), Value::String(command)) if name.is_none() => {
                out_of_band = how == "exec-oob";
                name = Some(command);
            }
            ("execute" | "exec-oob", Value::String(_)) => {
                return fail("'execute' and 'exec-oob' exclude each other".into());
            }
            ("execute" | "exec-oob", _) => return fail(format!("'{member}' must be a command's name")),
            ("arguments", Value::Dict(members)) => arguments = members,
            ("arguments", _) => return fail("'arguments' must be an object".into()),
            ("id", value) => id = Some(value),
            _ => {
                return fail(format!(
                    "'{member}' is no member of a request: there are execute, exec-oob, arguments, id"
                ));
            }
        }
    }
    match name {
        Some(name) => Ok(Request { name: name.into(), out_of_band, arguments, id }),
        None => fail("a request needs 'execute'".into()),
    }
}
