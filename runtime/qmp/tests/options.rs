//! Command-line options as values of schema types: `key=value` text and JSON.

mod samples;

use qapi_runtime::{
    Decoder, Encoder, Failed, Object, Outcome, Shape, Value, Visit, from_keyval, from_option, json, to_json,
};
use samples::{Colour, Lamp, Node, NodeRef, Scene, Wide};

/// A struct with members of the type `size`, as generated code has them.
#[derive(Debug, Default, PartialEq)]
struct Sizes {
    one: Option<u64>,
    many: Option<Vec<u64>>,
    count: Option<u64>,
}

impl Object for Sizes {
    fn shape(&self) -> &'static Shape {
        static SHAPE: Shape = Shape { names: &["one", "many", "count"], required: &[0], tag: usize::MAX };
        &SHAPE
    }

    fn load(&mut self, i: usize, d: &mut Decoder<'_>) -> Outcome {
        match i {
            0 => d.size(&mut self.one),
            1 => d.size(&mut self.many),
            2 => self.count.get(d),
            _ => Err(Failed),
        }
    }

    fn store(&self, e: &mut Encoder) {
        e.member("one", &self.one);
        e.member("many", &self.many);
        e.member("count", &self.count);
    }
}

/// An option read as `T`: what it is, as JSON, or what is wrong.
fn option<T: Visit + Default>(text: &str) -> String {
    from_option::<T>(text, None).map_or_else(|error| error.to_string(), |value| to_json(&value))
}

#[test]
fn sizes_have_suffixes() {
    let size = |text: &str| from_option::<Sizes>(&format!("one={text}"), None);
    for (text, expected) in [
        ("0", 0),
        ("4097", 4097),
        ("010", 10),
        ("00000000000000000000000000001k", 1024),
        (" 1k", 1024),
        ("+1k", 1024),
        ("1b", 1),
        ("1B", 1),
        ("1K", 1 << 10),
        ("1m", 1 << 20),
        ("1G", 1 << 30),
        ("1t", 1 << 40),
        ("1P", 1 << 50),
        ("1e", 1 << 60),
        ("15E", 15 << 60),
        ("1.5G", 3 << 29),
        ("1.5e", 3 << 59),
        ("1.k", 1024),
        ("1.", 1),
        ("1.0", 1),
        ("1.0B", 1),
        ("0.0k", 0),
        // Rounded to whole bytes.
        ("1.1k", 1126),
        ("1.0005k", 1025),
        ("0.7k", 717),
        ("1.9999k", 2048),
        ("0.1G", 0x666_6666),
        ("15.9E", 0xfe66_6666_6666_6680),
        ("0x10", 16),
        ("0X1000", 4096),
        ("0x1E", 30),
        ("0x1B", 27),
        ("0x10k", 16384),
        ("18446744073709551615", u64::MAX),
    ] {
        assert_eq!(size(text).map(|sizes| sizes.one), Ok(Some(expected)), "{text:?}");
    }
    for text in [
        "",
        "x",
        "k",
        "1.5",
        "1.5B",
        "0.5B",
        ".5k",
        "-1",
        "-0",
        "0x",
        "0x1.8",
        "1e3",
        "1.5e1k",
        "1.e1k",
        "1kB",
        "1Kb",
        "1KiB",
        "1.5X",
        "1.5.5k",
        "1 ",
        "1G ",
        "1.-5k",
        "1.+5k",
        "1. 5k",
        "1.0x8k",
        "0x1p3",
        "inf",
        "nan",
        "16E",
        "18446744073709551616",
        "18446744073709551615.9k",
        "99999999999999999999999999999999",
    ] {
        assert_eq!(size(text).unwrap_err().to_string(), "Parameter 'one' expects size", "{text:?}");
    }
    assert_eq!(option::<Sizes>("many.0=1k,many.1=0.5M"), r#"{"many": [1024, 524288]}"#);
    assert_eq!(option::<Sizes>("many.0=1k,many.1=x"), "Parameter 'many.1' expects size");
    assert_eq!(option::<Sizes>("one.x=1"), "Parameters 'one.*' are unexpected");
    // Other integers have none, and in JSON not even sizes do.
    assert_eq!(option::<Sizes>("one=1k,count=1k"), "Parameter 'count' expects integer");
    assert_eq!(option::<Sizes>(r#"{"one": "1k"}"#), "Parameter 'one' expects uint64");
    assert_eq!(option::<Sizes>(r#"{"one": 1024}"#), r#"{"one": 1024}"#);
}

#[test]
fn integers_are_written_as_in_c() {
    let int = |text: &str| from_keyval::<i64>(&text.into()).ok();
    let uint = |text: &str| from_keyval::<u64>(&text.into()).ok();
    for (text, signed, unsigned) in [
        ("0", Some(0), Some(0)),
        ("-0", Some(0), Some(0)),
        ("42", Some(42), Some(42)),
        ("+42", Some(42), Some(42)),
        (" \t\n42", Some(42), Some(42)),
        ("-1", Some(-1), Some(u64::MAX)),
        ("0x10", Some(16), Some(16)),
        ("0XfF", Some(255), Some(255)),
        ("-0x10", Some(-16), Some(16u64.wrapping_neg())),
        ("010", Some(8), Some(8)),
        ("9223372036854775807", Some(i64::MAX), Some(i64::MAX as u64)),
        ("9223372036854775808", None, Some(1 << 63)),
        ("-9223372036854775808", Some(i64::MIN), Some(1 << 63)),
        ("-9223372036854775809", None, Some(i64::MAX as u64)),
        ("18446744073709551615", None, Some(u64::MAX)),
        ("-18446744073709551615", None, Some(1)),
        ("18446744073709551616", None, None),
        ("-18446744073709551616", None, None),
    ] {
        assert_eq!((int(text), uint(text)), (signed, unsigned), "{text:?}");
    }
    for text in ["", " ", "x", "08", "0x", "1.0", "1e3", "1k", "1 ", "--1", "+-1", "- 1", "0b1", "1_000", "٣"] {
        assert_eq!((int(text), uint(text)), (None, None), "{text:?}");
        let error = from_keyval::<i64>(&text.into()).unwrap_err().to_string();
        assert_eq!(error, "Parameter '<anonymous>' expects integer");
    }
    assert_eq!(option::<Lamp>("name=x,level=255"), r#"{"name": "x", "level": 255}"#);
    assert_eq!(option::<Lamp>("name=x,level=256"), "Parameter 'level' expects uint8_t");
    assert_eq!(option::<Lamp>("name=x,level=-1"), "Parameter 'level' expects uint8_t");
    assert_eq!(option::<Lamp>("name=x,level=x"), "Parameter 'level' expects integer");
}

#[test]
fn other_scalars() {
    for (text, expected) in
        [("on", true), ("yes", true), ("true", true), ("y", true), ("off", false), ("no", false), ("n", false)]
    {
        assert_eq!(from_keyval::<bool>(&text.into()), Ok(expected), "{text}");
    }
    for text in ["", "ON", "True", "1", "0", " on", "on "] {
        let error = from_keyval::<bool>(&text.into()).unwrap_err().to_string();
        assert_eq!(error, "Parameter '<anonymous>' expects 'on' or 'off'", "{text:?}");
    }
    for (text, expected) in [("1", 1.0), ("-1.5", -1.5), (" 1e3", 1000.0), (".5", 0.5), ("1.", 1.0), ("+2E-1", 0.2)] {
        assert_eq!(from_keyval::<f64>(&text.into()), Ok(expected), "{text}");
    }
    for text in ["", "inf", "nan", "1e999", "x", "1x", "1 "] {
        let error = from_keyval::<f64>(&text.into()).unwrap_err().to_string();
        assert_eq!(error, "Parameter '<anonymous>' expects number", "{text:?}");
    }
    assert_eq!(from_keyval::<Colour>(&"green".into()), Ok(Colour::Green));
    assert_eq!(option::<Lamp>("name=x,colour=blue"), "Parameter 'colour' does not accept value 'blue'");
    assert_eq!(option::<Lamp>("name=x,colour="), "Parameter 'colour' does not accept value ''");
    // What has any type stays text.
    assert_eq!(option::<Lamp>("name=x,extra.0=1,extra.1.a=on"), r#"{"name": "x", "extra": ["1", {"a": "on"}]}"#);
    // There is no null.
    let null = option::<Scene>("lamps.0.name=x,nodes.0.driver=null,nodes.0.id=y,none=");
    assert_eq!(null, "Invalid parameter type for 'none', expected: null");
}

#[test]
fn objects_lists_unions_and_alternates() {
    for (text, expected) in [
        ("name=x,tags.0=a,tags.1=b", r#"{"name": "x", "tags": ["a", "b"]}"#),
        ("tags.0=a", "Parameter 'name' is missing"),
        ("name.x=y", "Parameters 'name.*' are unexpected"),
        ("name.0=y", "Parameters 'name.*' are unexpected"),
        ("name=x,level.x=y", "Parameters 'level.*' are unexpected"),
        ("name=x,colour.x=y", "Parameters 'colour.*' are unexpected"),
        ("name=x,tags=a", "Invalid parameter type for 'tags', expected: array"),
        ("name=x,tags.x=a", "Invalid parameter type for 'tags', expected: array"),
        ("name=x,tags.0.0=a", "Parameters 'tags.0.*' are unexpected"),
        ("name=x,other=1", "Parameter 'other' is unexpected"),
        ("name=x,other.a.0=1", "Parameter 'other' is unexpected"),
    ] {
        assert_eq!(option::<Lamp>(text), expected, "{text}");
    }
    for (text, expected) in [
        ("driver=null,id=x", r#"{"driver": "null", "id": "x"}"#),
        ("id=x,offset=0x10,file=f,driver=raw", r#"{"driver": "raw", "id": "x", "file": "f", "offset": 16}"#),
        (
            "driver=raw,id=x,file.driver=null,file.id=y",
            r#"{"driver": "raw", "id": "x", "file": {"driver": "null", "id": "y"}}"#,
        ),
        (
            "driver=crypt,id=x,cipher=aes,key=k,strict=on,rounds=010",
            r#"{"driver": "crypt", "id": "x", "cipher": "aes", "strict": true, "key": "k", "rounds": 8}"#,
        ),
        ("id=x", "Parameter 'driver' is missing"),
        ("driver=tape,id=x", "Parameter 'driver' does not accept value 'tape'"),
        ("driver.x=raw,id=x", "Parameters 'driver.*' are unexpected"),
        ("driver=raw,id=x", "Parameter 'file' is missing"),
        ("driver=raw,id=x,file.0=f", "Invalid parameter type for 'file', expected: NodeRef"),
        ("driver=raw,id=x,file.id=y", "Parameter 'file.driver' is missing"),
        ("driver=raw,id=x,file.driver=tape", "Parameter 'driver' does not accept value 'tape'"),
        ("driver=raw,id=x,file.driver=null,file.id=y,file.z=1", "Parameter 'file.z' is unexpected"),
        (
            "driver=raw,id=x,file.driver=raw,file.id=y,file.file=f,file.offset=x",
            "Parameter 'file.offset' expects integer",
        ),
    ] {
        assert_eq!(option::<Node>(text), expected, "{text}");
    }
    for (text, expected) in [
        ("lamps=x", "Invalid parameter type for 'lamps', expected: array"),
        ("lamps.0=x", "Invalid parameter type for 'lamps.0', expected: object"),
        ("lamps.0.name=x,lamps.1.level=1", "Parameter 'lamps.1.name' is missing"),
        ("lamps.0.name=x,lamps.0.y=1", "Parameter 'lamps.0.y' is unexpected"),
    ] {
        assert_eq!(option::<Scene>(text), expected, "{text}");
    }
    assert_eq!(option::<Wide>("m69=0x45,m0=0,m64=-1"), r#"{"m0": 0, "m64": -1, "m69": 69}"#);
    assert_eq!(option::<Wide>("m0=0"), "Parameter 'm69' is missing");
    // An alternate's branch is text, object or list, whatever the text looks like.
    assert_eq!(from_keyval::<NodeRef>(&"7".into()), Ok(NodeRef::Reference("7".into())));
}

#[test]
fn a_brace_begins_json() {
    for (text, expected) in [
        (r#"{"name": "x", "level": 7}"#, r#"{"name": "x", "level": 7}"#),
        ("{'name': 'a,b=c'}\n", r#"{"name": "a,b=c"}"#),
        (r#"{"name": "x", "level": "7"}"#, "Parameter 'level' expects uint64"),
        (r#"{"name": "x", "tags": [1]}"#, "Invalid parameter type for 'tags[0]', expected: string"),
        ("{}", "Parameter 'name' is missing"),
        ("{", "JSON parse error, premature EOI"),
        ("{'a': 1, 'a': 2}", "JSON parse error, duplicate key"),
        ("{}{}", "Expecting at most one JSON value"),
        ("{} x", "Expecting at most one JSON value"),
        ("[]", "Invalid parameter '[]'"),
        (" {}", "Invalid parameter ' {}'"),
        ("help", "Help is not available for this option"),
        ("name=x,?", "Help is not available for this option"),
    ] {
        assert_eq!(option::<Lamp>(text), expected, "{text}");
    }
    let implied = |text| from_option::<Lamp>(text, Some("name")).map(|lamp| lamp.name);
    assert_eq!(implied("x,level=1"), Ok("x".into()));
    assert_eq!(implied("{'name': 'y'}"), Ok("y".into()));
}

#[test]
fn leaves_that_are_no_text_are_refused() {
    let value = json::parse(b"{'name': 1}").unwrap();
    let error = from_keyval::<Lamp>(&value).unwrap_err().to_string();
    assert_eq!(error, "Invalid parameter type for 'name', expected: string");
    assert!(from_keyval::<u64>(&Value::from(7)).is_err());
}
