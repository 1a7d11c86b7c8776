//! The front end as one function: schema files in, resolved schema or diagnostics out.

use crate::check::{self, Depth};
use crate::diag::{Diagnostics, Findings, catalogue};
use crate::dialect::Dialect;
use crate::ir::{self, Schema};
use crate::source::{Loader, SourceMap};
use crate::syntax::{self, Loaded};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the front end found out about a schema.
#[derive(Debug)]
pub struct Analysis {
    /// Every file that was read, or tried: what a build must watch, also after a failure.
    pub files: Vec<PathBuf>,
    /// The text of the files, for spans of the schema.
    pub sources: Arc<SourceMap>,
    /// The dialect that was asked for or detected.
    pub dialect: Dialect,
    /// The schema, or at least one mistake.
    pub result: Result<Schema, Diagnostics>,
}

/// Reads and checks the schema that starts at `root`.
///
/// Without a dialect the newest one that accepts the schema is taken; if none does, the newest one
/// whose spelling of conditions, pragmas and documentation the schema follows best.
pub fn analyse(loader: &dyn Loader, root: &Path, dialect: Option<Dialect>) -> Analysis {
    let mut loaded = syntax::load(loader, root);
    let (dialect, result) = match dialect {
        Some(dialect) => (dialect, under(&loaded, dialect, Depth::All)),
        None => detect(&loaded),
    };
    let sources = Arc::new(std::mem::take(&mut loaded.sources));
    Analysis {
        files: loaded.read,
        dialect,
        result: result.map_err(|found| Diagnostics::of(Arc::clone(&sources), found)),
        sources,
    }
}

/// The mistakes in the schema that starts at `root`, found without putting together what it means.
pub(crate) fn verdict(loader: &dyn Loader, root: &Path, dialect: Option<Dialect>) -> Result<(), Diagnostics> {
    let mut loaded = syntax::load(loader, root);
    let found = match dialect {
        Some(dialect) => mistakes(&loaded, dialect, Depth::All),
        None => {
            match Dialect::DETECTED.into_iter().any(|dialect| mistakes(&loaded, dialect, Depth::First).is_empty()) {
                true => Findings::default(),
                false => detect(&loaded).1.err().unwrap_or_default(),
            }
        }
    };
    let sources = Arc::new(std::mem::take(&mut loaded.sources));
    if found.is_empty() { Ok(()) } else { Err(Diagnostics::of(sources, found)) }
}

fn detect(loaded: &Loaded) -> (Dialect, Result<Schema, Findings>) {
    for dialect in Dialect::DETECTED {
        let result = under(loaded, dialect, Depth::First);
        if result.is_ok() {
            return (dialect, result);
        }
    }
    let mut best = (Dialect::NEWEST, under(loaded, Dialect::NEWEST, Depth::All));
    for dialect in Dialect::DETECTED.into_iter().skip(1) {
        let result = under(loaded, dialect, Depth::All);
        if foreign(&result) < foreign(&best.1) {
            best = (dialect, result);
        }
    }
    best
}

/// Number of mistakes that rather show another dialect. The others are mistakes in any, and a
/// dialect that does not see some of them is no better for that.
fn foreign(result: &Result<Schema, Findings>) -> usize {
    let signs = [
        &catalogue::CONDITION_INVALID,
        &catalogue::PRAGMA_UNKNOWN,
        &catalogue::DOC_SECTION,
        &catalogue::DOC_INDENT,
        &catalogue::DOC_EMPTY_SECTION,
        &catalogue::DOC_MEMBER_MISSING,
        &catalogue::DOC_FEATURE_MISSING,
        &catalogue::DOC_STYLE,
        &catalogue::KEY_MISSING,
        &catalogue::KEY_UNKNOWN,
    ];
    let count = |list: &Findings| list.iter().filter(|found| signs.contains(&found.rule)).count();
    result.as_ref().err().map_or(0, count)
}

/// What is wrong with what was loaded as one dialect has it.
fn mistakes(loaded: &Loaded, dialect: Dialect, depth: Depth) -> Findings {
    let mut out = Findings::default();
    let checked = check::check(loaded, dialect, depth, &mut out);
    if depth == Depth::All || out.is_empty() {
        ir::resolve(loaded, &checked, dialect, &mut out);
    }
    out
}

/// Checks what was loaded as one dialect has it.
fn under(loaded: &Loaded, dialect: Dialect, depth: Depth) -> Result<Schema, Findings> {
    let mut out = Findings::default();
    let checked = check::check(loaded, dialect, depth, &mut out);
    if depth == Depth::First && !out.is_empty() {
        return Err(out);
    }
    let schema = ir::build(loaded, &checked, dialect, &mut out);
    schema.filter(|_| out.is_empty()).ok_or(out)
}
