//! Names for types whose names the answer hides.
//!
//! A type is named after the way on which it is met first: the command or event, then the members that lead
//! to it. New commands behind the others thus change no name. Names that the answer tells are kept.

use std::collections::{HashMap, HashSet, VecDeque};

use super::answer::{Answer, Id, Kind};

/// Most parts that a made-up name has: where the way starts, and how it ends.
const MAX_PARTS: usize = 3;

/// Names of the types, and what else has to be decided before they are printed.
#[derive(Debug)]
pub(super) struct Names {
    /// By entity; `None` for those that need none.
    names: Vec<Option<String>>,
    /// Entities in the order in which they are met: commands and events with the types they bring.
    pub(super) order: Vec<Id>,
    /// Types that no command or event leads to.
    pub(super) loose: Vec<Id>,
    /// Values that unions have a branch for, but their tag's type has not, by this type.
    pub(super) hidden: HashMap<Id, Vec<String>>,
}

impl Names {
    /// Decides on all names.
    pub(super) fn new(answer: &Answer) -> Self {
        let taken = answer.entities.iter().map(|entity| entity.name.clone());
        let mut namer = Namer {
            answer,
            names: vec![None; answer.entities.len()],
            taken: taken.chain(["QType".to_owned()]).collect(),
            counters: HashMap::new(),
            met: vec![false; answer.entities.len()],
            queue: VecDeque::new(),
            order: Vec::new(),
        };
        let (mut loose, mut number) = (Vec::new(), 0);
        for (id, entity) in answer.entities.iter().enumerate() {
            if matches!(entity.kind, Kind::Command { .. } | Kind::Event { .. }) {
                namer.root(id);
            }
        }
        for id in 0..answer.entities.len() {
            if !namer.met[id] && !matches!(answer.entity(id).kind, Kind::Command { .. } | Kind::Event { .. }) {
                number += 1;
                loose.push(id);
                namer.meet(id, vec![format!("Unused{number}")], "");
                namer.work();
            }
        }
        let Namer { names, order, .. } = namer;
        Self { names, order, loose, hidden: hidden(answer) }
    }

    /// The name of a type that has one, as a schema refers to it.
    pub(super) fn get(&self, id: Id) -> &str {
        self.names.get(id).and_then(Option::as_deref).unwrap_or("q_empty")
    }

    /// True for arguments that stand in the command or event itself.
    pub(super) fn is_inline(&self, id: Id) -> bool {
        self.names.get(id).is_none_or(Option::is_none)
    }
}

fn hidden(answer: &Answer) -> HashMap<Id, Vec<String>> {
    let mut hidden: HashMap<Id, Vec<String>> = HashMap::new();
    let mut known: HashMap<Id, HashSet<&str>> = HashMap::new();
    for entity in &answer.entities {
        let Kind::Object { variants: Some(variants), .. } = &entity.kind else {
            continue;
        };
        let Kind::Enum(values) = &answer.entity(variants.tag_type).kind else {
            continue;
        };
        let names = || values.iter().map(|value| value.name.as_str()).collect();
        let known = known.entry(variants.tag_type).or_insert_with(names);
        for (case, _) in &variants.cases {
            if known.insert(case) {
                hidden.entry(variants.tag_type).or_default().push(case.clone());
            }
        }
    }
    hidden
}

struct Namer<'a> {
    answer: &'a Answer,
    names: Vec<Option<String>>,
    taken: HashSet<String>,
    /// Next number to try behind a name that is taken.
    counters: HashMap<String, usize>,
    met: Vec<bool>,
    /// Types whose parts are still to be met, with the parts of the name that theirs start with.
    queue: VecDeque<(Id, Vec<String>)>,
    order: Vec<Id>,
}

impl Namer<'_> {
    fn root(&mut self, id: Id) {
        let entity = self.answer.entity(id);
        let way = vec![camel(&entity.name)];
        match entity.kind {
            Kind::Command { arg, ret, .. } => {
                self.argument(arg, &way, "Arguments");
                self.meet(ret, way, "Reply");
            }
            Kind::Event { arg } => self.argument(arg, &way, "Data"),
            _ => {}
        }
        self.work();
        self.order.push(id);
    }

    /// Arguments that nothing else uses can stand in the command; the rules are stricter there.
    fn argument(&mut self, id: Id, way: &[String], suffix: &str) {
        let entity = self.answer.entity(id);
        let plain = match &entity.kind {
            Kind::Object { members, variants: None } => {
                !members.is_empty() && !members.iter().any(|member| is_exceptional(&member.name))
            }
            _ => false,
        };
        if plain && self.answer.uses[id] == 1 && entity.features.is_empty() && is_masked(&entity.name) {
            self.met[id] = true;
            self.queue.push_back((id, way.to_vec()));
        } else {
            self.meet(id, way.to_vec(), suffix);
        }
    }

    /// Names a type that is met at the end of `way`, unless it has a name.
    fn meet(&mut self, id: Id, way: Vec<String>, suffix: &str) {
        let entity = self.answer.entity(id);
        if std::mem::replace(&mut self.met[id], true) {
            return;
        }
        match entity.kind {
            Kind::Builtin => self.names[id] = Some(entity.name.clone()),
            // An array has no name of its own, its element is met in its place.
            Kind::Array(element) => self.meet(element, way, suffix),
            _ if Some(id) == self.answer.empty => self.names[id] = Some("q_empty".to_owned()),
            _ => {
                let name = if is_masked(&entity.name) {
                    self.unique(format!("{}{suffix}", way.concat()))
                } else {
                    entity.name.clone()
                };
                self.names[id] = Some(name);
                self.queue.push_back((id, way));
            }
        }
    }

    fn work(&mut self) {
        while let Some((id, way)) = self.queue.pop_front() {
            let longer = |part: &str| {
                let mut way = way.clone();
                if way.len() >= MAX_PARTS {
                    way.remove(1);
                }
                way.push(camel(part));
                way
            };
            match &self.answer.entity(id).kind {
                Kind::Object { members, variants } => {
                    for member in members {
                        self.meet(member.ty, longer(&member.name), "");
                    }
                    for (case, ty) in variants.iter().flat_map(|variants| &variants.cases) {
                        self.meet(*ty, longer(case), "");
                    }
                }
                Kind::Alternate(types) => {
                    for ty in types {
                        let part = match self.answer.entity(*ty).kind {
                            Kind::Enum(_) => "word",
                            _ => "object",
                        };
                        self.meet(*ty, longer(part), "");
                    }
                }
                _ => {}
            }
            if self.names[id].is_some() {
                self.order.push(id);
            }
        }
    }

    fn unique(&mut self, mut name: String) -> String {
        if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
            name.insert_str(0, "Type");
        }
        // These endings are the compiler's; a type has a lower case letter.
        if name.ends_with("List") || name.ends_with("Kind") || !name.bytes().any(|b| b.is_ascii_lowercase()) {
            name.push_str("Type");
        }
        if self.taken.insert(name.clone()) {
            return name;
        }
        let counter = self.counters.entry(name.clone()).or_insert(1);
        loop {
            *counter += 1;
            let numbered = format!("{name}{counter}");
            if self.taken.insert(numbered.clone()) {
                return numbered;
            }
        }
    }
}

/// True for names that cannot be kept: the numbers of a masked answer, and names of implicit types.
fn is_masked(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || name.starts_with("q_")
}

/// True for names of members that only types in a list of exceptions may have.
pub(super) fn is_exceptional(name: &str) -> bool {
    let rest = name.strip_prefix("__").and_then(|rest| rest.split_once('_')).map_or(name, |(_, rest)| rest);
    rest.bytes().any(|b| b.is_ascii_uppercase() || b == b'_')
}

/// A name in the form of type names: `query-block` and `QUERY_BLOCK` become `QueryBlock`.
fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let shouted = !name.bytes().any(|b| b.is_ascii_lowercase());
    let mut first = true;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            first = true;
        } else if first {
            out.push(c.to_ascii_uppercase());
            first = false;
        } else {
            out.push(if shouted { c.to_ascii_lowercase() } else { c });
        }
    }
    out
}
