//! Inputs that a client would hardly send: the generator of a test.

use qapi_test_support::Random;

/// Makes inputs.
pub(crate) struct Hostile {
    random: Random,
}

/// Commands whose replies have no members in an order of their own, and none that changes the machine.
const COMMANDS: &[&str] = &[
    "query-name",
    "query-name",
    "query-target",
    "qmp_capabilities",
    "no-such-command",
    "Query-Name",
    "",
    "query-name ",
    "migrate-pause",
    "query-commands\\u0000",
    "%s",
];

/// Members of a request, right and wrong.
const MEMBERS: &[&str] = &[
    "execute",
    "exec-oob",
    "arguments",
    "id",
    "id",
    "control",
    "Execute",
    "",
    "ex\\u0065cute",
    "id\\u0000",
    "\\u00e9",
];

/// Tokens, and bytes that are none.
const TOKENS: &[&[u8]] = &[
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
    b"null",
    b"true",
    b"false",
    b"nul",
    b"nulll",
    b"True",
    b"a",
    b"zz",
    b"0",
    b"-",
    b"1",
    b"-0",
    b"01",
    b"1.",
    b".5",
    b"1e",
    b"+1",
    b"\"\"",
    b"''",
    b"\"execute\"",
    b"'id'",
    b"'x",
    b"\"",
    b"'",
    b"\\",
    b"%",
    b"%s",
    b"%d",
    b"%%",
    b" ",
    b"\n",
    b"\r\n",
    b"\t",
    b"\0",
    b"\x01",
    b"\x0b",
    b"\x1f",
    b"\x7f",
    b"\x80",
    b"\xc3\xa9",
    b"\xfd",
    b"\xfe",
    b"\xff",
    b"/",
    b"//",
    b"/*",
    b"#",
    b"_",
    b"NaN",
    b"Infinity",
    b"=",
];

/// Numbers and what looks like one.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "00",
    "-00",
    "01",
    "-01",
    "0.0",
    "-0.0",
    "0e0",
    "-0e-0",
    "0E+5",
    "1.0",
    "1.",
    ".1",
    "-.1",
    "-",
    "+1",
    "1e",
    "1e+",
    "1e5",
    "1E5",
    "1e-5",
    "1e05",
    "123456789012345678",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "-18446744073709551616",
    "1e15",
    "1e16",
    "1e17",
    "1e18",
    "123456789.123456789",
    "0.1",
    "0.2",
    "0.30000000000000004",
    "1e-4",
    "1e-5",
    "0.0001",
    "0.00001",
    "0.000123456789012345678",
    "5e-324",
    "2e-324",
    "4.9406564584124654e-324",
    "2.2250738585072014e-308",
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    "1e308",
    "1e309",
    "-1e400",
    "99999999999999999",
    "9007199254740993",
    "9007199254740993.0",
    "1e22",
    "1e23",
    "1.5e300",
    "0x10",
    "1_0",
    "1e1.5",
    "1.2.3",
    "--1",
    "1-1",
    "123abc",
    "1true",
    "0e",
    "0.e1",
    "100000000000000000000000000000000000000",
    "3.14159265358979323846264338327950288419716939937510",
];

/// The insides of strings.
const PIECES: &[&[u8]] = &[
    b"a",
    b"z",
    b" ",
    b"0",
    b"~",
    b"\"",
    b"'",
    b"\\\"",
    b"\\'",
    b"\\\\",
    b"\\/",
    b"\\b",
    b"\\f",
    b"\\n",
    b"\\r",
    b"\\t",
    b"\\v",
    b"\\0",
    b"\\a",
    b"\\x41",
    b"\\q",
    b"\\U0041",
    b"\\u",
    b"\\u0",
    b"\\u00",
    b"\\u000",
    b"\\u0000",
    b"\\u0001",
    b"\\u001f",
    b"\\u0020",
    b"\\u0041",
    b"\\u007f",
    b"\\u0080",
    b"\\u00e9",
    b"\\u00E9",
    b"\\u20ac",
    b"\\u20AC",
    b"\\ud7ff",
    b"\\ud800",
    b"\\udbff",
    b"\\udc00",
    b"\\udfff",
    b"\\ud83d\\ude00",
    b"\\uD83D\\uDE00",
    b"\\ude00\\ud83d",
    b"\\ud83d\\u0041",
    b"\\ud83dx",
    b"\\ud83d\\",
    b"\\ud83d\\n",
    b"\\ud83d\\udbff",
    b"\\udbff\\udfff",
    b"\\udbff\\udffe",
    b"\\ud83f\\udffe",
    b"\\ud83f\\udfff",
    b"\\ud800\\udc00",
    b"\\ue000",
    b"\\ufdcf",
    b"\\ufdd0",
    b"\\ufdef",
    b"\\ufdf0",
    b"\\ufeff",
    b"\\ufffd",
    b"\\ufffe",
    b"\\uffff",
    b"\\u12g4",
    b"\\u-123",
    b"\\u+123",
    b"\\u 123",
    b"\\u{41}",
    b"\t",
    b"\n",
    b"\r",
    b"\0",
    b"\x01",
    b"\x1f",
    b"\x7f",
    b"\x80",
    b"\xbf",
    b"\xc0\x80",
    b"\xc0\x81",
    b"\xc1\xbf",
    b"\xc2",
    b"\xc2\x80",
    b"\xc2\xbf",
    b"\xc3\xa9",
    b"\xc3\xc3",
    b"\xdf\xbf",
    b"\xe0\x80\x80",
    b"\xe0\x9f\xbf",
    b"\xe0\xa0\x80",
    b"\xe2\x82\xac",
    b"\xe2\x82",
    b"\xe2",
    b"\xed\x9f\xbf",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xed\xa0\xbd\xed\xb8\x80",
    b"\xee\x80\x80",
    b"\xef\xb7\x90",
    b"\xef\xbb\xbf",
    b"\xef\xbf\xbd",
    b"\xef\xbf\xbe",
    b"\xef\xbf\xbf",
    b"\xf0\x80\x80\x80",
    b"\xf0\x8f\xbf\xbf",
    b"\xf0\x90\x80\x80",
    b"\xf0\x9f\x98\x80",
    b"\xf0\x9f\x98",
    b"\xf0\x9f\xbf\xbe",
    b"\xf4\x8f\xbf\xbf",
    b"\xf4\x8f\xbf\xbd",
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xf7\xbf\xbf\xbf",
    b"\xf8\x88\x80\x80\x80",
    b"\xfb\xbf\xbf\xbf\xbf",
    b"\xfc\x84\x80\x80\x80\x80",
    b"\xfd\xbf\xbf\xbf\xbf\xbf",
    b"\xfe",
    b"\xff",
    b"%",
    b"%s",
    b"{",
    b"}",
];

impl Hostile {
    pub(crate) fn new(random: Random) -> Self {
        Self { random }
    }

    /// One input: a few bytes to some hundred.
    pub(crate) fn input(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        match self.random.below(10) {
            0 | 1 => self.tokens(&mut out),
            2 | 3 => self.with_id(&mut out),
            4 | 5 => self.members(&mut out),
            6 => self.value(&mut out, 5),
            7 => {
                self.with_id(&mut out);
                self.members(&mut out);
            }
            8 => {
                self.with_id(&mut out);
                self.mutate(&mut out);
            }
            _ => {
                self.members(&mut out);
                self.mutate(&mut out);
            }
        }
        if self.random.once_in(3) {
            out.push(b'\n');
        }
        out
    }

    fn one_of(&mut self, choices: &[&'static [u8]]) -> &'static [u8] {
        choices[self.random.below(choices.len())]
    }

    fn tokens(&mut self, out: &mut Vec<u8>) {
        for _ in 0..=self.random.below(12) {
            out.extend_from_slice(self.one_of(TOKENS));
            if self.random.once_in(4) {
                out.push(b' ');
            }
        }
    }

    /// A request in order, with an id of any kind.
    fn with_id(&mut self, out: &mut Vec<u8>) {
        let command = ["query-name", "nope"][self.random.below(2)];
        out.extend_from_slice(format!("{{\"execute\": \"{command}\", \"id\": ").as_bytes());
        self.value(out, 4);
        out.push(b'}');
    }

    /// A request with members of any kind.
    fn members(&mut self, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut count = self.random.below(5);
        if self.random.once_in(3) {
            out.extend_from_slice(b"'execute': 'query-name'");
            out.extend_from_slice(if count > 0 { b", " } else { b"" });
        }
        while count > 0 {
            let name = self.random.one_of(MEMBERS);
            out.extend_from_slice(format!("\"{name}\": ").as_bytes());
            match self.random.below(4) {
                0 | 1 => {
                    let command = self.random.one_of(COMMANDS);
                    out.extend_from_slice(format!("'{command}'").as_bytes());
                }
                2 => self.arguments(out),
                _ => self.value(out, 3),
            }
            count -= 1;
            out.extend_from_slice(if count > 0 { b"," } else { b"" });
        }
        out.push(b'}');
    }

    fn arguments(&mut self, out: &mut Vec<u8>) {
        out.push(b'{');
        // One member at most: the order of several is that of a hash table in QEMU.
        if self.random.once_in(2) {
            let name = *self.random.one_of(&["enable", "a", "b", "enable.0", "-", "\\u00e9\\n", "'"]);
            out.extend_from_slice(format!("\"{name}\":").as_bytes());
            match self.random.below(3) {
                0 => out.extend_from_slice(b"['oops', 'oob']"),
                1 => out.extend_from_slice(b"[7]"),
                _ => self.value(out, 2),
            }
        }
        out.push(b'}');
    }

    /// Any value, mostly well formed.
    fn value(&mut self, out: &mut Vec<u8>, depth: usize) {
        match self.random.below(if depth > 0 { 9 } else { 6 }) {
            0 => out.extend_from_slice(self.one_of(&[b"null", b"true", b"false", b"nil"])),
            1 => out.extend_from_slice(self.random.one_of(NUMBERS).as_bytes()),
            2 => self.number(out),
            3..=5 => self.string(out),
            6 | 7 => {
                out.push(b'[');
                for i in 0..self.random.below(4) {
                    out.extend_from_slice(if i > 0 { b", " } else { b"" });
                    self.value(out, depth - 1);
                }
                out.push(b']');
            }
            _ => {
                out.push(b'{');
                // One member at most, as above.
                if self.random.once_in(2) {
                    self.string(out);
                    out.push(b':');
                    self.value(out, depth - 1);
                }
                out.push(b'}');
            }
        }
    }

    /// A number of random digits.
    fn number(&mut self, out: &mut Vec<u8>) {
        if self.random.once_in(3) {
            out.push(b'-');
        }
        out.push(b'1' + self.random.below(9) as u8);
        self.digits(22, out);
        if self.random.once_in(2) {
            out.push(b'.');
            out.push(b'0' + self.random.below(10) as u8);
            self.digits(20, out);
        }
        if self.random.once_in(2) {
            out.extend_from_slice(self.one_of(&[b"e", b"E", b"e-", b"e+", b"E-"]));
            out.extend_from_slice(self.random.below(330).to_string().as_bytes());
        }
    }

    fn digits(&mut self, most: usize, out: &mut Vec<u8>) {
        for _ in 0..self.random.below(most) {
            out.push(b'0' + self.random.below(10) as u8);
        }
    }

    fn string(&mut self, out: &mut Vec<u8>) {
        let quote = if self.random.once_in(3) { b'\'' } else { b'"' };
        out.push(quote);
        // Most strings are to be valid, or no more than one thing would ever be found out about an input.
        for _ in 0..self.random.below(4) {
            let piece = self.one_of(PIECES);
            if piece != [quote] {
                out.extend_from_slice(piece);
            }
        }
        out.push(quote);
    }

    /// Changes a few bytes.
    fn mutate(&mut self, out: &mut Vec<u8>) {
        for _ in 0..=self.random.below(3) {
            let at = self.random.below(out.len());
            let end = (at + 1 + self.random.below(4)).min(out.len());
            match self.random.below(5) {
                0 => drop(out.drain(at..end)),
                1 => out.truncate(at),
                2 => out[at] = self.random.below(256) as u8,
                3 => {
                    let token = self.one_of(TOKENS).to_vec();
                    drop(out.splice(at..at, token));
                }
                _ => {
                    let copy = out[at..end].to_vec();
                    drop(out.splice(end..end, copy));
                }
            }
            if out.is_empty() {
                return;
            }
        }
    }
}
