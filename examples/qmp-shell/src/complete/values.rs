//! Values that are known beforehand: names of enumerations and truth values.

use qapi_runtime::introspection::{JsonType, Type, TypeKind};

use super::Candidate;
use super::cursor::{Cursor, Part};
use crate::schema::{self, Knowledge};

/// What could stand behind the `=`.
pub(super) fn values(cursor: &Cursor<'_>, knowledge: &Knowledge) -> (usize, Vec<Candidate>) {
    let Part::Value { key, prefix } = &cursor.part else { return (cursor.position, Vec::new()) };
    let start = cursor.position - prefix.len();
    let Some(ty) = cursor.type_of(key, knowledge) else { return (start, Vec::new()) };
    match schema::as_list(ty) {
        // Of a list between commas, the last one is being typed.
        Some(element) => {
            let start = cursor.position - prefix.rsplit(',').next().map_or(0, str::len);
            let given: Vec<_> = prefix.split(',').collect();
            let mut names = names(element);
            names.retain(|name| !given.contains(&name.display.as_str()));
            names.iter_mut().for_each(|name| name.text.clone_from(&name.display));
            (start, names)
        }
        None => (start, names(ty)),
    }
}

fn names(ty: Type<'_>) -> Vec<Candidate> {
    schema::alternatives(ty).into_iter().flat_map(of_scalar).collect()
}

fn of_scalar(ty: Type<'_>) -> Vec<Candidate> {
    match ty.kind() {
        TypeKind::Builtin(JsonType::Boolean) => ["true", "false"].map(|name| Candidate::plain(name, " ")).into(),
        TypeKind::Enum => {
            let (old, values): (Vec<_>, Vec<_>) = ty.values().partition(|value| value.has_feature("deprecated"));
            values.into_iter().chain(old).map(|value| Candidate::plain(value.name(), " ")).collect()
        }
        _ => Vec::new(),
    }
}
