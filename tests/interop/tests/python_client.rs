//! PyPI's `qemu.qmp` drives the emulator: its `QMPClient` and its qmp-shell.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use qapi_interop::{Qemu, emulator};

#[test]
fn qemu_qmp_drives_the_guest() {
    let test = "qemu_qmp_drives_the_guest";
    let (Some(python), Some(())) = (qapi_test_support::python(test), qapi_test_support::kvm(test)) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut machine = Qemu::start(emulator(), folder.path(), "machine", ["-machine", "microvm", "-m", "16"]);
    drop(machine.qmp());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/drive.py");
    let output = Command::new(python)
        .arg(script)
        .arg(folder.path().join("machine.qmp"))
        .arg(machine::guest::COUNTER.to_string())
        .arg(folder.path().join("counter"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("drive.py: all steps passed"), "{said}{complained}{}", machine.said());
    assert!(machine.wait().success(), "quit ends with status 0: {}", machine.said());
}

#[test]
fn qmp_shell_quits() {
    let Some(python) = qapi_test_support::python("qmp_shell_quits") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut machine = Qemu::start(emulator(), folder.path(), "machine", ["-machine", "none"]);
    drop(machine.qmp());
    let mut shell = Command::new(python)
        .args(["-m", "qemu.qmp.qmp_shell"])
        .arg(folder.path().join("machine.qmp"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // The shell complains when the machine hangs up before it does, with QEMU too.
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    shell.stdin.take().unwrap().write_all(b"query-status\nquit\n").unwrap();
    let output = shell.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains(r#"{"return": {}}"#), "{said}");
    assert!(machine.wait().success(), "{}", machine.said());
}

#[test]
fn qemu_qmp_passes_descriptors() {
    let test = "qemu_qmp_passes_descriptors";
    let Some(python) = qapi_test_support::python(test) else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/pass_fds.py");
    // QEMU too where it is there, so that the script is known to be right.
    let programs = qapi_test_support::qemu(test).into_iter().chain([emulator().to_owned()]);
    for program in programs {
        let folder = tempfile::tempdir().unwrap();
        let mut machine = Qemu::start(&program, folder.path(), "machine", ["-machine", "none"]);
        drop(machine.qmp());
        let output = Command::new(&python).arg(&script).arg(folder.path().join("machine.qmp")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("pass_fds.py: all steps passed"), "{said}{complained}{}", machine.said());
    }
}
