//! Properties of `key=value` text and bare text over inputs nobody thought of.

mod samples;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use qapi_runtime::bridge::{self, Bridge};
use qapi_runtime::keyval;
use qapi_runtime::{Dict, Value, from_json, from_keyval, from_option, string, to_json, to_value};
use samples::{Colour, Lamp, Node, NodeRef, Scene, Wide};

/// A tree that `key=value` can say: leaves are text, no list or object is empty.
fn sayable() -> impl Strategy<Value = Dict> {
    let leaf = "[ -~é]{0,6}".prop_map(Value::from);
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(Value::from),
            btree_map("[a-z][a-z0-9_-]{0,3}|__[a-z.]{1,4}_x", inner, 1..4)
                .prop_map(|members| Value::from(members.into_iter().collect::<Dict>())),
        ]
    });
    btree_map("[a-z][a-z0-9_-]{0,3}", value, 0..4).prop_map(|members| members.into_iter().collect())
}

/// The pairs that say a tree, in an order of its own.
fn say(path: &str, value: &Value, pairs: &mut Vec<String>) {
    match value {
        Value::Dict(dict) => dict.iter().for_each(|(name, value)| say(&format!("{path}.{name}"), value, pairs)),
        Value::List(list) => {
            list.iter().enumerate().rev().for_each(|(i, value)| say(&format!("{path}.{i}"), value, pairs));
        }
        Value::String(text) => pairs.push(format!("{path}={}", text.replace(',', ",,"))),
        other => panic!("{other} cannot be said"),
    }
}

/// Texts of the words that options of the sample types are made of.
fn nearly_right() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        ",",
        ",",
        ",",
        "=",
        "=",
        ".",
        ".",
        "name",
        "level",
        "tags",
        "colour",
        "extra",
        "driver",
        "id",
        "file",
        "offset",
        "cipher",
        "key",
        "lamps",
        "nodes",
        "raw",
        "crypt",
        "aes",
        "null",
        "green",
        "0",
        "1",
        "01",
        "-",
        "0x",
        "on",
        "k",
        "help",
        "?",
        "x",
        "é",
        "{",
        "}",
        "'",
        "__a_",
        "driver=raw,",
        "id=x,",
        "file=f,",
        "name=x,",
        "tags.0=",
        "file.",
    ];
    vec(0..WORDS.len(), 0..16).prop_map(|words| words.into_iter().map(|i| WORDS[i]).collect())
}

/// Whatever the text, it is read or refused; and what is read can be written and read again.
fn read_all(text: &str) {
    for implied in [None, Some("driver"), Some("a.b.0")] {
        if let Ok(read) = keyval::parse(text, implied) {
            let again = keyval::merge(&mut read.members.clone(), read.members.clone());
            assert!(again.is_ok(), "{text:?} is consistent with itself");
            let tree = Value::Dict(read.members);
            let _ = (from_keyval::<Scene>(&tree), from_keyval::<Wide>(&tree), from_keyval::<NodeRef>(&tree));
        }
        let _ = from_option::<Lamp>(text, implied);
        if let Ok(node) = from_option::<Node>(text, implied) {
            assert_eq!(from_json::<Node>(to_json(&node).as_bytes()), Ok(node));
        }
    }
    let _ = (string::parse::<bool>("x", text), string::parse::<f64>("x", text), string::parse::<Colour>("x", text));
    let _ = (string::parse::<Lamp>("x", text), string::parse::<Vec<Value>>("x", text), string::parse_size("x", text));
    if let Ok(n) = string::parse::<i64>("x", text) {
        assert_eq!(string::parse::<i64>("x", &n.to_string()), Ok(n));
    }
    if let Ok(list) = string::parse::<Vec<u16>>("x", text) {
        let mut sorted = list.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let written = string::format(&list).unwrap();
        let read = string::parse::<Vec<u16>>("x", &written);
        // Ranges that touched have become one, which may be longer than a single range is allowed to be.
        assert!(read.as_ref() == Ok(&sorted) || sorted.len() > 65536, "{text:?} {written}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn no_text_panics(text in any::<String>()) {
        read_all(&text);
    }

    #[test]
    fn no_nearly_right_text_panics(text in nearly_right()) {
        read_all(&text);
    }

    #[test]
    fn no_ranges_panic(text in "[-0-9,x ]{0,12}") {
        read_all(&text);
    }

    #[test]
    fn trees_survive_being_said(members in sayable()) {
        let mut pairs = Vec::new();
        members.iter().for_each(|(name, value)| say(name, value, &mut pairs));
        let read = keyval::parse(&pairs.join(","), None).unwrap();
        prop_assert!(!read.help);
        prop_assert_eq!(read.members, members);
    }

    #[test]
    fn typed_options_mean_what_json_means(
        name in "[ -~]{0,8}", level in proptest::option::of(any::<u8>()), green in any::<Option<bool>>(),
        tags in proptest::option::of(vec("[a-z,]{0,3}", 1..4)),
    ) {
        let colour = green.map(|green| if green { Colour::Green } else { Colour::Red });
        let tags = tags.map(|tags| tags.into_iter().map(Into::into).collect());
        let lamp = Lamp { name: name.into(), colour, level, tags, extra: None };
        let mut pairs = Vec::new();
        for (name, value) in to_value(&lamp).as_dict().unwrap().iter() {
            let value = match value {
                Value::Number(_) => Value::from(value.to_string()),
                other => other.clone(),
            };
            say(name, &value, &mut pairs);
        }
        prop_assert_eq!(from_option::<Lamp>(&pairs.join(","), None), Ok(lamp.clone()));
        prop_assert_eq!(from_option::<Lamp>(&to_json(&lamp), None), Ok(lamp.clone()));
        // The same by way of serde.
        let text = serde_json::to_string(&Bridge(lamp.clone())).unwrap();
        prop_assert_eq!(serde_json::from_str::<Bridge<Lamp>>(&text).unwrap().0, lamp);
    }

    #[test]
    fn integers_survive(signed in any::<i64>(), unsigned in any::<u64>()) {
        prop_assert_eq!(string::parse::<i64>("x", &signed.to_string()), Ok(signed));
        prop_assert_eq!(string::parse::<u64>("x", &format!("{unsigned:#x}")), Ok(unsigned));
        prop_assert_eq!(string::parse::<u64>("x", &format!("0{unsigned:o}")), Ok(unsigned));
        prop_assert_eq!(string::parse_size("x", &unsigned.to_string()), Ok(unsigned));
        let human = string::format_human(&unsigned).unwrap();
        prop_assert_eq!(human, format!("{unsigned} ({unsigned:#x})"));
    }

    #[test]
    fn sizes_for_people_are_near(size in any::<u64>()) {
        let text = string::format_size_human(size);
        let (exact, near) = text.split_once(" (").unwrap();
        prop_assert_eq!(exact.parse::<u64>().ok(), Some(size));
        let (number, unit) = near.trim_end_matches("B)").split_once(' ').unwrap();
        let power = unit.chars().next().and_then(|prefix| "KMGTPE".find(prefix)).map_or(0, |i| i as i32 + 1);
        let near = number.parse::<f64>().unwrap() * 1024f64.powi(power);
        prop_assert!((near - size as f64).abs() <= size as f64 * 0.006, "{}", text);
    }
}

#[test]
fn serde_refuses_what_the_type_refuses() {
    let error = serde_json::from_str::<Bridge<Lamp>>(r#"{"name": "x", "level": 256}"#).unwrap_err().to_string();
    assert_eq!(error, "Parameter 'level' expects uint8_t");
    assert!(serde_json::from_str::<Bridge<Lamp>>(r#"{"name": "x", "bogus": 1}"#).is_err());
    assert!(serde_json::from_str::<Bridge<Lamp>>("{").is_err());

    // What `#[serde(with = "qapi_runtime::bridge")]` calls.
    let lamp = Lamp { name: "x".into(), ..Lamp::default() };
    let value = bridge::serialize(&lamp, serde_json::value::Serializer).unwrap();
    assert_eq!(value.to_string(), r#"{"name":"x"}"#);
    assert_eq!(bridge::deserialize::<Lamp, _>(value).unwrap(), lamp);
}
