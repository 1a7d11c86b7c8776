//! Tests of the rules for single definitions, and of dialects.

use super::cond::parse_c;
use super::*;
use crate::analyse;
use crate::ir::Cond;
use crate::source::MemoryLoader;
use std::path::Path;

/// The messages about `text` as `release` has it, each with its id.
fn messages(text: &str, release: &str) -> Vec<String> {
    let loader = MemoryLoader::new().with("a.json", text);
    let dialect = release.parse().expect("a release");
    match analyse(&loader, Path::new("a.json"), Some(dialect)).result {
        Ok(_) => Vec::new(),
        Err(found) => found.iter().map(|d| format!("{}: {}", d.id(), d.message)).collect(),
    }
}

fn accepted(text: &str, release: &str) {
    assert_eq!(messages(text, release), [""; 0], "{text} as {release}");
}

fn refused(text: &str, release: &str, wanted: &str) {
    let found = messages(text, release);
    assert_eq!(found.first().map(String::as_str), Some(wanted), "{text} as {release}");
}

#[test]
fn releases_become_dialects() {
    let parse = |text: &str| text.parse::<Dialect>().map(|dialect| dialect.to_string());
    assert_eq!(parse("7.2.22").as_deref(), Ok("7.2"));
    assert_eq!(parse("10.0.13").as_deref(), Ok("10.0"));
    assert_eq!(parse("9.0").as_deref(), Ok("9.0"));
    assert_eq!(parse("8.3").as_deref(), Ok("8.2"));
    assert_eq!(parse("11.1").as_deref(), Ok("10.2"));
    for bad in ["", "x", "5.1", "7.x", "7..2"] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn keys_are_checked() {
    let cases = [
        ("{ 'struct': 'Ab' }", "key-missing: struct misses key 'data'"),
        (
            "{ 'struct': 'Ab', 'data': {}, 'z': true, 'y': true }",
            "key-unknown: struct has unknown keys 'y', 'z'\nValid keys are 'base', 'data', 'features', 'if', 'struct'.",
        ),
        ("{ 'union': 'Ab', 'data': {} }", "key-missing: union misses keys 'base', 'discriminator'"),
        ("{ 'struct': true, 'data': {} }", "name-not-string: 'struct' requires a string name"),
        (
            "{ 'structure': 'Ab' }",
            "meta-ambiguous: expression must have exactly one key 'enum', 'struct', 'union', 'alternate', 'command', 'event'",
        ),
        ("{ 'enum': 'Ab', 'data': {} }", "value-shape: 'data' must be an array"),
        ("{ 'enum': 'Ab', 'data': [ {} ] }", "key-missing: 'data' member misses key 'name'"),
        ("{ 'enum': 'Ab', 'data': [ [] ] }", "name-not-string: 'data' member requires a string name"),
        ("{ 'alternate': 'Ab', 'data': {} }", "value-shape: 'data' must not be empty"),
        ("{ 'command': 'a', 'data': true }", "value-shape: 'data' should be an object or type name"),
        ("{ 'command': 'a', 'data': { 'x': true } }", "value-shape: 'data' member 'x' should be a type name or array"),
        (
            "{ 'command': 'a', 'data': { 'x': [] } }",
            "value-shape: 'data' member 'x': array type must contain single type name",
        ),
        ("{ 'command': 'a', 'boxed': true }", "boxed-needs-data: 'boxed': true requires 'data'"),
        ("{ 'command': 'a', 'boxed': true, 'data': {} }", "value-shape: 'data' should be a type name"),
        ("{ 'command': 'a', 'gen': true }", "flag-value: flag 'gen' may only use false value"),
        (
            "{ 'command': 'a', 'allow-oob': true, 'coroutine': true }",
            "flag-conflict: flags 'allow-oob' and 'coroutine' are incompatible",
        ),
        ("{ 'struct': 'Ab', 'data': {}, 'features': 'x' }", "value-shape: 'features' must be an array"),
    ];
    for (text, wanted) in cases {
        refused(text, "10.0", wanted);
    }
}

#[test]
fn names_are_checked() {
    let cases = [
        ("{ 'struct': 'ab', 'data': {} }", "name-case: name of struct must use CamelCase"),
        ("{ 'struct': 'ABC', 'data': {} }", "name-case: name of struct must use CamelCase"),
        ("{ 'struct': 'AbList', 'data': {} }", "name-reserved: struct name should not end in 'List'"),
        ("{ 'event': 'A-B' }", "name-case: name of event must not use lowercase or '-'"),
        ("{ 'command': 'a_b' }", "name-case: name of command must not use uppercase or '_'"),
        ("{ 'command': 'q-b' }", "name-invalid: command has an invalid name"),
        ("{ 'command': '1b' }", "name-invalid: command has an invalid name"),
        ("{ 'enum': 'Ab', 'data': [''] }", "name-invalid: 'data' member '' has an invalid name"),
        ("{ 'command': 'a', 'data': { 'u': 'int' } }", "name-reserved: 'data' member 'u' uses reserved name"),
        ("{ 'command': 'a', 'data': { '*has-x': 'int' } }", "name-reserved: 'data' member '*has-x' uses reserved name"),
        (
            "{ 'pragma': { 'member-name-exceptions': ['a'] } } { 'command': 'a', 'data': { 'X': 'int' } }",
            "name-case: name of 'data' member 'X' must not use uppercase or '_'",
        ),
    ];
    for (text, wanted) in cases {
        refused(text, "10.0", wanted);
    }
    accepted("{ 'struct': '__com.example_Ab', 'data': { 'x-y': 'int', '__com.example_z': 'int' } }", "7.2");
    accepted("{ 'enum': 'Ab', 'data': ['1', '2-x'] }", "7.2");
    accepted("{ 'struct': 'Ab', 'data': { 'X_y': 'int' } } { 'pragma': { 'member-name-exceptions': ['Ab'] } }", "7.2");
    accepted("{ 'command': 'a_b' } { 'pragma': { 'command-name-exceptions': ['a_b'] } }", "7.2");
}

#[test]
fn names_were_freer_in_5_2() {
    accepted("{ 'struct': 'ab', 'data': { 'a_b': 'int', '*u': 'int' } } { 'command': 'a_B' }", "5.2");
    refused("{ 'struct': 'AbKind', 'data': {} }", "5.2", "name-reserved: struct name should not end in 'Kind'");
    refused("{ 'command': 'get-List' }", "5.2", "name-reserved: command name should not end in 'List'");
    refused("{ 'struct': 'Ab', 'data': { 'X': 'int' } }", "5.2", "name-case: 'data' member 'X' uses uppercase in name");
    accepted("{ 'pragma': { 'name-case-whitelist': ['Ab'] } } { 'struct': 'Ab', 'data': { 'X': 'int' } }", "5.2");
}

#[test]
fn pragmas_are_checked() {
    let cases = [
        ("{ 'pragma': [] }", "pragma-invalid: value of 'pragma' must be an object"),
        ("{ 'pragma': {}, 'x': 'y' }", "pragma-invalid: invalid 'pragma' directive"),
        ("{ 'pragma': { 'x': true } }", "pragma-unknown: unknown pragma 'x'"),
        ("{ 'pragma': { 'doc-required': 'yes' } }", "pragma-value: pragma 'doc-required' must be boolean"),
        (
            "{ 'pragma': { 'command-name-exceptions': 'x' } }",
            "pragma-value: pragma command-name-exceptions must be a list of strings",
        ),
    ];
    for (text, wanted) in cases {
        refused(text, "7.2", wanted);
    }
    accepted("{ 'pragma': {} }", "7.2");
    let newer = "{ 'pragma': { 'documentation-exceptions': [] } }";
    accepted(newer, "9.0");
    refused(newer, "8.2", "pragma-unknown: unknown pragma 'documentation-exceptions'");
}

#[test]
fn conditions_have_two_spellings() {
    let with = |cond: &str| format!("{{ 'command': 'a', 'if': {cond} }}");
    for good in ["'CONFIG_A'", "{ 'not': { 'any': ['A', { 'all': ['B1', 'C'] }] } }"] {
        accepted(&with(good), "6.2");
    }
    let cases = [
        ("'defined(A)'", "'if' condition 'defined(A)' of command is not a valid identifier"),
        ("[ 'A' ]", "'if' condition of command must be a string or an object"),
        ("{}", "'if' condition of command has conflicting keys"),
        ("{ 'all': ['A'], 'any': ['B'] }", "'if' condition of command has conflicting keys"),
        ("{ 'all': [] }", "'if' condition [] of command is useless"),
        ("{ 'any': 'A' }", "'any' condition of command must be an array"),
        ("{ 'not': ['A'] }", "'if' condition of command must be a string or an object"),
    ];
    for (cond, wanted) in cases {
        refused(&with(cond), "10.0", &format!("condition-invalid: {wanted}"));
    }
    for good in ["'defined(A) && !defined(B)'", "['defined(A)', 'whatever < 3']"] {
        accepted(&with(good), "6.1");
    }
    refused(&with("' '"), "6.1", "condition-invalid: 'if' condition ' ' of command makes no sense");
    refused(&with("[]"), "5.2", "condition-invalid: 'if' condition [] of command is useless");
}

#[test]
fn c_conditions_are_understood() {
    let symbol = |name: &str| Cond::Symbol(name.to_owned());
    assert_eq!(parse_c("defined(A)"), symbol("A"));
    assert_eq!(parse_c(" defined A "), symbol("A"));
    assert_eq!(
        parse_c("defined(A) && !(defined(B) || C)"),
        Cond::All(vec![symbol("A"), Cond::Not(Box::new(Cond::Any(vec![symbol("B"), symbol("C")])))])
    );
    assert_eq!(parse_c("A && B || C"), Cond::Any(vec![Cond::All(vec![symbol("A"), symbol("B")]), symbol("C")]));
    assert_eq!(parse_c("X > 3"), symbol("X > 3"));
}

#[test]
fn comments_belong_to_definitions() {
    let cases = [
        ("{ 'pragma': { 'doc-required': true } } { 'command': 'a' }", "doc-required: documentation comment required"),
        ("##\n# @a:\n##\n{ 'command': 'b' }", "doc-symbol: documentation comment is for 'a'"),
        ("##\n# text\n##\n{ 'command': 'b' }", "doc-required: definition documentation required"),
        ("##\n# @a:\n##\n{ 'pragma': {} }", "doc-misplaced: documentation for 'a' is not followed by the definition"),
        ("##\n# @a:\n##\n", "doc-misplaced: documentation for 'a' is not followed by the definition"),
        (
            "##\n# @A:\n#\n# Returns: x\n##\n{ 'event': 'A' }",
            "doc-section: 'Returns' section is only valid for commands",
        ),
        (
            "##\n# @a:\n#\n# Returns: x\n##\n{ 'command': 'a' }",
            "doc-section: 'Returns' section, but command doesn't return anything",
        ),
        (
            "##\n# @a:\n##\n{ 'command': 'a', 'data': { 'x': 'int' } }",
            "doc-member-missing: member 'x' lacks documentation",
        ),
        (
            "##\n# @a:\n##\n{ 'command': 'a', 'features': ['x'] }",
            "doc-feature-missing: feature 'x' lacks documentation",
        ),
        ("##\n# @a:\n#\n# @x: y\n##\n{ 'command': 'a' }", "doc-member-unknown: documented member 'x' does not exist"),
    ];
    for (text, wanted) in cases {
        refused(text, "10.0", wanted);
    }
    accepted("##\n# @a:\n##\n{ 'command': 'a', 'data': { 'x': 'int' } }", "7.2");
    accepted(
        "{ 'pragma': { 'documentation-exceptions': ['a'] } }\n##\n# @a:\n##\n{ 'command': 'a', 'data': { 'x': 'int' } }",
        "9.0",
    );
}

#[test]
fn the_dialect_is_detected() {
    let detect = |text: &str| {
        let loader = MemoryLoader::new().with("a.json", text);
        let analysis = analyse(&loader, Path::new("a.json"), None);
        let count = analysis.result.err().map_or(0, |found| found.len());
        (analysis.dialect.to_string(), count)
    };
    assert_eq!(detect("{ 'command': 'a' }"), ("10.2".to_owned(), 0));
    assert_eq!(detect("{ 'command': 'a', 'if': 'defined(A)' }"), ("6.1".to_owned(), 0));
    assert_eq!(detect("{ 'command': 'A', 'if': 'defined(A)' }"), ("5.2".to_owned(), 0));
    let comment = "##\n# @a:\n# Text.\n# Features:\n# @f: text\n##\n";
    assert_eq!(detect(&format!("{comment}{{ 'command': 'a', 'features': ['f'] }}")), ("8.1".to_owned(), 0));
    // A mistake stays one although 5.2 would not see it.
    let mistakes = "{ 'command': 'A' } { 'command': 'b', 'data': 'None' }";
    assert_eq!(detect(mistakes), ("10.2".to_owned(), 2));
    assert_eq!(
        detect(&format!("{comment}{{ 'command': 'a', 'features': ['f'], 'data': 'None' }}")),
        ("8.1".to_owned(), 1)
    );
}
