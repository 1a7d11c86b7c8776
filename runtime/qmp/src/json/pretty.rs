//! Lays JSON out over several lines, as QEMU's monitors do with `pretty=on`.

use super::words::plain_run;

/// Spaces for each level.
const INDENT: usize = 4;

/// Lays out JSON text piece by piece: the pieces may be cut anywhere, and no more than a few bytes are kept between them.
///
/// Every member and every element has a line of its own, also the closing bracket of what is empty. Lines end in CR LF. The
/// text must be well formed; what follows each value, such as the end of its line, is not looked at but for LF, which ends
/// the last line.
///
/// ```
/// use qapi_runtime::json::Pretty;
/// let mut out = Vec::new();
/// Pretty::new().feed(b"{\"a\": [1, {}]}\r\n", &mut out, usize::MAX);
/// let lines = ["{", "    \"a\": [", "        1,", "        {", "        }", "    ]", "}", ""];
/// assert_eq!(out, lines.join("\r\n").into_bytes());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Pretty {
    depth: usize,
    place: Place,
}

/// Where the last piece ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Between,
    /// Behind an opening bracket.
    Opened,
    String,
    /// Behind a backslash.
    Escape,
}

impl Pretty {
    /// At the start of a text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lays out the next piece at the end of `out`, and stops once that has `enough` bytes or somewhat more: by one line's
    /// indentation. Says how many bytes of the piece it has taken.
    pub fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>, enough: usize) -> usize {
        let mut at = 0;
        while let Some(&byte) = piece.get(at).filter(|_| out.len() < enough) {
            at += match self.place {
                Place::String => self.in_string(piece.get(at..).unwrap_or_default(), out),
                Place::Escape => {
                    out.push(byte);
                    self.place = Place::String;
                    1
                }
                Place::Between | Place::Opened => {
                    self.outside(byte, out);
                    1
                }
            };
        }
        at
    }

    /// Copies what is plain, or else one byte. The piece is not empty.
    fn in_string(&mut self, piece: &[u8], out: &mut Vec<u8>) -> usize {
        let plain = piece.get(..plain_run(piece, b'"')).unwrap_or_default();
        if !plain.is_empty() {
            out.extend_from_slice(plain);
            return plain.len();
        }
        let byte = piece.first().copied().unwrap_or_default();
        out.push(byte);
        self.place = match byte {
            b'"' => Place::Between,
            b'\\' => Place::Escape,
            _ => Place::String,
        };
        1
    }

    fn outside(&mut self, byte: u8, out: &mut Vec<u8>) {
        match byte {
            b' ' | b'\t' | b'\r' => {}
            b'\n' => out.extend_from_slice(b"\r\n"),
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.line(out);
                out.push(byte);
                self.place = Place::Between;
            }
            b',' => {
                out.push(byte);
                self.line(out);
            }
            b':' => out.extend_from_slice(b": "),
            _ => {
                if self.place == Place::Opened {
                    self.line(out);
                }
                out.push(byte);
                self.place = match byte {
                    b'{' | b'[' => {
                        self.depth += 1;
                        Place::Opened
                    }
                    b'"' => Place::String,
                    _ => Place::Between,
                };
            }
        }
    }

    fn line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
        out.resize(out.len() + INDENT * self.depth, b' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &[u8] = b"{\"id\": [{}, [], [1, {\"a\": []}], \"\\\"x\\\\\"], \"return\": -1.5e3}\r\n{\"b\": null}\r\n";

    fn whole(text: &[u8]) -> String {
        let mut out = Vec::new();
        assert_eq!(Pretty::new().feed(text, &mut out, usize::MAX), text.len());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn everything_has_a_line_of_its_own() {
        let expected = [
            "{",
            "    \"id\": [",
            "        {",
            "        },",
            "        [",
            "        ],",
            "        [",
            "            1,",
            "            {",
            "                \"a\": [",
            "                ]",
            "            }",
            "        ],",
            "        \"\\\"x\\\\\"",
            "    ],",
            "    \"return\": -1.5e3",
            "}",
            "{",
            "    \"b\": null",
            "}",
            "",
        ];
        assert_eq!(whole(LINE), expected.join("\r\n"));
    }

    #[test]
    fn pieces_may_be_cut_anywhere() {
        let expected = whole(LINE);
        for cut in 0..LINE.len() {
            for enough in [1, 7, usize::MAX] {
                let (mut pretty, mut out) = (Pretty::new(), Vec::new());
                for piece in [&LINE[..cut], &LINE[cut..]] {
                    let mut at = 0;
                    while at < piece.len() {
                        let mut part = Vec::new();
                        at += pretty.feed(&piece[at..], &mut part, enough);
                        assert!(enough == usize::MAX || part.len() < enough.max(40), "{part:?}");
                        out.extend(part);
                    }
                }
                assert_eq!(String::from_utf8(out).unwrap(), expected, "cut at {cut}");
            }
        }
    }
}
