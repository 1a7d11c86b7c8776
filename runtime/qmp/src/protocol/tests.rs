//! Tests of a session without a socket: whatever is put in, every answer is one valid line, in order.

use proptest::prelude::*;

use super::{Preconfig, Session, Step, Version};
use crate::command::{Arguments, CommandFlags, CommandInfo, Reply, Service};
use crate::value::Value;
use crate::{Context, Encoder, Error, Policy, from_json, json};

/// Two commands, neither of which is ever reached here.
struct Two;

const COMMANDS: &[CommandInfo] = &[
    CommandInfo { name: "slow", flags: CommandFlags::NONE },
    CommandInfo { name: "urgent", flags: CommandFlags { oob: true, ..CommandFlags::NONE } },
];

impl Service for Two {
    fn command(&self, index: usize) -> Option<CommandInfo<'_>> {
        COMMANDS.get(index).copied()
    }

    fn find(&self, name: &str) -> Option<usize> {
        COMMANDS.iter().position(|info| info.name == name)
    }

    fn introspection(&self) -> &str {
        "[]"
    }

    fn call<'a>(&'a self, _: usize, _: &'a Context, _: Arguments<'a>, _: &'a mut Encoder) -> Reply<'a> {
        Box::pin(async { Err(Error::generic("not here")) })
    }

    fn call_oob(&self, _: usize, _: &Context, _: Arguments<'_>, _: &mut Encoder) -> Result<(), Error> {
        Err(Error::generic("not here"))
    }
}

/// Feeds input to a new session: what it answered, with `<slow>` where a handler was to be called, and the session.
fn converse(input: &[u8]) -> (String, Session) {
    let mut out = Encoder::new();
    let mut session = Session::open(&Version::new(1, 2, 3), Policy::default(), Preconfig::ended(), &mut out);
    out.clear();
    let mut stream = json::Stream::new();
    stream.feed(input);
    while let Some(message) = stream.next() {
        match message {
            Err(error) => Session::reject(&error.into(), &mut out),
            Ok(frame) => match session.handle(&frame, &Two, &mut out) {
                Step::Answered => {}
                Step::Call(call) => {
                    let mut value = Encoder::new();
                    value.str(if call.oob { "out of band" } else { COMMANDS[call.index].name });
                    call.finish(Ok(()), &value, &mut out);
                }
                Step::Quote(quote) => {
                    out.raw(quote.text.as_bytes());
                    quote.finish(&mut out);
                }
            },
        }
    }
    (out.into_string(), session)
}

#[test]
fn a_session_negotiates_once() {
    let (answers, session) =
        converse(b"{'execute': 'slow'}{'execute': 'qmp_capabilities', 'id': 1}{'execute': 'slow', 'id': 2}");
    assert!(session.negotiated() && !session.oob());
    let lines: Vec<&str> = answers.lines().collect();
    assert!(lines[0].contains("CommandNotFound"));
    assert_eq!(lines[1..], [r#"{"return": {}, "id": 1}"#, r#"{"return": "slow", "id": 2}"#]);
}

#[test]
fn a_refused_negotiation_changes_nothing() {
    let (_, session) = converse(b"{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob', 'more']}}");
    assert!(!session.negotiated());
    let (answers, session) = converse(
        b"{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}{'exec-oob': 'urgent'}{'exec-oob': 'slow'}",
    );
    assert!(session.oob());
    let lines: Vec<&str> = answers.lines().collect();
    assert_eq!(lines[1], r#"{"return": "out of band"}"#);
    assert!(lines[2].contains("The command slow does not support OOB"));
}

/// Pieces that requests are made of, in and out of place.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        " ",
        "\n",
        "'execute'",
        "\"exec-oob\"",
        "'arguments'",
        "'id'",
        "'enable'",
        "'oob'",
        "'qmp_capabilities'",
        "'slow'",
        "'urgent'",
        "'query-commands'",
        "'query-qmp-schema'",
        "{}",
        "1",
        "-1.5e3",
        "null",
        "true",
        "'\u{e9}\\n'",
        "{'execute':'slow','id':",
        "{'execute':'qmp_capabilities','arguments':{'enable':['oob']}}",
        "\u{0}",
        "\\",
        "'",
    ])
}

proptest! {
    #[test]
    fn every_answer_is_one_valid_line(pieces in prop::collection::vec(piece(), 0..40)) {
        let (answers, _) = converse(pieces.concat().as_bytes());
        prop_assert!(answers.is_ascii());
        for line in answers.split_terminator("\r\n") {
            let answer: Value = from_json(line.as_bytes()).expect("JSON");
            prop_assert!(answer.get("return").is_some() != answer.get("error").is_some(), "{}", line);
        }
    }

    #[test]
    fn ids_come_back_as_they_were_meant(pieces in prop::collection::vec(piece(), 1..10)) {
        let id = pieces.concat();
        if let Ok(meant) = from_json::<Value>(id.as_bytes()) {
            let request = format!("{{'execute': 'qmp_capabilities', 'id': {id}}}{{'id': {id}, 'execute': 'none'}}");
            let (answers, _) = converse(request.as_bytes());
            prop_assert_eq!(answers.lines().count(), 2);
            for line in answers.lines() {
                let answer: Value = from_json(line.as_bytes()).expect("JSON");
                // Compared as printed: a whole double is printed as an integer.
                prop_assert_eq!(answer.get("id").map(Value::to_string), Some(meant.to_string()));
            }
        }
    }
}
