//! Rules for the part of a definition that depends on its kind.

use super::cond::condition;
use super::def::{Body, Data, Flags, MemberDef, Meta, TypeRef, ValueDef};
use super::expr::{Context, What, check_keys, check_part_name};
use super::parts::{features, item_name, members, type_name, type_or_array};
use crate::diag::catalogue;
use crate::syntax::{Entry, Kind, Value};

/// Checks the part of `expr` that depends on its kind.
pub(super) fn body(cx: &mut Context<'_>, expr: &Value) -> Option<Body> {
    match cx.meta {
        Meta::Enum => enum_body(cx, expr),
        Meta::Struct => struct_body(cx, expr),
        Meta::Union => union_body(cx, expr),
        Meta::Alternate => alternate_body(cx, expr),
        Meta::Command => command_body(cx, expr),
        Meta::Event => event_body(cx, expr),
    }
}

fn may_be_free(cx: &Context<'_>) -> bool {
    cx.pragma.member_names.contains(cx.name)
}

fn enum_body(cx: &mut Context<'_>, expr: &Value) -> Option<Body> {
    check_keys(cx, expr, What::Meta(cx.meta), &["enum", "data"], &["if", "features", "prefix"])?;
    let data = expr.get("data")?;
    let Some(items) = data.as_list() else {
        let message = "'data' must be an array".to_owned();
        cx.error(&catalogue::VALUE_SHAPE, data.span, message);
        return None;
    };
    let prefix = expr.get("prefix");
    if let Some(prefix) = prefix.filter(|prefix| prefix.as_str().is_none()) {
        let message = "'prefix' must be a string".to_owned();
        cx.error(&catalogue::VALUE_SHAPE, prefix.span, message);
    }
    let free = may_be_free(cx);
    let values = items.iter().filter_map(|item| enum_value(cx, item, free)).collect();
    Some(Body::Enum { values, prefix: prefix.and_then(Value::as_str).map(str::to_owned) })
}

fn enum_value(cx: &mut Context<'_>, item: &Value, free: bool) -> Option<ValueDef> {
    let optional: &[&str] = if cx.dialect.enum_value_features() { &["if", "features"] } else { &["if"] };
    let name = item_name(cx, item, "data", optional)?;
    let what = What::Member("data", name);
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        // A digit may come first here: generated names have something in front of it.
        check_part_name(cx, &format!("d{name}"), item.span, what, free);
    } else {
        check_part_name(cx, name, item.span, what, free);
    }
    let cond = condition(cx, item, what);
    let features = features(cx, item);
    Some(ValueDef { name: name.to_owned(), cond, features, span: item.span })
}

fn struct_body(cx: &mut Context<'_>, expr: &Value) -> Option<Body> {
    check_keys(cx, expr, What::Meta(cx.meta), &["struct", "data"], &["base", "if", "features"])?;
    let free = may_be_free(cx);
    let members = members(cx, expr.get("data")?, "data", free);
    let base = match expr.get("base") {
        Some(base) => named(type_name(cx, base, What::Key("base"))?),
        None => None,
    };
    Some(Body::Struct { base, members: members? })
}

/// `ty`, unless its name is empty: QEMU takes that for no name at all.
fn named(ty: TypeRef) -> Option<TypeRef> {
    (ty.array || !ty.name.is_empty()).then_some(ty)
}

fn name_as_data(ty: TypeRef) -> Data {
    named(ty).map_or(Data::None, Data::Named)
}

/// A type name, or an object with the members of a type of its own.
fn name_or_members(cx: &mut Context<'_>, value: &Value, key: &str, free: bool) -> Option<Data> {
    if value.as_str().is_some() {
        return type_name(cx, value, What::Key(key)).map(name_as_data);
    }
    members(cx, value, key, free).map(Data::Inline)
}

fn union_body(cx: &mut Context<'_>, expr: &Value) -> Option<Body> {
    let what = What::Meta(cx.meta);
    if cx.dialect.simple_unions() {
        check_keys(cx, expr, what, &["union", "data"], &["base", "discriminator", "if", "features"])?;
    } else {
        check_keys(cx, expr, what, &["union", "base", "discriminator", "data"], &["if", "features"])?;
    }
    let free = may_be_free(cx);
    let base = match (expr.get("base"), expr.get("discriminator")) {
        (Some(base), Some(_)) => {
            let none = !base.is_truthy() && cx.dialect.empty_base_is_none();
            let base = name_or_members(cx, base, "base", free)?;
            if none { None } else { Some(base) }
        }
        (None, None) => Some(Data::None),
        (Some(_), None) => {
            cx.error(&catalogue::KEY_MISSING, expr.span, "'base' requires 'discriminator'".to_owned());
            return None;
        }
        (None, Some(_)) => None,
    };
    let Some(base) = base else {
        cx.error(&catalogue::KEY_MISSING, expr.span, "'discriminator' requires 'base'".to_owned());
        return None;
    };
    let discriminator = match expr.get("discriminator") {
        None => None,
        Some(value) => match value.as_str() {
            Some(name) => Some((name.to_owned(), value.span)),
            None => {
                let message = "'discriminator' requires a string name".to_owned();
                cx.error(&catalogue::NAME_NOT_STRING, value.span, message);
                return None;
            }
        },
    };
    let data = expr.get("data")?;
    let simple = discriminator.is_none();
    let branches = branches(cx, data, simple || !cx.dialect.name_case_rules(), simple)?;
    Some(Body::Union { base, discriminator, branches })
}

fn alternate_body(cx: &mut Context<'_>, expr: &Value) -> Option<Body> {
    check_keys(cx, expr, What::Meta(cx.meta), &["alternate", "data"], &["if", "features"])?;
    let data = expr.get("data")?;
    if !data.is_truthy() {
        let message = "'data' must not be empty".to_owned();
        cx.error(&catalogue::VALUE_SHAPE, data.span, message);
        return None;
    }
    let arrays = cx.dialect.array_alternatives();
    let branches = branches(cx, data, true, arrays)?;
    Some(Body::Alternate { branches })
}

/// The branches in `data`. `named` asks for the case rules on their names.
fn branches(cx: &mut Context<'_>, data: &Value, named: bool, arrays: bool) -> Option<Vec<MemberDef>> {
    let Some(entries) = data.as_dict() else {
        let message = "'data' must be an object".to_owned();
        cx.error(&catalogue::VALUE_SHAPE, data.span, message);
        return None;
    };
    let branches = entries.iter().filter_map(|entry| branch(cx, entry, named, arrays));
    Some(branches.collect())
}

fn branch(cx: &mut Context<'_>, entry: &Entry, named: bool, arrays: bool) -> Option<MemberDef> {
    let what = What::Member("data", &entry.key);
    if named {
        check_part_name(cx, &entry.key, entry.key_span, what, false);
    }
    if entry.value.as_dict().is_some() {
        check_keys(cx, &entry.value, what, &["type"], &["if"])?;
    }
    let cond = condition(cx, &entry.value, what);
    let ty = entry.value.get("type").unwrap_or(&entry.value);
    let ty = if arrays { type_or_array(cx, ty, what)? } else { type_name(cx, ty, what)? };
    Some(MemberDef { name: entry.key.clone(), optional: false, ty, cond, features: Vec::new(), span: entry.key_span })
}

/// `data` of a command or event.
fn data(cx: &mut Context<'_>, expr: &Value) -> Option<Data> {
    let boxed = expr.get("boxed").is_some_and(Value::is_truthy);
    match expr.get("data") {
        None if boxed => {
            let message = "'boxed': true requires 'data'".to_owned();
            cx.error(&catalogue::BOXED_NEEDS_DATA, expr.span, message);
            None
        }
        None => Some(Data::None),
        Some(data) if boxed => type_name(cx, data, What::Key("data")).map(name_as_data),
        Some(data) => match name_or_members(cx, data, "data", false)? {
            Data::Inline(members) if members.is_empty() => Some(Data::None),
            data => Some(data),
        },
    }
}

fn command_body(cx: &mut Context<'_>, expr: &Value) -> Option<Body> {
    let optional = [
        "data",
        "returns",
        "boxed",
        "if",
        "features",
        "gen",
        "success-response",
        "allow-oob",
        "allow-preconfig",
        "coroutine",
    ];
    check_keys(cx, expr, What::Meta(cx.meta), &["command"], &optional)?;
    let data = data(cx, expr);
    let returns = match expr.get("returns") {
        Some(returns) => named(type_or_array(cx, returns, What::Key("returns"))?),
        None => None,
    };
    Some(Body::Command {
        data: data?,
        returns,
        flags: Flags {
            boxed: is_set(expr, "boxed"),
            generated: expr.get("gen").is_none(),
            success_response: expr.get("success-response").is_none(),
            allow_oob: is_set(expr, "allow-oob"),
            allow_preconfig: is_set(expr, "allow-preconfig"),
            coroutine: is_set(expr, "coroutine"),
        },
    })
}

fn event_body(cx: &mut Context<'_>, expr: &Value) -> Option<Body> {
    check_keys(cx, expr, What::Meta(cx.meta), &["event"], &["data", "boxed", "if", "features"])?;
    Some(Body::Event { data: data(cx, expr)?, boxed: is_set(expr, "boxed") })
}

fn is_set(expr: &Value, flag: &str) -> bool {
    matches!(expr.get(flag).map(|value| &value.kind), Some(Kind::Bool(true)))
}

/// Each flag has one value that it may be given.
pub(super) fn flags(cx: &mut Context<'_>, expr: &Value) {
    let only = [
        ("gen", false),
        ("success-response", false),
        ("boxed", true),
        ("allow-oob", true),
        ("allow-preconfig", true),
        ("coroutine", true),
    ];
    for (flag, wanted) in only {
        if let Some(value) = expr.get(flag)
            && !matches!(value.kind, Kind::Bool(on) if on == wanted)
        {
            let message = format!("flag '{flag}' may only use {wanted} value");
            cx.error(&catalogue::FLAG_VALUE, value.span, message);
        }
    }
    if let (Some(value), Some(_)) = (expr.get("allow-oob"), expr.get("coroutine")) {
        let message = "flags 'allow-oob' and 'coroutine' are incompatible".to_owned();
        cx.error(&catalogue::FLAG_CONFLICT, value.span, message);
    }
}
