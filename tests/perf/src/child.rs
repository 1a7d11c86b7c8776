//! Runs a program and tells what it, and whatever it waited for, cost.
#![expect(unsafe_code, reason = "only wait4 tells the resources of one child, and no safe wrapper of it is at hand")]

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::mem::MaybeUninit;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What one run cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// From before the start to after the end.
    pub wall: Duration,
    /// User and system time of the process and of all descendants that were waited for.
    pub cpu: Duration,
    /// Largest resident set of any one of these processes, in KiB. Not less than that of this process,
    /// whose memory the child borrows until it executes its program.
    pub peak: u64,
}

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// The program could not be run, or its output not be read.
    #[error("cannot run {program}: {source}")]
    Run {
        /// What was to be run.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// The program ended unsuccessfully.
    #[error("{program} failed ({status}):\n{output}")]
    Failed {
        /// What ran.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it printed, both streams.
        output: String,
    },
}

/// Runs `command` to its end. What it prints goes to the file `log`.
///
/// # Errors
/// When it cannot be started or does not succeed.
pub fn run(command: &mut Command, log: &Path) -> Result<Cost, ChildError> {
    let program = command.get_program().display().to_string();
    let failed = |source| ChildError::Run { program: program.clone(), source };
    let mut output = File::options().create(true).truncate(true).read(true).write(true).open(log).map_err(failed)?;
    command.stdin(Stdio::null());
    command.stdout(output.try_clone().map_err(failed)?).stderr(output.try_clone().map_err(failed)?);
    let start = Instant::now();
    let child = command.spawn().map_err(failed)?;
    let (status, usage) = wait(child.id()).map_err(failed)?;
    let wall = start.elapsed();
    if !status.success() {
        let mut text = String::new();
        output.rewind().and_then(|()| output.read_to_string(&mut text)).map_err(failed)?;
        return Err(ChildError::Failed { program, status, output: text });
    }
    let cpu = duration(usage.ru_utime) + duration(usage.ru_stime);
    Ok(Cost { wall, cpu, peak: u64::try_from(usage.ru_maxrss).unwrap_or(0) })
}

fn wait(pid: u32) -> io::Result<(ExitStatus, libc::rusage)> {
    use std::os::unix::process::ExitStatusExt as _;
    let pid = libc::pid_t::try_from(pid).map_err(io::Error::other)?;
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    loop {
        // SAFETY: both pointers are to locals of the types that wait4(2) writes.
        let waited = unsafe { libc::wait4(pid, &raw mut status, 0, usage.as_mut_ptr()) };
        if waited == pid {
            // SAFETY: zeroes are a valid `rusage`, and the call that succeeded has filled it.
            return Ok((ExitStatus::from_raw(status), unsafe { usage.assume_init() }));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descendants_count_and_failure_shows_the_output() {
        let log = std::env::temp_dir().join(format!("qapi-perf-{}", std::process::id()));
        let busy = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
        let cost = run(Command::new("sh").args(["-c", &format!("sh -c '{busy}'; true")]), &log).unwrap();
        assert!(cost.cpu > Duration::from_millis(10), "{cost:?}");
        assert!(cost.wall > Duration::ZERO && cost.peak > 500, "{cost:?}");
        let error = run(Command::new("sh").args(["-c", "echo mishap >&2; exit 3"]), &log).unwrap_err();
        assert!(error.to_string().contains("mishap"), "{error}");
        std::fs::remove_file(log).unwrap();
    }
}
