//! What one client sees: greeting, negotiation, replies, errors, ids, events, out-of-band execution.

mod lamp;

use lamp::{Light, LightChanged, Peer, Running};

const OOB: &str = r#", "arguments": {"enable": ["oob"]}"#;

#[test]
fn greets_then_wants_negotiation() {
    let (server, mut peer) = Running::with_peer();
    let greeting = peer.line().expect("a greeting");
    assert!(greeting.starts_with(r#"{"QMP": {"version": {"qemu": {"micro": "#), "{greeting}");
    assert!(greeting.ends_with(r#""package": ""}, "capabilities": ["oob"]}}"#), "{greeting}");
    let refused = r#""error": {"class": "CommandNotFound", "desc": "Expecting capabilities negotiation with 'qmp_capabilities'"}}"#;
    for command in ["query-light", "query-commands", "no-such-command"] {
        peer.send(format!(r#"{{"execute": "{command}", "id": "x"}}"#));
        peer.expect(&format!(r#"{{"id": "x", {refused}"#));
    }
    for (arguments, desc) in [
        (r#"{"enable": ["x"]}"#, "Parameter 'null' does not accept value 'x'"),
        (r#"{"enable": "oob"}"#, "Invalid parameter type for 'enable', expected: array"),
        (r#"{"enable": ["oob", 1]}"#, "Invalid parameter type for 'enable[1]', expected: string"),
        (r#"{"enable": ["oob"], "foo": 1}"#, "Parameter 'foo' is unexpected"),
    ] {
        peer.send(format!(r#"{{"execute": "qmp_capabilities", "arguments": {arguments}}}"#));
        peer.expect(&format!(r#"{{"error": {{"class": "GenericError", "desc": "{desc}"}}}}"#));
    }
    peer.send(r#"{"execute": "qmp_capabilities"}"#);
    peer.expect(r#"{"return": {}}"#);
    peer.send(r#"{"execute": "qmp_capabilities", "id": 3}"#);
    peer.expect(
        r#"{"id": 3, "error": {"class": "CommandNotFound", "desc": "Capabilities negotiation is already complete, command ignored"}}"#,
    );
    peer.send(r#"{"execute": "quit"}"#);
    peer.expect_end(r#"{"return": {}}"#);
    server.join();
}

#[test]
fn answers_under_the_id_of_the_request() {
    let (_server, mut peer) = Running::with_peer();
    peer.negotiate("");
    for (id, shown) in [
        ("7", "7"),
        ("-0", "0"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709551616", "1.8446744073709552e+19"),
        ("0.1", "0.10000000000000001"),
        ("'it\\'s'", "\"it's\""),
        ("\"a\\/b\\u0041\u{20ac}\"", "\"a/bA\\u20AC\""),
        ("null", "null"),
        ("{'a' : [1,2.50,true]}", "{\"a\": [1, 2.5, true]}"),
    ] {
        peer.send(format!("{{\"execute\": \"query-light\", \"id\": {id}}}"));
        peer.expect(&format!("{{\"return\": {{\"lit\": false}}, \"id\": {shown}}}"));
        peer.send(format!("{{\"id\": {id}, \"execute\": \"nope\"}}"));
        let desc = "The command nope has not been found";
        peer.expect(&format!(
            "{{\"id\": {shown}, \"error\": {{\"class\": \"CommandNotFound\", \"desc\": \"{desc}\"}}}}"
        ));
    }
}

#[test]
fn refuses_requests_that_are_out_of_order() {
    let (_server, mut peer) = Running::with_peer();
    peer.negotiate("");
    for (request, desc) in [
        ("[]", "QMP input must be a JSON object"),
        ("{}", "QMP input lacks member 'execute'"),
        ("{'execute': 1}", "QMP input member 'execute' must be a string"),
        ("{'execute': 'query-light', 'arguments': 1}", "QMP input member 'arguments' must be an object"),
        ("{'execute': 'query-light', 'x': 1}", "QMP input member 'x' is unexpected"),
        ("{'exec-oob': 'go'}", "QMP input member 'exec-oob' is unexpected"),
        ("{'execute': 'query-light', 'arguments': {'a': 1}}", "Parameter 'a' is unexpected"),
        ("{'execute': 'set-light'}", "Parameter 'lit' is missing"),
        ("{'execute': 'set-light', 'arguments': {'lit': 1}}", "Invalid parameter type for 'lit', expected: boolean"),
        ("{'execute': 'set-light', 'arguments': {'lit': true,}}", "JSON parse error, expecting value"),
        ("{'execute': 'no', 'arguments': {'lit': true, 'lit': 1}, 'id': 1}", "JSON parse error, duplicate key"),
        ("{'execute': 'query-commands', 'arguments': {'x': 1}}", "Parameter 'x' is unexpected"),
        ("{'execute': 'query-qmp-schema', 'arguments': {'x': 1}}", "Parameter 'x' is unexpected"),
    ] {
        peer.send(request);
        peer.expect(&format!("{{\"error\": {{\"class\": \"GenericError\", \"desc\": \"{desc}\"}}}}"));
    }
}

#[test]
fn the_runtime_answers_what_it_knows() {
    let (_server, mut peer) = Running::with_peer();
    peer.negotiate("");
    peer.send("{'execute': 'query-qmp-schema', 'id': 1}");
    peer.expect(r#"{"return": [{"name": "set-light", "meta-type": "command"}], "id": 1}"#);
    peer.send("{'execute': 'query-commands'}");
    let commands = peer.line().expect("a reply");
    assert!(commands.starts_with(r#"{"return": [{"name": "set-light"}, {"name": "query-light"}, "#), "{commands}");
    assert!(commands.ends_with(r#", {"name": "query-commands"}, {"name": "query-qmp-schema"}]}"#), "{commands}");
}

#[test]
fn events_come_before_the_reply_of_their_command_and_not_before_negotiation() {
    let (server, mut peer) = Running::with_peer();
    assert!(peer.line().is_some());
    server.events.emit(&LightChanged(Light { lit: true }));
    assert_eq!(server.events.listeners(), 0);
    peer.send("{'execute': 'qmp_capabilities'}");
    peer.expect(r#"{"return": {}}"#);
    assert_eq!(server.events.listeners(), 1);
    peer.send("{'execute': 'set-light', 'arguments': {'lit': true}, 'id': 1}{'execute': 'query-light'}");
    let event = peer.line().expect("the event");
    assert!(event.starts_with("{\"timestamp\": {\"seconds\": "), "{event}");
    assert!(event.ends_with("}, \"event\": \"LIGHT_CHANGED\", \"data\": {\"lit\": true}}"), "{event}");
    peer.expect("{\"return\": {}, \"id\": 1}");
    peer.expect("{\"return\": {\"lit\": true}}");
    // From a thread of its own, while the client waits for nothing.
    server.events.emit(&LightChanged(Light { lit: false }));
    assert!(peer.line().expect("the event").ends_with("\"data\": {\"lit\": false}}"));
    peer.send("{'execute': 'quit'}");
    assert!(peer.line().expect("the last event").ends_with("}, \"event\": \"GONE\"}"));
    peer.expect("{\"return\": {}}");
    assert_eq!(peer.line(), None);
    server.join();
}

#[test]
fn requests_arrive_in_any_pieces() {
    let (_server, mut peer) = Running::with_peer();
    peer.negotiate("");
    for byte in "{\n\"execute\" :\r\n\"query-light\"\t,'id':'{\\\"'}".bytes() {
        peer.send([byte]);
    }
    peer.expect("{\"return\": {\"lit\": false}, \"id\": \"{\\\"\"}");
    let many: String = (0..5000).map(|id| format!("{{\"execute\":\"query-light\",\"id\":{id}}}")).collect();
    peer.send(many);
    for id in 0..5000 {
        peer.expect(&format!("{{\"return\": {{\"lit\": false}}, \"id\": {id}}}"));
    }
}

#[test]
fn a_command_without_success_response_answers_failure_only() {
    let (_server, mut peer) = Running::with_peer();
    peer.negotiate("");
    peer.send("{'execute': 'hush', 'id': 1}{'execute': 'hush', 'arguments': {'x': 1}, 'id': 2}");
    peer.expect("{\"id\": 2, \"error\": {\"class\": \"GenericError\", \"desc\": \"Parameter 'x' is unexpected\"}}");
}

#[test]
fn events_and_earlier_replies_do_not_wait_for_a_slow_command() {
    let (server, mut peer) = Running::with_peer();
    peer.negotiate("");
    peer.send("{'execute': 'query-light', 'id': 1}{'execute': 'blink', 'id': 2}{'execute': 'go', 'id': 3}");
    peer.expect("{\"return\": {\"lit\": false}, \"id\": 1}");
    server.events.emit(&LightChanged(Light { lit: false }));
    assert!(peer.line().expect("the event").contains("LIGHT_CHANGED"));
    assert!(peer.quiet(), "nothing is executed behind a command that waits");
}

#[test]
fn out_of_band_commands_overtake() {
    let (_server, mut peer) = Running::with_peer();
    peer.negotiate(OOB);
    for (request, error) in [
        ("{'exec-oob': 'query-light'}", "\"GenericError\", \"desc\": \"The command query-light does not support OOB\""),
        (
            "{'exec-oob': 'query-commands'}",
            "\"GenericError\", \"desc\": \"The command query-commands does not support OOB\"",
        ),
        ("{'exec-oob': 'nope'}", "\"CommandNotFound\", \"desc\": \"The command nope has not been found\""),
        ("{'exec-oob': 1}", "\"GenericError\", \"desc\": \"QMP input member 'exec-oob' must be a string\""),
        (
            "{'exec-oob': 'go', 'execute': 'go'}",
            "\"GenericError\", \"desc\": \"QMP input member 'execute' clashes with 'exec-oob'\"",
        ),
    ] {
        peer.send(request);
        peer.expect(&format!("{{\"error\": {{\"class\": {error}}}}}"));
    }
    // One is executed, seven wait, and an error among them: the eighth place in the queue is free for what overtakes.
    peer.send("{'execute': 'blink', 'id': 0}");
    for id in 1..7 {
        peer.send(format!("{{'execute': 'query-light', 'id': {id}}}"));
    }
    peer.send("nope\n");
    assert!(peer.quiet());
    peer.send("{'exec-oob': 'go', 'id': 'oob'}");
    peer.expect("{\"return\": {}, \"id\": \"oob\"}");
    peer.expect("{\"return\": {}, \"id\": 0}");
    for id in 1..7 {
        peer.expect(&format!("{{\"return\": {{\"lit\": false}}, \"id\": {id}}}"));
    }
    peer.expect("{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error, invalid keyword 'nope'\"}}");
}

#[test]
fn a_full_queue_holds_out_of_band_commands_back() {
    let (server, mut peer) = Running::with_peer();
    peer.negotiate(OOB);
    peer.send("{'execute': 'blink'}");
    for id in 1..=8 {
        peer.send(format!("{{'execute': 'query-light', 'id': {id}}}"));
    }
    peer.send("{'exec-oob': 'go', 'id': 'oob'}");
    assert!(peer.quiet(), "the ninth request behind a running one is not read");
    // The client can still be told things.
    server.events.emit(&LightChanged(Light { lit: true }));
    assert!(peer.line().expect("the event").contains("LIGHT_CHANGED"));
}

#[test]
fn a_handler_that_panics_takes_its_own_connection_only() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("s");
    let address = format!("unix:{}", path.display());
    let server = Running::start(move |server| server.listen(&address));
    let mut first = Peer::connect(&path);
    first.negotiate("");
    first.send("{'execute': 'break'}");
    assert_eq!(first.line(), None);
    let mut second = Peer::connect(&path);
    second.negotiate("");
    second.send("{'execute': 'quit'}");
    second.expect_end("{\"return\": {}}");
    server.join();
}

#[test]
fn what_has_begun_is_finished_though_its_client_has_vanished() {
    for arguments in ["", OOB] {
        let (lamp, events) = (lamp::Lamp::default(), qapi_runtime::EventSink::new());
        let (go, blinked) = (lamp.go.clone(), lamp.blinked.clone());
        let (server, mut far) = qapi_runtime::Server::new(lamp).events(&events).pair().expect("a server");
        let a_moment = || tokio::time::sleep(std::time::Duration::from_millis(30));
        let story = async {
            let requests = format!("{{'execute': 'qmp_capabilities'{arguments}}}{{'execute': 'blink'}}");
            std::io::Write::write_all(&mut far, requests.as_bytes()).expect("the server's socket");
            a_moment().await;
            drop(far);
            // Which cannot be sent, and by that the server learns that nobody is there.
            events.emit(&LightChanged(Light { lit: true }));
            a_moment().await;
            assert_eq!(blinked.get(), 0);
            go.notify_one();
            a_moment().await;
            assert_eq!(blinked.get(), 1, "with '{arguments}'");
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (ended, ()) = runtime.block_on(async { tokio::join!(server.run(), story) });
        ended.expect("an orderly end");
    }
}
