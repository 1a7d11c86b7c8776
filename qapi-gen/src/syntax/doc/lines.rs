//! The grammar of documentation text up to QEMU 8.2: line by line, section tags anywhere.
//!
//! Up to 8.0 text is indented to where it starts behind its tag, from 8.1 on as its second line is.

use super::{Doc, Lines, Section, de_indent, described, indentation, without_indent};
use crate::diag::{Diagnostic, catalogue};
use crate::dialect::Dialect;
use crate::source::Span;
use crate::syntax::lex::is_blank;
use std::borrow::Cow;

const TAGS: [&str; 7] = ["Returns:", "Since:", "Notes:", "Note:", "Examples:", "Example:", "TODO:"];

/// Parses the lines of a comment.
pub(super) fn parse(mut lines: Lines<'_>, dialect: Dialect, span: Span) -> Result<Vec<Doc>, Diagnostic> {
    let mut docs = Vec::new();
    let mut state = State::new(span, dialect);
    while let Some(line) = lines.next()? {
        if line.starts_with('=') {
            if state.doc.symbol.is_some() {
                let message = "unexpected '=' markup in definition documentation";
                return Err(lines.error(&catalogue::DOC_SECTION, message));
            }
            if !state.doc.body.is_empty() {
                docs.push(std::mem::replace(&mut state, State::new(span, dialect)).finish(&lines)?);
            }
        }
        state.line(line, &lines)?;
    }
    docs.push(state.finish(&lines)?);
    Ok(docs)
}

/// Which lines may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Body,
    Args,
    Features,
    Various,
}

/// Where text goes.
#[derive(Clone, Copy)]
enum Target {
    Body,
    Arg,
    Feature,
    Section,
}

struct State {
    doc: Doc,
    part: Part,
    target: Target,
    dialect: Dialect,
    /// True if the second line of a section sets its indentation.
    hanging: bool,
    /// What further lines of the section must be indented by; `None` while no line has set it.
    indent: Option<usize>,
}

/// The start of a section: `@NAME:` or a tag.
struct Head<'l> {
    /// Without `@` and `:`.
    name: &'l str,
    /// The line without it.
    text: Cow<'l, str>,
    /// What it asks of further lines.
    indent: Option<usize>,
}

impl State {
    fn new(span: Span, dialect: Dialect) -> Self {
        let doc = Doc { span, ..Doc::default() };
        Self { doc, part: Part::Body, target: Target::Body, dialect, hanging: dialect.hanging_docs(), indent: Some(0) }
    }

    fn finish(mut self, lines: &Lines<'_>) -> Result<Doc, Diagnostic> {
        self.end_section(lines)?;
        self.doc.body = trimmed(&self.doc.body, self.hanging);
        Ok(self.doc)
    }

    fn line(&mut self, line: &str, lines: &Lines<'_>) -> Result<(), Diagnostic> {
        if line.is_empty() {
            self.text().push('\n');
            return Ok(());
        }
        match self.part {
            Part::Body => self.body(line, lines),
            Part::Args | Part::Features => self.described(line, lines),
            Part::Various => self.various(line, lines),
        }
    }

    fn body(&mut self, line: &str, lines: &Lines<'_>) -> Result<(), Diagnostic> {
        if self.doc.symbol.is_none() {
            if self.doc.body.is_empty() && line.starts_with('@') {
                return self.symbol(line, lines);
            }
            return self.append(line, lines);
        }
        if self.argument(line).is_some() {
            self.part = Part::Args;
            self.described(line, lines)
        } else if line == "Features:" {
            self.part = Part::Features;
            Ok(())
        } else if self.tag(line).is_some() {
            self.part = Part::Various;
            self.various(line, lines)
        } else {
            self.append(line, lines)
        }
    }

    /// `@NAME:` at the start of `line`.
    fn argument<'l>(&self, line: &'l str) -> Option<Head<'l>> {
        if self.hanging {
            let (name, text) = described(line)?;
            return Some(Head { name, text: line.get(text..)?.into(), indent: None });
        }
        let word = first_word(line);
        let name = word.strip_prefix('@')?.strip_suffix(':')?;
        Some(hang(line, word, name))
    }

    /// A tag at the start of `line`.
    fn tag<'l>(&self, line: &'l str) -> Option<Head<'l>> {
        let word = *TAGS.iter().find(|tag| line.starts_with(**tag))?;
        let name = word.trim_end_matches(':');
        if self.hanging {
            let text = line.get(word.len()..)?.trim_start_matches(' ').into();
            return Some(Head { name, text, indent: None });
        }
        (first_word(line) == word).then(|| hang(line, word, name))
    }

    fn symbol(&mut self, line: &str, lines: &Lines<'_>) -> Result<(), Diagnostic> {
        let Some(symbol) = line.strip_prefix('@').and_then(|line| line.strip_suffix(':')) else {
            return Err(lines.error(&catalogue::DOC_SYMBOL, "line should end with ':'"));
        };
        if symbol.is_empty() {
            let message = if self.dialect.doc_name_required() { "name required after '@'" } else { "invalid name" };
            return Err(lines.error(&catalogue::DOC_SYMBOL, message));
        }
        self.doc.symbol = Some(symbol.to_owned());
        Ok(())
    }

    /// A line among the descriptions of arguments or features.
    fn described(&mut self, line: &str, lines: &Lines<'_>) -> Result<(), Diagnostic> {
        if let Some(head) = self.argument(line) {
            self.start_described(&head, lines)?;
            return self.append(&head.text, lines);
        }
        let plain = self.text().ends_with("\n\n") && !line.starts_with(is_blank);
        if self.tag(line).is_some() {
            self.part = Part::Various;
            return self.various(line, lines);
        }
        if plain && self.part == Part::Args && line == "Features:" {
            self.part = Part::Features;
            return Ok(());
        }
        if plain {
            self.start_section("", Some(0), lines)?;
            self.part = Part::Various;
            return self.various(line, lines);
        }
        self.append(line, lines)
    }

    fn various(&mut self, line: &str, lines: &Lines<'_>) -> Result<(), Diagnostic> {
        if let Some(Head { name, .. }) = self.argument(line) {
            let first = self.doc.sections.first().map_or("", |section| section.name.as_str());
            // QEMU names a plain section by its language's word for nothing.
            let first = if first.is_empty() { "None" } else { first };
            let message = match self.hanging {
                true => format!("description of '@{name}:' follows a section"),
                false => format!("'@{name}:' can't follow '{first}' section"),
            };
            return Err(lines.error(&catalogue::DOC_SECTION, message));
        }
        if let Some(head) = self.tag(line) {
            self.start_section(head.name, head.indent, lines)?;
            return self.append(&head.text, lines);
        }
        self.append(line, lines)
    }

    fn start_described(&mut self, head: &Head<'_>, lines: &Lines<'_>) -> Result<(), Diagnostic> {
        let name = head.name;
        if name.is_empty() {
            return Err(lines.error(&catalogue::DOC_SYMBOL, "invalid parameter name"));
        }
        let features = self.part == Part::Features;
        let list = if features { &self.doc.features } else { &self.doc.args };
        let duplicate = list.find(list.len(), name).is_some();
        if !duplicate {
            self.end_section(lines)?;
        }
        let list = if features { &mut self.doc.features } else { &mut self.doc.args };
        list.add(new_section(name, lines)).map_err(|section| {
            let message = format!("'{}' parameter name duplicated", section.name);
            lines.error(&catalogue::DOC_DUPLICATE, message)
        })?;
        self.target = if features { Target::Feature } else { Target::Arg };
        self.indent = head.indent;
        Ok(())
    }

    fn start_section(&mut self, tag: &str, indent: Option<usize>, lines: &Lines<'_>) -> Result<(), Diagnostic> {
        let once = matches!(tag, "Returns" | "Since");
        if once && self.doc.sections.iter().any(|section| section.name == tag) {
            let message = format!("duplicated '{tag}' section");
            return Err(lines.error(&catalogue::DOC_DUPLICATE, message));
        }
        self.end_section(lines)?;
        self.doc.sections.push(new_section(tag, lines));
        self.target = Target::Section;
        self.indent = indent;
        Ok(())
    }

    fn end_section(&mut self, lines: &Lines<'_>) -> Result<(), Diagnostic> {
        let hanging = self.hanging;
        if let Some(section) = self.section() {
            section.text = trimmed(&section.text, hanging);
            if section.text.is_empty() && !section.name.is_empty() {
                let message = format!("empty doc section '{}'", section.name);
                return Err(lines.error(&catalogue::DOC_EMPTY_SECTION, message));
            }
        }
        Ok(())
    }

    fn section(&mut self) -> Option<&mut Section> {
        match self.target {
            Target::Body => None,
            Target::Arg => self.doc.args.last_mut(),
            Target::Feature => self.doc.features.last_mut(),
            Target::Section => self.doc.sections.last_mut(),
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

    fn append(&mut self, line: &str, lines: &Lines<'_>) -> Result<(), Diagnostic> {
        let word = line.split(is_blank).next().unwrap_or("");
        if let Some(end) = word.rfind(':').filter(|end| *end > 1 && word.starts_with('@')) {
            let message = format!("'{}' not allowed in free-form documentation", &word[..=end]);
            return Err(lines.error(&catalogue::DOC_SECTION, message));
        }
        let mut line = line;
        if self.hanging {
            line = line.trim_end_matches(is_blank);
        }
        if !line.is_empty() {
            let found = indentation(line);
            let first = self.text().is_empty();
            match self.indent {
                Some(wanted) if found < wanted => {
                    return Err(lines.error(&catalogue::DOC_INDENT, de_indent(wanted)));
                }
                None if !first => self.indent = Some(found),
                _ => {}
            }
            line = without_indent(line, self.indent.unwrap_or(0));
        }
        let text = self.text();
        text.push_str(line.trim_end_matches(is_blank));
        text.push('\n');
        Ok(())
    }
}

fn new_section(name: &str, lines: &Lines<'_>) -> Section {
    Section { name: name.to_owned(), text: String::new(), span: lines.span() }
}

fn first_word(line: &str) -> &str {
    line.split(' ').next().unwrap_or(line)
}

/// The section that `word` at the start of `line` starts. The column of the text behind `word` is what all further
/// lines must reach; without such text nothing is asked of them.
fn hang<'l>(line: &'l str, word: &str, name: &'l str) -> Head<'l> {
    let rest = line.get(word.len()..).unwrap_or("");
    let text = rest.trim_start_matches(is_blank);
    if text.is_empty() {
        return Head { name, text: "".into(), indent: Some(0) };
    }
    let indent = line.chars().count() - text.chars().count();
    Head { name, text: format!("{:indent$}{text}", "").into(), indent: Some(indent) }
}

/// `text` without blank lines around it; without any blanks there if text does not hang.
fn trimmed(text: &str, hanging: bool) -> String {
    let around = |c: char| c == '\n' || (!hanging && is_blank(c));
    text.trim_matches(around).to_owned()
}
