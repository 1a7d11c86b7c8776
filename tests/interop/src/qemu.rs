//! A QEMU process that does not outlive its test.

use std::{
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
};

use crate::{Qmp, wait_for};

/// A running QEMU, without devices and display; killed when dropped.
#[derive(Debug)]
pub struct Qemu {
    child: Child,
    log: PathBuf,
    socket: PathBuf,
}

impl Qemu {
    /// Starts QEMU, or a program with its command line, in `folder` with these options; `name` keeps the files of several ones in `folder` apart.
    ///
    /// # Panics
    /// When the program cannot be started.
    pub fn start<S: AsRef<std::ffi::OsStr>>(
        program: &Path,
        folder: &Path,
        name: &str,
        options: impl IntoIterator<Item = S>,
    ) -> Self {
        let monitor = format!("unix:{},server=on,wait=off", folder.join(format!("{name}.qmp")).display());
        let options = options.into_iter().map(|option| option.as_ref().to_owned());
        Self::start_bare(program, folder, name, [OsString::from("-qmp"), monitor.into()].into_iter().chain(options))
    }

    /// As [`start`](Self::start), without a monitor but those that the options ask for.
    ///
    /// # Panics
    /// When the program cannot be started.
    pub fn start_bare<S: AsRef<std::ffi::OsStr>>(
        program: &Path,
        folder: &Path,
        name: &str,
        options: impl IntoIterator<Item = S>,
    ) -> Self {
        let socket = folder.join(format!("{name}.qmp"));
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log).expect("the folder can be written to");
        let child = Command::new(program)
            .args(["-nodefaults", "-display", "none"])
            .args(options)
            .current_dir(folder)
            .stdout(output.try_clone().expect("a descriptor is left"))
            .stderr(output)
            .spawn()
            .expect("the program starts");
        Self { child, log, socket }
    }

    /// A QMP session.
    ///
    /// # Panics
    /// When QEMU ends before it answers; the message holds what it said.
    pub fn qmp(&mut self) -> Qmp {
        wait_for("QEMU's QMP socket", || {
            let ended = self.child.try_wait().expect("a child can be waited for");
            assert!(ended.is_none(), "QEMU ended with {ended:?}: {}", self.said());
            self.socket.exists().then_some(())
        });
        Qmp::connect(&self.socket)
    }

    /// The QMP socket's path; it appears when the program is ready.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it printed so far.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// When it does not.
    pub fn wait(&mut self) -> ExitStatus {
        wait_for("QEMU to end", || self.child.try_wait().expect("a child can be waited for"))
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        // It may have ended already, and then both fail.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
