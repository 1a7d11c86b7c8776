//! Schema text from the answer to `query-qmp-schema`: what a running server says about itself, made
//! into something that can be compiled.
//!
//! The answer hides the names of types, so that they are made up from what the types are used for. It does not
//! tell comments, conditions, modules, integer sizes and some flags; these are lost.

mod answer;
mod monitor;
mod naming;
mod print;
#[cfg(test)]
mod tests;

pub use monitor::{MonitorError, query_schema};

use std::path::Path;

use crate::diag::Format;
use crate::json;
use crate::source::MemoryLoader;

/// Why an answer cannot be made into a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is not JSON.
    #[error("line {line}, column {column}: {message}: give the answer to query-qmp-schema as JSON text")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// It is an error reply of a server.
    #[error("the server refused query-qmp-schema: {0}")]
    Refused(String),
    /// It is not an answer to `query-qmp-schema`.
    #[error("{place}: {message}: this is no answer to query-qmp-schema")]
    Shape {
        /// Entity that is wrong.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// It describes what no schema can define.
    #[error("the answer describes what no schema can define:\n{0}")]
    Unusable(String),
}

/// The schema text for `answer`: the JSON array that answers `query-qmp-schema`, the whole reply that holds it, or an
/// array of recorded answers of which one is that.
///
/// The text compiles, and its own introspection has the structure of the answer.
///
/// # Errors
/// When `answer` is something else, with the place and the reason.
pub fn import(answer: &str) -> Result<String, ImportError> {
    let value = json::parse(answer).map_err(|json::SyntaxError { line, column, message }| ImportError::Syntax {
        line,
        column,
        message,
    })?;
    let answer = answer::Answer::read(&value)?;
    let names = naming::Names::new(&answer);
    let text = print::schema(&answer, &names);
    let loader = MemoryLoader::new().with("imported.json", text.as_bytes());
    match crate::analyse(&loader, Path::new("imported.json"), None).result {
        Ok(_) => Ok(text),
        Err(found) => Err(ImportError::Unusable(found.render(Format::Human).trim_end().to_owned())),
    }
}
