//! One expression: pest's pairs to a [`Value`], pest's failure to a diagnostic.

use super::grammar::{Grammar, Rule};
use super::lex;
use super::value::{Entry, Kind, Value};
use crate::diag::{Diagnostic, catalogue};
use crate::source::{FileId, Span};
use pest::Parser as _;
use pest::error::{ErrorVariant, InputLocation};
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
            let mut context = Context { file, base: start, duplicate: None };
            let Some(pair) = pairs.next() else {
                return failed(file, text, start, &extent, start, &[]);
            };
            let end = start + pair.as_span().end();
            let value = context.value(pair);
            Parsed { result: context.duplicate.map_or(Ok(value), Err), end }
        }
        Err(error) => {
            let at = match error.location {
                InputLocation::Pos(at) | InputLocation::Span((at, _)) => start + at,
            };
            let expected: &[Rule] = match &error.variant {
                ErrorVariant::ParsingError { positives, .. } => positives,
                ErrorVariant::CustomError { .. } => &[],
            };
            failed(file, text, start, &extent, at, expected)
        }
    }
}

/// The diagnostic for a mistake at `at`, where one of `expected` should stand.
fn failed(file: FileId, text: &str, start: usize, extent: &lex::Extent, at: usize, expected: &[Rule]) -> Parsed {
    let at = lex::skip_blank(text, at);
    let diagnostic = if at >= text.len() {
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
    duplicate: Option<Diagnostic>,
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
        if self.duplicate.is_none() {
            self.duplicate = duplicate_key(&entries);
        }
        entries
    }
}

/// The first key that occurs twice. QEMU reports it at the second value.
fn duplicate_key(entries: &[Entry]) -> Option<Diagnostic> {
    let report = |entry: &Entry| {
        let message = format!("duplicate key '{}'", entry.key);
        Diagnostic::syntax(&catalogue::DUPLICATE_KEY, message, entry.value.span)
    };
    if entries.len() > 16 {
        let mut seen = std::collections::HashSet::with_capacity(entries.len());
        return entries.iter().find(|entry| !seen.insert(&entry.key)).map(report);
    }
    let again = |(i, entry): &(usize, &Entry)| entries[..*i].iter().any(|e| e.key == entry.key);
    entries.iter().enumerate().find(again).map(|(_, entry)| report(entry))
}

/// The text of a quoted string.
fn unquote(quoted: &str) -> String {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or("");
    if inner.contains('\\') { inner.replace("\\\\", "\\") } else { inner.to_owned() }
}
