//! The QMP client: typed calls that may overlap, events as streams, and what to do when the connection ends.
//!
//! [`Client`] speaks to a monitor, [`Agent`] to the guest agent. One task per client (`link`) owns the connection
//! (`wire`); calls reach it over a bounded channel, answers come back each over its own.

mod agent;
pub mod blocking;
mod call;
mod dial;
mod error;
mod events;
mod facts;
mod gap;
mod greeting;
mod job;
mod link;
mod options;
mod state;
mod subscribers;
mod wire;

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

pub use agent::Agent;
pub use call::Call;
pub use error::ClientError;
pub use events::{AnyEvent, Events, Received};
pub use gap::Gap;
pub use greeting::Greeting;
pub use job::{Job, JobError, JobProgress};
pub use options::ClientOptions;

use crate::command::{Command, Event};
use crate::value::{Dict, Value};
use call::{Ask, Peer};
use dial::Dial;
use facts::Facts;
use link::{Answer, Link, Refusal, Request};
use state::Core;
use subscribers::{Names, Queue};
use wire::Wire;

/// Descriptors that QEMU takes with one message.
const MAX_FDS: usize = 16;

/// A connection to a QMP server, negotiated. Clones share it, and it lasts until the last is dropped.
///
/// Calls may overlap: each is sent at once, and its reply is told from others by its id. Replies and events are read
/// leniently: members that this side's schema lacks are passed over, and enumeration values that it lacks are kept.
///
/// Clients, their event streams and all futures here are `Send`, so they may be spawned on a runtime of many threads. The
/// runtime that a client was connected on carries the connection: when it is shut down, calls fail and event streams end,
/// wherever they are awaited.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    core: Arc<Core>,
    options: ClientOptions,
    requests: mpsc::Sender<Request>,
    last_id: AtomicU64,
    /// In-band calls that may still be made.
    slots: Semaphore,
    /// Held by the one call that passes descriptors.
    fd_turn: Mutex<()>,
    facts: Facts,
    /// Tells the task, by its end, that nobody is left.
    _used: oneshot::Sender<()>,
}

/// A request that was handed over, and what it occupies until it is answered.
struct Sent<'a> {
    answer: oneshot::Receiver<Answer>,
    taken: Option<oneshot::Receiver<()>>,
    _slot: Option<SemaphorePermit<'a>>,
    _turn: Option<MutexGuard<'a, ()>>,
}

impl Client {
    /// Connects to `unix:PATH` or `tcp:HOST:PORT` and negotiates. Out-of-band execution is enabled where it is offered.
    /// Needs a tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    /// The text is no address, nobody listens there, or the peer is no QMP server.
    pub async fn connect(address: &str) -> Result<Self, ClientError> {
        Self::options().connect(address).await
    }

    /// Negotiates over a stream socket that is connected already: a `UnixStream`, a `TcpStream`, or an inherited one.
    ///
    /// # Errors
    /// The descriptor is unusable, or the peer is no QMP server.
    pub async fn over(stream: impl Into<OwnedFd>) -> Result<Self, ClientError> {
        Self::options().over(stream).await
    }

    /// How to connect, for those who want it otherwise: time-outs, connecting again, and more.
    pub fn options() -> ClientOptions {
        ClientOptions::default()
    }

    fn start(wire: Wire, greeting: Greeting, options: ClientOptions, dial: Option<Dial>) -> Self {
        let slots = options.slots();
        // No more than these, and out-of-band calls, are on their way at a time.
        let (requests, queue) = mpsc::channel(slots.clamp(8, 1024) as usize);
        let (used, unused) = oneshot::channel();
        let core = Arc::new(Core::new(greeting, wire.passes_fds()));
        let link = Link { core: Arc::clone(&core), options: options.clone(), dial, requests: queue, unused };
        tokio::spawn(link.run(wire));
        let shared = Shared {
            core,
            options,
            requests,
            last_id: AtomicU64::new(dial::NEGOTIATION),
            slots: Semaphore::new(slots as usize),
            fd_turn: Mutex::new(()),
            facts: Facts::default(),
            _used: used,
        };
        Self { shared: Arc::new(shared) }
    }

    /// What the server said of itself on connecting, the last time.
    pub fn greeting(&self) -> Arc<Greeting> {
        self.shared.core.greeting()
    }

    /// Whether there is a connection at the moment, as far as is known.
    pub fn is_connected(&self) -> bool {
        self.shared.core.is_connected()
    }

    /// Executes a command and gives what it returned.
    ///
    /// The [`Call`] is a future; before it is awaited it can be given a time-out of its own, be made out of band, or be given
    /// descriptors to pass. A command that does not answer success (see [`CommandFlags`](crate::CommandFlags)) is done when
    /// it was sent.
    ///
    /// # Errors
    /// The command failed or took too long, its reply is not what this side's schema says, or the connection ended.
    pub fn execute<C: Command>(&self, command: C) -> Call<C::Reply> {
        Call::typed(Peer::Monitor(self.clone()), &command)
    }

    /// The same out of band: the server executes it ahead of commands that wait.
    ///
    /// # Errors
    /// As [`execute`](Self::execute); also when the server did not offer out-of-band execution, or not for this command.
    pub fn execute_oob<C: Command>(&self, command: C) -> Call<C::Reply> {
        self.execute(command).oob()
    }

    /// The same with descriptors that are passed along, as `getfd` and `add-fd` take one. Unix sockets only.
    ///
    /// # Errors
    /// As [`execute`](Self::execute); also when the connection does not pass descriptors, or there are more than 16.
    pub fn execute_with_fds<C: Command>(&self, command: C, fds: impl IntoIterator<Item = OwnedFd>) -> Call<C::Reply> {
        self.execute(command).fds(fds)
    }

    /// Executes a command by its name, without a type for its arguments or its reply.
    ///
    /// # Errors
    /// The command failed or took too long, or the connection ended.
    pub fn call(&self, name: &str, arguments: &Dict) -> Call<Value> {
        Call::untyped(Peer::Monitor(self.clone()), name, arguments)
    }

    /// The events of one kind from now on.
    pub fn events<E: Event>(&self) -> Events<E> {
        Events::typed(self.clone())
    }

    /// All events from now on, without types.
    pub fn any_events(&self) -> Events<AnyEvent> {
        Events::any(self.clone(), Names::All)
    }

    /// The events of several kinds from now on, in one stream that keeps their order. [`AnyEvent::as_event`] gives them
    /// their types back.
    ///
    /// ```no_run
    /// # use qapi_runtime::{Client, ClientError, Event};
    /// # async fn f<Stop: Event, Resume: Event>(vm: Client) -> Result<(), ClientError> {
    /// let mut changes = vm.events_named([Stop::NAME, Resume::NAME]);
    /// while let Some(change) = changes.next().await {
    ///     println!("{}", if change?.event.is::<Stop>() { "halted" } else { "runs" });
    /// }
    /// # Ok(()) }
    /// ```
    pub fn events_named<N: Into<String>>(&self, names: impl IntoIterator<Item = N>) -> Events<AnyEvent> {
        Events::any(self.clone(), Names::Set(names.into_iter().map(Into::into).collect()))
    }

    fn subscribe(&self, names: Names) -> Arc<Queue> {
        self.shared.core.subscribers.add(names, self.shared.options.event_queue)
    }
}

/// How a call gets its answer.
impl Client {
    async fn ask(self, ask: Ask) -> Result<Option<Box<[u8]>>, ClientError> {
        let name = ask.name.clone();
        let limit = ask.timeout.or(self.shared.options.timeout);
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let late = || Ask::timed_out(&name, limit.unwrap_or_default());
        let (answers_success, patient) = (ask.answers_success, ask.timeout.is_some());

        let mut sent = until(deadline, self.hand_over(ask)).await.ok_or_else(late)??;
        // Such a command is done when it was sent, unless its caller wants to hear of an error.
        let silent = match sent.taken.take() {
            Some(taken) => until(deadline, taken).await.ok_or_else(late)?.is_ok(),
            None => false,
        };
        if silent && !patient {
            return Ok(None);
        }
        match until(deadline, sent.answer).await {
            Some(Ok(Ok(text))) => Ok(answers_success.then_some(text)),
            Some(Ok(Err(Refusal::Server(error)))) => {
                Err(ClientError::Command { command: name.clone().into_owned(), error })
            }
            Some(Ok(Err(Refusal::Unsent))) if self.shared.options.reconnect => {
                Err(ClientError::Disconnected { command: name.clone().into_owned() })
            }
            // Neither silence nor the end of the connection says that such a command failed.
            Some(Err(_)) | None if silent => Ok(None),
            None => Err(late()),
            Some(_) => Err(self.shared.core.ending()),
        }
    }

    /// Waits for the call's turn and gives its request to the task.
    async fn hand_over(&self, mut ask: Ask) -> Result<Sent<'_>, ClientError> {
        let Shared { core, requests, last_id, slots, fd_turn, .. } = &*self.shared;
        let fds = std::mem::take(&mut ask.fds);
        let unsupported = |reason| ClientError::Unsupported { command: ask.name.clone().into_owned(), reason };
        if fds.len() > MAX_FDS {
            return Err(unsupported("at most 16 descriptors can be passed at a time"));
        }
        // A server that reads ahead may give descriptors to an earlier request, and one that has not taken them yet may lose
        // them to a later: so none is under way meanwhile. Servers execute one after the other anyhow.
        let needed = if fds.is_empty() { 1 } else { self.shared.options.slots() };
        let slot = if ask.oob { None } else { slots.acquire_many(needed).await.ok() };
        let turn = if fds.is_empty() { None } else { Some(fd_turn.lock().await) };
        if !fds.is_empty() && !core.passes_fds() {
            return Err(unsupported("descriptors can be passed over unix sockets only"));
        }
        let id = last_id.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::trace!(id, command = %ask.name, oob = ask.oob, "a call");
        let (reply, answer) = oneshot::channel();
        let (told, taken) = if ask.answers_success { (None, None) } else { Some(oneshot::channel()).unzip() };
        let request = Request { id, text: ask.text(id), fds, taken: told, reply };
        requests.send(request).await.map_err(|_| core.ending())?;
        Ok(Sent { answer, taken, _slot: slot, _turn: turn })
    }
}

/// Waits for a future until a deadline, if there is one; `None` if it passes first.
async fn until<F: IntoFuture>(deadline: Option<Instant>, future: F) -> Option<F::Output> {
    match deadline {
        Some(deadline) => timeout_at(deadline, future).await.ok(),
        None => Some(future.await),
    }
}
