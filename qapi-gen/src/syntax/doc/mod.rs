//! Documentation comments: where they end, and their sections.
//!
//! QEMU has had two grammars for their text: [`lines`] up to 8.2, [`paragraphs`] from 9.0.

mod described;
mod lines;
mod paragraphs;
mod style;
#[cfg(test)]
mod tests;

pub(crate) use described::Described;

use super::lex;
use crate::diag::{Diagnostic, Rule, catalogue};
use crate::dialect::Dialect;
use crate::source::{FileId, Span};

/// A comment from `##` to `##`, its text not looked at yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    /// The file it is in.
    pub(crate) file: FileId,
    /// Where its opening `##` stands.
    pub(crate) start: usize,
    /// Where parsing goes on behind it.
    pub(crate) next: usize,
}

/// A part of a comment: an argument, a feature, or a tagged or plain section.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// Argument, feature or tag; empty for plain text.
    pub(crate) name: String,
    /// Its text, without the indentation that the grammar asks for.
    pub(crate) text: String,
    /// The line that starts it.
    pub(crate) span: Span,
}

/// A parsed comment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doc {
    /// The name it documents; `None` for free-form text.
    pub(crate) symbol: Option<String>,
    /// Its first line.
    pub(crate) span: Span,
    /// Text before the first section.
    pub(crate) body: String,
    /// Descriptions of members, values and arguments.
    pub(crate) args: Described,
    /// Descriptions of features.
    pub(crate) features: Described,
    /// Tagged sections and the plain text after them.
    pub(crate) sections: Vec<Section>,
}

impl Block {
    /// Finds the end of the comment that starts at `start`.
    pub(super) fn find(file: FileId, text: &str, start: usize) -> Self {
        let mut lines = Lines::new(file, text, start);
        // A mistake inside does not end the comment.
        let next = loop {
            match lines.raw() {
                Some((_, line)) if line.starts_with("##") => break lines.pos,
                Some(_) => {}
                None => break lines.pos,
            }
        };
        Self { file, start, next }
    }

    /// Where it is reported: its first line.
    pub(crate) fn span(&self) -> Span {
        Span::new(self.file, self.start, self.start + 2)
    }

    /// Parses the comment. Free-form text with headings can make several.
    ///
    /// # Errors
    /// The first mistake in it.
    pub(crate) fn parse(&self, text: &str, dialect: Dialect) -> Result<Vec<Doc>, Diagnostic> {
        let first = text.get(self.start..lex::line_end(text, self.start)).unwrap_or("");
        if first != "##" {
            let message = "junk after '##' at start of documentation comment";
            let span = Span::new(self.file, self.start, self.start + first.len());
            return Err(Diagnostic::syntax(&catalogue::DOC_DELIMITER, message, span));
        }
        let lines = Lines::new(self.file, text, self.start);
        if dialect.doc_paragraphs() {
            paragraphs::parse(lines, dialect, self.span()).map(|doc| vec![doc])
        } else {
            lines::parse(lines, dialect, self.span())
        }
    }
}

/// The lines between the two `##`.
struct Lines<'t> {
    file: FileId,
    text: &'t str,
    pos: usize,
    /// The line read last, for diagnostics.
    at: usize,
}

impl<'t> Lines<'t> {
    fn new(file: FileId, text: &'t str, start: usize) -> Self {
        Self { file, text, pos: lex::line_end(text, start), at: start }
    }

    /// The next line from its `#` on, whatever it says; `None` if something else follows.
    fn raw(&mut self) -> Option<(usize, &'t str)> {
        let rest = self.text.get(self.pos..)?;
        let at = self.text.len() - rest.trim_start_matches(lex::is_blank).len();
        if self.text.as_bytes().get(at) != Some(&b'#') {
            return None;
        }
        self.at = at;
        self.pos = lex::line_end(self.text, at);
        Some((at, self.text.get(at..self.pos)?))
    }

    /// The text of the next line; `None` at the closing `##`.
    fn next(&mut self) -> Result<Option<&'t str>, Diagnostic> {
        let Some((_, line)) = self.raw() else {
            let at = lex::skip_blank(self.text, self.pos).min(lex::end_of_file(self.text));
            if let Some((rule, message, len)) =
                lex::not_a_token(self.text, at).filter(|_| at < lex::end_of_file(self.text))
            {
                return Err(Diagnostic::syntax(rule, message, Span::new(self.file, at, at + len)));
            }
            let message = "documentation comment must end with '##'";
            let span = Span::new(self.file, at, at);
            return Err(Diagnostic::syntax(&catalogue::DOC_DELIMITER, message, span));
        };
        match line.as_bytes() {
            [b'#', b'#'] => Ok(None),
            [b'#', b'#', ..] => {
                let message = "junk after '##' at end of documentation comment";
                Err(self.error(&catalogue::DOC_DELIMITER, message))
            }
            [b'#'] => Ok(Some("")),
            [b'#', b' ', ..] => Ok(line.get(2..)),
            _ => Err(self.error(&catalogue::DOC_SPACE, "missing space after #")),
        }
    }

    /// The place of the current line.
    fn span(&self) -> Span {
        Span::new(self.file, self.at, lex::line_end(self.text, self.at))
    }

    /// A mistake in the current line, reported with its column.
    fn error(&self, rule: &'static Rule, message: impl Into<String>) -> Diagnostic {
        Diagnostic::syntax(rule, message, self.span())
    }
}

/// The name in `@NAME:` at the start of `line`, and where the text behind it starts.
fn described(line: &str) -> Option<(&str, usize)> {
    let rest = line.strip_prefix('@')?;
    let (name, text) = rest.split_once(':')?;
    Some((name, line.len() - text.trim_start_matches(' ').len()))
}

/// Number of blanks at the start of `line`.
fn indentation(line: &str) -> usize {
    line.chars().take_while(|c| lex::is_blank(*c)).count()
}

/// `line` without its first `count` blanks, or as many as it has.
fn without_indent(line: &str, count: usize) -> &str {
    let mut blanks = line.char_indices().take_while(|(_, c)| lex::is_blank(*c)).skip(count);
    blanks.next().map_or_else(|| line.trim_start_matches(lex::is_blank), |(at, _)| line.get(at..).unwrap_or(""))
}

/// What a line with too little indentation is told.
fn de_indent(wanted: usize) -> String {
    format!("unexpected de-indent (expected at least {wanted} spaces)")
}
