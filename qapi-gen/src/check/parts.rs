//! Rules for the parts of definitions: type names, members, features.

use super::cond::condition;
use super::def::{MemberDef, TypeRef};
use super::expr::{Context, What, check_keys, check_part_name};
use super::names;
use crate::diag::catalogue;
use crate::ir::Feature;
use crate::syntax::{Entry, Kind, Value};

/// A string that must be a type name.
pub(super) fn type_name(cx: &mut Context<'_>, value: &Value, what: What<'_>) -> Option<TypeRef> {
    match &value.kind {
        Kind::Str(name) => Some(TypeRef { name: name.clone(), array: false, span: value.span }),
        Kind::List(_) if !cx.dialect.array_wording() => {
            cx.error(&catalogue::VALUE_SHAPE, value.span, format!("{what} cannot be an array"));
            None
        }
        _ => {
            cx.error(&catalogue::VALUE_SHAPE, value.span, format!("{what} should be a type name"));
            None
        }
    }
}

/// `'Type'` or `['Type']`.
pub(super) fn type_or_array(cx: &mut Context<'_>, value: &Value, what: What<'_>) -> Option<TypeRef> {
    let message = match &value.kind {
        Kind::Str(_) => return type_name(cx, value, what),
        Kind::List(items) => {
            if let [item] = items.as_slice()
                && let Some(name) = item.as_str()
            {
                return Some(TypeRef { name: name.to_owned(), array: true, span: value.span });
            }
            format!("{what}: array type must contain single type name")
        }
        _ if cx.dialect.array_wording() => format!("{what} should be a type name or array"),
        _ => format!("{what} should be a type name"),
    };
    cx.error(&catalogue::VALUE_SHAPE, value.span, message);
    None
}

/// The members of an object that describes a type. `free` lifts the case rules of names.
pub(super) fn members(cx: &mut Context<'_>, value: &Value, key: &str, free: bool) -> Option<Vec<MemberDef>> {
    let Some(entries) = value.as_dict() else {
        let message = match &value.kind {
            Kind::List(_) if !cx.dialect.array_wording() => format!("'{key}' cannot be an array"),
            _ => format!("'{key}' should be an object or type name"),
        };
        cx.error(&catalogue::VALUE_SHAPE, value.span, message);
        return None;
    };
    let members = entries.iter().filter_map(|entry| member(cx, entry, key, free));
    Some(members.collect())
}

fn member(cx: &mut Context<'_>, entry: &Entry, key: &str, free: bool) -> Option<MemberDef> {
    let what = What::Member(key, &entry.key);
    let optional = entry.key.starts_with('*');
    let name = entry.key.strip_prefix('*').unwrap_or(&entry.key);
    check_part_name(cx, name, entry.key_span, what, free);
    // 5.2 looks at the name with its `*` here, so that `*u` passes.
    if names::reserved_member(name) && (cx.dialect.name_case_rules() || !optional) {
        cx.error(&catalogue::NAME_RESERVED, entry.key_span, format!("{what} uses reserved name"));
    }
    let plain = entry.value.as_dict().is_none();
    if !plain {
        check_keys(cx, &entry.value, what, &["type"], &["if", "features"])?;
    }
    let cond = condition(cx, &entry.value, what);
    let features = features(cx, &entry.value);
    let ty = entry.value.get("type").unwrap_or(&entry.value);
    Some(MemberDef {
        name: name.to_owned(),
        optional,
        ty: type_or_array(cx, ty, what)?,
        cond,
        features,
        span: entry.key_span,
    })
}

/// The `features` of `owner`.
pub(super) fn features(cx: &mut Context<'_>, owner: &Value) -> Vec<Feature> {
    let Some(value) = owner.get("features") else {
        return Vec::new();
    };
    let Some(items) = value.as_list() else {
        let message = "'features' must be an array".to_owned();
        cx.error(&catalogue::VALUE_SHAPE, value.span, message);
        return Vec::new();
    };
    items.iter().filter_map(|item| feature(cx, item)).collect()
}

fn feature(cx: &mut Context<'_>, item: &Value) -> Option<Feature> {
    let name = item_name(cx, item, "features", &["if"])?;
    let what = What::Member("features", name);
    check_part_name(cx, name, item.span, what, !cx.dialect.feature_case_rules());
    let cond = condition(cx, item, what);
    Some(Feature { name: name.to_owned(), cond })
}

/// The name of an item that is `'name'` or `{ 'name': 'name', ... }`.
pub(super) fn item_name<'v>(cx: &mut Context<'_>, item: &'v Value, key: &str, optional: &[&str]) -> Option<&'v str> {
    let what = What::Item(key);
    let name = if item.as_dict().is_some() {
        check_keys(cx, item, what, &["name"], optional)?;
        item.get("name")?
    } else {
        item
    };
    if name.as_str().is_none() {
        let message = format!("{what} requires a string name");
        cx.error(&catalogue::NAME_NOT_STRING, name.span, message);
    }
    name.as_str()
}
