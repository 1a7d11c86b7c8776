//! What stands before the cursor, and what else the line has.

use qapi_runtime::introspection::Type;

use super::Place;
use crate::parse::{Word, split_key, words};
use crate::schema::{self, Knowledge};

/// A place in a line.
pub(super) struct Cursor<'l> {
    line: &'l str,
    pub(super) position: usize,
    /// The command's name; empty while that is typed.
    pub(super) command: &'l str,
    /// What is being typed.
    pub(super) part: Part<'l>,
    /// Keys of the other arguments, and their values as they are written.
    others: Vec<(Vec<String>, &'l str)>,
}

/// What is being typed.
pub(super) enum Part<'l> {
    /// The command's name.
    Command(&'l str),
    /// Something to get help on.
    Topic(&'l str),
    /// A key: what is before its last dot, and the text behind that.
    Key { path: Vec<String>, prefix: &'l str },
    /// The value of a key.
    Value { key: Vec<String>, prefix: &'l str },
}

impl<'l> Cursor<'l> {
    /// `None`: nothing is known of such a place.
    pub(super) fn new(line: &'l str, position: usize) -> Option<Self> {
        let before = line.get(..position)?;
        let all = words(line);
        let first = all.first();
        let command = match first {
            Some(word) if word.place.end < position => line.get(word.place.clone())?,
            _ => {
                let prefix = before.trim_start();
                let part = Part::Command(prefix);
                let possible = !prefix.contains(['=', '{', '#']);
                return possible.then_some(Self { line, position, command: "", part, others: Vec::new() });
            }
        };
        let current = all.iter().skip(1).find(|word| word.place.start <= position && position <= word.place.end);
        let typed = current.map_or("", |word| before.get(word.place.start..).unwrap_or_default());
        let others =
            all.iter().skip(1).filter(|word| current != Some(word)).filter_map(|word| pair(line, word)).collect();
        let own = command.starts_with(['.', '{', '#']);
        let part = match (command, typed.split_once('=')) {
            ("help", None) if all.iter().skip(1).all(|word| current == Some(word)) => Part::Topic(typed),
            _ if own || typed.starts_with(['{', '[', '"', '\'']) => return None,
            (_, Some((key, value))) => {
                Part::Value { key: split_key(key).into_iter().map(str::to_owned).collect(), prefix: value }
            }
            (_, None) => {
                let mut path: Vec<_> = split_key(typed).into_iter().map(str::to_owned).collect();
                let prefix = path.pop().map_or(0, |last| last.len());
                Part::Key { path, prefix: typed.get(typed.len() - prefix..)? }
            }
        };
        // Help takes arguments too, to say which branch is meant.
        let command = match command {
            "help" => all.get(1).and_then(|word| line.get(word.place.clone())).unwrap_or_default(),
            command => command,
        };
        Some(Self { line, position, command, part, others })
    }

    /// Whether the member `name` of the object at `path` was given a value.
    pub(super) fn has(&self, path: &[String], name: &str) -> bool {
        self.value(path, name).is_some()
    }

    /// Whether something inside the member `name` of the object at `path` was given.
    pub(super) fn is_begun(&self, path: &[String], name: &str) -> bool {
        let inside = |key: &[String]| key.len() > path.len() + 1 && key.starts_with(path) && key[path.len()] == name;
        self.others.iter().any(|(key, _)| inside(key))
    }

    /// How many elements of the list at `path` were begun.
    pub(super) fn indices(&self, path: &[String]) -> usize {
        let index = |key: &[String]| key.strip_prefix(path)?.first()?.parse::<usize>().ok()?.checked_add(1);
        self.others.iter().filter_map(|(key, _)| index(key)).max().unwrap_or(0)
    }

    /// The text that the member `name` of the object at `path` was given.
    fn value(&self, path: &[String], name: &str) -> Option<&'l str> {
        let here = |key: &[String]| key.split_last().is_some_and(|(last, above)| last == name && above == path);
        self.others.iter().find(|(key, _)| here(key)).map(|(_, value)| *value)
    }

    /// Whether the cursor stands behind all text.
    pub(super) fn at_end(&self) -> bool {
        self.position == self.line.len()
    }

    /// The type of what a key names.
    pub(super) fn type_of<'k>(&self, key: &[String], knowledge: &'k Knowledge) -> Option<Type<'k>> {
        let mut ty = knowledge.command(self.command)?.arguments();
        for (depth, name) in key.iter().enumerate() {
            ty = match schema::as_list(ty) {
                Some(element) => name.parse::<usize>().ok().map(|_| element)?,
                None => {
                    let path = key.get(..depth)?;
                    schema::member(schema::as_object(ty)?, &|tag| self.tag(path, tag), name)?.ty()
                }
            };
        }
        Some(ty)
    }

    /// Where a path leads to, if there is something to choose from.
    pub(super) fn place<'k>(&self, path: &[String], knowledge: &'k Knowledge) -> Option<Place<'k>> {
        let ty = self.type_of(path, knowledge)?;
        match schema::as_list(ty) {
            Some(element) => Some(Place::List { element }),
            None => {
                let members = schema::members(schema::as_object(ty)?, &|tag| self.tag(path, tag));
                Some(Place::Object { members })
            }
        }
    }

    fn tag(&self, path: &[String], name: &str) -> Option<String> {
        self.value(path, name).map(|text| text.trim_matches(['"', '\'']).to_owned())
    }
}

/// Key and value of a word.
fn pair<'l>(line: &'l str, word: &Word) -> Option<(Vec<String>, &'l str)> {
    let (key, value) = line.get(word.place.clone())?.split_at_checked(word.equals? - word.place.start)?;
    Some((split_key(key).into_iter().map(str::to_owned).collect(), value.get(1..)?))
}
