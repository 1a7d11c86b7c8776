//! Compiles schemas as a user's build script does.

fn main() {
    qapi_gen::Settings::new().cfg("CONFIG_HEAT").cfg("CONFIG_LIGHT").compile_for_cargo("schema/golden.json");
    qapi_gen::Settings::new().compile_for_cargo("schema/events.json");
}
