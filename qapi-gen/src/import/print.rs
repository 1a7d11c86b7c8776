//! Writes the schema.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::answer::{Answer, Id, Kind, Member, Named, Variants};
use super::naming::{Names, is_exceptional};

/// Longest line of the schema, where words allow it.
const WIDTH: usize = 90;

/// Symbol that is never defined: what depends on it does not exist.
const NEVER: &str = "QAPI_IMPORT_NEVER";

const HEAD: &str =
    "# Made by 'qapi-gen import' from an answer to query-qmp-schema. The answer does not tell the names of types:
# those here are made up from how the types are used. Comments, conditions, sizes of integers and flags other than
# allow-oob are not told either.

";

/// The schema text.
pub(super) fn schema(answer: &Answer, names: &Names) -> String {
    let mut printer = Printer { answer, names, out: HEAD.to_owned() };
    printer.pragmas();
    for id in &names.order {
        printer.entity(*id);
    }
    printer.loose();
    printer.out
}

struct Printer<'a> {
    answer: &'a Answer,
    names: &'a Names,
    out: String,
}

impl Printer<'_> {
    /// Exceptions that the names and replies need.
    fn pragmas(&mut self) {
        let (mut commands, mut returns, mut members) = (Vec::new(), Vec::new(), Vec::new());
        for id in &self.names.order {
            let entity = self.answer.entity(*id);
            let odd = match &entity.kind {
                Kind::Command { ret, .. } => {
                    if is_exceptional(&entity.name) {
                        commands.push(entity.name.as_str());
                    }
                    if !self.is_object(*ret) {
                        returns.push(entity.name.as_str());
                    }
                    false
                }
                Kind::Enum(values) => {
                    let hidden = self.names.hidden.get(id).into_iter().flatten();
                    values.iter().map(|value| &value.name).chain(hidden).any(|name| is_exceptional(name))
                }
                Kind::Object { members, .. } => members.iter().any(|member| is_exceptional(&member.name)),
                _ => false,
            };
            if odd {
                members.push(self.names.get(*id));
            }
        }
        let lists = [
            ("command-name-exceptions", commands),
            ("command-returns-exceptions", returns),
            ("member-name-exceptions", members),
        ];
        for (pragma, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
            let names = names.into_iter().map(quoted);
            let head = format!("{{ 'pragma': {{ '{pragma}': [ ");
            self.fill(&head, names, 4, " ] } }\n\n");
        }
    }

    /// True for objects and arrays of such.
    fn is_object(&self, id: Id) -> bool {
        match self.answer.entity(id).kind {
            Kind::Array(element) => self.is_object(element),
            Kind::Object { .. } => true,
            _ => false,
        }
    }

    /// Writes `head`, then `items` with commas and line breaks, then `tail`.
    fn fill(&mut self, head: &str, items: impl Iterator<Item = String>, indent: usize, tail: &str) {
        self.out.push_str(head);
        let mut column = head.len() - head.rfind('\n').map_or(0, |end| end + 1);
        for (i, item) in items.enumerate() {
            if i > 0 && column + item.len() + 3 > WIDTH {
                let _ = write!(self.out, ",\n{:indent$}", "");
                column = indent;
            } else if i > 0 {
                self.out.push_str(", ");
                column += 2;
            }
            self.out.push_str(&item);
            column += item.len();
        }
        self.out.push_str(tail);
    }

    fn entity(&mut self, id: Id) {
        let entity = self.answer.entity(id);
        let name = self.names.get(id);
        match &entity.kind {
            Kind::Builtin | Kind::Array(_) => return,
            Kind::Enum(_) if name == "QType" => return,
            Kind::Enum(values) => self.enumeration(id, name, values),
            Kind::Alternate(types) => self.alternate(name, types),
            Kind::Object { members, variants: None } => {
                let _ = write!(self.out, "{{ 'struct': '{name}',\n  'data': ");
                self.members(members);
            }
            Kind::Object { members, variants: Some(variants) } => self.union(name, members, variants),
            Kind::Command { arg, ret, oob } => {
                let _ = write!(self.out, "{{ 'command': '{}'", entity.name);
                self.argument(*arg);
                if Some(*ret) != self.answer.empty {
                    let _ = write!(self.out, ",\n  'returns': {}", self.reference(*ret));
                }
                if *oob {
                    self.out.push_str(",\n  'allow-oob': true");
                }
            }
            Kind::Event { arg } => {
                let _ = write!(self.out, "{{ 'event': '{}'", entity.name);
                self.argument(*arg);
            }
        }
        if !entity.features.is_empty() {
            let _ = write!(self.out, ",\n  'features': {}", features(&entity.features));
        }
        self.out.push_str(" }\n\n");
    }

    /// A type as it is referred to: `'Type'` or `[ 'Type' ]`.
    fn reference(&self, id: Id) -> String {
        match self.answer.entity(id).kind {
            Kind::Array(element) => format!("[ {} ]", self.reference(element)),
            _ => quoted(self.names.get(id)),
        }
    }

    fn argument(&mut self, id: Id) {
        let Kind::Object { members, variants } = &self.answer.entity(id).kind else {
            return;
        };
        if Some(id) == self.answer.empty {
            return;
        }
        self.out.push_str(",\n  'data': ");
        if self.names.is_inline(id) {
            self.members(members);
        } else {
            self.out.push_str(&self.reference(id));
            if variants.is_some() {
                self.out.push_str(",\n  'boxed': true");
            }
        }
    }

    fn members(&mut self, members: &[Member]) {
        self.out.push_str("{ ");
        for (i, member) in members.iter().enumerate() {
            self.out.push_str(if i == 0 { "" } else { ",\n            " });
            let star = if member.optional { "*" } else { "" };
            let ty = self.reference(member.ty);
            let _ = match member.features.as_slice() {
                [] => write!(self.out, "'{star}{}': {ty}", member.name),
                list => {
                    write!(self.out, "'{star}{}': {{ 'type': {ty}, 'features': {} }}", member.name, features(list))
                }
            };
        }
        self.out.push_str(if members.is_empty() { "}" } else { " }" });
    }

    fn enumeration(&mut self, id: Id, name: &str, values: &[Named]) {
        let shown = values.iter().map(|value| match value.features.as_slice() {
            [] => quoted(&value.name),
            list => format!("{{ 'name': '{}', 'features': {} }}", value.name, features(list)),
        });
        let hidden = self.names.hidden.get(&id).into_iter().flatten();
        let hidden = hidden.map(|value| format!("{{ 'name': '{value}', 'if': '{NEVER}' }}"));
        let head = format!("{{ 'enum': '{name}',\n  'data': [ ");
        let items: Vec<String> = shown.chain(hidden).collect();
        self.fill(&head, items.into_iter(), 12, " ]");
    }

    /// Names of branches are not told; the JSON type distinguishes them anyway.
    fn alternate(&mut self, name: &str, types: &[Id]) {
        let branches = types.iter().map(|ty| {
            let entity = self.answer.entity(*ty);
            let branch = match entity.kind {
                Kind::Builtin => entity.name.as_str(),
                Kind::Enum(_) => "enum",
                Kind::Array(_) => "list",
                _ => "object",
            };
            format!("'{branch}': {}", self.reference(*ty))
        });
        let branches: Vec<String> = branches.collect();
        let _ = write!(self.out, "{{ 'alternate': '{name}',\n  'data': {{ {} }}", branches.join(",\n            "));
    }

    fn union(&mut self, name: &str, members: &[Member], variants: &Variants) {
        let _ = write!(self.out, "{{ 'union': '{name}',\n  'base': ");
        self.members(members);
        let _ = write!(self.out, ",\n  'discriminator': '{}',\n  'data': ", variants.tag);
        let branches = self.branches(variants);
        let _ = match branches.is_empty() {
            true => write!(self.out, "{{}}"),
            false => write!(self.out, "{{ {} }}", branches.join(",\n            ")),
        };
    }

    /// The branches that must be written: the compiler adds those without members itself, but only at the end.
    fn branches(&self, variants: &Variants) -> Vec<String> {
        let Kind::Enum(values) = &self.answer.entity(variants.tag_type).kind else {
            return Vec::new();
        };
        let is_empty = |ty: Id| Some(ty) == self.answer.empty;
        let written = variants.cases.iter().filter(|(_, ty)| !is_empty(*ty));
        let written: Vec<(&str, Id)> = written.map(|(case, ty)| (case.as_str(), *ty)).collect();
        let names: HashSet<&str> = written.iter().map(|(case, _)| *case).collect();
        let added = values.iter().map(|value| value.name.as_str()).filter(|name| !names.contains(name));
        let expected = written.iter().map(|(case, _)| *case).chain(added);
        let branch = |(case, ty): (&str, Id)| format!("'{case}': {}", self.reference(ty));
        if expected.eq(variants.cases.iter().map(|(case, _)| case.as_str())) {
            return written.into_iter().map(branch).collect();
        }
        let told: HashSet<&str> = variants.cases.iter().map(|(case, _)| case.as_str()).collect();
        let untold = values.iter().filter(|value| !told.contains(value.name.as_str()));
        let untold = untold.map(|value| format!("'{}': {{ 'type': 'q_empty', 'if': '{NEVER}' }}", value.name));
        variants.cases.iter().map(|(case, ty)| branch((case, *ty))).chain(untold).collect()
    }

    /// Types that nothing leads to: an event that never exists keeps them. (A command would bring an empty reply.)
    fn loose(&mut self) {
        if self.names.loose.is_empty() {
            return;
        }
        let taken: HashSet<&str> = self.answer.entities.iter().map(|entity| entity.name.as_str()).collect();
        let mut name = "UNUSED_TYPES".to_owned();
        while taken.contains(name.as_str()) {
            name.push_str("_X");
        }
        self.out.push_str("# Nothing leads to these types: the server was built without what uses them.\n");
        let members = self.names.loose.iter().enumerate();
        let members: Vec<String> = members.map(|(i, id)| format!("'type{}': {}", i + 1, self.reference(*id))).collect();
        let _ = write!(
            self.out,
            "{{ 'event': '{name}',\n  'data': {{ {} }},\n  'if': '{NEVER}' }}\n",
            members.join(",\n            ")
        );
    }
}

fn quoted(name: &str) -> String {
    format!("'{name}'")
}

fn features(list: &[String]) -> String {
    let list: Vec<String> = list.iter().map(|name| quoted(name)).collect();
    format!("[ {} ]", list.join(", "))
}
