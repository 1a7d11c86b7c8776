//! Lines that nobody types: from the command line, or from standard input.

use std::io::BufRead;

use super::{Outcome, Shell};
use crate::args::Source;
use crate::parse;

/// Longest line, so that a file without line breaks does not fill the memory.
const MAX_LINE: u64 = 64 << 20;

/// Executes all lines; the status to leave with.
pub(super) async fn run(shell: &mut Shell) -> u8 {
    let mut failed = false;
    if let Source::Given(lines) = &shell.options.source {
        for line in lines.clone() {
            match shell.execute(&line).await {
                Outcome::Done => {}
                Outcome::Leave => break,
                Outcome::Failed => failed = true,
            }
            if shell.must_stop(failed) {
                break;
            }
        }
        return u8::from(failed);
    }
    let mut lines = Lines::default();
    loop {
        let (number, line) = match lines.next() {
            Ok(Some(line)) => line,
            Ok(None) => return u8::from(failed),
            Err(error) => {
                shell.screen.complain(&format!("qmp-shell: cannot read the script: {error}"));
                return 1;
            }
        };
        match shell.execute(&line).await {
            Outcome::Done => {}
            Outcome::Leave => return u8::from(failed),
            Outcome::Failed => {
                failed = true;
                shell.screen.complain(&format!("qmp-shell: line {number} failed"));
            }
        }
        if shell.must_stop(failed) {
            return 1;
        }
    }
}

impl Shell {
    /// Whether a script ends here. Without a connection there is nothing to go on with.
    fn must_stop(&self, failed: bool) -> bool {
        failed && (!self.options.keep_going || self.session.is_none())
    }
}

/// Lines of standard input, joined where brackets are open.
#[derive(Default)]
struct Lines {
    number: usize,
}

impl Lines {
    /// The next line and its number, counting from 1.
    fn next(&mut self) -> std::io::Result<Option<(usize, String)>> {
        use std::io::Read;
        let mut line = String::new();
        let first = self.number + 1;
        loop {
            let room = MAX_LINE.saturating_sub(line.len() as u64);
            let read = std::io::stdin().lock().take(room).read_line(&mut line)?;
            if read == 0 {
                return Ok((!line.is_empty()).then_some((first, line)));
            }
            self.number += 1;
            if !parse::is_unfinished(&line) {
                return Ok(Some((first, line)));
            }
        }
    }
}
