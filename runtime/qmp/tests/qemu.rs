//! The client against the real QEMU, and the server's words against QEMU's.

mod lamp;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lamp::{Peer, Running};
use qapi_runtime::{Client, ClientError, Dict, ErrorClass, Value};

/// A QEMU without a machine, ended when dropped.
struct Qemu(Child);

impl Drop for Qemu {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Qemu {
    fn start(program: &std::path::Path, socket: &std::path::Path) -> Self {
        let mut command = Command::new(program);
        command.args(["-machine", "none", "-nodefaults", "-display", "none", "-qmp"]);
        command.arg(format!("unix:{},server=on,wait=off", socket.display()));
        Self(command.stdin(Stdio::null()).spawn().expect("QEMU starts"))
    }
}

#[test]
fn the_client_drives_qemu() {
    let Some(program) = qapi_test_support::qemu("the_client_drives_qemu") else {
        return;
    };
    let dir = tempfile::tempdir().expect("a directory");
    let socket = dir.path().join("s");
    let _qemu = Qemu::start(&program, &socket);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let address = format!("unix:{}", socket.display());
        let mut tries = 0;
        let client = loop {
            match Client::connect(&address).await {
                Err(ClientError::Connect { .. }) if tries < 500 => tries += 1,
                other => break other.expect("a client"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!(client.greeting().version.major >= 4);
        let mut events = client.any_events();
        let none = Dict::new();
        let status = client.call("query-status", &none).await.expect("a status");
        assert_eq!(status.get("running").and_then(Value::as_bool), Some(true));
        client.call("stop", &none).await.expect("stopped");
        let event = events.next().await.expect("an event").expect("any").event;
        assert_eq!((event.name.as_str(), event.data.len()), ("STOP", 0));
        let error = client.call("no-such-command", &none).await.expect_err("no such command");
        assert!(matches!(error, ClientError::Command { error, .. } if error.class() == ErrorClass::CommandNotFound));
        let schema = client.call("query-qmp-schema", &none).await.expect("the schema");
        assert!(schema.as_list().is_some_and(|entries| entries.len() > 500));
        client.call("quit", &none).await.expect("answered before the end");
        let event = events.next().await.expect("an event").expect("any").event;
        assert_eq!(event.name, "SHUTDOWN");
        assert!(events.next().await.is_none());
    });
}

/// Requests that need none of QEMU's own commands beyond those the lamp has by the same name.
const SAME: &[&str] = &[
    "{'execute': 'query-name'}",
    "{'execute': 'qmp_capabilities', 'arguments': {'enable': ['x']}, 'id': 1}",
    "{'execute': 'qmp_capabilities', 'arguments': {'enable': 1}}",
    "{'execute': 'qmp_capabilities', 'arguments': {'enable': [null]}}",
    "{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob'], 'y': 1}}",
    "{'exec-oob': 'query-name', 'id': 'a'}",
    "{'execute': 'qmp_capabilities', 'id': 0.1, 'arguments': {'enable': ['oob', 'oob']}}",
    "{'execute': 'qmp_capabilities', 'id': -0}",
    "{'execute': 'qmp_capabilities', 'arguments': {'enable': ['x']}}",
    "{'execute': 'query-name', 'id': 'single \\/ \\u0041 \u{20ac}'}",
    "{'execute': 'query-name', 'id': [[], {}, null, true, 1e3, 18446744073709551615, 18446744073709551616]}",
    "{'execute': 'query-name', 'id': 0.30000000000000004}{'execute':'query-name','id':-9223372036854775809}",
    "{'exec-oob': 'query-name', 'id': 3}",
    "{'exec-oob': 'qmp_capabilities'}",
    "{'exec-oob': 'nope'}",
    "{'exec-oob': 1}",
    "{'execute': 'query-name', 'exec-oob': 'nope'}",
    "{'exec-oob': 'nope', 'execute': 'query-name', 'id': 9}",
    "{'execute': 'a\\u0000b\\\"'}",
    "{'execute': 'query-name', 'arguments': {'x': 1}}",
    "{'execute': 'query-name', 'arguments': null}",
    "{'execute': 'query-name', 'control': 1}",
    "{'execute': 'query-commands', 'arguments': {'x': 1}}",
    "{'execute': 'query-qmp-schema', 'arguments': {'x': 1}, 'id': 2}",
    "{'execute': 'query-name', 'id': 00}",
    "{'id': 1}",
    "[{'execute': 'query-name'}]",
    "'text'",
];

#[test]
fn the_server_says_what_qemu_says_byte_by_byte() {
    let Some(program) = qapi_test_support::qemu("the_server_says_what_qemu_says_byte_by_byte") else {
        return;
    };
    let dir = tempfile::tempdir().expect("a directory");
    let socket = dir.path().join("s");
    let _qemu = Qemu::start(&program, &socket);
    let mut theirs = Peer::connect(&socket);
    let (_server, mut ours) = Running::with_peer();
    assert!(theirs.line().is_some() && ours.line().is_some());
    // One request more after each tells where its replies end.
    for request in SAME {
        let mut answers = [&mut theirs, &mut ours].map(|peer| {
            peer.send(format!("{request}\n{{'execute': 'nothing', 'id': 'end'}}\n"));
            let lines = std::iter::from_fn(|| peer.line());
            lines.take_while(|line| !line.starts_with("{\"id\": \"end\"")).collect::<Vec<_>>()
        });
        assert!(!answers[0].is_empty(), "{request}");
        assert_eq!(std::mem::take(&mut answers[1]), answers[0], "{request}");
    }
}
