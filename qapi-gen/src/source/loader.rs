//! Where the text of schema files comes from.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Reads schema files. The compiler itself touches no file system.
pub trait Loader {
    /// The bytes of the file at `path`.
    ///
    /// # Errors
    /// Whatever keeps the file from being read; reported at the include directive.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// A name that is equal for two spellings of one path. Include directives that lead to
    /// the same name mean the same file.
    fn identity(&self, path: &Path) -> PathBuf {
        lexically_normal(path)
    }
}

/// Reads from the file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskLoader;

impl Loader for DiskLoader {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn identity(&self, path: &Path) -> PathBuf {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        lexically_normal(&absolute)
    }
}

/// Serves files from memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryLoader {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl MemoryLoader {
    /// A loader without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    #[must_use]
    pub fn with(mut self, path: impl AsRef<Path>, text: impl Into<Vec<u8>>) -> Self {
        self.files.insert(lexically_normal(path.as_ref()), text.into());
        self
    }
}

impl Loader for MemoryLoader {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(&lexically_normal(path)).cloned().ok_or_else(|| io::Error::from_raw_os_error(2))
    }
}

/// `path` without `.` and, where a name precedes it, `..`.
///
/// Symbolic links are not looked at, so `a/link/../b` means `a/b`, as in QEMU.
pub(crate) fn lexically_normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match out.components().next_back() {
                Some(Component::Normal(_)) => {
                    out.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => out.push(".."),
            },
            other => out.push(other),
        }
    }
    out
}

/// `path` relative to directory `base`, both taken by their spelling.
pub(crate) fn relative_to(path: &Path, base: &Path) -> PathBuf {
    let (path, base) = (lexically_normal(path), lexically_normal(base));
    let common = path.components().zip(base.components()).take_while(|(a, b)| a == b).count();
    let mut out = PathBuf::new();
    for _ in base.components().skip(common) {
        out.push("..");
    }
    out.extend(path.components().skip(common));
    out
}
