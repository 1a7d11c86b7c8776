//! The fake server over its socket: automatic answers, scripts, and what it says it was asked.

mod automatic;
#[path = "../lamp/mod.rs"]
mod lamp;
mod record;
mod scripts;

use qapi_runtime::fake::Fake;

use lamp::Peer;

/// The lamp's schema, and a few commands more.
const SCHEMA: &str = r#"[
    {"name": "query-light", "meta-type": "command", "arg-type": "0", "ret-type": "1"},
    {"name": "set-light", "meta-type": "command", "arg-type": "1", "ret-type": "0"},
    {"name": "blink", "meta-type": "command", "arg-type": "0", "ret-type": "0"},
    {"name": "go", "meta-type": "command", "arg-type": "0", "ret-type": "0", "allow-oob": true},
    {"name": "add", "meta-type": "command", "arg-type": "2", "ret-type": "[2]"},
    {"name": "device_add", "meta-type": "command", "arg-type": "5", "ret-type": "0"},
    {"name": "quit", "meta-type": "command", "arg-type": "0", "ret-type": "0"},
    {"name": "LIGHT_CHANGED", "meta-type": "event", "arg-type": "1"},
    {"name": "GONE", "meta-type": "event", "arg-type": "0"},
    {"name": "0", "meta-type": "object", "members": []},
    {"name": "1", "meta-type": "object", "members": [{"name": "lit", "type": "bool"}]},
    {"name": "2", "meta-type": "object", "tag": "kind", "members": [
        {"name": "kind", "type": "3"}, {"name": "size", "type": "int", "default": null},
        {"name": "below", "type": "[2]", "default": null}],
     "variants": [{"case": "plain", "type": "0"}, {"case": "deep", "type": "4"}]},
    {"name": "3", "meta-type": "enum", "values": ["plain", "deep"]},
    {"name": "4", "meta-type": "object", "members": [{"name": "file", "type": "6"}]},
    {"name": "5", "meta-type": "object", "members": [{"name": "driver", "type": "str"}]},
    {"name": "6", "meta-type": "alternate", "members": [{"type": "2"}, {"type": "str"}]},
    {"name": "[2]", "meta-type": "array", "element-type": "2"},
    {"name": "bool", "meta-type": "builtin", "json-type": "boolean"},
    {"name": "int", "meta-type": "builtin", "json-type": "int"},
    {"name": "str", "meta-type": "builtin", "json-type": "string"}
]"#;

fn fake() -> Fake {
    Fake::start(SCHEMA).unwrap()
}

/// A peer that has negotiated.
fn peer(fake: &Fake) -> Peer {
    let mut peer = Peer::new(fake.connect().unwrap());
    peer.negotiate("");
    peer
}

/// What comes back for a command with arguments.
fn ask(peer: &mut Peer, command: &str, arguments: &str) -> String {
    peer.send(format!(r#"{{"execute": "{command}", "arguments": {arguments}}}"#));
    peer.line().expect("an answer")
}

/// What a panic says, of something that must panic.
fn panic_of(what: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(what)).expect_err("a panic");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().expect("a text")).to_owned(),
    }
}
