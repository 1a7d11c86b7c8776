//! Commands and events as types, and what a server needs from generated code to answer them.

use std::future::Future;
use std::pin::Pin;

use crate::json::Raw;
use crate::visit::{Encoder, Visit, from_raw_under};
use crate::{Context, Dict, Error, Policy, Special};

/// A command of the schema. The value is its arguments object.
pub trait Command: Visit + Default {
    /// The command's name on the wire.
    const NAME: &'static str;
    /// How it may be called.
    const FLAGS: CommandFlags = CommandFlags::NONE;
    /// What it answers; `()` for commands without a return value.
    type Reply: Visit + Default;
}

/// An event of the schema. The value is its `data` object.
pub trait Event: Visit + Default {
    /// The event's name on the wire.
    const NAME: &'static str;
    /// How the schema marks it.
    const SPECIAL: Special = Special::NONE;
}

/// How a command may be called, from the schema.
///
/// The default is [`NONE`](Self::NONE).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandFlags {
    /// May be executed out of band (`exec-oob`).
    pub oob: bool,
    /// May be executed before the machine is built (`--preconfig`).
    pub preconfig: bool,
    /// Answers on success. A command that does not, such as one that ends the process, answers only failure.
    pub success_response: bool,
    /// Runs as a coroutine in QEMU. Every command of ours is asynchronous anyhow; kept for introspection.
    pub coroutine: bool,
    /// How the schema marks it.
    pub special: Special,
}

impl CommandFlags {
    /// What a command has when its definition says nothing.
    pub const NONE: CommandFlags =
        CommandFlags { oob: false, preconfig: false, success_response: true, coroutine: false, special: Special::NONE };
}

impl Default for CommandFlags {
    fn default() -> Self {
        Self::NONE
    }
}

/// One line of a service's table of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandInfo<'a> {
    /// The command's name on the wire.
    pub name: &'a str,
    /// How it may be called.
    pub flags: CommandFlags,
}

/// Where the answer to an in-band command comes from. Not `Send`: one thread carries monitors and the state owner.
pub type Reply<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

/// What a server needs in order to answer. Implemented by generated code.
pub trait Service {
    /// The command of that index. They count from 0, in schema order, through all those of the schema under the chosen
    /// configuration.
    fn command(&self, index: usize) -> Option<CommandInfo<'_>>;

    /// The index of the command of that name.
    fn find(&self, name: &str) -> Option<usize>;

    /// The answer to `query-qmp-schema`, as JSON text.
    fn introspection(&self) -> &str;

    /// Runs command `index` and writes its return value, `{}` for none, into `reply`. On an error what was written to
    /// `reply` counts for nothing.
    fn call<'a>(&'a self, index: usize, ctx: &'a Context, args: Arguments<'a>, reply: &'a mut Encoder) -> Reply<'a>;

    /// The same for a command that may run out of band, which never waits.
    fn call_oob(&self, index: usize, ctx: &Context, args: Arguments<'_>, reply: &mut Encoder) -> Result<(), Error>;
}

/// Reads a request's arguments, runs its handler and writes what it returns. Generated dispatchers call this once per command.
///
/// It is a function with a type for each part because that takes the compiler much less than as many bodies of `async` in one
/// dispatcher.
pub fn serve<'a, S, A, R, T>(
    server: &'a S,
    handler: impl FnOnce(&'a S, &'a Context, A) -> R + 'a,
    ctx: &'a Context,
    args: Arguments<'a>,
    reply: &'a mut Encoder,
) -> Reply<'a>
where
    A: Visit + Default,
    R: Future<Output = Result<T, Error>>,
    T: Visit,
{
    Box::pin(async move {
        handler(server, ctx, args.decode()?).await?.put(reply);
        Ok(())
    })
}

/// As [`serve`], for a command without arguments.
pub fn serve_bare<'a, S, R, T>(
    server: &'a S,
    handler: impl FnOnce(&'a S, &'a Context) -> R + 'a,
    ctx: &'a Context,
    args: Arguments<'a>,
    reply: &'a mut Encoder,
) -> Reply<'a>
where
    R: Future<Output = Result<T, Error>>,
    T: Visit,
{
    Box::pin(async move {
        args.none()?;
        handler(server, ctx).await?.put(reply);
        Ok(())
    })
}

/// The arguments of one request, not yet read.
#[derive(Debug, Clone, Copy)]
pub struct Arguments<'a> {
    text: Raw<'a>,
    policy: Policy,
}

impl<'a> Arguments<'a> {
    /// A request's arguments, or their absence.
    pub fn new(arguments: Option<Raw<'a>>) -> Self {
        Self { text: arguments.unwrap_or(Raw::EMPTY_OBJECT), policy: Policy::default() }
    }

    /// The same, to be read under a policy.
    #[must_use]
    pub fn under(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// The arguments as JSON text.
    pub fn text(&self) -> &'a [u8] {
        self.text.text()
    }

    /// Reads them as `T`, strictly: an unknown member is an error.
    pub fn decode<T: Visit + Default>(&self) -> Result<T, Error> {
        from_raw_under(self.text, self.policy)
    }

    /// Reads them as they are, for a command that takes any members.
    pub fn into_dict(self) -> Result<Dict, Error> {
        self.decode()
    }

    /// Makes sure that there are none.
    pub fn none(self) -> Result<(), Error> {
        self.decode()
    }
}
