//! Lines, joined where brackets are open.

use std::io::{self, BufRead, Read};

use crate::parse;

/// Longest text, so that input without line breaks does not fill the memory.
const MAX_TEXT: u64 = 64 << 20;

/// Takes lines from a source.
pub(super) struct Lines<R> {
    source: R,
    number: usize,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, number: 0 }
    }

    /// The next line, with those that continue it, and its number, counting from 1; `None` at the end.
    ///
    /// # Errors
    /// The source cannot be read, or is no UTF-8.
    pub(super) fn next(&mut self) -> io::Result<Option<(usize, String)>> {
        let mut text = String::new();
        let first = self.number + 1;
        loop {
            let start = text.len();
            let room = MAX_TEXT.saturating_sub(text.len() as u64);
            if (&mut self.source).take(room).read_line(&mut text)? == 0 {
                return Ok((!text.is_empty()).then_some((first, text)));
            }
            self.number += 1;
            // What goes on was unfinished before, and only a bracket can change that.
            let line = text[start..].trim_end();
            let may_end = start == 0 || line.ends_with(['}', ']']);
            if may_end && !parse::is_unfinished(&text) {
                return Ok(Some((first, text)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(usize, String)> {
        let mut lines = Lines::new(text.as_bytes());
        std::iter::from_fn(|| lines.next().unwrap()).collect()
    }

    #[test]
    fn brackets_join_lines() {
        let text = "a\n{\n'execute':\n'b'\n}\nc x=[1,\n2]\n\nd";
        let expected = [(1, "a\n"), (2, "{\n'execute':\n'b'\n}\n"), (6, "c x=[1,\n2]\n"), (8, "\n"), (9, "d")];
        assert_eq!(all(text), expected.map(|(number, text)| (number, text.to_owned())));
    }

    #[test]
    fn what_never_ends_comes_as_it_is() {
        assert_eq!(all("{\na\n"), [(1, "{\na\n".to_owned())]);
        assert!(Lines::new(&b"\xff\n"[..]).next().is_err());
    }
}
