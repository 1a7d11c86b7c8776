//! What a server can be told about its monitors: how they lay out what they send, what they let through and whom to wait for.

mod lamp;

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use lamp::{Lamp, Light, LightChanged, Peer, Running};
use qapi_runtime::{Preconfig, Server, ServerError};

const SCHEMA: [&str; 8] = [
    "{",
    "    \"return\": [",
    "        {",
    "            \"name\": \"set-light\",",
    "            \"meta-type\": \"command\"",
    "        }",
    "    ]",
    "}",
];

fn expect(peer: &mut Peer, lines: &[&str]) {
    for line in lines {
        peer.expect(line);
    }
}

#[test]
fn what_is_sent_can_be_laid_out_for_people() {
    let (near, far) = UnixStream::pair().expect("a pair");
    let (plain, other) = UnixStream::pair().expect("a pair");
    let server = Running::start(move |server| server.attach("pretty", near)?.pretty("pretty")?.attach("plain", plain));
    let mut peer = Peer::new(far);
    expect(&mut peer, &["{", "    \"QMP\": {", "        \"version\": {", "            \"qemu\": {"]);
    while peer.line().expect("the greeting") != "}" {}
    peer.send("{'execute': 'qmp_capabilities'}");
    expect(&mut peer, &["{", "    \"return\": {", "    }", "}"]);
    peer.send("{'execute': 'query-light', 'id': [{'a\\n': []}, 'x']}");
    let answer = ["{", "    \"return\": {", "        \"lit\": false", "    },", "    \"id\": [", "        {"];
    expect(&mut peer, &answer);
    expect(&mut peer, &["            \"a\\n\": [", "            ]", "        },", "        \"x\"", "    ]", "}"]);
    peer.send("{'execute': 'query-qmp-schema'}[}");
    expect(&mut peer, &SCHEMA);
    let desc = "        \"desc\": \"JSON parse error, expecting value\"";
    expect(&mut peer, &["{", "    \"error\": {", "        \"class\": \"GenericError\",", desc, "    }", "}"]);
    server.events.emit(&LightChanged(Light { lit: true }));
    expect(&mut peer, &["{", "    \"timestamp\": {"]);
    while peer.line().expect("the event") != "    }," {}
    let event = ["    \"event\": \"LIGHT_CHANGED\",", "    \"data\": {", "        \"lit\": true", "    }", "}"];
    expect(&mut peer, &event);
    // Monitors differ.
    let mut other = Peer::new(other);
    other.negotiate("");
    other.send("{'execute': 'quit'}");
    other.expect_end("{\"return\": {}}");
    server.join();
}

#[test]
fn layout_does_not_make_a_deep_id_fill_the_memory() {
    let (near, far) = UnixStream::pair().expect("a pair");
    let server = Running::start(move |server| server.attach("m", near)?.pretty("m"));
    let mut peer = Peer::new(far);
    // 4 KB of spaces for every element: 80 MB go out for 40 kB.
    let (depth, elements) = (1000, 20_000);
    let id = format!("{}{}1{}", "[".repeat(depth), "1,".repeat(elements), "]".repeat(depth));
    peer.send("{'execute': 'qmp_capabilities'}");
    peer.send(format!("{{'execute': 'query-light', 'id': {id}}}"));
    std::thread::sleep(Duration::from_millis(50));
    peer.send("{'execute': 'quit'}");
    let (mut stream, mut total, mut buffer) = (peer.stream(), 0, vec![0; 1 << 20]);
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        total += count;
    }
    assert!(total > elements * depth * 4, "{total}");
    server.join();
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(peak < 40 << 10, "{peak} KiB");
}

#[test]
fn before_the_machine_is_built_few_commands_pass() {
    let (near, far) = UnixStream::pair().expect("a pair");
    let preconfig = Preconfig::new();
    let switch = preconfig.clone();
    let _server = Running::start(move |server| server.preconfig(&switch).attach("m", near));
    let mut peer = Peer::new(far);
    let error = |class: &str, desc: &str| format!("{{\"error\": {{\"class\": \"{class}\", \"desc\": \"{desc}\"}}}}");
    peer.negotiate(", \"arguments\": {\"enable\": [\"oob\"]}");
    for (request, answer) in [
        ("{'execute': 'query-name'}", "{\"return\": {}}".to_owned()),
        (
            "{'execute': 'query-light', 'arguments': {'x': 1}}",
            error(
                "GenericError",
                "The command 'query-light' is permitted only after machine initialization has completed",
            ),
        ),
        (
            "{'exec-oob': 'go'}",
            error("GenericError", "The command 'go' is permitted only after machine initialization has completed"),
        ),
        ("{'exec-oob': 'query-light'}", error("GenericError", "The command query-light does not support OOB")),
        ("{'execute': 'nope'}", error("CommandNotFound", "The command nope has not been found")),
        ("{'execute': 'query-commands', 'arguments': {'x': 1}}", error("GenericError", "Parameter 'x' is unexpected")),
    ] {
        peer.send(request);
        peer.expect(&answer);
    }
    preconfig.end().expect("it was on");
    peer.send("{'execute': 'query-light'}");
    peer.expect("{\"return\": {\"lit\": false}}");
    let again = preconfig.end().expect_err("it was off");
    assert_eq!(again.to_string(), "The command is permitted only before machine initialization");
    peer.send("{'execute': 'quit'}");
    peer.expect_end("{\"return\": {}}");
}

#[test]
fn a_program_can_wait_for_its_first_clients() {
    let dir = tempfile::tempdir().expect("a directory");
    let at = |name: &str| dir.path().join(name);
    let address = |name: &str, wait: &str| format!("unix:{},server=on,wait={wait}", at(name).display());
    let server = Server::new(Lamp::default()).listen_named("a", &address("a", "on")).expect("a monitor");
    let server = server.listen_named("b", &address("b", "off")).and_then(|server| server.wait_for("b"));
    let server = server.and_then(|server| server.listen_named("c", &address("c", "off"))).expect("monitors");
    assert!(matches!(
        Server::new(Lamp::default()).wait_for("x").and(Server::new(Lamp::default()).pretty("x")),
        Err(ServerError::NoMonitor(name)) if name == "x"
    ));
    let monitors = server.monitors();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut all_there = false;
    let visits = async {
        let brief = Duration::from_millis(50);
        for name in ["c", "a"] {
            // It leaves again: to have come is enough.
            drop(UnixStream::connect(at(name)).expect("a listener"));
            assert!(tokio::time::timeout(brief, monitors.attended()).await.is_err(), "b is still awaited after {name}");
        }
        let _last = UnixStream::connect(at("b")).expect("a listener");
        monitors.attended().await;
        monitors.attended().await;
        all_there = true;
    };
    runtime.block_on(server.run_until(visits)).expect("an orderly end");
    assert!(all_there);
}
