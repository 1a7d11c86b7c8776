//! QEMU's own schemas: each generated crate compiles and is documented without a warning.

use std::path::{Path, PathBuf};
use std::process::Command;

use qapi_gen::{ConditionMode, DiskLoader, Policy, Settings};

const RELEASES: &[&str] = &["qemu-7.2", "qemu-10.0"];
const SCHEMAS: &[&str] = &["qapi/qapi-schema.json", "qga/qapi-schema.json", "storage-daemon/qapi/qapi-schema.json"];

/// Where crates are generated: the same in every run, so that builds leave no heap behind.
fn scratch() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("whole-schemas")
}

/// Generates a crate from `schema`, warnings forbidden.
fn generate(schema: &Path, settings: &Settings, name: &str) -> PathBuf {
    let directory = scratch().join(name);
    let output = qapi_gen::compile(schema, settings, &DiskLoader).unwrap_or_else(|errors| panic!("{errors}"));
    std::fs::create_dir_all(directory.join("src")).unwrap();
    for file in output.crate_files("whole") {
        let text = match file.path.to_str() {
            // Not part of the workspace around the target directory.
            Some("Cargo.toml") => format!("{}\n[workspace]\n", file.text),
            // Inner attributes come behind the documentation that starts the file.
            Some("src/lib.rs") => {
                let deny = "#![deny(warnings, missing_docs)]\n#![allow";
                file.text.replacen("#![allow", deny, 1)
            }
            _ => file.text,
        };
        qapi_gen::write_if_changed(&directory.join(&file.path), &text).unwrap();
    }
    directory
}

fn cargo(directory: &Path, args: &[&str]) {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runtime/qmp");
    let output = Command::new(env!("CARGO"))
        .args(args)
        .args(["--quiet", "--offline", "--config"])
        .arg(format!("patch.crates-io.qapi-runtime.path={runtime:?}"))
        .current_dir(directory)
        .env("CARGO_TARGET_DIR", scratch().join("target"))
        .env("RUSTDOCFLAGS", "-D warnings")
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {messages}", directory.display());
}

#[test]
#[ignore = "builds six large crates: minutes"]
fn whole_schemas_compile_without_a_warning() {
    let Some(corpus) = qapi_test_support::corpus("whole_schemas_compile_without_a_warning") else {
        return;
    };
    for release in RELEASES {
        for (nth, schema) in SCHEMAS.iter().enumerate() {
            let schema = corpus.join(release).join(schema);
            let all = generate(&schema, &Settings::new().cfg("all"), &format!("{release}-{nth}"));
            cargo(&all, &["build"]);
            cargo(&all, &["doc", "--no-deps"]);
            // What is left when every condition is false must not refer to what is gone.
            let none = generate(&schema, &Settings::new(), &format!("{release}-{nth}-none"));
            cargo(&none, &["check"]);
        }
    }
}

#[test]
#[ignore = "checks a large crate five times: a minute"]
fn undecided_conditions_compile_without_a_warning() {
    let Some(corpus) = qapi_test_support::corpus("undecided_conditions_compile_without_a_warning") else {
        return;
    };
    let schema = corpus.join("qemu-10.0").join(SCHEMAS[0]);
    let settings = |mode| Settings::new().conditions(mode);
    cargo(&generate(&schema, &settings(ConditionMode::KeepAll), "keep-all"), &["check"]);
    let gate = |name: &str| Policy::Gate(name.to_owned());
    let features = settings(ConditionMode::Features).deprecated(gate("deprecated")).unstable(gate("unstable"));
    let features = generate(&schema, &features, "features");
    cargo(&features, &["check"]);
    cargo(&features, &["check", "--all-features"]);
    cargo(&features, &["check", "--features", "config-linux,config-vnc,config-spice,unstable"]);
    let hidden = settings(ConditionMode::KeepAll).deprecated(Policy::Hide).unstable(Policy::Hide);
    cargo(&generate(&schema, &hidden, "hidden"), &["check"]);
}
