//! The grey text behind the cursor: what is expected there.

use qapi_runtime::introspection::{Member, Type};

use super::cursor::{Cursor, Part};
use super::{Place, missing, scalars};
use crate::schema::{self, Knowledge};

/// What is expected at the end of the line, in at most `room` characters.
pub(crate) fn hint(line: &str, position: usize, knowledge: &Knowledge, room: usize) -> Option<String> {
    let cursor = Cursor::new(line, position).filter(Cursor::at_end)?;
    let hint = match &cursor.part {
        Part::Command(name) => {
            // The arguments of a name that is complete, unless a longer one begins with it.
            let longer = knowledge.commands.iter().any(|other| other.len() > name.len() && other.starts_with(name));
            let known = knowledge.command(name).filter(|_| !longer && !name.is_empty());
            known.map(|_| arguments(&Cursor::new(&format!("{line} "), position + 1)?, &[], knowledge, " "))?
        }
        Part::Topic(_) => None,
        Part::Key { path, prefix: "" } => arguments(&cursor, path, knowledge, ""),
        Part::Key { path, prefix } => {
            let place = cursor.place(path, knowledge)?;
            let mut open =
                missing(&place, &cursor, path).into_iter().filter(|member| member.name().starts_with(prefix));
            let only = open.next().filter(|_| open.next().is_none())?;
            let rest = only.name().get(prefix.len()..)?;
            Some(format!("{rest}{}", follow(only.ty())))
        }
        Part::Value { key, prefix: "" } => Some(schema::describe(&scalars(cursor.type_of(key, knowledge)?))),
        Part::Value { .. } => None,
    }?;
    shorten(hint, room)
}

/// The members that can be given at `path`.
fn arguments(cursor: &Cursor<'_>, path: &[String], knowledge: &Knowledge, before: &str) -> Option<String> {
    let place @ Place::Object { .. } = cursor.place(path, knowledge)? else { return None };
    let wanted = |member: &Member<'_>| !member.has_feature("deprecated") && !cursor.is_begun(path, member.name());
    let shown = missing(&place, cursor, path).into_iter().filter(wanted);
    let shown = shown.map(|member| {
        let text = format!("{}{}", member.name(), follow(member.ty()));
        if member.optional() { format!("[{text}]") } else { text }
    });
    let text = shown.collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then(|| format!("{before}{text}"))
}

/// What comes behind a name.
fn follow(ty: Type<'_>) -> String {
    if schema::as_list(ty).and_then(schema::as_object).is_some() {
        return ".0.…".to_owned();
    }
    match schema::as_object(ty) {
        Some(object) if object == ty => ".…".to_owned(),
        _ => format!("={}", schema::describe(&scalars(ty))),
    }
}

/// Cuts a hint that would not fit, best between two arguments.
fn shorten(hint: String, room: usize) -> Option<String> {
    if hint.chars().count() <= room {
        return Some(hint);
    }
    let cut = hint.char_indices().nth(room.checked_sub(2)?).map(|(at, _)| at)?;
    let kept = hint.get(..cut)?;
    let space = kept.trim_end().rfind(' ').filter(|at| *at > 0)?;
    Some(format!("{} …", kept.get(..space)?))
}
