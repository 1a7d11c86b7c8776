//! Properties over inputs nobody thought of: nothing panics, all ways agree, what is written can be read.

mod samples;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use qapi_runtime::json::{Stream, parse};
use qapi_runtime::{Decoder, Dict, Mode, Number, Value, Visit, from_json, from_json_lenient, from_value, to_json};
use samples::{Lamp, Node, Scene, Wide};

fn any_number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        // Doubles without a fraction are printed like integers, and read as such.
        any::<f64>()
            .prop_filter("finite, with a fraction", |n| n.is_finite() && n.fract() != 0.0)
            .prop_map(Number::from),
    ]
}

/// Text of characters that QEMU's strings may have.
fn any_text() -> impl Strategy<Value = String> {
    vec(
        any::<char>()
            .prop_filter("a character", |c| u32::from(*c) & 0xfffe != 0xfffe && !('\u{fdd0}'..='\u{fdef}').contains(c)),
        0..12,
    )
    .prop_map(|chars| chars.into_iter().collect())
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any_number().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::from),
            btree_map(any_text(), inner, 0..24).prop_map(|members| Value::from(members.into_iter().collect::<Dict>())),
        ]
    })
}

/// Texts made of the words and names that the sample types know: nearly right far more often than random bytes.
fn nearly_right() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "'name'",
        "'driver'",
        "'raw'",
        "'crypt'",
        "'null'",
        "'file'",
        "'cipher'",
        "'aes'",
        "'key'",
        "'id'",
        "'lamps'",
        "'nodes'",
        "'level'",
        "'extra'",
        "'x'",
        "1",
        "256",
        "-1",
        "0.5",
        "null",
        "true",
        "{'driver':'raw','file':'','id':''}",
        "{'id':'','driver':'null'}",
        "'id':'',",
        "'driver':'raw',",
        "'file':{",
        "{'key':'','cipher':'aes','id':'','driver':'crypt'}",
        "'x':1,",
        "{'name':''}",
        "'tags':['','']",
        "\\",
        "é",
        "01",
    ];
    vec(0..WORDS.len(), 0..16).prop_map(|words| words.into_iter().map(|i| WORDS[i]).collect())
}

/// Members of a node in any order, some missing, some twice, some foreign.
fn node_members() -> impl Strategy<Value = String> {
    const MEMBERS: &[&str] = &[
        "'driver':'raw'",
        "'driver':'crypt'",
        "'driver':'null'",
        "'driver':'tape'",
        "'id':'n'",
        "'file':'f'",
        "'file':null",
        "'offset':1",
        "'cipher':'aes'",
        "'cipher':'xor'",
        "'cipher':'des'",
        "'strict':true",
        "'key':'k'",
        "'rounds':3",
        "'other':{'a':[1,{}]}",
        "'file':{'id':'','file':'','driver':'raw'}",
    ];
    vec(0..MEMBERS.len(), 0..7)
        .prop_map(|members| format!("{{{}}}", members.into_iter().map(|i| MEMBERS[i]).collect::<Vec<_>>().join(",")))
}

/// The fast pass over the text must accept exactly what the slow one by way of a tree accepts, with the same result.
fn agree<T: Visit + Default + PartialEq + std::fmt::Debug>(text: &[u8], mode: Mode) {
    let mut fast = T::default();
    let mut d = Decoder::from_text(text, mode);
    let fast = (fast.get(&mut d).is_ok() && d.at_end()).then_some(fast);
    let mut slow = T::default();
    let slow = parse(text).ok().and_then(|value| {
        let mut d = Decoder::from_value(&value, mode);
        slow.get(&mut d).is_ok().then_some(slow)
    });
    assert_eq!(fast, slow, "{mode:?}: {}", text.escape_ascii());
    let (strict, lenient) = (from_json::<T>(text), from_json_lenient::<T>(text));
    let whole = if mode == Mode::Strict { strict.ok() } else { lenient.ok() };
    assert_eq!(whole, slow, "{mode:?}: {}", text.escape_ascii());
}

fn all_agree(text: &[u8]) {
    for mode in [Mode::Strict, Mode::Lenient] {
        agree::<Lamp>(text, mode);
        agree::<Node>(text, mode);
        agree::<Scene>(text, mode);
        agree::<Wide>(text, mode);
        agree::<Value>(text, mode);
        agree::<Dict>(text, mode);
        agree::<u64>(text, mode);
        agree::<Vec<f64>>(text, mode);
    }
}

/// Everything a stream gives, in a form that can be compared.
fn drain(stream: &mut Stream, into: &mut Vec<String>) {
    while let Some(item) = stream.next() {
        into.push(match item {
            Ok(frame) => format!(
                "{} {:?}",
                frame.to_value(),
                frame.members().map(|(name, _)| name.into_owned()).collect::<Vec<_>>()
            ),
            Err(error) => error.to_string(),
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn values_survive_being_written_and_read(value in any_value()) {
        let text = to_json(&value);
        prop_assert!(text.is_ascii());
        prop_assert_eq!(&parse(text.as_bytes()).unwrap(), &value);
        prop_assert_eq!(&from_json::<Value>(text.as_bytes()).unwrap(), &value);
        // Ours is JSON to others as well, and theirs to us. (serde_json reads doubles fast, not to the last bit.)
        prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
        prop_assert_eq!(&parse(serde_json::to_string(&value).unwrap().as_bytes()).unwrap(), &value);
    }

    #[test]
    fn doubles_survive(n in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
        let text = to_json(&n);
        prop_assert_eq!(from_json::<f64>(text.as_bytes()).unwrap(), n, "{}", text);
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..64)) {
        all_agree(&bytes);
        let _ = parse(&bytes);
    }

    #[test]
    fn no_nearly_right_text_panics(text in nearly_right()) {
        all_agree(text.as_bytes());
    }

    #[test]
    fn unions_agree(text in node_members()) {
        all_agree(text.as_bytes());
        all_agree(format!("{{'lamps':[],'nodes':[{text},{text}]}}").as_bytes());
    }

    #[test]
    fn streams_do_not_care_how_bytes_arrive(
        parts in vec(prop_oneof![nearly_right().prop_map(String::into_bytes), vec(any::<u8>(), 0..8)], 0..8),
        cut in 1..7usize,
    ) {
        let text = parts.concat();
        let (mut whole, mut pieces) = (Vec::new(), Vec::new());
        let mut stream = Stream::new();
        stream.feed(&text);
        drain(&mut stream, &mut whole);
        let mut stream = Stream::new();
        for piece in text.chunks(cut) {
            stream.feed(piece);
            drain(&mut stream, &mut pieces);
        }
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn typed_values_survive(lamp in (any_text(), proptest::option::of(any::<u8>()), proptest::option::of(any_value()))) {
        let (name, level, extra) = lamp;
        let lamp = Lamp { name: name.into(), level, extra, ..Lamp::default() };
        let text = to_json(&lamp);
        prop_assert_eq!(&from_json::<Lamp>(text.as_bytes()).unwrap(), &lamp);
        prop_assert_eq!(&from_value::<Lamp>(&parse(text.as_bytes()).unwrap()).unwrap(), &lamp);
    }
}
