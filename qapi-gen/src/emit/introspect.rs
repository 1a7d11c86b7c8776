//! The answer to `query-qmp-schema`, as JSON text.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::plan::Plan;
use super::{docs, select::Selection};
use crate::ir::{Builtin, Feature, Item, Member, Schema, Type, TypeId, TypeKind};
use crate::settings::Symbols;
use proc_macro2::TokenStream;
use quote::quote;

/// The constant that holds the answer; an empty array when introspection is not wanted.
pub(crate) fn constant(plan: &Plan<'_>) -> TokenStream {
    let settings = plan.settings;
    let text =
        if settings.introspection { json(plan.schema, &settings.symbols, settings.unmask) } else { "[]".to_owned() };
    let doc = docs::attributes("The answer to `query-qmp-schema`: one JSON array.");
    quote! { #doc pub const INTROSPECTION: &str = #text; }
}

/// The JSON array that describes `schema` under `symbols`.
///
/// Entities come in the order of the wire: commands and events by module, then types by first use.
/// Conditions only drop entities, members and values: order and masked names do not depend on them.
pub(crate) fn json(schema: &Schema, symbols: &Symbols, unmask: bool) -> String {
    let kept = Selection::new(schema, symbols);
    let mut writer = Writer::new(schema, &kept, unmask);
    for module in &schema.modules {
        for item in &module.items {
            match *item {
                Item::Command(index) => writer.command(index),
                Item::Event(index) => writer.event(index),
                Item::Type(_) | Item::Include(_) => {}
            }
        }
    }
    let mut next = 0;
    while let Some(&id) = writer.used.get(next) {
        writer.ty(id);
        next += 1;
    }
    format!("[{}]", writer.out.join(", "))
}

struct Writer<'a> {
    schema: &'a Schema,
    kept: &'a Selection<'a>,
    unmask: bool,
    /// Types in order of first use; grows while it is worked through.
    used: Vec<TypeId>,
    known: HashSet<TypeId>,
    masks: HashMap<TypeId, usize>,
    out: Vec<String>,
    /// `int`, `intList` and `q_empty`.
    int: Option<TypeId>,
    int_list: Option<TypeId>,
    empty: Option<TypeId>,
}

impl<'a> Writer<'a> {
    fn new(schema: &'a Schema, kept: &'a Selection<'a>, unmask: bool) -> Self {
        let find = |wanted: &dyn Fn(TypeId, &Type) -> bool| {
            (0..).map(TypeId).zip(&schema.types).find(|(id, ty)| wanted(*id, ty)).map(|(id, _)| id)
        };
        let int = find(&|_, ty| matches!(ty.kind, TypeKind::Builtin(Builtin::Int)));
        Self {
            schema,
            kept,
            unmask,
            used: Vec::new(),
            known: HashSet::new(),
            masks: HashMap::new(),
            out: Vec::new(),
            int,
            int_list: find(&|_, ty| matches!(ty.kind, TypeKind::Array(element) if Some(element) == int)),
            empty: find(&|id, _| kept.empty(id)),
        }
    }

    /// Notes the use of a type and gives its printed name.
    fn name(&mut self, id: TypeId) -> String {
        let id = self.printed(id);
        if self.known.insert(id) {
            self.used.push(id);
        }
        let schema = self.schema;
        let ty = schema.ty(id);
        match &ty.kind {
            TypeKind::Builtin(_) => ty.info.name.clone(),
            TypeKind::Array(element) => format!("[{}]", self.name(*element)),
            _ if self.unmask => ty.info.name.clone(),
            _ => {
                let next = self.masks.len();
                self.masks.entry(id).or_insert(next).to_string()
            }
        }
    }

    /// All integer types are shown as `int`, all arrays of such as `[int]`.
    fn printed(&self, id: TypeId) -> TypeId {
        let shown = match self.schema.ty(id).kind {
            TypeKind::Builtin(_) if self.is_int(id) => self.int,
            TypeKind::Array(element) if self.is_int(element) => self.int_list,
            _ => None,
        };
        shown.unwrap_or(id)
    }

    fn is_int(&self, id: TypeId) -> bool {
        matches!(self.schema.ty(id).kind, TypeKind::Builtin(builtin) if json_type(builtin) == "int")
    }

    fn command(&mut self, index: usize) {
        let schema = self.schema;
        let command = &schema.commands[index];
        let mut entry = Entry::new(&command.info.name, "command");
        entry.text("arg-type", &self.name_or_empty(command.arg));
        entry.text("ret-type", &self.name_or_empty(command.ret));
        if command.allow_oob {
            entry.raw("allow-oob", "true");
        }
        self.push(entry, &command.info.features, self.kept.holds(&command.info.cond));
    }

    fn event(&mut self, index: usize) {
        let schema = self.schema;
        let event = &schema.events[index];
        let mut entry = Entry::new(&event.info.name, "event");
        entry.text("arg-type", &self.name_or_empty(event.arg));
        self.push(entry, &event.info.features, self.kept.holds(&event.info.cond));
    }

    fn name_or_empty(&mut self, id: Option<TypeId>) -> String {
        match id.or(self.empty) {
            Some(id) => self.name(id),
            None => String::new(),
        }
    }

    fn ty(&mut self, id: TypeId) {
        let schema = self.schema;
        let ty = schema.ty(id);
        // The element of an array is numbered before anything inside it.
        let name = self.name(id);
        let entry = match &ty.kind {
            TypeKind::Builtin(builtin) => {
                let mut entry = Entry::new(&name, "builtin");
                entry.text("json-type", json_type(*builtin));
                entry
            }
            TypeKind::Array(element) => {
                let mut entry = Entry::new(&name, "array");
                entry.text("element-type", &self.name(*element));
                entry
            }
            TypeKind::Enum(values) => {
                let mut entry = Entry::new(&name, "enum");
                let members = self.kept.values(values).map(|value| {
                    let mut member = Entry::default();
                    member.text("name", &value.name);
                    self.features(&mut member, &value.features);
                    member.finish()
                });
                entry.list("members", members);
                entry.list("values", self.kept.values(values).map(|value| quoted(&value.name)));
                entry
            }
            TypeKind::Alternate(alternate) => {
                let mut entry = Entry::new(&name, "alternate");
                let members = alternate.branches.iter().filter_map(|branch| {
                    let mut member = Entry::default();
                    member.text("type", &self.name(branch.ty));
                    self.kept.holds(&branch.cond).then(|| member.finish())
                });
                entry.list("members", members.collect::<Vec<_>>());
                entry
            }
            TypeKind::Object(object) => {
                let mut entry = Entry::new(&name, "object");
                let members: Vec<_> = object.members.iter().filter_map(|member| self.member(member)).collect();
                entry.list("members", members);
                if let Some(variants) = &object.variants {
                    entry.text("tag", object.members.get(variants.tag).map_or("", |tag| &tag.name));
                    let cases = variants.branches.iter().filter_map(|branch| {
                        let mut case = Entry::default();
                        case.text("case", &branch.name);
                        case.text("type", &self.name(branch.ty));
                        self.kept.holds(&branch.cond).then(|| case.finish())
                    });
                    entry.list("variants", cases.collect::<Vec<_>>());
                }
                entry
            }
        };
        // A built-in or array has no condition of its own; an array follows its element.
        let mut base = ty;
        while let TypeKind::Array(element) = base.kind {
            base = schema.ty(element);
        }
        self.push(entry, &ty.info.features, self.kept.holds(&base.info.cond));
    }

    fn member(&mut self, member: &Member) -> Option<String> {
        let mut entry = Entry::default();
        entry.text("name", &member.name);
        entry.text("type", &self.name(member.ty));
        if member.optional {
            entry.raw("default", "null");
        }
        self.features(&mut entry, &member.features);
        self.kept.holds(&member.cond).then(|| entry.finish())
    }

    fn features(&self, entry: &mut Entry, features: &[Feature]) {
        // Where conditions leave none of the features, QEMU shows an empty list.
        if !features.is_empty() {
            let kept = features.iter().filter(|feature| self.kept.holds(&feature.cond));
            entry.list("features", kept.map(|feature| quoted(&feature.name)));
        }
    }

    fn push(&mut self, mut entry: Entry, features: &[Feature], exists: bool) {
        self.features(&mut entry, features);
        if exists {
            self.out.push(entry.finish());
        }
    }
}

fn json_type(builtin: Builtin) -> &'static str {
    match builtin {
        Builtin::Str => "string",
        Builtin::Number => "number",
        Builtin::Bool => "boolean",
        Builtin::Any => "value",
        Builtin::Null => "null",
        _ => "int",
    }
}

/// One JSON object under construction.
#[derive(Default)]
struct Entry(String);

impl Entry {
    fn new(name: &str, meta: &str) -> Self {
        let mut entry = Self::default();
        entry.text("name", name);
        entry.text("meta-type", meta);
        entry
    }

    fn text(&mut self, key: &str, value: &str) {
        self.raw(key, &quoted(value));
    }

    fn list(&mut self, key: &str, values: impl IntoIterator<Item = String>) {
        let values: Vec<_> = values.into_iter().collect();
        self.raw(key, &format!("[{}]", values.join(", ")));
    }

    fn raw(&mut self, key: &str, value: &str) {
        let comma = if self.0.is_empty() { "" } else { ", " };
        self.0.push_str(comma);
        self.0.push_str(&quoted(key));
        self.0.push_str(": ");
        self.0.push_str(value);
    }

    fn finish(self) -> String {
        format!("{{{}}}", self.0)
    }
}

/// A JSON string. Schema strings are printable ASCII; anything else is escaped all the same.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04X}");
                }
            }
        }
    }
    out.push('"');
    out
}
