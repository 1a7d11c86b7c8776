//! The schema model on small schemas, sound and unsound.

use super::{JsonType, Schema, SchemaError, TypeKind};

/// A schema with a bit of everything, types masked.
const HOUSE: &str = r#"[
    {"name": "add", "meta-type": "command", "arg-type": "1", "ret-type": "0", "allow-oob": true, "features": ["fast"]},
    {"name": "query", "meta-type": "command", "arg-type": "0", "ret-type": "[1]"},
    {"name": "CHANGED", "meta-type": "event", "arg-type": "6", "features": ["unstable"]},
    {"name": "0", "meta-type": "object", "members": []},
    {"name": "1", "meta-type": "object", "tag": "driver", "members": [
        {"name": "driver", "type": "2"},
        {"name": "node", "type": "str", "default": null, "features": ["deprecated"]},
        {"name": "modes", "type": "[2]", "default": null}],
     "variants": [{"case": "qcow2", "type": "3"}, {"case": "raw", "type": "0"}]},
    {"name": "2", "meta-type": "enum",
     "members": [{"name": "qcow2"}, {"name": "raw", "features": ["deprecated"]}, {"name": "nbd"}],
     "values": ["qcow2", "raw", "nbd"]},
    {"name": "3", "meta-type": "object", "members": [
        {"name": "data-file", "type": "4", "default": null},
        {"name": "matrix", "type": "[[int]]"}]},
    {"name": "4", "meta-type": "alternate", "members": [{"type": "str"}, {"type": "1"}, {"type": "5"}]},
    {"name": "5", "meta-type": "enum", "values": ["none"]},
    {"name": "6", "meta-type": "object", "members": [{"name": "future", "type": "7"}]},
    {"name": "7", "meta-type": "matroid", "rank": {"of": [1]}},
    {"name": "[1]", "meta-type": "array", "element-type": "1"},
    {"name": "[2]", "meta-type": "array", "element-type": "2"},
    {"name": "[[int]]", "meta-type": "array", "element-type": "[int]"},
    {"name": "[int]", "meta-type": "array", "element-type": "int"},
    {"name": "str", "meta-type": "builtin", "json-type": "string"},
    {"name": "int", "meta-type": "builtin", "json-type": "int"}
]"#;

fn house() -> Schema {
    Schema::from_json(HOUSE.as_bytes()).unwrap()
}

#[test]
fn commands_and_events_are_found_and_nothing_else_is_one() {
    let house = house();
    assert_eq!(house.commands().map(|command| command.name()).collect::<Vec<_>>(), ["add", "query"]);
    assert_eq!(house.events().map(|event| event.name()).collect::<Vec<_>>(), ["CHANGED"]);
    for name in ["ad", "addd", "CHANGED", "1", "", "str"] {
        assert!(house.command(name).is_none(), "{name}");
    }
    assert!(house.event("add").is_none() && house.ty("add").is_none());
    let add = house.command("add").unwrap();
    assert!(add.allow_oob() && add.has_feature("fast") && !add.has_feature("fas"));
    assert!(!house.command("query").unwrap().allow_oob());
    assert!(house.event("CHANGED").unwrap().has_feature("unstable"));
    assert_eq!(format!("{house:?}"), "Schema { commands: 2, events: 1, types: 13 }");
}

#[test]
fn types_are_told_apart() {
    let house = house();
    let kind = |name| house.ty(name).unwrap().kind();
    assert_eq!(kind("str"), TypeKind::Builtin(JsonType::String));
    assert_eq!(kind("2"), TypeKind::Enum);
    assert_eq!(kind("[1]"), TypeKind::Array);
    assert_eq!(kind("1"), TypeKind::Object);
    assert_eq!(kind("4"), TypeKind::Alternate);
    let future = house.event("CHANGED").unwrap().data().at("future").unwrap();
    assert_eq!((future.name(), future.kind()), ("7", TypeKind::Unknown));
    assert!(house.ty("7").is_none(), "what is not described is no type to find");
}

#[test]
fn members_variants_and_values_are_as_the_schema_says() {
    let house = house();
    let options = house.command("add").unwrap().arguments();
    assert_eq!(
        format!("{:?}", options.members().collect::<Vec<_>>()),
        "[Member(driver: 2), Member(*node: str), Member(*modes: [2])]"
    );
    assert!(options.member("node").unwrap().has_feature("deprecated"));
    assert_eq!(options.tag().unwrap().name(), "driver");
    assert_eq!(
        options.variants().map(|(value, ty)| (value, ty.name())).collect::<Vec<_>>(),
        [("qcow2", "3"), ("raw", "0")]
    );
    assert!(options.variant("nbd").is_none() && options.variant("qcow2").is_some());
    let driver = options.member("driver").unwrap().ty();
    assert_eq!(driver.values().map(|value| value.name()).collect::<Vec<_>>(), ["qcow2", "raw", "nbd"]);
    assert_eq!(driver.values().filter(|value| value.has_feature("deprecated")).count(), 1);
    assert!(house.ty("5").unwrap().has_value("none"), "the older form of enumerations");
    let reference = house.ty("4").unwrap();
    assert_eq!(reference.alternatives().map(|ty| ty.name()).collect::<Vec<_>>(), ["str", "1", "5"]);
}

#[test]
fn paths_lead_through_lists_alternates_and_branches() {
    let house = house();
    let add = house.command("add").unwrap();
    let leads = |path: &str| add.argument(path).map(|ty| ty.name());
    assert_eq!(leads("driver"), Some("2"));
    assert_eq!(leads("driver=qcow2"), Some("3"));
    assert_eq!(leads("driver=nbd"), Some("2"), "a value without a branch");
    assert_eq!(leads("driver=vmdk"), None);
    assert_eq!(leads("driver=qcow2.data-file"), Some("4"));
    assert_eq!(leads("driver=qcow2.data-file.driver=qcow2.data-file.node"), Some("str"));
    assert_eq!(leads("driver=raw.data-file"), None);
    assert_eq!(leads("data-file"), None, "it belongs to a branch");
    assert_eq!(leads("driver=qcow2.data-file.driver=none"), None);
    assert_eq!(leads("modes"), Some("[2]"));
    assert_eq!(leads("modes[]"), Some("2"));
    assert_eq!(leads("modes=raw"), Some("2"), "a value of the list's elements");
    assert_eq!(leads("modes[]=raw"), Some("2"));
    assert_eq!(leads("modes[][]"), None);
    assert_eq!(leads("driver=qcow2.matrix[]"), Some("[int]"));
    assert_eq!(leads("driver=qcow2.matrix[][]"), Some("int"));
    assert_eq!(house.command("query").unwrap().returns().at("node").map(|ty| ty.name()), Some("str"));
    for path in ["", ".", "=", "driver.", ".driver", "driver=", "driver[", "[]", "node.node", "driver=qcow2."] {
        assert_eq!(leads(path), None, "{path:?}");
    }
    // What an alternate can be may be an enumeration.
    assert!(add.has_argument("driver=qcow2.data-file=none"));
}

#[test]
fn a_schema_that_is_printed_is_the_same() {
    let printed = house().to_json();
    let again = Schema::from_json(printed.as_bytes()).unwrap();
    assert_eq!(again.to_json(), printed);
    let mut value = crate::json::parse(HOUSE.as_bytes()).unwrap();
    // All but the entity that is not understood.
    if let crate::Value::List(list) = &mut value {
        list.retain(|entity| entity.get("meta-type").and_then(crate::Value::as_str) != Some("matroid"));
    }
    assert_eq!(crate::json::parse(printed.as_bytes()).unwrap(), value);
}

#[test]
fn replies_and_records_are_read_too() {
    for text in [
        format!(r#"{{"return": {HOUSE}, "id": {{"a": [1]}}}}"#),
        format!(r#"{{"id": 1, "return": {HOUSE}}}"#),
        format!(r#"[{{"qemu": {{"major": 7}}, "package": ""}}, {HOUSE}]"#),
        format!(r#"[{{"package": ""}}, {HOUSE}, {{"more": 1}}]"#),
        format!("\n{HOUSE}\n\n"),
    ] {
        let schema = Schema::from_json(text.as_bytes()).unwrap();
        assert_eq!(schema.to_json(), house().to_json());
    }
    let refused = br#"{"error": {"class": "CommandNotFound", "desc": "gone"}}"#;
    assert_eq!(Schema::from_json(refused).unwrap_err().to_string(), "the server gave no schema: gone");
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, message) in [
        ("", "the schema is not JSON: JSON parse error, expecting value"),
        ("[", "the schema is not JSON: JSON parse error, premature EOI"),
        ("[] []", "the schema is not JSON: Expecting at most one JSON value"),
        ("3", "the schema cannot be understood: the whole: the schema is not an array"),
        ("{}", "the schema cannot be understood: the whole: an array, or an object with 'return', is expected"),
        ("[[]]", "the schema cannot be understood: entity 1: it is not an object"),
        ("[{}]", "the schema cannot be understood: entity 1: 'name' is missing"),
        (r#"[{"name": 1}]"#, "the schema cannot be understood: entity 1: name is not a string"),
        (r#"[{"name": "a"}]"#, "the schema cannot be understood: entity 1 ('a'): 'meta-type' is missing"),
        (
            r#"[{"name": "b", "meta-type": "command", "arg-type": "0"}]"#,
            "the schema cannot be understood: entity 1 ('b'): 'ret-type' is missing",
        ),
        (
            r#"[{"name": "c", "meta-type": "object", "members": [{"type": "0"}]}]"#,
            "the schema cannot be understood: entity 1 ('c'): 'name' is missing",
        ),
        (
            r#"[{"name": "d\n", "meta-type": "array", "element-type": []}]"#,
            r"the schema cannot be understood: entity 1 ('d\n'): element-type is not a string",
        ),
        (
            r#"[{"name": "e", "meta-type": "enum"}]"#,
            "the schema cannot be understood: entity 1 ('e'): 'members' is missing",
        ),
    ] {
        assert_eq!(Schema::from_json(text.as_bytes()).unwrap_err().to_string(), message, "{text}");
    }
}

#[test]
fn of_two_entities_of_one_name_the_first_counts() {
    let text = br#"[{"name": "a", "meta-type": "command", "arg-type": "x", "ret-type": "x"},
        {"name": "a", "meta-type": "event", "arg-type": "x"}]"#;
    let schema = Schema::from_json(text).unwrap();
    assert!(schema.command("a").is_some());
    assert_eq!((schema.events().count(), schema.commands().count()), (0, 1));
    // A command is no type, whoever says so.
    let text = br#"[{"name": "a", "meta-type": "command", "arg-type": "a", "ret-type": "a"}]"#;
    let schema = Schema::from_json(text).unwrap();
    assert_eq!(schema.command("a").unwrap().returns().kind(), TypeKind::Unknown);
}

#[test]
fn circles_end() {
    let text = br#"[{"name": "c", "meta-type": "command", "arg-type": "o", "ret-type": "l"},
        {"name": "l", "meta-type": "array", "element-type": "l"},
        {"name": "x", "meta-type": "alternate", "members": [{"type": "x"}, {"type": "x"}, {"type": "l"}]},
        {"name": "o", "meta-type": "object", "members": [{"name": "x", "type": "x"}, {"name": "o", "type": "o"}],
         "tag": "o", "variants": [{"case": "o", "type": "o"}]}]"#;
    let schema = Schema::from_json(text).unwrap();
    let command = schema.command("c").unwrap();
    assert!(command.returns().at("a").is_none());
    assert!(command.argument("x.a").is_none() && command.argument("x=a").is_none());
    assert!(command.has_argument("o.".repeat(5000).trim_end_matches('.')));
}

#[test]
fn hostile_texts_are_refused_or_read_in_time() {
    let deep = ["[".repeat(2000), "{\"a\":".repeat(2000)];
    for text in &deep {
        assert!(Schema::from_json(text.as_bytes()).is_err());
        let inside = format!(r#"[{{"name": "a", "more": {text}"#);
        assert!(matches!(Schema::from_json(inside.as_bytes()), Err(SchemaError::Syntax(_))));
    }
    // So many entities, each of which refers to two that are not there and to the next.
    let many: Vec<String> = (0..100_000)
        .map(|i| {
            format!(
                r#"{{"name": "{i}", "meta-type": "object", "members": [{{"name": "n", "type": "{}"}}, {{"name": "m",
                "type": "x{i}"}}], "tag": "n", "variants": [{{"case": "c", "type": "y{i}"}}]}}"#,
                i + 1
            )
        })
        .collect();
    let schema = Schema::from_json(format!("[{}]", many.join(",")).as_bytes()).unwrap();
    assert_eq!(schema.types().count(), 100_000);
    let mut ty = schema.ty("0").unwrap();
    for _ in 0..99_999 {
        ty = ty.at("n").unwrap();
    }
    assert_eq!((ty.name(), ty.kind()), ("99999", TypeKind::Object));
    assert_eq!(ty.at("m").unwrap().kind(), TypeKind::Unknown);
}

/// Every prefix, and every text with one byte changed, is read or refused, not more.
#[test]
fn mangled_texts_do_no_harm() {
    let text = HOUSE.as_bytes();
    for end in 0..text.len() {
        assert!(Schema::from_json(&text[..end]).is_err());
    }
    for at in 0..text.len() {
        for byte in [b'"', b'{', b']', b'x', 0xff] {
            let mut mangled = text.to_vec();
            mangled[at] = byte;
            if let Ok(schema) = Schema::from_json(&mangled) {
                let printed = schema.to_json();
                assert_eq!(Schema::from_json(printed.as_bytes()).unwrap().to_json(), printed);
                let found = schema.commands().filter(|command| command.has_argument("driver=qcow2.data-file.node"));
                assert!(found.count() < 2);
            }
        }
    }
}

#[test]
fn a_schema_has_no_more_text_than_a_message() {
    let limit = crate::json::MAX_TOKEN_BYTES;
    let error = Schema::from_json(&vec![b' '; limit + 1]).expect_err("too large");
    assert!(matches!(error, SchemaError::TooLarge(size) if size == limit + 1), "{error}");
}
