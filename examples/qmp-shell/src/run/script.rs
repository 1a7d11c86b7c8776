//! Lines that nobody types: from the command line, or from standard input.

use super::lines::Lines;
use super::{Outcome, Shell};
use crate::args::Source;

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
    let mut lines = Lines::new(std::io::BufReader::new(std::io::stdin()));
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
