//! Mistakes in syntax as older releases put them. The parser does not ask for a dialect: its findings are the newest.

use crate::diag::{Diagnostic, catalogue};
use crate::dialect::Dialect;
use crate::source::Span;

/// `diagnostic` in the words of `dialect`. `other` is where the expression starts if it is no object.
pub(super) fn of(diagnostic: &Diagnostic, other: &Option<Span>, dialect: Dialect) -> Diagnostic {
    let mut worded = diagnostic.clone();
    let rule = diagnostic.rule.id;
    if let Some(start) = other.filter(|_| dialect.objects_only()) {
        return Diagnostic::syntax(&catalogue::UNEXPECTED_TOKEN, "expected '{'", start);
    }
    if rule == catalogue::UNEXPECTED_TOKEN.id && dialect.null_expected() {
        worded.message = diagnostic.message.replace("string, or boolean", "string, boolean or 'null'");
    }
    if rule == catalogue::STRAY_TEXT.id && dialect.quote_ends_stray_text() {
        let mut quoted = diagnostic.message.match_indices('"').skip_while(|(at, _)| *at <= "stray '".len());
        if let Some((at, _)) = quoted.next() {
            worded.message = format!("{}'", diagnostic.message.get(..at).unwrap_or_default());
        }
    }
    worded
}
