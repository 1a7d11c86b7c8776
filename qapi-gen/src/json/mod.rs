//! JSON text: a small reader and writer, so that build scripts need no JSON crate.

#[cfg(feature = "cli")]
mod read;
#[cfg(all(test, feature = "cli"))]
mod tests;
#[cfg(feature = "cli")]
mod value;

#[cfg(feature = "cli")]
pub(crate) use read::{SyntaxError, parse};
#[cfg(feature = "cli")]
pub(crate) use value::{Object, Value};

use std::fmt::Write as _;

/// `text` as a JSON string.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_quoted(&mut out, text);
    out
}

fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                // Control characters are in the first plane; writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
