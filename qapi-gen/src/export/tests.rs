//! Tests of the JSON form of the resolved schema: a golden text, and that the manual knows every member.

use std::collections::BTreeSet;
use std::path::Path;

use crate::Settings;
use crate::json::{self, Value};
use crate::source::MemoryLoader;

const ROOT: &str = "{ 'include': 'sub/part.json' }
##
# = Lamps
#
# All about lamps.
##

##
# @Light:
#
# A light.
#
# @lit: whether it shines
#
# Features:
# @dim: can be dimmed
#
# @x-far: shines far
#
# @unstable: @tint may change
#
# Since: 1.0
##
{ 'struct': 'Light', 'base': 'Thing',
  'data': { 'lit': 'bool', '*tint': { 'type': 'Tint', 'if': 'CONFIG_TINT', 'features': [ 'unstable' ] } },
  'features': [ 'dim', { 'name': 'x-far', 'if': { 'not': 'CONFIG_L' } } ] }
{ 'union': 'Source', 'base': { 'kind': 'Kind' }, 'discriminator': 'kind',
  'data': { 'mains': { 'type': 'Light', 'if': { 'all': [ 'CONFIG_A', { 'any': [ 'CONFIG_B', 'CONFIG_C' ] } ] } } } }
{ 'alternate': 'LightRef', 'data': { 'name': 'str', 'light': 'Light' } }
{ 'command': 'set', 'data': 'Source', 'boxed': true, 'returns': [ 'LightRef' ], 'allow-oob': true,
  'allow-preconfig': true, 'success-response': false, 'gen': false, 'if': 'CONFIG_SET' }
{ 'command': 'query-light', 'returns': 'Light', 'coroutine': true }
{ 'event': 'LIGHT_CHANGED', 'data': { 'lit': 'bool' } }
{ 'event': 'ALL', 'data': 'Light', 'boxed': true }
{ 'pragma': { 'command-returns-exceptions': [ 'set' ] } }
";

const PART: &str = "{ 'enum': 'Kind', 'data': [ 'mains', 'battery' ], 'prefix': 'SOURCE_KIND' }
{ 'enum': 'Tint', 'data': [ 'warm', { 'name': 'cold', 'if': 'CONFIG_COLD', 'features': [ 'deprecated' ] } ] }
{ 'struct': 'Thing', 'data': { 'id': 'str' } }
";

fn sample() -> String {
    let loader = MemoryLoader::new().with("dir/root.json", ROOT).with("dir/sub/part.json", PART);
    let settings = Settings::new().dialect("8.0".parse().unwrap());
    crate::ir_json(Path::new("dir/root.json"), &settings, &loader).unwrap_or_else(|found| panic!("{found}"))
}

/// The types, commands and events of the root file and its part; built-in ones are left out.
fn own(text: &str) -> String {
    let document = json::parse(text).unwrap();
    let mut out = String::new();
    for list in ["modules", "types", "commands", "events"] {
        for entity in document.get(list).and_then(Value::as_list).unwrap() {
            let module = entity.get("module").or(entity.get("name")).and_then(Value::as_str);
            if module != Some("./builtin") {
                out += &format!("{list}: {}\n", entity.compact());
            }
        }
    }
    out
}

#[test]
fn the_sample_is_as_recorded() {
    let golden = include_str!("sample.golden");
    let found = own(&sample());
    assert_eq!(found, golden, "found:\n{found}");
}

#[test]
fn the_head_says_what_it_is() {
    let text = sample();
    assert!(text.starts_with("{\n  \"format\": \"qapi-ir\",\n  \"version\": 1,\n  \"dialect\": \"8.0\",\n"), "{text}");
    let document = json::parse(&text).unwrap();
    let builtin = document.get("types").and_then(Value::as_list).and_then(<[_]>::first).unwrap();
    assert_eq!(builtin.compact(), r#"{"name": "str", "kind": "builtin", "module": "./builtin", "json": "string"}"#);
}

fn keys(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Dict(members) => {
            for (key, value) in members {
                into.insert(key.clone());
                keys(value, into);
            }
        }
        Value::List(items) => items.iter().for_each(|item| keys(item, into)),
        _ => {}
    }
}

#[test]
fn the_manual_knows_every_member() {
    let manual = include_str!("../../IR.md");
    let mut found = BTreeSet::new();
    keys(&json::parse(&sample()).unwrap(), &mut found);
    assert!(found.len() > 30, "the sample uses nearly everything: {found:?}");
    for key in found {
        assert!(manual.contains(&format!("`{key}`")) || manual.contains(&format!("{{\"{key}\"")), "{key}");
    }
}

#[test]
fn the_text_does_not_depend_on_where_the_schema_is() {
    let loader = MemoryLoader::new().with("root.json", ROOT).with("sub/part.json", PART);
    let settings = Settings::new().dialect("8.0".parse().unwrap()).cfg("all");
    let moved = crate::ir_json(Path::new("root.json"), &settings, &loader).unwrap();
    assert_eq!(moved, sample());
}
