//! Malformed input as QEMU was recorded answering it, before and after negotiation.

mod lamp;

use lamp::{Peer, Running};
use qapi_runtime::{Value, from_json};

/// Sends one recorded input on a connection of its own and compares every reply.
fn replay(case: &Value, state: &str, negotiate: bool) {
    let name = case.get("name").and_then(Value::as_str).expect("a name");
    let input = case.get("input").and_then(Value::as_str).expect("an input");
    // The file holds bytes as characters of Latin-1.
    let bytes: Vec<u8> = input.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
    let (_server, mut peer) = Running::with_peer();
    if negotiate {
        peer.negotiate("");
    } else {
        peer.line().expect("a greeting");
    }
    peer.send(bytes);
    for expected in case.get(state).and_then(Value::as_list).expect("replies") {
        let line = peer.line().unwrap_or_else(|| panic!("{name}, {state}: a reply is missing"));
        let reply: Value = from_json(line.as_bytes()).expect("JSON");
        assert_same(name, state, &reply, expected);
    }
    // Nothing else comes, not even at the end of the input.
    assert_quiet(name, state, &mut peer);
}

fn assert_quiet(name: &str, state: &str, peer: &mut Peer) {
    peer.stream().shutdown(std::net::Shutdown::Write).expect("shut down");
    assert_eq!(peer.line(), None, "{name}, {state}: one reply too many");
}

fn assert_same(name: &str, state: &str, reply: &Value, expected: &Value) {
    // Compared as members, since the recording is sorted.
    let members = |value: &Value| {
        let mut members: Vec<(String, String)> =
            value.as_dict().expect("an object").iter().map(|(k, v)| (k.to_owned(), v.to_string())).collect();
        members.sort();
        members
    };
    assert_eq!(members(reply), members(expected), "{name}, {state}");
}

#[test]
fn malformed_input_is_answered_as_qemu_does() {
    let Some(path) = qapi_test_support::facts("malformed_input_is_answered_as_qemu_does") else {
        return;
    };
    let facts: Value = from_json(&std::fs::read(path).expect("readable")).expect("JSON");
    let cases = facts.get("malformed").and_then(Value::as_list).expect("cases");
    assert!(cases.len() > 30, "{} cases", cases.len());
    for case in cases {
        replay(case, "before-negotiation", false);
        replay(case, "after-negotiation", true);
    }
}
