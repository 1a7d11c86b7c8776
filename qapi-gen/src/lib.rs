//! Compiler for QEMU's QAPI schema language: schema text in, Rust code out.
//!
//! The stages are the modules: [`source`] and `syntax` read text, `check` and [`ir`] find out what it
//! means, `emit` writes code, [`diag`] tells what is wrong. They touch neither files nor environment;
//! the front ends do: [`Settings::compile_for_cargo`] for build scripts, the `qapi-gen` program, and the
//! `qapi!()` macro of `qapi-runtime`.

mod analyse;
mod cargo;
mod check;
pub mod diag;
mod dialect;
#[cfg(feature = "cli")]
pub mod diff;
#[cfg(feature = "cli")]
mod doc;
mod emit;
#[cfg(feature = "cli")]
mod export;
mod files;
#[cfg(feature = "cli")]
mod import;
pub mod ir;
mod json;
mod output;
mod settings;
pub mod source;
mod syntax;

use std::path::{Path, PathBuf};

pub use analyse::{Analysis, analyse};
pub use cargo::write_if_changed;
pub use diag::{Diagnostic, Diagnostics, Format};
pub use dialect::{Dialect, UnknownDialect};
#[cfg(feature = "cli")]
pub use doc::document;
pub use files::GeneratedFile;
#[cfg(feature = "cli")]
pub use import::{ImportError, MonitorError, import, query_schema};
pub use output::Output;
pub use settings::{CHOICES, Choice, ConditionMode, Form, Policy, Setting, SettingError, Settings, UnknownMode};
pub use source::{DiskLoader, Loader, MemoryLoader};

/// Compiles the schema that starts at `root`.
///
/// # Errors
/// Every mistake in the schema, located.
pub fn compile(root: &Path, settings: &Settings, loader: &dyn Loader) -> Result<Output, Diagnostics> {
    compile_tracked(root, settings, loader).1
}

/// The same, with the files that were read or tried also when that fails.
fn compile_tracked(
    root: &Path,
    settings: &Settings,
    loader: &dyn Loader,
) -> (Vec<PathBuf>, Result<Output, Diagnostics>) {
    let Analysis { files, result, .. } = analyse(loader, root, settings.dialect);
    let output = result.map(|schema| Output::new(emit::emit(&schema, settings), files.clone()));
    (files, output)
}

/// Only checks the schema that starts at `root`.
///
/// # Errors
/// Every mistake in the schema, located.
pub fn check(root: &Path, settings: &Settings, loader: &dyn Loader) -> Result<(), Diagnostics> {
    analyse::verdict(loader, root, settings.dialect)
}

/// The answer to `query-qmp-schema` for the schema that starts at `root`, as JSON text.
///
/// Where conditions or policies leave a decision to cargo features, it is the answer with all of them off.
///
/// # Errors
/// Every mistake in the schema, located.
pub fn introspect(root: &Path, settings: &Settings, loader: &dyn Loader) -> Result<String, Diagnostics> {
    let schema = analyse(loader, root, settings.dialect).result?;
    Ok(emit::introspection(&schema, settings))
}

/// The resolved schema that starts at `root`, as the JSON text that `IR.md` of this package specifies.
///
/// All conditions are kept: symbols in `settings` change nothing.
///
/// # Errors
/// Every mistake in the schema, located.
#[cfg(feature = "cli")]
pub fn ir_json(root: &Path, settings: &Settings, loader: &dyn Loader) -> Result<String, Diagnostics> {
    let Analysis { sources, dialect, result, .. } = analyse(loader, root, settings.dialect);
    Ok(export::json(&result?, &sources, dialect, root))
}
