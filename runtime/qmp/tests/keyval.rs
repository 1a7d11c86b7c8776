//! `key=value` text: what it says, and what is refused in which words.

use qapi_runtime::keyval::{self, Keyval};
use qapi_runtime::{Dict, json, to_json};

/// What a text says, as JSON.
fn read(text: &str, implied: Option<&str>) -> String {
    match keyval::parse(text, implied) {
        Ok(Keyval { members, help: false }) => to_json(&members),
        Ok(Keyval { members, help: true }) => format!("{} and help", to_json(&members)),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn check(implied: Option<&str>, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(read(text, implied), *expected, "{text:?}");
    }
}

#[test]
fn keys_and_values() {
    check(
        None,
        &[
            ("", "{}"),
            ("a=b", r#"{"a": "b"}"#),
            ("a=", r#"{"a": ""}"#),
            ("a=b,", r#"{"a": "b"}"#),
            ("a=b,c=d", r#"{"a": "b", "c": "d"}"#),
            ("a= b ,c=\té", r#"{"a": " b ", "c": "\t\u00E9"}"#),
            // The last one counts, and keeps the place of the first.
            ("a=1,b=2,a=3", r#"{"a": "3", "b": "2"}"#),
            ("a=b=c==", r#"{"a": "b=c=="}"#),
            // Commas.
            ("a=b,,c=d", r#"{"a": "b,c=d"}"#),
            ("a=,,", r#"{"a": ","}"#),
            ("a=b,,,", r#"{"a": "b,"}"#),
            ("a=b,,,,", r#"{"a": "b,,"}"#),
            ("a=b,,,c=d", r#"{"a": "b,", "c": "d"}"#),
            // Values that look like something else.
            ("a=help", r#"{"a": "help"}"#),
            ("id=1,a={}", r#"{"id": "1", "a": "{}"}"#),
            ("A-_9=1,a-=2,a_=3", r#"{"A-_9": "1", "a-": "2", "a_": "3"}"#),
        ],
    );
}

#[test]
fn keys_that_are_none() {
    check(
        None,
        &[
            ("a", "Expected '=' after parameter 'a'"),
            ("a=1,b", "Expected '=' after parameter 'b'"),
            ("a,b=1", "Expected '=' after parameter 'a'"),
            ("=x", "Invalid parameter ''"),
            (",", "Invalid parameter ''"),
            (",a=b", "Invalid parameter ''"),
            ("a=,=x", "Invalid parameter ''"),
            ("a=b,.=x", "Invalid parameter '.'"),
            (".a=x", "Invalid parameter '.a'"),
            ("a.=x", "Invalid parameter 'a.'"),
            ("a..b=x", "Invalid parameter 'a..b'"),
            ("a.b..c=1", "Invalid parameter 'a.b..c'"),
            ("a.0.=1", "Invalid parameter 'a.0.'"),
            ("-a=x", "Invalid parameter '-a'"),
            ("_a=x", "Invalid parameter '_a'"),
            ("1a=x", "Invalid parameter '1a'"),
            ("0=x", "Invalid parameter '0'"),
            ("0.a=1", "Invalid parameter '0.a'"),
            ("a.0b=x", "Invalid parameter 'a.0b'"),
            ("a.-b=x", "Invalid parameter 'a.-b'"),
            ("a._b=1", "Invalid parameter 'a._b'"),
            ("a.+0=1", "Invalid parameter 'a.+0'"),
            ("a b=1", "Invalid parameter 'a b'"),
            ("a/b=1", "Invalid parameter 'a/b'"),
            ("a@=1", "Invalid parameter 'a@'"),
            ("é=1", "Invalid parameter 'é'"),
            (" {}", "Invalid parameter ' {}'"),
            ("??", "Invalid parameter '??'"),
            ("?=x", "Invalid parameter '?'"),
        ],
    );
}

#[test]
fn vendors_prefix_their_names() {
    check(
        None,
        &[
            ("__com.example_x=1", r#"{"__com.example_x": "1"}"#),
            ("__com.ex_x.0=1", r#"{"__com.ex_x": ["1"]}"#),
            ("x.__com.ex_y=1", r#"{"x": {"__com.ex_y": "1"}}"#),
            ("__-c_x=1,__1_x=2,___x=3", r#"{"__-c_x": "1", "__1_x": "2", "___x": "3"}"#),
            ("__=1", "Invalid parameter '__'"),
            ("__com=1", "Invalid parameter '__com'"),
            ("__com.ex_=1", "Invalid parameter '__com.ex_'"),
            ("__a_0=1", "Invalid parameter '__a_0'"),
            ("x.__a=2", "Invalid parameter 'x.__a'"),
        ],
    );
}

#[test]
fn fragments_have_at_most_127_characters() {
    let [fits, long] = [127, 128].map(|len| "a".repeat(len));
    let good = format!("{fits}.{fits}.{}=x", "0".repeat(127));
    assert!(keyval::parse(&good, None).is_ok());
    let error = |text: &str| keyval::parse(text, None).unwrap_err().to_string();
    assert_eq!(error(&format!("{long}=x")), format!("Parameter '{long}' is too long"));
    assert_eq!(error(&format!("b.{long}=x")), format!("Parameter fragment '{long}' is too long"));
    assert_eq!(error(&format!("{long}.b=x")), format!("Parameter fragment '{long}' is too long"));
    let vendor = format!("__com.{fits}_x");
    assert_eq!(error(&format!("{vendor}=x")), format!("Parameter '{vendor}' is too long"));
    let digits = "1".repeat(128);
    assert_eq!(error(&format!("a.{digits}=x")), format!("Parameter fragment '{digits}' is too long"));
    assert_eq!(error(&format!("-{long}=x")), format!("Invalid parameter '-{long}'"));
}

#[test]
fn dots_make_objects() {
    check(
        None,
        &[
            ("a.b=1", r#"{"a": {"b": "1"}}"#),
            ("a.b.c=1,a.b.c=2,d=3", r#"{"a": {"b": {"c": "2"}}, "d": "3"}"#),
            ("a.b=1,c=2,a.d=3", r#"{"a": {"b": "1", "d": "3"}, "c": "2"}"#),
            ("a=1,a.b=2", "Parameters 'a.*' used inconsistently"),
            ("a.b=1,a=2", "Parameters 'a.*' used inconsistently"),
            ("a.b.c=1,a.b=2", "Parameters 'a.b.*' used inconsistently"),
            ("a.b=1,a.b.c=2", "Parameters 'a.b.*' used inconsistently"),
            // The key is followed before the sign behind it is missed, and each of its names is looked at first.
            ("a=1,a.b", "Parameters 'a.*' used inconsistently"),
            ("a=1,a.-b=2", "Invalid parameter 'a.-b'"),
            ("a=1,a.b.-c=2", "Parameters 'a.*' used inconsistently"),
        ],
    );
}

#[test]
fn numbers_make_lists() {
    check(
        None,
        &[
            ("a.0=x", r#"{"a": ["x"]}"#),
            ("a.1=y,a.0=x", r#"{"a": ["x", "y"]}"#),
            ("a.0=x,a.0=y", r#"{"a": ["y"]}"#),
            ("a.00=x,a.01=y,a.0=z", r#"{"a": ["z", "y"]}"#),
            ("a.0.b=x,a.1.b=y", r#"{"a": [{"b": "x"}, {"b": "y"}]}"#),
            ("a.0.0=x,a.0.1=y,a.1=z", r#"{"a": [["x", "y"], "z"]}"#),
            (
                "l.10=k,l.9=j,l.8=i,l.7=h,l.6=g,l.5=f,l.4=e,l.3=d,l.2=c,l.1=b,l.0=a",
                r#"{"l": ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]}"#,
            ),
            ("a.1=x", "Parameter 'a.0' missing"),
            ("a.0=1,a.2=2", "Parameter 'a.1' missing"),
            ("a.04=x,a.2=y,a.5=z,a.1=v", "Parameter 'a.0' missing"),
            ("a.2147483647=1", "Parameter 'a.0' missing"),
            ("a.999999999999999999999=1", "Parameter 'a.0' missing"),
            ("a.0=x,a.999999999999999999999=1,a.999999999999999999998=1", "Parameter 'a.1' missing"),
            // Inner lists are looked at before the one around them.
            ("a.1.1=1", "Parameter 'a.1.0' missing"),
            ("a.b.1=1,a.c.1=2", "Parameter 'a.b.0' missing"),
            ("a.0.0=1,a.0.2=2", "Parameter 'a.0.1' missing"),
            ("a.b=1,a.0=2", "Parameters 'a.*' used inconsistently"),
            ("a.0=1,a.b=2", "Parameters 'a.*' used inconsistently"),
            ("a.0=1,a=2", "Parameters 'a.*' used inconsistently"),
            ("a.0.b=1,a.0=1", "Parameters 'a.0.*' used inconsistently"),
        ],
    );
}

#[test]
fn a_first_value_may_go_without_its_key() {
    check(
        Some("driver"),
        &[
            ("", "{}"),
            ("raw", r#"{"driver": "raw"}"#),
            ("raw,", r#"{"driver": "raw"}"#),
            ("raw,a=b", r#"{"driver": "raw", "a": "b"}"#),
            ("x.y", r#"{"driver": "x.y"}"#),
            ("-7 é", r#"{"driver": "-7 \u00E9"}"#),
            ("raw,driver=null", r#"{"driver": "null"}"#),
            ("driver=raw", r#"{"driver": "raw"}"#),
            ("a=b", r#"{"a": "b"}"#),
            ("a=b,raw", "Expected '=' after parameter 'raw'"),
            ("raw,x", "Expected '=' after parameter 'x'"),
            // It can neither be empty nor have commas in it.
            (",", "Invalid parameter ''"),
            ("raw,,x", "Invalid parameter ''"),
            ("=x", "Invalid parameter ''"),
        ],
    );
    check(Some("a.b.0"), &[("x", r#"{"a": {"b": ["x"]}}"#), ("x,a=1", "Parameters 'a.*' used inconsistently")]);
}

#[test]
fn help_is_asked_for_anywhere() {
    for implied in [None, Some("driver")] {
        check(
            implied,
            &[
                ("help", "{} and help"),
                ("?", "{} and help"),
                ("help,help,?", "{} and help"),
                ("help,a=1", r#"{"a": "1"} and help"#),
                ("a=1,help", r#"{"a": "1"} and help"#),
                ("a=1,?,b.0=2", r#"{"a": "1", "b": ["2"]} and help"#),
                ("help=x", r#"{"help": "x"}"#),
                ("help.a=x", r#"{"help": {"a": "x"}}"#),
                ("help,,x", "Invalid parameter ''"),
                ("help,=x", "Invalid parameter ''"),
            ],
        );
    }
    check(Some("driver"), &[("raw,help", r#"{"driver": "raw"} and help"#), ("helpx", r#"{"driver": "helpx"}"#)]);
    check(None, &[("helpx", "Expected '=' after parameter 'helpx'")]);
}

#[test]
fn nesting_has_a_bottom() {
    let key = |levels: usize| format!("{}a=x", "a.".repeat(levels));
    assert!(keyval::parse(&key(json::MAX_NESTING - 1), None).is_ok());
    let error = keyval::parse(&key(200_000), None).unwrap_err().to_string();
    assert!(error.ends_with("nests more than 1024 levels deep"), "{error}");
}

#[test]
fn repeated_options_add_up() {
    let texts = |texts: &[&str]| {
        let merged = texts.iter().try_fold(Dict::new(), |members, text| {
            keyval::parse_into(members, text, Some("type")).map(|read| read.members)
        });
        merged.map_or_else(|error| error.to_string(), |members| to_json(&members))
    };
    assert_eq!(texts(&["pc,a=1,b.c=2", "a=3,b.d=4"]), r#"{"type": "pc", "a": "3", "b": {"c": "2", "d": "4"}}"#);
    assert_eq!(texts(&["a=1", "none"]), r#"{"a": "1", "type": "none"}"#);
    assert_eq!(texts(&["a=1", "a.b=2"]), "Parameters 'a.*' used inconsistently");
    assert_eq!(texts(&["a.b.c=1", "a.b=2"]), "Parameters 'a.b.*' used inconsistently");
    // The first text's list is closed.
    assert_eq!(texts(&["a.0=1", "a.1=2"]), "Parameters 'a.*' used inconsistently");
}

#[test]
fn trees_are_merged() {
    let merged = |into: &str, from: &str| {
        let [mut into, from] = [into, from].map(|text| keyval::parse(text, None).unwrap().members);
        match keyval::merge(&mut into, from) {
            Ok(()) => to_json(&into),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(merged("", "a=1"), r#"{"a": "1"}"#);
    assert_eq!(merged("a=1,b=2", "b=3,c=4"), r#"{"a": "1", "b": "3", "c": "4"}"#);
    assert_eq!(
        merged("a.b=1,a.c.d=2", "a.c.e=3,a.b=4,f.g=5"),
        r#"{"a": {"b": "4", "c": {"d": "2", "e": "3"}}, "f": {"g": "5"}}"#
    );
    assert_eq!(merged("a.0=1,a.1=2", "a.0=3"), r#"{"a": ["1", "2", "3"]}"#);
    for (into, from, at) in [
        ("a=1", "a.b=2", "a"),
        ("a.b=1", "a=2", "a"),
        ("a=1", "a.0=2", "a"),
        ("a.0=1", "a=2", "a"),
        ("a.b=1", "a.0=2", "a"),
        ("a.b.c=1", "a.b=2", "a.b"),
    ] {
        assert_eq!(merged(into, from), format!("Parameter '{at}' used inconsistently"), "{into} and {from}");
    }
}
