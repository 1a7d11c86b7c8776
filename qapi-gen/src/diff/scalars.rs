//! Which values a built-in type has, and how two types compare that are not of one kind.

use super::rules::Values;
use crate::ir::{Builtin, Schema, TypeId, TypeKind};

/// The kind of JSON value that selects a branch of an alternate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Number,
    Boolean,
    String,
    Array,
    Object,
    /// Alternates, `any`.
    Several,
}

/// The kind of JSON value that a type is.
pub(super) fn json(kind: &TypeKind) -> Json {
    match kind {
        TypeKind::Builtin(Builtin::Null) => Json::Null,
        TypeKind::Builtin(Builtin::Bool) => Json::Boolean,
        TypeKind::Builtin(Builtin::Str) | TypeKind::Enum(_) => Json::String,
        TypeKind::Builtin(Builtin::Any) | TypeKind::Alternate(_) => Json::Several,
        TypeKind::Builtin(_) => Json::Number,
        TypeKind::Array(_) => Json::Array,
        TypeKind::Object(_) => Json::Object,
    }
}

/// Least and greatest value of an integer type.
fn range(builtin: Builtin) -> Option<(i128, i128)> {
    Some(match builtin {
        Builtin::Int8 => (i8::MIN.into(), i8::MAX.into()),
        Builtin::Int16 => (i16::MIN.into(), i16::MAX.into()),
        Builtin::Int32 => (i32::MIN.into(), i32::MAX.into()),
        Builtin::Int | Builtin::Int64 => (i64::MIN.into(), i64::MAX.into()),
        Builtin::Uint8 => (0, u8::MAX.into()),
        Builtin::Uint16 => (0, u16::MAX.into()),
        Builtin::Uint32 => (0, u32::MAX.into()),
        Builtin::Uint64 | Builtin::Size => (0, u64::MAX.into()),
        _ => return None,
    })
}

/// True when every value of `inner` is a value of `outer`.
fn holds(outer: Builtin, inner: Builtin) -> bool {
    match (range(outer), range(inner)) {
        (Some(outer), Some(inner)) => outer.0 <= inner.0 && inner.1 <= outer.1,
        (None, Some(_)) => matches!(outer, Builtin::Number | Builtin::Any),
        (Some(_), None) => false,
        (None, None) => outer == inner || outer == Builtin::Any,
    }
}

/// How the values of two types compare, where that can be said without looking into them. Types of
/// one kind with an inside (two enums, two objects, ...) count as equal here.
pub(super) fn values(old: (&Schema, TypeId), new: (&Schema, TypeId)) -> Values {
    let (old, new) = (side(old), side(new));
    Values { keeps: covers(new, old), adds_none: covers(old, new), opens: is_enum(old) && is_str(new) }
}

type Side<'a> = (&'a Schema, &'a TypeKind);

fn side((schema, id): (&Schema, TypeId)) -> Side<'_> {
    (schema, &schema.ty(id).kind)
}

fn is_enum(side: Side<'_>) -> bool {
    matches!(side.1, TypeKind::Enum(_))
}

fn is_str(side: Side<'_>) -> bool {
    matches!(side.1, TypeKind::Builtin(Builtin::Str))
}

/// True when every value of `inner` is a value of `outer`.
fn covers(outer: Side<'_>, inner: Side<'_>) -> bool {
    match (outer.1, inner.1) {
        (TypeKind::Builtin(Builtin::Any), _) => true,
        (TypeKind::Builtin(outer), TypeKind::Builtin(inner)) => holds(*outer, *inner),
        (TypeKind::Builtin(Builtin::Str), TypeKind::Enum(_)) => true,
        (TypeKind::Enum(_), TypeKind::Enum(_))
        | (TypeKind::Object(_), TypeKind::Object(_))
        | (TypeKind::Array(_), TypeKind::Array(_))
        | (TypeKind::Alternate(_), TypeKind::Alternate(_)) => true,
        (TypeKind::Alternate(alternate), _) => alternate.branches.iter().any(|branch| {
            let branch = side((outer.0, branch.ty));
            json(branch.1) != Json::Several && covers(branch, inner)
        }),
        _ => false,
    }
}
