//! What a compilation gives.

use std::path::{Path, PathBuf};

use crate::emit::Code;

/// Generated code, and what it was made from.
#[derive(Debug, Clone)]
pub struct Output {
    code: Code,
    files: Vec<PathBuf>,
}

impl Output {
    pub(crate) fn new(code: Code, files: Vec<PathBuf>) -> Self {
        Self { code, files }
    }

    /// The code as one module: `pub mod NAME { ... }`.
    #[must_use]
    pub fn text(&self) -> String {
        self.code.text()
    }

    /// The cargo features that the code names in conditions, sorted. The package that compiles it has to declare them.
    pub fn features(&self) -> impl Iterator<Item = &str> {
        self.code.features.iter().map(String::as_str)
    }

    /// The module's name.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.code.module
    }

    /// The schema files that were read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    pub(crate) fn code(&self) -> &Code {
        &self.code
    }
}
