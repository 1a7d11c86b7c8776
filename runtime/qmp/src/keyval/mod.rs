//! QEMU's `key=value` syntax: `driver=qcow2,file.driver=file,file.filename=a,,b,children.0=x`.
//!
//! Dots in keys make objects, numbers between them make lists; a comma in a value is written twice; what comes twice counts
//! the last time. All leaves are text: only with a type at hand does [`from_keyval`](crate::from_keyval) know that `on` is a
//! truth value. Hence what cannot be written so: a list or object without elements, `null`, a value of any type other than
//! text, and the branch of an alternate that is not text, object or list.
//!
//! ```text
//! text     = [ implied ] { pair "," } [ pair ]
//! implied  = value without commas, for the key that the option implies
//! pair     = key "=" value | "help" | "?"
//! key      = name { "." ( name | digits ) }        each at most 127 characters
//! name     = [ "__" domain "_" ] letter { letter | digit | "-" | "_" }
//! ```

mod key;
mod lists;

use crate::value::{Dict, Value};
use crate::{Error, json};
use key::Key;

/// What a text says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Keyval {
    /// Its keys and values; leaves are text.
    pub members: Dict,
    /// Whether it asks for help.
    pub help: bool,
}

/// Reads a text. `implied` is the key of a first value that comes without one.
///
/// # Errors
/// The text breaks the syntax, gives one key as different kinds of thing, or leaves a gap in a list.
///
/// ```
/// let read = qapi_runtime::keyval::parse("qcow2,file.filename=a,,b", Some("driver"))?;
/// assert_eq!(read.members.get("driver"), Some(&"qcow2".into()));
/// assert_eq!(read.members.get("file").and_then(|file| file.get("filename")), Some(&"a,b".into()));
/// # Ok::<(), qapi_runtime::Error>(())
/// ```
pub fn parse(text: &str, implied: Option<&str>) -> Result<Keyval, Error> {
    parse_into(Dict::new(), text, implied)
}

/// Reads a text on top of what earlier ones said, for options that may be repeated. To a list that an earlier text gave
/// nothing can be added.
///
/// # Errors
/// As [`parse`], earlier members included.
pub fn parse_into(members: Dict, text: &str, implied: Option<&str>) -> Result<Keyval, Error> {
    let mut read = pairs(members, text, implied)?;
    lists::close(&mut read.members)?;
    Ok(read)
}

/// As [`parse`], for an option that has no help to give. Like QEMU, it says so before it looks for gaps in lists.
pub(crate) fn parse_helpless(text: &str, implied: Option<&str>) -> Result<Dict, Error> {
    let mut read = pairs(Dict::new(), text, implied)?;
    if read.help {
        return Err(Error::generic("Help is not available for this option"));
    }
    lists::close(&mut read.members)?;
    Ok(read.members)
}

/// Reads all pairs, and leaves lists as objects with numbers for names.
fn pairs(members: Dict, text: &str, mut implied: Option<&str>) -> Result<Keyval, Error> {
    let mut read = Keyval { members, help: false };
    let mut rest = text;
    while !rest.is_empty() {
        rest = pair(&mut read, rest, implied.take())?;
    }
    Ok(read)
}

/// Adds the members of `from` to `into`: objects are merged, lists joined, text replaced.
///
/// # Errors
/// A member is not the same kind of thing in both. `into` then holds what was merged before.
pub fn merge(into: &mut Dict, from: Dict) -> Result<(), Error> {
    merge_within(into, from, "")
}

fn merge_within(into: &mut Dict, from: Dict, prefix: &str) -> Result<(), Error> {
    for (name, new) in from {
        match (into.get_mut(&name), new) {
            (Some(Value::Dict(old)), Value::Dict(new)) => merge_within(old, new, &format!("{prefix}{name}."))?,
            (Some(Value::List(old)), Value::List(new)) => old.extend(new),
            (Some(Value::Dict(_) | Value::List(_)), _) | (Some(_), Value::Dict(_) | Value::List(_)) => {
                return Err(Error::generic(format!("Parameter '{prefix}{name}' used inconsistently")));
            }
            (_, new) => {
                into.insert(name, new);
            }
        }
    }
    Ok(())
}

/// Reads the first pair, and returns what follows its comma.
fn pair<'a>(read: &mut Keyval, text: &'a str, implied: Option<&str>) -> Result<&'a str, Error> {
    let (word, rest) = text.split_at(text.find(['=', ',']).unwrap_or(text.len()));
    let bare = !rest.starts_with('=');
    if bare && matches!(word, "help" | "?") {
        read.help = true;
        return Ok(rest.strip_prefix(',').unwrap_or(rest));
    }
    let (key, value, rest) = match implied {
        // Only up to the first comma, doubled or not.
        Some(key) if bare && !word.is_empty() => (key, word.to_owned(), rest.strip_prefix(',').unwrap_or(rest)),
        _ => {
            let place = locate(&mut read.members, word)?;
            let Some(rest) = rest.strip_prefix('=') else {
                return Err(Error::generic(format!("Expected '=' after parameter '{word}'")));
            };
            let (value, rest) = take_value(rest);
            return place.put(value).map(|()| rest);
        }
    };
    locate(&mut read.members, key)?.put(value)?;
    Ok(rest)
}

/// A value up to a comma that is not doubled, and what follows that comma.
fn take_value(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let Some((part, after)) = rest.split_once(',') else {
            value.push_str(rest);
            return (value, "");
        };
        value.push_str(part);
        match after.strip_prefix(',') {
            Some(after) => {
                value.push(',');
                rest = after;
            }
            None => return (value, after),
        }
    }
}

/// Where the value of a key goes.
struct Place<'d, 'k> {
    dict: &'d mut Dict,
    name: &'k str,
    key: &'k str,
}

impl Place<'_, '_> {
    fn put(self, value: String) -> Result<(), Error> {
        match self.dict.get(self.name) {
            Some(Value::Dict(_) | Value::List(_)) => Err(inconsistent(self.key)),
            _ => {
                self.dict.insert(self.name, value);
                Ok(())
            }
        }
    }
}

/// Goes down the objects that a key names, making those that do not exist.
fn locate<'d, 'k>(root: &'d mut Dict, key: &'k str) -> Result<Place<'d, 'k>, Error> {
    let mut dict = root;
    let mut fragments = Key::new(key);
    let mut levels = 0;
    let mut name = fragments.next()?;
    while !fragments.at_end() {
        let path = fragments.path();
        // The fragment behind is checked before the object is made: of two mistakes QEMU names that one.
        let next = fragments.next()?;
        levels += 1;
        if levels == json::MAX_NESTING {
            let limit = json::MAX_NESTING;
            return Err(Error::generic(format!("Parameter '{path}' nests more than {limit} levels deep")));
        }
        if !dict.contains_key(name) {
            dict.insert(name, Dict::new());
        }
        dict = match dict.get_mut(name) {
            Some(Value::Dict(inner)) => inner,
            _ => return Err(inconsistent(path)),
        };
        name = next;
    }
    Ok(Place { dict, name, key })
}

fn inconsistent(path: &str) -> Error {
    Error::generic(format!("Parameters '{path}.*' used inconsistently"))
}
