//! The command line's targets: `key=value` text, and single texts.

use qapi_runtime::{Value, from_json, from_keyval, from_option, keyval, string, to_json};

use crate::monitor::Everything;

/// Any text as an option. What it says is the same when it is said again, and a typed value survives as JSON.
pub fn keyval(data: &[u8]) {
    let (implied, text) = crate::choice(data);
    let implied = [None, Some("x"), Some("tree.kind")][implied % 3];
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    if let Ok(option) = from_option::<Everything>(text, implied) {
        // Text can say a negative zero, JSON cannot: the second round must change nothing.
        let again = |json: &str| from_json(json.as_bytes()).unwrap_or_else(|error| panic!("{error}: {json}"));
        let first: Everything = again(&to_json(&option));
        let second: Everything = again(&to_json(&first));
        assert_eq!(to_json(&second), to_json(&first));
    }
    let Ok(read) = keyval::parse(text, implied) else {
        return;
    };
    let mut pairs = Vec::new();
    for (name, value) in read.members.iter() {
        say(name.to_owned(), value, &mut pairs);
    }
    let said = pairs.join(",");
    let again = keyval::parse(&said, None).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(again.members, read.members, "{said}");
    let mut merged = read.members.clone();
    assert!(keyval::merge(&mut merged, again.members).is_ok(), "a tree is consistent with itself");
    // Whatever is wrong with it as a value is said, not fallen over.
    let _ = from_keyval::<Everything>(&Value::Dict(merged));
}

/// The pairs that say a tree.
fn say(path: String, value: &Value, pairs: &mut Vec<String>) {
    match value {
        Value::Dict(dict) => dict.iter().for_each(|(name, value)| say(format!("{path}.{name}"), value, pairs)),
        Value::List(list) => {
            list.iter().enumerate().for_each(|(i, value)| say(format!("{path}.{i}"), value, pairs));
        }
        Value::String(text) => pairs.push(format!("{path}={}", text.replace(',', ",,"))),
        other => panic!("{other} is not text"),
    }
}

/// Any text as a single value of every kind. What is read is read from its own printed form too.
pub fn string(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    // Ten bytes can stand for a list of 65536 numbers; a few such lists are slow enough.
    if text.matches('-').count() > 4 {
        return;
    }
    if let Ok(n) = string::parse::<i64>("x", text) {
        assert_eq!(string::parse("x", &n.to_string()), Ok(n));
        assert_eq!(string::parse::<u64>("x", text), Ok(n as u64), "the same bits");
    }
    if let Ok(size) = string::parse_size("x", text) {
        assert_eq!(string::parse_size("x", &size.to_string()), Ok(size));
        assert!(string::format_size_human(size).starts_with(&format!("{size} (")));
    }
    if let Ok(n) = string::parse::<f64>("x", text) {
        assert!(n.is_finite());
    }
    if let Ok(mut list) = string::parse::<Vec<i64>>("x", text) {
        let written = string::format(&list).expect("integers can be written");
        list.sort_unstable();
        list.dedup();
        match string::parse::<Vec<i64>>("x", &written) {
            Ok(read) => assert_eq!(read, list),
            // Ranges that touched are one now, which may be longer than a single one is allowed to be.
            Err(_) => assert!(list.len() > 65536, "{written}"),
        }
    }
    let _ = (string::parse::<bool>("x", text), string::parse::<Vec<u8>>("x", text));
    assert!(string::parse::<Everything>("x", text).is_err(), "an object is no single text");
}
