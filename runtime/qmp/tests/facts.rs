//! Replays what was recorded from a real QEMU, if the record is at hand.

use qapi_runtime::json::{Stream, parse};
use qapi_runtime::{Encoder, Value};

/// The record, or `None` with a word about it.
fn facts(test: &str) -> Option<Value> {
    let path = qapi_test_support::facts(test)?;
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(parse(&text).unwrap())
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_list).unwrap_or_else(|| panic!("the record has no list '{name}'"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("no text '{name}' in {value}"))
}

/// The answer's error, if it is one that the text of the request alone explains.
fn syntax_error(reply: &Value) -> Option<String> {
    let desc = reply.get("error")?.get("desc")?.as_str()?;
    desc.starts_with("JSON ").then(|| desc.into())
}

#[test]
fn malformed_input_gives_as_many_errors_in_the_same_words() {
    let Some(facts) = facts("malformed_input_gives_as_many_errors_in_the_same_words") else {
        return;
    };
    let cases = list(&facts, "malformed");
    assert!(cases.len() > 30, "only {} cases", cases.len());
    for case in cases {
        // The record has a byte in every character.
        let input: Vec<u8> = text(case, "input").chars().map(|c| u8::try_from(c).unwrap()).collect();
        let expected: Vec<_> = list(case, "after-negotiation").iter().map(syntax_error).collect();
        let mut stream = Stream::new();
        stream.feed(&input);
        let mut got = Vec::new();
        while let Some(item) = stream.next() {
            got.push(item.err().map(|error| error.to_string()));
        }
        assert_eq!(got, expected, "{}", text(case, "name"));
    }
}

#[test]
fn numbers_come_back_as_qemu_prints_them() {
    let Some(facts) = facts("numbers_come_back_as_qemu_prints_them") else {
        return;
    };
    let mut tried = 0;
    for case in list(&facts, "id") {
        let Some(literal) = text(case, "name").strip_prefix("literal ") else {
            continue;
        };
        let reply = text(case, "reply");
        let (_, printed) = reply.split_once("\"id\": ").unwrap();
        let printed = printed.trim_end_matches(['\r', '}']);
        let mut stream = Stream::new();
        stream.feed(format!("{{\"id\":{literal}}}").as_bytes());
        let mut e = Encoder::new();
        stream.next().unwrap().unwrap().get("id").unwrap().put(&mut e);
        // `inf` is no JSON: here alone we differ, and say so.
        let expected = if printed == "inf" { "null" } else { printed };
        assert_eq!(e.into_string(), expected, "{literal}");
        tried += 1;
    }
    assert!(tried >= 6, "only {tried} literals");
}
