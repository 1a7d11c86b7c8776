//! Reads a schema's files: every file once, included ones spliced in where they are included.

use super::value::Value;
use super::{doc, lex, parse};
use crate::diag::{Diagnostic, catalogue};
use crate::source::{FileId, Loader, SourceMap, Span, relative_to};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

/// Mistakes in one file's syntax after which the rest of it is skipped.
const MAX_ERRORS_PER_FILE: usize = 50;

/// A piece of a file, in the order in which the language sees them.
#[derive(Debug)]
pub(crate) enum Item {
    /// A documentation comment.
    Doc(doc::Block),
    /// A definition, or an object that should be one.
    Definition(Value),
    /// An include directive; the index of the module it names, unless that could not be read.
    Include(usize),
    /// A pragma directive: its whole expression.
    Pragma(Value),
    /// Something that cannot be read.
    Broken {
        /// Why.
        diagnostic: Diagnostic,
        /// The name it seems to define.
        name: Option<String>,
        /// Where it starts, if that is another token than the `{` of an object.
        other: Option<Span>,
    },
    /// The end of a file.
    End,
}

/// A file of the schema.
#[derive(Debug)]
pub(crate) struct ModuleFile {
    /// Path relative to the root schema's directory.
    pub(crate) name: String,
}

/// All files of a schema, as far as they could be read.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The files' text.
    pub(crate) sources: SourceMap,
    /// Every piece together with the index of its module.
    pub(crate) items: Vec<(usize, Item)>,
    /// Modules in order of first mention; the root file is the first.
    pub(crate) modules: Vec<ModuleFile>,
    /// Every file that was opened or looked for.
    pub(crate) read: Vec<PathBuf>,
    /// True if a file is missing, so that names may be unknown for that reason.
    pub(crate) incomplete: bool,
}

/// Reads the schema that starts at `root`.
pub(crate) fn load(loader: &dyn Loader, root: &Path) -> Loaded {
    let mut walk = Walk {
        loader,
        root: root.parent().unwrap_or(Path::new("")).to_path_buf(),
        out: Loaded::default(),
        seen: HashMap::new(),
        stack: Vec::new(),
    };
    match walk.open(root, None) {
        Ok(frame) => walk.stack.push(frame),
        Err(problem) => {
            let flaw = problem.span();
            let mut diagnostic = Diagnostic::syntax(problem.rule(), problem.about_root(root), flaw.unwrap_or_default());
            diagnostic.span = flaw;
            walk.out.items.push((0, Item::Broken { diagnostic, name: None, other: None }));
            walk.out.incomplete = true;
        }
    }
    while let Some(frame) = walk.stack.last() {
        let (module, file, pos) = (frame.module, frame.file, frame.pos);
        let start = lex::skip_blank(walk.out.sources.text(file), pos);
        if start >= walk.out.sources.text(file).len() || frame.errors > MAX_ERRORS_PER_FILE {
            walk.out.items.push((module, Item::End));
            walk.stack.pop();
        } else {
            walk.item(module, file, start);
        }
    }
    walk.out
}

/// True for an object that is no directive.
fn is_definition(value: &Value) -> bool {
    value.as_dict().is_some() && value.get("include").is_none() && value.get("pragma").is_none()
}

/// A file that is being read.
struct Frame {
    module: usize,
    file: FileId,
    identity: PathBuf,
    pos: usize,
    errors: usize,
}

struct Walk<'l> {
    loader: &'l dyn Loader,
    root: PathBuf,
    out: Loaded,
    /// Module of every file seen, by identity.
    seen: HashMap<PathBuf, usize>,
    stack: Vec<Frame>,
}

/// Why a file cannot be used.
enum Problem {
    Unreadable(io::Error),
    /// The first place that is no text.
    NotUtf8(Span),
    TooLarge,
}

impl Problem {
    fn rule(&self) -> &'static crate::diag::Rule {
        match self {
            Self::Unreadable(_) => &catalogue::FILE_UNREADABLE,
            Self::NotUtf8(_) => &catalogue::FILE_NOT_UTF8,
            Self::TooLarge => &catalogue::FILE_TOO_LARGE,
        }
    }

    /// Where it is in the file, if the file could be read.
    fn span(&self) -> Option<Span> {
        match self {
            Self::NotUtf8(span) => Some(*span),
            Self::Unreadable(_) | Self::TooLarge => None,
        }
    }

    fn about_root(&self, path: &Path) -> String {
        match self {
            Self::Unreadable(error) => {
                format!("can't read schema file '{}': {}", path.display(), reason(error))
            }
            other => other.about(path),
        }
    }

    fn about(&self, path: &Path) -> String {
        let path = path.display();
        match self {
            Self::Unreadable(error) => {
                format!("can't read include file '{path}': {}", reason(error))
            }
            Self::NotUtf8(_) => "this is not UTF-8 text".to_owned(),
            Self::TooLarge => format!("'{path}' is larger than 4 GiB"),
        }
    }
}

/// The text of `error` as C's strerror() words it.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match (error.raw_os_error(), text.rfind(" (os error ")) {
        (Some(2), None) => "No such file or directory".to_owned(),
        (_, Some(at)) => text[..at].to_owned(),
        _ => text,
    }
}

impl Walk<'_> {
    /// Opens a file and makes it a module.
    fn open(&mut self, path: &Path, included_by: Option<Span>) -> Result<Frame, Problem> {
        let identity = self.loader.identity(path);
        self.out.read.push(path.to_path_buf());
        let bytes = self.loader.read(path).map_err(Problem::Unreadable)?;
        let (text, flaw) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let flaw = error.utf8_error().valid_up_to();
                (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(flaw))
            }
        };
        let file = self.out.sources.add(path.to_path_buf(), text, included_by);
        let file = file.ok_or(Problem::TooLarge)?;
        if let Some(flaw) = flaw {
            let end = flaw + char::REPLACEMENT_CHARACTER.len_utf8();
            return Err(Problem::NotUtf8(Span::new(file, flaw, end)));
        }
        let module = self.module(path, &identity);
        Ok(Frame { module, file, identity, pos: 0, errors: 0 })
    }

    fn module(&mut self, path: &Path, identity: &Path) -> usize {
        if let Some(module) = self.seen.get(identity) {
            return *module;
        }
        let name = relative_to(path, &self.root).to_string_lossy().into_owned();
        self.out.modules.push(ModuleFile { name });
        let module = self.out.modules.len() - 1;
        self.seen.insert(identity.to_path_buf(), module);
        module
    }

    fn resume_at(&mut self, pos: usize) {
        if let Some(frame) = self.stack.last_mut() {
            frame.pos = pos;
        }
    }

    fn broken(&mut self, module: usize, diagnostic: Diagnostic) {
        self.broken_at(module, diagnostic, None, None);
    }

    fn broken_at(&mut self, module: usize, diagnostic: Diagnostic, name: Option<String>, other: Option<Span>) {
        if let Some(frame) = self.stack.last_mut() {
            frame.errors += 1;
        }
        self.out.items.push((module, Item::Broken { diagnostic, name, other }));
    }

    /// Reads the piece at `start`.
    fn item(&mut self, module: usize, file: FileId, start: usize) {
        let text = self.out.sources.text(file);
        if text.as_bytes().get(start..start + 2) == Some(b"##") {
            let block = doc::Block::find(file, text, start);
            self.resume_at(block.next);
            self.out.items.push((module, Item::Doc(block)));
            return;
        }
        let parsed = parse::expression(file, text, start);
        match parsed.result {
            Err(diagnostic) => {
                let name = lex::defined_name(text, start).map(str::to_owned);
                self.resume_at(parsed.end);
                let other = lex::is_other_token(self.out.sources.text(file), start);
                let other = other.then(|| Span::new(file, start, start + 1));
                self.broken_at(module, diagnostic, name, other);
            }
            Ok(value) => {
                self.resume_at(parsed.end);
                if !is_definition(&value) {
                    self.look_ahead(module, &value);
                }
                self.expression(module, value);
            }
        }
    }

    /// Reports what is behind `value` if it is no token. QEMU reads one token ahead of directives.
    fn look_ahead(&mut self, module: usize, value: &Value) {
        let file = value.span.file;
        let text = self.out.sources.text(file);
        let at = lex::skip_blank(text, value.span.end as usize);
        let Some((rule, message, len)) = lex::not_a_token(text, at) else { return };
        let next = lex::next_top_level(text, at);
        self.resume_at(next);
        let diagnostic = Diagnostic::syntax(rule, message, Span::new(file, at, at + len));
        self.broken_at(module, diagnostic, None, value.as_dict().is_none().then_some(value.span));
    }

    fn expression(&mut self, module: usize, value: Value) {
        let Some(entries) = value.as_dict() else {
            let message = "top-level expression must be an object";
            let diagnostic = Diagnostic::new(&catalogue::TOP_LEVEL_NOT_OBJECT, message, value.span);
            return self.broken_at(module, diagnostic, None, Some(value.span));
        };
        let keys = entries.len();
        if let Some(target) = value.get("include") {
            let invalid = |message: &str| Diagnostic::new(&catalogue::INCLUDE_INVALID, message, value.span);
            let (name, span) = match target.as_str() {
                _ if keys != 1 => {
                    return self.broken(module, invalid("invalid 'include' directive"));
                }
                Some(name) => (name.to_owned(), value.span),
                None => {
                    let diagnostic = invalid("value of 'include' must be a string");
                    return self.broken(module, diagnostic);
                }
            };
            self.include(module, &name, span);
        } else if value.get("pragma").is_some() {
            self.out.items.push((module, Item::Pragma(value)));
        } else {
            self.out.items.push((module, Item::Definition(value)));
        }
    }

    fn include(&mut self, module: usize, name: &str, span: Span) {
        let parent = self.out.sources.path(span.file).parent().unwrap_or(Path::new(""));
        let path = parent.join(name);
        let identity = self.loader.identity(&path);
        if self.stack.iter().any(|frame| frame.identity == identity) {
            let message = format!("inclusion loop for {name}");
            let diagnostic = Diagnostic::new(&catalogue::INCLUDE_LOOP, message, span);
            return self.broken(module, diagnostic);
        }
        if let Some(target) = self.seen.get(&identity) {
            let target = *target;
            return self.out.items.push((module, Item::Include(target)));
        }
        match self.open(&path, Some(span)) {
            Ok(frame) => {
                self.out.items.push((module, Item::Include(frame.module)));
                self.stack.push(frame);
            }
            Err(problem) => {
                let rule = match problem {
                    Problem::Unreadable(_) => &catalogue::INCLUDE_UNREADABLE,
                    _ => problem.rule(),
                };
                self.out.incomplete = true;
                let diagnostic = match problem.span() {
                    Some(flaw) => Diagnostic::syntax(rule, problem.about(&path), flaw),
                    None => Diagnostic::new(rule, problem.about(&path), span),
                };
                self.broken(module, diagnostic);
            }
        }
    }
}
