//! The front end for build scripts.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use crate::diag::Format;
use crate::{DiskLoader, Settings};

/// Why a build script could not write its file.
#[derive(Debug, thiserror::Error)]
enum CargoError {
    #[error("OUT_DIR is not set: call this from a build script")]
    NotInBuildScript,
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// The diagnostics, rendered.
    #[error("{0}")]
    Schema(String),
}

impl Settings {
    /// Compiles `schema` to `$OUT_DIR/NAME.rs`, where NAME is the schema's file name in Rust's form.
    ///
    /// For `build.rs`; the path is relative to the package. Include the result with
    /// `include!(concat!(env!("OUT_DIR"), "/lamp.rs"));`. Cargo runs the script again when one of the
    /// schema's files changes. The file is written only when its content changes.
    ///
    /// On a mistake in the schema this prints every one of them to stderr and ends the script with
    /// exit code 1.
    pub fn compile_for_cargo(&self, schema: impl AsRef<Path>) {
        let (inputs, result) = self.write_out_dir(schema.as_ref());
        for path in inputs {
            println!("cargo:rerun-if-changed={}", path.display());
        }
        if let Err(error) = result {
            eprintln!("{error}");
            // A panic would bury the messages under a backtrace of this build script.
            std::process::exit(1);
        }
    }

    /// Compiles and writes; gives the files that were read also when that fails.
    fn write_out_dir(&self, schema: &Path) -> (Vec<PathBuf>, Result<(), CargoError>) {
        let (inputs, result) = crate::compile_tracked(schema, self, &DiskLoader);
        let result = match result {
            Ok(output) => write_module(&output),
            Err(diagnostics) => Err(CargoError::Schema(diagnostics.render(Format::Gnu).trim_end().to_owned())),
        };
        (inputs, result)
    }
}

fn write_module(output: &crate::Output) -> Result<(), CargoError> {
    let directory = env::var_os("OUT_DIR").map(PathBuf::from).ok_or(CargoError::NotInBuildScript)?;
    let path = directory.join(format!("{}.rs", output.module()));
    write_if_changed(&path, &output.text()).map_err(|source| CargoError::Write { path, source })?;
    Ok(())
}

/// Writes `text` to `path` unless that is its content already, so that nothing is rebuilt for nothing.
/// True when it wrote.
///
/// # Errors
/// Whatever keeps the file from being written.
pub fn write_if_changed(path: &Path, text: &str) -> io::Result<bool> {
    if fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(false);
    }
    fs::write(path, text)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_content_keeps_the_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.rs");
        assert!(write_if_changed(&path, "a").unwrap());
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        assert!(!write_if_changed(&path, "a").unwrap());
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
        assert!(write_if_changed(&path, "b").unwrap());
    }
}
