//! Decisions made before any code is written: what exists, under which Rust name, in which module.

use std::collections::{HashMap, HashSet};

use super::cycles::Cycles;
use super::docs::Remarks;
use super::gate::Gate;
use super::names::{self, Scope};
use super::select::Selection;
use super::text::quoted;
use crate::ir::{Builtin, Command, Cond, Feature, Member, Module, ModuleId, ObjectMeta, Schema, TypeId, TypeKind};
use crate::settings::{ConditionMode, Settings};

/// Commands that the runtime answers itself, so that no handler is generated for them.
const ANSWERED_BY_RUNTIME: &[&str] = &["qmp_capabilities", "query-commands", "query-qmp-schema"];

/// Everything the emitters look up.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// The resolved schema.
    pub(crate) schema: &'a Schema,
    /// The user's choices.
    pub(crate) settings: &'a Settings,
    /// What exists, and when.
    pub(crate) kept: &'a Selection<'a>,
    cycles: Cycles,
    types: Vec<Option<String>>,
    branches: Vec<Option<String>>,
    commands: Vec<(String, String)>,
    events: Vec<String>,
    modules: Vec<Option<String>>,
    in_place: HashSet<TypeId>,
}

/// How a definition that carries data gets its Rust type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload {
    /// No members: an empty struct.
    Empty,
    /// Members written in place: a struct of its own with these.
    Inline(TypeId),
    /// Members of a named type: a wrapper around it.
    Named(TypeId),
}

impl<'a> Plan<'a> {
    /// Chooses names in definition order: types first, then commands, then events.
    pub(crate) fn new(schema: &'a Schema, settings: &'a Settings, kept: &'a Selection<'a>) -> Self {
        let mut plan = Self {
            schema,
            settings,
            kept,
            cycles: Cycles::new(schema, kept),
            types: vec![None; schema.types.len()],
            branches: vec![None; schema.types.len()],
            commands: Vec::with_capacity(schema.commands.len()),
            events: Vec::with_capacity(schema.events.len()),
            modules: rust_modules(&schema.modules),
            in_place: HashSet::new(),
        };
        let mut scope = Scope::with(names::RESERVED_TYPES);
        let mut methods = Scope::default();
        for (slot, ty) in plan.types.iter_mut().zip(&schema.types) {
            let named = match &ty.kind {
                TypeKind::Builtin(_) | TypeKind::Array(_) => false,
                TypeKind::Object(object) => object.meta != ObjectMeta::Implicit,
                TypeKind::Enum(_) | TypeKind::Alternate(_) => true,
            };
            if named {
                *slot = Some(names::ident(&scope.claim(names::camel(&ty.info.name), "Type")));
            }
        }
        let mut inline = HashMap::new();
        for command in &schema.commands {
            let name = names::ident(&scope.claim(names::camel(&command.info.name), "Command"));
            if let (Payload::Inline(id), true) = (plan.payload(command.arg, &command.info.name), command.generated) {
                inline.insert(id, name.clone());
                plan.in_place.insert(id);
            }
            let method = names::ident(&methods.claim(names::snake(&command.info.name), ""));
            plan.commands.push((name, method));
        }
        for event in &schema.events {
            let name = names::ident(&scope.claim(names::camel(&event.info.name), "Event"));
            if let Payload::Inline(id) = plan.payload(event.arg, &event.info.name) {
                inline.insert(id, name.clone());
                plan.in_place.insert(id);
            }
            plan.events.push(name);
        }
        for (id, ty) in (0..).map(TypeId).zip(&schema.types) {
            if let TypeKind::Object(object) = &ty.kind {
                let slot = &mut plan.types[id.0 as usize];
                if slot.is_none() {
                    let implicit = ty.info.name.strip_prefix("q_obj_").unwrap_or(&ty.info.name);
                    let name = inline.remove(&id).unwrap_or_else(|| scope.claim(names::camel(implicit), "Type"));
                    *slot = Some(name);
                }
                if let (Some(name), true) = (&plan.types[id.0 as usize], object.variants.is_some()) {
                    plan.branches[id.0 as usize] = Some(scope.claim(format!("{name}Branch"), "Type"));
                }
            }
        }
        plan
    }

    /// The Rust name of a defined or implicit type.
    pub(crate) fn type_ident(&self, id: TypeId) -> &str {
        self.types[id.0 as usize].as_deref().unwrap_or("Unnamed")
    }

    /// The Rust name of a union's enum of branches.
    pub(crate) fn branch_ident(&self, id: TypeId) -> &str {
        self.branches[id.0 as usize].as_deref().unwrap_or("Unnamed")
    }

    /// The Rust name of a command's type.
    pub(crate) fn command_ident(&self, index: usize) -> &str {
        &self.commands[index].0
    }

    /// The name of a command's trait method.
    pub(crate) fn method_ident(&self, index: usize) -> &str {
        &self.commands[index].1
    }

    /// The Rust name of an event's type.
    pub(crate) fn event_ident(&self, index: usize) -> &str {
        &self.events[index]
    }

    /// The Rust module for a schema module; `None` for the root, where built-ins go too.
    pub(crate) fn module(&self, id: ModuleId) -> Option<&str> {
        self.modules[id.0 as usize].as_deref()
    }

    /// The Rust type for values of `id`, written for code in `from`.
    pub(crate) fn path(&self, id: TypeId, from: ModuleId) -> String {
        let ty = self.schema.ty(id);
        match &ty.kind {
            TypeKind::Builtin(builtin) => scalar(*builtin).to_owned(),
            TypeKind::Array(element) => format!("Vec<{}>", self.path(*element, from)),
            TypeKind::Object(_) if self.kept.empty(id) => "()".to_owned(),
            TypeKind::Object(_) | TypeKind::Enum(_) | TypeKind::Alternate(_) => {
                let name = self.type_ident(id);
                if self.module(from).is_none() || self.module(from) == self.module(ty.info.module) {
                    name.to_owned()
                } else {
                    format!("super::{name}")
                }
            }
        }
    }

    /// The Rust type for values of `inner` held by `outer`: boxed where `outer` contains itself through it.
    pub(crate) fn held(&self, outer: TypeId, inner: TypeId, from: ModuleId) -> String {
        let path = self.path(inner, from);
        if self.boxed(outer, inner) { format!("Box<{path}>") } else { path }
    }

    /// True when [`Plan::held`] is a `Box`.
    pub(crate) fn boxed(&self, outer: TypeId, inner: TypeId) -> bool {
        self.cycles.boxed(outer, inner)
    }

    /// Steps until the type's default value ends; `None` when it never would.
    pub(crate) fn depth(&self, id: TypeId) -> Option<u32> {
        self.cycles.depth(id)
    }

    /// True for members held in an `Option`.
    ///
    /// A required member is too when no finite value of its type exists: its owner's default must end.
    pub(crate) fn in_option(&self, member: &Member) -> bool {
        member.optional || self.depth(member.ty).is_none()
    }

    /// How the data `arg` of the command or event `name` is represented.
    pub(crate) fn payload(&self, arg: Option<TypeId>, name: &str) -> Payload {
        match arg {
            None => Payload::Empty,
            Some(id) if self.kept.empty(id) => Payload::Empty,
            Some(id)
                if self.schema.ty(id).info.name.strip_prefix("q_obj_").and_then(|n| n.strip_suffix("-arg"))
                    == Some(name) =>
            {
                Payload::Inline(id)
            }
            Some(id) => Payload::Named(id),
        }
    }

    /// True for implicit types that a command or event emits as its own struct.
    pub(crate) fn defined_in_place(&self, id: TypeId) -> bool {
        self.in_place.contains(&id)
    }

    /// The commands that exist, with their index in the schema and when they exist.
    pub(crate) fn commands(&self) -> impl Iterator<Item = (usize, &'a Command, Gate)> + use<'a, '_> {
        let gated = |(index, command): (usize, &'a Command)| {
            (index, command, self.kept.item(&command.info.cond, &command.info.features))
        };
        self.schema.commands.iter().enumerate().map(gated).filter(|(_, _, gate)| *gate != Gate::Never)
    }

    /// True for commands that a server implements: all but those the runtime answers.
    pub(crate) fn handles(&self, command: &Command) -> bool {
        !ANSWERED_BY_RUNTIME.contains(&command.info.name.as_str())
    }

    /// The marks that the runtime's policy asks about, as a constant expression, when `features` hold any.
    pub(crate) fn special(&self, features: &[Feature]) -> Option<String> {
        if features.is_empty() {
            return None;
        }
        let [deprecated, unstable] = ["deprecated", "unstable"].map(|name| self.kept.feature(features, name));
        Some(match (&deprecated, &unstable) {
            (Gate::Never, Gate::Never) => return None,
            (Gate::Always, Gate::Never) => "rt::Special::DEPRECATED".to_owned(),
            (Gate::Never, Gate::Always) => "rt::Special::UNSTABLE".to_owned(),
            (Gate::Always, Gate::Always) => "rt::Special::BOTH".to_owned(),
            _ => {
                let (deprecated, unstable) = (deprecated.expression(), unstable.expression());
                format!("rt::Special {{ deprecated: {deprecated}, unstable: {unstable} }}")
            }
        })
    }

    /// True for the schema type `size` and lists of it, which look like any 64-bit integer in Rust.
    pub(crate) fn sized(&self, id: TypeId) -> bool {
        match self.schema.ty(id).kind {
            TypeKind::Builtin(builtin) => builtin == Builtin::Size,
            TypeKind::Array(element) => self.sized(element),
            _ => false,
        }
    }

    /// The `#[deprecated]` attribute, when `features` hold `deprecated`.
    pub(crate) fn deprecated(&self, features: &[Feature], doc: Option<&crate::ir::Doc>) -> Option<String> {
        let gate = self.kept.feature(features, "deprecated");
        let note = || super::docs::deprecation(doc);
        match gate {
            Gate::Never => None,
            Gate::Always => Some(format!("#[deprecated = {}]", quoted(&note()))),
            gate => Some(format!("#[cfg_attr({gate}, deprecated = {})]", quoted(&note()))),
        }
    }

    /// What the documentation of a part adds to the schema's own text.
    pub(crate) fn remarks<'p>(&self, cond: &'p Cond, features: &[Feature]) -> Remarks<'p> {
        let unstable = !features.is_empty() && self.kept.feature(features, "unstable") != Gate::Never;
        let cond = (self.settings.conditions.mode != ConditionMode::Resolve && *cond != Cond::True).then_some(cond);
        Remarks { unstable, cond }
    }
}

fn scalar(builtin: Builtin) -> &'static str {
    match builtin {
        Builtin::Str => "rt::Str",
        Builtin::Int | Builtin::Int64 => "i64",
        Builtin::Number => "f64",
        Builtin::Bool => "bool",
        Builtin::Int8 => "i8",
        Builtin::Int16 => "i16",
        Builtin::Int32 => "i32",
        Builtin::Uint8 => "u8",
        Builtin::Uint16 => "u16",
        Builtin::Uint32 => "u32",
        Builtin::Uint64 | Builtin::Size => "u64",
        Builtin::Any => "rt::Value",
        Builtin::Null => "rt::Null",
    }
}

/// A Rust module for every schema file but the root, after its file name; a repeated name gets `_`.
fn rust_modules(modules: &[Module]) -> Vec<Option<String>> {
    // `rt` is what generated code calls the runtime.
    let mut scope = Scope::with(&["rt"]);
    let name = |(index, module): (usize, &Module)| {
        (index > 1).then(|| names::ident(&scope.claim(super::modules::module_name(&module.name), "")))
    };
    modules.iter().enumerate().map(name).collect()
}
