//! Rust code from the resolved schema: one file per artefact, text only.

mod alternates;
mod commands;
mod cycles;
mod docs;
mod enums;
mod events;
mod gate;
mod introspect;
mod modules;
mod names;
mod plan;
mod positions;
mod select;
mod service;
mod text;
mod types;
mod unions;

#[cfg(test)]
mod tests;

pub(crate) use gate::Gate;
pub(crate) use modules::Code;

use crate::ir::Schema;
use crate::settings::Settings;

/// The Rust code for `schema`; the same input gives the same text.
pub(crate) fn emit(schema: &Schema, settings: &Settings) -> Code {
    let kept = select::Selection::new(schema, settings);
    let plan = plan::Plan::new(schema, settings, &kept);
    modules::code(&plan)
}

/// The introspection of `schema` as the JSON text that answers `query-qmp-schema`.
pub(crate) fn introspection(schema: &Schema, settings: &Settings) -> String {
    introspect::json(schema, settings)
}
