//! The layout that QEMU asks of documentation text after 10.0: 70 columns, two spaces between
//! sentences, except in literal blocks.

use super::{Lines, indentation};
use crate::diag::{Diagnostic, catalogue};
use crate::source::Span;

/// Longest line, with its `# `.
const COLUMNS: usize = 70;

/// Whether a literal block is open, and its indentation; 0 as long as that is not known.
#[derive(Default)]
pub(super) struct Style {
    literal: bool,
    indent: usize,
}

impl Style {
    /// Checks the layout of `line`, the current one of `lines`.
    pub(super) fn check(&mut self, line: &str, lines: &Lines<'_>) -> Result<(), Diagnostic> {
        if opens_literal(line) {
            self.literal = true;
            self.indent = 0;
        } else if self.literal && !line.is_empty() {
            let indent = indentation(line);
            // As long as nothing is indented, QEMU takes every line for the first one.
            if self.indent == 0 {
                self.indent = indent;
            }
            self.literal = indent >= self.indent;
        }
        if self.literal {
            return Ok(());
        }
        if line.chars().count() + 2 > COLUMNS && !is_url(line) {
            let message = "documentation line longer than 70 characters";
            return Err(lines.error(&catalogue::DOC_STYLE, message));
        }
        if let Some(at) = narrow_gap(line) {
            // Behind the punctuation; QEMU counts from the start of the line and takes `# ` for the first there.
            let start =
                lines.text.get(..lines.at).and_then(|before| before.rfind(['\n', '\r'])).map_or(0, |end| end + 1);
            let at = start + 2 + at + 1;
            let span = Span::new(lines.file, at, at + 1);
            let message = "Use two spaces between sentences\nIf this not the end of a sentence, please report a bug.";
            return Err(Diagnostic::syntax(&catalogue::DOC_STYLE, message, span));
        }
        Ok(())
    }
}

/// `::` alone, or `.. qmp-example::`.
fn opens_literal(line: &str) -> bool {
    let Some(rest) = line.strip_suffix("::") else {
        return false;
    };
    let rest = rest.trim_end_matches(' ');
    rest.is_empty()
        || rest
            .strip_prefix("..")
            .is_some_and(|rest| rest.starts_with(' ') && rest.trim_start_matches(' ') == "qmp-example")
}

fn is_url(line: &str) -> bool {
    let line = line.trim_start_matches(' ');
    ["http://", "https://", "ftp://"].iter().any(|scheme| line.starts_with(scheme)) && !line.contains(' ')
}

/// The punctuation that ends a sentence and is followed by one space only. An `e.g.` and the number of a list item end
/// none.
fn narrow_gap(line: &str) -> Option<usize> {
    let gap = |at: usize| {
        let rest = line.get(at..)?.strip_prefix(' ')?;
        rest.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '(').then_some(at + 2)
    };
    let mut next = list_number(line).and_then(gap).unwrap_or(0);
    let mut before = line.get(..next)?.chars().next_back();
    while let Some(c) = line.get(next..)?.chars().next() {
        let at = next;
        next += c.len_utf8();
        let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        before = Some(c);
        if line.get(at..)?.starts_with("e.g.") && !in_word {
            if let Some(end) = gap(at + 4) {
                before = line.get(..end)?.chars().next_back();
                next = end;
            }
        } else if matches!(c, '.' | '!' | '?') && gap(next).is_some() {
            return Some(at);
        }
    }
    None
}

/// Where the one-digit number and the dot end that `line` starts with, if it is an item of a list.
fn list_number(line: &str) -> Option<usize> {
    let mut rest = line.trim_start_matches(' ').chars();
    rest.next().filter(|c| c.is_numeric())?;
    rest.next().filter(|c| *c == '.')?;
    Some(line.len() - rest.as_str().len())
}
