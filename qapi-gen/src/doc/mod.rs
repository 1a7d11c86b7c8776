//! A schema as a browsable reference: HTML pages that need nothing but each other.
//!
//! `index.html` lists everything, each schema module has a page, and `search-index.js` lets
//! the pages search without a server. Addresses stay the same over schema versions: a
//! definition is `MODULE.html#NAME`, a member or value `#NAME.MEMBER`, a branch `#NAME:VALUE`;
//! `index.html#NAME` leads to the definition wherever it is. Conditions are shown, not applied.

mod entity;
mod html;
mod index;
mod markup;
mod names;
mod page;
mod parts;
mod search;
mod site;
#[cfg(test)]
mod tests;
mod uses;

use std::path::Path;

use crate::analyse;
use crate::diag::Diagnostics;
use crate::files::GeneratedFile;
use crate::ir::{ModuleId, Schema};
use crate::settings::Settings;
use crate::source::{Loader, SourceMap};

/// The reference for the schema that starts at `root`, as files to write to one directory.
///
/// # Errors
/// Every mistake in the schema, located.
pub fn document(root: &Path, settings: &Settings, loader: &dyn Loader) -> Result<Vec<GeneratedFile>, Diagnostics> {
    let analysis = analyse(loader, root, settings.dialect);
    let schema = analysis.result?;
    Ok(pages(&schema, &analysis.sources))
}

/// Every file of the reference.
fn pages(schema: &Schema, sources: &SourceMap) -> Vec<GeneratedFile> {
    let site = site::Site::new(schema, sources);
    let file = |name: &str, text: String| GeneratedFile { path: name.into(), text, once: false };
    let mut files = vec![
        file("index.html", index::page(&site)),
        file("style.css", include_str!("assets/style.css").to_owned()),
        file("search.js", include_str!("assets/search.js").to_owned()),
        file("search-index.js", search::index(&site)),
    ];
    for (module, stem) in (0..).map(ModuleId).zip(&site.stems) {
        files.push(file(&format!("{stem}.html"), page::module(&site, module)));
    }
    files
}
