//! Every rule is explained, every wrong example breaks its rule, every right one breaks none.

use std::path::Path;

use super::*;
use crate::analyse;
use crate::diag::catalogue;
use crate::source::MemoryLoader;

/// Identifiers of what is wrong with `text`.
fn found(text: impl Into<Vec<u8>>, dialect: &str) -> Vec<&'static str> {
    let loader = MemoryLoader::new().with("example.json", text);
    let dialect = if dialect.is_empty() { crate::Dialect::NEWEST } else { dialect.parse().unwrap() };
    match analyse(&loader, Path::new("example.json"), Some(dialect)).result {
        Ok(_) => Vec::new(),
        Err(found) => found.iter().map(|diagnostic| diagnostic.id()).collect(),
    }
}

#[test]
fn every_rule_is_explained_in_order() {
    let rules: Vec<_> = catalogue::ALL.iter().map(|rule| rule.id).collect();
    let explained: Vec<_> = EXPLANATIONS.iter().map(|explanation| explanation.id).collect();
    assert_eq!(explained, rules);
    assert!(EXPLANATIONS.iter().all(|explanation| !explanation.meaning.is_empty()));
}

#[test]
fn examples_break_their_rule_and_no_other() {
    let mut wrong = Vec::new();
    for Explanation { id, dialect, example, mended, .. } in EXPLANATIONS {
        let (broken, kept) = (found(*example, dialect), found(*mended, dialect));
        if !example.is_empty() && (broken.is_empty() || broken.iter().any(|found| found != id)) {
            wrong.push(format!("{id}: {broken:?}\n{example}"));
        }
        if !kept.is_empty() || example.is_empty() && !mended.is_empty() {
            wrong.push(format!("{id}: {kept:?}\n{mended}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn rules_without_example_are_broken_by_what_the_words_say() {
    let features: String = (0..63).map(|i| format!("{{ 'command': 'c{i}', 'features': [ 'f{i}' ] }}\n")).collect();
    let cases = [
        ("file-not-utf8", b"# caf\xe9\n".to_vec()),
        ("nesting-too-deep", format!("{{ 'enum': {}", "[".repeat(200)).into_bytes()),
        ("too-many-features", features.into_bytes()),
    ];
    for (id, text) in cases {
        assert_eq!(found(text, ""), [id]);
    }
    let missing = analyse(&MemoryLoader::new(), Path::new("example.json"), None).result.unwrap_err();
    assert_eq!(missing.iter().map(|diagnostic| diagnostic.id()).collect::<Vec<_>>(), ["file-unreadable"]);
    // No test writes the 4 GiB of "file-too-large".
    let bare = EXPLANATIONS.iter().filter(|explanation| explanation.example.is_empty());
    assert_eq!(bare.count(), 5);
}

#[test]
fn explanations_are_shown_with_both_examples() {
    let text = explain("flag-value").unwrap().to_string();
    let (head, rest) = text.split_once("\nWrong:\n\n").unwrap();
    assert!(head.starts_with("flag-value\n\nA flag is written only"), "{text}");
    assert!(head.lines().all(|line| line.len() <= WIDTH), "{text}");
    assert_eq!(rest, "    { 'command': 'get', 'allow-oob': false }\n\nRight:\n\n    { 'command': 'get' }\n");
    assert!(explain("doc-style").unwrap().to_string().contains("\nWrong (QEMU 10.2):\n"));
    assert_eq!(explain("flag"), None);
    assert_eq!(nearest("flag-valeu"), Some("flag-value"));
}
