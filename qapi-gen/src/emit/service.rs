//! The server side: a trait per module with commands, and the dispatch from names to its methods.

use super::gate::Gate;
use super::plan::{Payload, Plan};
use super::positions::Positions;
use super::text::{Text, line, open, quoted};
use super::{commands, names};
use crate::ir::{Command, ModuleId};

/// A command that exists: its index in the schema, itself, and when.
type Entry<'a> = (usize, &'a Command, Gate);

/// The server side of a schema, ready to be written.
pub(crate) struct Server<'a, 'p> {
    plan: &'p Plan<'a>,
    /// Every command, those that the runtime answers included.
    commands: Vec<Entry<'a>>,
}

impl<'a, 'p> Server<'a, 'p> {
    /// Collects the commands.
    pub(crate) fn new(plan: &'p Plan<'a>) -> Self {
        Self { plan, commands: plan.commands().collect() }
    }

    /// The commands that need a handler, with their position in the table.
    fn handled(&self) -> impl Iterator<Item = (usize, &Entry<'a>)> {
        self.commands.iter().enumerate().filter(|(_, (_, command, _))| self.plan.handles(command))
    }

    fn inside(&self, module: ModuleId) -> impl Iterator<Item = &Entry<'a>> {
        let home = self.plan.module(module);
        let here = move |entry: &&Entry<'a>| self.plan.module(entry.1.info.module) == home;
        self.handled().map(|(_, entry)| entry).filter(here)
    }

    /// The `Commands` trait of the submodule `module`; nothing when it has no commands.
    pub(crate) fn module_trait(&self, module: ModuleId, text: &mut Text) {
        if self.inside(module).next().is_none() {
            return;
        }
        text.blank();
        let file = &self.plan.schema.module(module).name;
        let rare = Positions::new(self.inside(module).map(|(.., gate)| gate)).may_be_empty();
        let rare = if rare { "\n\nWhere none of its commands exists, everything implements it." } else { "" };
        text.doc(&format!("Handlers for the commands of `{file}`.{rare}"));
        self.handlers(module, "", text);
    }

    /// The trait itself, and its implementation by anything where it has no methods.
    fn handlers(&self, module: ModuleId, bound: &str, text: &mut Text) {
        open!(text, "pub trait Commands{bound}");
        for (nth, (index, command, gate)) in self.inside(module).enumerate() {
            if nth > 0 {
                text.blank();
            }
            commands::method(self.plan, *index, command, gate, text);
        }
        text.close();
        let positions = Positions::new(self.inside(module).map(|(.., gate)| gate));
        if positions.may_be_empty() {
            text.gate(&positions.nothing());
            line!(text, "impl<T{bound}> Commands for T {{}}");
        }
    }

    /// The root's `Commands` trait, which stands for all modules, and the service that dispatches to it.
    pub(crate) fn root(&self, text: &mut Text) {
        let mut supers: Vec<ModuleId> = self.handled().map(|(_, (_, command, _))| command.info.module).collect();
        supers.retain(|module| self.plan.module(*module).is_some());
        supers.sort();
        supers.dedup();
        let supers: Vec<_> = supers.into_iter().map(|module| self.trait_path(module)).collect();
        let bound = if supers.is_empty() { String::new() } else { format!(": {}", supers.join(" + ")) };
        text.blank();
        text.doc(if self.inside(ModuleId(1)).next().is_none() {
            "Handlers for every command: implemented by whatever implements the traits of all modules."
        } else {
            "Handlers for the commands of the schema."
        });
        self.handlers(ModuleId(1), &bound, text);
        self.tables(text);
        self.dispatch(text);
    }

    /// The trait that holds a command's method, for code in the root.
    fn trait_path(&self, module: ModuleId) -> String {
        self.plan.module(module).map_or("Commands".to_owned(), |name| format!("{name}::Commands"))
    }

    fn tables(&self, text: &mut Text) {
        let slots = (self.commands.len() * 2).next_power_of_two();
        text.paste(
            "
/// Answers requests by calling a [`Commands`] implementation. Made by [`service`].
#[derive(Debug, Clone)]
pub struct Service<S>(S);

/// Puts `server` behind the command table of this schema, ready for a QMP server.
pub fn service<S: Commands + 'static>(server: S) -> Service<S> {
    Service(server)
}

",
        );
        text.open_with(format_args!("static COMMANDS: &[rt::CommandInfo<'_>] = &"), "[");
        for (_, command, gate) in &self.commands {
            text.gate(gate);
            let (name, flags) = (quoted(&command.info.name), commands::flags(self.plan, command));
            line!(text, "rt::CommandInfo {{ name: {name}, flags: {flags} }},");
        }
        text.close_with("];");
        line!(text, "static INDEX: rt::CommandIndex<{slots}> = rt::CommandIndex::new(COMMANDS);");
        text.paste(
            "
/// The error for commands that the runtime answers before it asks for a handler.
fn unhandled(index: usize) -> rt::Error {
    rt::Error::command_not_found(COMMANDS.get(index).map_or(\"\", |command| command.name))
}

",
        );
    }

    fn dispatch(&self, text: &mut Text) {
        let positions = Positions::new(self.commands.iter().map(|(.., gate)| gate));
        open!(text, "impl<S: Commands + 'static> rt::Service for Service<S>");
        open!(text, "fn command(&self, index: usize) -> Option<rt::CommandInfo<'_>>");
        line!(text, "COMMANDS.get(index).copied()");
        text.close();
        open!(text, "fn find(&self, name: &str) -> Option<usize>");
        line!(text, "INDEX.find(COMMANDS, name)");
        text.close();
        open!(text, "fn introspection(&self) -> &str");
        line!(text, "INTROSPECTION");
        text.close();

        let handled: Vec<_> = self.handled().collect();
        let lifetimes = ["'a ", "<'a>", "rt::Reply<'a>"];
        self.open_call("call<'a>", lifetimes, handled.iter().map(|(_, (.., gate))| gate), text);
        positions.open_match(text, "index");
        for (position, (index, command, gate)) in &handled {
            text.gate(gate);
            let pattern = positions.pattern(*position);
            if command.allow_oob {
                line!(text, "{pattern} => Box::pin(async move {{ self.call_oob(index, ctx, args, reply) }}),");
            } else {
                let (path, method) = (self.trait_path(command.info.module), self.plan.method_ident(*index));
                let serve = if self.takes_arguments(command) { "serve" } else { "serve_bare" };
                line!(text, "{pattern} => rt::{serve}(&self.0, {path}::{method}, ctx, args, reply),");
            }
        }
        line!(text, "_ => Box::pin(async move {{ Err(unhandled(index)) }}),");
        text.close();
        text.close();

        let oob: Vec<_> = handled.into_iter().filter(|(_, (_, command, _))| command.allow_oob).collect();
        let lifetimes = ["", "<'_>", "Result<(), rt::Error>"];
        self.open_call("call_oob", lifetimes, oob.iter().map(|(_, (.., gate))| gate), text);
        positions.open_match(text, "index");
        for (position, (index, command, gate)) in &oob {
            text.gate(gate);
            open!(text, "{} =>", positions.pattern(*position));
            self.call(*index, command, text);
            text.close();
        }
        line!(text, "_ => Err(unhandled(index)),");
        text.close();
        text.close();
        text.close();
    }

    /// The head of a method that takes a request. A parameter that nothing uses has no name.
    fn open_call<'g>(
        &self,
        name: &str,
        [borrow, lifetime, result]: [&str; 3],
        users: impl Iterator<Item = &'g Gate>,
        text: &mut Text,
    ) {
        let users = Positions::new(users);
        let none = users.nothing();
        let named = |name: &str| if none == Gate::Always { "_".to_owned() } else { names::ident(name) };
        let [ctx, args, reply] = ["ctx", "args", "reply"].map(named);
        text.open_with(format_args!("fn {name}"), "(");
        line!(text, "&{borrow}self,");
        line!(text, "index: usize,");
        line!(text, "{ctx}: &{borrow}rt::Context,");
        line!(text, "{args}: rt::Arguments{lifetime},");
        line!(text, "{reply}: &{borrow}mut rt::Encoder,");
        text.close_with(&format!(") -> {result} {{"));
        text.deepen();
        if none.is_conditional() {
            text.gate(&none);
            line!(text, "let _ = (ctx, args, reply);");
        }
    }

    /// Whether a command's handler is given arguments; where the schema leaves them to the handler it is, whatever they are.
    fn takes_arguments(&self, command: &Command) -> bool {
        !command.generated || self.plan.payload(command.arg, &command.info.name) != Payload::Empty
    }

    /// Reads the arguments, calls the handler, writes the reply.
    fn call(&self, index: usize, command: &Command, text: &mut Text) {
        let (path, method) = (self.trait_path(command.info.module), self.plan.method_ident(index));
        let args = if self.takes_arguments(command) {
            ", args.decode()?"
        } else {
            line!(text, "args.none()?;");
            ""
        };
        line!(text, "rt::Visit::put(&{path}::{method}(&self.0, ctx{args})?, reply);");
        line!(text, "Ok(())");
    }
}
