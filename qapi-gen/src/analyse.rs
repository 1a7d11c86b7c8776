//! The front end as one function: schema files in, resolved schema or diagnostics out.

use crate::check::{self, Dialect};
use crate::diag::{Diagnostic, Diagnostics};
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
/// Without a dialect the newest one that accepts the schema is taken; if none does, the one with the
/// fewest mistakes.
pub fn analyse(loader: &dyn Loader, root: &Path, dialect: Option<Dialect>) -> Analysis {
    let mut loaded = syntax::load(loader, root);
    let candidates = dialect
        .as_ref()
        .map_or(&Dialect::DETECTED[..], std::slice::from_ref);
    let mut best: Option<(Dialect, Result<Schema, Vec<Diagnostic>>)> = None;
    for dialect in candidates {
        let result = under(&loaded, *dialect);
        let count =
            |result: &Result<Schema, Vec<Diagnostic>>| result.as_ref().map_or_else(Vec::len, |_| 0);
        let better = best
            .as_ref()
            .is_none_or(|(_, best)| count(&result) < count(best));
        let accepted = result.is_ok();
        if better {
            best = Some((*dialect, result));
        }
        if accepted {
            break;
        }
    }
    let (dialect, result) = best.unwrap_or((Dialect::NEWEST, Err(Vec::new())));
    let sources = Arc::new(std::mem::take(&mut loaded.sources));
    Analysis {
        files: loaded.read,
        dialect,
        result: result.map_err(|list| Diagnostics::new(Arc::clone(&sources), list)),
        sources,
    }
}

/// Checks what was loaded as one dialect has it.
fn under(loaded: &Loaded, dialect: Dialect) -> Result<Schema, Vec<Diagnostic>> {
    let mut out = Vec::new();
    let checked = check::check(loaded, dialect, &mut out);
    let schema = ir::build(loaded, &checked, dialect, &mut out);
    schema.filter(|_| out.is_empty()).ok_or(out)
}
