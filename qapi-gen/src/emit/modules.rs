//! The module tree: a Rust module per schema file, everything re-exported flat in the root.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::gate::Gate;
use super::plan::Plan;
use super::service::Server;
use super::text::{Text, line};
use super::{commands, docs, events, introspect, names, types};
use crate::ir::{Item, ModuleId, TypeKind};

/// The Rust name of the module for a schema file: `qapi/block-core.json` becomes `block_core`.
pub(crate) fn module_name(file: &str) -> String {
    let stem = Path::new(file).file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    match names::snake(&stem) {
        // Nothing of the name can be part of an identifier.
        name if name == "_" => "schema".to_owned(),
        name => name,
    }
}

/// Generated code as a tree of modules.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    /// Name of the root module.
    pub(crate) module: String,
    /// Cargo features that the code names.
    pub(crate) features: BTreeSet<String>,
    /// Documentation of the root module.
    docs: String,
    /// Items of the root module, submodules excepted.
    root: String,
    /// Submodules in order.
    pub(crate) children: Vec<Child>,
}

/// One submodule.
#[derive(Debug, Clone)]
pub(crate) struct Child {
    /// Its name as an identifier.
    name: String,
    docs: String,
    items: String,
}

impl Child {
    /// The name of the file that Rust looks for.
    pub(crate) fn file_name(&self) -> String {
        format!("{}.rs", self.name.trim_start_matches("r#"))
    }

    /// The content of that file.
    pub(crate) fn file(&self) -> String {
        let mut text = Text::for_file();
        text.inner_doc(&self.docs);
        text.blank();
        text.paste(&self.items);
        text.finish()
    }
}

impl Code {
    /// The root module with everything in it: what a build script writes and the macro expands to.
    ///
    /// Its items are not indented: `pub mod` lines are marks between what would be files.
    pub(crate) fn text(&self) -> String {
        let size = self.root.len() + self.children.iter().map(|child| child.items.len() + 512).sum::<usize>();
        let mut text = Text::with_capacity(size + self.docs.len() + 512);
        text.doc(&self.docs);
        line!(text, "#[{LINTS}]");
        line!(text, "pub mod {} {{", names::ident(&self.module));
        text.paste(&self.root);
        for child in &self.children {
            text.blank();
            text.doc(&child.docs);
            line!(text, "pub mod {} {{", child.name);
            text.paste(&child.items);
            line!(text, "}}");
        }
        line!(text, "}}");
        text.finish()
    }

    /// The root module's own file, with the submodules in files beside it.
    pub(crate) fn root_file(&self) -> String {
        let mut text = Text::for_file();
        text.inner_doc(&self.docs);
        line!(text, "#![{LINTS}]");
        text.blank();
        for child in &self.children {
            line!(text, "pub mod {};", child.name);
        }
        text.blank();
        text.paste(&self.root);
        text.finish()
    }
}

/// What generated code may do although hand-written code should not; each for a reason of its own:
/// the handlers' futures stay on one thread, a schema decides on names and sizes, deprecated things
/// are still carried, and nobody uses all of a schema.
const LINTS: &str = "allow(async_fn_in_trait, clippy::all, dead_code, deprecated, unreachable_pub, unused_imports, unused_macros, \
                     reason = \"generated: the schema decides what there is, and its users what of it is used\")";

/// The whole tree.
pub(crate) fn code(plan: &Plan<'_>) -> Code {
    let mut parts: BTreeMap<ModuleId, Part> = BTreeMap::new();
    for (id, module) in (0..).map(ModuleId).zip(&plan.schema.modules) {
        let home = if plan.module(id).is_some() { id } else { ModuleId(1) };
        let part = parts.entry(home).or_default();
        for item in &module.items {
            part.add(plan, *item);
        }
    }
    let server = plan.settings.server.then(|| Server::new(plan));
    let root_part = parts.remove(&ModuleId(1)).unwrap_or_default();
    let mut root = Text::new();
    line!(root, "use {} as rt;", plan.settings.runtime);
    let mut children = Vec::new();
    for (id, mut part) in parts {
        let (Some(name), module) = (plan.module(id), plan.schema.module(id)) else {
            continue;
        };
        for (gate, defined) in &part.names {
            root.gate(gate);
            let prefix = format_args!("pub use self::{name}::{{");
            root.list(prefix, defined.iter().map(|name| (name, &Gate::Always)), "};");
        }
        if let Some(server) = &server {
            server.module_trait(id, &mut part.items);
        }
        let docs = docs::module(&format!("Definitions of `{}`.", module.name), &module.docs);
        let items = format!("use super::rt;\n{}", part.items.finish());
        children.push(Child { name: name.to_owned(), docs, items });
    }
    root.paste(&root_part.items.finish());
    introspect::constant(plan, &mut root);
    if let Some(server) = &server {
        server.root(&mut root);
    }
    let features = plan.kept.cargo_features();
    Code {
        module: plan.settings.module.clone().unwrap_or_else(|| root_name(plan)),
        docs: root_docs(plan, &features),
        features,
        root: root.finish(),
        children,
    }
}

fn root_name(plan: &Plan<'_>) -> String {
    module_name(plan.schema.modules.get(1).map_or("", |module| &module.name))
}

fn root_docs(plan: &Plan<'_>, features: &BTreeSet<String>) -> String {
    let root = plan.schema.modules.get(1);
    let mut what = format!("Generated from the QAPI schema `{}`.", root.map_or("", |module| &module.name));
    if !features.is_empty() {
        let names: Vec<_> = features.iter().map(|name| format!("`{name}`")).collect();
        what.push_str(&format!("\n\nCargo features that decide on parts of it: {}.", names.join(", ")));
    }
    docs::module(&what, root.map_or(&[], |module| &module.docs))
}

/// What one module defines, and the names to re-export.
#[derive(Default)]
struct Part {
    items: Text,
    /// Names by the condition under which they exist, in order of first appearance.
    names: Vec<(Gate, Vec<String>)>,
}

impl Part {
    fn add(&mut self, plan: &Plan<'_>, item: Item) {
        let schema = plan.schema;
        match item {
            Item::Type(id) => {
                let (ty, gate) = (schema.ty(id), plan.kept.ty(id));
                if *gate == Gate::Never || plan.defined_in_place(id) || plan.kept.empty(id) {
                    return;
                }
                match &ty.kind {
                    TypeKind::Builtin(_) | TypeKind::Array(_) => return,
                    TypeKind::Object(object) if object.variants.is_some() => self.name(gate, plan.branch_ident(id)),
                    _ => {}
                }
                self.name(gate, plan.type_ident(id));
                self.items.blank();
                types::definition(plan, id, &mut self.items);
            }
            Item::Command(index) => {
                let command = &schema.commands[index];
                let gate = plan.kept.item(&command.info.cond, &command.info.features);
                if gate == Gate::Never {
                    return;
                }
                let before = self.items.len();
                self.items.blank();
                commands::definition(plan, index, command, &gate, &mut self.items);
                if self.items.len() > before + 1 {
                    self.name(&gate, plan.command_ident(index));
                }
            }
            Item::Event(index) => {
                let event = &schema.events[index];
                let gate = plan.kept.item(&event.info.cond, &event.info.features);
                if gate != Gate::Never {
                    self.name(&gate, plan.event_ident(index));
                    self.items.blank();
                    events::definition(plan, index, event, &gate, &mut self.items);
                }
            }
            Item::Include(_) => {}
        }
    }

    fn name(&mut self, gate: &Gate, name: &str) {
        match self.names.iter_mut().find(|(known, _)| known == gate) {
            Some((_, names)) => names.push(name.to_owned()),
            None => self.names.push((gate.clone(), vec![name.to_owned()])),
        }
    }
}
