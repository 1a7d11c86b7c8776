//! The answer to `query-qmp-schema`, as JSON text.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::gate::Gate;
use super::plan::Plan;
use super::select::Selection;
use super::text::{Text, line, raw};
use crate::ir::{Branch, Builtin, Cond, Feature, Item, Member, Object, Schema, Type, TypeId, TypeKind};
use crate::settings::Settings;

/// The constant that holds the answer; an empty array when introspection is not wanted.
///
/// Where parts depend on cargo features, a macro per condition keeps or drops them: text is put together
/// without a byte being looked at by the compiler's interpreter.
pub(crate) fn constant(plan: &Plan<'_>, text: &mut Text) {
    let pieces = if plan.settings.introspection {
        pieces(plan.kept, plan.schema, plan.settings.unmask)
    } else {
        Pieces::from("[]".to_owned())
    };
    let mut gates = Vec::new();
    pieces.gates(&mut gates);
    text.blank();
    for (number, gate) in gates.iter().enumerate() {
        for (gate, result) in [(gate.clone(), "concat!($($piece)*)"), (gate.clone().not(), "\"\"")] {
            text.gate(&gate);
            line!(text, "macro_rules! when_{number} {{ ($($piece:tt)*) => {{ {result} }} }}");
        }
    }
    text.doc("The answer to `query-qmp-schema`: one JSON array.");
    if gates.is_empty() {
        line!(text, "pub const INTROSPECTION: &str = {};", raw(&pieces.resolved(&|_| false)));
    } else {
        text.open_with(format_args!("pub const INTROSPECTION: &str = concat!"), "(");
        pieces.write(&gates, text);
        text.close_with(");");
    }
}

/// The JSON array that describes `schema` under `settings`, all cargo features being off.
///
/// Entities come in the order of the wire: commands and events by module, then types by first use.
/// Conditions only drop entities, members and values: order and masked names do not depend on them.
pub(crate) fn json(schema: &Schema, settings: &Settings) -> String {
    pieces(&Selection::new(schema, settings), schema, settings.unmask).resolved(&|_| false)
}

fn pieces(kept: &Selection<'_>, schema: &Schema, unmask: bool) -> Pieces {
    let mut writer = Writer::new(schema, kept, unmask);
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
    Pieces::list(writer.out)
}

struct Writer<'a> {
    schema: &'a Schema,
    kept: &'a Selection<'a>,
    unmask: bool,
    /// Types in order of first use; grows while it is worked through.
    used: Vec<TypeId>,
    known: HashSet<TypeId>,
    masks: HashMap<TypeId, usize>,
    out: Vec<(Gate, Pieces)>,
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
        self.push(entry, &command.info.features, self.kept.item(&command.info.cond, &command.info.features));
    }

    fn event(&mut self, index: usize) {
        let schema = self.schema;
        let event = &schema.events[index];
        let mut entry = Entry::new(&event.info.name, "event");
        entry.text("arg-type", &self.name_or_empty(event.arg));
        self.push(entry, &event.info.features, self.kept.item(&event.info.cond, &event.info.features));
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
                if self.schema.dialect.enum_members_introspected() {
                    let members = self.kept.values(values).map(|(value, gate)| {
                        let mut member = Entry::default();
                        member.text("name", &value.name);
                        self.features(&mut member, &value.features);
                        (gate, member.finish())
                    });
                    entry.list("members", members.collect());
                }
                let names = self.kept.values(values).map(|(value, gate)| (gate, quoted(&value.name).into()));
                entry.list("values", names.collect());
                entry
            }
            TypeKind::Alternate(alternate) => {
                let mut entry = Entry::new(&name, "alternate");
                let members = alternate.branches.iter().map(|branch| {
                    let mut member = Entry::default();
                    member.text("type", &self.name(branch.ty));
                    (self.kept.gate(&branch.cond), member.finish())
                });
                entry.list("members", members.collect());
                entry
            }
            TypeKind::Object(object) => {
                let mut entry = Entry::new(&name, "object");
                let tag = object.variants.as_ref().map(|variants| variants.tag);
                let members = object.members.iter().enumerate();
                let members = members.map(|(index, member)| self.member(member, Some(index) == tag)).collect();
                entry.list("members", members);
                if let Some(variants) = &object.variants {
                    entry.text("tag", object.members.get(variants.tag).map_or("", |tag| &tag.name));
                    let cases = variants.branches.iter().map(|branch| {
                        let mut case = Entry::default();
                        case.text("case", &branch.name);
                        case.text("type", &self.name(branch.ty));
                        (self.case(object, branch), case.finish())
                    });
                    entry.list("variants", cases.collect());
                }
                entry
            }
        };
        // A built-in or array has no condition of its own; an array follows its element.
        let mut base = ty;
        while let TypeKind::Array(element) = base.kind {
            base = schema.ty(element);
        }
        self.push(entry, &ty.info.features, self.kept.gate(&base.info.cond));
    }

    fn member(&mut self, member: &Member, tag: bool) -> (Gate, Pieces) {
        let mut entry = Entry::default();
        entry.text("name", &member.name);
        entry.text("type", &self.name(member.ty));
        if member.optional {
            entry.raw("default", "null");
        }
        self.features(&mut entry, &member.features);
        let features = if tag { &[][..] } else { &member.features };
        (self.kept.item(&member.cond, features), entry.finish())
    }

    /// When a union shows a branch: under its own condition, unless a policy drops the tag's value.
    fn case(&self, object: &Object, branch: &Branch) -> Gate {
        let value = self.kept.tag_enum(object).and_then(|(_, tag)| tag.values.iter().find(|v| v.name == branch.name));
        let kept = value.map_or(Gate::Always, |value| self.kept.item(&Cond::True, &value.features));
        self.kept.gate(&branch.cond).and(kept)
    }

    fn features(&self, entry: &mut Entry, features: &[Feature]) {
        // Where conditions leave none of the features, QEMU shows an empty list.
        if !features.is_empty() {
            let gated = features.iter().map(|feature| (self.kept.gate(&feature.cond), quoted(&feature.name).into()));
            entry.list("features", gated.collect());
        }
    }

    fn push(&mut self, mut entry: Entry, features: &[Feature], gate: Gate) {
        if gate != Gate::Never {
            self.features(&mut entry, features);
            self.out.push((gate, entry.finish()));
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

/// JSON text, parts of which exist only under cargo features.
#[derive(Debug, Clone, Default)]
struct Pieces(Vec<Piece>);

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    When(Gate, Pieces),
}

impl From<String> for Pieces {
    fn from(text: String) -> Self {
        Self(vec![Piece::Text(text)])
    }
}

impl Pieces {
    /// An array of those elements that exist.
    fn list(elements: Vec<(Gate, Pieces)>) -> Self {
        let mut list = Self::from("[".to_owned());
        // Whether an element came before.
        let mut before = Gate::Never;
        for (gate, element) in elements {
            if gate == Gate::Never {
                continue;
            }
            let mut item = Self::default();
            item.when(before.clone(), Self::from(", ".to_owned()));
            item.append(element);
            before = before.or(gate.clone());
            list.when(gate, item);
        }
        list.text("]");
        list
    }

    fn text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.0.push(Piece::Text(text.to_owned())),
        }
    }

    fn quote(&mut self, text: &str) {
        if let Some(Piece::Text(last)) = self.0.last_mut() {
            quote(text, last);
        } else {
            self.0.push(Piece::Text(quoted(text)));
        }
    }

    fn append(&mut self, more: Self) {
        for piece in more.0 {
            match piece {
                Piece::Text(text) => self.text(&text),
                piece => self.0.push(piece),
            }
        }
    }

    fn when(&mut self, gate: Gate, part: Self) {
        match gate {
            Gate::Never => {}
            Gate::Always => self.append(part),
            gate => self.0.push(Piece::When(gate, part)),
        }
    }

    /// Collects the conditions, each once, in order.
    fn gates(&self, found: &mut Vec<Gate>) {
        for piece in &self.0 {
            if let Piece::When(gate, part) = piece {
                if !found.contains(gate) {
                    found.push(gate.clone());
                }
                part.gates(found);
            }
        }
    }

    /// The text where exactly `enabled` features are on.
    fn resolved(&self, enabled: &dyn Fn(&str) -> bool) -> String {
        let mut out = String::new();
        self.resolve(enabled, &mut out);
        out
    }

    fn resolve(&self, enabled: &dyn Fn(&str) -> bool, out: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::When(gate, part) if gate.holds(enabled) => part.resolve(enabled, out),
                Piece::When(..) => {}
            }
        }
    }

    /// Writes arguments of `concat!`.
    fn write(&self, gates: &[Gate], text: &mut Text) {
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => line!(text, "{},", raw(piece)),
                Piece::When(gate, part) => {
                    let number = gates.iter().position(|known| known == gate).unwrap_or_default();
                    match &part.0[..] {
                        [Piece::Text(piece)] => line!(text, "when_{number}!({}),", raw(piece)),
                        _ => {
                            text.open_with(format_args!("when_{number}!"), "(");
                            part.write(gates, text);
                            text.close_with("),");
                        }
                    }
                }
            }
        }
    }
}

/// One JSON object under construction.
#[derive(Default)]
struct Entry(Pieces);

impl Entry {
    fn new(name: &str, meta: &str) -> Self {
        let mut entry = Self::default();
        entry.text("name", name);
        entry.text("meta-type", meta);
        entry
    }

    fn text(&mut self, key: &str, value: &str) {
        self.raw(key, "");
        self.0.quote(value);
    }

    fn list(&mut self, key: &str, values: Vec<(Gate, Pieces)>) {
        self.raw(key, "");
        self.0.append(Pieces::list(values));
    }

    fn raw(&mut self, key: &str, value: &str) {
        self.0.text(if self.0.0.is_empty() { "{\"" } else { ", \"" });
        self.0.text(key);
        self.0.text("\": ");
        self.0.text(value);
    }

    fn finish(mut self) -> Pieces {
        self.0.text("}");
        self.0
    }
}

/// A JSON string. Schema strings are printable ASCII; anything else is escaped all the same.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote(text, &mut out);
    out
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    if text.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\') {
        out.push_str(text);
    } else {
        escape(text, out);
    }
    out.push('"');
}

fn escape(text: &str, out: &mut String) {
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
}
