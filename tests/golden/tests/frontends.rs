//! A build script writes the same code as the library gives, and the same twice.

use std::path::Path;

use proc_macro2::TokenStream;
use qapi_gen::{DiskLoader, Settings, layout};

fn tokens() -> TokenStream {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/golden.json");
    let settings = Settings::new().cfg("CONFIG_HEAT").cfg("CONFIG_LIGHT");
    qapi_gen::compile(&schema, &settings, &DiskLoader).unwrap_or_else(|errors| panic!("{errors}")).tokens()
}

#[test]
fn the_build_script_wrote_these_tokens() {
    let written = include_str!(concat!(env!("OUT_DIR"), "/golden.rs"));
    let written: TokenStream = written.parse().unwrap();
    assert_eq!(written.to_string(), tokens().to_string());
}

#[test]
fn two_runs_are_equal_to_the_byte() {
    assert_eq!(layout(tokens()), layout(tokens()));
}
