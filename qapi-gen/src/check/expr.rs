//! Rules for one definition by itself: its keys, the shape of their values, its names.

use super::Pragma;
use super::def::Meta;
use super::names;
use crate::diag::{Diagnostic, Findings, Rule, catalogue, similar};
use crate::dialect::Dialect;
use crate::source::Span;
use crate::syntax::{Entry, Value};
use std::fmt;

/// The definition being checked, and where mistakes go.
pub(super) struct Context<'a> {
    pub(super) dialect: Dialect,
    pub(super) pragma: &'a Pragma,
    pub(super) meta: Meta,
    pub(super) name: &'a str,
    /// The whole definition.
    pub(super) span: Span,
    pub(super) out: &'a mut Findings,
    /// True after the first mistake.
    pub(super) failed: bool,
}

impl Context<'_> {
    pub(super) fn error(&mut self, rule: &'static Rule, span: Span, message: String) {
        self.report(Diagnostic::new(rule, message, span));
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.out.push(diagnostic.inside(self.meta.key(), self.name, self.span));
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

/// Checks that `value` has all `required` keys, and no others but `optional` ones. `None` if
/// a required one is missing.
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
        let message = format!("{what} misses key{} {}", plural(&missing), quoted(missing.clone()));
        cx.error(&catalogue::KEY_MISSING, value.span, message);
        return None;
    }
    let known = |key: &str| required.contains(&key) || optional.contains(&key);
    let unknown: Vec<&Entry> = entries.iter().filter(|entry| !known(&entry.key)).collect();
    let Some(first) = unknown.first() else {
        return Some(());
    };
    let keys: Vec<&str> = unknown.iter().map(|entry| entry.key.as_str()).collect();
    let valid: Vec<&str> = required.iter().chain(optional).copied().collect();
    let meant = similar(&first.key, valid.iter().copied());
    let message =
        format!("{what} has unknown key{} {}\nValid keys are {}.", plural(&keys), quoted(keys.clone()), quoted(valid));
    cx.report(Diagnostic::new(&catalogue::KEY_UNKNOWN, message, first.key_span).suggest(meant));
    Some(())
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
            let underscore = cx.pragma.command_names.contains(name);
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
    let endings: &[&str] = if cx.dialect.kind_reserved() { &["List", "Kind"] } else { &["List"] };
    if let Some(ending) = endings.iter().find(|ending| cx.name.ends_with(**ending)) {
        let message = format!("{} name should not end in '{ending}'", cx.meta.key());
        cx.error(&catalogue::NAME_RESERVED, span, message);
    }
}

/// Checks the general shape of a name; its stem if it is one.
fn check_shape<'n>(cx: &mut Context<'_>, name: &'n str, span: Span, what: What<'_>) -> Option<&'n str> {
    let stem = names::stem(name, cx.dialect);
    if stem.is_none() {
        cx.error(&catalogue::NAME_INVALID, span, format!("{what} has an invalid name"));
    }
    stem
}

fn check_lower(cx: &mut Context<'_>, stem: &str, span: Span, what: What<'_>, upper: bool, underscore: bool) {
    let bad = |b: u8| (b.is_ascii_uppercase() && !upper) || (b == b'_' && !underscore);
    if stem.bytes().any(bad) {
        let message = format!("name of {what} must not use uppercase or '_'");
        cx.error(&catalogue::NAME_CASE, span, message);
    }
}

/// Checks the name of a member, value, branch or feature. `free` lifts the case rules.
pub(super) fn check_part_name(cx: &mut Context<'_>, name: &str, span: Span, what: What<'_>, free: bool) {
    if cx.dialect.name_case_rules() {
        if let Some(stem) = check_shape(cx, name, span, what) {
            check_lower(cx, stem, span, what, free, free);
        }
    } else if check_shape(cx, name, span, what).is_some() && !free && name.bytes().any(|b| b.is_ascii_uppercase()) {
        cx.error(&catalogue::NAME_CASE, span, format!("{what} uses uppercase in name"));
    }
}
