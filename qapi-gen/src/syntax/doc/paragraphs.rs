//! The grammar of documentation text from QEMU 9.0 on: sections start at paragraphs, their
//! text is indented.

use super::style::Style;
use super::{Doc, Lines, Section, de_indent, described, indentation, without_indent};
use crate::diag::{Diagnostic, catalogue};
use crate::dialect::Dialect;
use crate::source::Span;
use crate::syntax::lex::is_blank;

/// Parses the lines of a comment.
pub(super) fn parse(lines: Lines<'_>, dialect: Dialect, span: Span) -> Result<Doc, Diagnostic> {
    let mut parser = Parser {
        lines,
        dialect,
        style: dialect.doc_style().then(Style::default),
        line: None,
        doc: Doc { span, ..Doc::default() },
        target: Target::Body,
    };
    parser.advance()?;
    match parser.line {
        Some(line) if line.starts_with('@') => parser.definition(line)?,
        _ => parser.free_form()?,
    }
    parser.finish()
}

/// Where text goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Body,
    Arg,
    Feature,
    Section,
}

struct Parser<'t> {
    lines: Lines<'t>,
    dialect: Dialect,
    style: Option<Style>,
    line: Option<&'t str>,
    doc: Doc,
    target: Target,
}

impl<'t> Parser<'t> {
    fn advance(&mut self) -> Result<(), Diagnostic> {
        self.line = self.lines.next()?.map(|line| line.trim_end_matches(is_blank));
        if let (Some(style), Some(line)) = (&mut self.style, self.line) {
            style.check(line, &self.lines)?;
        }
        Ok(())
    }

    fn skip_empty(&mut self) -> Result<(), Diagnostic> {
        while self.line == Some("") {
            self.advance()?;
        }
        Ok(())
    }

    fn free_form(&mut self) -> Result<(), Diagnostic> {
        let mut first = true;
        while let Some(line) = self.line {
            if let Some((name, _)) = described(line) {
                let message = format!("'@{name}:' not allowed in free-form documentation");
                return Err(self.lines.error(&catalogue::DOC_SECTION, message));
            }
            if line.starts_with('=') && !first && self.dialect.doc_headings() {
                let message = "'=' heading must come first in a comment block";
                return Err(self.lines.error(&catalogue::DOC_SECTION, message));
            }
            self.append(line);
            self.advance()?;
            first = false;
        }
        Ok(())
    }

    fn definition(&mut self, line: &str) -> Result<(), Diagnostic> {
        let Some(symbol) = line.strip_prefix('@').and_then(|line| line.strip_suffix(':')) else {
            return Err(self.lines.error(&catalogue::DOC_SYMBOL, "line should end with ':'"));
        };
        if symbol.is_empty() {
            return Err(self.lines.error(&catalogue::DOC_SYMBOL, "name required after '@'"));
        }
        self.doc.symbol = Some(symbol.to_owned());
        self.advance()?;
        let mut no_more_args = false;
        loop {
            self.skip_empty()?;
            let Some(line) = self.line else { return Ok(()) };
            if line == "Features:" {
                self.features()?;
                no_more_args = true;
            } else if let Some((name, _)) = described(line) {
                if no_more_args {
                    let message = format!("description of '@{name}:' follows a section");
                    return Err(self.lines.error(&catalogue::DOC_SECTION, message));
                }
                self.descriptions(Target::Arg)?;
                no_more_args = true;
            } else if let Some((tag, text)) = self.tag(line)? {
                self.tagged(tag, text)?;
                no_more_args = true;
            } else if line.starts_with('=') && self.dialect.doc_headings() {
                let message = "unexpected '=' markup in definition documentation";
                return Err(self.lines.error(&catalogue::DOC_SECTION, message));
            } else {
                self.paragraph()?;
            }
        }
    }

    fn features(&mut self) -> Result<(), Diagnostic> {
        if !self.doc.features.is_empty() {
            return Err(self.lines.error(&catalogue::DOC_DUPLICATE, "duplicated 'Features:' line"));
        }
        self.advance()?;
        self.skip_empty()?;
        self.descriptions(Target::Feature)?;
        if self.doc.features.is_empty() {
            return Err(self.lines.error(&catalogue::DOC_EMPTY_SECTION, "feature descriptions expected"));
        }
        Ok(())
    }

    /// A group of `@NAME:` items.
    fn descriptions(&mut self, target: Target) -> Result<(), Diagnostic> {
        while let Some((line, (name, text))) = self.line.and_then(|line| Some((line, described(line)?))) {
            self.target = target;
            let (list, span) = match target {
                Target::Feature => (&mut self.doc.features, self.lines.span()),
                _ => (&mut self.doc.args, self.lines.span()),
            };
            if name.is_empty() {
                return Err(Diagnostic::new(&catalogue::DOC_SYMBOL, "invalid parameter name", span));
            }
            list.add(Section { name: name.to_owned(), text: String::new(), span }).map_err(|section| {
                let message = format!("'{}' parameter name duplicated", section.name);
                Diagnostic::new(&catalogue::DOC_DUPLICATE, message, span)
            })?;
            self.first_text(line.get(text..).unwrap_or(""));
            self.indented()?;
        }
        Ok(())
    }

    /// The tag that `line` starts with, and the text behind it.
    fn tag<'l>(&self, line: &'l str) -> Result<Option<(&'static str, &'l str)>, Diagnostic> {
        const TAGS: [&str; 8] = ["Returns", "Errors", "Since", "Notes", "Note", "Examples", "Example", "TODO"];
        let found = TAGS.iter().find_map(|tag| {
            let text = line.strip_prefix(tag)?.strip_prefix(':')?;
            (!text.starts_with(':')).then_some((*tag, text.trim_start_matches(' ')))
        });
        let Some((tag, text)) = found else {
            return Ok(None);
        };
        match tag {
            "Note" | "Notes" | "Example" | "Examples" if self.dialect.rst_admonitions() => {
                let instead = if tag.starts_with("Note") {
                    "rST's '.. note::' or '.. admonition:: notes' directives, or another suitable admonition instead."
                } else {
                    "the '.. qmp-example::' directive, or other suitable markup instead."
                };
                let message = format!("The '{tag}' section is no longer supported. Please use {instead}");
                Err(self.lines.error(&catalogue::DOC_SECTION, message))
            }
            _ => Ok(Some((tag, text))),
        }
    }

    fn tagged(&mut self, tag: &'static str, text: &str) -> Result<(), Diagnostic> {
        let span = self.lines.span();
        let once = matches!(tag, "Returns" | "Errors" | "Since");
        if once && self.doc.sections.iter().any(|section| section.name == tag) {
            let message = format!("duplicated '{tag}' section");
            return Err(Diagnostic::new(&catalogue::DOC_DUPLICATE, message, span));
        }
        self.target = Target::Section;
        self.doc.sections.push(Section { name: tag.to_owned(), text: String::new(), span });
        self.first_text(text);
        self.indented()
    }

    /// Plain text up to an empty line.
    fn paragraph(&mut self) -> Result<(), Diagnostic> {
        let plain = match self.target {
            Target::Body => true,
            Target::Section => self.doc.sections.last().is_some_and(|section| section.name.is_empty()),
            _ => false,
        };
        if !plain {
            self.target = Target::Section;
            self.doc.sections.push(Section { name: String::new(), text: String::new(), span: self.lines.span() });
        } else if !self.text().is_empty() {
            self.append("");
        }
        while let Some(line) = self.line.filter(|line| !line.is_empty()) {
            self.append(line);
            self.advance()?;
        }
        Ok(())
    }

    /// The indented lines that go on with an item. Its first indented line sets the indentation;
    /// less is a mistake directly behind that line and ends the item later on.
    fn indented(&mut self) -> Result<(), Diagnostic> {
        self.advance()?;
        let mut empty = 0;
        while self.line == Some("") {
            empty += 1;
            self.advance()?;
        }
        let Some(line) = self.line else { return Ok(()) };
        let indent = indentation(line);
        if indent == 0 {
            return Ok(());
        }
        for _ in 0..empty {
            self.append("");
        }
        self.append(without_indent(line, indent));
        let mut second = true;
        loop {
            self.advance()?;
            let Some(line) = self.line else { return Ok(()) };
            if described(line).is_some() {
                return Ok(());
            }
            if !line.is_empty() && indentation(line) < indent {
                if second {
                    return Err(self.lines.error(&catalogue::DOC_INDENT, de_indent(indent)));
                }
                return Ok(());
            }
            self.append(without_indent(line, indent));
            second = false;
        }
    }

    fn first_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.append(text);
        }
    }

    fn text(&mut self) -> &mut String {
        match self.target {
            Target::Body => None,
            Target::Arg => self.doc.args.last_mut(),
            Target::Feature => self.doc.features.last_mut(),
            Target::Section => self.doc.sections.last_mut(),
        }
        .map_or(&mut self.doc.body, |section| &mut section.text)
    }

    fn append(&mut self, line: &str) {
        let text = self.text();
        text.push_str(line);
        text.push('\n');
    }

    /// Trims all texts and refuses empty ones, in the order of the comment.
    fn finish(mut self) -> Result<Doc, Diagnostic> {
        let kinds = self.dialect.doc_kinds();
        let doc = &mut self.doc;
        trim(&mut doc.body);
        let mut empty: Option<(Span, String)> = None;
        let lists: [(&str, &mut [Section]); 3] =
            [("Member", &mut doc.args), ("Feature", &mut doc.features), ("", &mut doc.sections)];
        for (kind, list) in lists {
            for section in list {
                trim(&mut section.text);
                let plain = kind.is_empty() && section.name.is_empty();
                let earlier = empty.as_ref().is_none_or(|(span, _)| section.span.start < span.start);
                if section.text.is_empty() && !plain && earlier {
                    let kind = match section.name.as_str() {
                        name if !kind.is_empty() && !kinds => format!("@{name}"),
                        _ if !kind.is_empty() => kind.to_owned(),
                        "TODO" if kinds => "Todo".to_owned(),
                        tag => tag.to_owned(),
                    };
                    empty = Some((section.span, kind));
                }
            }
        }
        match empty {
            None => Ok(self.doc),
            Some((span, kind)) => {
                let message = format!("text required after '{kind}:'");
                Err(Diagnostic::new(&catalogue::DOC_EMPTY_SECTION, message, span))
            }
        }
    }
}

/// Removes empty lines around `text`.
fn trim(text: &mut String) {
    text.truncate(text.trim_end().len());
    let lead = text.len() - text.trim_start_matches('\n').len();
    text.drain(..lead);
}
