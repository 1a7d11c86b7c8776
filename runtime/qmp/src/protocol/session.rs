//! One client's session: negotiation, which requests are let through, and how replies are written.
//!
//! A state machine over texts, without a socket: it is given one framed request at a time and writes what it can answer
//! itself to an [`Encoder`]; what a handler must answer it hands back as a [`Call`].

use super::builtin;
use super::envelope::{Envelope, Id};
use super::preconfig::Preconfig;
use super::version::Version;
use crate::command::{Arguments, Service};
use crate::json::{Frame, Raw};
use crate::policy::{Policy, Special};
use crate::value::Value;
use crate::visit::Encoder;
use crate::{Error, ErrorClass};

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Greeted; only `qmp_capabilities` is let through.
    Negotiation,
    /// Negotiated.
    Commands {
        /// Whether the client enabled out-of-band execution.
        oob: bool,
    },
}

/// One client's state.
#[derive(Debug)]
pub(crate) struct Session {
    phase: Phase,
    policy: Policy,
    preconfig: Preconfig,
}

/// What comes of a request.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// It is answered.
    Answered,
    /// A handler must answer it; [`Call::finish`] writes the reply.
    Call(Call<'a>),
    /// The reply is begun and goes on with a text too long to copy; [`Quote::finish`] ends it.
    Quote(Quote<'a>),
}

/// A reply that quotes a text that the service has ready.
#[derive(Debug)]
pub(crate) struct Quote<'a> {
    /// What comes after all that is written.
    pub(crate) text: &'a str,
    id: Id<'a>,
}

impl Quote<'_> {
    /// Writes what comes after the text.
    pub(crate) fn finish(&self, out: &mut Encoder) {
        put_end(self.id, out);
    }
}

/// A request on its way to a handler.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// The command, by its place in [`Service::commands`].
    pub(crate) index: usize,
    /// Whether to run it out of band.
    pub(crate) oob: bool,
    pub(crate) arguments: Arguments<'a>,
    id: Id<'a>,
    reply_on_success: bool,
}

impl Session {
    /// Greets a client that has just connected.
    pub(crate) fn open(version: &Version, policy: Policy, preconfig: Preconfig, out: &mut Encoder) -> Self {
        version.greet(out);
        Self { phase: Phase::Negotiation, policy, preconfig }
    }

    /// Whether commands and events may pass.
    pub(crate) fn negotiated(&self) -> bool {
        self.phase != Phase::Negotiation
    }

    /// Whether the client may send out-of-band commands, and more than one command at a time is taken in.
    pub(crate) fn oob(&self) -> bool {
        self.phase == Phase::Commands { oob: true }
    }

    /// Whether this is to be answered ahead of requests that wait: what asks for out-of-band execution, rightly or not.
    pub(crate) fn overtakes(frame: &Frame<'_>) -> bool {
        frame.get("exec-oob").is_some() && frame.get("execute").is_none()
    }

    /// Takes one framed request.
    pub(crate) fn handle<'a>(&mut self, frame: &Frame<'a>, service: &'a dyn Service, out: &mut Encoder) -> Step<'a> {
        let envelope = match Envelope::read(frame, self.oob()) {
            Ok(envelope) => envelope,
            Err((error, id)) => {
                put_error(&error, id, out);
                return Step::Answered;
            }
        };
        let start = out.len();
        match self.dispatch(&envelope, service, out) {
            Ok(Found::Answered) => put_end(envelope.id, out),
            Ok(Found::Quote(text)) => {
                return Step::Quote(Quote { text, id: envelope.id });
            }
            Ok(Found::Command(index)) => {
                let info = service.command(index);
                return Step::Call(Call {
                    index,
                    oob: envelope.oob,
                    arguments: Arguments::new(envelope.arguments).under(self.policy),
                    id: envelope.id,
                    reply_on_success: info.is_none_or(|info| info.flags.success_response),
                });
            }
            Err(error) => {
                out.truncate(start);
                put_error(&error, envelope.id, out);
            }
        }
        Step::Answered
    }

    /// Answers input that is no JSON text. There is no id to repeat.
    pub(crate) fn reject(error: &Error, out: &mut Encoder) {
        put_error(error, Id::NONE, out);
    }

    fn dispatch<'a>(
        &mut self,
        request: &Envelope<'_>,
        service: &'a dyn Service,
        out: &mut Encoder,
    ) -> Result<Found<'a>, Error> {
        let name = &*request.command;
        if !self.negotiated() && name != "qmp_capabilities" {
            return Err(Error::new(
                ErrorClass::CommandNotFound,
                "Expecting capabilities negotiation with 'qmp_capabilities'",
            ));
        }
        let index = service.find(name);
        let known = index.is_some() || builtin::is_builtin(name);
        if !known {
            return Err(Error::command_not_found(name));
        }
        let flags = index.and_then(|index| service.command(index)).map(|info| info.flags);
        let special = flags.map_or(Special::NONE, |flags| flags.special);
        self.policy.check(special, ErrorClass::CommandNotFound, "command", name)?;
        if request.oob && !flags.is_some_and(|flags| flags.oob) {
            return Err(Error::generic(format!("The command {name} does not support OOB")));
        }
        // What the schema does not know is the runtime's own, and needs no machine.
        self.preconfig.check(flags.is_none_or(|flags| flags.preconfig), name)?;
        let arguments = Arguments::new(request.arguments).under(self.policy);
        match name {
            "qmp_capabilities" => self.negotiate(arguments, out)?,
            "query-commands" => builtin::query_commands(service, arguments, out)?,
            "query-qmp-schema" => {
                return builtin::query_schema(service, arguments, out).map(Found::Quote);
            }
            // Found above, since it is none of the runtime's own.
            _ => {
                return index.map(Found::Command).ok_or_else(|| Error::command_not_found(name));
            }
        }
        Ok(Found::Answered)
    }

    fn negotiate(&mut self, arguments: Arguments<'_>, out: &mut Encoder) -> Result<(), Error> {
        let oob = enabled(arguments)?;
        if self.negotiated() {
            return Err(Error::new(
                ErrorClass::CommandNotFound,
                "Capabilities negotiation is already complete, command ignored",
            ));
        }
        self.phase = Phase::Commands { oob };
        out.raw(b"{\"return\": {}");
        Ok(())
    }
}

enum Found<'a> {
    /// The reply is written up to its id.
    Answered,
    /// The reply is written up to this text.
    Quote(&'a str),
    /// The service's command of that index.
    Command(usize),
}

impl Call<'_> {
    /// The request's id as it came.
    pub(crate) fn id(&self) -> Option<Raw<'_>> {
        self.id.text()
    }

    /// Writes the reply: `value` is what the handler wrote.
    pub(crate) fn finish(&self, result: Result<(), Error>, value: &Encoder, out: &mut Encoder) {
        match result {
            Ok(()) if self.reply_on_success => {
                out.raw(b"{\"return\": ");
                out.raw(if value.is_empty() { b"{}" } else { value.as_bytes() });
                put_end(self.id, out);
            }
            Ok(()) => {}
            Err(error) => put_error(&error, self.id, out),
        }
    }
}

/// The capabilities a client enables; of those, whether out-of-band execution is one.
fn enabled(arguments: Arguments<'_>) -> Result<bool, Error> {
    let arguments = arguments.into_dict()?;
    let mut oob = false;
    if let Some(list) = arguments.get("enable") {
        let list = list.as_list().ok_or_else(|| Error::invalid_type("enable", "array"))?;
        for (i, name) in list.iter().enumerate() {
            match name {
                Value::String(name) if name == "oob" => oob = true,
                // QEMU names the parameter so, and clients have seen nothing else.
                Value::String(name) => return Err(Error::invalid_value("null", name)),
                _ => return Err(Error::invalid_type(&format!("enable[{i}]"), "string")),
            }
        }
    }
    match arguments.iter().find(|(name, _)| *name != "enable") {
        Some((name, _)) => Err(Error::unexpected(name)),
        None => Ok(oob),
    }
}

fn put_error(error: &Error, id: Id<'_>, out: &mut Encoder) {
    out.raw(b"{");
    id.put(b"", b", ", out);
    out.raw(b"\"error\": {\"class\": ");
    out.str(error.class().as_str());
    out.raw(b", \"desc\": ");
    out.str(error.desc());
    out.raw(b"}}\r\n");
}

/// Ends a reply whose value is written.
fn put_end(id: Id<'_>, out: &mut Encoder) {
    id.put(b", ", b"", out);
    out.raw(b"}\r\n");
}
