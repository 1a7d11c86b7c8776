//! Generated code as files: one per module, or a whole crate.

use std::path::PathBuf;

use crate::Output;

/// One file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Path below the output directory.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// True for files that the user may edit: written only when absent.
    pub once: bool,
}

impl Output {
    /// `mod.rs` and one file per submodule.
    pub fn module_files(&self) -> impl Iterator<Item = GeneratedFile> {
        self.sources_under("", "mod.rs")
    }

    /// A package of that name: `Cargo.toml`, `src/lib.rs` and one file per submodule.
    pub fn crate_files(&self, name: &str) -> impl Iterator<Item = GeneratedFile> {
        let manifest = GeneratedFile { path: "Cargo.toml".into(), text: self.manifest(name), once: true };
        self.sources_under("src", "lib.rs").chain([manifest])
    }

    /// One file at a time, so that writing them takes no more memory than the largest.
    fn sources_under(&self, directory: &'static str, root: &str) -> impl Iterator<Item = GeneratedFile> {
        let code = self.code();
        let file =
            move |name: &str, text| GeneratedFile { path: PathBuf::from(directory).join(name), text, once: false };
        let root = file(root, code.root_file());
        std::iter::once(root).chain(code.children.iter().map(move |child| file(&child.file_name(), child.file())))
    }

    fn manifest(&self, name: &str) -> String {
        let mut manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n\
             [dependencies]\nqapi-runtime = \"{}\"\n",
            env!("CARGO_PKG_VERSION")
        );
        for (nth, feature) in self.features().enumerate() {
            let head = if nth == 0 { "\n[features]\n" } else { "" };
            manifest.push_str(&format!("{head}{feature:?} = []\n"));
        }
        manifest
    }
}
