//! The terminal while the guest's console is on it: keys go to the guest one by one and unechoed.

use std::io;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

/// Changed settings of standard input; dropping restores them.
pub(crate) struct Terminal {
    before: Termios,
}

impl Terminal {
    /// Changes standard input, if it is a terminal and ours to use. Ctrl-C keeps its meaning.
    pub(crate) fn take() -> Option<Self> {
        let stdin = io::stdin();
        let before = tcgetattr(&stdin).ok()?;
        // In the background, changing the terminal would stop the process.
        if tcgetpgrp(&stdin).ok()? != rustix::process::getpgrp() {
            return None;
        }
        let mut settings = before.clone();
        settings.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Now, &settings).ok()?;
        Some(Self { before })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that has gone needs no settings.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}
