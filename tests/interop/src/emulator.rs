//! The emulator's binary, as the tests of another package find it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Path of an up-to-date `qapi-emulator`, of the profile that the running test was built with.
///
/// Cargo hands a binary's path to tests of its own package only, so this one asks cargo to build it, which is quick when it
/// is there already.
///
/// # Panics
/// When it cannot be built.
pub fn emulator() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let test = std::env::current_exe().expect("a test knows its own path");
        let profile = test.ancestors().nth(2).expect("tests lie in PROFILE/deps");
        let target = profile.parent().expect("profiles lie in the target folder");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "qapi-emulator", "--target-dir"]).arg(target);
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().expect("cargo runs").success(), "the emulator does not build");
        profile.join("qapi-emulator")
    })
}
