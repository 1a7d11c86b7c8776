//! The frame of all pages, and the page of a module.

use std::collections::HashSet;

use super::entity;
use super::html::{address, escape};
use super::markup::{self, Heading, Links};
use super::site::{Entity, Place, Site};
use crate::ir::{Doc, Item, ModuleId};

/// Kinds as pages list them: heading, and which entities belong below it.
pub(super) const GROUPS: [(&str, &[&str]); 3] = [
    ("Commands", &["command"]),
    ("Events", &["event"]),
    ("Types", &["struct", "union", "alternate", "enum", "built-in"]),
];

/// A whole page around `main`; `aside` stands at its side on wide screens.
pub(super) fn frame(site: &Site<'_>, place: Place, title: &str, main: &str, aside: &str) -> String {
    let name = escape(site_name(site)).into_owned();
    let title = escape(title);
    let navigation = navigation(site, place);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"style.css\">\n<script src=\"search-index.js\" defer></script>\n\
         <script src=\"search.js\" defer></script>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#~main\">Skip to the text</a>\n\
         <header class=\"top\">\n<label class=\"menu\" for=\"~menu\" title=\"Modules\">&#9776;</label>\n\
         <a class=\"brand\" href=\"index.html\">{name}</a>\n<form class=\"search\" role=\"search\" hidden>\n\
         <input id=\"~search\" type=\"search\" name=\"q\" placeholder=\"Search commands, events, types, members\" \
         autocomplete=\"off\" spellcheck=\"false\" role=\"combobox\" aria-label=\"Search\" aria-autocomplete=\"list\" \
         aria-expanded=\"false\" aria-controls=\"~results\">\n<kbd>/</kbd>\n\
         <div id=\"~results\" role=\"listbox\" aria-label=\"Results\" hidden></div>\n</form>\n</header>\n\
         <div class=\"columns\">\n<input id=\"~menu\" type=\"checkbox\" aria-label=\"Show the list of modules\">\n\
         {navigation}<main id=\"~main\">\n{main}</main>\n{aside}</div>\n</body>\n</html>\n"
    )
}

/// What the reference is about: the root file.
pub(super) fn site_name<'a>(site: &'a Site<'_>) -> &'a str {
    site.schema.modules.get(1).map_or("QAPI", |root| root.name.as_str())
}

fn navigation(site: &Site<'_>, place: Place) -> String {
    let mut out = String::from("<nav class=\"modules\" aria-label=\"Modules\">\n<ul>\n");
    let current = |here: bool| if here { " aria-current=\"page\"" } else { "" };
    out.push_str(&format!("<li><a href=\"index.html\"{}>Overview</a></li>\n</ul>\n", current(place.is_none())));
    out.push_str("<h2>Modules</h2>\n<ul>\n");
    for module in listed(site) {
        let stem = escape(site.stem(module));
        out.push_str(&format!("<li><a href=\"{stem}.html\"{}>{stem}</a></li>\n", current(place == Some(module))));
    }
    out.push_str("</ul>\n</nav>\n");
    out
}

/// The modules with entities, by the names of their pages.
pub(super) fn listed(site: &Site<'_>) -> Vec<ModuleId> {
    let modules = (0..site.schema.modules.len() as u32).map(ModuleId);
    let mut listed: Vec<_> = modules.filter(|module| site.entities(*module).next().is_some()).collect();
    listed.sort_by_key(|module| site.stem(*module));
    listed
}

/// The page of a module.
pub(super) fn module(site: &Site<'_>, module: ModuleId) -> String {
    let file = &site.schema.module(module).name;
    let mut flow = Flow { site, module, taken: HashSet::new(), title: None, body: String::new() };
    if module.0 == 0 {
        flow.title = Some("Built-in types".to_owned());
    }
    for part in parts(site, module) {
        match part {
            Part::Entity(entity) => entity::write(site, entity, &mut flow.body),
            Part::Text(doc) => flow.text(doc),
        }
    }
    let title = flow.title.unwrap_or_else(|| file.clone());
    let main = format!(
        "<h1>{}</h1>\n<p class=\"file\"><code>{}</code></p>\n{}{}",
        escape(&title),
        escape(file),
        includes(site, module),
        flow.body
    );
    frame(site, Some(module), &format!("{title} - {}", site_name(site)), &main, &contents(site, module))
}

/// Free-form text as HTML without headings' ids, for another page than its module's.
pub(super) fn introduction(site: &Site<'_>, doc: &Doc) -> String {
    let links = |name: &str| site.address(None, name);
    free_form(doc, Links { marked: &links, words: &links }, &mut |out, heading| {
        out.push_str(&format!("<h2>{}</h2>\n", escape(&heading.text)));
    })
}

/// The title that a module's text gives it.
pub(super) fn module_title(site: &Site<'_>, module: ModuleId) -> Option<String> {
    let first = parts(site, module).into_iter().next()?;
    let Part::Text(doc) = first else { return None };
    markup::headings(&doc.body).next().map(|heading| heading.text)
}

/// What a module's page consists of.
enum Part<'s> {
    Entity(Entity<'s>),
    Text(&'s Doc),
}

/// Entities and free-form text in the order of the file.
fn parts<'s>(site: &Site<'s>, module: ModuleId) -> Vec<Part<'s>> {
    let schema = site.schema;
    let texts = schema.module(module).docs.iter().map(|doc| (doc.span.start, Part::Text(doc)));
    let mut parts: Vec<(u32, Part<'s>)> = texts.collect();
    parts.extend(site.entities(module).map(|entity| (entity.info().span.start, Part::Entity(entity))));
    parts.sort_by_key(|(start, _)| *start);
    parts.into_iter().map(|(_, part)| part).collect()
}

/// A module's page as it grows.
struct Flow<'a, 's> {
    site: &'a Site<'s>,
    module: ModuleId,
    /// Ids of headings.
    taken: HashSet<String>,
    title: Option<String>,
    body: String,
}

impl Flow<'_, '_> {
    fn text(&mut self, doc: &Doc) {
        let Self { site, module, taken, title, body } = self;
        let links = |name: &str| site.address(Some(*module), name);
        let text = free_form(doc, Links { marked: &links, words: &links }, &mut |out, Heading { level, text }| {
            if title.is_none() && body.is_empty() && out.is_empty() {
                *title = Some(text);
                return;
            }
            let id = slug(&text, taken);
            let tag = if level <= 2 { "h2" } else { "h3" };
            let anchor = address(&id);
            let text = escape(&text);
            out.push_str(&format!("<{tag} class=\"section\" id=\"{id}\"><a href=\"#{anchor}\">{text}</a></{tag}>\n"));
        });
        body.push_str(&text);
    }
}

fn free_form(doc: &Doc, links: Links<'_>, heading: &mut dyn FnMut(&mut String, Heading)) -> String {
    let mut out = markup::render_with(&doc.body, links, heading);
    for (tag, text) in &doc.sections {
        if tag.starts_with("Example") {
            out.push_str(&markup::example(text));
            continue;
        }
        if !tag.is_empty() {
            out.push_str(&format!("<p><strong>{}:</strong></p>\n", escape(tag)));
        }
        out.push_str(&markup::render(text, links));
    }
    out
}

/// An id for a heading. No entity's id starts like that.
fn slug(text: &str, taken: &mut HashSet<String>) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let base = format!("~{}", words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-"));
    let reserved = ["~", "~main", "~menu", "~search", "~results"];
    let mut id = base.clone();
    let mut number = 1;
    while reserved.contains(&id.as_str()) || !taken.insert(id.clone()) {
        number += 1;
        id = format!("{base}-{number}");
    }
    id
}

/// Links to the modules that a module includes.
fn includes(site: &Site<'_>, module: ModuleId) -> String {
    let included = site.schema.module(module).items.iter().filter_map(|item| match item {
        Item::Include(other) if *other != module => {
            let stem = escape(site.stem(*other));
            Some(format!("<a href=\"{stem}.html\">{stem}</a>"))
        }
        _ => None,
    });
    let mut seen = HashSet::new();
    let included: Vec<_> = included.filter(|link| seen.insert(link.clone())).collect();
    if included.is_empty() {
        return String::new();
    }
    format!("<p class=\"includes\">Includes {}.</p>\n", included.join(", "))
}

/// The list of a page's entities for its side.
fn contents(site: &Site<'_>, module: ModuleId) -> String {
    let mut out = String::from("<nav class=\"contents\" aria-label=\"On this page\">\n");
    for (title, kinds) in GROUPS {
        let mut names: Vec<_> = site.entities(module).filter(|entity| kinds.contains(&entity.kind())).collect();
        if names.is_empty() {
            continue;
        }
        names.sort_by_key(|entity| entity.info().name.to_ascii_lowercase());
        out.push_str(&format!("<h2>{title} <span class=\"count\">{}</span></h2>\n<ul>\n", names.len()));
        for entity in names {
            out.push_str(&format!("<li>{}</li>\n", entity_link(site, Some(module), entity)));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</nav>\n");
    out
}

/// A link to an entity in a list; what should not be used is struck out.
pub(super) fn entity_link(site: &Site<'_>, place: Place, entity: Entity<'_>) -> String {
    let name = &entity.info().name;
    let address = site.address(place, name).unwrap_or_default();
    let gone = if entity.has("deprecated") { " gone" } else { "" };
    format!("<a class=\"{}{gone}\" href=\"{}\">{}</a>", entity.kind(), escape(&address), escape(name))
}
