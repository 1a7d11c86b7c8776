//! Commands: one type per command for clients, one trait per module for servers.

use proc_macro2::TokenStream;
use quote::quote;

use super::plan::{Payload, Plan};
use super::{docs, types};
use crate::ir::{Command, Info, ModuleId, TypeId, TypeKind};

/// The types of command `index`: its arguments, and its client side where wanted.
pub(crate) fn definition(plan: &Plan<'_>, index: usize, command: &Command) -> TokenStream {
    let info = &command.info;
    let name = plan.command_ident(index);
    let doc = docs::definition(info, plan.unstable(&info.features), &format!("Command `{}`.", info.name));
    let payload = plan.payload(command.arg, &info.name);
    let inline = command.generated && matches!(payload, Payload::Inline(_));
    let data = match payload {
        _ if !inline && !plan.settings.client => TokenStream::new(),
        _ if !command.generated => {
            let members = docs::attributes("The members of `arguments`, which the schema does not check.");
            wrapper(plan, &name, info, doc, members, quote!(rt::Dict))
        }
        Payload::Inline(id) => inline_data(plan, id, info, doc),
        payload => data(plan, &name, info, payload, doc, "arguments"),
    };
    if !plan.settings.client {
        return data;
    }
    let wire = &info.name;
    let flags = flags(command);
    let reply = reply(plan, command, info.module);
    quote! {
        #data
        impl rt::Command for #name {
            const NAME: &'static str = #wire;
            const FLAGS: rt::CommandFlags = #flags;
            type Reply = #reply;
        }
    }
}

/// The struct for data that is not written in place: nothing, or a wrapper of a named type.
pub(crate) fn data(
    plan: &Plan<'_>,
    name: &proc_macro2::Ident,
    info: &Info,
    payload: Payload,
    doc: TokenStream,
    what: &str,
) -> TokenStream {
    let deprecated = plan.deprecated(&info.features, info.doc.as_ref());
    match payload {
        Payload::Inline(id) => inline_data(plan, id, info, doc),
        Payload::Named(id) => {
            let members = docs::attributes(&format!("The members of `{what}`."));
            wrapper(plan, name, info, doc, members, plan.path(id, info.module))
        }
        Payload::Empty => quote! {
            #doc
            #deprecated
            #[derive(Debug, Clone, PartialEq, Default)]
            pub struct #name {}
            impl rt::Object for #name {
                fn shape(&self) -> &'static rt::Shape { &rt::Shape::EMPTY }
                fn load(&mut self, _: usize, _: &mut rt::Decoder<'_>) -> rt::Outcome { Ok(()) }
                fn store(&self, _: &mut rt::Encoder) {}
            }
            rt::object!(#name);
        },
    }
}

fn inline_data(plan: &Plan<'_>, id: TypeId, info: &Info, doc: TokenStream) -> TokenStream {
    match &plan.schema.ty(id).kind {
        TypeKind::Object(object) => types::structure(plan, id, object, info, doc),
        _ => TokenStream::new(),
    }
}

fn wrapper(
    plan: &Plan<'_>,
    name: &proc_macro2::Ident,
    info: &Info,
    doc: TokenStream,
    inner_doc: TokenStream,
    inner: TokenStream,
) -> TokenStream {
    let deprecated = plan.deprecated(&info.features, info.doc.as_ref());
    quote! {
        #doc
        #deprecated
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct #name(#inner_doc pub #inner);
        rt::transparent!(#name);
    }
}

/// The Rust type of the reply: `()` for none, any value when the schema leaves the command to its handler.
fn reply(plan: &Plan<'_>, command: &Command, from: ModuleId) -> TokenStream {
    match command.ret {
        Some(id) => plan.path(id, from),
        None if !command.generated => quote!(rt::Value),
        None => quote!(()),
    }
}

/// The command's flags as a constant expression.
pub(crate) fn flags(command: &Command) -> TokenStream {
    let mut set = Vec::new();
    if command.allow_oob {
        set.push(quote!(oob: true));
    }
    if command.allow_preconfig {
        set.push(quote!(preconfig: true));
    }
    if !command.success_response {
        set.push(quote!(success_response: false));
    }
    if command.coroutine {
        set.push(quote!(coroutine: true));
    }
    if set.is_empty() {
        quote!(rt::CommandFlags::NONE)
    } else {
        quote!(rt::CommandFlags { #(#set,)* ..rt::CommandFlags::NONE })
    }
}

/// A method of the server trait.
pub(crate) fn method(plan: &Plan<'_>, index: usize, command: &Command) -> TokenStream {
    let info = &command.info;
    let name = plan.method_ident(index);
    let summary = docs::summary(info);
    let separator = if summary.is_empty() { "" } else { "\n\n" };
    let doc = docs::attributes(&format!("{summary}{separator}Handles `{}`.", info.name));
    let args = argument(plan, index, command).map(|ty| quote!(, args: #ty));
    let reply = if command.generated { reply(plan, command, info.module) } else { quote!(rt::Value) };
    let asynchronous = (!command.allow_oob).then(|| quote!(async));
    quote! {
        #doc
        #asynchronous fn #name(&self, ctx: &rt::Context #args) -> Result<#reply, rt::Error>;
    }
}

/// The type of a handler's arguments, if it takes any, for code in the command's own module.
fn argument(plan: &Plan<'_>, index: usize, command: &Command) -> Option<TokenStream> {
    if !command.generated {
        return Some(quote!(rt::Dict));
    }
    match plan.payload(command.arg, &command.info.name) {
        Payload::Empty => None,
        Payload::Inline(_) => {
            let name = plan.command_ident(index);
            Some(quote!(#name))
        }
        Payload::Named(id) => Some(plan.path(id, command.info.module)),
    }
}
