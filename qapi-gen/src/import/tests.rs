//! Tests of the importer: structure survives, names are readable, anything else is refused in words.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use proptest::prelude::*;

use super::*;
use crate::Settings;
use crate::json::Value;
use crate::source::DiskLoader;

/// Keys whose value is the name of a type.
const REFERENCES: [&str; 4] = ["type", "arg-type", "ret-type", "element-type"];

/// Every entity as a number that depends on its structure, and on the structure of all it refers to, but
/// not on names of types. Sorted; commands and events have their names.
fn structure(answer: &Value) -> Vec<(String, u64)> {
    let entities = answer.as_list().unwrap();
    let name = |entity: &Value| entity.get("name").and_then(Value::as_str).unwrap().to_owned();
    let mut colours: HashMap<String, u64> = entities.iter().map(|entity| (name(entity), 0)).collect();
    for _ in 0..12 {
        let next = entities.iter().map(|entity| {
            let mut hasher = DefaultHasher::new();
            shape(entity, &colours, true).hash(&mut hasher);
            (name(entity), hasher.finish())
        });
        colours = next.collect();
    }
    let shown = |entity: &Value| match entity.get("meta-type").and_then(Value::as_str) {
        Some("command" | "event" | "builtin") => name(entity),
        _ => String::new(),
    };
    let mut list: Vec<_> = entities.iter().map(|entity| (shown(entity), colours[&name(entity)])).collect();
    list.sort();
    list
}

fn shape(value: &Value, colours: &HashMap<String, u64>, top: bool) -> String {
    match value {
        Value::Dict(members) => {
            let own = top
                && matches!(
                    value.get("meta-type").and_then(Value::as_str),
                    Some("object" | "enum" | "alternate" | "array")
                );
            let mut parts = BTreeMap::new();
            for (key, value) in members {
                let text = match value.as_str() {
                    Some(name) if REFERENCES.contains(&key.as_str()) => format!("{:?}", colours.get(name)),
                    _ if own && key == "name" => continue,
                    // Where conditions leave no feature, QEMU tells an empty list.
                    _ if key == "features" && value.as_list().is_some_and(<[_]>::is_empty) => continue,
                    _ => shape(value, colours, false),
                };
                parts.insert(key.clone(), text);
            }
            format!("{parts:?}")
        }
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| shape(item, colours, false)).collect();
            format!("{items:?}")
        }
        _ => value.compact(),
    }
}

/// The order of commands and events, which is kept.
fn calls(answer: &Value) -> Vec<String> {
    let named = |entity: &Value| matches!(entity.get("meta-type").and_then(Value::as_str), Some("command" | "event"));
    let entities = answer.as_list().unwrap().iter().filter(|entity| named(entity));
    entities.map(|entity| entity.get("name").and_then(Value::as_str).unwrap().to_owned()).collect()
}

/// What the schema `text` says about itself.
fn own_answer(text: &str) -> Value {
    let loader = MemoryLoader::new().with("a.json", text);
    let answer = crate::introspect(Path::new("a.json"), &Settings::new(), &loader);
    json::parse(&answer.unwrap_or_else(|found| panic!("{found}\n{text}"))).unwrap()
}

/// Imports `answer`, and checks that nothing of its structure is lost.
fn faithful(answer: &Value) -> String {
    let text = import(&answer.compact()).unwrap_or_else(|error| panic!("{error}"));
    let own = own_answer(&text);
    assert_eq!(calls(&own), calls(answer));
    assert_eq!(structure(&own), structure(answer), "{text}");
    assert_eq!(import(&answer.compact()).unwrap(), text, "two runs are equal");
    text
}

#[test]
fn a_captured_answer_keeps_its_structure() {
    let Some(corpus) = qapi_test_support::corpus("a_captured_answer_keeps_its_structure") else {
        return;
    };
    let file = corpus.join("qemu-7.2/introspect/captured-7.2.0-x86_64.json");
    let recorded = std::fs::read_to_string(file).unwrap();
    let answers = json::parse(&recorded).unwrap();
    let answer = &answers.as_list().unwrap()[1];
    assert_eq!(answer.as_list().unwrap().len(), 1056);
    let text = faithful(answer);
    assert_eq!(import(&recorded).unwrap(), text, "the recording may be given as it is");
    for readable in [
        "{ 'struct': 'QueryStatusReply',\n  'data': { 'running': 'bool',\n",
        "{ 'command': 'blockdev-add',\n  'data': 'BlockdevAddArguments',\n  'boxed': true",
        "{ 'enum': 'ShutdownReason',\n  'data': [ 'none', ",
        "{ 'event': 'STOP' }\n",
    ] {
        assert!(text.contains(readable), "{readable}");
    }
    assert!(text.lines().all(|line| line.len() <= 120));
}

#[test]
fn answers_of_all_configurations_keep_their_structure() {
    let Some(corpus) = qapi_test_support::corpus("answers_of_all_configurations_keep_their_structure") else {
        return;
    };
    for name in ["qapi-all", "qapi-linux", "qapi-none", "qga-all", "qga-linux", "qga-none"] {
        let file = corpus.join("qemu-7.2/introspect").join(name).with_extension("json");
        let answer = json::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
        let text = faithful(&answer);
        assert!(!name.starts_with("qapi") || text.contains("'struct': 'BlockDeviceInfo'"), "{name}: names are kept");
    }
    for cfg in ["all", "NONE"] {
        let root = corpus.join("qemu-10.0/qapi/qapi-schema.json");
        let answer = crate::introspect(&root, &Settings::new().cfg(cfg), &DiskLoader).unwrap();
        faithful(&json::parse(&answer).unwrap());
    }
}

/// An answer in short: `NAME = META MORE`.
fn sample(more: &str) -> String {
    format!(
        r#"[{{"name": "do-it", "meta-type": "command", "arg-type": "1", "ret-type": "0"}},
            {{"name": "GONE", "meta-type": "event", "arg-type": "0"}},
            {{"name": "0", "meta-type": "object", "members": []}},
            {{"name": "1", "meta-type": "object", "members": [{{"name": "a", "type": "int", "default": null}}]}},
            {{"name": "int", "meta-type": "builtin", "json-type": "int"}}{more}]"#
    )
}

#[test]
fn a_small_answer_becomes_a_small_schema() {
    let text = import(&sample("")).unwrap();
    let (_, body) = text.split_once("\n\n").unwrap();
    assert_eq!(body, "{ 'command': 'do-it',\n  'data': { '*a': 'int' } }\n\n{ 'event': 'GONE' }\n\n");
    assert_eq!(import(&format!("{{\"return\": {}, \"id\": 7}}", sample(""))).unwrap(), text);
}

#[test]
fn every_kind_of_thing_survives() {
    let schema = "
        { 'pragma': { 'command-name-exceptions': [ 'old_name' ], 'command-returns-exceptions': [ 'word', 'old_name' ],
                      'member-name-exceptions': [ 'Odd', 'OddValue', 'Named' ] } }
        { 'enum': 'OddValue', 'data': [ 'UP', '4you', { 'name': 'old', 'features': [ 'deprecated' ] } ] }
        { 'struct': 'Odd', 'data': { 'the_V': [ 'OddValue' ], '*self': 'Odd' }, 'features': [ 'f1', 'f2' ] }
        { 'struct': 'Nothing', 'data': {} }
        { 'struct': 'Named', 'data': { 'An_Arg': 'any' } }
        { 'struct': 'Shared', 'data': { 'n': 'Nothing', '*list': [ 'int' ], 'z': 'null' } }
        { 'enum': 'Kind', 'data': [ 'a', 'b', 'c', { 'name': 'd', 'if': 'CONFIG_D' }, 'e' ] }
        { 'union': 'Choice', 'base': { 'kind': 'Kind', '*more': { 'type': 'str', 'features': [ 'unstable' ] } },
          'discriminator': 'kind',
          'data': { 'c': 'Nothing', 'a': 'Odd', 'd': 'Shared', 'e': { 'type': 'Shared', 'if': 'CONFIG_E' } } }
        { 'alternate': 'Ref', 'data': { 'x': 'Choice', 'l': [ 'Choice' ], 'n': 'null', 'num': 'int', 'b': 'bool', 'w': 'Kind' } }
        { 'command': 'old_name', 'data': 'Named', 'returns': [ 'str' ] }
        { 'command': 'word', 'returns': 'OddValue', 'allow-oob': true, 'features': [ 'deprecated' ] }
        { 'command': 'choose', 'data': 'Choice', 'boxed': true, 'returns': [ 'Shared' ] }
        { 'command': 'nothing', 'data': 'Nothing', 'returns': 'Nothing' }
        { 'command': 'refer', 'data': { 'ref': 'Ref', '*n': 'number' } }
        { 'command': 'lost', 'data': { 'ref': 'Lost', 'loop': 'Loop' }, 'if': 'CONFIG_LOST' }
        { 'struct': 'Lost', 'data': { 'list': [ 'Loop' ] } }
        { 'struct': 'Loop', 'data': { '*loop': 'Loop' } }
        { 'event': 'SHARED', 'data': 'Shared' }
        { 'event': 'NEVER', 'data': { 'x': 'Shared' } }";
    let answer = own_answer(schema);
    let text = faithful(&answer);
    for wanted in [
        "'command-name-exceptions': [ 'old_name' ]",
        "'command-returns-exceptions': [ 'old_name', 'word' ]",
        "'UNUSED_TYPES'",
        "'allow-oob': true",
        "'boxed': true",
    ] {
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
}

#[test]
fn names_do_not_depend_on_what_comes_later() {
    let more = r#", {"name": "do-it-2", "meta-type": "command", "arg-type": "2", "ret-type": "2"},
        {"name": "2", "meta-type": "object", "members": [{"name": "do-it", "type": "2", "default": null}]}"#;
    let (short, long) = (import(&sample("")).unwrap(), import(&sample(more)).unwrap());
    assert!(long.starts_with(short.trim_end()), "{long}");
    assert!(long.contains("'struct': 'DoIt2Arguments'"), "{long}");
}

#[test]
fn what_is_no_answer_is_refused_in_words() {
    let with = |more: &str| sample(&format!(", {more}"));
    let cases = [
        ("", "line 1, column 1: a value expected"),
        ("[1,", "line 1, column 4"),
        ("7", "an array is expected, not a number"),
        ("[7]", "entity 1: 'name' is missing"),
        (r#"{"error": {"class": "CommandNotFound", "desc": "no such command"}}"#, "refused query-qmp-schema: no such"),
        (r#"{"return": {}}"#, "an array is expected, not an object"),
        (&with(r#"{"name": "1", "meta-type": "enum", "values": []}"#), "entity 6: '1' is described before"),
        (&with(r#"{"name": "2"}"#), "'2': 'meta-type' is missing"),
        (&with(r#"{"name": "2", "meta-type": "thing"}"#), "meta-type 'thing' is unknown"),
        (&with(r#"{"name": "2", "meta-type": "builtin"}"#), "'2': is no built-in type"),
        (&with(r#"{"name": "[2]", "meta-type": "array", "element-type": "2"}"#), "element-type '2' is not described"),
        (&with(r#"{"name": "[2]", "meta-type": "array", "element-type": "1"}"#), "an array of '1' has another name"),
        (&with(r#"{"name": "2", "meta-type": "enum", "values": ["it's"]}"#), "'it\\'s' is no name"),
        (&with(r#"{"name": "2", "meta-type": "enum", "values": ["a"], "members": []}"#), "differ"),
        (&with(r#"{"name": "2", "meta-type": "object", "members": {}}"#), "'members' is an object, not an array"),
        (&with(r#"{"name": "2", "meta-type": "object", "members": [], "tag": "t"}"#), "tag 't' is not a member"),
        (
            &with(
                r#"{"name": "2", "meta-type": "object", "members": [{"name": "t", "type": "int"}], "tag": "t", "variants": []}"#,
            ),
            "'2': the type of the tag is 'int', which is not an enum",
        ),
        (&with(r#"{"name": "c", "meta-type": "command", "arg-type": "int", "ret-type": "0"}"#), "not an object"),
        (&with(r#"{"name": "c", "meta-type": "command", "arg-type": "c", "ret-type": "0"}"#), "not a type"),
        (&with(r#"{"name": "\n", "meta-type": "event", "arg-type": "0"}"#), "'\\n' is no name"),
        (&with(r#"{"name": "C d", "meta-type": "command", "arg-type": "0", "ret-type": "0"}"#), "'C d' is no name"),
        (&with(r#"{"name": "lower", "meta-type": "event", "arg-type": "[9]"}"#), "'[9]' is not described"),
        (
            &with(r#"{"name": "2", "meta-type": "object", "members": [{"name": "u", "type": "int"}]}"#),
            "what no schema can define:\nerror[name-reserved]",
        ),
        (
            &with(r#"{"name": "2", "meta-type": "alternate", "members": [{"type": "int"}, {"type": "int"}]}"#),
            "what no schema can define:\nerror[duplicate-key]",
        ),
    ];
    for (answer, words) in cases {
        let error = import(answer).unwrap_err().to_string();
        assert!(error.contains(words), "{error}\nshould say {words}");
    }
    let long = sample("").replace("do-it", &"x".repeat(1000));
    assert!(import(&long).unwrap_err().to_string().contains("longer than 200 bytes"));
}

const WORDS: [&str; 6] = ["a", "b-c", "x-d", "e_f", "G", "list"];
const TYPES: [&str; 9] = ["0", "1", "2", "3", "int", "str", "[0]", "[1]", "any"];

/// Some words, each once.
fn words() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(WORDS.to_vec(), 0..4).prop_shuffle()
}

fn joined(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
}

fn members() -> impl Strategy<Value = String> {
    let types = proptest::collection::vec((proptest::sample::select(TYPES.to_vec()), any::<bool>()), 4);
    (words(), types).prop_map(|(words, types)| {
        joined(words.into_iter().zip(types).map(|(name, (ty, optional))| {
            let default = if optional { ", \"default\": null" } else { "" };
            format!("{{\"name\": \"{name}\", \"type\": \"{ty}\"{default}}}")
        }))
    })
}

fn object() -> impl Strategy<Value = String> {
    members().prop_map(|members| format!("\"meta-type\": \"object\", \"members\": [{members}]"))
}

/// A union over the enum "3".
fn union() -> impl Strategy<Value = String> {
    (words(), proptest::collection::vec(0..2_u8, 4)).prop_map(|(words, types)| {
        let cases = words.into_iter().zip(types);
        let cases = joined(cases.map(|(case, ty)| format!("{{\"case\": \"{case}\", \"type\": \"{}\"}}", ty * 2)));
        let tag = "{\"name\": \"tag\", \"type\": \"3\"}";
        format!("\"meta-type\": \"object\", \"members\": [{tag}], \"tag\": \"tag\", \"variants\": [{cases}]")
    })
}

fn alternate() -> impl Strategy<Value = String> {
    proptest::sample::subsequence(vec!["int", "0", "[0]", "3"], 1..4).prop_map(|types| {
        let types = joined(types.into_iter().map(|ty| format!("{{\"type\": \"{ty}\"}}")));
        format!("\"meta-type\": \"alternate\", \"members\": [{types}]")
    })
}

fn enumeration() -> impl Strategy<Value = String> {
    words().prop_map(|words| {
        let members = joined(words.iter().map(|word| format!("{{\"name\": \"{word}\"}}")));
        let values = joined(words.iter().map(|word| format!("\"{word}\"")));
        format!("\"meta-type\": \"enum\", \"members\": [{members}], \"values\": [{values}]")
    })
}

proptest! {
    #[test]
    fn any_text_is_answered(text in ".{0,200}") {
        let _ = import(&text);
    }

    #[test]
    fn any_structure_is_kept_or_refused(
        types in (object(), prop_oneof![object(), union()], prop_oneof![object(), alternate()], enumeration()),
        commands in proptest::collection::vec(("[0-1]", "[0-3]|int"), 0..4),
        drop in proptest::option::weighted(0.2, 0..12_usize),
    ) {
        let types = [types.0, types.1, types.2, types.3];
        let mut list: Vec<String> = commands
            .iter()
            .enumerate()
            .map(|(i, (arg, ret))| {
                format!("{{\"name\": \"c-{i}\", \"meta-type\": \"command\", \"arg-type\": \"{arg}\", \"ret-type\": \"{ret}\"}}")
            })
            .collect();
        list.extend(types.iter().enumerate().map(|(i, rest)| format!("{{\"name\": \"{i}\", {rest}}}")));
        for (name, json) in [("int", "int"), ("str", "string"), ("any", "value")] {
            list.push(format!("{{\"name\": \"{name}\", \"meta-type\": \"builtin\", \"json-type\": \"{json}\"}}"));
        }
        for element in ["0", "1"] {
            list.push(format!("{{\"name\": \"[{element}]\", \"meta-type\": \"array\", \"element-type\": \"{element}\"}}"));
        }
        if let Some(index) = drop.filter(|index| *index < list.len()) {
            list.remove(index);
        }
        let answer = format!("[{}]", list.join(", "));
        if let Ok(text) = import(&answer) {
            let (mut own, given) = (own_answer(&text), json::parse(&answer).unwrap());
            // A value without branch needs an empty type, which then is there even if the answer has none.
            if answer::Answer::read(&given).unwrap().empty.is_none() && let Value::List(entities) = &mut own {
                let empty = |entity: &Value| entity.get("members").and_then(Value::as_list).is_some_and(<[_]>::is_empty);
                let object = |entity: &Value| entity.get("meta-type").and_then(Value::as_str) == Some("object");
                entities.retain(|entity| !(object(entity) && empty(entity)));
            }
            prop_assert_eq!(structure(&own), structure(&given), "{}", text);
        }
    }
}
