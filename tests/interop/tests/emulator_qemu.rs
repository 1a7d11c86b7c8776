//! RAM of `-machine none` moves between the emulator and QEMU as two processes, driven by nothing but their monitors.

use std::fs;
use std::path::Path;

use qapi_interop::{Qemu, Qmp, emulator};
use serde_json::json;

const SIZE: usize = 32 << 20;

/// Fills a file with pages that are zero, nearly zero and full, all different.
fn write_ram(path: &Path) {
    let mut bytes = vec![0u8; SIZE];
    for (number, page) in bytes.chunks_exact_mut(4096).enumerate() {
        let seed = number as u64;
        match number % 3 {
            0 => {}
            1 => page[number % 4096] = 1,
            _ => (0u64..).zip(page.chunks_exact_mut(8)).for_each(|(i, word)| {
                word.copy_from_slice(&(seed * 512 + i).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
            }),
        }
    }
    fs::write(path, bytes).unwrap();
}

/// Starts `program` on the RAM in `folder/name.ram`.
fn start(program: &Path, folder: &Path, name: &str, more: &[&str]) -> (Qemu, Qmp) {
    let ram = folder.join(format!("{name}.ram"));
    let object = format!("memory-backend-file,id=ram0,size=32M,mem-path={},share=on", ram.display());
    let mut options = vec!["-machine", "none,memory-backend=ram0", "-m", "32M", "-object", &object];
    options.extend(more);
    let mut process = Qemu::start(program, folder, name, options);
    let qmp = process.qmp();
    (process, qmp)
}

fn moves(from: &Path, to: &Path) {
    moves_with(from, to, &[], &[]);
}

/// As [`moves`], each end with options of its own.
fn moves_with(from: &Path, to: &Path, source_has: &[&str], target_has: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_ram(&folder.join("source.ram"));
    let uri = format!("unix:{}", folder.join("migration").display());
    let target_options = [&["-incoming", &uri], target_has].concat();
    let (target_process, mut target) = start(to, folder, "target", &target_options);
    let (source_process, mut source) = start(from, folder, "source", source_has);
    source.execute("migrate", json!({ "uri": uri })).unwrap();
    let over = |info: &serde_json::Value| matches!(info["status"].as_str(), Some("completed" | "failed"));
    let info = source.wait("query-migrate", over);
    assert_eq!(info["status"], "completed", "{}{}", source_process.said(), target_process.said());
    assert_eq!(source.execute("query-status", json!({})).unwrap()["status"], "postmigrate");
    let status = target.wait("query-status", |status| status["status"] != "inmigrate");
    assert_eq!(status["status"], "running", "{}", target_process.said());
    let same = fs::read(folder.join("source.ram")).unwrap() == fs::read(folder.join("target.ram")).unwrap();
    assert!(same, "memory differs");
}

#[test]
fn ram_moves_from_the_emulator_to_qemu() {
    if let Some(qemu) = qapi_test_support::qemu("ram_moves_from_the_emulator_to_qemu") {
        moves(emulator(), &qemu);
    }
}

#[test]
fn ram_moves_from_qemu_to_the_emulator() {
    if let Some(qemu) = qapi_test_support::qemu("ram_moves_from_qemu_to_the_emulator") {
        moves(&qemu, emulator());
    }
}

#[test]
fn knobs_mean_the_same_on_both_sides() {
    let Some(qemu) = qapi_test_support::qemu("knobs_mean_the_same_on_both_sides") else { return };
    let bare = ["-global", "migration.send-configuration=off", "-global", "migration.send-section-footer=off"];
    moves_with(emulator(), &qemu, &bare, &bare);
    moves_with(&qemu, emulator(), &bare, &bare);
    moves_with(emulator(), &qemu, &["-global", "migration.zero-page-detection=none"], &[]);
}
