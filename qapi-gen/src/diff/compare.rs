//! Walks both schemas side by side, from commands and events into the types they use.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::rules::{Change, effect};
use super::{Clients, Entity, Reason, Report, Totals, Usage, Verdict};
use crate::ir::{Command, Cond, Event, Feature, ObjectMeta, Schema, TypeId, TypeKind};
use crate::settings::Conditions;
use crate::source::{SourceMap, Span};

/// One of the two schemas.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) schema: &'a Schema,
    sources: &'a SourceMap,
    conditions: &'a Conditions,
}

impl<'a> Side<'a> {
    pub(super) fn new(schema: &'a Schema, sources: &'a SourceMap, conditions: &'a Conditions) -> Self {
        Self { schema, sources, conditions }
    }

    pub(super) fn holds(&self, cond: &Cond) -> bool {
        self.conditions.holds(cond)
    }

    pub(super) fn name(&self, id: TypeId) -> &'a str {
        &self.schema.ty(id).info.name
    }

    /// What a definition of the schema is called; `None` for built-in, implicit and array types.
    pub(super) fn meta(&self, id: TypeId) -> Option<&'static str> {
        let ty = self.schema.ty(id);
        match &ty.kind {
            _ if ty.info.module.0 == 0 => None,
            TypeKind::Enum(_) => Some("enum"),
            TypeKind::Alternate(_) => Some("alternate"),
            TypeKind::Object(object) => match object.meta {
                ObjectMeta::Struct => Some("struct"),
                ObjectMeta::Union => Some("union"),
                ObjectMeta::Implicit => None,
            },
            TypeKind::Builtin(_) | TypeKind::Array(_) => None,
        }
    }

    fn types(&self) -> impl Iterator<Item = TypeId> {
        (0..self.schema.types.len() as u32).map(TypeId)
    }

    /// Types of the schema text that exist under the symbols, by name.
    fn defined(&self) -> BTreeMap<&'a str, TypeId> {
        let exists = |id: &TypeId| self.meta(*id).is_some() && self.holds(&self.schema.ty(*id).info.cond);
        self.types().filter(exists).map(|id| (self.name(id), id)).collect()
    }

    fn commands(&self) -> BTreeMap<&'a str, &'a Command> {
        let all = self.schema.commands.iter().filter(|command| self.holds(&command.info.cond));
        all.map(|command| (command.info.name.as_str(), command)).collect()
    }

    fn events(&self) -> BTreeMap<&'a str, &'a Event> {
        let all = self.schema.events.iter().filter(|event| self.holds(&event.info.cond));
        all.map(|event| (event.info.name.as_str(), event)).collect()
    }

    /// The type without members, which stands for absent arguments and replies.
    fn empty(&self) -> Option<TypeId> {
        self.types().find(|id| self.name(*id) == "q_empty")
    }
}

/// Index of a pair of types in [`Comparer::nodes`].
pub(super) type NodeId = usize;

/// A command, event or type, as reasons are sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Subject {
    /// Commands 0, events 1, types 2.
    rank: u8,
    name: String,
    pub(super) meta: &'static str,
}

/// Where a difference is noted.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) subject: Subject,
    pub(super) usage: Usage,
    /// The pair of types it is in; `None` for commands and events themselves.
    pub(super) node: Option<NodeId>,
    pub(super) old: Option<Span>,
    pub(super) new: Option<Span>,
    /// Added to what is said: which type it is about, where this is not the subject.
    pub(super) of: String,
    /// True inside a branch that is compared together with members beside it.
    pub(super) in_branch: bool,
}

impl Site {
    /// The same, for a part with its own places.
    pub(super) fn at(&self, old: Option<Span>, new: Option<Span>) -> Self {
        Self { old, new, ..self.clone() }
    }
}

/// Two types that hold the same place on the wire.
pub(super) struct Node {
    pub(super) old: TypeId,
    pub(super) new: TypeId,
    pub(super) site: Site,
    parts: Vec<NodeId>,
}

pub(super) struct Comparer<'a> {
    pub(super) old: Side<'a>,
    pub(super) new: Side<'a>,
    pub(super) nodes: Vec<Node>,
    known: HashMap<(TypeId, TypeId, Usage), NodeId>,
    /// Names of commands and events, with the pairs they use.
    roots: Vec<(String, Vec<NodeId>)>,
    found: Vec<(Subject, Option<NodeId>, Reason)>,
    said: HashSet<(Subject, String, Usage)>,
}

/// Compares two schemas.
pub(super) fn report(old: Side<'_>, new: Side<'_>) -> Report {
    let mut comparer = Comparer {
        old,
        new,
        nodes: Vec::new(),
        known: HashMap::new(),
        roots: Vec::new(),
        found: Vec::new(),
        said: HashSet::new(),
    };
    let mut entities = comparer.commands() + comparer.events();
    comparer.work();
    entities += comparer.types();
    comparer.finish(entities)
}

impl Comparer<'_> {
    /// Notes a difference, once.
    pub(super) fn say(&mut self, site: &Site, change: Change, what: impl Into<String>) {
        let what = format!("{}{}", what.into(), site.of);
        let said = |usage| self.said.contains(&(site.subject.clone(), what.clone(), usage));
        // A base that nothing names is met through what has it.
        if said(site.usage) || site.usage == Usage::Nowhere && (said(Usage::Arguments) || said(Usage::Replies)) {
            return;
        }
        self.said.insert((site.subject.clone(), what.clone(), site.usage));
        let effect = effect(change, site.usage);
        let reason = Reason {
            what,
            why: effect.why(),
            usage: site.usage,
            verdict: effect.verdict(),
            old: site.old.map(|span| self.old.sources.locate(span)),
            new: site.new.map(|span| self.new.sources.locate(span)),
        };
        self.found.push((site.subject.clone(), site.node, reason));
    }

    /// Asks for the comparison of two types that stand at `site`.
    pub(super) fn push(&mut self, site: &Site, old: TypeId, new: TypeId) {
        if site.usage == Usage::Nowhere {
            return;
        }
        let id = match self.known.get(&(old, new, site.usage)) {
            Some(id) => *id,
            None => self.node(site, old, new),
        };
        if let Some(parent) = site.node.and_then(|parent| self.nodes.get_mut(parent)) {
            parent.parts.push(id);
        } else if let Some((_, nodes)) = self.roots.last_mut() {
            nodes.push(id);
        }
    }

    fn node(&mut self, site: &Site, old: TypeId, new: TypeId) -> NodeId {
        let id = self.nodes.len();
        let (old_name, new_name) = (self.old.name(old), self.new.name(new));
        let mut site = Site { node: Some(id), in_branch: false, ..site.clone() };
        match (self.old.meta(old), self.new.meta(new)) {
            (Some(_), Some(meta)) if old_name == new_name => {
                site.subject = Subject { rank: 2, name: new_name.to_owned(), meta };
                site.of = String::new();
            }
            (Some(_), Some(meta)) => site.of = format!(" in {meta} '{new_name}' (was '{old_name}')"),
            _ => {}
        }
        site.old = Some(self.old.schema.ty(old).info.span).filter(|_| self.old.meta(old).is_some()).or(site.old);
        site.new = Some(self.new.schema.ty(new).info.span).filter(|_| self.new.meta(new).is_some()).or(site.new);
        self.known.insert((old, new, site.usage), id);
        self.nodes.push(Node { old, new, site, parts: Vec::new() });
        id
    }

    /// Compares all pairs, also those that turn up meanwhile.
    fn work(&mut self) {
        let mut next = 0;
        while let Some(node) = self.nodes.get(next) {
            let (old, new, site) = (node.old, node.new, node.site.clone());
            self.compare(&site, old, new);
            next += 1;
        }
    }

    fn commands(&mut self) -> usize {
        let (old, new) = (self.old.commands(), self.new.commands());
        let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
        for name in &names {
            let (old, new) = (old.get(name).copied(), new.get(name).copied());
            let site = root("command", 0, name, old.map(|c| c.info.span), new.map(|c| c.info.span));
            match (old, new) {
                (Some(old), Some(new)) => {
                    self.roots.push(((*name).to_owned(), Vec::new()));
                    self.command(&site, old, new);
                }
                (Some(old), None) => {
                    let what = format!("removed{}", self.announced(&old.info.features));
                    self.say(&site, Change::CommandRemoved, what);
                }
                _ => self.say(&site, Change::CommandAdded, "new"),
            }
        }
        names.len()
    }

    fn command(&mut self, site: &Site, old: &Command, new: &Command) {
        self.features(site, "", &old.info.features, &new.info.features);
        let mut flag = |old: bool, new: bool, lost: (Change, &str), gained: (Change, &str)| match (old, new) {
            (true, false) => self.say(site, lost.0, lost.1),
            (false, true) => self.say(site, gained.0, gained.1),
            _ => {}
        };
        flag(
            old.allow_oob,
            new.allow_oob,
            (Change::OobRemoved, "can no longer be executed out of band"),
            (Change::OobAdded, "can be executed out of band now"),
        );
        flag(
            old.allow_preconfig,
            new.allow_preconfig,
            (Change::PreconfigRemoved, "can no longer be executed before the machine exists"),
            (Change::PreconfigAdded, "can be executed before the machine exists now"),
        );
        flag(
            old.success_response,
            new.success_response,
            (Change::Reply, "has no reply on success any more"),
            (Change::Reply, "has a reply on success now"),
        );
        flag(
            old.generated,
            new.generated,
            (Change::RawArguments, "its handler reads the arguments itself now"),
            (Change::RawArguments, "its handler no longer reads the arguments itself"),
        );
        self.message(site, Usage::Arguments, old.arg, new.arg);
        self.message(site, Usage::Replies, old.ret, new.ret);
    }

    fn events(&mut self) -> usize {
        let (old, new) = (self.old.events(), self.new.events());
        let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
        for name in &names {
            let (old, new) = (old.get(name).copied(), new.get(name).copied());
            let site = root("event", 1, name, old.map(|e| e.info.span), new.map(|e| e.info.span));
            match (old, new) {
                (Some(old), Some(new)) => {
                    self.roots.push(((*name).to_owned(), Vec::new()));
                    self.features(&site, "", &old.info.features, &new.info.features);
                    self.message(&site, Usage::Replies, old.arg, new.arg);
                }
                (Some(old), None) => {
                    let what = format!("removed{}", self.announced(&old.info.features));
                    self.say(&site, Change::EventRemoved, what);
                }
                _ => self.say(&site, Change::EventAdded, "new"),
            }
        }
        names.len()
    }

    /// Compares what a command takes or answers, or what an event carries.
    fn message(&mut self, site: &Site, usage: Usage, old: Option<TypeId>, new: Option<TypeId>) {
        if let (Some(old), Some(new)) = (old.or(self.old.empty()), new.or(self.new.empty())) {
            let what = match (usage, site.subject.meta) {
                (Usage::Arguments, _) => "arguments",
                (_, "event") => "data",
                _ => "reply",
            };
            self.type_at(&Site { usage, ..site.clone() }, what, old, new);
        }
    }

    /// Compares types that are in both schemas but not in the same place of any message, and notes
    /// types that are in one of them only.
    fn types(&mut self) -> usize {
        let (old, new) = (self.old.defined(), self.new.defined());
        let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
        for name in &names {
            let (old, new) = (old.get(name).copied(), new.get(name).copied());
            let meta = new.and_then(|id| self.new.meta(id)).or(old.and_then(|id| self.old.meta(id)));
            let spans =
                (old.map(|id| self.old.schema.ty(id).info.span), new.map(|id| self.new.schema.ty(id).info.span));
            let site = root(meta.unwrap_or("type"), 2, name, spans.0, spans.1);
            match (old, new) {
                (Some(old), Some(new)) => {
                    let met = |usage| self.known.contains_key(&(old, new, usage));
                    if !met(Usage::Arguments) && !met(Usage::Replies) {
                        self.unused(&Site { usage: Usage::Nowhere, ..site }, old, new);
                    }
                }
                (Some(_), None) => self.say(&site, Change::Invisible, "the schema no longer has this type"),
                _ => self.say(&site, Change::Invisible, "new type"),
            }
        }
        names.len()
    }

    fn unused(&mut self, site: &Site, old: TypeId, new: TypeId) {
        let metas = (self.old.meta(old), self.new.meta(new));
        match metas {
            (Some(was), Some(is)) if was != is => {
                let what = format!("{is} now, was {was}");
                self.say(site, Change::Invisible, what);
            }
            _ => self.compare(site, old, new),
        }
    }

    /// Compares features of what `part` names; `deprecated` and `unstable` have a meaning of their own.
    pub(super) fn features(&mut self, site: &Site, part: &str, old: &[Feature], new: &[Feature]) {
        let names = |side: &Side<'_>, list: &[Feature]| -> Vec<String> {
            let kept = list.iter().filter(|feature| side.holds(&feature.cond));
            kept.map(|feature| feature.name.clone()).collect()
        };
        let (old, new) = (names(&self.old, old), names(&self.new, new));
        for name in new.iter().filter(|name| !old.contains(name)) {
            let (change, what) = match name.as_str() {
                "deprecated" => (Change::Deprecated, "deprecated now".to_owned()),
                "unstable" => (Change::Unstable, "unstable now".to_owned()),
                _ => (Change::FeatureAdded, format!("feature '{name}' is new")),
            };
            self.say(site, change, format!("{part}{what}"));
        }
        for name in old.iter().filter(|name| !new.contains(name)) {
            let (change, what) = match name.as_str() {
                "deprecated" | "unstable" => (Change::Promised, format!("no longer {name}")),
                _ => (Change::FeatureRemoved, format!("feature '{name}' is gone")),
            };
            self.say(site, change, format!("{part}{what}"));
        }
    }

    /// What was said in the old schema about something that is gone.
    pub(super) fn announced(&self, features: &[Feature]) -> &'static str {
        let has = |name| features.iter().any(|feature| feature.name == name && self.old.holds(&feature.cond));
        match (has("deprecated"), has("unstable")) {
            (true, _) => " (it was deprecated)",
            (_, true) => " (it was unstable)",
            _ => "",
        }
    }

    fn finish(self, entities: usize) -> Report {
        let mut users: HashMap<NodeId, BTreeSet<&str>> = HashMap::new();
        for (name, nodes) in &self.roots {
            let mut seen = HashSet::new();
            let mut work = nodes.clone();
            while let Some(id) = work.pop() {
                if seen.insert(id) {
                    users.entry(id).or_default().insert(name);
                    work.extend(self.nodes.get(id).map(|node| node.parts.as_slice()).unwrap_or_default());
                }
            }
        }
        let mut subjects: BTreeMap<Subject, (Vec<Reason>, BTreeSet<&str>)> = BTreeMap::new();
        for (subject, node, reason) in self.found {
            let typed = subject.rank == 2;
            let (reasons, used) = subjects.entry(subject).or_default();
            reasons.push(reason);
            if let Some(names) = node.and_then(|node| users.get(&node)).filter(|_| typed) {
                used.extend(names);
            }
        }
        let entity = |(subject, (reasons, used)): (Subject, (Vec<Reason>, BTreeSet<&str>))| Entity {
            meta: subject.meta,
            name: subject.name,
            verdict: reasons.iter().fold(Verdict::default(), |verdict, reason| verdict.and(reason.verdict)),
            reasons,
            used_by: used.into_iter().map(str::to_owned).collect(),
        };
        let changed: Vec<Entity> = subjects.into_iter().map(entity).collect();
        let count = |wanted: &dyn Fn(Verdict) -> bool| changed.iter().filter(|entity| wanted(entity.verdict)).count();
        let totals = Totals {
            entities,
            unchanged: entities.saturating_sub(changed.len()),
            compatible: count(&|verdict| verdict.is_compatible()),
            break_clients: count(&|verdict| verdict.clients == Clients::Break),
            break_strict_clients: count(&|verdict| verdict.clients == Clients::StrictBreak),
            break_servers: count(&|verdict| verdict.servers),
        };
        Report { entities: changed, totals }
    }
}

fn root(meta: &'static str, rank: u8, name: &str, old: Option<Span>, new: Option<Span>) -> Site {
    let subject = Subject { rank, name: name.to_owned(), meta };
    Site { subject, usage: Usage::Entity, node: None, old, new, of: String::new(), in_branch: false }
}

/// The subject of a type.
pub(super) fn type_subject(meta: &'static str, name: &str) -> Subject {
    Subject { rank: 2, name: name.to_owned(), meta }
}
