//! The `qapi!()` macro: a QAPI schema becomes a Rust module.
//!
//! ```ignore
//! qapi_runtime::qapi! { schema: "schema/lamp.json", cfg: ["CONFIG_DIMMER"] }
//! ```
//!
//! `schema` names the root file, relative to the package. The other arguments are the options of
//! `qapi_gen::Settings`: `cfg`, `conditions`, `map`, `deprecated`, `unstable`, `dialect`, `module`, `runtime`,
//! `server`, `client`, `introspection`, `unmask`. With the environment variable `QAPI_DEBUG` set to `1` the expansion goes to a file that is
//! included, so that rustc's messages point into readable code.

mod arguments;
mod expand;
#[cfg(test)]
mod tests;

/// Compiles a QAPI schema to a module of types, commands, events, server trait and introspection.
///
/// ```ignore
/// qapi_runtime::qapi! { schema: "schema/lamp.json" }  // gives `pub mod lamp { ... }`
/// ```
///
/// Every schema file is tracked: the crate is rebuilt when one changes. Every mistake in the schema
/// becomes an error of its own.
#[proc_macro]
pub fn qapi(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand::expand(input.into()).into()
}
