//! Input made to cost as much as it can: answered as QEMU does, in time linear in its length, in bounded memory.
//!
//! Each input goes through a whole server, at two lengths. Neither end of the test keeps what is sent.

mod lamp;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use lamp::Running;

/// One kind of input: what comes first, what is repeated, what comes last.
struct Hostile {
    name: &'static str,
    prefix: &'static str,
    /// The repeated part, given its number.
    unit: fn(usize) -> Vec<u8>,
    /// How often, the first time; then twice as often.
    count: usize,
    suffix: &'static str,
    /// What an answer must say, and how many of them there must be at least: of a thousand units.
    answer: &'static str,
    answers_per_1000: usize,
    /// MiB that the process may grow by.
    memory: usize,
}

const KIB: usize = 1024;

/// 16 KiB of something, so that neither the test's system calls nor its loop are what is measured.
fn filled(byte: u8) -> Vec<u8> {
    vec![byte; 16 * KIB]
}

const INPUTS: &[Hostile] = &[
    Hostile {
        name: "an id of 31 and then 62 MiB",
        prefix: "{\"execute\": \"query-light\", \"id\": \"",
        unit: |_| filled(b'a'),
        count: 31 * 64,
        suffix: "\"}",
        answer: "\"lit\": false",
        answers_per_1000: 0,
        // The request, once more while its buffer grows, the reply, and once more while that grows.
        memory: 4 * 64,
    },
    Hostile {
        name: "an id of escapes",
        prefix: "{\"execute\": \"query-light\", \"id\": \"",
        unit: |_| b"\\u20ac\\n\\\"\\ud83d\\ude00".repeat(100),
        count: 5000,
        suffix: "\"}",
        answer: "\"lit\": false",
        answers_per_1000: 0,
        memory: 128,
    },
    Hostile {
        name: "a string that never ends",
        prefix: "\"",
        unit: |_| filled(b'x'),
        count: 128 * 64,
        suffix: "",
        answer: "JSON token size limit exceeded",
        answers_per_1000: 0,
        memory: 96,
    },
    Hostile {
        name: "a word that never ends",
        prefix: "",
        unit: |_| filled(b'x'),
        count: 80 * 64,
        suffix: "",
        answer: "JSON token size limit exceeded",
        answers_per_1000: 0,
        memory: 96,
    },
    Hostile {
        name: "a number of millions of digits",
        prefix: "{\"execute\": \"query-light\", \"id\": 1",
        unit: |_| filled(b'7'),
        count: 64,
        suffix: "}",
        answer: "\"lit\": false",
        answers_per_1000: 0,
        memory: 32,
    },
    Hostile {
        name: "white space",
        prefix: "[",
        unit: |_| filled(b' '),
        count: 64 * 64,
        suffix: "]",
        answer: "QMP input must be a JSON object",
        answers_per_1000: 0,
        memory: 4,
    },
    Hostile {
        name: "a list of many tokens",
        prefix: "[0",
        unit: |_| b",0".repeat(500),
        count: 1000,
        suffix: "]",
        answer: "QMP input must be a JSON object",
        answers_per_1000: 0,
        memory: 16,
    },
    Hostile {
        name: "too many tokens, again and again",
        prefix: "",
        unit: |_| [b"[0,".to_vec(), b"0,".repeat(1 << 12)].concat(),
        count: 500,
        suffix: "",
        answer: "JSON token count limit exceeded",
        answers_per_1000: 0,
        memory: 24,
    },
    Hostile {
        name: "an id of many lists",
        prefix: "{\"execute\": \"query-light\", \"id\": [0",
        unit: |_| b",[0,[]]".repeat(50),
        count: 1500,
        suffix: "]}",
        answer: "\"lit\": false",
        answers_per_1000: 0,
        memory: 128,
    },
    Hostile {
        name: "arguments of many names",
        prefix: "{\"execute\": \"query-light\", \"arguments\": {\"a\": 0",
        unit: |i| format!(",\"member number {i}\": null").into_bytes(),
        count: 150_000,
        suffix: "}}",
        answer: "is unexpected",
        answers_per_1000: 0,
        memory: 192,
    },
    Hostile {
        name: "a request of many names",
        prefix: "{\"execute\": \"query-light\"",
        unit: |i| format!(",\"member number {i}\": null").into_bytes(),
        count: 150_000,
        suffix: "}",
        answer: "is unexpected",
        answers_per_1000: 0,
        memory: 192,
    },
    Hostile {
        name: "brackets that open",
        prefix: "",
        unit: |_| b"[".repeat(1000),
        count: 100,
        suffix: "",
        answer: "JSON nesting depth limit exceeded",
        answers_per_1000: 100,
        memory: 4,
    },
    Hostile {
        name: "objects in objects",
        prefix: "",
        unit: |_| b"{\"a\":".repeat(1000),
        count: 100,
        suffix: "",
        answer: "JSON nesting depth limit exceeded",
        answers_per_1000: 100,
        memory: 4,
    },
    Hostile {
        name: "brackets that close",
        prefix: "",
        unit: |_| b"}".repeat(1000),
        count: 100,
        suffix: "",
        answer: "JSON parse error, expecting value",
        answers_per_1000: 1_000_000,
        memory: 4,
    },
    Hostile {
        name: "bytes FF",
        prefix: "",
        unit: |_| b"\xff".repeat(1000),
        count: 100,
        suffix: "",
        answer: "JSON parse error, stray '\\uFFFD'",
        answers_per_1000: 1_000_000,
        memory: 4,
    },
    Hostile {
        name: "bytes 00",
        prefix: "",
        unit: |_| b"\0".repeat(1000),
        count: 100,
        suffix: "",
        answer: "JSON parse error, stray ''",
        answers_per_1000: 1_000_000,
        memory: 4,
    },
    Hostile {
        name: "strings that begin and break",
        prefix: "",
        unit: |_| b"'\\\x01\n".repeat(300),
        count: 100,
        suffix: "",
        answer: "JSON parse error, stray '",
        answers_per_1000: 300_000,
        memory: 4,
    },
    Hostile {
        name: "empty objects",
        prefix: "",
        unit: |_| b"{}".repeat(1000),
        count: 100,
        suffix: "",
        answer: "QMP input lacks member 'execute'",
        answers_per_1000: 1_000_000,
        memory: 4,
    },
];

/// What came of an input.
struct Outcome {
    /// Time that processors spent on it, which others on the machine do not add to.
    took: Duration,
    /// Answers that say what is expected.
    expected: usize,
    /// MiB by which the process has grown at most.
    grew: usize,
}

/// A line of `/proc/self/status` in KiB.
fn status(key: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("a size");
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("a number")
}

/// What processors have spent on this process so far.
fn spent() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    // The name comes before, in parentheses, and may hold anything. Times are in hundredths of a second.
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let ticks = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number"));
    Duration::from_millis(10 * ticks.sum::<u64>())
}

/// Sends an input of so many units to a new server and reads all answers.
fn send(hostile: &'static Hostile, count: usize) -> Outcome {
    let (server, mut peer) = Running::with_peer();
    peer.negotiate("");
    // Has the system count the peak anew.
    std::fs::write("/proc/self/clear_refs", "5").expect("one's own peak can be reset");
    let (before, started) = (status("VmRSS"), spent());
    let mut writer = peer.stream().try_clone().expect("a descriptor");
    let sender = std::thread::spawn(move || {
        let mut buffer = hostile.prefix.as_bytes().to_vec();
        for i in 0..count {
            buffer.extend((hostile.unit)(i));
            if buffer.len() > 64 * KIB {
                writer.write_all(&buffer).expect("the server reads");
                buffer.clear();
            }
        }
        buffer.extend_from_slice(hostile.suffix.as_bytes());
        // Whatever is unfinished is forgotten at this byte.
        buffer.extend_from_slice(b"\n\xff{\"execute\": \"quit\"}\n");
        writer.write_all(&buffer).expect("the server reads");
    });
    let expected = read_all(peer.stream(), hostile.answer);
    sender.join().expect("no panic");
    let outcome =
        Outcome { took: spent() - started, expected, grew: status("VmHWM").saturating_sub(before).div_ceil(KIB) };
    server.join();
    outcome
}

/// Reads until the end; how many lines hold `answer`. Of a long line only parts are looked at.
fn read_all(mut stream: &UnixStream, answer: &str) -> usize {
    let (mut buffer, mut kept, mut count) = (vec![0; 256 * KIB], Vec::new(), 0);
    loop {
        let read = stream.read(&mut buffer).expect("answers");
        kept.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&kept);
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        count += text[..whole].matches(answer).count();
        kept.drain(..whole);
        if kept.len() > 64 * KIB {
            count += String::from_utf8_lossy(&kept).matches(answer).count();
            kept.clear();
        }
        if read == 0 {
            return count;
        }
    }
}

#[test]
#[ignore = "sends some hundred MiB: for an optimised build"]
fn hostile_input_costs_time_in_proportion_and_bounded_memory() {
    let mut wrong = Vec::new();
    for hostile in INPUTS {
        let (once, twice) = (send(hostile, hostile.count), send(hostile, 2 * hostile.count));
        let growth = twice.took.as_secs_f64() / once.took.as_secs_f64().max(0.01);
        println!(
            "{:35} {:6.0} ms, then {:6.0} ms: x {growth:.1}; {:4} MiB, then {:4} MiB; {} answers",
            hostile.name,
            once.took.as_secs_f64() * 1e3,
            twice.took.as_secs_f64() * 1e3,
            once.grew,
            twice.grew,
            twice.expected,
        );
        // Quadratic time would be x 4; what takes no time is not measured well.
        if growth > 3.4 && twice.took > Duration::from_millis(200) {
            wrong.push(format!("{}: time grows {growth:.1} times", hostile.name));
        }
        if twice.grew > hostile.memory {
            wrong.push(format!("{}: {} MiB", hostile.name, twice.grew));
        }
        if twice.expected < (hostile.answers_per_1000 * 2 * hostile.count / 1000).max(1) {
            wrong.push(format!("{}: only {} answers", hostile.name, twice.expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
