//! Tests of the JSON reader and writer.

use super::*;

#[test]
fn what_is_written_is_read_back() {
    let text = r#"{"a": [1, -2.5e+3, true, false, null], "b": {"c": "x\"\\\n\u0001é😀"}, "d": [], "e": {}}"#;
    let value = parse(text).unwrap();
    assert_eq!(value.compact(), text);
    assert_eq!(parse(&value.pretty()).unwrap(), value);
}

#[test]
fn long_values_are_broken_in_lines() {
    let value = Value::list((0..60).map(Value::number));
    let pretty = value.pretty();
    assert_eq!(pretty.lines().count(), 62, "{pretty}");
    assert!(pretty.starts_with("[\n  0,\n  1,\n"), "{pretty}");
    assert_eq!(parse(&pretty).unwrap(), value);
}

#[test]
fn escapes_stand_for_characters() {
    assert_eq!(parse(r#""\u0041\ud83d\ude00\/\b\f\n\r\t""#).unwrap(), Value::str("A😀/\u{8}\u{c}\n\r\t"));
}

#[test]
fn mistakes_are_located() {
    let cases = [
        ("", 1, 1, "a value expected"),
        ("[1,\n  }", 2, 3, "a value expected"),
        ("[1 2]", 1, 4, "',' expected"),
        ("{'a': 1}", 1, 2, "a key expected"),
        ("{\"a\" 1}", 1, 6, "':' expected"),
        ("{\"a\": 1, \"a\": 2}", 1, 17, "twice"),
        ("\"abc", 1, 5, "does not end"),
        ("\"a\tb\"", 1, 3, "control character"),
        (r#""\x""#, 1, 3, "unknown escape"),
        (r#""\ud83d""#, 1, 8, "surrogate"),
        (r#""\ud83d\u0041""#, 1, 14, "surrogate"),
        (r#""\u00é0""#, 1, 8, "four"),
        ("01", 1, 3, "no number"),
        ("1.", 1, 3, "no number"),
        ("-", 1, 2, "no number"),
        ("1e", 1, 3, "no number"),
        ("[] []", 1, 4, "behind"),
    ];
    for (text, line, column, words) in cases {
        let error = parse(text).unwrap_err();
        assert!(error.message.contains(words), "{text}: {error}");
        assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
    }
}

#[test]
fn nesting_is_bounded() {
    assert!(parse(&format!("{}{}", "[".repeat(128), "]".repeat(128))).is_ok());
    assert!(parse(&"[".repeat(1_000_000)).unwrap_err().message.contains("deeper"));
    assert!(parse(&"{\"a\":".repeat(1_000_000)).unwrap_err().message.contains("deeper"));
}
