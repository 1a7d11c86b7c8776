//! Tables of what an entity consists of: members, values, branches.

use super::entity::Writer;
use super::html::{address, escape};
use super::markup;
use super::names::{condition, type_link};
use crate::ir::{Cond, EnumValue, Feature, Member, Object, ObjectMeta, TypeId, TypeKind, Variants};

/// Marks of a part: optional, conditional, features.
pub(super) fn marks(optional: bool, cond: &Cond, features: &[Feature]) -> String {
    let mut out = String::new();
    if optional {
        out.push_str(" <span class=\"mark optional\">optional</span>");
    }
    for feature in features {
        out.push(' ');
        out.push_str(&feature_mark(feature));
    }
    if let Some(text) = condition(cond) {
        out.push_str(&format!(" <span class=\"mark if\">if {}</span>", escape(&text)));
    }
    out
}

fn feature_mark(feature: &Feature) -> String {
    let class = match feature.name.as_str() {
        name @ ("deprecated" | "unstable") => name,
        _ => "feature",
    };
    let when = condition(&feature.cond).map(|text| format!(" if {text}")).unwrap_or_default();
    format!("<span class=\"mark {class}\">{}{}</span>", escape(&feature.name), escape(&when))
}

/// Splits `(since 1.2)` off the end of a text.
pub(super) fn split_since(text: &str) -> (&str, Option<&str>) {
    let end = text.trim_end().trim_end_matches('.');
    let found = end.strip_suffix(')').and_then(|inner| {
        let (before, note) = inner.rsplit_once('(')?;
        let (word, version) = note.split_once(char::is_whitespace)?;
        let version = version.trim();
        let dotted = version.starts_with(|c: char| c.is_ascii_digit())
            && version.chars().all(|c| c.is_ascii_digit() || c == '.');
        (word.trim_end_matches(':').eq_ignore_ascii_case("since") && dotted).then_some((before.trim_end(), version))
    });
    match found {
        Some((before, version)) => (before, Some(version)),
        None => (text, None),
    }
}

impl Writer<'_, '_> {
    /// The members of an object that an entity shows as its own.
    pub(super) fn members(&mut self, title: &str, object: &Object) {
        if object.members.is_empty() {
            return;
        }
        self.open_table(title, &["Name", "Type", "Description"]);
        let inherited = object.members.len() - object.local.len();
        for (at, member) in object.members.iter().enumerate() {
            let from = if at < inherited { object.base } else { None };
            self.member(member, from);
        }
        self.close_table();
    }

    fn member(&mut self, member: &Member, from: Option<TypeId>) {
        let doc =
            self.row(&member.name, '.', &marks(member.optional, &member.cond, &member.features), member.doc.as_deref());
        let ty = type_link(self.site, self.place(), member.ty);
        self.out.push_str(&format!("<td class=\"type\"><code>{ty}</code></td>\n<td>"));
        self.part_text(doc);
        if let Some(base) = from.filter(|base| !self.is_implicit(*base)) {
            let base = type_link(self.site, self.place(), base);
            self.out.push_str(&format!("<p class=\"origin\">from <code>{base}</code></p>"));
        }
        self.out.push_str("</td></tr>\n");
    }

    /// The branches of an alternate.
    pub(super) fn alternatives(&mut self, branches: &[Member]) {
        self.open_table("Alternatives", &["Name", "Type", "Description"]);
        branches.iter().for_each(|branch| self.member(branch, None));
        self.close_table();
    }

    /// The values of an enumeration.
    pub(super) fn values(&mut self, values: &[EnumValue]) {
        if values.is_empty() {
            return;
        }
        self.open_table("Values", &["Value", "Description"]);
        for value in values {
            let doc = self.row(&value.name, '.', &marks(false, &value.cond, &value.features), value.doc.as_deref());
            self.out.push_str("<td>");
            self.part_text(doc);
            self.out.push_str("</td></tr>\n");
        }
        self.close_table();
    }

    /// The branches of a union.
    pub(super) fn branches(&mut self, object: &Object, variants: &Variants) {
        let Some(tag) = object.members.get(variants.tag) else { return };
        let mut title = format!("Branches by <code>{}</code>", escape(&tag.name));
        let (explicit, bare): (Vec<_>, Vec<_>) = variants.branches.iter().partition(|branch| branch.explicit);
        if explicit.is_empty() {
            title.push_str(": none has members");
        }
        self.open_table(&title, &["Value", "Further members", "Description"]);
        for branch in explicit.into_iter().chain(bare) {
            let value = self.tag_value(tag.ty, &branch.name).or_else(|| {
                let body = &self.site.schema.ty(branch.ty).info.doc.as_ref()?.body;
                Some(markup::summary(body)).filter(|text| !text.is_empty())
            });
            let doc = self.row(&branch.name, ':', &marks(false, &branch.cond, &[]), value.as_deref());
            self.out.push_str("<td class=\"type\">");
            self.branch_members(branch.ty);
            self.out.push_str("</td>\n<td>");
            self.part_text(doc);
            self.out.push_str("</td></tr>\n");
        }
        self.close_table();
    }

    /// What a branch adds: a named type, or the only member of a simple union's wrapper.
    fn branch_members(&mut self, id: TypeId) {
        let schema = self.site.schema;
        match &schema.ty(id).kind {
            TypeKind::Object(object) if object.meta == ObjectMeta::Implicit => {
                if object.members.is_empty() {
                    self.out.push_str("<span class=\"none\">none</span>");
                }
                for member in &object.members {
                    let ty = type_link(self.site, self.place(), member.ty);
                    self.out.push_str(&format!("<code>{}: {ty}</code> ", escape(&member.name)));
                }
            }
            _ => {
                let ty = type_link(self.site, self.place(), id);
                self.out.push_str(&format!("<code>{ty}</code>"));
            }
        }
    }

    /// What the tag's enumeration says of a value.
    fn tag_value(&self, tag: TypeId, name: &str) -> Option<String> {
        let TypeKind::Enum(data) = &self.site.schema.ty(tag).kind else { return None };
        data.values.iter().find(|value| value.name == name)?.doc.clone()
    }

    fn is_implicit(&self, id: TypeId) -> bool {
        matches!(&self.site.schema.ty(id).kind, TypeKind::Object(object) if object.meta == ObjectMeta::Implicit)
    }

    /// Begins a row with the cell that names it. Returns the rest of its text: the version since
    /// when it exists becomes a mark.
    fn row<'d>(&mut self, name: &str, separator: char, marks: &str, doc: Option<&'d str>) -> Option<&'d str> {
        let anchor = format!("{}{separator}{name}", self.entity.info().name);
        let (doc, since) = doc.map_or((None, None), |doc| {
            let (text, since) = split_since(doc);
            (Some(text), since)
        });
        self.out.push_str(&format!(
            "<tr id=\"{}\"><td class=\"name\"><a href=\"#{}\"><code>{}</code></a>{marks}",
            escape(&anchor),
            escape(&address(&anchor)),
            escape(name)
        ));
        if let Some(version) = since {
            self.out.push_str(&format!(" <span class=\"mark since\">since {}</span>", escape(version)));
        }
        self.out.push_str("</td>\n");
        doc
    }

    fn part_text(&mut self, doc: Option<&str>) {
        match doc.filter(|doc| !doc.eq_ignore_ascii_case("not documented")) {
            None => self.out.push_str("<span class=\"none\">Not documented.</span>"),
            Some(text) => {
                let text = self.rendered(text);
                self.out.push_str(&text);
            }
        }
    }

    fn open_table(&mut self, title: &str, columns: &[&str]) {
        self.out.push_str(&format!("<h4>{title}</h4>\n<table class=\"parts\">\n<thead><tr>"));
        columns.iter().for_each(|column| self.out.push_str(&format!("<th scope=\"col\">{column}</th>")));
        self.out.push_str("</tr></thead>\n<tbody>\n");
    }

    fn close_table(&mut self) {
        self.out.push_str("</tbody>\n</table>\n");
    }
}
