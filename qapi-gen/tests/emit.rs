//! Whatever schema is accepted, the code for it is valid Rust, and the same twice.

use std::path::Path;

use proptest::prelude::*;
use qapi_gen::{ConditionMode, MemoryLoader, Policy, Settings};

const TYPES: usize = 8;

/// A reference to one of the types below, or to a built-in one.
fn type_name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (0..TYPES).prop_map(|n| format!("'Type{n}'")),
        1 => (0..TYPES).prop_map(|n| format!("['Type{n}']")),
        1 => prop::sample::select(vec!["'str'", "'int'", "'any'", "'null'", "'bool'"]).prop_map(str::to_owned),
    ]
}

fn members() -> impl Strategy<Value = String> {
    let member = (any::<bool>(), type_name(), prop::option::of(prop::sample::select(vec!["CONFIG_A", "CONFIG_B"])));
    prop::collection::vec(member, 0..5).prop_map(|members| {
        let one = |(n, (optional, ty, cond)): (usize, (bool, String, Option<&str>))| {
            let star = if optional { "*" } else { "" };
            let cond = cond.map(|cond| format!(", 'if': '{cond}'")).unwrap_or_default();
            format!("'{star}type-{n}': {{ 'type': {ty}{cond} }}")
        };
        members.into_iter().enumerate().map(one).collect::<Vec<_>>().join(", ")
    })
}

/// Definition number `n`: mostly structs, so that unions and alternates have something to refer to.
fn definition(n: usize) -> impl Strategy<Value = String> {
    let branches = prop::collection::vec(0..TYPES, 2);
    prop_oneof![
        4 => members().prop_map(move |members| format!("{{ 'struct': 'Type{n}', 'data': {{ {members} }} }}")),
        1 => branches.prop_map(move |branches| format!(
            "{{ 'union': 'Type{n}', 'base': {{ 'kind': 'Kind', 'x': 'Type{}' }}, 'discriminator': 'kind',
               'data': {{ 'one': 'Type{}', 'two': 'Type{}' }} }}",
            branches[0], branches[0], branches[1],
        )),
        1 => (0..TYPES).prop_map(move |branch| format!(
            "{{ 'alternate': 'Type{n}', 'data': {{ 'object': 'Type{branch}', 'text': 'str' }} }}"
        )),
        1 => Just(format!("{{ 'enum': 'Type{n}', 'data': [ 'self', '1', {{ 'name': 'a-b', 'if': 'CONFIG_A' }} ] }}")),
    ]
}

fn schema() -> impl Strategy<Value = String> {
    let definitions: Vec<_> = (0..TYPES).map(|n| definition(n).boxed()).collect();
    (definitions, members(), type_name()).prop_map(|(definitions, arguments, returns)| {
        format!(
            "{{ 'pragma': {{ 'command-returns-exceptions': [ 'go' ] }} }}
             {{ 'enum': 'Kind', 'data': [ 'one', 'two', 'three' ] }}
             {}
             {{ 'event': 'TYPE_0', 'data': {{ {} }} }}
             {{ 'command': 'go', 'returns': {returns} }}",
            definitions.join("\n"),
            // Arguments may not have conditions unless they are boxed.
            arguments.replace(", 'if': 'CONFIG_A'", "").replace(", 'if': 'CONFIG_B'", ""),
        )
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    let policy = || prop::sample::select(vec![Policy::Expose, Policy::Hide, Policy::Gate("odd".to_owned())]);
    let mode = prop::sample::select(vec![ConditionMode::Resolve, ConditionMode::Features, ConditionMode::KeepAll]);
    let symbol = prop::sample::select(vec!["all", "CONFIG_B", "CONFIG_C"]);
    (mode, symbol, policy(), policy()).prop_map(|(mode, symbol, deprecated, unstable)| {
        Settings::new().conditions(mode).cfg(symbol).deprecated(deprecated).unstable(unstable)
    })
}

proptest! {
    #[test]
    fn accepted_schemas_become_valid_rust(text in schema(), settings in settings()) {
        let loader = MemoryLoader::new().with("s.json", text);
        if let Ok(output) = qapi_gen::compile(Path::new("s.json"), &settings, &loader) {
            let text = output.text();
            prop_assert!(syn::parse_file(&text).is_ok(), "{text}");
            let again = qapi_gen::compile(Path::new("s.json"), &settings, &loader).unwrap();
            prop_assert_eq!(text, again.text());
            for file in output.module_files() {
                prop_assert!(syn::parse_file(&file.text).is_ok(), "{}", file.text);
            }
        }
    }
}

/// The generator above must not be all rejects.
#[test]
fn most_random_schemas_are_accepted() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let accepted = (0..200).filter(|_| {
        let text = schema().new_tree(&mut runner).unwrap().current();
        let loader = MemoryLoader::new().with("s.json", text);
        qapi_gen::check(Path::new("s.json"), &Settings::new(), &loader).is_ok()
    });
    let accepted = accepted.count();
    assert!(accepted > 20, "{accepted} of 200");
}
