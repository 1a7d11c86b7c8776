//! Compiles schemas as a user's build script does.

use qapi_gen::{ConditionMode, Policy, Settings};

fn main() {
    Settings::new().cfg("CONFIG_HEAT").cfg("CONFIG_LIGHT").compile_for_cargo("schema/golden.json");
    Settings::new().compile_for_cargo("schema/events.json");
    Settings::new()
        .conditions(ConditionMode::Features)
        .map("CONFIG_C", "third")
        .deprecated(Policy::Gate("deprecated".to_owned()))
        .unstable(Policy::Gate("experimental".to_owned()))
        .compile_for_cargo("schema/conditions.json");
}
