//! Events: one type each, which a server emits and a client subscribes to.

use proc_macro2::TokenStream;
use quote::quote;

use super::plan::Plan;
use super::{commands, docs};
use crate::ir::Event;

/// The type of event `index`.
pub(crate) fn definition(plan: &Plan<'_>, index: usize, event: &Event) -> TokenStream {
    let info = &event.info;
    let (name, wire) = (plan.event_ident(index), &info.name);
    let doc = docs::definition(info, plan.unstable(&info.features), &format!("Event `{wire}`."));
    let payload = plan.payload(event.arg, &info.name);
    let data = commands::data(plan, &name, info, payload, doc, "data");
    quote! {
        #data
        impl rt::Event for #name {
            const NAME: &'static str = #wire;
        }
    }
}
