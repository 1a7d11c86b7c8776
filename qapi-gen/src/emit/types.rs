//! Structs, and the object visitor that structs and unions share.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens as _, quote};

use super::names::{self, Scope};
use super::plan::Plan;
use super::{alternates, docs, enums, unions};
use crate::ir::{Doc, Info, Member, ModuleId, Object, TypeId, TypeKind};

/// The definition of one type with its visitors; nothing for built-in and array types.
pub(crate) fn definition(plan: &Plan<'_>, id: TypeId) -> TokenStream {
    let ty = plan.schema.ty(id);
    match &ty.kind {
        TypeKind::Builtin(_) | TypeKind::Array(_) => TokenStream::new(),
        TypeKind::Enum(values) => enums::definition(plan, id, values),
        TypeKind::Alternate(alternate) => alternates::definition(plan, id, alternate),
        TypeKind::Object(object) => {
            let wire = format!("Wire name: `{}`.", ty.info.name);
            let doc = docs::definition(&ty.info, plan.unstable(&ty.info.features), &wire);
            structure(plan, id, object, &ty.info, doc)
        }
    }
}

/// A struct with its `Object` implementation, and a union's enum of branches.
///
/// `info` belongs to the definition whose documentation describes the members.
pub(crate) fn structure(plan: &Plan<'_>, id: TypeId, object: &Object, info: &Info, doc: TokenStream) -> TokenStream {
    let name = plan.type_ident(id);
    let fields = fields(plan, object);
    let members = fields.iter().map(|field| declaration(plan, id, field, info.module, info.doc.as_ref()));
    let visitor = visitor(plan, object, &fields);
    let branches = object.variants.is_some().then(|| unions::branches(plan, id, object, info));
    let deprecated = plan.deprecated(&info.features, info.doc.as_ref());
    quote! {
        #doc
        #deprecated
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct #name { #(#members)* }
        impl rt::Object for #name { #visitor }
        rt::object!(#name);
        #branches
    }
}

/// A kept member with its Rust name; the tag of a union is the enum of branches.
struct Field<'a> {
    member: &'a Member,
    ident: proc_macro2::Ident,
    tag: bool,
}

fn fields<'a>(plan: &Plan<'a>, object: &'a Object) -> Vec<Field<'a>> {
    let tag = object.variants.as_ref().and_then(|variants| object.members.get(variants.tag));
    let mut scope = Scope::with(if tag.is_some() { &["u"] } else { &[] });
    let field = |member: &'a Member| {
        let tag = tag.is_some_and(|tag| std::ptr::eq(tag, member));
        let name = if tag { "u".to_owned() } else { scope.claim(names::snake(&member.name), "") };
        Field { member, ident: names::ident(&name), tag }
    };
    plan.kept.members(&object.members).map(field).collect()
}

fn declaration(plan: &Plan<'_>, owner: TypeId, field: &Field<'_>, from: ModuleId, doc: Option<&Doc>) -> TokenStream {
    let Field { member, ident, tag } = field;
    let unstable = plan.unstable(&member.features);
    if *tag {
        let wire = format!("The tag `{}` on the wire, with the members of its branch.", member.name);
        let doc = docs::part(member.doc.as_deref(), unstable, &wire);
        let branches = plan.branch_ident(owner);
        return quote! { #doc pub #ident: #branches, };
    }
    let wire = format!("Wire name: `{}`.", member.name);
    let text = docs::part(member.doc.as_deref(), unstable, &wire);
    let deprecated = plan.deprecated(&member.features, doc);
    let held = plan.held(owner, member.ty, from);
    let held = if plan.in_option(member) { quote!(Option<#held>) } else { held };
    quote! { #text #deprecated pub #ident: #held, }
}

/// The methods of `rt::Object`.
fn visitor(plan: &Plan<'_>, object: &Object, fields: &[Field<'_>]) -> TokenStream {
    let names = fields.iter().map(|field| &field.member.name);
    let mut masks = vec![0u64; fields.len().div_ceil(64)];
    for (index, field) in fields.iter().enumerate() {
        if !field.member.optional {
            masks[index / 64] |= 1 << (index % 64);
        }
    }
    let required = masks.into_iter().map(Literal::u64_unsuffixed);
    let tag = match fields.iter().position(|field| field.tag) {
        Some(index) => names::number(index).into_token_stream(),
        None => quote!(usize::MAX),
    };
    let load = fields.iter().enumerate().map(|(index, field)| {
        let (ident, index) = (&field.ident, names::number(index));
        if field.tag {
            quote!(#index => { self.#ident = d.tag()?; Ok(()) })
        } else {
            quote!(#index => rt::Visit::get(&mut self.#ident, d),)
        }
    });
    let store = fields.iter().map(|field| {
        let (ident, name) = (&field.ident, &field.member.name);
        if field.tag {
            quote!(e.key(#name); e.str(rt::Enum::as_str(&self.#ident));)
        } else {
            quote!(e.member(#name, &self.#ident);)
        }
    });
    let (store_branch, branch) = if object.variants.is_some() && plan.kept.tag_enum(object).is_some() {
        (
            Some(quote!(self.u.store(e);)),
            Some(quote! { fn branch(&mut self) -> Option<&mut dyn rt::Object> { self.u.branch() } }),
        )
    } else {
        (None, None)
    };
    let (load, store) = if fields.is_empty() {
        let load = quote! { fn load(&mut self, _: usize, _: &mut rt::Decoder<'_>) -> rt::Outcome { Ok(()) } };
        (load, quote! { fn store(&self, _: &mut rt::Encoder) {} })
    } else {
        let load = quote! {
            fn load(&mut self, i: usize, d: &mut rt::Decoder<'_>) -> rt::Outcome {
                match i { #(#load)* _ => Ok(()) }
            }
        };
        (load, quote! { fn store(&self, e: &mut rt::Encoder) { #(#store)* #store_branch } })
    };
    quote! {
        fn shape(&self) -> &'static rt::Shape {
            static SHAPE: rt::Shape = rt::Shape { names: &[#(#names),*], required: &[#(#required),*], tag: #tag };
            &SHAPE
        }
        #load
        #store
        #branch
    }
}
