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

/// Splits `(since 1.2)` off the end of a text, which may say no more than `Since 1.2`.
fn split_since(text: &str) -> (&str, Option<&str>) {
    let end = text.trim_end().trim_end_matches('.');
    let (before, note) = match end.strip_suffix(')') {
        Some(inner) => inner.rsplit_once('(').unwrap_or((text, "")),
        None => ("", end),
    };
    let (word, version) = note.split_once(char::is_whitespace).unwrap_or((note, ""));
    let version = version.trim();
    let dotted =
        version.starts_with(|c: char| c.is_ascii_digit()) && version.chars().all(|c| c.is_ascii_digit() || c == '.');
    if word.trim_end_matches(':').eq_ignore_ascii_case("since") && dotted {
        (before.trim_end(), Some(version))
    } else {
        (text, None)
    }
}

/// The text of a part, and the version since when it exists.
fn split(doc: Option<&str>) -> (Option<&str>, Option<&str>) {
    let Some(doc) = doc else { return (None, None) };
    let (text, since) = split_since(doc);
    (Some(text), since)
}

impl<'s> Writer<'_, 's> {
    /// The members of an object that an entity shows as its own.
    pub(super) fn members(&mut self, title: &str, object: &Object) {
        if object.members.is_empty() {
            return;
        }
        self.open_table(title, &["Name", "Type", "Description"]);
        let inherited = object.members.len().saturating_sub(object.local.len());
        // Members of an inline base are the union's own as readers see it.
        let base = object.base.filter(|base| inherited > 0 && !self.is_implicit(*base));
        if let Some(base) = base {
            let base = type_link(self.site, self.place(), base);
            self.group(&format!("From <code>{base}</code>"));
        }
        for (at, member) in object.members.iter().enumerate() {
            if base.is_some() && at == inherited {
                self.group("Its own");
            }
            self.member(member);
        }
        self.close_table();
    }

    /// A row that says what the rows below have in common.
    fn group(&mut self, title: &str) {
        self.out.push_str(&format!("<tr class=\"group\"><td colspan=\"3\">{title}</td></tr>\n"));
    }

    fn member(&mut self, member: &Member) {
        let (text, since) = split(member.doc.as_deref());
        self.row(&member.name, '.', &marks(member.optional, &member.cond, &member.features), since);
        let ty = type_link(self.site, self.place(), member.ty);
        self.out.push_str(&format!("<td class=\"type\"><code>{ty}</code></td>\n<td>"));
        self.part_text(text);
        self.out.push_str("</td></tr>\n");
    }

    /// The branches of an alternate.
    pub(super) fn alternatives(&mut self, branches: &[Member]) {
        self.open_table("Alternatives", &["Name", "Type", "Description"]);
        branches.iter().for_each(|branch| self.member(branch));
        self.close_table();
    }

    /// The values of an enumeration.
    pub(super) fn values(&mut self, values: &[EnumValue]) {
        if values.is_empty() {
            return;
        }
        self.open_table("Values", &["Value", "Description"]);
        for value in values {
            let (text, since) = split(value.doc.as_deref());
            self.row(&value.name, '.', &marks(false, &value.cond, &value.features), since);
            self.out.push_str("<td>");
            self.part_text(text);
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
            let value = self.tag_value(tag.ty, &branch.name);
            let (text, since) = split(value);
            // Where nothing is said of the value, its type tells what it is for.
            let lead = text.filter(|text| !text.is_empty()).is_none().then(|| self.lead(branch.ty)).flatten();
            self.row(&branch.name, ':', &marks(false, &branch.cond, &[]), since);
            self.out.push_str("<td class=\"type\">");
            self.branch_members(branch.ty);
            self.out.push_str("</td>\n<td>");
            self.part_text(lead.as_deref().or(text));
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
    fn tag_value(&self, tag: TypeId, name: &str) -> Option<&'s str> {
        let TypeKind::Enum(data) = &self.site.schema.ty(tag).kind else { return None };
        data.values.iter().find(|value| value.name == name)?.doc.as_deref()
    }

    /// The first paragraph on a type.
    fn lead(&self, id: TypeId) -> Option<String> {
        let body = &self.site.schema.ty(id).info.doc.as_ref()?.body;
        Some(markup::lead(body)).filter(|text| !text.is_empty())
    }

    fn is_implicit(&self, id: TypeId) -> bool {
        matches!(&self.site.schema.ty(id).kind, TypeKind::Object(object) if object.meta == ObjectMeta::Implicit)
    }

    /// Begins a row with the cell that names it.
    fn row(&mut self, name: &str, separator: char, marks: &str, since: Option<&str>) {
        let anchor = format!("{}{separator}{name}", self.entity.info().name);
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

#[cfg(test)]
mod tests {
    use super::split_since;

    #[test]
    fn versions_are_split_off() {
        for (text, wanted) in [
            ("a text (since 1.2)", ("a text", Some("1.2"))),
            ("a text (Since: 10.0).", ("a text", Some("10.0"))),
            ("Since 3.0", ("", Some("3.0"))),
            ("since 2.1.", ("", Some("2.1"))),
            ("(since 2.1)", ("", Some("2.1"))),
            ("a text since 1.2", ("a text since 1.2", None)),
            ("a text (since 1.2) and more", ("a text (since 1.2) and more", None)),
            ("a text (default: on)", ("a text (default: on)", None)),
            ("odd)", ("odd)", None)),
            ("", ("", None)),
        ] {
            assert_eq!(split_since(text), wanted, "{text}");
        }
    }
}
