//! PyPI's `qemu.qmp` drives the emulator: its `QMPClient` and its qmp-shell.

use std::path::Path;
use std::process::Command;

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
