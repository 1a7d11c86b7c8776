//! The resolved schema as the text that QEMU's schema tests compare.

use qapi_gen::ir::{Cond, Doc, Feature, Info, Item, Member, Schema, Type, TypeKind};
use std::fmt::Write as _;

/// Entities in order; documentation, whose blocks are sorted.
pub(crate) fn dump(schema: &Schema) -> (String, Vec<String>) {
    let mut dump = Dump { schema, out: String::new(), docs: Vec::new() };
    for module in &schema.modules {
        dump.line(0, &format!("module {}", module.name));
        dump.docs.extend(module.docs.iter().map(|doc| format!("doc freeform\n    body=\n{}\n", doc.body)));
        for item in &module.items {
            dump.item(*item);
        }
    }
    dump.docs.sort();
    (dump.out, dump.docs)
}

/// QEMU's text in the same two parts.
pub(crate) fn split(text: &str) -> (String, Vec<String>) {
    let (entities, docs) = match text.find("\ndoc ") {
        Some(at) => text.split_at(at + 1),
        None => (text, ""),
    };
    let mut blocks: Vec<String> = Vec::new();
    for line in docs.lines() {
        if line.starts_with("doc ") {
            blocks.push(String::new());
        }
        if let Some(block) = blocks.last_mut() {
            block.push_str(line);
            block.push('\n');
        }
    }
    blocks.sort();
    (entities.to_owned(), blocks)
}

struct Dump<'s> {
    schema: &'s Schema,
    out: String,
    docs: Vec<String>,
}

impl Dump<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        let _ = writeln!(self.out, "{:depth$}{text}", "", depth = depth * 4);
    }

    fn item(&mut self, item: Item) {
        match item {
            Item::Type(id) => self.ty(self.schema.ty(id)),
            Item::Include(module) => {
                let text = format!("include {}", self.schema.module(module).name);
                self.line(0, &text);
            }
            Item::Command(at) => {
                let command = &self.schema.commands[at];
                let name = |id| match id {
                    Some(id) => self.schema.ty(id).info.name.as_str(),
                    None => "None",
                };
                let text = format!("command {} {} -> {}", command.info.name, name(command.arg), name(command.ret));
                let bool = |on| if on { "True" } else { "False" };
                let flags = format!(
                    "gen={} success_response={} boxed={} oob={} preconfig={}{}",
                    bool(command.generated),
                    bool(command.success_response),
                    bool(command.boxed),
                    bool(command.allow_oob),
                    bool(command.allow_preconfig),
                    if command.coroutine { " coroutine=True" } else { "" }
                );
                self.line(0, &text);
                self.line(1, &flags);
                self.tail(&command.info);
                self.doc(&command.info, self.inline(command.arg));
            }
            Item::Event(at) => {
                let event = &self.schema.events[at];
                let arg = event.arg.map_or("None", |id| &self.schema.ty(id).info.name);
                let text = format!("event {} {arg}", event.info.name);
                self.line(0, &text);
                self.line(1, if event.boxed { "boxed=True" } else { "boxed=False" });
                self.tail(&event.info);
                self.doc(&event.info, self.inline(event.arg));
            }
        }
    }

    /// Name and text of the members of an implicit type.
    fn inline(&self, id: Option<qapi_gen::ir::TypeId>) -> Vec<(String, Option<String>)> {
        let ty = id.map(|id| self.schema.ty(id));
        match ty.map(|ty| (&ty.kind, ty.info.name.starts_with("q_obj_"))) {
            Some((TypeKind::Object(object), true)) => named(&object.local),
            _ => Vec::new(),
        }
    }

    fn ty(&mut self, ty: &Type) {
        let name = &ty.info.name;
        let type_name = |member: &Member| self.schema.ty(member.ty).info.name.clone();
        let mut described = Vec::new();
        match &ty.kind {
            TypeKind::Builtin(_) => return,
            TypeKind::Array(_) if ty.info.module.0 == 0 => return,
            TypeKind::Array(element) => {
                let text = format!("array {name} {}", self.schema.ty(*element).info.name);
                self.line(0, &text);
            }
            TypeKind::Enum(all) => {
                self.line(0, &format!("enum {name}"));
                if let Some(prefix) = &all.prefix {
                    self.line(1, &format!("prefix {prefix}"));
                }
                for value in &all.values {
                    self.line(1, &format!("member {}", value.name));
                    self.conditions(2, &value.cond, &value.features);
                    described.push((value.name.clone(), value.doc.clone()));
                }
            }
            TypeKind::Object(object) => {
                self.line(0, &format!("object {name}"));
                if let Some(base) = object.base {
                    let text = format!("base {}", self.schema.ty(base).info.name);
                    self.line(1, &text);
                    described = self.inline(object.base);
                }
                for member in &object.local {
                    let optional = if member.optional { "True" } else { "False" };
                    self.line(1, &format!("member {}: {} optional={optional}", member.name, type_name(member)));
                    self.conditions(2, &member.cond, &member.features);
                }
                described.extend(named(&object.local));
                if let Some(variants) = &object.variants {
                    self.line(1, &format!("tag {}", object.members[variants.tag].name));
                    for branch in &variants.branches {
                        let text = format!("case {}: {}", branch.name, self.schema.ty(branch.ty).info.name);
                        self.line(1, &text);
                        self.conditions(2, &branch.cond, &[]);
                    }
                }
            }
            TypeKind::Alternate(alternate) => {
                self.line(0, &format!("alternate {name}"));
                self.line(1, "tag type");
                for branch in &alternate.branches {
                    self.line(1, &format!("case {}: {}", branch.name, type_name(branch)));
                    self.conditions(2, &branch.cond, &[]);
                }
                described = named(&alternate.branches);
            }
        }
        self.tail(&ty.info);
        self.doc(&ty.info, described);
    }

    fn tail(&mut self, info: &Info) {
        self.conditions(1, &info.cond, &info.features);
    }

    fn conditions(&mut self, depth: usize, cond: &Cond, features: &[Feature]) {
        if *cond != Cond::True {
            self.line(depth, &format!("if {}", words(cond, false)));
        }
        for feature in features {
            self.line(depth, &format!("feature {}", feature.name));
            self.conditions(depth + 1, &feature.cond, &[]);
        }
    }

    fn doc(&mut self, info: &Info, described: Vec<(String, Option<String>)>) {
        let Some(Doc { body, features, sections, span: _ }) = &info.doc else {
            return;
        };
        let mut text = format!("doc symbol={}\n    body=\n{body}\n", info.name);
        for (name, doc) in described {
            let _ = writeln!(text, "    arg={name}\n{}", doc.unwrap_or_default());
        }
        for (name, doc) in features {
            let _ = writeln!(text, "    feature={name}\n{doc}");
        }
        for (tag, doc) in sections {
            let tag = if tag.is_empty() { "None" } else { tag };
            let _ = writeln!(text, "    section={tag}\n{doc}");
        }
        self.docs.push(text);
    }
}

fn named(members: &[Member]) -> Vec<(String, Option<String>)> {
    members.iter().map(|member| (member.name.clone(), member.doc.clone())).collect()
}

/// A condition as Python prints it.
fn words(cond: &Cond, inner: bool) -> String {
    let list = |conds: &[Cond]| conds.iter().map(|cond| words(cond, true)).collect::<Vec<_>>().join(", ");
    match cond {
        Cond::True => String::new(),
        Cond::Symbol(symbol) if inner => format!("'{symbol}'"),
        Cond::Symbol(symbol) => symbol.clone(),
        Cond::All(conds) => format!("{{'all': [{}]}}", list(conds)),
        Cond::Any(conds) => format!("{{'any': [{}]}}", list(conds)),
        Cond::Not(cond) => format!("{{'not': {}}}", words(cond, true)),
    }
}
