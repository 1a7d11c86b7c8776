//! Conditions: both spellings of `if`.

use super::expr::{Context, What, check_keys};
use crate::diag::catalogue;
use crate::ir::Cond;
use crate::syntax::{Kind, Value};

/// The condition in the `if` of `owner`, if it has one. Mistakes are reported and count as none.
pub(super) fn condition(cx: &mut Context<'_>, owner: &Value, what: What<'_>) -> Cond {
    let Some(value) = owner.get("if") else {
        return Cond::True;
    };
    if cx.dialect.c_conditions() { c_conditions(cx, value, what) } else { tree(cx, value, what) }.unwrap_or_default()
}

/// `IDENT`, or an object with one of `all`, `any`, `not` (from 6.2).
fn tree(cx: &mut Context<'_>, value: &Value, what: What<'_>) -> Option<Cond> {
    let rule = &catalogue::CONDITION_INVALID;
    let entries = match &value.kind {
        Kind::Str(name) if is_symbol(name) => return Some(Cond::Symbol(name.clone())),
        Kind::Str(name) => {
            cx.error(rule, value.span, format!("'if' condition '{name}' of {what} is not a valid identifier"));
            return None;
        }
        Kind::Dict(entries) => entries,
        _ => {
            cx.error(rule, value.span, format!("'if' condition of {what} must be a string or an object"));
            return None;
        }
    };
    check_keys(cx, value, What::Condition(&what), &[], &["all", "any", "not"])?;
    let [entry] = entries.as_slice() else {
        cx.error(rule, value.span, format!("'if' condition of {what} has conflicting keys"));
        return None;
    };
    let operand = &entry.value;
    if entry.key == "not" {
        return Some(Cond::Not(Box::new(tree(cx, operand, what)?)));
    }
    let Some(operands) = operand.as_list() else {
        let message = format!("'{}' condition of {what} must be an array", entry.key);
        cx.error(rule, operand.span, message);
        return None;
    };
    if operands.is_empty() {
        cx.error(rule, operand.span, format!("'if' condition [] of {what} is useless"));
        return None;
    }
    let operands: Option<Vec<Cond>> = operands.iter().map(|operand| tree(cx, operand, what)).collect();
    match entry.key.as_str() {
        "all" => Some(Cond::All(operands?)),
        "any" => Some(Cond::Any(operands?)),
        _ => None,
    }
}

fn is_symbol(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// A C expression, or an array of such that must all hold (up to 6.1).
fn c_conditions(cx: &mut Context<'_>, value: &Value, what: What<'_>) -> Option<Cond> {
    let rule = &catalogue::CONDITION_INVALID;
    let Some(items) = value.as_list() else {
        return c_condition(cx, value, what);
    };
    if items.is_empty() {
        cx.error(rule, value.span, format!("'if' condition [] of {what} is useless"));
        return None;
    }
    let mut conds: Vec<Cond> = items.iter().map(|item| c_condition(cx, item, what)).collect::<Option<_>>()?;
    Some(if conds.len() == 1 { conds.remove(0) } else { Cond::All(conds) })
}

fn c_condition(cx: &mut Context<'_>, value: &Value, what: What<'_>) -> Option<Cond> {
    let rule = &catalogue::CONDITION_INVALID;
    let Some(text) = value.as_str() else {
        let message = format!("'if' condition of {what} must be a string or a list of strings");
        cx.error(rule, value.span, message);
        return None;
    };
    if text.trim().is_empty() {
        cx.error(rule, value.span, format!("'if' condition '{text}' of {what} makes no sense"));
        return None;
    }
    Some(parse_c(text))
}

/// Reads `defined(X)`, words, `!`, `&&`, `||` and parentheses.
///
/// QEMU hands the text to the C compiler unread, so anything is allowed; what is not understood
/// becomes one symbol of that text.
pub(super) fn parse_c(text: &str) -> Cond {
    let mut parser = CParser { rest: text, depth: 0 };
    match parser.alternatives() {
        Some(cond) if parser.rest.trim().is_empty() => cond,
        _ => Cond::Symbol(text.trim().to_owned()),
    }
}

struct CParser<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> CParser<'t> {
    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let taken = rest.strip_prefix(token);
        self.rest = taken.unwrap_or(rest);
        taken.is_some()
    }

    fn word(&mut self) -> Option<&'t str> {
        let rest = self.rest.trim_start();
        let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (word, rest) = rest.split_at(len);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn alternatives(&mut self) -> Option<Cond> {
        let mut parts = vec![self.conjunction()?];
        while self.take("||") {
            parts.push(self.conjunction()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Cond::Any(parts) })
    }

    fn conjunction(&mut self) -> Option<Cond> {
        let mut parts = vec![self.unary()?];
        while self.take("&&") {
            parts.push(self.unary()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Cond::All(parts) })
    }

    fn unary(&mut self) -> Option<Cond> {
        self.depth += 1;
        if self.depth > 200 {
            return None;
        }
        let cond = if self.take("!") {
            Cond::Not(Box::new(self.unary()?))
        } else if self.take("(") {
            let cond = self.alternatives()?;
            self.take(")").then_some(cond)?
        } else {
            let word = self.word()?;
            if word == "defined" {
                let open = self.take("(");
                let symbol = self.word()?.to_owned();
                (!open || self.take(")")).then_some(Cond::Symbol(symbol))?
            } else {
                Cond::Symbol(word.to_owned())
            }
        };
        self.depth -= 1;
        Some(cond)
    }
}
