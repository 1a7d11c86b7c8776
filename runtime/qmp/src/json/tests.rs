//! Tests of QEMU's JSON dialect. What is expected was observed on QEMU 7.2's monitor.

use super::{MAX_NESTING, Stream, parse};
use crate::{Number, Value};

/// What a stream makes of input: each message printed, each error as its sentence.
fn run(chunks: &[&[u8]]) -> Vec<String> {
    let mut stream = Stream::new();
    let mut seen = Vec::new();
    for chunk in chunks {
        stream.feed(chunk);
        while let Some(item) = stream.next() {
            seen.push(match item {
                Ok(frame) => frame.to_value().to_string(),
                Err(error) => error.to_string().replace("JSON parse error, ", "! "),
            });
        }
    }
    seen
}

/// Input and what comes of it.
const CASES: &[(&[u8], &[&str])] = &[
    // Framing: brackets, not lines.
    (b"{}{}[]\n", &["{}", "{}", "[]"]),
    (b"1 2\n", &["1", "2"]),
    (b"1,2\n", &["1", "! expecting value", "2"]),
    (b"'a'\"b\"", &["\"a\"", "\"b\""]),
    (b"{\r\n'k'\t:\n[ null ,\n true , false ] }", &["{\"k\": [null, true, false]}"]),
    (b"nul%\n", &["! invalid keyword 'nul'", "! stray '%'"]),
    (b"12T\n", &["12", "! stray 'T'"]),
    // Brackets that do not match.
    (b"{]\n", &["! expecting value"]),
    (b"[}]\n", &["! expecting value", "! expecting value"]),
    (b"{[}]\n", &["! expecting value"]),
    (b"}{}\n", &["! expecting value", "{}"]),
    (b"[\"a\"}", &["! expected separator in list"]),
    (b"{\"a\":1]", &["! expected separator in dict"]),
    // Wrong order of tokens.
    (b"{1 2}", &["! key is not a string in object"]),
    (b"{[1,x]:2}", &["! invalid keyword 'x'"]),
    (b"{{}:2}", &["! key is not a string in object"]),
    (b"{{'a'}:2}", &["! missing : in object pair"]),
    (b"{{{{{{", &[]),
    (b"{{{{}}}}", &["! key is not a string in object"]),
    (b"{'a'}", &["! missing : in object pair"]),
    (b"{'a' 1}", &["! missing : in object pair"]),
    (b"{'a'::1}", &["! expecting value"]),
    (b"{'a':1 'b':2}", &["! expected separator in dict"]),
    (b"[1 2]", &["! expected separator in list"]),
    (b"[true1]", &["! expected separator in list"]),
    (b"[1e5e]", &["! expected separator in list"]),
    (b"[,]", &["! expecting value"]),
    (b"{'a':1,}", &["! expecting value"]),
    (b"{'a':1,'a':2}", &["! duplicate key"]),
    (b"{'a':1,'\\u0061':2}", &["! duplicate key"]),
    (b"{'a':1,'a':x}", &["! invalid keyword 'x'"]),
    // What is no token, and where listening begins again.
    (b"[01]\n", &["! stray '01'", "! expecting value"]),
    (b"[-01]\n", &["! stray '-01'", "! expecting value"]),
    (b"[0.]\n", &["! stray '0.]'"]),
    (b"[1e+]\n", &["! stray '1e+]'"]),
    (b"{'a': 1.e5}\n", &["! stray '1.e'", "! expecting value"]),
    (b"-\n", &["! stray '-\n'"]),
    (b"T 5\n6 ", &["! stray 'T'", "6"]),
    (b"T\t5\r6\n", &["! stray 'T'", "6"]),
    (b"T\x0b5\n", &["! stray 'T'", "! stray '\u{b}'"]),
    (b"T'a'%\x7f{}", &["! stray 'T'", "{}"]),
    (b"T:5\n", &["! stray 'T'", "! expecting value", "5"]),
    (b"[1, TRUE, 2]\n", &["! stray 'T'", "! expecting value", "2", "! expecting value"]),
    (b"%d\n", &["! stray '%'"]),
    (b"\xff\xff\xff", &["! stray '\u{fffd}'"; 3]),
    (b"{'a\xff", &["! stray ''a\u{fffd}'"]),
    (b"\xef\xbb\xbf{}", &["! stray '\u{fffd}'", "{}"]),
    (b"[\0]", &["! stray ''", "! expecting value"]),
    (b"\"a\tb\"\n", &["! stray '\"a\t'"]),
    (b"\"\\\x01 5\n", &["! stray '\"\\\u{1}'"]),
    (b"a-b\n", &["! invalid keyword 'a'", "! stray '-b'"]),
    // Inside strings.
    (b"'\\\"' \"\\'\\/\"", &["\"\\\"\"", "\"'/\""]),
    (b"'\\q'", &["! invalid escape sequence in string"]),
    (b"'\\udbff\\udfff'", &["! \\udbff\\udfff is not a valid Unicode character"]),
    (b"'\\udbff\\u0041'", &["! \\udbff is not a valid Unicode character"]),
    (b"[0e0]", &["! expected separator in list"]),
    (b"[0E0]", &["! stray 'E'", "! expecting value"]),
    (b"'\\U00e9'", &["! invalid escape sequence in string"]),
    (b"\"\\u12\"", &["! \\u12\" is not a valid Unicode character"]),
    (b"\"\\u\"", &["! \\u\" is not a valid Unicode character"]),
    (b"\"\\u{41}\"", &["! \\u{41} is not a valid Unicode character"]),
    (b"'\\ud83d\\u0041'", &["! \\ud83d is not a valid Unicode character"]),
    (b"'\\udc00'", &["! \\udc00 is not a valid Unicode character"]),
    (b"'\\ufdd0'", &["! \\ufdd0 is not a valid Unicode character"]),
    (b"'\\ud83d\\ude00'", &["\"\\uD83D\\uDE00\""]),
    (b"'\\u0000\xc0\x80'", &["\"\\u0000\\u0000\""]),
    (b"'\xc0\x81'", &["! invalid UTF-8 sequence in string"]),
    (b"'\xed\xa0\x80'", &["! invalid UTF-8 sequence in string"]),
    (b"'\xef\xbf\xbf'", &["! invalid UTF-8 sequence in string"]),
    (b"'\xf5\x80\x80\x80'", &["! invalid UTF-8 sequence in string"]),
    (b"'abc\xe2\x82'", &["! invalid UTF-8 sequence in string"]),
    (b"'\xe2\x82\xac\x7f'", &["\"\\u20AC\\u007F\""]),
];

#[test]
fn a_long_word_is_shown_as_far_as_qemu_shows_it() {
    for length in [1005, 1006, 1007, 5000] {
        let mut stream = Stream::new();
        stream.feed(&[&b"a".repeat(length)[..], b"\n"].concat());
        let said = stream.next().expect("an answer").expect_err("no keyword").to_string();
        let whole = format!("JSON parse error, invalid keyword '{}'", "a".repeat(length));
        assert_eq!(said, whole[..whole.len().min(18 + 1023)]);
    }
}

#[test]
fn streams_give_what_qemu_gives() {
    for (input, expected) in CASES {
        assert_eq!(run(&[input]), *expected, "input {}", input.escape_ascii());
    }
}

#[test]
fn it_does_not_matter_how_input_is_cut() {
    for (input, expected) in CASES {
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(run(&bytes), *expected, "byte by byte: {}", input.escape_ascii());
        for at in 0..input.len() {
            let (head, tail) = input.split_at(at);
            assert_eq!(run(&[head, tail]), *expected, "cut at {at}: {}", input.escape_ascii());
        }
    }
}

#[test]
fn numbers_are_as_exact_as_64_bits_allow() {
    let number = |text: &str| parse(text.as_bytes()).unwrap().as_number().unwrap();
    assert!(matches!(number("-0"), Number::Int(0)));
    assert!(matches!(number("9223372036854775807"), Number::Int(i64::MAX)));
    assert!(matches!(number("-9223372036854775808"), Number::Int(i64::MIN)));
    assert!(matches!(number("9223372036854775808"), Number::Uint(0x8000_0000_0000_0000)));
    assert!(matches!(number("18446744073709551615"), Number::Uint(u64::MAX)));
    assert!(matches!(number("18446744073709551616"), Number::Double(n) if n == 18446744073709551616.0));
    assert!(matches!(number("-9223372036854775809"), Number::Double(n) if n == -9223372036854775808.0));
    assert!(matches!(number("1.0"), Number::Double(n) if n == 1.0));
    assert!(matches!(number("1e2"), Number::Double(n) if n == 100.0));
    assert!(matches!(number("1E400"), Number::Double(n) if n.is_infinite()));
}

#[test]
fn nesting_has_a_limit_and_every_bracket_after_it_an_answer() {
    let text = |levels| ["[".repeat(levels), "]".repeat(levels)].concat();
    assert_eq!(run(&[text(MAX_NESTING).as_bytes()]).len(), 1);
    let replies = run(&[text(MAX_NESTING + 1).as_bytes()]);
    assert_eq!(replies.len(), MAX_NESTING + 2);
    assert_eq!(replies[0], "JSON nesting depth limit exceeded");
    assert!(parse(text(MAX_NESTING).as_bytes()).is_ok());
    assert!(parse(text(MAX_NESTING + 1).as_bytes()).is_err());
}

#[test]
fn too_many_tokens_are_refused() {
    // The bracket and the zeros with their commas are one token more than allowed.
    let mut text = b"[".to_vec();
    text.extend(b"0,".repeat(super::MAX_TOKENS / 2));
    assert_eq!(run(&[&text]), ["JSON token count limit exceeded"]);
}

#[test]
fn a_token_that_is_too_long_is_refused_without_being_kept() {
    let mut stream = Stream::new();
    stream.feed(b"\"");
    let chunk = vec![b'1'; 1 << 20];
    let mut errors = Vec::new();
    for _ in 0..65 {
        stream.feed(&chunk);
        while let Some(item) = stream.next() {
            errors.push(item.unwrap_err().to_string());
        }
    }
    assert_eq!(errors, ["JSON token size limit exceeded"]);
}

#[test]
fn white_space_takes_no_memory() {
    let mut stream = Stream::new();
    stream.feed(b"[1");
    assert!(stream.next().is_none());
    for _ in 0..64 {
        stream.feed(&vec![b' '; 1 << 20]);
        assert!(stream.next().is_none());
    }
    assert!(stream.held() < 4 << 20, "{} bytes held", stream.held());
    stream.feed(b"]");
    assert_eq!(stream.next().unwrap().unwrap().text(), b"[1]");
}

#[test]
fn members_are_found_without_reading_the_message_again() {
    let mut stream = Stream::new();
    for cut in [0, 7] {
        let text = b"  {'execute' : 'a\\u0062', \"arg\\u0075ments\": {\"x\": [1 , 2]},\"id\":7}  ";
        let (head, tail) = text.split_at(cut);
        stream.feed(head);
        assert!(stream.next().is_none());
        stream.feed(tail);
        let frame = stream.next().unwrap().unwrap();
        assert!(frame.is_object());
        let names: Vec<_> = frame.members().map(|(name, _)| name.into_owned()).collect();
        assert_eq!(names, ["execute", "arguments", "id"]);
        assert_eq!(frame.get("execute").unwrap().as_str().unwrap(), "ab");
        assert_eq!(frame.get("arguments").unwrap().to_value().to_string(), "{\"x\": [1, 2]}");
        assert_eq!(frame.get("id").unwrap().text(), b"7");
        assert!(stream.next().is_none());
    }
}

#[test]
fn whole_texts_hold_one_value() {
    assert_eq!(parse(b" 42").unwrap(), Value::from(42));
    assert_eq!(parse(b"null").unwrap(), Value::Null);
    let error = |text: &[u8]| parse(text).unwrap_err().to_string();
    assert_eq!(error(b""), "JSON parse error, expecting value");
    assert_eq!(error(b"[1, {"), "JSON parse error, premature EOI");
    assert_eq!(error(b"'abc"), "JSON parse error, stray ''abc\n'");
    assert_eq!(error(b"1 2"), "Expecting at most one JSON value");
    assert_eq!(error(b"[1] ]"), "Expecting at most one JSON value");
}

#[test]
fn thousands_of_names_are_compared_in_reasonable_time() {
    let members: Vec<String> = (0..100_000).map(|i| format!("'k{i}': 0")).collect();
    let text = format!("{{{}}}", members.join(","));
    assert_eq!(run(&[text.as_bytes()]).len(), 1);
    let twice = format!("{{{}, 'k7': 1}}", members.join(","));
    assert_eq!(run(&[twice.as_bytes()]), ["! duplicate key"]);
}
