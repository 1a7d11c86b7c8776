//! Compares two types that hold the same place.

use std::collections::{BTreeSet, HashMap};

use super::Usage;
use super::compare::{Comparer, Side, Site, type_subject};
use super::rules::Change;
use super::scalars::{Json, json, values};
use crate::export::declarer;
use crate::ir::{Alternate, Enum, Member, Object, TypeId, TypeKind};

/// A member, and the type in which it is written.
#[derive(Clone, Copy)]
struct Part<'a> {
    member: &'a Member,
    owner: TypeId,
}

/// Values of a tag in order, with their type; `None` for a branch without members.
type Cases<'a> = Vec<(&'a str, Option<TypeId>)>;

/// What an object has: members, and more of them by the value of its tag.
#[derive(Clone, Default)]
struct View<'a> {
    members: Vec<Part<'a>>,
    tag: Option<&'a str>,
    cases: Cases<'a>,
}

impl<'a> View<'a> {
    fn new(side: Side<'a>, id: TypeId) -> Self {
        let TypeKind::Object(object) = &side.schema.ty(id).kind else {
            return Self::default();
        };
        let kept = object.members.iter().enumerate().filter(|(_, member)| side.holds(&member.cond));
        let members = kept.map(|(index, member)| Part { member, owner: declarer(side.schema, id, index) }).collect();
        let (tag, cases) = cases(side, object).unzip();
        Self { members, tag, cases: cases.unwrap_or_default() }
    }

    fn get(&self, name: &str) -> Option<Part<'a>> {
        self.members.iter().find(|part| part.member.name == name).copied()
    }

    fn case(&self, name: &str) -> Option<Option<TypeId>> {
        self.cases.iter().find(|(case, _)| *case == name).map(|(_, ty)| *ty)
    }
}

/// The tag of a union and its values with their branches; `None` for other objects.
fn cases<'a>(side: Side<'a>, object: &'a Object) -> Option<(&'a str, Cases<'a>)> {
    let variants = object.variants.as_ref()?;
    let tag = object.members.get(variants.tag)?;
    let TypeKind::Enum(tag_type) = &side.schema.ty(tag.ty).kind else {
        return None;
    };
    let branch = |name: &str| {
        let branch = variants.branches.iter().find(|branch| branch.name == name)?;
        let empty = match &side.schema.ty(branch.ty).kind {
            TypeKind::Object(object) => object.members.is_empty(),
            _ => false,
        };
        (side.holds(&branch.cond) && !empty).then_some(branch.ty)
    };
    let kept = tag_type.values.iter().filter(|value| side.holds(&value.cond));
    Some((&tag.name, kept.map(|value| (value.name.as_str(), branch(&value.name))).collect()))
}

impl<'a> Comparer<'a> {
    /// Compares two types of one kind; `site` is in the first of them that has a name.
    pub(super) fn compare(&mut self, site: &Site, old: TypeId, new: TypeId) {
        let (old_type, new_type) = (self.old.schema.ty(old), self.new.schema.ty(new));
        self.features(site, "", &old_type.info.features, &new_type.info.features);
        match (&old_type.kind, &new_type.kind) {
            (TypeKind::Enum(old), TypeKind::Enum(new)) => self.enums(site, old, new),
            (TypeKind::Alternate(old), TypeKind::Alternate(new)) => self.alternates(site, old, new),
            (TypeKind::Object(_), TypeKind::Object(_)) => {
                let views = (View::new(self.old, old), View::new(self.new, new));
                self.views(site, &views.0, &views.1);
            }
            _ => {}
        }
    }

    /// Compares the types of a part called `what`.
    pub(super) fn type_at(&mut self, site: &Site, what: &str, old: TypeId, new: TypeId) {
        let (old_kind, new_kind) = (&self.old.schema.ty(old).kind, &self.new.schema.ty(new).kind);
        if let (TypeKind::Array(old), TypeKind::Array(new)) = (old_kind, new_kind) {
            return self.type_at(site, what, *old, *new);
        }
        let names = (self.old.name(old), self.new.name(new));
        let visible = |name: &str| !name.starts_with("q_");
        if names.0 != names.1 && (visible(names.0) || visible(names.1)) {
            let compared = values((self.old.schema, old), (self.new.schema, new));
            let inside = compared.keeps && compared.adds_none && !matches!(new_kind, TypeKind::Builtin(_));
            let change = if inside { Change::Invisible } else { Change::Type(compared) };
            let text = format!("{what}: type is {} now, was {}", shown(self.new, new), shown(self.old, old));
            self.say(site, change, text);
        }
        match (old_kind, new_kind) {
            (TypeKind::Alternate(_), TypeKind::Alternate(_))
            | (TypeKind::Enum(_), TypeKind::Enum(_))
            | (TypeKind::Object(_), TypeKind::Object(_)) => self.push(site, old, new),
            (TypeKind::Alternate(alternate), kind) => {
                if let Some(branch) = alternative(self.old, alternate, json(kind)) {
                    self.inside(site, branch, new);
                }
            }
            (kind, TypeKind::Alternate(alternate)) => {
                if let Some(branch) = alternative(self.new, alternate, json(kind)) {
                    self.inside(site, old, branch);
                }
            }
            _ => {}
        }
    }

    /// Compares a type with the branch of an alternate that takes its place, if both have an inside.
    fn inside(&mut self, site: &Site, old: TypeId, new: TypeId) {
        let kinds = (&self.old.schema.ty(old).kind, &self.new.schema.ty(new).kind);
        match kinds {
            (TypeKind::Array(old), TypeKind::Array(new)) => self.type_at(site, "elements", *old, *new),
            (TypeKind::Enum(_), TypeKind::Enum(_)) | (TypeKind::Object(_), TypeKind::Object(_)) => {
                self.push(site, old, new);
            }
            _ => {}
        }
    }

    fn enums(&mut self, site: &Site, old: &'a Enum, new: &'a Enum) {
        let (old_side, new_side) = (self.old, self.new);
        let old: Vec<_> = old.values.iter().filter(|value| old_side.holds(&value.cond)).collect();
        let new: Vec<_> = new.values.iter().filter(|value| new_side.holds(&value.cond)).collect();
        let known: HashMap<&str, _> = old.iter().map(|value| (value.name.as_str(), *value)).collect();
        for value in &new {
            let what = format!("value '{}'", value.name);
            match known.get(value.name.as_str()) {
                Some(old) => {
                    let site = site.at(Some(old.span), Some(value.span));
                    self.features(&site, &format!("{what}: "), &old.features, &value.features);
                }
                None => self.say(&site.at(site.old, Some(value.span)), Change::ValueAdded, format!("{what} is new")),
            }
        }
        let kept: BTreeSet<&str> = new.iter().map(|value| value.name.as_str()).collect();
        for value in old.iter().filter(|value| !kept.contains(value.name.as_str())) {
            let site = site.at(Some(value.span), site.new);
            let announced = self.announced(&value.features);
            self.say(&site, Change::ValueRemoved, format!("value '{}' is gone{announced}", value.name));
        }
    }

    /// Compares alternates by the JSON types that they take; names of branches do not matter.
    fn alternates(&mut self, site: &Site, old: &'a Alternate, new: &'a Alternate) {
        let (old_side, new_side) = (self.old, self.new);
        for branch in new.branches.iter().filter(|branch| new_side.holds(&branch.cond)) {
            let kind = json(&new_side.schema.ty(branch.ty).kind);
            let what = format!("branch '{}'", branch.name);
            match alternative(old_side, old, kind) {
                Some(old) => self.type_at(&site.at(site.old, Some(branch.span)), &what, old, branch.ty),
                None => {
                    let site = site.at(site.old, Some(branch.span));
                    self.say(&site, Change::AlternativeAdded, format!("{what} is new"));
                }
            }
        }
        for branch in old.branches.iter().filter(|branch| old_side.holds(&branch.cond)) {
            let kind = json(&old_side.schema.ty(branch.ty).kind);
            if alternative(new_side, new, kind).is_none() {
                let site = site.at(Some(branch.span), site.new);
                self.say(&site, Change::AlternativeRemoved, format!("branch '{}' is gone", branch.name));
            }
        }
    }

    fn views(&mut self, site: &Site, old: &View<'a>, new: &View<'a>) {
        if let (Some(was), Some(is)) = (old.tag, new.tag)
            && was != is
        {
            return self.say(site, Change::Tag, format!("discriminator is '{is}' now, was '{was}'"));
        }
        // A member that stands in all branches may as well stand beside them.
        let moved = |name: &str, side: Side<'a>, view: &View<'a>| {
            let mut branches = view.cases.iter().filter_map(|(_, ty)| *ty);
            branches.any(|ty| View::new(side, ty).get(name).is_some())
        };
        let (mut old_moved, mut new_moved) = (Vec::new(), Vec::new());
        for part in &new.members {
            let name = &part.member.name;
            match old.get(name) {
                Some(old) => self.member(site, old, *part),
                None if moved(name, self.old, old) => new_moved.push(*part),
                None => self.added(site, *part),
            }
        }
        for part in &old.members {
            match new.get(&part.member.name) {
                Some(_) => {}
                None if moved(&part.member.name, self.new, new) => old_moved.push(*part),
                None => self.removed(site, *part),
            }
        }
        self.cases(site, (old, &old_moved), (new, &new_moved));
    }

    fn cases(&mut self, site: &Site, old: (&View<'a>, &[Part<'a>]), new: (&View<'a>, &[Part<'a>])) {
        let (old_view, new_view) = (old.0, new.0);
        for (name, new_type) in &new_view.cases {
            let old_type = match old_view.case(name) {
                Some(old_type) => old_type,
                None if old_view.tag.is_none() => None,
                None => {
                    // Values without members are a matter of the tag's type.
                    if new_type.is_some() {
                        self.say(site, Change::BranchAdded, format!("branch '{name}' is new"));
                    }
                    continue;
                }
            };
            self.case(site, name, (old_type, old.1), (*new_type, new.1));
        }
        for (name, old_type) in &old_view.cases {
            match new_view.case(name) {
                Some(_) => {}
                None if new_view.tag.is_none() => self.case(site, name, (*old_type, old.1), (None, new.1)),
                None if old_type.is_some() => {
                    self.say(site, Change::BranchRemoved, format!("branch '{name}' is gone"));
                }
                None => {}
            }
        }
    }

    /// Compares what a tag value adds to the members, together with members that were moved there or from there.
    fn case(
        &mut self,
        site: &Site,
        name: &str,
        old: (Option<TypeId>, &[Part<'a>]),
        new: (Option<TypeId>, &[Part<'a>]),
    ) {
        match (old.0, new.0) {
            (None, None) if old.1.is_empty() && new.1.is_empty() => {}
            (Some(old_type), Some(new_type)) if old.1.is_empty() && new.1.is_empty() => {
                self.type_at(site, &format!("branch '{name}'"), old_type, new_type);
            }
            _ => {
                let view = |side: Side<'a>, (ty, moved): (Option<TypeId>, &[Part<'a>])| {
                    let mut view = ty.map(|ty| View::new(side, ty)).unwrap_or_default();
                    view.members.extend_from_slice(moved);
                    view
                };
                let (old, new) = (view(self.old, old), view(self.new, new));
                let of = format!(" in branch '{name}'{}", site.of);
                let site = Site { of, in_branch: true, ..site.clone() };
                self.views(&site, &old, &new);
            }
        }
    }

    fn member(&mut self, site: &Site, old: Part<'a>, new: Part<'a>) {
        let mut site = site.at(Some(old.member.span), Some(new.member.span));
        let owners = (self.old.name(old.owner), self.new.name(new.owner));
        if let Some(meta) = self.new.meta(new.owner).filter(|_| owners.0 == owners.1 && !site.in_branch) {
            // Inherited members are told about once, where they are written.
            site.subject = type_subject(meta, owners.1);
            site.of = String::new();
        }
        let what = format!("{} '{}'", called(&site), new.member.name);
        match (old.member.optional, new.member.optional) {
            (true, false) => self.say(&site, Change::MemberMandatory, format!("{what} is mandatory now")),
            (false, true) => self.say(&site, Change::MemberOptional, format!("{what} is optional now")),
            _ => {}
        }
        self.features(&site, &format!("{what}: "), &old.member.features, &new.member.features);
        self.type_at(&site, &what, old.member.ty, new.member.ty);
    }

    fn added(&mut self, site: &Site, part: Part<'a>) {
        let mut site = site.at(site.old, Some(part.member.span));
        self.owner(&mut site, self.new, part.owner, self.old);
        let optional = part.member.optional;
        let sort = if optional { "optional" } else { "mandatory" };
        let what = format!("{sort} {} '{}' is new", called(&site), part.member.name);
        self.say(&site, Change::MemberAdded { optional }, what);
    }

    fn removed(&mut self, site: &Site, part: Part<'a>) {
        let mut site = site.at(Some(part.member.span), site.new);
        self.owner(&mut site, self.old, part.owner, self.new);
        let announced = self.announced(&part.member.features);
        let what = format!("{} '{}' is gone{announced}", called(&site), part.member.name);
        self.say(&site, Change::MemberRemoved, what);
    }

    /// Makes the type in which a member is written the subject, if the other side's type comes from it too.
    fn owner(&self, site: &mut Site, side: Side<'a>, owner: TypeId, other: Side<'a>) {
        if site.in_branch {
            return;
        }
        let name = side.name(owner);
        let node = site.node.and_then(|node| self.nodes.get(node));
        let other_type = node.map(|node| if std::ptr::eq(side.schema, self.old.schema) { node.new } else { node.old });
        if let Some(meta) = side.meta(owner).filter(|_| other_type.is_some_and(|id| comes_from(other, id, name))) {
            site.subject = type_subject(meta, name);
            site.of = String::new();
        }
    }
}

/// True when `id` or one of its bases is called `name`.
fn comes_from(side: Side<'_>, id: TypeId, name: &str) -> bool {
    let mut next = Some(id);
    while let Some(id) = next {
        if side.name(id) == name {
            return true;
        }
        next = match &side.schema.ty(id).kind {
            TypeKind::Object(object) => object.base,
            _ => None,
        };
    }
    false
}

/// What members of the subject are called.
fn called(site: &Site) -> &'static str {
    match (site.subject.meta, site.usage) {
        ("command", Usage::Arguments) => "argument",
        _ => "member",
    }
}

/// A type as the schema writes it.
fn shown(side: Side<'_>, id: TypeId) -> String {
    match &side.schema.ty(id).kind {
        TypeKind::Array(element) => format!("[{}]", shown(side, *element)),
        _ => match side.name(id) {
            "q_empty" => "empty".to_owned(),
            name if name.starts_with("q_") => "an object of its own".to_owned(),
            name => format!("'{name}'"),
        },
    }
}

/// The branch of an alternate for a kind of JSON value.
fn alternative(side: Side<'_>, alternate: &Alternate, kind: Json) -> Option<TypeId> {
    let mut branches = alternate.branches.iter().filter(|branch| side.holds(&branch.cond));
    branches.find(|branch| json(&side.schema.ty(branch.ty).kind) == kind).map(|branch| branch.ty)
}
