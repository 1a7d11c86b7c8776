//! The module tree: a Rust module per schema file, everything re-exported flat in the root.

use std::collections::BTreeMap;
use std::path::Path;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::plan::Plan;
use super::{commands, docs, events, introspect, names, service, types};
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
    /// Documentation of the root module.
    docs: String,
    /// Items of the root module, submodules excepted.
    root: TokenStream,
    /// Submodules in order.
    pub(crate) children: Vec<Child>,
}

/// One submodule.
#[derive(Debug, Clone)]
pub(crate) struct Child {
    name: String,
    docs: String,
    items: TokenStream,
}

impl Child {
    /// The name of the file that Rust looks for.
    #[cfg(feature = "pretty")]
    pub(crate) fn file_name(&self) -> String {
        format!("{}.rs", self.name)
    }

    /// The content of that file.
    #[cfg(feature = "pretty")]
    pub(crate) fn file(&self) -> TokenStream {
        let (docs, items) = (docs::inner_attributes(&self.docs), &self.items);
        quote!(#docs #items)
    }
}

impl Code {
    /// The root module with everything in it: what the macro expands to and a build script writes.
    pub(crate) fn tokens(&self) -> TokenStream {
        let (module, docs, lints, root) =
            (names::ident(&self.module), docs::attributes(&self.docs), lints(), &self.root);
        let children = self.children.iter().map(|child| {
            let (name, docs, items) = (names::ident(&child.name), docs::attributes(&child.docs), &child.items);
            quote! { #docs pub mod #name { #items } }
        });
        quote! {
            #docs
            #[#lints]
            pub mod #module { #root #(#children)* }
        }
    }

    /// The root module's own file, with the submodules in files beside it.
    #[cfg(feature = "pretty")]
    pub(crate) fn root_file(&self) -> TokenStream {
        let (docs, lints, root) = (docs::inner_attributes(&self.docs), lints(), &self.root);
        let children = self.children.iter().map(|child| names::ident(&child.name));
        quote! { #docs #![#lints] #(pub mod #children;)* #root }
    }
}

/// What generated code may do although hand-written code should not; each for a reason of its own:
/// the handlers' futures stay on one thread, a schema decides on names and sizes, deprecated things
/// are still carried, and nobody uses all of a schema.
fn lints() -> TokenStream {
    quote! {
        allow(async_fn_in_trait, clippy::all, dead_code, deprecated, unreachable_pub, unused_imports,
            reason = "generated: the schema decides what there is, and its users what of it is used")
    }
}

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
    let runtime = path(&plan.settings.runtime);
    let root_part = parts.remove(&ModuleId(1)).unwrap_or_default();
    let (mut exports, mut children) = (Vec::new(), Vec::new());
    for (id, part) in parts {
        let (Some(name), module) = (plan.module(id), plan.schema.module(id)) else {
            continue;
        };
        let server = plan.settings.server.then(|| service::module_trait(plan, id));
        let Part { items, names: defined } = part;
        if !defined.is_empty() {
            let name = names::ident(name);
            exports.push(quote!(pub use self::#name::{#(#defined),*};));
        }
        let docs = docs::module(&format!("Definitions of `{}`.", module.name), &module.docs);
        children.push(Child { name: name.to_owned(), docs, items: quote!(use super::rt; #(#items)* #server) });
    }
    let server = plan.settings.server.then(|| service::root(plan));
    let introspection = introspect::constant(plan);
    let root_items = root_part.items;
    let file = plan.schema.modules.get(1).map_or("", |module| &module.name);
    let texts = plan.schema.modules.get(1).map_or(&[][..], |module| &module.docs);
    Code {
        module: plan.settings.module.clone().unwrap_or_else(|| module_name(file)),
        docs: docs::module(&format!("Generated from the QAPI schema `{file}`."), texts),
        root: quote! { use #runtime as rt; #(#exports)* #(#root_items)* #introspection #server },
        children,
    }
}

/// What one module defines, and the names to re-export.
#[derive(Default)]
struct Part {
    items: Vec<TokenStream>,
    names: Vec<Ident>,
}

impl Part {
    fn add(&mut self, plan: &Plan<'_>, item: Item) {
        let schema = plan.schema;
        match item {
            Item::Type(id) => {
                let ty = schema.ty(id);
                if !plan.kept.has(id) || plan.defined_in_place(id) || plan.kept.empty(id) {
                    return;
                }
                match &ty.kind {
                    TypeKind::Builtin(_) | TypeKind::Array(_) => return,
                    TypeKind::Object(object) if object.variants.is_some() => self.names.push(plan.branch_ident(id)),
                    _ => {}
                }
                self.names.push(plan.type_ident(id));
                self.items.push(types::definition(plan, id));
            }
            Item::Command(index) => {
                let command = &schema.commands[index];
                if !plan.kept.holds(&command.info.cond) {
                    return;
                }
                let tokens = commands::definition(plan, index, command);
                if !tokens.is_empty() {
                    self.names.push(plan.command_ident(index));
                    self.items.push(tokens);
                }
            }
            Item::Event(index) => {
                let event = &schema.events[index];
                if plan.kept.holds(&event.info.cond) {
                    self.names.push(plan.event_ident(index));
                    self.items.push(events::definition(plan, index, event));
                }
            }
            Item::Include(_) => {}
        }
    }
}

/// The tokens of a Rust path; [`Settings`](crate::Settings) checked its form.
fn path(text: &str) -> TokenStream {
    let global = text.strip_prefix("::");
    let parts = global.unwrap_or(text).split("::").map(|part| {
        // `crate`, `self` and `super` are keywords that a path may start with.
        if matches!(part, "crate" | "self" | "super") {
            Ident::new(part, proc_macro2::Span::call_site())
        } else {
            names::ident(part)
        }
    });
    let lead = global.map(|_| quote!(::));
    quote!(#lead #(#parts)::*)
}
