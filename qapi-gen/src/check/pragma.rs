//! Pragma directives: one state for the whole schema, read after all of it was parsed.

use crate::diag::{Diagnostic, Findings, catalogue};
use crate::dialect::Dialect;
use crate::source::Span;
use crate::syntax::{Kind, Value};
use std::collections::HashSet;

/// What the directives ask for; each list replaces an earlier one.
#[derive(Debug, Default)]
pub(crate) struct Pragma {
    /// Every definition needs a documentation comment.
    pub(crate) doc_required: bool,
    /// Commands whose name may have `_`.
    pub(crate) command_names: HashSet<String>,
    /// Commands that may return any type.
    pub(crate) command_returns: HashSet<String>,
    /// Types whose members' names may have upper case and `_`.
    pub(crate) member_names: HashSet<String>,
    /// Definitions whose members need no documentation.
    pub(crate) documentation: HashSet<String>,
}

impl Pragma {
    /// Takes the directive `directive` into account.
    pub(super) fn apply(&mut self, directive: &Value, dialect: Dialect, out: &mut Findings) {
        let span = directive.span;
        let invalid = |message: &str| Diagnostic::new(&catalogue::PRAGMA_INVALID, message, span);
        if directive.as_dict().map_or(0, <[_]>::len) != 1 {
            return out.push(invalid("invalid 'pragma' directive"));
        }
        let Some(entries) = directive.get("pragma").and_then(Value::as_dict) else {
            return out.push(invalid("value of 'pragma' must be an object"));
        };
        for entry in entries {
            if let Err(mut diagnostic) = self.set(&entry.key, &entry.value, dialect, span) {
                diagnostic.reported = Some(span);
                diagnostic.span = Some(entry.key_span);
                out.push(diagnostic);
            }
        }
    }

    fn set(&mut self, name: &str, value: &Value, dialect: Dialect, span: Span) -> Result<(), Diagnostic> {
        let list = match name {
            "doc-required" => {
                let Kind::Bool(on) = value.kind else {
                    let message = "pragma 'doc-required' must be boolean";
                    return Err(Diagnostic::new(&catalogue::PRAGMA_VALUE, message, span));
                };
                self.doc_required = on;
                return Ok(());
            }
            "command-name-exceptions" if dialect.exception_pragmas() => &mut self.command_names,
            "command-returns-exceptions" if dialect.exception_pragmas() => &mut self.command_returns,
            "member-name-exceptions" if dialect.exception_pragmas() => &mut self.member_names,
            "returns-whitelist" if !dialect.exception_pragmas() => &mut self.command_returns,
            "name-case-whitelist" if !dialect.exception_pragmas() => &mut self.member_names,
            "documentation-exceptions" if dialect.members_documented() => &mut self.documentation,
            _ => {
                let message = format!("unknown pragma '{name}'");
                return Err(Diagnostic::new(&catalogue::PRAGMA_UNKNOWN, message, span));
            }
        };
        let strings = value.as_list().and_then(|items| {
            let strings = items.iter().map(|item| item.as_str().map(str::to_owned));
            strings.collect::<Option<HashSet<_>>>()
        });
        let Some(strings) = strings else {
            let message = format!("pragma {name} must be a list of strings");
            return Err(Diagnostic::new(&catalogue::PRAGMA_VALUE, message, span));
        };
        *list = strings;
        Ok(())
    }
}
