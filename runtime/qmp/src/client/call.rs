//! One call: what is asked, under which terms, and the future that it is.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::Client;
use super::agent::Agent;
use super::error::ClientError;
use crate::command::Command;
use crate::value::{Dict, Value};
use crate::visit::{Encoder, Visit};
use crate::{Error, from_json_lenient};

/// Whom a call goes to.
#[derive(Debug, Clone)]
pub(super) enum Peer {
    Monitor(Client),
    Agent(Agent),
}

/// What is asked of the server.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) name: Cow<'static, str>,
    pub(super) oob: bool,
    /// The arguments object as text.
    pub(super) arguments: Vec<u8>,
    pub(super) fds: Vec<OwnedFd>,
    /// Whether success is answered at all.
    pub(super) answers_success: bool,
    /// How long it may take; the client's usual time unless given.
    pub(super) timeout: Option<Duration>,
}

/// The text that was returned; `None` for a command that does not answer success.
type Returned = Result<Option<Box<[u8]>>, ClientError>;

/// A call that was made, to be awaited. Nothing is sent before it is polled first.
///
/// Dropping it does not take back what was sent: the command may still be executed, and its reply is dropped. A call that has
/// not been sent yet, since others come first or there is no connection, never will be.
#[must_use = "a call does nothing unless it is awaited"]
pub struct Call<R> {
    peer: Peer,
    name: Cow<'static, str>,
    state: State,
    /// Reads what was returned.
    read: fn(Option<&[u8]>) -> Result<R, Error>,
}

enum State {
    Asking(Ask),
    Waiting(Pin<Box<dyn Future<Output = Returned> + Send>>),
    Done,
}

impl<R: Visit + Default> Call<R> {
    pub(super) fn typed<C: Command<Reply = R>>(peer: Peer, command: &C) -> Self {
        let mut arguments = Encoder::new();
        command.put(&mut arguments);
        let read = |text: Option<&[u8]>| text.map_or_else(|| Ok(R::default()), from_json_lenient);
        Self::new(peer, Cow::Borrowed(C::NAME), arguments, C::FLAGS.success_response, read)
    }
}

impl<R> Call<R> {
    fn new(
        peer: Peer,
        name: Cow<'static, str>,
        arguments: Encoder,
        answers_success: bool,
        read: fn(Option<&[u8]>) -> Result<R, Error>,
    ) -> Self {
        let ask = Ask { arguments: arguments.into_bytes(), answers_success, ..Ask::plain(name.clone()) };
        Self { peer, name, state: State::Asking(ask), read }
    }

    /// Gives this call a time of its own.
    ///
    /// A command that does not answer success (see [`CommandFlags`](crate::CommandFlags)) counts as sent, and done, at once;
    /// with a time of its own an error is waited for that long.
    pub fn timeout(self, limit: Duration) -> Self {
        self.with(|ask| ask.timeout = Some(limit))
    }

    /// Says that the command does not answer success. Typed calls know that of their command; this is for those by name.
    pub fn silent(self) -> Self {
        self.with(|ask| ask.answers_success = false)
    }

    /// Has the server execute it out of band, ahead of commands that wait. It fails when the server did not offer that, or
    /// not for this command.
    pub fn oob(self) -> Self {
        self.with(|ask| ask.oob = true)
    }

    /// Passes a descriptor along, as `getfd` and `add-fd` take one. Unix sockets only. No other
    /// in-band call is under way meanwhile: servers may read requests ahead, and then give descriptors to the wrong one.
    pub fn fd(self, fd: impl Into<OwnedFd>) -> Self {
        let fd = fd.into();
        self.with(|ask| ask.fds.push(fd))
    }

    /// The same for several at once, 16 at most.
    pub fn fds(self, fds: impl IntoIterator<Item = OwnedFd>) -> Self {
        self.with(|ask| ask.fds.extend(fds))
    }

    /// The same call for those who want to know only that it worked.
    pub(super) fn ignoring_reply(self) -> Call<()> {
        Call { peer: self.peer, name: self.name, state: self.state, read: |_| Ok(()) }
    }

    /// Changes what is asked; a call that was polled is on its way and stays as it is.
    fn with(mut self, change: impl FnOnce(&mut Ask)) -> Self {
        if let State::Asking(ask) = &mut self.state {
            change(ask);
        }
        self
    }
}

impl Call<Value> {
    pub(super) fn untyped(peer: Peer, name: &str, arguments: &Dict) -> Self {
        let mut text = Encoder::new();
        text.dict(arguments);
        let read = |text: Option<&[u8]>| text.map_or(Ok(Value::Null), from_json_lenient);
        Self::new(peer, Cow::Owned(name.to_owned()), text, true, read)
    }
}

impl<R> Future for Call<R> {
    type Output = Result<R, ClientError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                State::Waiting(answer) => {
                    let answer = std::task::ready!(answer.as_mut().poll(context));
                    this.state = State::Done;
                    let read = |text: Option<Box<[u8]>>| {
                        (this.read)(text.as_deref())
                            .map_err(|error| ClientError::Reply { command: this.name.clone().into_owned(), error })
                    };
                    return Poll::Ready(answer.and_then(read));
                }
                State::Asking(_) => {
                    if let State::Asking(ask) = std::mem::replace(&mut this.state, State::Done) {
                        this.state = State::Waiting(match this.peer.clone() {
                            Peer::Monitor(client) => Box::pin(async move { client.ask(ask).await }),
                            Peer::Agent(agent) => Box::pin(async move { agent.ask(ask).await }),
                        });
                    }
                }
                // As any future, it must not be polled after it is ready.
                State::Done => return Poll::Pending,
            }
        }
    }
}

impl<R> fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Ask {
    /// A command without arguments.
    pub(super) fn plain(name: Cow<'static, str>) -> Self {
        Self { name, oob: false, arguments: b"{}".to_vec(), fds: Vec::new(), answers_success: true, timeout: None }
    }

    /// The request as text.
    pub(super) fn text(&self, id: u64) -> Vec<u8> {
        let mut text = Encoder::with_buffer(Vec::with_capacity(self.arguments.len() + self.name.len() + 64));
        text.begin_object();
        text.key(if self.oob { "exec-oob" } else { "execute" });
        text.str(&self.name);
        if self.arguments != b"{}" {
            text.key("arguments");
            text.raw(&self.arguments);
        }
        text.key("id");
        text.u64(id);
        text.end_object();
        text.raw(b"\r\n");
        text.into_bytes()
    }

    /// The error for one that took too long.
    pub(super) fn timed_out(name: &str, after: Duration) -> ClientError {
        ClientError::Timeout { command: name.to_owned(), after }
    }
}
