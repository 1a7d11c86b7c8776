//! What could be typed next: for the Tab key, and as a hint behind the cursor.

mod cursor;
mod hint;
#[cfg(test)]
mod tests;
mod values;

use qapi_runtime::introspection::{Member, Type, TypeKind};

use crate::run::OWN_COMMANDS;
use crate::schema::{self, Knowledge};
use cursor::{Cursor, Part};

pub(crate) use hint::hint;

/// One way to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// What is shown in a list of several.
    pub(crate) display: String,
    /// What takes the place of the text from [`Completion::start`] to the cursor.
    pub(crate) text: String,
}

/// All ways to go on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Completion {
    pub(crate) start: usize,
    pub(crate) candidates: Vec<Candidate>,
}

/// What could stand at `position` of the line.
pub(crate) fn complete(line: &str, position: usize, knowledge: &Knowledge) -> Completion {
    let Some(cursor) = Cursor::new(line, position) else { return Completion::default() };
    let (start, mut candidates) = match cursor.part {
        Part::Command(prefix) => (position - prefix.len(), commands(prefix, knowledge)),
        Part::Topic(prefix) => (position - prefix.len(), topics(prefix, knowledge)),
        Part::Key { .. } => keys(&cursor, knowledge),
        Part::Value { .. } => values::values(&cursor, knowledge),
    };
    let typed = line.get(start..position).unwrap_or_default();
    candidates.retain(|candidate| candidate.text.starts_with(typed));
    Completion { start, candidates }
}

fn commands(prefix: &str, knowledge: &Knowledge) -> Vec<Candidate> {
    if prefix.starts_with('.') {
        let own = OWN_COMMANDS.iter().map(|own| Candidate::plain(&format!(".{}", own.name), " "));
        return own.collect();
    }
    let mut found: Vec<_> = knowledge.commands.iter().map(|name| Candidate::plain(name, " ")).collect();
    found.push(Candidate::plain("help", " "));
    found.sort_by(|a, b| a.display.cmp(&b.display));
    found
}

fn topics(_prefix: &str, knowledge: &Knowledge) -> Vec<Candidate> {
    let events = knowledge.schema.iter().flat_map(|schema| schema.events());
    let mut events: Vec<_> = events.map(|event| event.name().to_owned()).collect();
    events.sort_unstable();
    ["events".to_owned()]
        .iter()
        .chain(&knowledge.commands)
        .chain(&events)
        .map(|name| Candidate::plain(name, " "))
        .collect()
}

/// Names of members at the end of a key.
fn keys(cursor: &Cursor<'_>, knowledge: &Knowledge) -> (usize, Vec<Candidate>) {
    let Part::Key { path, prefix } = &cursor.part else { return (cursor.position, Vec::new()) };
    let start = cursor.position - prefix.len();
    let Some(place) = cursor.place(path, knowledge) else { return (start, Vec::new()) };
    let candidates = match place {
        Place::Object { .. } => {
            let names = missing(&place, cursor, path).into_iter();
            names.flat_map(|open| member(open, cursor.is_begun(path, open.name()))).collect()
        }
        Place::List { element } => indices(cursor, path, element),
    };
    (start, candidates)
}

/// Where a key leads to.
enum Place<'a> {
    /// An object, and what members it may have.
    Object { members: Vec<Member<'a>> },
    /// A list.
    List { element: Type<'a> },
}

/// The members that can still be given, those that must be first.
fn missing<'a>(place: &Place<'a>, cursor: &Cursor<'_>, path: &[String]) -> Vec<Member<'a>> {
    let Place::Object { members } = place else { return Vec::new() };
    let open = |member: &&Member<'a>| {
        !cursor.has(path, member.name())
            && (!cursor.is_begun(path, member.name()) || schema::as_object(member.ty()).is_some())
    };
    let mut found: Vec<Member<'a>> = members.iter().filter(open).copied().collect();
    // What is deprecated is possible, and the last thing to offer.
    found.sort_by_key(|member| (member.optional(), member.has_feature("deprecated")));
    found
}

/// How a member's name goes on: with `=`, with a dot, or either while nothing inside was given.
fn member(member: Member<'_>, begun: bool) -> Vec<Candidate> {
    let (name, ty) = (member.name(), member.ty());
    let optional = |text: String| if member.optional() { format!("[{text}]") } else { text };
    let mut found = Vec::new();
    let elements = schema::as_list(ty).and_then(schema::as_object);
    let object = schema::as_object(ty).is_some();
    if elements.is_some() {
        let display = optional(format!("{name}.0.<member>"));
        found.push(Candidate { display, text: format!("{name}.0.") });
    } else if object {
        found.push(Candidate { display: optional(format!("{name}.<member>")), text: format!("{name}.") });
    }
    if elements.is_none() && !begun && ty.kind() != TypeKind::Object {
        let display = optional(format!("{name}={}", schema::describe(scalars(ty).as_slice())));
        found.push(Candidate { display, text: format!("{name}=") });
    }
    found
}

/// What of a type can be written behind `=` without brackets.
fn scalars(ty: Type<'_>) -> Vec<Type<'_>> {
    let branches = schema::alternatives(ty);
    let simple: Vec<_> = branches.iter().copied().filter(|ty| ty.kind() != TypeKind::Object).collect();
    if simple.is_empty() { branches } else { simple }
}

/// Numbers of a list: the last one that was begun, and the next.
fn indices(cursor: &Cursor<'_>, path: &[String], element: Type<'_>) -> Vec<Candidate> {
    let count = cursor.indices(path);
    let after = if schema::as_object(element).is_some() { "." } else { "=" };
    let begun = count.checked_sub(1).filter(|_| after == ".");
    begun.into_iter().chain([count]).map(|index| Candidate::plain(&index.to_string(), after)).collect()
}

impl Candidate {
    /// A word, and what follows it.
    fn plain(word: &str, after: &str) -> Self {
        Self { display: word.to_owned(), text: format!("{word}{after}") }
    }
}
