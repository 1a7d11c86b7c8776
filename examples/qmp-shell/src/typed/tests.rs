//! Words and types.

use super::*;
use crate::parse::{Line, parse};
use crate::samples;

/// What goes over the wire for a line.
fn wire(line: &str) -> Result<String, ParseError> {
    let schema = samples::schema();
    match parse(line)? {
        Line::Call(call) => arguments(&call, Some(&schema)).map(|arguments| Value::Dict(arguments).to_string()),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn the_schema_says_what_a_word_is() {
    let cases = [
        ("set id=007 name=true", r#"{"id": "007", "name": "true"}"#),
        ("set size=007", r#"{"size": 7}"#),
        ("set size=0x10", r#"{"size": 16}"#),
        ("set size=-1", r#"{"size": -1}"#),
        ("set size=1G", r#"{"size": 1073741824}"#),
        ("set size=1.5K", r#"{"size": 1536}"#),
        ("set size=18446744073709551615", r#"{"size": 18446744073709551615}"#),
        ("set ratio=0.5", r#"{"ratio": 0.5}"#),
        ("set ratio=3", r#"{"ratio": 3}"#),
        ("set on=yes", r#"{"on": true}"#),
        ("set on=False", r#"{"on": false}"#),
        ("set mode=fast", r#"{"mode": "fast"}"#),
        ("set modes=fast,slow", r#"{"modes": ["fast", "slow"]}"#),
        ("set modes=", r#"{"modes": []}"#),
        ("set modes.1=fast modes.0=slow", r#"{"modes": ["slow", "fast"]}"#),
        ("set any=1 other=x", r#"{"any": 1, "other": "x"}"#),
        ("set any=None", r#"{"any": null}"#),
        ("set any=007", r#"{"any": "007"}"#),
        ("set any.0=1 any.1=b", r#"{"any": [1, "b"]}"#),
        ("set any.a=1", r#"{"any": {"a": 1}}"#),
        ("set name='a b'", r#"{"name": "a b"}"#),
        ("set size='5'", r#"{"size": "5"}"#),
    ];
    for (line, expected) in cases {
        assert_eq!(wire(line).unwrap_or_else(|error| panic!("{line}: {error}")), expected, "{line}");
    }
}

#[test]
fn unions_know_their_branches() {
    let got = wire("add driver=file size=1K node=7 backing.driver=null backing.latency=5").unwrap();
    assert_eq!(got, r#"{"driver": "file", "size": "1K", "node": "7", "backing": {"driver": "null", "latency": 5}}"#);
    // The discriminator may come last, and in JSON.
    assert_eq!(wire("add size=1K driver=null").unwrap(), r#"{"size": 1024, "driver": "null"}"#);
    assert_eq!(wire("add size=1K {'driver':'null'}").unwrap(), r#"{"size": 1024, "driver": "null"}"#);
    assert_eq!(wire("add backing=node0").unwrap(), r#"{"backing": "node0"}"#);
    assert_eq!(wire("add backing={'driver':'null'} backing.latency=5").unwrap(), {
        r#"{"backing": {"driver": "null", "latency": 5}}"#
    });
}

#[test]
fn alternates_take_what_fits() {
    assert_eq!(wire("add port=5").unwrap(), r#"{"port": 5}"#);
    assert_eq!(wire("add port=007").unwrap(), r#"{"port": "007"}"#);
    assert_eq!(wire("add port=http").unwrap(), r#"{"port": "http"}"#);
    assert_eq!(wire("add start=auto").unwrap(), r#"{"start": "auto"}"#);
    assert_eq!(wire("add start=12").unwrap(), r#"{"start": 12}"#);
}

#[test]
fn what_does_not_fit_is_pointed_at() {
    let cases = [
        ("set size=big", "big", "not an integer"),
        ("set size=1.5", "1.5", "not an integer"),
        ("set size=99999999999999999999", "99999999999999999999", "not an integer"),
        ("set size=-0xffffffffffffffff", "-0xffffffffffffffff", "64 bits"),
        ("set size=", "", "not an integer"),
        ("set on=maybe", "maybe", "neither true nor false"),
        ("set mode=fats", "fats", "did you mean fast?"),
        ("set mode=x", "x", "not one of: fast, slow"),
        ("set mode=fast mode=slow", "mode", "given twice"),
        ("set modes.0=fast modes.2=slow", "modes.0", "element 1"),
        ("set modes.x=fast", "fast", "use a number"),
        ("add backing=b backing.driver=null", "backing.driver", "given a value before"),
        ("add start=x", "x", "not an integer"),
        ("set [1]", "", "expected [1]=VALUE"),
    ];
    for (line, place, message) in cases {
        let error = wire(line).expect_err(line);
        assert_eq!(&line[error.place.clone()], place, "{line}: {error}");
        assert!(error.message.contains(message), "{line}: {error}");
    }
}

#[test]
fn without_a_schema_words_are_guessed() {
    let Ok(Line::Call(call)) = parse("x a=1 b=true c=1G d=-x e.0=1 e.1=2 f=1e3") else { panic!() };
    let expected = r#"{"a": 1, "b": true, "c": "1G", "d": "-x", "e": [1, 2], "f": 1000}"#;
    assert_eq!(Value::Dict(arguments(&call, None).unwrap()).to_string(), expected);
}
