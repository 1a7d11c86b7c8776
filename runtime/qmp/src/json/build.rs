//! Reads a value of unknown type: into a tree, or only to know that it is one.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::reader::{Fault, Read, Reader};
use crate::value::{Dict, Kind, Number, Value};

/// Names that are compared one by one; from there on a set is faster, and safe against a peer that sends thousands.
const FEW: usize = 16;

/// Where a member of an object stands in the text.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// The name, quotes included.
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
}

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
    fn member(&mut self, dict: &mut Self::Dict, name: Cow<'a, str>, value: Self::Value) -> bool;
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

    /// Reads an object, whose bracket comes next, and notes where its members are.
    pub(super) fn members(&mut self, members: &mut Vec<Member>) -> Read<()> {
        let mut check = Check { names: Vec::new() };
        let mut names = check.open_dict();
        if self.open(b'}')? {
            return Ok(());
        }
        loop {
            self.peek();
            let from = self.position();
            let name = self.name()?;
            self.peek();
            let value = self.position();
            self.build(&mut check)?;
            if !check.member(&mut names, name, ()) {
                return Err(duplicate());
            }
            members.push(Member {
                name: from..value,
                value: value..self.position(),
            });
            if !self.more(b'}')? {
                return Ok(());
            }
        }
    }

    fn build<B: Build<'a>>(&mut self, build: &mut B) -> Read<B::Value> {
        match self.kind()? {
            Kind::String => self.string().map(|text| build.string(text)),
            Kind::Number => self.number().map(|n| build.number(n)),
            Kind::Null | Kind::Bool => Ok(match self.keyword()? {
                Some(b) => build.bool(b),
                None => build.null(),
            }),
            Kind::List => {
                let mut list = build.open_list();
                let mut more = !self.open(b']')?;
                while more {
                    let value = self.build(build)?;
                    build.element(&mut list, value);
                    more = self.more(b']')?;
                }
                Ok(build.close_list(list))
            }
            Kind::Dict => {
                let mut dict = build.open_dict();
                let mut more = !self.open(b'}')?;
                while more {
                    let name = self.name()?;
                    let value = self.build(build)?;
                    if !build.member(&mut dict, name, value) {
                        return Err(duplicate());
                    }
                    more = self.more(b'}')?;
                }
                Ok(build.close_dict(dict))
            }
        }
    }
}

pub(crate) fn duplicate() -> Fault {
    Fault::syntax("duplicate key")
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
        Value::String(text.into_owned())
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

    fn member(&mut self, dict: &mut Dict, name: Cow<'a, str>, value: Value) -> bool {
        dict.insert_new(name.into_owned(), value)
    }

    fn close_dict(&mut self, dict: Dict) -> Value {
        Value::Dict(dict)
    }
}

/// Builds nothing, but sees to it that no name occurs twice in an object.
struct Check<'a> {
    /// The names of all objects that are open, the innermost last.
    names: Vec<Cow<'a, str>>,
}

/// The names of one object.
struct Names<'a> {
    /// Where they begin on the common stack.
    base: usize,
    /// The same names, once they are many.
    set: Option<HashSet<Cow<'a, str>>>,
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
        Names {
            base: self.names.len(),
            set: None,
        }
    }

    fn member(&mut self, dict: &mut Names<'a>, name: Cow<'a, str>, (): ()) -> bool {
        if let Some(set) = &mut dict.set {
            return set.insert(name);
        }
        let names = self.names.get(dict.base..).unwrap_or_default();
        if names.contains(&name) {
            return false;
        }
        self.names.push(name);
        if self.names.len() - dict.base > FEW {
            dict.set = Some(self.names.drain(dict.base..).collect());
        }
        true
    }

    fn close_dict(&mut self, dict: Names<'a>) {
        self.names.truncate(dict.base);
    }
}

/// Whether no two of these names are the same.
pub(crate) fn distinct<'a>(names: impl ExactSizeIterator<Item = &'a str> + Clone) -> bool {
    if names.len() <= FEW {
        return names
            .clone()
            .enumerate()
            .all(|(i, name)| names.clone().take(i).all(|other| other != name));
    }
    let mut set = HashSet::with_capacity(names.len());
    names.into_iter().all(|name| set.insert(name))
}
