//! JSON for people: what fits on a line stays on it.

use qapi_runtime::{Dict, Value};

use super::colour::{Palette, Style};

/// Columns by which each level moves in.
const INDENT: usize = 2;

/// The value on as many lines as it needs.
pub(super) fn pretty(value: &Value, width: usize, palette: Palette) -> String {
    let mut printer = Printer { out: String::new(), width, palette };
    printer.value(value, 0, 0);
    printer.out
}

/// Members on one line as `name=value`, as a command would take them.
pub(super) fn members(members: &Dict, palette: Palette) -> String {
    let mut printer = Printer { out: String::new(), width: usize::MAX, palette };
    for (i, (name, value)) in members.iter().enumerate() {
        printer.out.push_str(if i == 0 { "" } else { " " });
        printer.out.push_str(&palette.paint(Style::Name, &super::harmless(name)));
        printer.out.push('=');
        match value {
            Value::String(text) if is_word(text) => printer.out.push_str(&palette.paint(Style::Text, text)),
            value => printer.flat(value),
        }
    }
    printer.out
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_/.:#@+,".contains(c))
}

struct Printer {
    out: String,
    width: usize,
    palette: Palette,
}

impl Printer {
    /// Prints a value that begins at column `column`, inside brackets that are moved in to `indent`.
    fn value(&mut self, value: &Value, indent: usize, column: usize) {
        // A comma may follow.
        if flat_len(value, self.width.saturating_sub(column + 1)).is_some() {
            return self.flat(value);
        }
        let inner = indent + INDENT;
        match value {
            Value::Dict(members) => {
                self.out.push('{');
                for (i, (name, value)) in members.iter().enumerate() {
                    self.line(i, inner);
                    let quoted = quote(name);
                    self.out.push_str(&self.palette.paint(Style::Name, &quoted));
                    self.out.push_str(": ");
                    self.value(value, inner, inner + quoted.chars().count() + 2);
                }
                self.close('}', indent);
            }
            Value::List(list) => {
                self.out.push('[');
                for (i, value) in list.iter().enumerate() {
                    self.line(i, inner);
                    self.value(value, inner, inner);
                }
                self.close(']', indent);
            }
            scalar => self.flat(scalar),
        }
    }

    fn line(&mut self, i: usize, indent: usize) {
        self.out.push_str(if i == 0 { "\n" } else { ",\n" });
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn close(&mut self, bracket: char, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push(bracket);
    }

    /// Prints a value on one line.
    fn flat(&mut self, value: &Value) {
        let (style, text) = match value {
            Value::Dict(members) => {
                self.out.push('{');
                for (i, (name, value)) in members.iter().enumerate() {
                    self.out.push_str(if i == 0 { "" } else { ", " });
                    self.out.push_str(&self.palette.paint(Style::Name, &quote(name)));
                    self.out.push_str(": ");
                    self.flat(value);
                }
                return self.out.push('}');
            }
            Value::List(list) => {
                self.out.push('[');
                for (i, value) in list.iter().enumerate() {
                    self.out.push_str(if i == 0 { "" } else { ", " });
                    self.flat(value);
                }
                return self.out.push(']');
            }
            Value::String(text) => (Style::Text, quote(text)),
            Value::Number(_) => (Style::Number, value.to_string()),
            Value::Bool(_) | Value::Null => (Style::Word, value.to_string()),
        };
        self.out.push_str(&self.palette.paint(style, &text));
    }
}

/// How many columns a value takes on one line; `None` if more than `room`.
fn flat_len(value: &Value, room: usize) -> Option<usize> {
    let text = |len: usize| (len <= room).then_some(len);
    match value {
        Value::Dict(members) => {
            let mut len = 2;
            for (name, value) in members.iter() {
                len += name.chars().count() + 6;
                len += flat_len(value, room.checked_sub(len)?)?;
            }
            text(len)
        }
        Value::List(list) => {
            let mut len = 2;
            for value in list {
                len += 2;
                len += flat_len(value, room.checked_sub(len)?)?;
            }
            text(len)
        }
        Value::String(string) => text(string.chars().count() + 2),
        scalar => text(scalar.to_string().len()),
    }
}

/// Text in double quotes. Other scripts are left readable; whatever could steer a terminal is escaped.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
