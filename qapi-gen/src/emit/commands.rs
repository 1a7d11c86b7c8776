//! Commands: one type per command for clients, one trait per module for servers.

use super::gate::Gate;
use super::plan::{Payload, Plan};
use super::text::{Text, line, open, quoted};
use super::{docs, types};
use crate::ir::{Command, Info, ModuleId, TypeId, TypeKind};

/// The flags of most commands, which is what `rt::Command` has by default.
const NO_FLAGS: &str = "rt::CommandFlags::NONE";

/// The types of command `index`: its arguments, and its client side where wanted.
pub(crate) fn definition(plan: &Plan<'_>, index: usize, command: &Command, gate: &Gate, text: &mut Text) {
    let info = &command.info;
    let name = plan.command_ident(index);
    let payload = plan.payload(command.arg, &info.name);
    let inline = command.generated && matches!(payload, Payload::Inline(_));
    if inline || plan.settings.client {
        let remarks = plan.remarks(&info.cond, &info.features);
        let doc = docs::definition(info, remarks, &format!("Command `{}`.", info.name));
        let item = Item { name, info, doc: &doc, gate };
        if command.generated {
            data(plan, item, payload, "arguments", text);
        } else {
            wrapper(plan, item, "The members of `arguments`, which the schema does not check.", "rt::Dict", text);
        }
    }
    if plan.settings.client {
        text.gate(gate);
        open!(text, "impl rt::Command for {name}");
        line!(text, "const NAME: &'static str = {};", quoted(&info.name));
        let flags = flags(plan, command);
        if flags != NO_FLAGS {
            line!(text, "const FLAGS: rt::CommandFlags = {flags};");
        }
        line!(text, "type Reply = {};", reply(plan, command, info.module));
        text.close();
    }
}

/// A struct that carries the data of a command or event.
#[derive(Clone, Copy)]
pub(crate) struct Item<'a> {
    /// Its Rust name.
    pub(crate) name: &'a str,
    /// The command or event.
    pub(crate) info: &'a Info,
    /// Its documentation.
    pub(crate) doc: &'a str,
    /// When it exists.
    pub(crate) gate: &'a Gate,
}

/// The struct for the data of a command or event: its members in place, nothing, or a wrapper of a named type.
pub(crate) fn data(plan: &Plan<'_>, item: Item<'_>, payload: Payload, what: &str, text: &mut Text) {
    let Item { name, info, doc, gate } = item;
    match payload {
        Payload::Inline(id) => inline_data(plan, item, id, text),
        Payload::Named(id) => {
            wrapper(plan, item, &format!("The members of `{what}`."), &plan.path(id, info.module), text);
        }
        Payload::Empty => {
            head(plan, info, doc, gate, text);
            line!(text, "pub struct {name} {{}}");
            text.gate(gate);
            line!(text, "impl rt::Object for {name} {{}}");
        }
    }
}

fn inline_data(plan: &Plan<'_>, item: Item<'_>, id: TypeId, text: &mut Text) {
    if let TypeKind::Object(object) = &plan.schema.ty(id).kind {
        types::structure(plan, id, object, item.info, item.doc, item.gate, text);
    }
}

fn head(plan: &Plan<'_>, info: &Info, doc: &str, gate: &Gate, text: &mut Text) {
    text.doc(doc);
    text.gate(gate);
    text.attribute(plan.deprecated(&info.features, info.doc.as_ref()).as_deref());
    line!(text, "#[derive(Debug, Clone, PartialEq, Default)]");
}

fn wrapper(plan: &Plan<'_>, item: Item<'_>, inner_doc: &str, inner: &str, text: &mut Text) {
    let Item { name, info, doc, gate } = item;
    head(plan, info, doc, gate, text);
    text.open_with(format_args!("pub struct {name}"), "(");
    text.doc(inner_doc);
    line!(text, "pub {inner},");
    text.close_with(");");
    text.gate(gate);
    line!(text, "rt::transparent!({name});");
}

/// The Rust type of the reply: `()` for none, any value when the schema leaves the command to its handler.
fn reply(plan: &Plan<'_>, command: &Command, from: ModuleId) -> String {
    match command.ret {
        Some(id) => plan.path(id, from),
        None if !command.generated => "rt::Value".to_owned(),
        None => "()".to_owned(),
    }
}

/// The command's flags as a constant expression.
pub(crate) fn flags(plan: &Plan<'_>, command: &Command) -> String {
    let mut set = String::new();
    let mut flag = |wanted: bool, text: &str| {
        if wanted {
            set.push_str(text);
            set.push_str(", ");
        }
    };
    flag(command.allow_oob, "oob: true");
    flag(command.allow_preconfig, "preconfig: true");
    flag(!command.success_response, "success_response: false");
    flag(command.coroutine, "coroutine: true");
    if let Some(special) = plan.special(&command.info.features) {
        flag(true, &format!("special: {special}"));
    }
    if set.is_empty() { NO_FLAGS.to_owned() } else { format!("rt::CommandFlags {{ {set}..{NO_FLAGS} }}") }
}

/// A method of the server trait.
pub(crate) fn method(plan: &Plan<'_>, index: usize, command: &Command, gate: &Gate, text: &mut Text) {
    let info = &command.info;
    let name = plan.method_ident(index);
    let summary = docs::summary(info);
    let separator = if summary.is_empty() { "" } else { "\n\n" };
    text.doc(&format!("{summary}{separator}Handles `{}`.", info.name));
    text.gate(gate);
    let args = argument(plan, index, command).map(|ty| format!(", args: {ty}")).unwrap_or_default();
    let reply = if command.generated { reply(plan, command, info.module) } else { "rt::Value".to_owned() };
    let asynchronous = if command.allow_oob { "" } else { "async " };
    line!(text, "{asynchronous}fn {name}(&self, ctx: &rt::Context{args}) -> Result<{reply}, rt::Error>;");
}

/// The type of a handler's arguments, if it takes any, for code in the command's own module.
fn argument(plan: &Plan<'_>, index: usize, command: &Command) -> Option<String> {
    if !command.generated {
        return Some("rt::Dict".to_owned());
    }
    match plan.payload(command.arg, &command.info.name) {
        Payload::Empty => None,
        Payload::Inline(_) => Some(plan.command_ident(index).to_owned()),
        Payload::Named(id) => Some(plan.path(id, command.info.module)),
    }
}
