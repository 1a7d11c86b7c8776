//! The terminal, shared by replies, events, the prompt and progress bars.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustyline::ExternalPrinter;

/// What a program ends with when nobody reads what it prints, as shells report it.
const NOBODY_READS: i32 = 141;

/// Where everything is printed.
pub(crate) struct Screen {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Prints above the prompt.
    printer: Option<Box<dyn FnMut(String) -> bool + Send>>,
    at_prompt: bool,
    /// Bars on the screen's last lines.
    bars: Vec<String>,
}

impl Screen {
    /// Prints to standard output.
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default() }
    }

    /// While somebody is at the prompt, everything goes through the editor, which draws the prompt anew below.
    pub(crate) fn attach(&self, mut printer: impl ExternalPrinter + Send + 'static) {
        self.lock().printer = Some(Box::new(move |text| printer.print(text).is_ok()));
    }

    /// Says whether the editor is at work.
    pub(crate) fn set_at_prompt(&self, at_prompt: bool) {
        self.lock().at_prompt = at_prompt;
    }

    /// Prints a text and ends its line.
    pub(crate) fn line(&self, text: &str) {
        let mut state = self.lock();
        if state.at_prompt
            && let Some(printer) = &mut state.printer
            && printer(format!("{text}\n"))
        {
            return;
        }
        let bars = std::mem::take(&mut state.bars);
        write(&format!("{}{text}\n{}", erase(bars.len()), draw(&bars)));
        state.bars = bars;
    }

    /// Prints to standard error.
    pub(crate) fn complain(&self, text: &str) {
        if io::stdout().is_terminal() {
            self.line(text);
        } else {
            // When that is gone too there is nobody to tell.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Shows bars on the last lines, in place of those that were there.
    pub(crate) fn set_bars(&self, bars: Vec<String>) {
        let mut state = self.lock();
        write(&format!("{}{}", erase(state.bars.len()), draw(&bars)));
        state.bars = bars;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Changed in single steps, so whole even if a holder panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What removes so many lines, the cursor being at the end of the last.
fn erase(lines: usize) -> String {
    match lines {
        0 => String::new(),
        1 => "\r\x1b[K".to_owned(),
        lines => format!("\r\x1b[{}A\x1b[J", lines - 1),
    }
}

fn draw(bars: &[String]) -> String {
    bars.join("\n")
}

fn write(text: &str) {
    let mut out = io::stdout().lock();
    let outcome = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if outcome.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        std::process::exit(NOBODY_READS);
    }
}

/// The terminal's width; `None` if there is no terminal.
pub(crate) fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}
