//! Diagnostics as text: for people, in GNU style for tools, as JSON.

use super::{Diagnostic, Enclosing};
use crate::json::quote;
use crate::source::{SourceMap, Span};
use std::fmt::Write as _;

/// Bytes of a line that are shown on each side of a mistake.
const EXCERPT: usize = 200;

/// How diagnostics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// With an excerpt of the schema and help.
    Human,
    /// `FILE:LINE[:COL]: error: MESSAGE`; lines, columns and words are those of QEMU's front end.
    Gnu,
    /// One JSON object per line.
    Json,
}

/// Writes every diagnostic of `list`.
pub(super) fn all(sources: &SourceMap, list: &[Diagnostic], format: Format) -> String {
    let mut out = String::new();
    for diagnostic in list {
        match format {
            Format::Human => human(&mut out, sources, diagnostic),
            Format::Gnu => gnu(&mut out, sources, diagnostic),
            Format::Json => json(&mut out, sources, diagnostic),
        }
    }
    out
}

/// `text` with at most about `most` bytes, what is left out replaced by an ellipsis in the middle.
pub(super) fn shortened(text: String, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let head = boundary(&text, most / 4 * 3);
    let tail = boundary(&text, text.len() - most / 4);
    format!("{}…{}", text.get(..head).unwrap_or(""), text.get(tail..).unwrap_or(""))
}

/// The last place up to `at` where a character starts.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The part of `line` around byte `at` that is shown, and the column of `at` there, from 0.
fn window(line: &str, at: usize) -> (String, usize) {
    let (from, to) = match line.len() <= 2 * EXCERPT {
        true => (0, line.len()),
        false => (boundary(line, at.saturating_sub(EXCERPT)), boundary(line, at + EXCERPT)),
    };
    let expanded = |from: usize, to: usize| expand_tabs(line.get(from..to).unwrap_or(""));
    let mut column = expanded(from, at.max(from)).chars().count();
    let mut shown = expanded(from, to);
    if from > 0 {
        shown.insert(0, '…');
        column += 1;
    }
    if to < line.len() {
        shown.push('…');
    }
    (shown, column)
}

/// Appends formatted text; writing to a `String` cannot fail.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => {{ let _ = write!($out, $($arg)*); }};
}

fn human(out: &mut String, sources: &SourceMap, d: &Diagnostic) {
    let mut message = d.message.lines();
    put!(out, "error[{}]: {}\n", d.rule.id, message.next().unwrap_or(""));
    let mut width = 1;
    if let Some(span) = d.span {
        width = excerpt(out, sources, span, d.rule.label, true);
    }
    if let Some(Enclosing { meta, name }) = d.within.as_deref() {
        put!(out, "{:width$} = in {meta} '{name}'\n", "");
    }
    for line in message {
        put!(out, "{:width$} = note: {line}\n", "");
    }
    for note in &d.notes {
        put!(out, "{:width$} = note: {}\n", "", note.message);
        excerpt(out, sources, note.span, "", false);
    }
    if let Some(help) = d.help() {
        put!(out, "{:width$} = help: {help}\n", "");
    }
    out.push('\n');
}

/// Writes the line of `span` with a marker below; returns the width of the line number.
fn excerpt(out: &mut String, sources: &SourceMap, span: Span, label: &str, chain: bool) -> usize {
    let place = sources.locate(span);
    let width = place.line.to_string().len();
    put!(out, "{:width$}--> {}:{}:{}", "", place.path.display(), place.line, place.column);
    if chain {
        let includers = sources.include_chain(span.file);
        for (i, includer) in includers.iter().rev().enumerate() {
            let from = sources.locate(*includer);
            let lead = if i == 0 { "   (included from " } else { ", from " };
            put!(out, "{lead}{}:{}", from.path.display(), from.line);
        }
        if !includers.is_empty() {
            out.push(')');
        }
    }
    out.push('\n');
    let Some(file) = sources.file(span.file) else {
        return width;
    };
    let line = file.line_text(place.line);
    let (_, start) = file.line_at(span.start);
    let (shown, column) = window(line, span.start as usize - start);
    let marker = marker(&file.text, span, &shown, column);
    put!(out, "{:width$} |\n", "");
    put!(out, "{} | {shown}\n", place.line);
    put!(out, "{:width$} | {}", "", marker);
    if !label.is_empty() {
        put!(out, " {label}");
    }
    out.push('\n');
    width
}

/// Carets under the part of `shown` that `span` covers.
fn marker(text: &str, span: Span, shown: &str, column: usize) -> String {
    let covered = text.get(span.start as usize..span.end as usize).unwrap_or("");
    let first = covered.split(['\n', '\r']).next().unwrap_or("");
    let room = shown.chars().count().saturating_sub(column);
    let carets = first.chars().count().min(room).max(1);
    format!("{}{}", " ".repeat(column), "^".repeat(carets))
}

/// `line` with tabs as the columns count them, and without control characters.
fn expand_tabs(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut column = 0;
    for c in line.chars() {
        if c == '\t' {
            let next = column / 8 * 8 + 8;
            out.extend(std::iter::repeat_n(' ', next - column));
            column = next;
        } else {
            out.push(if c.is_control() { '\u{fffd}' } else { c });
            column += 1;
        }
    }
    out
}

fn gnu(out: &mut String, sources: &SourceMap, d: &Diagnostic) {
    let Some(span) = d.reported.or(d.span) else {
        put!(out, "error: {}\n", d.message);
        return;
    };
    let place = sources.locate(span);
    gnu_lead(out, sources, span, d.within.as_deref());
    put!(out, "{}:{}:", place.path.display(), place.line);
    if d.has_column {
        put!(out, "{}:", sources.reported_column(span));
    }
    put!(out, " error: {}\n", d.message);
    for note in &d.notes {
        let place = sources.locate(note.reported.unwrap_or(note.span));
        gnu_lead(out, sources, note.span, note.within.as_ref());
        put!(out, "{}:{}: note: {}\n", place.path.display(), place.line, note.message);
    }
}

/// The lines before a message: who included the file, and which definition it is about.
fn gnu_lead(out: &mut String, sources: &SourceMap, span: Span, within: Option<&Enclosing>) {
    for includer in sources.include_chain(span.file) {
        let from = sources.locate(includer);
        put!(out, "In file included from {}:{}:\n", from.path.display(), from.line);
    }
    if let Some(Enclosing { meta, name }) = within {
        put!(out, "{}: In {meta} '{name}':\n", sources.path(span.file).display());
    }
}

fn json(out: &mut String, sources: &SourceMap, d: &Diagnostic) {
    put!(out, "{{\"id\":{},\"message\":{}", quote(d.rule.id), quote(&d.message));
    if let Some(span) = d.span {
        let place = sources.locate(span);
        put!(
            out,
            ",\"file\":{},\"line\":{},\"column\":{},\"start\":{},\"end\":{}",
            quote(&place.path.to_string_lossy()),
            place.line,
            place.column,
            span.start,
            span.end
        );
        out.push_str(",\"included_from\":[");
        for (i, includer) in sources.include_chain(span.file).into_iter().enumerate() {
            let from = sources.locate(includer);
            let comma = if i == 0 { "" } else { "," };
            let file = quote(&from.path.to_string_lossy());
            put!(out, "{comma}{{\"file\":{file},\"line\":{}}}", from.line);
        }
        out.push(']');
    }
    if let Some(span) = d.reported.or(d.span) {
        put!(out, ",\"reported_line\":{}", sources.locate(span).line);
    }
    if let Some(Enclosing { meta, name }) = d.within.as_deref() {
        put!(out, ",\"definition\":{{\"meta\":{},\"name\":{}}}", quote(meta), quote(name));
    }
    if !d.rule.label.is_empty() {
        put!(out, ",\"label\":{}", quote(d.rule.label));
    }
    if let Some(help) = d.help() {
        put!(out, ",\"help\":{}", quote(help));
    }
    if !d.notes.is_empty() {
        out.push_str(",\"notes\":[");
        for (i, note) in d.notes.iter().enumerate() {
            let place = sources.locate(note.span);
            let comma = if i == 0 { "" } else { "," };
            put!(
                out,
                "{comma}{{\"message\":{},\"file\":{},\"line\":{}}}",
                quote(&note.message),
                quote(&place.path.to_string_lossy()),
                place.line
            );
        }
        out.push(']');
    }
    out.push_str("}\n");
}
