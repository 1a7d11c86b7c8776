//! Generated-looking types through the codec: what is accepted, what is refused and in which words, what is written.

mod samples;

use qapi_runtime::{
    Decoder, Mode, Null, Value, Visit, from_json, from_json_lenient, from_value, from_value_lenient, json, to_json,
    to_value,
};
use samples::{
    AesNode, Cipher, Colour, CryptBranch, CryptNode, Driver, Lamp, Node, NodeBranch, NodeRef, RawNode, Scene, Wide,
};

/// Reads a text by every way there is, and makes sure that they agree.
fn read<T: Visit + Default + PartialEq + std::fmt::Debug>(text: &str) -> Result<T, String> {
    let result = from_json::<T>(text.as_bytes()).map_err(|error| error.to_string());
    let mut fast = T::default();
    let mut d = Decoder::from_text(text.as_bytes(), Mode::Strict);
    let fast = fast.get(&mut d).is_ok().then_some(fast);
    assert_eq!(fast.as_ref(), result.as_ref().ok(), "the fast pass over {text}");
    if let Ok(value) = json::parse(text.as_bytes()) {
        let tree = from_value::<T>(&value).map_err(|error| error.to_string());
        assert_eq!(tree, result, "by way of a tree: {text}");
    }
    result
}

/// Reads, and writes again.
fn round<T: Visit + Default + PartialEq + std::fmt::Debug>(text: &str) -> String {
    to_json(&read::<T>(text).unwrap())
}

fn refused<T: Visit + Default + PartialEq + std::fmt::Debug>(text: &str) -> String {
    read::<T>(text).unwrap_err()
}

#[test]
fn structs_take_members_in_any_order_and_write_them_in_schema_order() {
    let text = r#"{"tags": ["a", "b"], "level": 255, "name": "x", "extra": {"k": [1, 2.5]}, "colour": "green"}"#;
    let lamp = read::<Lamp>(text).unwrap();
    assert_eq!(lamp.colour, Some(Colour::Green));
    assert_eq!(
        to_json(&lamp),
        r#"{"name": "x", "colour": "green", "level": 255, "tags": ["a", "b"], "extra": {"k": [1, 2.5]}}"#
    );
    assert_eq!(round::<Lamp>("{'name':'\\u00e9'}"), r#"{"name": "\u00E9"}"#);
    assert_eq!(to_value(&lamp).get("level"), Some(&Value::from(255)));
}

#[test]
fn an_optional_value_of_any_type_tells_null_from_absence() {
    assert_eq!(read::<Lamp>(r#"{"name": "", "extra": null}"#).unwrap().extra, Some(Value::Null));
    assert_eq!(read::<Lamp>(r#"{"name": ""}"#).unwrap().extra, None);
    assert_eq!(round::<Lamp>(r#"{"name": "", "extra": null}"#), r#"{"name": "", "extra": null}"#);
    let scene = read::<Scene>(r#"{"lamps": [], "nodes": [], "none": null}"#).unwrap();
    assert_eq!(scene.none, Some(Null));
}

#[test]
fn unions_take_the_discriminator_anywhere() {
    let raw =
        Node { id: "n".into(), u: NodeBranch::Raw(RawNode { file: NodeRef::Reference("f".into()), offset: Some(-1) }) };
    for text in [
        r#"{"driver": "raw", "id": "n", "file": "f", "offset": -1}"#,
        r#"{"offset": -1, "file": "f", "id": "n", "driver": "raw"}"#,
        r#"{"offset": -1, "driver": "raw", "file": "f", "id": "n"}"#,
    ] {
        assert_eq!(read::<Node>(text).unwrap(), raw);
    }
    let aes = Node {
        id: "n".into(),
        u: NodeBranch::Crypt(CryptNode {
            strict: Some(true),
            u: CryptBranch::Aes(AesNode { key: "k".into(), rounds: Some(14) }),
        }),
    };
    // Both discriminators late, in either order.
    for text in [
        r#"{"rounds": 14, "key": "k", "strict": true, "cipher": "aes", "driver": "crypt", "id": "n"}"#,
        r#"{"rounds": 14, "driver": "crypt", "key": "k", "strict": true, "id": "n", "cipher": "aes"}"#,
        r#"{"driver": "crypt", "rounds": 14, "cipher": "aes", "key": "k", "strict": true, "id": "n"}"#,
    ] {
        assert_eq!(read::<Node>(text).unwrap(), aes);
    }
    assert_eq!(
        to_json(&aes),
        r#"{"driver": "crypt", "id": "n", "cipher": "aes", "strict": true, "key": "k", "rounds": 14}"#
    );
}

#[test]
fn alternates_go_by_the_kind_of_value() {
    let nested =
        r#"{"driver": "raw", "id": "a", "file": {"driver": "raw", "id": "b", "file": {"driver": "null", "id": "c"}}}"#;
    assert_eq!(round::<Node>(nested), nested);
    assert_eq!(read::<NodeRef>("null"), Ok(NodeRef::Null(Null)));
    assert_eq!(read::<NodeRef>("'x'"), Ok(NodeRef::Reference("x".into())));
    assert_eq!(refused::<NodeRef>("7"), "Invalid parameter type for 'null', expected: NodeRef");
}

#[test]
fn late_discriminators_on_every_level_are_not_read_again_and_again() {
    // Reading straight from the text would pass over the innermost levels once for every level around them.
    let mut text = r#""leaf""#.to_owned();
    for level in 0..60 {
        text = format!(r#"{{"file": {text}, "id": "{level}", "offset": {}, "driver": "raw"}}"#, "1".repeat(18));
    }
    let mut d = Decoder::from_text(text.as_bytes(), Mode::Strict);
    assert!(Node::default().get(&mut d).is_err(), "the fast pass gives up");
    let node = from_json::<Node>(text.as_bytes()).unwrap();
    assert_eq!(node.id, "59");
    assert_eq!(node, from_json(to_json(&node).as_bytes()).unwrap());
}

#[test]
fn errors_are_worded_as_qemu_words_them() {
    type Refused = fn(&str) -> String;
    let cases: &[(Refused, &str, &str)] = &[
        (refused::<Lamp>, "{}", "Parameter 'name' is missing"),
        (refused::<Lamp>, "{'name':1}", "Invalid parameter type for 'name', expected: string"),
        (refused::<Lamp>, "{'name':null}", "Invalid parameter type for 'name', expected: string"),
        (refused::<Lamp>, "{'name':'','x':1,'y':2}", "Parameter 'x' is unexpected"),
        (refused::<Lamp>, "{'name':'','level':256}", "Parameter 'level' expects uint8_t"),
        (refused::<Lamp>, "{'name':'','level':-1}", "Parameter 'level' expects uint8_t"),
        (refused::<Lamp>, "{'name':'','level':'1'}", "Parameter 'level' expects uint64"),
        (refused::<Lamp>, "{'name':'','level':1.0}", "Parameter 'level' expects uint64"),
        (refused::<Lamp>, "{'name':'','level':null}", "Parameter 'level' expects uint64"),
        (refused::<Lamp>, "{'name':'','colour':'blue'}", "Parameter 'colour' does not accept value 'blue'"),
        (refused::<Lamp>, "{'name':'','colour':1}", "Invalid parameter type for 'colour', expected: string"),
        (refused::<Lamp>, "{'name':'','tags':{}}", "Invalid parameter type for 'tags', expected: array"),
        (refused::<Lamp>, "{'name':'','tags':['',1]}", "Invalid parameter type for 'tags[1]', expected: string"),
        (refused::<Lamp>, "[]", "Invalid parameter type for '<anonymous>', expected: object"),
        (refused::<Node>, "{'driver':'raw','id':''}", "Parameter 'file' is missing"),
        (refused::<Node>, "{'id':1}", "Parameter 'driver' is missing"),
        (refused::<Node>, "{'driver':'tape','id':''}", "Parameter 'driver' does not accept value 'tape'"),
        (refused::<Node>, "{'driver':'null','id':'','file':''}", "Parameter 'file' is unexpected"),
        (
            refused::<Node>,
            "{'driver':'raw','id':'','file':{'driver':'raw','id':''}}",
            "Parameter 'file.file' is missing",
        ),
        // Some errors give the path, others the last name alone. So does QEMU.
        (
            refused::<Node>,
            "{'driver':'raw','id':'','file':{'driver':'raw','id':'','file':7}}",
            "Invalid parameter type for 'file', expected: NodeRef",
        ),
        (
            refused::<Node>,
            "{'driver':'raw','id':'','file':'','offset':9223372036854775808}",
            "Invalid parameter type for 'offset', expected: integer",
        ),
        (
            refused::<Node>,
            "{'driver':'crypt','id':'','cipher':'aes','key':'','rounds':2147483648}",
            "Parameter 'rounds' expects int32_t",
        ),
        (refused::<Scene>, "{'lamps':[{'name':''},{}],'nodes':[]}", "Parameter 'lamps[1].name' is missing"),
        (
            refused::<Scene>,
            "{'lamps':[],'nodes':[{'driver':'null','id':'','x':1}]}",
            "Parameter 'nodes[0].x' is unexpected",
        ),
        (
            refused::<Scene>,
            "{'lamps':[{'name':'','colour':'x'}],'nodes':[]}",
            "Parameter 'colour' does not accept value 'x'",
        ),
        (refused::<Scene>, "{'lamps':[],'nodes':[],'none':0}", "Invalid parameter type for 'none', expected: null"),
        (
            refused::<Scene>,
            "{'lamps':[],'nodes':[],'scale':''}",
            "Invalid parameter type for 'scale', expected: number",
        ),
        (refused::<Scene>, "{'lamps':[],'nodes':[],'table':[[1],[2,65536]]}", "Parameter 'null' expects uint16_t"),
        (refused::<Scene>, "{'lamps':[],'nodes':[],'table':[[1],[2,'']]}", "Parameter 'table[1][1]' expects uint64"),
        (refused::<()>, "{'a':1}", "Parameter 'a' is unexpected"),
        (refused::<bool>, "1", "Invalid parameter type for '<anonymous>', expected: boolean"),
    ];
    for (refused, text, expected) in cases {
        assert_eq!(refused(text), *expected, "{text}");
    }
}

#[test]
fn of_several_errors_the_one_qemu_finds_first_is_named() {
    // The text, then members in schema order, then those nobody knows.
    assert_eq!(refused::<Lamp>("{'level': 'x', 'name': 1, 'name': 2}"), "JSON parse error, duplicate key");
    assert_eq!(refused::<Lamp>("{'x': 1, 'name': 2 'y'}"), "JSON parse error, expected separator in dict");
    assert_eq!(
        refused::<Lamp>("{'x': 1, 'level': 'x', 'name': 2}"),
        "Invalid parameter type for 'name', expected: string"
    );
    assert_eq!(
        refused::<Scene>("{'x': 1, 'nodes': 5, 'lamps': [{'name': '', 'y': 1}]}"),
        "Parameter 'lamps[0].y' is unexpected"
    );
}

#[test]
fn unsigned_members_take_negative_numbers_as_all_ones() {
    let scene = read::<Scene>("{'lamps': [], 'nodes': [], 'limit': -1}").unwrap();
    assert_eq!(scene.limit, Some(u64::MAX));
    assert_eq!(to_value(&scene).get("limit").unwrap().as_u64(), Some(u64::MAX));
}

#[test]
fn clients_pass_over_what_they_do_not_know() {
    let text = br#"{"name": "x", "colour": "blue", "new": {"a": [1, {"b": 2}]}, "newer": 1}"#;
    let lamp = from_json_lenient::<Lamp>(text).unwrap();
    assert_eq!(lamp.colour, Some(Colour::Unknown("blue".into())));
    assert_eq!(to_json(&lamp), r#"{"name": "x", "colour": "blue"}"#);
    assert!(from_json::<Lamp>(text).is_err());
    assert!("blue".parse::<Colour>().is_err());
    assert_eq!("green".parse::<Colour>().unwrap().to_string(), "green");

    let text = br#"{"reel": 3, "driver": "tape", "id": "t", "speed": 1.5}"#;
    let node = from_json_lenient::<Node>(text).unwrap();
    assert_eq!(node.u, NodeBranch::Unknown("tape".into()));
    assert_eq!(from_value_lenient::<Node>(&json::parse(text).unwrap()).unwrap(), node);

    // Lenient is not careless: a name that comes twice, or a mandatory member that is absent, remains an error.
    let error = |text: &str| from_json_lenient::<Lamp>(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(error("{'name': '', 'new': 1, 'new': 2}"), "JSON parse error, duplicate key");
    assert_eq!(error("{'name': '', 'new': {'a': 1, 'a': 2}}"), "JSON parse error, duplicate key");
    assert_eq!(error("{'new': 1}"), "Parameter 'name' is missing");
}

#[test]
fn in_a_long_list_the_order_of_members_may_change_and_names_be_spelled_anyhow() {
    const MEMBERS: [&str; 4] = [r#""name": "x""#, r#""colour": "red""#, r#""level": 7"#, r#""tags": ["a"]"#];
    // Orders stay for a while and then change; every third object leaves a member out.
    let object = |i: usize| {
        let mut members = MEMBERS.to_vec();
        members.rotate_left(i / 5 % 4);
        if i.is_multiple_of(3) {
            members.retain(|member| !member.contains("level"));
        }
        format!("{{{}}}", members.join(", "))
    };
    let objects: Vec<_> = (0..60).map(object).collect();
    let lamps = read::<Vec<Lamp>>(&format!("[{}]", objects.join(", "))).unwrap();
    assert_eq!(lamps.iter().filter(|lamp| lamp.level == Some(7)).count(), 40);

    let after = |last: &str| format!("[{}, {last}]", objects[..24].join(","));
    for same in [
        r#"{"tags":["a"],"name":"x","colour":"red"}"#,
        r#"{'name' : 'x', 'colour': 'red' , "tags"
            : ["a"]}"#,
        r#"{"\u006eame": "x", "col\u006fur": "red", "tags": ["a"]}"#,
    ] {
        assert_eq!(read::<Vec<Lamp>>(&after(same)).unwrap()[24], lamps[0], "{same}");
    }
    for (wrong, error) in [
        (r#"{"name": "x", "name": "y"}"#, "JSON parse error, duplicate key"),
        (r#"{"name": "x", "\u006eame": "y"}"#, "JSON parse error, duplicate key"),
        (r#"{"name": "x", "colours": "red"}"#, "Parameter '[24].colours' is unexpected"),
        (r#"{"colour": "red", "tags": ["a"]}"#, "Parameter '[24].name' is missing"),
        (r#"{"name" "x"}"#, "JSON parse error, missing : in object pair"),
    ] {
        assert_eq!(refused::<Vec<Lamp>>(&after(wrong)), error, "{wrong}");
    }
}

#[test]
fn integers_of_every_length_are_exact() {
    for text in
        ["0", "-0", "-1", "999999999999999999", "-999999999999999999", "9223372036854775807", "-9223372036854775808"]
    {
        assert_eq!(read::<i64>(text).unwrap(), text.parse::<i64>().unwrap(), "{text}");
    }
    for text in ["1000000000000000000", "18446744073709551615"] {
        assert_eq!(read::<u64>(text).unwrap(), text.parse::<u64>().unwrap(), "{text}");
    }
    for text in ["9223372036854775808", "1.0", "1e2", "01", "-", "--1", "+1", "-9223372036854775809"] {
        read::<i64>(text).unwrap_err();
    }
}

#[test]
fn objects_may_have_more_members_than_a_word_has_bits() {
    let text = r#"{"m0": 0, "m63": 63, "m64": 64, "m69": 69}"#;
    assert_eq!(round::<Wide>(text), text);
    assert_eq!(refused::<Wide>(r#"{"m0": 0}"#), "Parameter 'm69' is missing");
    assert_eq!(refused::<Wide>(r#"{"m0": 0, "m69": 1, "m69": 2}"#), "JSON parse error, duplicate key");
}

#[test]
fn types_that_contain_themselves_have_a_bottom() {
    let levels = |n: usize| ["{'driver':'raw','id':'','file':".repeat(n).as_str(), "''", &"}".repeat(n)].concat();
    assert!(read::<Node>(&levels(250)).is_ok());
    let error = refused::<Node>(&levels(1000));
    assert!(error.contains("nests more than 256 levels deep"), "{error}");
}

#[test]
fn enumerations_know_their_names() {
    assert_eq!(Driver::default().to_string(), "raw");
    assert_eq!("aes".parse(), Ok(Cipher::Aes));
    assert_eq!("des".parse::<Cipher>().unwrap_err().to_string(), "'des' is not one of: xor, aes");
}
