//! Tests of the guest's image and tables.

use super::*;

#[test]
fn the_image_is_what_its_source_assembles_to() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/guest/guest.S");
    let out = std::env::temp_dir().join(format!("qapi-guest-{}.bin", std::process::id()));
    let assembled = std::process::Command::new("cc")
        .args(["-nostdlib", "-static", "-Wl,-Ttext=0xa000,--oformat=binary,--build-id=none", "-o"])
        .arg(&out)
        .arg(source)
        .output();
    let Ok(run) = assembled else {
        eprintln!("skipped: the_image_is_what_its_source_assembles_to: cc does not run");
        return;
    };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let code = std::fs::read(&out).expect("the assembler's output");
    std::fs::remove_file(&out).expect("removes its output");
    assert!(code == CODE, "guest.bin is stale: assemble guest.S as its head says");
}

#[test]
fn image_and_tables_do_not_overlap() {
    let mut pieces: Vec<(u64, u64)> =
        tables::build(Entries::of(CODE)).iter().map(|(a, b)| (*a, a + b.len() as u64)).collect();
    pieces.push((IMAGE, IMAGE + CODE.len() as u64));
    pieces.push((CONTROL, CONTROL + memory::PAGE_SIZE));
    pieces.push((IMAGE - memory::PAGE_SIZE, IMAGE));
    pieces.sort_unstable();
    for pair in pieces.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "{pair:x?}");
    }
    assert!(pieces.iter().all(|(_, end)| *end <= MINIMUM_RAM));
}

#[test]
fn entry_points_lie_inside_of_the_image() {
    let Entries { start, beat, nmi, unexpected } = Entries::of(CODE);
    for entry in [start, beat, nmi, unexpected] {
        assert!((IMAGE + 8 * ENTRIES as u64..IMAGE + CODE.len() as u64).contains(&entry), "{entry:#x}");
    }
}
