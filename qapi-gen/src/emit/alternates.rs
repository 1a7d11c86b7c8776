//! Alternates: the kind of the JSON value decides.

use proc_macro2::TokenStream;
use quote::quote;

use super::docs;
use super::names::{self, Scope};
use super::plan::Plan;
use crate::ir::{Alternate, Builtin, Schema, TypeId, TypeKind};

/// The enum of an alternate with its visitor.
pub(crate) fn definition(plan: &Plan<'_>, id: TypeId, alternate: &Alternate) -> TokenStream {
    let info = &plan.schema.ty(id).info;
    let (name, wire_name) = (plan.type_ident(id), &info.name);
    let doc = docs::definition(info, plan.unstable(&info.features), &format!("Wire name: `{wire_name}`."));
    let mut scope = Scope::default();
    let branches: Vec<_> = plan
        .kept
        .members(&alternate.branches)
        .map(|branch| (names::ident(&scope.claim(names::camel(&branch.name), "")), branch))
        .collect();
    if branches.is_empty() {
        return without_branches(&name, wire_name, doc);
    }
    let declared = branches.iter().map(|(ident, branch)| {
        let doc =
            docs::part(branch.doc.as_deref(), false, &format!("{} on the wire.", kind_text(plan.schema, branch.ty)));
        let held = plan.held(id, branch.ty, info.module);
        quote! { #doc #ident(#held), }
    });
    let default = branches.iter().min_by_key(|(_, branch)| plan.depth(branch.ty).unwrap_or(u32::MAX));
    let default = default.map(|(ident, _)| quote!(Self::#ident(Default::default())));
    let idents: Vec<_> = branches.iter().map(|(ident, _)| ident).collect();
    let kinds = branches.iter().map(|(_, branch)| kind(plan.schema, branch.ty));
    quote! {
        #doc
        #[derive(Debug, Clone, PartialEq)]
        pub enum #name { #(#declared)* }
        impl Default for #name { fn default() -> Self { #default } }
        impl rt::Alternate for #name {
            const NAME: &'static str = #wire_name;
            fn select(&mut self, kind: rt::Kind) -> bool {
                *self = match kind {
                    #(rt::Kind::#kinds => Self::#idents(Default::default()),)*
                    #[allow(unreachable_patterns, reason = "an alternate may take every kind")]
                    _ => return false,
                };
                true
            }
            fn get_branch(&mut self, d: &mut rt::Decoder<'_>) -> rt::Outcome {
                match self { #(Self::#idents(b) => rt::Visit::get(b, d),)* }
            }
            fn put_branch(&self, e: &mut rt::Encoder) {
                match self { #(Self::#idents(b) => rt::Visit::put(b, e),)* }
            }
        }
        rt::alternate!(#name);
    }
}

/// An alternate none of whose branches exists under the symbols: it accepts nothing.
fn without_branches(name: &proc_macro2::Ident, wire_name: &str, doc: TokenStream) -> TokenStream {
    let nothing = docs::attributes("No branch exists in this configuration.");
    quote! {
        #doc
        #[derive(Debug, Clone, PartialEq, Default)]
        pub enum #name { #nothing #[default] Nothing }
        impl rt::Alternate for #name {
            const NAME: &'static str = #wire_name;
            fn select(&mut self, _: rt::Kind) -> bool { false }
            fn get_branch(&mut self, _: &mut rt::Decoder<'_>) -> rt::Outcome { Ok(()) }
            fn put_branch(&self, e: &mut rt::Encoder) { rt::Visit::put(&rt::Null, e) }
        }
        rt::alternate!(#name);
    }
}

/// The `rt::Kind` that a branch of type `id` takes.
fn kind(schema: &Schema, id: TypeId) -> TokenStream {
    match &schema.ty(id).kind {
        TypeKind::Builtin(Builtin::Null) => quote!(Null),
        TypeKind::Builtin(Builtin::Bool) => quote!(Bool),
        TypeKind::Builtin(Builtin::Str) | TypeKind::Enum(_) => quote!(String),
        TypeKind::Array(_) => quote!(List),
        TypeKind::Object(_) | TypeKind::Alternate(_) => quote!(Dict),
        TypeKind::Builtin(_) => quote!(Number),
    }
}

fn kind_text(schema: &Schema, id: TypeId) -> &'static str {
    match &schema.ty(id).kind {
        TypeKind::Builtin(Builtin::Null) => "`null`",
        TypeKind::Builtin(Builtin::Bool) => "A boolean",
        TypeKind::Builtin(Builtin::Str) | TypeKind::Enum(_) => "A string",
        TypeKind::Array(_) => "An array",
        TypeKind::Object(_) | TypeKind::Alternate(_) => "An object",
        TypeKind::Builtin(_) => "A number",
    }
}
