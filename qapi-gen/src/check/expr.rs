//! Rules for one definition by itself: its keys, the shape of their values, its names.

use super::cond::condition;
use super::def::{Body, Data, Flags, MemberDef, Meta, TypeRef, ValueDef};
use super::names;
use super::{Dialect, Pragma};
use crate::diag::{Diagnostic, Rule, catalogue};
use crate::ir::Feature;
use crate::source::Span;
use crate::syntax::{Entry, Kind, Value};
use std::fmt;

/// The definition being checked, and where mistakes go.
pub(super) struct Context<'a> {
    pub(super) dialect: Dialect,
    pub(super) pragma: &'a Pragma,
    pub(super) meta: Meta,
    pub(super) name: &'a str,
    /// The whole definition.
    pub(super) span: Span,
    pub(super) out: &'a mut Vec<Diagnostic>,
    /// True after the first mistake.
    pub(super) failed: bool,
}

impl Context<'_> {
    pub(super) fn error(&mut self, rule: &'static Rule, span: Span, message: String) {
        let diagnostic = Diagnostic::new(rule, message, span);
        self.out
            .push(diagnostic.inside(self.meta.key(), self.name, self.span));
        self.failed = true;
    }
}

/// What a message is about. It is put in words only when there is a message.
#[derive(Clone, Copy)]
pub(super) enum What<'a> {
    /// The definition: `struct`.
    Meta(Meta),
    /// A key: `'data'`.
    Key(&'a str),
    /// A named part: `'data' member 'x'`.
    Member(&'a str, &'a str),
    /// A part without a name so far: `'data' member`.
    Item(&'a str),
    /// `'if' condition of ...`.
    Condition(&'a What<'a>),
}

impl fmt::Display for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meta(meta) => f.write_str(meta.key()),
            Self::Key(key) => write!(f, "'{key}'"),
            Self::Member(key, name) => write!(f, "'{key}' member '{name}'"),
            Self::Item(key) => write!(f, "'{key}' member"),
            Self::Condition(of) => write!(f, "'if' condition of {of}"),
        }
    }
}

/// Checks that `value` has all `required` keys, and no others but `optional` ones.
pub(super) fn check_keys(
    cx: &mut Context<'_>,
    value: &Value,
    what: What<'_>,
    required: &[&str],
    optional: &[&str],
) -> Option<()> {
    let entries = value.as_dict().unwrap_or_default();
    let has = |key: &&&str| entries.iter().any(|entry| entry.key == **key);
    let missing: Vec<&str> = required.iter().filter(|key| !has(key)).copied().collect();
    if !missing.is_empty() {
        let message = format!(
            "{what} misses key{} {}",
            plural(&missing),
            quoted(missing.clone())
        );
        cx.error(&catalogue::KEY_MISSING, value.span, message);
        return None;
    }
    let known = |key: &str| required.contains(&key) || optional.contains(&key);
    let unknown: Vec<&Entry> = entries.iter().filter(|entry| !known(&entry.key)).collect();
    let Some(first) = unknown.first() else {
        return Some(());
    };
    let keys: Vec<&str> = unknown.iter().map(|entry| entry.key.as_str()).collect();
    let valid = required.iter().chain(optional).copied().collect();
    let message = format!(
        "{what} has unknown key{} {}\nValid keys are {}.",
        plural(&keys),
        quoted(keys.clone()),
        quoted(valid)
    );
    cx.error(&catalogue::KEY_UNKNOWN, first.key_span, message);
    None
}

fn plural(items: &[&str]) -> &'static str {
    if items.len() == 1 { "" } else { "s" }
}

/// The items in quotes, sorted.
fn quoted(mut items: Vec<&str>) -> String {
    items.sort_unstable();
    let items: Vec<String> = items.iter().map(|item| format!("'{item}'")).collect();
    items.join(", ")
}

/// Checks the name of the definition.
pub(super) fn definition_name(cx: &mut Context<'_>, span: Span) {
    let (meta, name) = (cx.meta, cx.name);
    let what = What::Meta(meta);
    if !cx.dialect.name_case_rules() {
        check_shape(cx, name, span, what);
        return reserved_ending(cx, span);
    }
    let Some(stem) = check_shape(cx, name, span, what) else {
        return;
    };
    match meta {
        Meta::Event => {
            if stem.bytes().any(|b| b.is_ascii_lowercase() || b == b'-') {
                let message = format!("name of {what} must not use lowercase or '-'");
                cx.error(&catalogue::NAME_CASE, span, message);
            }
        }
        Meta::Command => {
            let underscore = cx.pragma.command_names.iter().any(|known| known == name);
            check_lower(cx, stem, span, what, false, underscore);
        }
        _ => {
            if !names::is_camel(stem) {
                let message = format!("name of {what} must use CamelCase");
                return cx.error(&catalogue::NAME_CASE, span, message);
            }
            reserved_ending(cx, span);
        }
    }
}

fn reserved_ending(cx: &mut Context<'_>, span: Span) {
    let endings: &[&str] = if cx.dialect.kind_reserved() {
        &["List", "Kind"]
    } else {
        &["List"]
    };
    if let Some(ending) = endings.iter().find(|ending| cx.name.ends_with(**ending)) {
        let message = format!("{} name should not end in '{ending}'", cx.meta.key());
        cx.error(&catalogue::NAME_RESERVED, span, message);
    }
}

/// Checks the general shape of a name; its stem if it is one.
fn check_shape<'n>(
    cx: &mut Context<'_>,
    name: &'n str,
    span: Span,
    what: What<'_>,
) -> Option<&'n str> {
    let stem = names::stem(name, cx.dialect);
    if stem.is_none() {
        cx.error(
            &catalogue::NAME_INVALID,
            span,
            format!("{what} has an invalid name"),
        );
    }
    stem
}

fn check_lower(
    cx: &mut Context<'_>,
    stem: &str,
    span: Span,
    what: What<'_>,
    upper: bool,
    underscore: bool,
) {
    let bad = |b: u8| (b.is_ascii_uppercase() && !upper) || (b == b'_' && !underscore);
    if stem.bytes().any(bad) {
        let message = format!("name of {what} must not use uppercase or '_'");
        cx.error(&catalogue::NAME_CASE, span, message);
    }
}

/// Checks the name of a member, value, branch or feature. `free` lifts the case rules.
fn check_part_name(cx: &mut Context<'_>, name: &str, span: Span, what: What<'_>, free: bool) {
    if cx.dialect.name_case_rules() {
        if let Some(stem) = check_shape(cx, name, span, what) {
            check_lower(cx, stem, span, what, free, free);
        }
    } else if check_shape(cx, name, span, what).is_some()
        && !free
        && name.bytes().any(|b| b.is_ascii_uppercase())
    {
        cx.error(
            &catalogue::NAME_CASE,
            span,
            format!("{what} uses uppercase in name"),
        );
    }
}

/// A string that must be a type name.
fn type_name(cx: &mut Context<'_>, value: &Value, what: What<'_>) -> Option<TypeRef> {
    match &value.kind {
        Kind::Str(name) => Some(TypeRef {
            name: name.clone(),
            array: false,
            span: value.span,
        }),
        Kind::List(_) if !cx.dialect.array_wording() => {
            cx.error(
                &catalogue::VALUE_SHAPE,
                value.span,
                format!("{what} cannot be an array"),
            );
            None
        }
        _ => {
            cx.error(
                &catalogue::VALUE_SHAPE,
                value.span,
                format!("{what} should be a type name"),
            );
            None
        }
    }
}

/// `'Type'` or `['Type']`.
fn type_or_array(cx: &mut Context<'_>, value: &Value, what: What<'_>) -> Option<TypeRef> {
    let message = match &value.kind {
        Kind::Str(_) => return type_name(cx, value, what),
        Kind::List(items) => {
            if let [item] = items.as_slice()
                && let Some(name) = item.as_str()
            {
                return Some(TypeRef {
                    name: name.to_owned(),
                    array: true,
                    span: value.span,
                });
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
fn members(cx: &mut Context<'_>, value: &Value, key: &str, free: bool) -> Option<Vec<MemberDef>> {
    let Some(entries) = value.as_dict() else {
        let message = match &value.kind {
            Kind::List(_) if !cx.dialect.array_wording() => format!("'{key}' cannot be an array"),
            _ => format!("'{key}' should be an object or type name"),
        };
        cx.error(&catalogue::VALUE_SHAPE, value.span, message);
        return None;
    };
    let members = entries
        .iter()
        .filter_map(|entry| member(cx, entry, key, free));
    Some(members.collect())
}

fn member(cx: &mut Context<'_>, entry: &Entry, key: &str, free: bool) -> Option<MemberDef> {
    let what = What::Member(key, &entry.key);
    let optional = entry.key.starts_with('*');
    let name = entry.key.strip_prefix('*').unwrap_or(&entry.key);
    check_part_name(cx, name, entry.key_span, what, free);
    // 5.2 looks at the name with its `*` here, so that `*u` passes.
    if names::reserved_member(name) && (cx.dialect.name_case_rules() || !optional) {
        cx.error(
            &catalogue::NAME_RESERVED,
            entry.key_span,
            format!("{what} uses reserved name"),
        );
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
    check_part_name(cx, name, item.span, what, false);
    let cond = condition(cx, item, what);
    Some(Feature {
        name: name.to_owned(),
        cond,
    })
}

/// The name of an item that is `'name'` or `{ 'name': 'name', ... }`.
fn item_name<'v>(
    cx: &mut Context<'_>,
    item: &'v Value,
    key: &str,
    optional: &[&str],
) -> Option<&'v str> {
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
    cx.pragma.member_names.iter().any(|known| known == cx.name)
}

fn enum_body(cx: &mut Context<'_>, expr: &Value) -> Option<Body> {
    check_keys(
        cx,
        expr,
        What::Meta(cx.meta),
        &["enum", "data"],
        &["if", "features", "prefix"],
    )?;
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
    let values = items
        .iter()
        .filter_map(|item| enum_value(cx, item, free))
        .collect();
    Some(Body::Enum {
        values,
        prefix: prefix.and_then(Value::as_str).map(str::to_owned),
    })
}

fn enum_value(cx: &mut Context<'_>, item: &Value, free: bool) -> Option<ValueDef> {
    let optional: &[&str] = if cx.dialect.enum_value_features() {
        &["if", "features"]
    } else {
        &["if"]
    };
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
    Some(ValueDef {
        name: name.to_owned(),
        cond,
        features,
        span: item.span,
    })
}

fn struct_body(cx: &mut Context<'_>, expr: &Value) -> Option<Body> {
    check_keys(
        cx,
        expr,
        What::Meta(cx.meta),
        &["struct", "data"],
        &["base", "if", "features"],
    )?;
    let free = may_be_free(cx);
    let members = members(cx, expr.get("data")?, "data", free);
    let base = match expr.get("base") {
        Some(base) => Some(type_name(cx, base, What::Key("base"))?),
        None => None,
    };
    Some(Body::Struct {
        base,
        members: members?,
    })
}

/// A type name, or an object with the members of a type of its own.
fn name_or_members(cx: &mut Context<'_>, value: &Value, key: &str, free: bool) -> Option<Data> {
    if value.as_str().is_some() {
        return type_name(cx, value, What::Key(key)).map(Data::Named);
    }
    members(cx, value, key, free).map(Data::Inline)
}

fn union_body(cx: &mut Context<'_>, expr: &Value) -> Option<Body> {
    let what = What::Meta(cx.meta);
    if cx.dialect.simple_unions() {
        check_keys(
            cx,
            expr,
            what,
            &["union", "data"],
            &["base", "discriminator", "if", "features"],
        )?;
    } else {
        check_keys(
            cx,
            expr,
            what,
            &["union", "base", "discriminator", "data"],
            &["if", "features"],
        )?;
    }
    let free = may_be_free(cx);
    let base = match (expr.get("base"), expr.get("discriminator")) {
        (Some(base), Some(_)) => name_or_members(cx, base, "base", free)?,
        (None, None) => Data::None,
        (base, _) => {
            let message = if base.is_some() {
                "'base' requires 'discriminator'"
            } else {
                "'discriminator' requires 'base'"
            };
            cx.error(&catalogue::KEY_MISSING, expr.span, message.to_owned());
            return None;
        }
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
    Some(Body::Union {
        base,
        discriminator,
        branches,
    })
}

fn alternate_body(cx: &mut Context<'_>, expr: &Value) -> Option<Body> {
    check_keys(
        cx,
        expr,
        What::Meta(cx.meta),
        &["alternate", "data"],
        &["if", "features"],
    )?;
    let data = expr.get("data")?;
    let empty = match &data.kind {
        Kind::Str(text) => text.is_empty(),
        Kind::Bool(on) => !on,
        Kind::List(items) => items.is_empty(),
        Kind::Dict(entries) => entries.is_empty(),
    };
    if empty {
        let message = "'data' must not be empty".to_owned();
        cx.error(&catalogue::VALUE_SHAPE, data.span, message);
        return None;
    }
    let arrays = cx.dialect.array_alternatives();
    let branches = branches(cx, data, true, arrays)?;
    Some(Body::Alternate { branches })
}

/// The branches in `data`. `named` asks for the case rules on their names.
fn branches(
    cx: &mut Context<'_>,
    data: &Value,
    named: bool,
    arrays: bool,
) -> Option<Vec<MemberDef>> {
    let Some(entries) = data.as_dict() else {
        let message = "'data' must be an object".to_owned();
        cx.error(&catalogue::VALUE_SHAPE, data.span, message);
        return None;
    };
    let branches = entries
        .iter()
        .filter_map(|entry| branch(cx, entry, named, arrays));
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
    let ty = if arrays {
        type_or_array(cx, ty, what)?
    } else {
        type_name(cx, ty, what)?
    };
    Some(MemberDef {
        name: entry.key.clone(),
        optional: false,
        ty,
        cond,
        features: Vec::new(),
        span: entry.key_span,
    })
}

/// `data` of a command or event.
fn data(cx: &mut Context<'_>, expr: &Value) -> Option<Data> {
    let boxed = expr
        .get("boxed")
        .is_some_and(|value| !matches!(value.kind, Kind::Bool(false)));
    match expr.get("data") {
        None if boxed => {
            let message = "'boxed': true requires 'data'".to_owned();
            cx.error(&catalogue::BOXED_NEEDS_DATA, expr.span, message);
            None
        }
        None => Some(Data::None),
        Some(data) if boxed => type_name(cx, data, What::Key("data")).map(Data::Named),
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
        Some(returns) => Some(type_or_array(cx, returns, What::Key("returns"))?),
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
    check_keys(
        cx,
        expr,
        What::Meta(cx.meta),
        &["event"],
        &["data", "boxed", "if", "features"],
    )?;
    Some(Body::Event {
        data: data(cx, expr)?,
        boxed: is_set(expr, "boxed"),
    })
}

fn is_set(expr: &Value, flag: &str) -> bool {
    matches!(
        expr.get(flag).map(|value| &value.kind),
        Some(Kind::Bool(true))
    )
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
