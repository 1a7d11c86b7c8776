//! Diagnostics: what is wrong with a schema, where, and what to do about it.
//!
//! Compilation gathers them and goes on, so that one run shows every mistake.

pub mod catalogue;
#[cfg(feature = "cli")]
pub mod explain;
mod findings;
mod render;
mod similar;
#[cfg(test)]
mod tests;

pub use catalogue::Rule;
#[cfg(feature = "cli")]
pub use explain::{Explanation, explain};
pub(crate) use findings::Findings;
pub use render::Format;
pub(crate) use similar::similar;

use crate::source::{SourceMap, Span};
use std::fmt;
use std::sync::Arc;

/// Characters of a message that are kept: it may cite what stands in the schema, and that may be long.
const MAX_MESSAGE: usize = 2000;
/// The same of a definition's name.
const MAX_NAME: usize = 1000;

/// The definition in which something is wrong, such as `struct 'X'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosing {
    /// `struct`, `union`, `enum`, `alternate`, `command` or `event`.
    pub meta: &'static str,
    /// Its name.
    pub name: String,
}

impl Enclosing {
    /// The definition of kind `meta` called `name`; a very long name is shortened.
    pub(crate) fn new(meta: &'static str, name: &str) -> Self {
        Self { meta, name: render::shortened(name.to_owned(), MAX_NAME) }
    }
}

/// A second place that belongs to a diagnostic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What is there.
    pub message: String,
    /// Where.
    pub span: Span,
    /// The place that QEMU reports, where it differs.
    pub reported: Option<Span>,
    /// The definition it is in.
    pub within: Option<Enclosing>,
}

/// One mistake.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Which rule was broken: stable id, label, help.
    pub rule: &'static Rule,
    /// What is wrong, in QEMU's words where QEMU has some.
    pub message: String,
    /// The exact place; `None` only when the root file cannot be read.
    pub span: Option<Span>,
    /// The place that QEMU's front end reports, where it differs from `span`:
    /// for most mistakes in a definition, its first line.
    pub reported: Option<Span>,
    /// True for errors that QEMU reports with a column.
    pub has_column: bool,
    /// The definition it is in.
    pub within: Option<Box<Enclosing>>,
    /// Related places.
    pub notes: Vec<Note>,
    /// Advice for this very case; the rule's own help is general.
    pub hint: Option<Box<str>>,
}

impl Diagnostic {
    /// A mistake at `span`.
    #[must_use]
    pub fn new(rule: &'static Rule, message: impl Into<String>, span: Span) -> Self {
        Self {
            rule,
            message: render::shortened(message.into(), MAX_MESSAGE),
            span: Some(span),
            reported: None,
            has_column: false,
            within: None,
            notes: Vec::new(),
            hint: None,
        }
    }

    /// A mistake at `span` that QEMU reports with line and column.
    #[must_use]
    pub fn syntax(rule: &'static Rule, message: impl Into<String>, span: Span) -> Self {
        Self { has_column: true, ..Self::new(rule, message, span) }
    }

    /// The same mistake, told to be inside a definition that starts at `start`.
    #[must_use]
    pub fn inside(mut self, meta: &'static str, name: &str, start: Span) -> Self {
        self.within = Some(Box::new(Enclosing::new(meta, name)));
        self.reported = Some(start);
        self
    }

    /// Adds the advice to use `name` instead, if there is one.
    #[must_use]
    pub fn suggest(mut self, name: Option<&str>) -> Self {
        self.hint = name.map(|name| format!("did you mean '{name}'?").into());
        self
    }

    /// What to do about it: the special advice, else the rule's.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        let general = Some(self.rule.help).filter(|help| !help.is_empty());
        self.hint.as_deref().or(general)
    }

    /// Adds a related place.
    #[must_use]
    pub fn note(mut self, note: Note) -> Self {
        self.notes.push(note);
        self
    }

    /// The stable identifier of the broken rule.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.rule.id
    }
}

/// All mistakes of a schema, together with the text they are in. Never empty when it stands for a failure.
#[derive(Debug, Clone)]
pub struct Diagnostics {
    sources: Arc<SourceMap>,
    list: Vec<Diagnostic>,
    omitted: usize,
}

impl Diagnostics {
    /// Joins mistakes with the files they refer to.
    #[must_use]
    pub fn new(sources: Arc<SourceMap>, list: Vec<Diagnostic>) -> Self {
        Self { sources, list, omitted: 0 }
    }

    /// Joins what was found with the files it refers to.
    pub(crate) fn of(sources: Arc<SourceMap>, found: Findings) -> Self {
        let (list, omitted) = found.into_parts();
        Self { sources, list, omitted }
    }

    /// How many further mistakes there are, which are not told because there are so many.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// The mistakes. The first one is the one that QEMU's front end would report.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The files that the spans refer to.
    #[must_use]
    pub fn sources(&self) -> &Arc<SourceMap> {
        &self.sources
    }

    /// All mistakes as text in `format`, each ended by a newline. The form for people says how many more there are.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        let mut text = render::all(&self.sources, &self.list, format);
        if self.omitted > 0 && format == Format::Human {
            text.push_str(&format!("{} more mistakes are not shown\n", self.omitted));
        }
        text
    }
}

impl fmt::Display for Diagnostics {
    /// Writes the form for people, without colours.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Format::Human))
    }
}

impl std::error::Error for Diagnostics {}
