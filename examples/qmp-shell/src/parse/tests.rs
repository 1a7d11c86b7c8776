//! Lines and what they mean; broken ones and where.

use super::*;

fn call(text: &str) -> Call {
    match parse(text).unwrap_or_else(|error| panic!("{text}: {error}")) {
        Line::Call(call) => call,
        other => panic!("{text}: {other:?}"),
    }
}

/// The message and the text it points at.
fn error(text: &str) -> (String, &str) {
    let error = parse(text).expect_err(text);
    let at = error.place.clone();
    (error.message, text.get(at).unwrap_or_else(|| panic!("{text}: {:?}", error.place)))
}

#[test]
fn keys_and_values() {
    let call = call("blockdev-add driver=qcow2  file.driver=file file.filename='my disk' x={\"a\": [1, True]} y=");
    assert_eq!(call.name, "blockdev-add");
    let pairs: Vec<_> = call.arguments.into_iter().map(|a| (a.key.join("/"), a.value)).collect();
    let object: Dict = [("a", Value::List(vec![1.into(), true.into()]))].into_iter().collect();
    let expected = [
        ("driver", Literal::Bare("qcow2".into())),
        ("file/driver", Literal::Bare("file".into())),
        ("file/filename", Literal::Quoted("my disk".into())),
        ("x", Literal::Json(object.into())),
        ("y", Literal::Bare(String::new())),
    ];
    assert_eq!(pairs, expected.map(|(key, value)| (key.to_owned(), value)));
}

#[test]
fn bare_words_are_left_alone() {
    let call = call(r#"qom-get path=/machine/unattached/device[0] property=a=b"c'd"#);
    assert_eq!(call.arguments[0].value, Literal::Bare("/machine/unattached/device[0]".into()));
    assert_eq!(call.arguments[1].value, Literal::Bare(r#"a=b"c'd"#.into()));
}

#[test]
fn arguments_may_come_as_one_object() {
    let call = call(r#"blockdev-add {'driver': 'null-co', "size": 5}"#);
    assert!(call.arguments[0].key.is_empty());
    assert!(matches!(&call.arguments[0].value, Literal::Json(Value::Dict(members)) if members.len() == 2));
}

#[test]
fn dots_of_a_vendor_do_not_part_a_key() {
    assert_eq!(split_key("__com.example_speed.a.0"), ["__com.example_speed", "a", "0"]);
    assert_eq!(split_key("a.__org.x_b"), ["a", "__org.x_b"]);
    assert_eq!(split_key("a."), ["a", ""]);
    assert_eq!(split_key("__"), ["__"]);
}

#[test]
fn requests_in_json() {
    let text = "  {'exec-oob': 'migrate-pause',\n 'arguments': {}, 'id': [1]} ";
    let expected = Request {
        name: "migrate-pause".into(),
        out_of_band: true,
        arguments: Dict::new(),
        id: Some(Value::List(vec![1.into()])),
    };
    assert_eq!(parse(text), Ok(Line::Request(expected)));
    assert!(error("{'execute': 1}").0.contains("command's name"));
    assert!(error("{'arguments': {}}").0.contains("needs 'execute'"));
    assert!(error("{'execute': 'a', 'argument': {}}").0.contains("'argument'"));
}

#[test]
fn lines_go_on_inside_brackets_only() {
    for text in ["{", "{'execute':", "a x=[1,", "a x={'b': [", "a {", "a x=[\n1\n,"] {
        assert!(is_unfinished(text), "{text}");
    }
    for text in ["", "a", "a x=", "a x=[1]", "a x=[1,]", "a x='b", "{]", "a x=[1", "a x={'b': tru}"] {
        assert_eq!(is_unfinished(text), text == "a x=[1", "{text}");
    }
}

#[test]
fn the_shells_own_commands() {
    assert_eq!(parse("  # nothing"), Ok(Line::Empty));
    assert_eq!(parse("help migrate"), Ok(Line::Own("help".into(), vec!["migrate".into()])));
    assert_eq!(parse(".reconnect"), Ok(Line::Own("reconnect".into(), vec![])));
    assert_eq!(call("help-me").name, "help-me");
}

#[test]
fn errors_point_at_their_place() {
    let cases = [
        ("a b", "", "expected b=VALUE"),
        ("a =1", "=", "a name is missing"),
        ("a b..c=1", ".", "a name is missing"),
        ("a=1", "a=", "begins with a command"),
        ("a! x=1", "a!", "cannot be a command"),
        ("a x='b", "'b", "closing quote"),
        ("a x='b'c", "c", "space"),
        ("a x=[1 2]", "2", "',' or ']'"),
        ("a x={'b' 2}", "2", "':'"),
        ("a x={b: 2}", "b", "name in quotes"),
        ("a x={'b': 2]", "]", "',' or '}'"),
        ("a x={'b': tru}", "tru", "text needs quotes"),
        ("a x={'b': 1, 'b': 2}", "'b'", "twice"),
        ("a x=[1]]", "]", "nothing may follow"),
        ("a x=['\\q']", "'\\q'", "invalid escape"),
        ("a x=[é]", "é", "text needs quotes"),
    ];
    for (text, place, message) in cases {
        let (got, at) = error(text);
        assert_eq!(at, place, "{text}: {got}");
        assert!(got.contains(message), "{text}: {got}");
    }
}

#[test]
fn nothing_panics() {
    let bits = ["a", " ", "=", "'", "\"", "{", "}", "[", "]", ":", ",", ".", "\\", "é", "1", "\n", "__"];
    let mut state = 1u32;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(bits[(state >> 16) as usize % bits.len()]);
        }
        if let Err(error) = parse(&text) {
            assert!(error.place.start <= error.place.end && error.place.end <= text.len() + 1, "{text:?}: {error:?}");
        }
    }
    assert!(parse(&format!("a x={}", "[".repeat(100_000))).is_err());
}
