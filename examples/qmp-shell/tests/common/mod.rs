//! Servers and shells for tests. Each takes what it needs.
#![allow(dead_code, reason = "no test needs all of it")]

pub(crate) mod fakes;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How a shell ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Exit status.
    pub(crate) status: i32,
    /// What it printed.
    pub(crate) out: String,
    /// What it complained.
    pub(crate) err: String,
}

/// Runs a shell with that input.
pub(crate) fn shell(args: &[&str], input: &str) -> Ended {
    let mut child = start(args);
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        // The shell may end before it has read everything.
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().expect("the shell ends");
    writer.join().expect("the writer ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended { status: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// Starts a shell whose input and output are pipes.
pub(crate) fn start(args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qmp-shell"));
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the shell starts")
}

/// A real QEMU without a machine; killed when dropped.
pub(crate) struct Qemu {
    child: Child,
    folder: tempfile::TempDir,
}

impl Qemu {
    /// Starts it and waits for its monitor.
    pub(crate) fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let qemu = Self { child: spawn(program, &folder.path().join("qmp")), folder };
        let deadline = Instant::now() + Duration::from_secs(20);
        while !qemu.socket().exists() {
            assert!(Instant::now() < deadline, "QEMU does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        qemu
    }

    /// Its monitor.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("qmp")
    }

    /// Runs a shell on it.
    pub(crate) fn shell(&self, args: &[&str], input: &str) -> Ended {
        let socket = self.socket().display().to_string();
        shell(&[&[socket.as_str()], args].concat(), input)
    }
}

/// Starts QEMU with a monitor at that socket.
pub(crate) fn spawn(program: &Path, socket: &Path) -> Child {
    let monitor = format!("unix:{},server=on,wait=off", socket.display());
    let mut command = Command::new(program);
    command.args(["-machine", "none", "-nodefaults", "-display", "none", "-qmp", &monitor]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("QEMU starts")
}

impl Drop for Qemu {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
