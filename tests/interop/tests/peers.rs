//! Other people's clients, each a program of `tests/peers` that prints what it saw: with the emulator it is what it is with QEMU.

use std::path::Path;
use std::process::Command;

use qapi_interop::{Qemu, emulator};

/// What the client sees at `server`. It ends with `quit`, after which the server has to end by itself.
fn seen(client: &Path, server: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Qemu::start(server, folder.path(), "server", ["-machine", "none", "-m", "16"]);
    drop(process.qmp());
    let output = Command::new(client).arg(process.socket()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    let server = server.display();
    assert!(said.ends_with("all steps passed\n"), "{server}: {said}{complained}{}", process.said());
    assert!(process.wait().success(), "{server}: {}", process.said());
    said
}

fn compare(name: &str, test: &str, words: &[&str]) {
    let Some(client) = qapi_test_support::peer(name, test) else { return };
    let ours = seen(&client, emulator());
    for word in words {
        assert!(ours.contains(word), "no {word} in {ours}");
    }
    if let Some(qemu) = qapi_test_support::qemu(test) {
        let theirs = seen(&client, &qemu);
        assert_eq!(ours, theirs, "left at the emulator, right at QEMU");
    }
}

#[test]
fn the_published_crate_qapi() {
    let words = ["greeting: 7.2", "STOP", "RESUME", "RESET", "SHUTDOWN", "No such file", "postcopy-active"];
    compare("qapi-crate", "the_published_crate_qapi", &words);
}

#[test]
fn go_qemu_of_debian() {
    let words = ["greeting: 7 2 [oob]", "getfd: done", "STOP", "RESUME", "RESET", "SHUTDOWN"];
    compare("go-qemu", "go_qemu_of_debian", &words);
}
