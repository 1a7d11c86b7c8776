//! What things are called: pages, kinds, conditions, types in a line of text.

use std::collections::HashSet;

use super::html::escape;
use super::site::{Place, Site};
use crate::ir::{Builtin, Cond, Module, ObjectMeta, TypeId, TypeKind};

/// The file names of the modules' pages without `.html`, in the order of the modules.
pub(super) fn stems(modules: &[Module]) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::from(["index".to_owned()]);
    let mut stems = Vec::with_capacity(modules.len());
    for module in modules {
        let path = module.name.strip_suffix(".json").unwrap_or(&module.name);
        let parts: Vec<String> = path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).map(plain).collect();
        let short = parts.last().cloned().unwrap_or_default();
        let long = parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("-");
        let candidates = [short, if long.is_empty() { "page".to_owned() } else { long }];
        // File systems may take upper and lower case for the same.
        let free = |stem: &String| !stem.is_empty() && !taken.contains(&stem.to_ascii_lowercase());
        let numbered = (2..).map(|n| format!("{}-{n}", candidates[1]));
        let stem = candidates.iter().cloned().chain(numbered).find(free).unwrap_or_default();
        taken.insert(stem.to_ascii_lowercase());
        stems.push(stem);
    }
    stems
}

/// A part of a path as something that is safe in file names and addresses.
fn plain(part: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    part.chars().map(keep).collect::<String>().trim_start_matches(['.', '-']).to_owned()
}

/// What a type is called, also the word that colours it.
pub(super) fn kind(kind: &TypeKind) -> &'static str {
    match kind {
        TypeKind::Builtin(_) => "built-in",
        TypeKind::Enum(_) => "enum",
        TypeKind::Object(object) if object.meta == ObjectMeta::Union => "union",
        TypeKind::Object(_) => "struct",
        TypeKind::Alternate(_) => "alternate",
        TypeKind::Array(_) => "array",
    }
}

/// A condition as people say it; `None` when there is none.
pub(super) fn condition(cond: &Cond) -> Option<String> {
    match cond {
        Cond::True => None,
        _ => Some(clause(cond, false)),
    }
}

fn clause(cond: &Cond, inner: bool) -> String {
    let list = |conds: &[Cond], word: &str| {
        let clauses: Vec<_> = conds.iter().map(|cond| clause(cond, conds.len() > 1)).collect();
        let text = clauses.join(word);
        if inner && conds.len() > 1 { format!("({text})") } else { text }
    };
    match cond {
        Cond::True => "always".to_owned(),
        Cond::Symbol(name) => name.clone(),
        Cond::All(conds) => list(conds, " and "),
        Cond::Any(conds) => list(conds, " or "),
        Cond::Not(cond) => format!("not {}", clause(cond, true)),
    }
}

/// A type as HTML: its name, linked; arrays in brackets.
pub(super) fn type_link(site: &Site<'_>, from: Place, id: TypeId) -> String {
    match &site.schema.ty(id).kind {
        TypeKind::Array(element) => format!("[{}]", type_link(site, from, *element)),
        TypeKind::Object(object) if object.meta == ObjectMeta::Implicit => "object".to_owned(),
        kind => {
            let name = &site.schema.ty(id).info.name;
            let class = self::kind(kind);
            match site.address(from, name) {
                Some(address) => {
                    format!("<a class=\"{class}\" href=\"{}\">{}</a>", escape(&address), breakable(name))
                }
                None => breakable(name),
            }
        }
    }
}

/// A name as HTML that may be broken where a word begins in it.
fn breakable(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 16);
    let mut before = ' ';
    for c in name.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            out.push_str("<wbr>");
        }
        out.push_str(&escape(c.encode_utf8(&mut [0; 4])));
        before = c;
    }
    out
}

/// What a built-in type holds.
pub(super) fn builtin(builtin: Builtin) -> (&'static str, &'static str) {
    match builtin {
        Builtin::Str => ("string", "Any text."),
        Builtin::Int => ("integer", "A signed integer of 64 bits."),
        Builtin::Number => ("number", "A floating-point number of 64 bits."),
        Builtin::Bool => ("boolean", "<code>true</code> or <code>false</code>."),
        Builtin::Int8 => ("integer", "A signed integer of 8 bits."),
        Builtin::Int16 => ("integer", "A signed integer of 16 bits."),
        Builtin::Int32 => ("integer", "A signed integer of 32 bits."),
        Builtin::Int64 => ("integer", "A signed integer of 64 bits."),
        Builtin::Uint8 => ("integer", "An unsigned integer of 8 bits."),
        Builtin::Uint16 => ("integer", "An unsigned integer of 16 bits."),
        Builtin::Uint32 => ("integer", "An unsigned integer of 32 bits."),
        Builtin::Uint64 => ("integer", "An unsigned integer of 64 bits."),
        Builtin::Size => (
            "integer",
            "An unsigned integer of 64 bits that counts bytes; on command lines it may carry a suffix such as \
             <code>K</code> or <code>G</code>.",
        ),
        Builtin::Any => ("any", "Any JSON value."),
        Builtin::Null => ("null", "Only <code>null</code>."),
    }
}
