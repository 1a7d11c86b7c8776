//! A small schema for tests, with one of everything.

use qapi_runtime::introspection::Schema;

/// As a server answers to `query-qmp-schema`.
const ANSWER: &str = r#"[
    {"name": "set", "meta-type": "command", "arg-type": "1", "ret-type": "0"},
    {"name": "add", "meta-type": "command", "arg-type": "2", "ret-type": "9", "features": ["unstable"]},
    {"name": "remove-all", "meta-type": "command", "arg-type": "0", "ret-type": "0", "features": ["deprecated"]},
    {"name": "migrate-pause", "meta-type": "command", "arg-type": "0", "ret-type": "0", "allow-oob": true},
    {"name": "ADDED", "meta-type": "event", "arg-type": "9"},
    {"name": "0", "meta-type": "object", "members": []},
    {"name": "1", "meta-type": "object", "members": [
        {"name": "id", "type": "str"},
        {"name": "name", "type": "str", "default": null},
        {"name": "size", "type": "int", "default": null},
        {"name": "ratio", "type": "number", "default": null},
        {"name": "on", "type": "bool", "default": null},
        {"name": "mode", "type": "3"},
        {"name": "modes", "type": "[3]", "default": null},
        {"name": "any", "type": "any", "default": null, "features": ["deprecated"]}]},
    {"name": "2", "meta-type": "object", "tag": "driver", "members": [
        {"name": "node", "type": "str", "default": null},
        {"name": "driver", "type": "4"},
        {"name": "port", "type": "7", "default": null},
        {"name": "start", "type": "8", "default": null},
        {"name": "backing", "type": "6", "default": null}],
     "variants": [{"case": "file", "type": "5"}, {"case": "null", "type": "10"}, {"case": "none", "type": "0"}]},
    {"name": "3", "meta-type": "enum", "values": ["fast", "slow"]},
    {"name": "4", "meta-type": "enum", "members": [
        {"name": "file"}, {"name": "null", "features": ["deprecated"]}, {"name": "none"}],
     "values": ["file", "null", "none"]},
    {"name": "5", "meta-type": "object", "members": [
        {"name": "filename", "type": "str"}, {"name": "size", "type": "str", "default": null}]},
    {"name": "6", "meta-type": "alternate", "members": [{"type": "2"}, {"type": "str"}]},
    {"name": "7", "meta-type": "alternate", "members": [{"type": "int"}, {"type": "str"}]},
    {"name": "8", "meta-type": "alternate", "members": [{"type": "int"}, {"type": "11"}]},
    {"name": "9", "meta-type": "object", "members": [
        {"name": "node", "type": "str"}, {"name": "parts", "type": "[5]"}]},
    {"name": "10", "meta-type": "object", "members": [
        {"name": "size", "type": "int", "default": null}, {"name": "latency", "type": "int", "default": null}]},
    {"name": "11", "meta-type": "enum", "values": ["auto"]},
    {"name": "[3]", "meta-type": "array", "element-type": "3"},
    {"name": "[5]", "meta-type": "array", "element-type": "5"},
    {"name": "str", "meta-type": "builtin", "json-type": "string"},
    {"name": "int", "meta-type": "builtin", "json-type": "int"},
    {"name": "number", "meta-type": "builtin", "json-type": "number"},
    {"name": "bool", "meta-type": "builtin", "json-type": "boolean"},
    {"name": "any", "meta-type": "builtin", "json-type": "value"}
]"#;

pub(crate) fn schema() -> Schema {
    Schema::from_json(ANSWER.as_bytes()).expect("the sample is a schema")
}

pub(crate) fn knowledge() -> crate::schema::Knowledge {
    crate::schema::Knowledge::from_schema(schema())
}
