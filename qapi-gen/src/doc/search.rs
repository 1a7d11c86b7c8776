//! What the pages' search looks through, as a script that needs no server.

use super::html::script_string;
use super::markup;
use super::site::Site;

/// The file `search-index.js`.
///
/// It sets `qapiIndex` to the pages' names and a list of entries: kind, name, page, summary,
/// whether it is deprecated, names of its parts.
pub(super) fn index(site: &Site<'_>) -> String {
    let mut out = String::from("\"use strict\";\nwindow.qapiIndex = {\"pages\":[");
    let stems: Vec<_> = site.stems.iter().map(|stem| script_string(stem)).collect();
    out.push_str(&stems.join(","));
    out.push_str("],\"entries\":[\n");
    let mut first = true;
    for entity in site.all() {
        let info = entity.info();
        let summary = entity.doc().map(|doc| markup::summary(&doc.body)).unwrap_or_default();
        let parts: Vec<_> = site.parts(entity).map(script_string).collect();
        if !std::mem::take(&mut first) {
            out.push_str(",\n");
        }
        out.push_str(&format!(
            "[{},{},{},{},{},[{}]]",
            script_string(entity.kind()),
            script_string(&info.name),
            info.module.0,
            script_string(short(&summary)),
            u8::from(entity.has("deprecated")),
            parts.join(",")
        ));
    }
    out.push_str("\n]};\n");
    out
}

/// As much of a summary as a result shows.
fn short(text: &str) -> &str {
    let end = text.char_indices().nth(140).map_or(text.len(), |(at, _)| at);
    &text[..end]
}
