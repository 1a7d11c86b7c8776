//! Some thousand inputs that no client would send, to QEMU and to the emulator: all replies are the same, byte for byte.
//!
//! Random tokens, requests with wrong members, ids of any kind, numbers of any spelling, strings with every escape and with
//! bytes that are no text, and all of these with single bytes changed. Before negotiation, after it, and with out-of-band
//! execution. `QAPI_SEED` and `QAPI_INPUTS` choose others and more.

mod hostile;

use std::path::Path;
use std::thread;
use std::time::Instant;

use hostile::Hostile;
use qapi_interop::{Qemu, Wire, emulator};
use qapi_test_support::Random;

/// Inputs for each state of a session.
const INPUTS: u64 = 800;
/// Where the random numbers begin, so that every run is the same one.
const SEED: u64 = 7;
/// Differences shown before the test gives up.
const SHOWN: usize = 20;

/// States of a session: what leads to it, and whether replies keep the order of their requests.
const STATES: [(&str, &str, bool); 3] = [
    ("before negotiation", "", true),
    ("after negotiation", "{'execute': 'qmp_capabilities'}", true),
    ("with out-of-band execution", "{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}", false),
];

/// What a program answers to each input of a state; nothing where it died. It is started again then.
fn answers(program: &Path, state: usize, inputs: &[Vec<u8>]) -> Vec<Option<Vec<String>>> {
    let (name, opening, ordered) = STATES[state];
    let mut answers = Vec::new();
    while answers.len() < inputs.len() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Qemu::start(program, folder.path(), "machine", ["-machine", "none"]);
        let mut wire = Wire::connect(process.socket());
        wire.replies_to(opening.as_bytes());
        while let Some(input) = inputs.get(answers.len()) {
            let Some(replies) = wire.try_replies_to(input) else {
                let (ended, input) = (process.wait(), input.escape_ascii());
                println!("{name}: {} ended, {ended}, at {input}: {}", program.display(), process.said());
                answers.push(None);
                break;
            };
            // A double beyond all is printed as `inf` by QEMU, which is no JSON; here it is `null`.
            let mut replies: Vec<String> = replies.iter().map(|line| without_infinity(line)).collect();
            if !ordered {
                replies.sort();
            }
            answers.push(Some(replies));
        }
    }
    answers
}

/// Replaces the bare words that QEMU prints for numbers that are not finite.
fn without_infinity(line: &str) -> String {
    let mut line = line.to_owned();
    for before in ["\"id\": ", "[", ", ", ": "] {
        for word in ["-inf", "inf"] {
            for after in [",", "]", "}"] {
                line = line.replace(&format!("{before}{word}{after}"), &format!("{before}null{after}"));
            }
        }
    }
    line
}

/// Whether the answers are the same. Where several members of a request are wrong, QEMU names the one that comes first in
/// its hash table, and that may be another one.
fn alike(theirs: &[String], ours: &[String]) -> bool {
    let wrong_member = |line: &str| line.contains("\"QMP input member '");
    let same = |(left, right): (&String, &String)| left == right || wrong_member(left) && wrong_member(right);
    theirs.len() == ours.len() && theirs.iter().zip(ours).all(same)
}

#[test]
fn replies_to_thousands_of_odd_inputs_are_the_same() {
    let Some(qemu) = qapi_test_support::qemu("replies_to_thousands_of_odd_inputs_are_the_same") else { return };
    let seed = std::env::var("QAPI_SEED").map_or(SEED, |seed| seed.parse().expect("QAPI_SEED is a number"));
    let inputs = std::env::var("QAPI_INPUTS").map_or(INPUTS, |count| count.parse().expect("QAPI_INPUTS is a number"));
    let (started, mut differences) = (Instant::now(), Vec::new());
    let (mut replies, mut several, mut deaths) = (0, 0, 0);
    for (state, (name, ..)) in STATES.iter().enumerate() {
        let mut hostile = Hostile::new(Random::new(seed + state as u64));
        let inputs: Vec<Vec<u8>> = (0..inputs).map(|_| hostile.input()).collect();
        let (theirs, ours) = thread::scope(|scope| {
            let theirs = scope.spawn(|| answers(&qemu, state, &inputs));
            let ours = answers(emulator(), state, &inputs);
            (theirs.join().unwrap(), ours)
        });
        for ((input, theirs), ours) in inputs.iter().zip(&theirs).zip(&ours) {
            let ours = ours.as_ref().expect("the emulator stays");
            // QEMU 7.2 with out-of-band execution aborts when several errors come while its queue is full.
            let Some(theirs) = theirs else {
                deaths += 1;
                assert!(state == 2 && deaths < 20, "QEMU died {deaths} times");
                continue;
            };
            replies += theirs.len();
            several += usize::from(theirs != ours && alike(theirs, ours));
            if !alike(theirs, ours) {
                differences.push(format!("{name}: {}\n  QEMU: {theirs:#?}\n  ours: {ours:#?}", input.escape_ascii()));
            }
        }
    }
    println!("{replies} replies to {} inputs in {:?}", inputs * STATES.len() as u64, started.elapsed());
    println!("{several} times, of several wrong members another one was named");
    assert!(several < replies / 20, "{several} of {replies}");
    let count = differences.len();
    differences.truncate(SHOWN);
    assert!(differences.is_empty(), "{count} differences, among them\n{}", differences.join("\n"));
}
