//! Whole references: links, ids, determinism.

use super::document;
use crate::files::GeneratedFile;
use crate::settings::Settings;
use crate::source::{DiskLoader, Loader, MemoryLoader};
use std::collections::{HashMap, HashSet};
use std::path::Path;

fn reference(loader: &dyn Loader, root: &str) -> Vec<GeneratedFile> {
    document(Path::new(root), &Settings::new(), loader)
        .unwrap_or_else(|found| panic!("{}", found.render(crate::Format::Gnu)))
}

/// The values of an attribute, entities decoded.
fn attribute<'h>(html: &'h str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    let value =
        |(at, _): (usize, &'h str)| html[at + start.len()..].split('"').next().unwrap_or("").replace("&amp;", "&");
    html.match_indices(&start).map(value).collect()
}

/// Every link to a page or an id that is not there, and every id that is there twice.
fn broken(files: &[GeneratedFile]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut ids: HashMap<String, HashSet<String>> = HashMap::new();
    for file in files {
        let known = ids.entry(file.path.display().to_string()).or_default();
        if file.path.extension().is_some_and(|extension| extension == "html") {
            for id in attribute(&file.text, "id") {
                if !known.insert(id.clone()) {
                    wrong.push(format!("{}: id {id} twice", file.path.display()));
                }
            }
        }
    }
    for file in files.iter().filter(|file| file.path.extension().is_some_and(|extension| extension == "html")) {
        let own = file.path.display().to_string();
        let targets = [attribute(&file.text, "href"), attribute(&file.text, "src"), attribute(&file.text, "for")];
        for (kind, target) in
            targets.into_iter().enumerate().flat_map(|(kind, list)| list.into_iter().map(move |t| (kind, t)))
        {
            if target.starts_with("https://") || target.starts_with("http://") {
                continue;
            }
            let target = if kind == 2 { format!("#{target}") } else { target };
            let (page, id) = target.split_once('#').unwrap_or((&target, ""));
            let page = if page.is_empty() { &own } else { page };
            if !ids.get(page).is_some_and(|ids| id.is_empty() || ids.contains(id)) {
                wrong.push(format!("{own}: {target}"));
            }
        }
    }
    wrong
}

fn text<'f>(files: &'f [GeneratedFile], name: &str) -> &'f str {
    &files.iter().find(|file| file.path == Path::new(name)).expect("the file is there").text
}

fn corpus(test: &str) -> Option<std::path::PathBuf> {
    let found = std::env::var_os("QAPI_CORPUS").map(std::path::PathBuf::from);
    if found.is_none() {
        eprintln!("{test}: skipped, QAPI_CORPUS is not set");
    }
    found
}

#[test]
fn every_link_in_whole_schemas_leads_somewhere() {
    let Some(corpus) = corpus("every_link_in_whole_schemas_leads_somewhere") else { return };
    for schema in [
        "qemu-10.0/qapi/qapi-schema.json",
        "qemu-10.0/qga/qapi-schema.json",
        "qemu-10.0/storage-daemon/qapi/qapi-schema.json",
        "qemu-7.2/qapi/qapi-schema.json",
    ] {
        let files = reference(&DiskLoader, &corpus.join(schema).display().to_string());
        assert_eq!(broken(&files), Vec::<String>::new(), "{schema}");
        for file in &files {
            let shown = file.path.display();
            assert!(
                !file.text.contains(&*corpus.to_string_lossy()),
                "{shown} of {schema} names a place of this machine"
            );
        }
    }
}

/// A small schema with one of everything.
fn lamp() -> MemoryLoader {
    MemoryLoader::new()
        .with("lamp.json", include_str!("testdata/lamp.json"))
        .with("light/index.json", include_str!("testdata/light.json"))
}

#[test]
fn everything_is_described_and_linked() {
    let files = reference(&lamp(), "lamp.json");
    assert_eq!(broken(&files), Vec::<String>::new());
    let page = text(&files, "lamp.html");
    for wanted in [
        "<h1>Lamps &amp; &lt;lights&gt;</h1>",
        "<article class=\"entity\" id=\"lamp-set\">",
        "<tr id=\"lamp-set.colour\">",
        "<span class=\"mark optional\">optional</span>",
        "<span class=\"mark if\">if CONFIG_COLOUR and not CONFIG_GREY</span>",
        "<span class=\"mark deprecated\">deprecated</span>",
        "<span class=\"mark unstable\">unstable</span>",
        "<span class=\"mark since\">since 1.2</span>",
        ">out of band</span>",
        ">preconfig</span>",
        ">no success reply</span>",
        "<a class=\"enum\" href=\"light-index.html#Colour\">Colour</a>",
        "<a href=\"#lamp-set.colour\"><code>colour</code></a>",
        "<h4>Returns: <code>[<a class=\"union\" href=\"#Lamp\">Lamp</a>]</code></h4>",
        "<h4>Errors</h4>",
        "<tr id=\"Lamp:bulb\">",
        "<tr id=\"Place.name\">",
        "<dt>Returned by</dt>\n<dd><a href=\"#lamp-set\"><code>lamp-set</code></a></dd>",
        "<h2 class=\"section\" id=\"~more\">",
        "<td colspan=\"3\">From <code><a class=\"struct\" href=\"#Warm\">Warm</a></code></td>",
    ] {
        assert!(page.contains(wanted), "{wanted} is not in\n{page}");
    }
    assert!(!page.contains("<script>alert"), "{page}");
    assert!(text(&files, "light-index.html").contains("<tr id=\"Colour.red\">"));
    let index = text(&files, "index.html");
    for wanted in ["href=\"lamp.html#lamp-set\"", "<h2 id=\"~deprecated\">", "<strong>2</strong> modules"] {
        assert!(index.contains(wanted), "{wanted} is not in\n{index}");
    }
    let search = text(&files, "search-index.js");
    assert!(search.contains("[\"command\",\"lamp-set\",1,\"Sets a lamp.\",1,[\"lit\",\"colour\"]]"), "{search}");
}

#[test]
fn two_runs_are_equal() {
    assert_eq!(reference(&lamp(), "lamp.json"), reference(&lamp(), "lamp.json"));
}

#[test]
fn pages_have_names_of_their_own() {
    let module = |name: &str| crate::ir::Module { name: name.to_owned(), docs: Vec::new(), items: Vec::new() };
    let names = ["./builtin", "a.json", "b/A.json", "index.json", "../x y/<q>.json", "b/a.json", "...json"];
    let stems = super::names::stems(&names.map(module));
    assert_eq!(stems, ["builtin", "a", "b-A", "index-2", "q-", "b-a-2", "page"]);
}
