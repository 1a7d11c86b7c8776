//! QEMU's own schemas: each generated crate compiles without a warning.

use std::path::{Path, PathBuf};
use std::process::Command;

use qapi_gen::{DiskLoader, Settings};

const SCHEMAS: &[&str] = &[
    "qapi/qapi-schema.json",
    "qga/qapi-schema.json",
    "storage-daemon/qapi/qapi-schema.json",
];

/// Generates a crate from `schema` below `directory` and builds it, warnings forbidden.
fn generate_and_build(schema: &Path, settings: &Settings, directory: &Path, target: &Path) {
    let output = qapi_gen::compile(schema, settings, &DiskLoader)
        .unwrap_or_else(|errors| panic!("{errors}"));
    let files = output.crate_files("whole").unwrap();
    std::fs::create_dir_all(directory.join("src")).unwrap();
    for file in files {
        std::fs::write(directory.join(&file.path), &file.text).unwrap();
    }
    let lib = directory.join("src/lib.rs");
    let text = std::fs::read_to_string(&lib).unwrap();
    // Inner attributes come behind the documentation that starts the file.
    let (docs, items) = text.split_at(text.find("#![allow").unwrap());
    std::fs::write(
        &lib,
        format!("{docs}#![deny(warnings, missing_docs)]\n{items}"),
    )
    .unwrap();
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runtime/qmp");
    let patch = format!("patch.crates-io.qapi-runtime.path={:?}", runtime);
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--config", &patch])
        .current_dir(directory)
        .env("CARGO_TARGET_DIR", target)
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}: {}",
        schema.display(),
        String::from_utf8_lossy(&built.stderr)
    );
}

#[test]
#[ignore = "builds six large crates: minutes"]
fn whole_schemas_compile_without_a_warning() {
    let Some(corpus) = qapi_test_support::corpus("whole_schemas_compile_without_a_warning") else {
        return;
    };
    let scratch = tempfile::tempdir().unwrap();
    let target: PathBuf = scratch.path().join("target");
    for (nth, (release, schema)) in ["qemu-7.2", "qemu-10.0"]
        .into_iter()
        .flat_map(|release| SCHEMAS.iter().map(move |s| (release, s)))
        .enumerate()
    {
        let directory = scratch.path().join(format!("crate-{nth}"));
        generate_and_build(
            &corpus.join(release).join(schema),
            &Settings::new().cfg("all"),
            &directory,
            &target,
        );
    }
}
