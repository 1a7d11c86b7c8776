//! The grammar of documentation text up to QEMU 8.0: line by line, section tags anywhere.

use super::{Doc, Lines, Section, de_indent, indentation};
use crate::diag::{Diagnostic, catalogue};
use crate::source::Span;

const TAGS: [&str; 7] = ["Returns:", "Since:", "Note:", "Notes:", "Example:", "Examples:", "TODO:"];

/// Parses the lines of a comment.
pub(super) fn parse(mut lines: Lines<'_>, span: Span) -> Result<Vec<Doc>, Diagnostic> {
    let mut docs = Vec::new();
    let mut state = State::new(span);
    while let Some(line) = lines.next()? {
        if line.starts_with('=') {
            if state.doc.symbol.is_some() {
                let message = "unexpected '=' markup in definition documentation";
                return Err(lines.error(&catalogue::DOC_SECTION, message));
            }
            if !state.doc.body.is_empty() {
                docs.push(std::mem::replace(&mut state, State::new(span)).finish(&lines)?);
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
    indent: usize,
}

impl State {
    fn new(span: Span) -> Self {
        Self { doc: Doc { span, ..Doc::default() }, part: Part::Body, target: Target::Body, indent: 0 }
    }

    fn finish(mut self, lines: &Lines<'_>) -> Result<Doc, Diagnostic> {
        self.end_section(lines)?;
        self.doc.body = trimmed(&self.doc.body);
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
        let word = first_word(line);
        if is_argument(word) {
            self.part = Part::Args;
            self.described(line, lines)
        } else if line == "Features:" {
            self.part = Part::Features;
            Ok(())
        } else if TAGS.contains(&word) {
            self.part = Part::Various;
            self.various(line, lines)
        } else {
            self.append(line, lines)
        }
    }

    fn symbol(&mut self, line: &str, lines: &Lines<'_>) -> Result<(), Diagnostic> {
        let Some(symbol) = line.strip_prefix('@').and_then(|line| line.strip_suffix(':')) else {
            return Err(lines.error(&catalogue::DOC_SYMBOL, "line should end with ':'"));
        };
        if symbol.is_empty() {
            return Err(lines.error(&catalogue::DOC_SYMBOL, "name required after '@'"));
        }
        self.doc.symbol = Some(symbol.to_owned());
        Ok(())
    }

    /// A line among the descriptions of arguments or features.
    fn described(&mut self, line: &str, lines: &Lines<'_>) -> Result<(), Diagnostic> {
        let word = first_word(line);
        if is_argument(word) {
            let name = &word[1..word.len() - 1];
            let (indent, padded) = hang(line, word);
            self.start_described(name, indent, lines)?;
            return self.append(&padded, lines);
        }
        let plain = self.text().ends_with("\n\n") && !line.starts_with(char::is_whitespace);
        if TAGS.contains(&word) {
            self.part = Part::Various;
            return self.various(line, lines);
        }
        if plain && self.part == Part::Args && line == "Features:" {
            self.part = Part::Features;
            return Ok(());
        }
        if plain {
            self.start_section("", 0, lines)?;
            self.part = Part::Various;
            return self.various(line, lines);
        }
        self.append(line, lines)
    }

    fn various(&mut self, line: &str, lines: &Lines<'_>) -> Result<(), Diagnostic> {
        let word = first_word(line);
        if is_argument(word) {
            let first = self.doc.sections.first().map_or("", |section| section.name.as_str());
            // QEMU names a plain section by its language's word for nothing.
            let first = if first.is_empty() { "None" } else { first };
            let message = format!("'{word}' can't follow '{first}' section");
            return Err(lines.error(&catalogue::DOC_SECTION, message));
        }
        if TAGS.contains(&word) {
            let (indent, padded) = hang(line, word);
            self.start_section(word.trim_end_matches(':'), indent, lines)?;
            return self.append(&padded, lines);
        }
        self.append(line, lines)
    }

    fn start_described(&mut self, name: &str, indent: usize, lines: &Lines<'_>) -> Result<(), Diagnostic> {
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
        self.indent = indent;
        Ok(())
    }

    fn start_section(&mut self, tag: &str, indent: usize, lines: &Lines<'_>) -> Result<(), Diagnostic> {
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
        if let Some(section) = self.section() {
            section.text = trimmed(&section.text);
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
        let word = line.split(char::is_whitespace).next().unwrap_or("");
        if let Some(end) = word.rfind(':').filter(|end| *end > 1 && word.starts_with('@')) {
            let message = format!("'{}' not allowed in free-form documentation", &word[..=end]);
            return Err(lines.error(&catalogue::DOC_SECTION, message));
        }
        let indent = self.indent;
        let mut line = line;
        if !line.is_empty() {
            if indentation(line) < indent {
                return Err(lines.error(&catalogue::DOC_INDENT, de_indent(indent)));
            }
            line = line.get(indent..).unwrap_or(line);
        }
        let text = self.text();
        text.push_str(line.trim_end());
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

fn is_argument(word: &str) -> bool {
    word.len() > 1 && word.starts_with('@') && word.ends_with(':')
}

/// The column of the text behind `word`, which all further lines must reach, and `line` with
/// `word` blanked out. Without such text nothing is asked of further lines.
fn hang(line: &str, word: &str) -> (usize, String) {
    let rest = line.get(word.len()..).unwrap_or("");
    let text = rest.trim_start();
    if text.is_empty() {
        return (0, String::new());
    }
    let indent = line.len() - text.len();
    (indent, format!("{:indent$}{text}", ""))
}

/// `text` without blank lines and blanks around it.
fn trimmed(text: &str) -> String {
    text.trim().to_owned()
}
