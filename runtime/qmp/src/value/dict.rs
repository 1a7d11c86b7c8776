//! A JSON object: members in the order they came, each name once.

use std::collections::HashMap;

use super::{Str, Value};

/// From this size on an index is kept; below it, comparing names one after the other is faster.
const INDEXED: usize = 16;

/// The members of a JSON object, in the order they were inserted. No name occurs twice.
#[derive(Clone, Default)]
pub struct Dict {
    entries: Vec<(Str, Value)>,
    /// Name to position. Randomly keyed, so that a peer cannot choose names that collide.
    #[expect(clippy::box_collection, reason = "few objects need it, and a smaller `Value` serves all")]
    index: Option<Box<HashMap<Str, usize>>>,
}

impl Dict {
    /// An object without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where the member `name` stands, counting from 0.
    pub fn position(&self, name: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(name).copied(),
            None => self.entries.iter().position(|(n, _)| n == name),
        }
    }

    /// Whether the member `name` is present, be it null.
    pub fn contains_key(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    /// The member `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.position(name).and_then(|at| self.at(at)).map(|(_, value)| value)
    }

    /// The member `name`, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let at = self.position(name)?;
        self.entries.get_mut(at).map(|(_, value)| value)
    }

    /// The member at position `at`.
    pub fn at(&self, at: usize) -> Option<(&str, &Value)> {
        self.entries.get(at).map(|(name, value)| (name.as_str(), value))
    }

    /// Sets the member `name`; it keeps its place when it was there already. Returns what it was before.
    pub fn insert(&mut self, name: impl Into<Str>, value: impl Into<Value>) -> Option<Value> {
        let (name, value) = (name.into(), value.into());
        match self.get_mut(&name) {
            Some(old) => Some(std::mem::replace(old, value)),
            None => {
                self.push(name, value);
                None
            }
        }
    }

    /// Takes the member `name` out; the others keep their order.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.position(name)?;
        let (_, value) = self.entries.remove(at);
        self.index = None;
        if self.entries.len() >= INDEXED {
            self.build_index();
        }
        Some(value)
    }

    /// The members in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> + Clone {
        self.entries.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Adds a member known to be new. `false`, and nothing added, if it is not.
    pub(crate) fn insert_new(&mut self, name: Str, value: Value) -> bool {
        let new = !self.contains_key(&name);
        if new {
            self.push(name, value);
        }
        new
    }

    fn push(&mut self, name: Str, value: Value) {
        let at = self.entries.len();
        if let Some(index) = &mut self.index {
            index.insert(name.clone(), at);
        }
        self.entries.push((name, value));
        if self.index.is_none() && self.entries.len() >= INDEXED {
            self.build_index();
        }
    }

    fn build_index(&mut self) {
        let names = self.entries.iter().enumerate().map(|(at, (name, _))| (name.clone(), at));
        self.index = Some(Box::new(names.collect()));
    }
}

/// Order does not matter: JSON objects with the same members are the same.
impl PartialEq for Dict {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl std::fmt::Debug for Dict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl IntoIterator for Dict {
    type Item = (Str, Value);
    type IntoIter = std::vec::IntoIter<(Str, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

/// A name that comes again replaces the earlier value.
impl<K: Into<Str>, V: Into<Value>> Extend<(K, V)> for Dict {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, members: I) {
        for (name, value) in members {
            self.insert(name, value);
        }
    }
}

impl<K: Into<Str>, V: Into<Value>> FromIterator<(K, V)> for Dict {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Self {
        let mut dict = Dict::new();
        dict.extend(members);
        dict
    }
}
