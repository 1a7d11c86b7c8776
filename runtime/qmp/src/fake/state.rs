//! What the fake and its server's thread share.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use super::builder::Builder;
use super::check::{check, check_known};
use super::generate::{Extent, Generator};
use super::record::Request;
use super::script::{Answer, Plan, Script, Scripts};
use crate::command::{CommandFlags, CommandInfo};
use crate::events::EventSink;
use crate::introspection::{Command, Schema};
use crate::value::{Dict, Value};
use crate::{Error, Special};

/// QEMU's command whose arguments depend on the device, and are no part of the schema.
const OPEN_IN_QEMU: &str = "device_add";

pub(super) struct Shared {
    pub(super) schema: Schema,
    pub(super) introspection: String,
    /// The commands, by index.
    commands: Vec<Row>,
    index: HashMap<String, usize>,
    generator: Generator,
    extent: Extent,
    scripts_only: bool,
    pub(super) events: EventSink,
    pub(super) state: Mutex<State>,
    /// A request was recorded.
    pub(super) asked: Notify,
    pub(super) asked_sync: Condvar,
    stop: watch::Sender<bool>,
}

struct Row {
    name: String,
    flags: CommandFlags,
    /// Whether it takes arguments that the schema does not tell of.
    open: bool,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) requests: Vec<Request>,
    pub(super) scripts: Scripts,
    /// What went wrong on the server's thread by the test's own fault.
    pub(super) mistakes: Vec<String>,
}

impl State {
    /// Notes a mistake of the test's, and fails the request with it.
    fn mistaken(&mut self, mistake: String) -> Plan {
        self.mistakes.push(mistake.clone());
        Plan::new(Answer::Fails(Error::generic(mistake)))
    }
}

/// What a panic said.
pub(super) fn said(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it does not say why")
}

impl Shared {
    pub(super) fn new(schema: Schema, builder: Builder) -> Self {
        let row = |command: Command<'_>| Row {
            name: command.name().to_owned(),
            flags: CommandFlags {
                oob: command.allow_oob(),
                special: Special {
                    deprecated: command.has_feature("deprecated"),
                    unstable: command.has_feature("unstable"),
                },
                ..CommandFlags::NONE
            },
            open: command.name() == OPEN_IN_QEMU || builder.open.iter().any(|open| open == command.name()),
        };
        let commands: Vec<Row> = schema.commands().map(row).collect();
        let index = commands.iter().enumerate().map(|(index, row)| (row.name.clone(), index)).collect();
        Self {
            introspection: schema.to_json(),
            generator: Generator::new(&schema),
            schema,
            commands,
            index,
            extent: builder.extent,
            scripts_only: builder.scripts_only,
            events: EventSink::new(),
            state: Mutex::default(),
            asked: Notify::new(),
            asked_sync: Condvar::new(),
            stop: watch::Sender::new(false),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A condition of a test that panics leaves everything as it was.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn info(&self, index: usize) -> Option<CommandInfo<'_>> {
        self.commands.get(index).map(|row| CommandInfo { name: &row.name, flags: row.flags })
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    pub(super) fn name(&self, index: usize) -> &str {
        self.commands.get(index).map_or("", |row| &row.name)
    }

    /// Checks a request's arguments against the schema.
    pub(super) fn check_arguments(&self, index: usize, arguments: &Value) -> Result<(), Error> {
        let Some(row) = self.commands.get(index) else { return Ok(()) };
        let Some(command) = self.schema.command(&row.name) else { return Ok(()) };
        match arguments {
            Value::Dict(dict) if row.open => check_known(dict, command.arguments()),
            _ => check(arguments, command.arguments()),
        }
    }

    /// Records a request and says what becomes of it.
    pub(super) fn take(&self, index: usize, request: Request) -> Plan {
        let mut state = self.lock();
        let plan = match &request.refused {
            Some(error) => Plan::new(Answer::Fails(error.clone())),
            // A condition of the test's may panic: that is for the test to hear of, not for the connection to end by.
            None => match catch_unwind(AssertUnwindSafe(|| state.scripts.take(index, &request.arguments))) {
                Ok(Some(plan)) => plan,
                Ok(None) if !self.scripts_only => Plan::new(Answer::Automatic),
                Ok(None) => state.mistaken(format!("nothing is scripted for {request}")),
                Err(panic) => {
                    let said = said(&*panic);
                    state.mistaken(format!("the test's condition for '{}' panicked: {said}", self.name(index)))
                }
            },
        };
        state.requests.push(request);
        drop(state);
        self.asked.notify_waiters();
        self.asked_sync.notify_all();
        plan
    }

    /// A return value as the schema says.
    pub(super) fn automatic(&self, index: usize) -> Result<Value, Error> {
        match self.schema.command(self.name(index)) {
            Some(command) => self.generator.value(command.returns(), self.extent),
            None => Err(Error::command_not_found(self.name(index))),
        }
    }

    pub(super) fn add(&self, script: Script) {
        self.lock().scripts.0.push(script);
    }

    /// The index of a command that a test names.
    #[track_caller]
    pub(super) fn must_be_command(&self, name: &str) -> usize {
        if let Some(index) = self.find(name) {
            return index;
        }
        let similar = self.index.keys().find(|other| other.eq_ignore_ascii_case(&name.replace('_', "-")));
        let hint = similar.map(|similar| format!("; did you mean '{similar}'?")).unwrap_or_default();
        panic!("the fake's schema has no command '{name}'{hint}");
    }

    /// Makes sure of an event that a test is going to send.
    #[track_caller]
    pub(super) fn must_be_event(&self, name: &str, data: &Dict) {
        let Some(event) = self.schema.event(name) else {
            panic!("the fake's schema has no event '{name}'");
        };
        if let Err(error) = check(&data.clone().into(), event.data()) {
            panic!("the data of event '{name}' is not as the fake's schema says: {error}");
        }
    }

    /// Makes sure of what a test wants to be returned.
    #[track_caller]
    pub(super) fn must_be_return(&self, index: usize, value: &Value) {
        let Some(command) = self.schema.command(self.name(index)) else { return };
        if let Err(error) = check(value, command.returns()) {
            let name = command.name();
            panic!("what '{name}' is to return is not as the fake's schema says: {error}; `unchecked` sends it anyhow");
        }
    }

    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Ready when the server is to end.
    pub(super) fn stopped(self: &Arc<Self>) -> impl Future<Output = ()> + 'static + use<> {
        let mut stop = self.stop.subscribe();
        async move {
            stop.wait_for(|stop| *stop).await.ok();
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("schema", &self.schema).finish_non_exhaustive()
    }
}
