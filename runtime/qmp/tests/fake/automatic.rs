//! Answers that nobody scripted, and how a fake is set up.

use qapi_runtime::Version;
use qapi_runtime::fake::{Builder, Extent, Fake};
use qapi_runtime::introspection::Schema;

use super::lamp::Peer;
use super::{SCHEMA, ask, fake, peer};

#[test]
fn every_command_is_answered_as_the_schema_says() {
    let fake = fake();
    let mut peer = peer(&fake);
    assert_eq!(ask(&mut peer, "query-light", "{}"), r#"{"return": {"lit": false}}"#);
    assert_eq!(ask(&mut peer, "set-light", r#"{"lit": true}"#), r#"{"return": {}}"#);
    assert_eq!(ask(&mut peer, "add", r#"{"kind": "deep", "file": "f"}"#), r#"{"return": []}"#);
    assert_eq!(ask(&mut peer, "add", r#"{"kind": "deep", "file": {"kind": "plain"}}"#), r#"{"return": []}"#);
}

#[test]
fn a_generous_fake_gives_all_that_can_be() {
    let fake = Builder::from_json(SCHEMA.as_bytes()).unwrap().extent(Extent::All).start().unwrap();
    let mut peer = peer(&fake);
    assert_eq!(
        ask(&mut peer, "add", r#"{"kind": "plain"}"#),
        r#"{"return": [{"kind": "plain", "size": 0, "below": []}]}"#
    );
}

#[test]
fn arguments_are_refused_as_a_server_of_the_schema_refuses_them() {
    let fake = fake();
    let mut peer = peer(&fake);
    for (command, arguments, error) in [
        ("set-light", "{}", "Parameter 'lit' is missing"),
        ("set-light", r#"{"lit": 1}"#, "Invalid parameter type for 'lit', expected: boolean"),
        ("set-light", r#"{"lit": true, "colour": 1}"#, "Parameter 'colour' is unexpected"),
        ("query-light", r#"{"lit": true}"#, "Parameter 'lit' is unexpected"),
        ("add", r#"{"kind": "odd"}"#, "Parameter 'kind' does not accept value 'odd'"),
        ("add", r#"{"kind": 1}"#, "Invalid parameter type for 'kind', expected: string"),
        ("add", r#"{"kind": "deep"}"#, "Parameter 'file' is missing"),
        ("add", r#"{"kind": "plain", "file": "f"}"#, "Parameter 'file' is unexpected"),
        ("add", r#"{"kind": "deep", "file": 3}"#, "Invalid parameter type for 'file', expected: object or string"),
        (
            "add",
            r#"{"kind": "plain", "below": [{"kind": "plain"}, {"kind": "deep", "file": {"kind": "plain", "size": "1"}}]}"#,
            "Invalid parameter type for 'below[1].file.size', expected: integer",
        ),
        (
            "add",
            r#"{"kind": "plain", "below": [{"kind": "plain"}, 4]}"#,
            "Invalid parameter type for 'below[1]', expected: object",
        ),
    ] {
        let expected = format!(r#"{{"error": {{"class": "GenericError", "desc": "{error}"}}}}"#);
        assert_eq!(ask(&mut peer, command, arguments), expected, "{command} {arguments}");
    }
    assert_eq!(
        ask(&mut peer, "query-lamp", "{}"),
        r#"{"error": {"class": "CommandNotFound", "desc": "The command query-lamp has not been found"}}"#
    );
}

#[test]
fn commands_with_open_arguments_take_more() {
    let fake = Builder::from_json(SCHEMA.as_bytes()).unwrap().open_arguments("set-light").start().unwrap();
    let mut peer = peer(&fake);
    assert_eq!(ask(&mut peer, "device_add", r#"{"driver": "d", "addr": 4, "more": []}"#), r#"{"return": {}}"#);
    assert!(ask(&mut peer, "device_add", r#"{"addr": 4}"#).contains("Parameter 'driver' is missing"));
    assert_eq!(ask(&mut peer, "set-light", r#"{"lit": true, "colour": 1}"#), r#"{"return": {}}"#);
}

#[test]
fn the_protocol_is_the_real_one() {
    let fake =
        Builder::from_json(SCHEMA.as_bytes()).unwrap().version(Version::new(9, 1, 2).package("p")).start().unwrap();
    let mut peer = Peer::new(fake.connect().unwrap());
    peer.expect(
        r#"{"QMP": {"version": {"qemu": {"micro": 2, "minor": 1, "major": 9}, "package": "p"}, "capabilities": ["oob"]}}"#,
    );
    assert!(ask(&mut peer, "query-light", "{}").contains("Expecting capabilities negotiation"));
    peer.send(r#"{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}"#);
    peer.expect(r#"{"return": {}}"#);
    peer.send(r#"{"exec-oob": "go", "id": [7]}{"exec-oob": "blink", "id": 8}"#);
    peer.expect(r#"{"return": {}, "id": [7]}"#);
    peer.expect(r#"{"id": 8, "error": {"class": "GenericError", "desc": "The command blink does not support OOB"}}"#);
    peer.send("{]");
    assert!(peer.line().unwrap().contains("JSON parse error"));
    assert!(ask(&mut peer, "query-commands", "{}").contains(r#"{"name": "device_add"}"#));
    let schema = ask(&mut peer, "query-qmp-schema", "{}");
    assert_eq!(Schema::from_json(schema.as_bytes()).unwrap().to_json(), fake.schema().to_json());
}

#[test]
fn a_fake_can_be_older_than_its_schema() {
    let fake = Builder::from_json(SCHEMA.as_bytes()).unwrap().without("go").without("GONE").start().unwrap();
    let mut peer = peer(&fake);
    assert!(ask(&mut peer, "go", "{}").contains("CommandNotFound"));
    let schema = ask(&mut peer, "query-qmp-schema", "{}");
    assert!(!schema.contains("\"go\"") && !schema.contains("GONE") && schema.contains("LIGHT_CHANGED"));
}

#[test]
fn schemas_come_from_files_and_mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answer.json");
    std::fs::write(&file, format!(r#"{{"return": {SCHEMA}, "id": 1}}"#)).unwrap();
    let fake = Builder::from_file(&file).unwrap().start().unwrap();
    assert!(ask(&mut peer(&fake), "query-light", "{}").contains("lit"));
    let absent = Builder::from_file(folder.path().join("absent")).unwrap_err();
    assert!(absent.to_string().contains("absent"), "{absent}");
    assert!(Fake::start("[{}]").unwrap_err().to_string().contains("'name' is missing"));
    let nowhere = Builder::new(fake.schema()).listen("carrier pigeon").start().unwrap_err();
    assert!(nowhere.to_string().contains("is not a monitor address"), "{nowhere}");
}

#[test]
fn clients_are_many_unless_they_are_one() {
    let many = fake();
    let (mut first, mut second) = (peer(&many), peer(&many));
    assert_eq!(ask(&mut second, "blink", "{}"), ask(&mut first, "blink", "{}"));
    assert_eq!(many.requests().iter().map(|request| request.client).collect::<Vec<_>>(), [2, 1]);

    let one = Builder::from_json(SCHEMA.as_bytes()).unwrap().one_client().start().unwrap();
    let first = peer(&one);
    let mut second = Peer::new(one.connect().unwrap());
    assert!(second.quiet());
    drop(first);
    second.negotiate("");
}

#[test]
fn a_fake_cleans_up_behind_itself() {
    let fake = fake();
    let mut peer = peer(&fake);
    let socket = fake.socket().to_owned();
    assert!(fake.address().ends_with(&socket.display().to_string()));
    drop(fake);
    assert!(!socket.parent().unwrap().exists());
    assert_eq!(peer.line(), None);
}
