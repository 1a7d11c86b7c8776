//! Unions: the enum of branches, so that no branch can be built without its tag.

use proc_macro2::TokenStream;
use quote::quote;

use super::docs;
use super::enums::{self, Variants};
use super::plan::Plan;
use crate::ir::{Info, Object, TypeId};

/// The enum of branches of the union `id`.
pub(crate) fn branches(plan: &Plan<'_>, id: TypeId, object: &Object, info: &Info) -> TokenStream {
    let Some((tag, values)) = plan.kept.tag_enum(object) else {
        return TokenStream::new();
    };
    let name = plan.branch_ident(id);
    let Variants { values: variants, other } = enums::variants(plan, values);
    // Both lists hold the kept values of the tag's enumeration, in its order.
    let cases: Vec<_> =
        variants.iter().zip(plan.kept.branches(object)).map(|((ident, _), case)| (ident, case)).collect();
    let tag = plan.path(tag, info.module);
    let chosen = default_case(plan, &cases.iter().map(|(_, case)| case.ty).collect::<Vec<_>>());

    let doc = docs::attributes(&format!("The branches of [`{}`], by tag.", plan.type_ident(id)));
    let declared = cases.iter().enumerate().map(|(index, (ident, case))| {
        let wire = format!("Tag value `{}`.", case.value.name);
        let doc = docs::part(None, plan.unstable(&case.value.features), &wire);
        let default = (chosen == Some(index) && case.ty.is_none()).then(|| quote!(#[default]));
        let content = case.ty.map(|ty| plan.held(id, ty, info.module)).map(|held| quote!((#held)));
        quote! { #doc #default #ident #content, }
    });
    let other_doc = docs::attributes(
        "A tag this schema does not list, kept as it came, without the members of its branch. Only clients ever see one.",
    );
    let build = cases.iter().map(|(ident, case)| match case.ty {
        Some(_) => quote!(Self::#ident(Default::default())),
        None => quote!(Self::#ident),
    });
    let (derive, default) = match chosen.map(|index| &cases[index]) {
        Some((_, case)) if case.ty.is_none() => (quote!(#[derive(Debug, Clone, PartialEq, Default)]), None),
        chosen => {
            let value = match chosen {
                Some((ident, _)) => quote!(Self::#ident(Default::default())),
                None => quote!(Self::#other(Box::default())),
            };
            let default = quote! { impl Default for #name { fn default() -> Self { #value } } };
            (quote!(#[derive(Debug, Clone, PartialEq)]), Some(default))
        }
    };
    let index = (0..cases.len()).map(super::names::number);
    let names = cases.iter().map(|(ident, case)| {
        let (pattern, wire) = (case.ty.map(|_| quote!((_))), &case.value.name);
        quote!(Self::#ident #pattern => #wire,)
    });
    let (as_branch, store) = accessors(plan, id, &cases);
    quote! {
        #doc
        #derive
        pub enum #name { #(#declared)* #other_doc #other(Box<str>) }
        #default
        impl rt::Enum for #name {
            const NAMES: &'static [&'static str] = <#tag as rt::Enum>::NAMES;
            fn from_index(i: usize) -> Self {
                match i { #(#index => #build,)* _ => Self::#other(Box::default()) }
            }
            fn from_unknown(s: &str) -> Self { Self::#other(s.into()) }
            fn as_str(&self) -> &str { match self { #(#names)* Self::#other(s) => s } }
        }
        impl #name { #as_branch #store }
    }
}

/// The methods through which the union's visitor reaches the chosen branch.
fn accessors(
    plan: &Plan<'_>,
    id: TypeId,
    cases: &[(&proc_macro2::Ident, super::select::Case<'_>)],
) -> (TokenStream, TokenStream) {
    let full: Vec<_> = cases.iter().filter_map(|(ident, case)| case.ty.map(|ty| (ident, plan.boxed(id, ty)))).collect();
    if full.is_empty() {
        return (
            quote! { fn branch(&mut self) -> Option<&mut dyn rt::Object> { None } },
            quote! { fn store(&self, _: &mut rt::Encoder) {} },
        );
    }
    let borrow = full.iter().map(|(ident, boxed)| {
        let inner = if *boxed { quote!(&mut **b) } else { quote!(b) };
        quote!(Self::#ident(b) => Some(#inner),)
    });
    let store = full.iter().map(|(ident, boxed)| {
        let inner = if *boxed { quote!(&**b) } else { quote!(b) };
        quote!(Self::#ident(b) => rt::Object::store(#inner, e),)
    });
    (
        quote! { fn branch(&mut self) -> Option<&mut dyn rt::Object> { match self { #(#borrow)* _ => None } } },
        quote! { fn store(&self, e: &mut rt::Encoder) { match self { #(#store)* _ => {} } } },
    )
}

/// An empty branch if there is one, else the one whose default ends soonest.
fn default_case(plan: &Plan<'_>, cases: &[Option<TypeId>]) -> Option<usize> {
    let cost = |case: &Option<TypeId>| case.map_or(0, |ty| plan.depth(ty).unwrap_or(u32::MAX).max(1));
    (0..cases.len()).min_by_key(|&index| cost(&cases[index]))
}
