//! The same bytes to a real QEMU and to us: the text must fail in the same places, in the same words.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use qapi_runtime::Value;
use qapi_runtime::json::{Stream, parse};
use qapi_test_support::Random;

/// Pieces of which nearly every combination is malformed in its own way.
const WORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b" ",
    b"\n",
    b"\t",
    b"'a'",
    b"\"a\"",
    b"'a':1",
    b"\"b\":[]",
    b"0",
    b"-1",
    b"01",
    b"1.5",
    b"1.",
    b"1e",
    b"1e+5",
    b"-",
    b"true",
    b"nul",
    b"x",
    b"T",
    b"%d",
    b"'",
    b"\"",
    b"\\",
    b"'\\u00e9'",
    b"'\\ud800'",
    b"'\\ud83d\\ude00'",
    b"'\\u12'",
    b"'\\q'",
    b"'\\",
    b"\xc3\xa9",
    b"'\xc3\xa9'",
    b"'\xc0\x80'",
    b"'\xe2\x82'",
    b"'\xed\xa0\x80'",
    b"'\xef\xbf\xbe'",
    b"'\xf0\x9f\x98\x80'",
    b"'\xf5\x80\x80\x80'",
    b"'\xfc\x80\x80\x80\x80\x80'",
    b"'\x80'",
    b"'\x7f'",
    b"\x01",
    b"\x7f",
    b"\xfe",
    b"\xff",
    b"\x00",
    b"18446744073709551616",
    b"1E400",
    b"'\xe2\x82A'",
    b"'\xf0\x9f\x98A'",
    b"'\xc3\xc3\xa9'",
    b"'\\u00",
    b"'\\ud83d\\u",
];

struct Qemu {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Qemu {
    fn start(program: &std::path::Path) -> Self {
        let mut child = Command::new(program)
            .args(["-machine", "none", "-nodefaults", "-display", "none", "-qmp", "stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut qemu = Self { child, input, output: BufReader::new(output) };
        assert!(qemu.reply().get("QMP").is_some());
        qemu.send(b"{'execute':'qmp_capabilities'}");
        assert!(qemu.reply().get("return").is_some());
        qemu
    }

    fn send(&mut self, bytes: &[u8]) {
        self.input.write_all(bytes).unwrap();
        self.input.flush().unwrap();
    }

    fn reply(&mut self) -> Value {
        let mut line = Vec::new();
        self.output.read_until(b'\n', &mut line).unwrap();
        assert!(!line.is_empty(), "QEMU is gone");
        parse(&line).unwrap_or_else(|error| panic!("{error}: {}", line.escape_ascii()))
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A reply's error text if the text of the request is to blame.
fn syntax_error(reply: &Value) -> Option<String> {
    let desc = reply.get("error")?.get("desc")?.as_str()?;
    desc.starts_with("JSON ").then(|| desc.into())
}

#[test]
fn malformed_input_fails_in_the_same_places() {
    let Some(program) = qapi_test_support::qemu("malformed_input_fails_in_the_same_places") else {
        return;
    };
    let mut qemu = Qemu::start(&program);
    let mut stream = Stream::new();
    let mut random = Random::new(20261120);
    for round in 0..3000 {
        let mut input = Vec::new();
        for _ in 0..=random.below(9) {
            input.extend_from_slice(WORDS[random.below(WORDS.len())]);
        }
        // 0xFF ends whatever was begun, a line end makes the lexer listen again.
        input.extend_from_slice(format!("\n\u{1}\n{{'execute':'query-name','id':{round}}}").as_bytes());
        let at = input.iter().rposition(|byte| *byte == 1).unwrap();
        input[at] = 0xff;

        qemu.send(&input);
        let mut expected = Vec::new();
        loop {
            let reply = qemu.reply();
            if reply.get("id").is_some() {
                break;
            }
            expected.push(syntax_error(&reply));
        }
        stream.feed(&input);
        let mut got = Vec::new();
        while let Some(item) = stream.next() {
            match item {
                Ok(frame) if frame.get("execute").is_some() => break,
                Ok(_) => got.push(None),
                Err(error) => got.push(Some(error.to_string())),
            }
        }
        assert_eq!(got, expected, "round {round}: {}", input.escape_ascii());
    }
}
