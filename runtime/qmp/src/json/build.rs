//! Reads a value of unknown type: into a tree, or only to know that it is one.

use std::borrow::Cow;
use std::collections::HashSet;

use super::reader::{Fault, Name, Read, Reader};
use crate::value::{Dict, Kind, Number, Value};

/// Names that are compared one by one; from there on a set is faster, and safe against a peer that sends thousands.
const FEW: usize = 16;

/// What becomes of the values read.
trait Build<'a> {
    type Value;
    type List;
    type Dict;

    fn null(&mut self) -> Self::Value;
    fn bool(&mut self, b: bool) -> Self::Value;
    fn number(&mut self, n: Number) -> Self::Value;
    fn string(&mut self, text: Cow<'a, str>) -> Self::Value;
    fn open_list(&mut self) -> Self::List;
    fn element(&mut self, list: &mut Self::List, value: Self::Value);
    fn close_list(&mut self, list: Self::List) -> Self::Value;
    fn open_dict(&mut self) -> Self::Dict;
    /// `false` if the name has been there.
    fn member(&mut self, dict: &mut Self::Dict, name: Name<'a>, value: Self::Value) -> bool;
    fn close_dict(&mut self, dict: Self::Dict) -> Self::Value;
}

impl<'a> Reader<'a> {
    /// Reads any value.
    pub(crate) fn any(&mut self) -> Read<Value> {
        self.build(&mut Tree)
    }

    /// Reads any value and forgets it; names that occur twice are found nevertheless.
    pub(crate) fn skip(&mut self) -> Read<()> {
        self.build(&mut Check { names: Vec::new() })
    }

    /// Reads any value. Not by recursion, since a hostile text has 1024 levels and a thread need not have the stack.
    fn build<B: Build<'a>>(&mut self, build: &mut B) -> Read<B::Value> {
        let mut open = Vec::new();
        loop {
            let value = match self.kind()? {
                Kind::String => build.string(self.string()?),
                Kind::Number => build.number(self.number()?),
                Kind::Null | Kind::Bool => match self.keyword()? {
                    Some(b) => build.bool(b),
                    None => build.null(),
                },
                Kind::List => {
                    let list = build.open_list();
                    if !self.open(b']')? {
                        open.push(Open::List(list));
                        continue;
                    }
                    build.close_list(list)
                }
                Kind::Dict => {
                    let dict = build.open_dict();
                    if !self.open(b'}')? {
                        open.push(match self.next_name()? {
                            Some(name) => Open::Dict(dict, name),
                            None => Open::Name,
                        });
                        continue;
                    }
                    build.close_dict(dict)
                }
            };
            if let Some(value) = self.put_in(value, build, &mut open)? {
                return Ok(value);
            }
        }
    }

    /// Puts a complete value into the list or object that is open, and closes what it completes. `Some`: that was all.
    #[inline]
    fn put_in<B: Build<'a>>(
        &mut self,
        mut value: B::Value,
        build: &mut B,
        open: &mut Vec<Open<'a, B>>,
    ) -> Read<Option<B::Value>> {
        loop {
            match open.last_mut() {
                Some(Open::List(list)) => {
                    build.element(list, value);
                    if self.more(b']')? {
                        return Ok(None);
                    }
                }
                Some(Open::Dict(dict, name)) => {
                    if !build.member(dict, std::mem::take(name), value) {
                        return Err(Fault::syntax("duplicate key"));
                    }
                    if self.more(b'}')? {
                        match self.next_name()? {
                            Some(next) => *name = next,
                            None => open.push(Open::Name),
                        }
                        return Ok(None);
                    }
                }
                Some(Open::Name) => return Err(Fault::syntax("key is not a string in object")),
                None => return Ok(Some(value)),
            }
            value = match open.pop() {
                Some(Open::List(list)) => build.close_list(list),
                Some(Open::Dict(dict, _)) => build.close_dict(dict),
                // What is innermost was a list or an object above.
                Some(Open::Name) | None => return Err(Fault::Lexical),
            };
        }
    }

    /// Reads the name of the next member; `None` if what is in its place is none.
    #[inline]
    fn next_name(&mut self) -> Read<Option<Name<'a>>> {
        match self.peek() {
            Some(b'"' | b'\'') => self.key().map(Some),
            _ => Ok(None),
        }
    }
}

/// What a value that is being read is inside of.
enum Open<'a, B: Build<'a>> {
    List(B::List),
    /// An object, and the name of the member that the value belongs to.
    Dict(B::Dict, Name<'a>),
    /// An object, in the place of a name.
    Name,
}

/// Builds a tree.
struct Tree;

impl<'a> Build<'a> for Tree {
    type Value = Value;
    type List = Vec<Value>;
    type Dict = Dict;

    fn null(&mut self) -> Value {
        Value::Null
    }

    fn bool(&mut self, b: bool) -> Value {
        Value::Bool(b)
    }

    fn number(&mut self, n: Number) -> Value {
        Value::Number(n)
    }

    fn string(&mut self, text: Cow<'a, str>) -> Value {
        Value::String(text.into())
    }

    fn open_list(&mut self) -> Vec<Value> {
        Vec::new()
    }

    fn element(&mut self, list: &mut Vec<Value>, value: Value) {
        list.push(value);
    }

    fn close_list(&mut self, list: Vec<Value>) -> Value {
        Value::List(list)
    }

    fn open_dict(&mut self) -> Dict {
        Dict::new()
    }

    fn member(&mut self, dict: &mut Dict, name: Name<'a>, value: Value) -> bool {
        std::str::from_utf8(&name).is_ok_and(|name| dict.insert_new(name.into(), value))
    }

    fn close_dict(&mut self, dict: Dict) -> Value {
        Value::Dict(dict)
    }
}

/// Builds nothing, but sees to it that no name occurs twice in an object.
struct Check<'a> {
    /// The names of all objects that are open, the innermost last.
    names: Vec<Name<'a>>,
}

/// The names of one object.
struct Names<'a> {
    /// Where they begin on the common stack.
    base: usize,
    /// The same names, once they are many.
    #[expect(clippy::box_collection, reason = "seldom there, and often moved")]
    set: Option<Box<HashSet<Name<'a>>>>,
}

impl<'a> Build<'a> for Check<'a> {
    type Value = ();
    type List = ();
    type Dict = Names<'a>;

    fn null(&mut self) {}

    fn bool(&mut self, _: bool) {}

    fn number(&mut self, _: Number) {}

    fn string(&mut self, _: Cow<'a, str>) {}

    fn open_list(&mut self) {}

    fn element(&mut self, (): &mut (), (): ()) {}

    fn close_list(&mut self, (): ()) {}

    fn open_dict(&mut self) -> Names<'a> {
        Names { base: self.names.len(), set: None }
    }

    fn member(&mut self, dict: &mut Names<'a>, name: Name<'a>, (): ()) -> bool {
        if let Some(set) = &mut dict.set {
            return set.insert(name);
        }
        let names = self.names.get(dict.base..).unwrap_or_default();
        if names.contains(&name) {
            return false;
        }
        self.names.push(name);
        if self.names.len() - dict.base > FEW {
            dict.set = Some(Box::new(self.names.drain(dict.base..).collect()));
        }
        true
    }

    fn close_dict(&mut self, dict: Names<'a>) {
        self.names.truncate(dict.base);
    }
}

/// Whether no two of these names are the same.
pub(crate) fn distinct<'a>(names: impl ExactSizeIterator<Item = &'a [u8]> + Clone) -> bool {
    if names.len() <= FEW {
        return names.clone().enumerate().all(|(i, name)| names.clone().take(i).all(|other| other != name));
    }
    let mut set = HashSet::with_capacity(names.len());
    names.into_iter().all(|name| set.insert(name))
}
