//! Rust names for schema names: case, keywords, collisions. Deterministic.

use std::collections::HashSet;

/// Words that must be written `r#word` to serve as a name; sorted.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Words that cannot be a name even in raw form.
const FORBIDDEN: &[&str] = &["self", "super", "crate", "Self"];

/// Type names that generated code itself relies on, so that no schema type may take them.
pub(crate) const RESERVED_TYPES: &[&str] = &[
    "Box",
    "Clone",
    "Commands",
    "Debug",
    "Default",
    "Err",
    "None",
    "Ok",
    "Option",
    "PartialEq",
    "Result",
    "Self",
    "Service",
    "Some",
    "Sized",
    "Vec",
];

/// `snake-case` and `SHOUTED_CASE` in Rust's type case; CamelCase input keeps its inner capitals.
///
/// A word that would begin with a digit at the start of the name is prefixed with `_`.
pub(crate) fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for word in words(name) {
        if out.ends_with(|c: char| c.is_ascii_digit()) && word.starts_with(|c: char| c.is_ascii_digit()) {
            out.push('_');
        }
        let shouted = !name.contains(|c: char| c.is_ascii_lowercase());
        let mut chars = word.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        if shouted {
            out.extend(chars.map(|c| c.to_ascii_lowercase()));
        } else {
            out.push_str(chars.as_str());
        }
    }
    guard_start(out)
}

/// A name in Rust's function and field case: `job-id`, `nPC` and `CPU` become `job_id`, `n_pc` and `cpu`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for word in words(name) {
        if !out.is_empty() {
            out.push('_');
        }
        let mut after_lower = false;
        for c in word.chars() {
            if c.is_ascii_uppercase() && after_lower {
                out.push('_');
            }
            after_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
            out.push(c.to_ascii_lowercase());
        }
    }
    guard_start(out)
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

fn guard_start(name: String) -> String {
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("_{name}") }
}

/// The identifier for a name made by [`camel`] or [`snake`].
pub(crate) fn ident(name: &str) -> String {
    if FORBIDDEN.contains(&name) {
        format!("{name}_")
    } else if KEYWORDS.binary_search(&name).is_ok() {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

/// One name space, in which every claim gets a name of its own.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    taken: HashSet<String>,
}

impl Scope {
    /// A scope in which `reserved` is already taken.
    pub(crate) fn with(reserved: &[&str]) -> Self {
        Self { taken: reserved.iter().map(|name| (*name).to_owned()).collect() }
    }

    /// `wanted` if it is free, else `wanted` with `suffix`, else that with as many `_` as it takes.
    pub(crate) fn claim(&mut self, wanted: String, suffix: &str) -> String {
        let mut name = wanted;
        if self.taken.contains(&name) {
            name.push_str(suffix);
        }
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camel_case() {
        for (from, to) in [
            ("query-block", "QueryBlock"),
            ("BLOCK_JOB_READY", "BlockJobReady"),
            ("BlockdevOptions", "BlockdevOptions"),
            ("KVMMissingCap", "KVMMissingCap"),
            ("__org.qemu_x-Enum1", "OrgQemuXEnum1"),
            ("32", "_32"),
            ("1-2", "_1_2"),
            ("x-dbg", "XDbg"),
            ("EAX", "Eax"),
        ] {
            assert_eq!(camel(from), to);
        }
    }

    #[test]
    fn snake_case() {
        for (from, to) in [
            ("job-id", "job_id"),
            ("nPC", "n_pc"),
            ("CPU", "cpu"),
            ("type", "type"),
            ("__com.redhat_drive-mirror", "com_redhat_drive_mirror"),
        ] {
            assert_eq!(snake(from), to);
        }
    }

    #[test]
    fn keywords_become_usable() {
        assert!(KEYWORDS.is_sorted());
        assert_eq!(ident("type"), "r#type");
        assert_eq!(ident("self"), "self_");
        assert_eq!(ident("lit"), "lit");
    }

    #[test]
    fn claims_never_repeat() {
        let mut scope = Scope::with(&["Commands"]);
        assert_eq!(scope.claim("Commands".to_owned(), "Type"), "CommandsType");
        assert_eq!(scope.claim("Stop".to_owned(), "Command"), "Stop");
        assert_eq!(scope.claim("Stop".to_owned(), "Event"), "StopEvent");
        assert_eq!(scope.claim("Stop".to_owned(), "Event"), "StopEvent_");
    }
}
