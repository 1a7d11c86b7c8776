//! The layout that QEMU asks of documentation text after 10.0: 70 columns, two spaces between
//! sentences, except in literal blocks.

use super::{Lines, indentation};
use crate::diag::{Diagnostic, catalogue};
use crate::source::Span;

/// Longest line, with its `# `.
const COLUMNS: usize = 70;

/// Whether a literal block is open, and its indentation once known.
#[derive(Default)]
pub(super) struct Style {
    literal: bool,
    indent: Option<usize>,
}

impl Style {
    /// Checks the layout of `line`, the current one of `lines`.
    pub(super) fn check(&mut self, line: &str, lines: &Lines<'_>) -> Result<(), Diagnostic> {
        if opens_literal(line) {
            self.literal = true;
            self.indent = None;
        } else if self.literal && !line.is_empty() {
            let indent = indentation(line);
            self.literal = indent >= *self.indent.get_or_insert(indent);
        }
        if self.literal {
            return Ok(());
        }
        if line.chars().count() + 2 > COLUMNS && !is_url(line) {
            let message = "documentation line longer than 70 characters";
            return Err(lines.error(&catalogue::DOC_STYLE, message));
        }
        if let Some(at) = narrow_gap(line) {
            // Behind the punctuation; the text starts behind `# `.
            let at = lines.at + 2 + at + 1;
            let span = Span::new(lines.file, at, at + 1);
            let message = "Use two spaces between sentences";
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

/// The punctuation that ends a sentence and is followed by one space only.
fn narrow_gap(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let text = indentation(line);
    (0..bytes.len()).find(|&at| {
        let gap = matches!(bytes[at], b'.' | b'!' | b'?')
            && bytes.get(at + 1) == Some(&b' ')
            && bytes.get(at + 2).is_some_and(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == b'(');
        let number = at == text + 1 && bytes[text].is_ascii_digit() && bytes[at] == b'.';
        let word_before = at >= 4 && (bytes[at - 4].is_ascii_alphanumeric() || bytes[at - 4] == b'_');
        let for_example = at >= 3 && &bytes[at - 3..=at] == b"e.g." && !word_before;
        gap && !number && !for_example
    })
}
