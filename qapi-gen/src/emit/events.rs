//! Events: one type each, which a server emits and a client subscribes to.

use super::commands::{self, Item};
use super::docs;
use super::gate::Gate;
use super::plan::Plan;
use super::text::{Text, line, open, quoted};
use crate::ir::Event;

/// The type of event `index`.
pub(crate) fn definition(plan: &Plan<'_>, index: usize, event: &Event, gate: &Gate, text: &mut Text) {
    let info = &event.info;
    let (name, wire) = (plan.event_ident(index), &info.name);
    let doc = docs::definition(info, plan.remarks(&info.cond, &info.features), &format!("Event `{wire}`."));
    let payload = plan.payload(event.arg, wire);
    commands::data(plan, Item { name, info, doc: &doc, gate }, payload, "data", text);
    text.gate(gate);
    open!(text, "impl rt::Event for {name}");
    line!(text, "const NAME: &'static str = {};", quoted(wire));
    if let Some(special) = plan.special(&info.features) {
        line!(text, "const SPECIAL: rt::Special = {special};");
    }
    text.close();
}
