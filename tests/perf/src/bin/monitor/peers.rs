//! Who is measured: a plain echo server as the ceiling, the real QEMU, and the project's emulator.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::Failure;
use crate::wire::Wire;

/// A program that can be started with monitors.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// What it is called in the table.
    pub(crate) name: &'static str,
    program: PathBuf,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Echo,
    Machine,
}

/// Options of a machine without CPU and memory.
pub(crate) const BARE: &[&str] = &["-machine", "none"];
/// Options of a guest's machine on KVM that is not started.
pub(crate) const GUEST: &[&str] = &["-machine", "microvm", "-accel", "kvm", "-m", "128", "-S"];

impl Peer {
    /// The ceiling, compiled now.
    pub(crate) fn echo(folder: &Path) -> Result<Self, Failure> {
        let (source, program) = (folder.join("echo.c"), folder.join("echo"));
        fs::write(&source, include_str!("../../../programs/echo.c"))?;
        let status = Command::new("cc").args(["-O2", "-o"]).arg(&program).arg(&source).status()?;
        match status.success() {
            true => Ok(Self { name: "echo", program, kind: Kind::Echo }),
            false => Err(format!("cc cannot compile {}", source.display()).into()),
        }
    }

    /// A program with QEMU's command line.
    pub(crate) fn machine(name: &'static str, program: PathBuf) -> Self {
        Self { name, program, kind: Kind::Machine }
    }

    /// Whether it answers requests rather than repeating them.
    pub(crate) fn understands(&self) -> bool {
        self.kind == Kind::Machine
    }

    /// Starts it with `count` monitors whose sockets lie in `folder`; it may not listen yet.
    pub(crate) fn start(&self, options: &[&str], folder: &Path, count: usize) -> Result<Running, Failure> {
        let sockets: Vec<_> = (0..count).map(|i| folder.join(format!("{}-{i}", self.name))).collect();
        for socket in &sockets {
            match fs::remove_file(socket) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        let mut command = Command::new(&self.program);
        match self.kind {
            Kind::Echo => {
                command.args(&sockets);
            }
            Kind::Machine => {
                command.args(options).args(["-nodefaults", "-display", "none"]);
                for socket in &sockets {
                    command.arg("-qmp").arg(format!("unix:{},server=on,wait=off", socket.display()));
                }
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Running { child: command.spawn()?, sockets })
    }

    /// Time from before the start to the end of the greeting.
    pub(crate) fn greeting(&self, options: &[&str], folder: &Path) -> Result<Duration, Failure> {
        let started = Instant::now();
        let running = self.start(options, folder, 1)?;
        let _wire = running.greeted(0)?;
        Ok(started.elapsed())
    }
}

/// A peer that runs until this is dropped.
pub(crate) struct Running {
    child: Child,
    sockets: Vec<PathBuf>,
}

impl Running {
    /// A connection to one of its monitors that has been greeted.
    pub(crate) fn greeted(&self, monitor: usize) -> Result<Wire, Failure> {
        Ok(Wire::greeted(self.socket(monitor)?)?)
    }

    /// A connection that has been negotiated.
    pub(crate) fn connect(&self, monitor: usize) -> Result<Wire, Failure> {
        Ok(Wire::negotiated(self.socket(monitor)?)?)
    }

    /// Memory it holds, in KiB.
    pub(crate) fn resident(&self) -> Result<u64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Lets all its threads run on these CPUs only.
    pub(crate) fn confine(&self, cpus: &CpuSet) -> Result<(), Failure> {
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let id: i32 = thread?.file_name().to_string_lossy().parse()?;
            // A thread may have ended meanwhile.
            let _ = sched_setaffinity(Pid::from_raw(id), cpus);
        }
        Ok(())
    }

    fn socket(&self, monitor: usize) -> Result<&Path, Failure> {
        Ok(self.sockets.get(monitor).ok_or("no such monitor")?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
