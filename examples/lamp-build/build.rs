//! Compiles the schema to a file, for those who want to look at it or build without macros.

fn main() {
    qapi_gen::Settings::new().compile_for_cargo("schema/lamp.json");
}
