//! One entity on its module's page.

use super::html::{address, escape};
use super::markup::{self, Links};
use super::names::{self, type_link};
use super::parts::marks;
use super::site::{Entity, Place, Site};
use super::uses::Role;
use crate::ir::{Command, Doc, Object, ObjectMeta, TypeId, TypeKind};

/// Writes one entity.
pub(super) struct Writer<'a, 's> {
    pub(super) site: &'a Site<'s>,
    pub(super) entity: Entity<'s>,
    pub(super) out: &'a mut String,
}

/// Lists of users longer than this are folded.
const FOLD: usize = 12;

/// Adds the description of `entity` to its module's page.
pub(super) fn write(site: &Site<'_>, entity: Entity<'_>, out: &mut String) {
    Writer { site, entity, out }.entity();
}

impl<'s> Writer<'_, 's> {
    fn entity(&mut self) {
        let name = &self.entity.info().name;
        self.out.push_str(&format!("<article class=\"entity\" id=\"{}\">\n", escape(name)));
        self.head();
        self.warnings();
        let doc = self.entity.doc();
        if let Some(doc) = doc {
            let body = self.rendered(&doc.body);
            self.out.push_str(&body);
        }
        self.content();
        if let Entity::Command(command) = self.entity {
            self.reply(command, doc);
        }
        if let Some(doc) = doc {
            self.sections(doc);
            self.features(doc);
        }
        self.used_by();
        self.out.push_str("</article>\n");
    }

    /// The page that everything here stands on.
    pub(super) fn place(&self) -> Place {
        Some(self.entity.info().module)
    }

    /// Documentation text as HTML.
    pub(super) fn rendered(&self, text: &str) -> String {
        let marked = |name: &str| self.site.name_in(self.entity, name);
        let own = &self.entity.info().name;
        let words = |word: &str| self.site.address(self.place(), word).filter(|_| word != own);
        markup::render(text, Links { marked: &marked, words: &words })
    }

    fn head(&mut self) {
        let info = self.entity.info();
        let kind = self.entity.kind();
        self.out.push_str(&format!(
            "<header>\n<h3><a href=\"#{}\">{}</a></h3>\n<p class=\"marks\"><span class=\"kind {kind}\">{kind}</span>",
            escape(&address(&info.name)),
            escape(&info.name)
        ));
        if let Some(since) = self.since() {
            self.out.push_str(&format!(" <span class=\"mark since\">since {}</span>", escape(&since)));
        }
        self.out.push_str(&marks(false, &info.cond, &info.features));
        if let Entity::Command(command) = self.entity {
            self.flags(command);
        }
        if info.module.0 != 0 {
            let location = self.site.sources.locate(info.span);
            let file = location.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            self.out.push_str(&format!(" <span class=\"source\">{}:{}</span>", escape(&file), location.line));
        }
        self.out.push_str("</p>\n</header>\n");
    }

    fn flags(&mut self, command: &Command) {
        let flags = [
            (command.allow_oob, "out of band", "May be executed out of band, before commands that were sent earlier."),
            (command.allow_preconfig, "preconfig", "May be executed before the machine is created."),
            (command.coroutine, "coroutine", "The handler runs in a coroutine."),
            (
                !command.success_response,
                "no success reply",
                "Nothing is sent when it succeeds; only errors are answered.",
            ),
            (!command.generated, "raw arguments", "The server does not check the arguments against the schema."),
        ];
        for (_, flag, meaning) in flags.iter().filter(|(set, ..)| *set) {
            self.out.push_str(&format!(" <span class=\"mark flag\" title=\"{meaning}\">{flag}</span>"));
        }
    }

    /// The version that a short `Since` section names.
    fn since(&self) -> Option<String> {
        let sections = &self.entity.doc()?.sections;
        let (_, text) = sections.iter().find(|(tag, _)| tag == "Since")?;
        is_short(text).then(|| text.trim().to_owned())
    }

    /// What one should know before reading on.
    fn warnings(&mut self) {
        let kinds = [
            ("deprecated", "warning", "Deprecated", "May be removed; do not use it in new code."),
            ("unstable", "info", "Unstable", "May change or go away without notice."),
        ];
        for (feature, class, title, otherwise) in kinds {
            if !self.entity.has(feature) {
                continue;
            }
            let described = self.entity.doc().and_then(|doc| doc.features.iter().find(|(name, _)| name == feature));
            let text = described.map_or_else(|| format!("<p>{otherwise}</p>\n"), |(_, text)| self.rendered(text));
            self.out
                .push_str(&format!("<div class=\"note {class}\">\n<p class=\"caption\">{title}</p>\n{text}</div>\n"));
        }
    }

    fn content(&mut self) {
        match self.entity {
            Entity::Type(_, ty) => match &ty.kind {
                TypeKind::Builtin(builtin) => {
                    let (json, text) = names::builtin(*builtin);
                    self.out.push_str(&format!("<p>{text} In introspection: <code>{json}</code>.</p>\n"));
                }
                TypeKind::Enum(data) => self.values(&data.values),
                TypeKind::Alternate(data) => self.alternatives(&data.branches),
                TypeKind::Object(object) => self.object("Members", object),
                TypeKind::Array(_) => {}
            },
            Entity::Command(command) => self.arguments("Arguments", command.arg),
            Entity::Event(event) => self.arguments("Data", event.arg),
        }
    }

    fn object(&mut self, title: &str, object: &Object) {
        self.members(title, object);
        if let Some(variants) = &object.variants {
            self.branches(object, variants);
        }
    }

    fn arguments(&mut self, title: &str, arg: Option<TypeId>) {
        let Some(id) = arg else { return };
        let TypeKind::Object(object) = &self.site.schema.ty(id).kind else { return };
        if object.meta == ObjectMeta::Implicit {
            return self.object(title, object);
        }
        let ty = type_link(self.site, self.place(), id);
        self.members(&format!("{title}: <code>{ty}</code>"), object);
        if object.members.is_empty() {
            self.out.push_str(&format!("<h4>{title}</h4>\n<p><code>{ty}</code></p>\n"));
        }
        if let Some(tag) = object.variants.as_ref().and_then(|variants| object.members.get(variants.tag)) {
            self.out.push_str(&format!(
                "<p class=\"more\">Further members depend on <code>{}</code>: see the branches of \
                 <code>{ty}</code>.</p>\n",
                escape(&tag.name)
            ));
        }
    }

    fn reply(&mut self, command: &Command, doc: Option<&Doc>) {
        let text = doc.and_then(|doc| doc.sections.iter().find(|(tag, _)| tag == "Returns"));
        if command.ret.is_none() && text.is_none() {
            return;
        }
        self.out.push_str("<h4>Returns");
        if let Some(ret) = command.ret {
            let ty = type_link(self.site, self.place(), ret);
            self.out.push_str(&format!(": <code>{ty}</code>"));
        }
        self.out.push_str("</h4>\n");
        if let Some((_, text)) = text {
            let text = self.rendered(text);
            self.out.push_str(&text);
        }
    }

    /// What stands behind the members, in the order of the comment.
    fn sections(&mut self, doc: &Doc) {
        for (tag, text) in &doc.sections {
            match tag.as_str() {
                "Returns" if matches!(self.entity, Entity::Command(_)) => {}
                "Since" if is_short(text) => {}
                // Notes of the schema's authors to themselves.
                "TODO" => {}
                "" => {
                    let text = self.rendered(text);
                    self.out.push_str(&text);
                }
                "Note" | "Notes" => {
                    let text = self.rendered(text);
                    self.out.push_str(&format!(
                        "<div class=\"note info\">\n<p class=\"caption\">{tag}</p>\n{text}</div>\n"
                    ));
                }
                "Example" | "Examples" => {
                    let text = markup::example(text);
                    self.out
                        .push_str(&format!("<div class=\"example\">\n<p class=\"caption\">{tag}</p>\n{text}</div>\n"));
                }
                _ => {
                    let text = self.rendered(text);
                    self.out.push_str(&format!("<h4>{}</h4>\n{text}", escape(tag)));
                }
            }
        }
    }

    /// Features, but for those that were warned of above.
    fn features(&mut self, doc: &Doc) {
        let told = |name: &str| matches!(name, "deprecated" | "unstable") && self.entity.has(name);
        let rest: Vec<_> = doc.features.iter().filter(|(name, _)| !told(name)).collect();
        if rest.is_empty() {
            return;
        }
        self.out.push_str("<h4>Features</h4>\n<dl class=\"features\">\n");
        for (name, text) in rest {
            let text = self.rendered(text);
            self.out.push_str(&format!("<dt><code>{}</code></dt>\n<dd>{text}</dd>\n", escape(name)));
        }
        self.out.push_str("</dl>\n");
    }

    fn used_by(&mut self) {
        let Entity::Type(id, _) = self.entity else { return };
        let uses = self.site.uses.get(id.0 as usize).map(Vec::as_slice).unwrap_or_default();
        if uses.is_empty() {
            return;
        }
        let folded = uses.len() > FOLD;
        if folded {
            self.out.push_str(&format!("<details class=\"uses\"><summary>Used in {} places</summary>\n", uses.len()));
        } else {
            self.out.push_str("<div class=\"uses\">\n");
        }
        self.out.push_str("<dl>\n");
        for (role, title) in Role::ALL {
            let users: Vec<_> = uses.iter().filter(|used| used.role == role).map(|used| self.user(used.by)).collect();
            if !users.is_empty() {
                self.out.push_str(&format!("<dt>{title}</dt>\n<dd>{}</dd>\n", users.join(", ")));
            }
        }
        self.out.push_str("</dl>\n");
        self.out.push_str(if folded { "</details>\n" } else { "</div>\n" });
    }

    fn user(&self, name: &'s str) -> String {
        let text = escape(name);
        match self.site.address(self.place(), name) {
            Some(address) => format!("<a href=\"{}\"><code>{text}</code></a>", escape(&address)),
            None => format!("<code>{text}</code>"),
        }
    }
}

/// True if a `Since` section fits into a mark.
fn is_short(text: &str) -> bool {
    text.len() <= 24 && !text.contains('\n') && !text.contains(['`', '@', '*'])
}
