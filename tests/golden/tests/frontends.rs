//! A build script writes the same code as the library gives, and the same twice.

use std::path::Path;

use qapi_gen::{DiskLoader, Settings};

fn text() -> String {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/golden.json");
    let settings = Settings::new().cfg("CONFIG_HEAT").cfg("CONFIG_LIGHT");
    qapi_gen::compile(&schema, &settings, &DiskLoader).unwrap_or_else(|errors| panic!("{errors}")).text()
}

#[test]
fn the_build_script_wrote_this_text() {
    assert_eq!(include_str!(concat!(env!("OUT_DIR"), "/golden.rs")), text());
}

#[test]
fn two_runs_are_equal_to_the_byte() {
    assert_eq!(text(), text());
}
