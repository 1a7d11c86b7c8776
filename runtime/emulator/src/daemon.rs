//! `-daemonize`: the process that the shell waits for ends when the emulator is up in the background.
//!
//! The emulator proper is a second process of the same program, started before anything else so that
//! it inherits nothing. Its standard input is one end of a socket pair on which it says that it is
//! up; until then it can still complain on the terminal.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode};

use crate::errno::plain;

/// First argument of the process in the background; the user's own follow.
pub(crate) const CHILD: &str = "--in-background";

/// Starts the process in the background and waits until it is up or has failed.
pub(crate) fn launch() -> Result<ExitCode, String> {
    let failed = |error: io::Error| format!("-daemonize: {}", plain(&error));
    let (mut ours, theirs) = UnixStream::pair().map_err(failed)?;
    let program = std::env::current_exe().map_err(failed)?;
    let mut child = Command::new(program)
        .arg(CHILD)
        .args(std::env::args_os().skip(1))
        .stdin(OwnedFd::from(theirs))
        .spawn()
        .map_err(failed)?;
    // The command held the other end open; the child alone has it now.
    let mut word = [0];
    if matches!(ours.read(&mut word), Ok(1)) {
        return Ok(ExitCode::SUCCESS);
    }
    let status = child.wait().map_err(failed)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    // It has said why; a death by signal says nothing but must not look like success.
    Ok(ExitCode::from(code.filter(|code| *code > 0).unwrap_or(1)))
}

/// In the background process: leaves the terminal's session.
pub(crate) fn detach() -> Result<(), String> {
    rustix::process::setsid().map(drop).map_err(|error| format!("-daemonize: {}", plain(&io::Error::from(error))))
}

/// In the background process: everything is up, so the terminal is given back.
pub(crate) fn ready() -> Result<(), String> {
    let failed = |error: io::Error| format!("-daemonize: {}", plain(&error));
    let nothing = OpenOptions::new().read(true).write(true).open("/dev/null").map_err(failed)?;
    let told = rustix::io::write(io::stdin().as_fd(), b"1");
    told.map_err(|error| failed(error.into()))?;
    // From here on nobody reads what is said.
    rustix::stdio::dup2_stdin(&nothing)
        .and_then(|()| rustix::stdio::dup2_stdout(&nothing))
        .and_then(|()| rustix::stdio::dup2_stderr(&nothing))
        .map_err(|error| failed(error.into()))
}
