//! Enumerations: variants, wire names, the catch-all for values of other releases.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::docs;
use super::names::{self, Scope};
use super::plan::Plan;
use crate::ir::{Enum, EnumValue, TypeId};

/// Rust names for the kept values of an enumeration, and of the variant for any other value.
pub(crate) struct Variants<'a> {
    /// One name per kept value, in order.
    pub(crate) values: Vec<(Ident, &'a EnumValue)>,
    /// `Unknown`, or `Unrecognized` where the schema has a value of that name.
    pub(crate) other: Ident,
}

/// Names the variants of `values`.
pub(crate) fn variants<'a>(plan: &Plan<'a>, values: &'a Enum) -> Variants<'a> {
    let mut scope = Scope::default();
    let named = |value: &'a EnumValue| (names::ident(&scope.claim(names::camel(&value.name), "")), value);
    let values: Vec<_> = plan.kept.values(values).map(named).collect();
    let unknown = values.iter().any(|(name, _)| name == "Unknown");
    let other = names::ident(&scope.claim(if unknown { "Unrecognized" } else { "Unknown" }.to_owned(), ""));
    Variants { values, other }
}

/// The enum with its wire names and visitor.
pub(crate) fn definition(plan: &Plan<'_>, id: TypeId, values: &Enum) -> TokenStream {
    let info = &plan.schema.ty(id).info;
    let name = plan.type_ident(id);
    let doc = docs::definition(info, plan.unstable(&info.features), &format!("Wire name: `{}`.", info.name));
    let Variants { values, other } = variants(plan, values);
    let declared = values.iter().enumerate().map(|(index, (variant, value))| {
        let wire = format!("Wire name: `{}`.", value.name);
        let doc = docs::part(value.doc.as_deref(), plan.unstable(&value.features), &wire);
        let deprecated = plan.deprecated(&value.features, info.doc.as_ref());
        let default = (index == 0).then(|| quote!(#[default]));
        quote! { #doc #deprecated #default #variant, }
    });
    let other_doc = docs::attributes("A value this schema does not list, kept as it came. Only clients ever see one.");
    let wire: Vec<_> = values.iter().map(|(_, value)| &value.name).collect();
    let idents: Vec<_> = values.iter().map(|(variant, _)| variant).collect();
    let index = (0..values.len()).map(names::number);
    let (derive, default) = if values.is_empty() {
        let default = quote! { impl Default for #name { fn default() -> Self { Self::#other(Box::default()) } } };
        (quote!(#[derive(Debug, Clone, PartialEq, Eq, Hash)]), Some(default))
    } else {
        (quote!(#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]), None)
    };
    quote! {
        #doc
        #derive
        pub enum #name { #(#declared)* #other_doc #other(Box<str>) }
        #default
        impl rt::Enum for #name {
            const NAMES: &'static [&'static str] = &[#(#wire),*];
            fn from_index(i: usize) -> Self {
                match i { #(#index => Self::#idents,)* _ => Self::#other(Box::default()) }
            }
            fn from_unknown(s: &str) -> Self { Self::#other(s.into()) }
            fn as_str(&self) -> &str {
                match self { #(Self::#idents => #wire,)* Self::#other(s) => s }
            }
        }
        rt::enumeration!(#name);
    }
}
