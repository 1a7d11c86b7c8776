//! Messages for whoever started the emulator.

use std::fmt::Display;
use std::io::{self, Write as _};

/// Writes a line to standard error. That nobody reads it there any more, which `eprintln!` would panic about, changes nothing.
pub(crate) fn line(text: impl Display) {
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Writes a line that says whose it is.
pub(crate) fn say(text: impl Display) {
    line(format_args!("qapi-emulator: {text}"));
}
