//! The server side: a trait per module with commands, and the dispatch from names to its methods.

use proc_macro2::TokenStream;
use quote::quote;

use super::plan::{Payload, Plan};
use super::{commands, docs, names};
use crate::ir::{Command, ModuleId};

/// The `Commands` trait of the submodule `module`; nothing when it has no commands.
pub(crate) fn module_trait(plan: &Plan<'_>, module: ModuleId) -> TokenStream {
    let methods = methods(plan, |id| id == module);
    if methods.is_empty() {
        return TokenStream::new();
    }
    let text = format!("Handlers for the commands of `{}`.", plan.schema.module(module).name);
    let doc = docs::attributes(&text);
    quote! { #doc pub trait Commands { #(#methods)* } }
}

/// The root's `Commands` trait, which stands for all modules, and the service that dispatches to it.
pub(crate) fn root(plan: &Plan<'_>) -> TokenStream {
    let own = methods(plan, |id| plan.module(id).is_none());
    let mut supers: Vec<ModuleId> = Vec::new();
    for (_, command) in plan.handled() {
        let module = command.info.module;
        if plan.module(module).is_some() && !supers.contains(&module) {
            supers.push(module);
        }
    }
    supers.sort();
    let supers: Vec<_> = supers.into_iter().map(|module| trait_path(plan, module)).collect();
    let bound = (!supers.is_empty()).then(|| quote!(: #(#supers)+*));
    let blanket = own.is_empty().then(|| {
        let bound = bound.clone();
        quote! { impl<T #bound> Commands for T {} }
    });
    let doc = docs::attributes(if own.is_empty() {
        "Handlers for every command: implemented by whatever implements the traits of all modules."
    } else {
        "Handlers for the commands of the schema."
    });
    let dispatch = dispatch(plan);
    quote! {
        #doc
        pub trait Commands #bound { #(#own)* }
        #blanket
        #dispatch
    }
}

fn methods(plan: &Plan<'_>, inside: impl Fn(ModuleId) -> bool) -> Vec<TokenStream> {
    let chosen = plan.handled().filter(|(_, command)| inside(command.info.module));
    chosen.map(|(index, command)| commands::method(plan, index, command)).collect()
}

/// The trait that holds a command's method, for code in the root.
fn trait_path(plan: &Plan<'_>, module: ModuleId) -> TokenStream {
    match plan.module(module) {
        Some(name) => {
            let name = names::ident(name);
            quote!(#name::Commands)
        }
        None => quote!(Commands),
    }
}

fn dispatch(plan: &Plan<'_>) -> TokenStream {
    let infos = plan.commands().map(|(_, command)| {
        let (name, flags) = (&command.info.name, commands::flags(command));
        quote!(rt::CommandInfo { name: #name, flags: #flags })
    });
    let slots = names::number((plan.commands().count() * 2).next_power_of_two());
    // `commands()` counts what exists, so the position there is the index that `find` gives.
    let positions: std::collections::HashMap<usize, usize> =
        plan.commands().enumerate().map(|(position, (index, _))| (index, position)).collect();
    let handled: Vec<_> = plan.handled().map(|(index, command)| (positions[&index], index, command)).collect();
    let arms = handled.iter().filter(|(_, _, command)| !command.allow_oob).map(|(position, index, command)| {
        let call = call(plan, *index, command);
        let position = names::number(*position);
        quote!(#position => Box::pin(async move { #call Ok(()) }),)
    });
    let oob: Vec<_> = handled.iter().filter(|(_, _, command)| command.allow_oob).collect();
    let oob_positions: Vec<_> = oob.iter().map(|(position, ..)| names::number(*position)).collect();
    let oob_calls: Vec<_> = oob.iter().map(|(_, index, command)| call(plan, *index, command)).collect();
    let in_band = (!oob.is_empty())
        .then(|| quote!(#(#oob_positions)|* => Box::pin(async move { self.call_oob(index, ctx, args, reply) }),));
    // A parameter that nothing uses has no name.
    let named = |name: &str, used: bool| names::ident(if used { name } else { "_" });
    let parameters = |used: bool| [named("ctx", used), named("args", used), named("reply", used)];
    let [ctx, args, reply] = parameters(!handled.is_empty());
    let [oob_ctx, oob_args, oob_reply] = parameters(!oob.is_empty());
    quote! {
        /// Answers requests by calling a [`Commands`] implementation. Made by [`service`].
        #[derive(Debug, Clone)]
        pub struct Service<S>(S);

        /// Puts `server` behind the command table of this schema, ready for a QMP server.
        pub fn service<S: Commands + 'static>(server: S) -> Service<S> {
            Service(server)
        }

        static COMMANDS: &[rt::CommandInfo] = &[#(#infos),*];
        static INDEX: rt::CommandIndex<#slots> = rt::CommandIndex::new(COMMANDS);

        /// The error for commands that the runtime answers before it asks for a handler.
        fn unhandled(index: usize) -> rt::Error {
            rt::Error::command_not_found(COMMANDS.get(index).map_or("", |command| command.name))
        }

        impl<S: Commands + 'static> rt::Service for Service<S> {
            fn commands(&self) -> &'static [rt::CommandInfo] { COMMANDS }
            fn find(&self, name: &str) -> Option<usize> { INDEX.find(COMMANDS, name) }
            fn introspection(&self) -> &'static str { INTROSPECTION }
            fn call<'a>(
                &'a self,
                index: usize,
                #ctx: &'a rt::Context,
                #args: rt::Arguments<'a>,
                #reply: &'a mut rt::Encoder,
            ) -> rt::Reply<'a> {
                match index {
                    #(#arms)*
                    #in_band
                    _ => Box::pin(async move { Err(unhandled(index)) }),
                }
            }
            fn call_oob(
                &self,
                index: usize,
                #oob_ctx: &rt::Context,
                #oob_args: rt::Arguments<'_>,
                #oob_reply: &mut rt::Encoder,
            ) -> Result<(), rt::Error> {
                match index {
                    #(#oob_positions => { #oob_calls Ok(()) })*
                    _ => Err(unhandled(index)),
                }
            }
        }
    }
}

/// Reads the arguments, calls the handler, writes the reply.
fn call(plan: &Plan<'_>, index: usize, command: &Command) -> TokenStream {
    let (path, method) = (trait_path(plan, command.info.module), plan.method_ident(index));
    let (before, args) = match plan.payload(command.arg, &command.info.name) {
        _ if !command.generated => (None, Some(quote!(, args.into_dict()?))),
        Payload::Empty => (Some(quote!(args.none()?;)), None),
        Payload::Inline(_) | Payload::Named(_) => (None, Some(quote!(, args.decode()?))),
    };
    let wait = (!command.allow_oob).then(|| quote!(.await));
    quote! {
        #before
        rt::Visit::put(&#path::#method(&self.0, ctx #args) #wait ?, reply);
    }
}
