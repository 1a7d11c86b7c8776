//! One expression: pest's pairs to a [`Value`], pest's failure to a diagnostic.

use super::grammar::{Grammar, Rule};
use super::value::{Entry, Kind, Value};
use super::{duplicates, lex};
use crate::diag::{Diagnostic, catalogue};
use crate::source::{FileId, Span};
use pest::Parser as _;
use pest::error::{Error, ErrorVariant, InputLocation};
use pest::iterators::Pair;

/// An expression, or what is wrong with it, and where to go on.
pub(super) struct Parsed {
    pub(super) result: Result<Value, Diagnostic>,
    pub(super) end: usize,
}

/// Parses the expression of `file` that starts at `start`.
pub(super) fn expression(file: FileId, text: &str, start: usize) -> Parsed {
    let extent = lex::extent(text, start);
    if let Some(at) = extent.too_deep {
        // Mistakes before that place come first, and the text up to there is not too deep.
        if let Some(slice) = text.get(start..at)
            && let Err(error) = Grammar::parse(Rule::expression, slice)
            && let (found, expected) = place(&error)
            && lex::skip_blank(text, start + found) < at
        {
            return failed(file, text, start, &extent, start + found, expected);
        }
        let message = format!("brackets are nested more than {} deep", lex::MAX_DEPTH);
        let span = Span::new(file, at, at + 1);
        return Parsed {
            result: Err(Diagnostic::syntax(&catalogue::NESTING_TOO_DEEP, message, span)),
            end: if extent.complete { extent.end } else { lex::next_top_level(text, start) },
        };
    }
    let slice = text.get(start..extent.end).unwrap_or("");
    match Grammar::parse(Rule::expression, slice) {
        Ok(mut pairs) => {
            let mut context = Context { file, base: start, duplicate: false };
            let Some(pair) = pairs.next() else {
                return failed(file, text, start, &extent, start, &[]);
            };
            let end = start + pair.as_span().end();
            let value = context.value(pair);
            let duplicate = if context.duplicate { duplicates::first(file, text, start, end) } else { None };
            Parsed { result: duplicate.map_or(Ok(value), Err), end }
        }
        Err(error) => {
            let (at, expected) = place(&error);
            failed(file, text, start, &extent, start + at, expected)
        }
    }
}

/// Where parsing failed, and what could have stood there.
fn place(error: &Error<Rule>) -> (usize, &[Rule]) {
    let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
    match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => (at, positives),
        ErrorVariant::CustomError { .. } => (at, &[]),
    }
}

/// The diagnostic for a mistake at `at`, where one of `expected` should stand.
fn failed(file: FileId, text: &str, start: usize, extent: &lex::Extent, at: usize, expected: &[Rule]) -> Parsed {
    let at = lex::skip_blank(text, at);
    let diagnostic = if let Some(duplicate) = duplicates::first(file, text, start, at) {
        duplicate
    } else if at >= text.len() {
        let at = lex::end_of_file(text);
        Diagnostic::syntax(&catalogue::UNEXPECTED_TOKEN, wanted(expected), Span::new(file, at, at))
    } else if let Some((rule, message, len)) = lex::not_a_token(text, at) {
        Diagnostic::syntax(rule, message, Span::new(file, at, at + len))
    } else {
        let span = Span::new(file, at, at + 1);
        Diagnostic::syntax(&catalogue::UNEXPECTED_TOKEN, wanted(expected), span)
    };
    let next = lex::next_top_level(text, at);
    let end = if extent.complete && extent.end > start { next.min(extent.end.max(at)) } else { next };
    Parsed {
        result: Err(diagnostic),
        // Go on behind something, whatever it was.
        end: end.max(start + 1),
    }
}

/// QEMU's words for what may stand at a place.
fn wanted(expected: &[Rule]) -> &'static str {
    let has = |rule| expected.contains(&rule);
    match () {
        () if has(Rule::key) && has(Rule::object_end) => "expected string or '}'",
        () if has(Rule::key) => "expected string",
        () if has(Rule::colon) => "expected ':'",
        () if has(Rule::comma) && has(Rule::object_end) => "expected ',' or '}'",
        () if has(Rule::comma) => "expected ',' or ']'",
        () if has(Rule::array_end) => "expected '{', '[', ']', string, or boolean",
        () => "expected '{', '[', string, or boolean",
    }
}

struct Context {
    file: FileId,
    base: usize,
    /// True if some object has a key twice.
    duplicate: bool,
}

impl Context {
    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        Span::new(self.file, self.base + span.start(), self.base + span.end())
    }

    /// The tree of `pair`. Recursion is bounded by [`lex::MAX_DEPTH`].
    fn value(&mut self, pair: Pair<'_, Rule>) -> Value {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::object => Kind::Dict(self.members(pair)),
            Rule::array => {
                let values = pair.into_inner();
                let values = values.filter(|pair| !matches!(pair.as_rule(), Rule::comma | Rule::array_end));
                Kind::List(values.map(|pair| self.value(pair)).collect())
            }
            Rule::boolean => Kind::Bool(pair.as_str() == "true"),
            _ => Kind::Str(unquote(pair.as_str())),
        };
        Value { kind, span }
    }

    fn members(&mut self, pair: Pair<'_, Rule>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut key: Option<(String, Span)> = None;
        for pair in pair.into_inner() {
            match pair.as_rule() {
                Rule::key => key = Some((unquote(pair.as_str()), self.span(&pair))),
                Rule::comma | Rule::colon | Rule::object_end => {}
                _ => {
                    let value = self.value(pair);
                    if let Some((key, key_span)) = key.take() {
                        entries.push(Entry { key, key_span, value });
                    }
                }
            }
        }
        self.duplicate = self.duplicate || has_duplicate(&entries);
        entries
    }
}

/// True if a key occurs twice.
fn has_duplicate(entries: &[Entry]) -> bool {
    if entries.len() > 16 {
        let mut seen = std::collections::HashSet::with_capacity(entries.len());
        return !entries.iter().all(|entry| seen.insert(&entry.key));
    }
    entries.iter().enumerate().any(|(i, entry)| entries[..i].iter().any(|earlier| earlier.key == entry.key))
}

/// The text of a quoted string.
pub(super) fn unquote(quoted: &str) -> String {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or("");
    if inner.contains('\\') { inner.replace("\\\\", "\\") } else { inner.to_owned() }
}
