//! The tests of conditions under every set of cargo features.

use std::path::Path;
use std::process::Command;

/// Runs `conditions.rs` under `features`.
fn run(features: &[&str]) {
    let output = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--offline", "--test", "conditions", "--no-default-features", "--features"])
        .arg(features.join(","))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("matrix"))
        .env("RUSTFLAGS", "-D warnings")
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{features:?}: {out}{err}");
    assert!(out.contains("8 passed"), "{features:?}: {out}");
}

#[test]
#[ignore = "builds one crate eighteen times: minutes"]
fn conditions_are_right_under_every_set_of_features() {
    const SYMBOLS: [&str; 3] = ["config-a", "config-b", "third"];
    const POLICIES: [&str; 2] = ["deprecated", "experimental"];
    for set in 0..1 << SYMBOLS.len() {
        let symbols: Vec<_> = (0..SYMBOLS.len()).filter(|bit| set >> bit & 1 == 1).map(|bit| SYMBOLS[bit]).collect();
        run(&symbols);
        run(&[&symbols[..], &POLICIES].concat());
    }
    for policy in POLICIES {
        run(&[&SYMBOLS[..], &[policy]].concat());
    }
}
