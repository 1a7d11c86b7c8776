//! What a server is made of, before it runs.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use thiserror::Error;
use tokio::task::LocalSet;

use super::connection::Shared;
use super::monitor::{Monitor, Origin, Port};
use super::running::Running;
use crate::command::Service;
use crate::events::EventSink;
use crate::fds::FdSets;
use crate::monitors::Monitors;
use crate::policy::Policy;
use crate::protocol::{Preconfig, Version};
use crate::transport::{Address, AddressError, Endpoint, Listener, socket_name};

/// A QMP server: one service behind any number of monitors.
///
/// Monitors are bound when they are named here, and served from [`run`](Self::run) on. Everything runs on the thread that
/// awaits it, handlers included, so a service needs no locks of its own.
///
/// As with QEMU, a monitor has one client at a time: the next one's connection is accepted, and greeted, when the
/// present one leaves. [`many_clients`](Self::many_clients) changes that.
///
/// # Clients that do not read, do not write or send too much
///
/// No client holds up another one, nor a thread that emits events, and each costs bounded memory:
///
/// - **Replies not read.** Once the client's socket is full, nothing more is read from it: its own socket is the queue of its
///   requests. The server keeps at most 64 KiB of replies and one more reply.
/// - **Events not read.** They wait, up to 1 MiB; then the oldest are dropped, so that the last ones read tell how things
///   stand. The loss is counted and logged (`tracing`, level WARN); the protocol has no message that would tell the client.
/// - **A request that does not end** is kept up to QEMU's limit of 64 MiB; then the client is told, and what follows is read
///   as a new one. White space between tokens takes no memory. With out-of-band execution, requests that wait take another
///   128 MiB at most. There is no limit for all clients together: each connection may take this much, so who can connect
///   should be trusted, and `many_clients` offered to few.
/// - **No pause.** After each 16 KiB that were read from one client, all others have their turn.
/// - **No descriptors left**, since clients passed too many: requests and replies go on, what else they pass is not taken, and
///   new clients wait.
/// - **Silence.** A client that sends nothing stays connected for as long as it likes, as with QEMU, and keeps no buffer. One
///   that has shut down its sending side gets its replies, then the end. A peer that vanished without a word is found by
///   TCP's keep-alive.
/// - **Shutdown.** [`run_until`](Self::run_until) gives clients one second to take what waits for them; those that do not are
///   disconnected.
///
/// # Tracing
///
/// Target `qapi_runtime::requests`, level DEBUG: a span `request` around each call of a handler, with `monitor`, `session`,
/// `command`, `oob` and `id`, and an event at its end, with `micros` and the error; an event for what is answered without a
/// handler. Target `qapi_runtime::connections`: a span `client` around each connection, with `monitor` and `session`; clients
/// that come and leave at DEBUG, losses of events and other trouble at WARN. Without a subscriber a request costs some
/// nanoseconds more.
pub struct Server {
    shared: Shared,
    monitors: Monitors,
    ports: Vec<Monitor>,
    many: bool,
}

/// A server could not be set up.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The text is no address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// No monitor has that name.
    #[error("there is no monitor named '{0}': add it first")]
    NoMonitor(String),
    /// Two monitors of one name.
    #[error("a monitor named '{0}' exists already: give each its own name")]
    NameTaken(String),
    /// The socket could not be made, or is none that listens.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where, or the name of the monitor for a socket made elsewhere.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The monitor could not start, or not reach the peer it is to connect to.
    #[error("cannot start monitor '{name}': {source}")]
    Start {
        /// The monitor's name.
        name: String,
        /// What the system says.
        source: io::Error,
    },
}

impl Server {
    /// A server without monitors, which greets with this library's version.
    pub fn new(service: impl Service + 'static) -> Self {
        Self {
            shared: Shared {
                service: Rc::new(service),
                version: Version::default(),
                events: EventSink::new(),
                policy: Policy::default(),
                preconfig: Preconfig::ended(),
            },
            monitors: Monitors::default(),
            ports: Vec::new(),
            many: false,
        }
    }

    /// Sends the events emitted to `sink`; handlers find the same one in their [`Context`](crate::Context).
    #[must_use]
    pub fn events(mut self, sink: &EventSink) -> Self {
        self.shared.events = sink.clone();
        self
    }

    /// The version to greet with.
    #[must_use]
    pub fn version(mut self, version: Version) -> Self {
        self.shared.version = version;
        self
    }

    /// The policy towards what the schema marks as deprecated or unstable. It is also that of the events' sink, from the
    /// moment the server runs.
    #[must_use]
    pub fn compat(mut self, policy: Policy) -> Self {
        self.shared.policy = policy;
        self
    }

    /// Lets descriptors of `sets` go when the last client of all monitors has left, as QEMU does. Without, they stay until
    /// they are removed.
    #[must_use]
    pub fn fd_sets(self, sets: &FdSets) -> Self {
        self.monitors.tell(sets);
        self
    }

    /// Whether each monitor serves all clients that connect at the same time. Without, one after the other. The memory that
    /// clients may take is limited for each, not for all: see the type's documentation.
    #[must_use]
    pub fn many_clients(mut self, many: bool) -> Self {
        self.many = many;
        self
    }

    /// Adds a monitor with a name made up for it: `monitor0`, `monitor1`, ...
    ///
    /// # Errors
    /// As [`listen_named`](Self::listen_named).
    pub fn listen(self, address: &str) -> Result<Self, ServerError> {
        let name = self.free_name();
        self.listen_named(&name, address)
    }

    /// Adds the monitor `name` at an [`Address`]: `unix:PATH`, `tcp:HOST:PORT` or `stdio`. Clients can connect from now
    /// on, and are answered when the server runs. With `server=off` the server connects to a peer that listens there. With
    /// `wait=on`, [`Monitors::attended`] waits for the first client; the server itself waits for nobody.
    ///
    /// # Errors
    /// The text is no address, the name is taken, or the socket cannot be made.
    pub fn listen_named(self, name: &str, address: &str) -> Result<Self, ServerError> {
        let parsed: Address = address.parse()?;
        let endpoint = parsed.endpoint;
        let (shown, listening, origin) = match &endpoint {
            Endpoint::Stdio => (endpoint.to_string(), false, Origin::Connect(endpoint)),
            _ if parsed.server == Some(false) => (endpoint.to_string(), false, Origin::Connect(endpoint)),
            _ => {
                let fail = |source| ServerError::Listen { address: address.to_owned(), source };
                let listener = Listener::bind(&endpoint).map_err(fail)?;
                (listener.name().to_owned(), true, Origin::Listen(listener))
            }
        };
        let server = self.add(name, shown, listening, origin)?;
        match parsed.wait {
            Some(true) => server.wait_for(name),
            _ => Ok(server),
        }
    }

    /// Adds the monitor `name` on a listening unix or TCP socket made elsewhere, such as one inherited from a parent.
    ///
    /// # Errors
    /// The name is taken, or the descriptor is no socket.
    pub fn listen_on(self, name: &str, listener: impl Into<OwnedFd>) -> Result<Self, ServerError> {
        let fail = |source| ServerError::Listen { address: format!("the socket given as '{name}'"), source };
        let listener = Listener::inherited(listener.into()).map_err(fail)?;
        let shown = listener.name().to_owned();
        self.add(name, shown, true, Origin::Listen(listener))
    }

    /// Adds the monitor `name` for the one client at the other end of a connected stream socket.
    ///
    /// # Errors
    /// The name is taken.
    pub fn attach(self, name: &str, stream: impl Into<OwnedFd>) -> Result<Self, ServerError> {
        let stream = stream.into();
        let shown = socket_name(&stream).unwrap_or_else(|_| "fd".to_owned());
        self.add(name, shown, false, Origin::Connected(stream))
    }

    /// Adds a monitor for a client in this process, and gives the client's end: for
    /// [`Client::over`](crate::Client::over), or to be spoken to by hand.
    ///
    /// # Errors
    /// The system has no socket pair to spare.
    pub fn pair(self) -> Result<(Self, UnixStream), ServerError> {
        let name = self.free_name();
        let (near, far) = UnixStream::pair().map_err(|source| ServerError::Start { name: name.clone(), source })?;
        Ok((self.attach(&name, near)?, far))
    }

    /// Lays out over several lines whatever the monitor `name` sends, for people to read: QEMU's `pretty=on`.
    ///
    /// # Errors
    /// There is no such monitor.
    pub fn pretty(mut self, name: &str) -> Result<Self, ServerError> {
        match self.ports.iter_mut().find(|monitor| *monitor.port.name == *name) {
            Some(monitor) => monitor.port.pretty = true,
            None => return Err(ServerError::NoMonitor(name.to_owned())),
        }
        Ok(self)
    }

    /// Has [`Monitors::attended`] wait for the first client of the monitor `name`, as `wait=on` in its address does.
    ///
    /// # Errors
    /// There is no such monitor.
    pub fn wait_for(self, name: &str) -> Result<Self, ServerError> {
        match self.monitors.wait_for(name) {
            true => Ok(self),
            false => Err(ServerError::NoMonitor(name.to_owned())),
        }
    }

    /// Until `preconfig` ends, lets only those commands through that the schema allows before the machine is built.
    #[must_use]
    pub fn preconfig(mut self, preconfig: &Preconfig) -> Self {
        self.shared.preconfig = preconfig.clone();
        self
    }

    /// A view of the monitors that stays up to date while the server runs.
    pub fn monitors(&self) -> Monitors {
        self.monitors.clone()
    }

    /// Serves until no client is connected and none can come any more: with a listening socket, for ever.
    ///
    /// # Errors
    /// A monitor cannot start.
    pub async fn run(self) -> Result<(), ServerError> {
        let local = LocalSet::new();
        local
            .run_until(async move {
                let mut running = self.start().await?;
                running.finished().await;
                Ok(())
            })
            .await
    }

    /// Serves until `stop` is ready; then takes no more requests, lets the commands under way finish, sends the replies
    /// and events that wait, closes the connections and removes the socket files. Clients have one second for it.
    ///
    /// A handler that ends the program makes `stop` ready; its reply is sent before this returns.
    ///
    /// # Errors
    /// A monitor cannot start.
    pub async fn run_until<F: Future>(self, stop: F) -> Result<(), ServerError> {
        let local = LocalSet::new();
        local
            .run_until(async move {
                let mut stop = pin!(stop);
                let running = tokio::select! {
                    biased;
                    running = self.start() => running?,
                    // A peer that is to be connected to may keep the start waiting for ever.
                    _ = stop.as_mut() => return Ok(()),
                };
                stop.await;
                running.stop().await;
                Ok(())
            })
            .await
    }

    async fn start(self) -> Result<Running, ServerError> {
        self.shared.events.set_policy(self.shared.policy);
        Running::start(Rc::new(self.shared), self.monitors, self.ports, self.many).await
    }

    fn add(mut self, name: &str, shown: String, listening: bool, origin: Origin) -> Result<Self, ServerError> {
        if self.monitors.has(name) {
            return Err(ServerError::NameTaken(name.to_owned()));
        }
        let name: Arc<str> = name.into();
        self.monitors.add(&name, shown, listening);
        self.ports.push(Monitor { port: Port { name, pretty: false }, origin });
        Ok(self)
    }

    fn free_name(&self) -> String {
        let mut number = self.ports.len();
        loop {
            let name = format!("monitor{number}");
            if !self.monitors.has(&name) {
                return name;
            }
            number += 1;
        }
    }
}
