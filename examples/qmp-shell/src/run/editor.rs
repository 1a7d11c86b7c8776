//! What the line editor asks of the shell while somebody types.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Context, Helper, Result};

use crate::complete;
use crate::display::{Palette, Style, columns};
use crate::parse;
use crate::schema::Knowledge;

/// Columns that the prompt takes.
const PROMPT: usize = 5;

/// Knows what the server understands, as far as it was asked.
pub(super) struct Assistant {
    pub(super) knowledge: Arc<RwLock<Knowledge>>,
    pub(super) palette: Palette,
}

impl Assistant {
    fn with<T>(&self, look: impl FnOnce(&Knowledge) -> T) -> T {
        look(&self.knowledge.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Helper for Assistant {}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let found = self.with(|knowledge| complete::complete(line, pos, knowledge));
        let pairs = found.candidates.into_iter();
        Ok((found.start, pairs.map(|c| Pair { display: c.display, replacement: c.text }).collect()))
    }
}

/// A hint is for reading, not for taking over.
pub(super) struct Expected(String);

impl Hint for Expected {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Hinter for Assistant {
    type Hint = Expected;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Expected> {
        if line.is_empty() || line.contains('\n') {
            return None;
        }
        let room = columns()?.checked_sub(PROMPT + line.chars().count() + 1)?;
        self.with(|knowledge| complete::hint(line, pos, knowledge, room)).map(Expected)
    }
}

impl Validator for Assistant {
    fn validate(&self, ctx: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        Ok(if parse::is_unfinished(ctx.input()) { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        let start = line.len() - line.trim_start().len();
        let name = line[start..].split_whitespace().next().unwrap_or_default();
        if !self.palette.colours || !self.with(|knowledge| knowledge.has_command(name)) {
            return Cow::Borrowed(line);
        }
        let mut painted = line[..start].to_owned();
        painted.push_str(&self.palette.paint(Style::Command, name));
        let mut at = start + name.len();
        for word in parse::words(line).into_iter().skip(1) {
            if let Some(equals) = word.equals {
                painted.push_str(&line[at..word.place.start]);
                painted.push_str(&self.palette.paint(Style::Name, &line[word.place.start..equals]));
                at = equals;
            }
        }
        painted.push_str(&line[at..]);
        Cow::Owned(painted)
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Owned(self.palette.paint(Style::Heading, prompt))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(self.palette.paint(Style::Faint, hint))
    }

    fn highlight_candidate<'c>(&self, candidate: &'c str, _: CompletionType) -> Cow<'c, str> {
        // The name stands out from its type.
        match candidate.split_once('=') {
            Some((name, ty)) => Cow::Owned(format!("{name}{}", self.palette.paint(Style::Faint, &format!("={ty}")))),
            None => Cow::Borrowed(candidate),
        }
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        true
    }
}
