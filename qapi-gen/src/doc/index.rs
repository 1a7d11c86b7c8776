//! The page to start from: introduction, modules, every command, event and type.

use super::html::escape;
use super::markup;
use super::page::{self, GROUPS, entity_link};
use super::site::{Entity, Site};
use crate::ir::{Feature, ModuleId, TypeKind};

/// The page `index.html`.
pub(super) fn page(site: &Site<'_>) -> String {
    let name = page::site_name(site);
    let mut main = format!("<h1>Reference of <code>{}</code></h1>\n", escape(name));
    counts(site, &mut main);
    introduction(site, &mut main);
    modules(site, &mut main);
    for (title, kinds) in GROUPS {
        let entities = site.all().filter(|entity| kinds.contains(&entity.kind()));
        list(site, title, &title.to_lowercase(), entities.collect(), &mut main);
    }
    attention(site, "Deprecated", "deprecated", &mut main);
    attention(site, "Unstable", "unstable", &mut main);
    page::frame(site, None, &format!("{name} reference"), &main, &contents(&main))
}

fn counts(site: &Site<'_>, out: &mut String) {
    let count = |kinds: &[&str]| {
        let own = site.all().filter(|entity| entity.info().module.0 != 0);
        own.filter(|entity| kinds.contains(&entity.kind())).count()
    };
    out.push_str("<p class=\"counts\">");
    let shown = [
        ("commands", count(&["command"])),
        ("events", count(&["event"])),
        ("types", count(&["struct", "union", "alternate", "enum"])),
        ("modules", page::listed(site).iter().filter(|module| module.0 != 0).count()),
    ];
    for (word, number) in shown {
        if number > 0 {
            out.push_str(&format!("<a href=\"#~{word}\"><strong>{number}</strong> {word}</a> "));
        }
    }
    out.push_str("</p>\n");
}

/// The root file's text up to its first definition.
fn introduction(site: &Site<'_>, out: &mut String) {
    let Some(root) = site.schema.modules.get(1) else { return };
    let first = site.entities(ModuleId(1)).map(|entity| entity.info().span.start).min().unwrap_or(u32::MAX);
    for doc in root.docs.iter().filter(|doc| doc.span.start < first) {
        out.push_str(&page::introduction(site, doc));
    }
}

fn modules(site: &Site<'_>, out: &mut String) {
    out.push_str(
        "<h2 id=\"~modules\">Modules</h2>\n<div class=\"scroll\"><table class=\"modules\">\n\
         <thead><tr><th scope=\"col\">Module</th><th scope=\"col\">About</th>",
    );
    for (title, _) in GROUPS {
        out.push_str(&format!("<th scope=\"col\" class=\"number\">{title}</th>"));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for module in page::listed(site) {
        let stem = escape(site.stem(module));
        let title = if module.0 == 0 { Some("Built-in types".to_owned()) } else { page::module_title(site, module) };
        out.push_str(&format!(
            "<tr><td><a href=\"{stem}.html\">{stem}</a></td><td>{}</td>",
            escape(&title.unwrap_or_default())
        ));
        for (_, kinds) in GROUPS {
            let count = site.entities(module).filter(|entity| kinds.contains(&entity.kind())).count();
            let shown = if count == 0 { String::new() } else { count.to_string() };
            out.push_str(&format!("<td class=\"number\">{shown}</td>"));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

fn list(site: &Site<'_>, title: &str, id: &str, mut entities: Vec<Entity<'_>>, out: &mut String) {
    if entities.is_empty() {
        return;
    }
    entities.sort_by_key(|entity| entity.info().name.to_ascii_lowercase());
    out.push_str(&format!(
        "<h2 id=\"~{id}\">{title} <span class=\"count\">{}</span></h2>\n<ul class=\"names\">\n",
        entities.len()
    ));
    for entity in entities {
        out.push_str(&format!("<li>{}</li>\n", entity_link(site, None, entity)));
    }
    out.push_str("</ul>\n");
}

/// Everything that carries one of the special features, parts of entities too.
fn attention(site: &Site<'_>, title: &str, feature: &str, out: &mut String) {
    let mut rows = String::new();
    for entity in site.all() {
        let name = &entity.info().name;
        let parts: Vec<_> = parts_with(site, entity, feature);
        let whole = entity.has(feature);
        if !whole && parts.is_empty() {
            continue;
        }
        let base = site.address(None, name).unwrap_or_default();
        rows.push_str(&format!("<li><a class=\"{}\" href=\"{}\">{}</a>", entity.kind(), escape(&base), escape(name)));
        for (nth, part) in parts.iter().enumerate() {
            let before = if nth == 0 { ": " } else { ", " };
            let anchor = super::html::address(&format!(".{part}"));
            rows.push_str(&format!(
                "{before}<a href=\"{}{}\"><code>{}</code></a>",
                escape(&base),
                escape(&anchor),
                escape(part)
            ));
        }
        if let Some((_, text)) = entity.doc().and_then(|doc| doc.features.iter().find(|(name, _)| name == feature)) {
            let text = markup::summary(text);
            rows.push_str(&format!(" <span class=\"about\">{}</span>", escape(&text)));
        }
        rows.push_str("</li>\n");
    }
    if !rows.is_empty() {
        out.push_str(&format!(
            "<h2 id=\"~{}\">{title}</h2>\n<ul class=\"attention\">\n{rows}</ul>\n",
            title.to_lowercase()
        ));
    }
}

/// Names of the entity's own members or values with a feature.
fn parts_with<'s>(site: &Site<'s>, entity: Entity<'s>, feature: &str) -> Vec<&'s str> {
    let carries = |features: &[Feature]| features.iter().any(|own| own.name == feature);
    let object = |id| match &site.schema.ty(id).kind {
        TypeKind::Object(object) if site.address(None, &site.schema.ty(id).info.name).is_none() => Some(object),
        _ => None,
    };
    let members = match entity {
        Entity::Type(_, ty) => match &ty.kind {
            TypeKind::Enum(data) => {
                let values = data.values.iter().filter(|value| carries(&value.features));
                return values.map(|value| value.name.as_str()).collect();
            }
            TypeKind::Object(object) => Some(object),
            _ => None,
        },
        Entity::Command(command) => command.arg.and_then(object),
        Entity::Event(event) => event.arg.and_then(object),
    };
    let base = members.and_then(|object| object.base).and_then(object);
    let own = members.into_iter().chain(base).flat_map(|object| &object.local);
    own.filter(|member| carries(&member.features)).map(|member| member.name.as_str()).collect()
}

/// The list of the page's headings for its side.
fn contents(main: &str) -> String {
    let mut out = String::from("<nav class=\"contents\" aria-label=\"On this page\">\n<h2>On this page</h2>\n<ul>\n");
    for title in ["Modules", "Commands", "Events", "Types", "Deprecated", "Unstable"] {
        let id = title.to_lowercase();
        if main.contains(&format!("<h2 id=\"~{id}\">")) {
            out.push_str(&format!("<li><a href=\"#~{id}\">{title}</a></li>\n"));
        }
    }
    out.push_str("</ul>\n</nav>\n");
    out
}
