//! Decoding from a value tree, in schema order, with the errors that QEMU gives.

use super::decoder::Source;
use super::seen::Seen;
use super::{Decoder, Failed, Mode, Object, Outcome};
use crate::Error;
use crate::value::{Dict, Value};

/// One step from a value to a value inside it.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Element(usize),
}

/// A place in a tree.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) value: &'a Value,
    /// Whether the leaves are texts, to be read as what they stand for.
    pub(super) all_text: bool,
    path: Vec<Step<'a>>,
    error: Option<Error>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self { value, all_text: false, path: Vec::new(), error: None }
    }

    pub(super) fn of_text(value: &'a Value) -> Self {
        Self { all_text: true, ..Self::new(value) }
    }

    /// The first error.
    pub(super) fn error(&self) -> Error {
        self.error
            .clone()
            .unwrap_or_else(|| Error::generic(format!("Parameter '{}' does not fit its type", self.path())))
    }

    /// Keeps the error, unless there was one before.
    pub(super) fn set_error(&mut self, error: Error) -> Failed {
        self.error.get_or_insert(error);
        Failed
    }

    /// Where the decoder is: `actions[1].data`, or `actions.1.data` as `key=value` writes it.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.path {
            match step {
                Step::Member(name) if path.is_empty() => path.push_str(name),
                Step::Member(name) => path.extend([".", name]),
                Step::Element(i) if self.all_text => path.push_str(&format!(".{i}")),
                Step::Element(i) => path.push_str(&format!("[{i}]")),
            }
        }
        if path.is_empty() { "<anonymous>".into() } else { path }
    }

    /// The path of a member of this value.
    fn member_path(&self, name: &str) -> String {
        if self.path.is_empty() { name.into() } else { format!("{}.{name}", self.path()) }
    }

    /// The name that some of QEMU's errors give instead of the path: the member's own, or `null` in a list.
    pub(super) fn name(&self) -> &'a str {
        match self.path.last() {
            Some(Step::Member(name)) => name,
            _ => "null",
        }
    }

    #[cold]
    pub(super) fn wrong_type(&mut self, expected: &str) -> Failed {
        self.set_error(Error::invalid_type(&self.path(), expected))
    }
}

impl<'a> Decoder<'a> {
    fn tree(&mut self) -> Result<&mut Tree<'a>, Failed> {
        match &mut self.source {
            Source::Tree(tree) => Ok(tree),
            Source::Text(_) | Source::Plain(_) => Err(Failed),
        }
    }

    /// Goes to a value inside the present one, reads, and comes back. After an error the path stays where it happened.
    fn within(&mut self, step: Step<'a>, value: &'a Value, read: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        let tree = self.tree()?;
        let outer = std::mem::replace(&mut tree.value, value);
        tree.path.push(step);
        read(self)?;
        let tree = self.tree()?;
        tree.path.pop();
        tree.value = outer;
        Ok(())
    }

    pub(super) fn tree_list(&mut self, each: &mut dyn FnMut(&mut Decoder<'a>) -> Outcome) -> Outcome {
        let tree = self.tree()?;
        let Value::List(list) = tree.value else {
            return Err(tree.wrong_type("array"));
        };
        for (i, value) in list.iter().enumerate() {
            self.within(Step::Element(i), value, |d| each(d))?;
        }
        Ok(())
    }

    pub(super) fn tree_object(&mut self, object: &mut dyn Object) -> Outcome {
        let tree = self.tree()?;
        let Value::Dict(dict) = tree.value else {
            return Err(tree.wrong_type("object"));
        };
        let mut seen = Seen::default();
        self.tree_members(object, dict, &mut seen)?;
        if self.mode == Mode::Strict {
            let unexpected = dict.iter().enumerate().find(|(at, _)| !seen.contains(*at));
            if let Some((_, (name, _))) = unexpected {
                let tree = self.tree()?;
                return Err(tree.set_error(Error::unexpected(&tree.member_path(name))));
            }
        }
        Ok(())
    }

    /// Reads the members of one level of an object, then those of the branch.
    fn tree_members(&mut self, object: &mut dyn Object, dict: &'a Dict, seen: &mut Seen) -> Outcome {
        let shape = object.shape();
        for (i, name) in shape.names.iter().enumerate() {
            match dict.position(name) {
                Some(at) => {
                    seen.insert(at);
                    if let Some((_, value)) = dict.at(at) {
                        self.within(Step::Member(name), value, |d| object.load(i, d))?;
                    }
                }
                None if shape.requires(i) => {
                    let tree = self.tree()?;
                    return Err(tree.set_error(Error::missing(&tree.member_path(name))));
                }
                None => {}
            }
        }
        match object.branch() {
            Some(branch) => self.tree_members(branch, dict, seen),
            None => Ok(()),
        }
    }
}
