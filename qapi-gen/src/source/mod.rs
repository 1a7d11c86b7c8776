//! Schema files, places in them, and who included whom.

mod loader;
#[cfg(test)]
mod tests;

pub(crate) use loader::relative_to;
pub use loader::{DiskLoader, Loader, MemoryLoader};

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Index of a [`File`] in its [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(pub u32);

/// A range of bytes in one schema file.
///
/// The default span is the start of the root file; built-in entities carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// The span of bytes `start..end` of `file`.
    #[must_use]
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        // Files above 4 GiB are refused by `SourceMap::add`.
        let cut = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { file, start: cut(start), end: cut(end) }
    }
}

/// A place as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Path as given by the user or by the chain of include directives.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1; a tab goes to the next multiple of 8 plus 1.
    pub column: usize,
}

/// One schema file.
#[derive(Debug)]
pub struct File {
    /// Path by which the file was opened: the root's as given, others joined to the directory of their includer.
    pub path: PathBuf,
    /// Its whole text.
    pub text: String,
    /// The include directive that brought it in; `None` for the root.
    pub included_by: Option<Span>,
    lines: OnceLock<Vec<u32>>,
}

impl File {
    /// Offsets at which lines start. LF, CR LF and a lone CR end a line.
    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let bytes = self.text.as_bytes();
            let mut starts = vec![0];
            for (i, b) in bytes.iter().enumerate() {
                if *b == b'\n' || (*b == b'\r' && bytes.get(i + 1) != Some(&b'\n')) {
                    starts.push(i as u32 + 1);
                }
            }
            starts
        })
    }

    /// Index of the line that holds byte `offset`, and where that line starts.
    pub(crate) fn line_at(&self, offset: u32) -> (usize, usize) {
        let lines = self.lines();
        let index = lines.partition_point(|start| *start <= offset).saturating_sub(1);
        (index, lines.get(index).map_or(0, |start| *start as usize))
    }

    /// The text of line `line` (from 1) without its end.
    #[must_use]
    pub fn line_text(&self, line: usize) -> &str {
        let lines = self.lines();
        let start = lines.get(line.wrapping_sub(1)).map_or(self.text.len(), |s| *s as usize);
        let end = lines.get(line).map_or(self.text.len(), |s| *s as usize);
        self.text.get(start..end).unwrap_or("").trim_end_matches(['\n', '\r'])
    }
}

/// All files of a schema, in the order in which they were read.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<File>,
}

impl SourceMap {
    /// Adds a file; `None` if it is too large for a [`Span`] (4 GiB).
    pub fn add(&mut self, path: PathBuf, text: String, included_by: Option<Span>) -> Option<FileId> {
        u32::try_from(text.len()).ok()?;
        let id = FileId(u32::try_from(self.files.len()).ok()?);
        self.files.push(File { path, text, included_by, lines: OnceLock::new() });
        Some(id)
    }

    /// The file `id`, if it is one of this map.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&File> {
        self.files.get(id.0 as usize)
    }

    /// The text of file `id`, empty if unknown.
    #[must_use]
    pub fn text(&self, id: FileId) -> &str {
        self.file(id).map_or("", |file| &file.text)
    }

    /// The path of file `id`, empty if unknown.
    #[must_use]
    pub fn path(&self, id: FileId) -> &Path {
        self.file(id).map_or(Path::new(""), |file| &file.path)
    }

    /// All files.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// Where `span` starts.
    #[must_use]
    pub fn locate(&self, span: Span) -> Location {
        let Some(file) = self.file(span.file) else {
            return Location { path: PathBuf::new(), line: 1, column: 1 };
        };
        let (index, start) = file.line_at(span.start);
        let before = file.text.get(start..span.start as usize).unwrap_or("");
        let column = before.chars().fold(1_usize, |column, c| match c {
            '\t' => column.div_ceil(8) * 8 + 1,
            _ => column + 1,
        });
        Location { path: file.path.clone(), line: index + 1, column }
    }

    /// The column of the start of `span` as QEMU counts: there a tab goes back to the place in its group of eight
    /// columns that the line had reached.
    pub(crate) fn reported_column(&self, span: Span) -> usize {
        let Some(file) = self.file(span.file) else { return 1 };
        let (_, start) = file.line_at(span.start);
        let before = file.text.get(start..span.start as usize).unwrap_or("");
        before.chars().fold(1, |column, c| if c == '\t' { (column - 1) % 8 + 1 } else { column + 1 })
    }

    /// The include directives that lead to `file`, outermost first.
    #[must_use]
    pub fn include_chain(&self, file: FileId) -> Vec<Span> {
        let mut chain = Vec::new();
        let mut next = self.file(file).and_then(|file| file.included_by);
        // An includer is always older than what it includes, so this ends.
        while let Some(span) = next {
            chain.push(span);
            next = self.file(span.file).and_then(|file| file.included_by);
        }
        chain.reverse();
        chain
    }
}
