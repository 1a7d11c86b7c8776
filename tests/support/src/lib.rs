//! What a test may need from outside the tree, and how it says that it went without.
//!
//! A test asks for its need and returns early when the answer is `None`:
//!
//! ```
//! # fn the_test() {
//! let Some(corpus) = qapi_test_support::corpus("whole_schemas") else { return };
//! # let _ = corpus; }
//! ```
//!
//! Going without prints `skipped: NAME: REASON` past the test harness's capture. With the need
//! listed in the environment variable `QAPI_REQUIRE` (comma-separated: `corpus`, `kvm`, `qemu`,
//! `python`, `facts`, `guest-agent`, names of peers), going without fails the test instead: `.ci/run` lists what it installed.

mod random;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

pub use random::Random;

/// QEMU's schemas and schema tests: the folder that `QAPI_CORPUS` names.
#[must_use]
pub fn corpus(test: &str) -> Option<PathBuf> {
    found("corpus", test, folder("QAPI_CORPUS"), "QAPI_CORPUS names no folder")
}

/// Recorded behaviour of QEMU's monitor: the file that `QMP_FACTS` names.
#[must_use]
pub fn facts(test: &str) -> Option<PathBuf> {
    let file = std::env::var_os("QMP_FACTS").map(PathBuf::from).filter(|path| path.is_file());
    found("facts", test, file, "QMP_FACTS names no file")
}

/// A usable `/dev/kvm`.
#[must_use]
pub fn kvm(test: &str) -> Option<()> {
    let open = std::fs::OpenOptions::new().read(true).write(true).open("/dev/kvm");
    found("kvm", test, open.ok().map(drop), "/dev/kvm cannot be opened")
}

/// The real `qemu-system-x86_64`, or what `QAPI_QEMU` names instead.
#[must_use]
pub fn qemu(test: &str) -> Option<PathBuf> {
    let program = std::env::var_os("QAPI_QEMU").map_or_else(|| "qemu-system-x86_64".into(), PathBuf::from);
    let ran = Command::new(&program).arg("--version").output().is_ok_and(|o| o.status.success());
    found("qemu", test, ran.then_some(program), "qemu-system-x86_64 does not run")
}

/// A Python that has PyPI's `qemu.qmp`; `QAPI_PYTHON` names one other than `python3`.
#[must_use]
pub fn python(test: &str) -> Option<PathBuf> {
    let program = std::env::var_os("QAPI_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
    let ran = Command::new(&program).args(["-c", "import qemu.qmp"]).output().is_ok_and(|o| o.status.success());
    found("python", test, ran.then_some(program), "python3 has no module qemu.qmp")
}

/// Somebody else's client as a program of `tests/peers`: `QAPI_PEERS` names a folder with those that were built.
#[must_use]
pub fn peer(name: &str, test: &str) -> Option<PathBuf> {
    let program = folder("QAPI_PEERS").map(|folder| folder.join(name)).filter(|program| program.is_file());
    found(name, test, program, &format!("QAPI_PEERS names no folder with {name}"))
}

/// The real `qemu-ga`, or what `QAPI_GUEST_AGENT` names instead.
///
/// What it is told it does to this machine: it may be asked and told to sync, nothing that changes the machine.
#[must_use]
pub fn guest_agent(test: &str) -> Option<PathBuf> {
    let program = std::env::var_os("QAPI_GUEST_AGENT").map_or_else(|| "qemu-ga".into(), PathBuf::from);
    let ran = Command::new(&program).arg("--version").output().is_ok_and(|o| o.status.success());
    found("guest-agent", test, ran.then_some(program), "qemu-ga does not run")
}

fn folder(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_dir())
}

/// Passes a need that was met through; otherwise says so, or fails when it was required.
fn found<T>(need: &str, test: &str, got: Option<T>, reason: &str) -> Option<T> {
    if got.is_none() {
        let required = std::env::var("QAPI_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|r| r == need), "{test} needs {need}, which QAPI_REQUIRE promises: {reason}");
        // Not `eprintln!`: a passing test's captured output is thrown away.
        let _ = writeln!(std::io::stderr(), "skipped: {test}: {reason}");
    }
    got
}
