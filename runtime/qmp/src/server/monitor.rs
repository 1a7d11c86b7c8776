//! One monitor while the server runs: lets clients in, one at a time or all.

use std::cell::{Cell, RefCell};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument;

use super::builder::ServerError;
use super::connection::{Connection, Shared};
use crate::context::Context;
use crate::events::Mailbox;
use crate::monitors::Monitors;
use crate::transport::{Acceptor, Endpoint, Listener, Stream, connect};

/// Rest after a failed accept: the process is out of descriptors, and trying at once again would only burn time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Target of what is logged about clients; documented at [`Server`](crate::Server).
pub(super) const CONNECTIONS: &str = "qapi_runtime::connections";

/// A monitor as it was asked for.
pub(super) struct Monitor {
    pub(super) port: Port,
    pub(super) origin: Origin,
}

/// What does not change about a monitor.
#[derive(Clone)]
pub(super) struct Port {
    pub(super) name: Arc<str>,
    /// Whether what it sends is laid out for people.
    pub(super) pretty: bool,
}

/// Where a monitor's clients come from.
pub(super) enum Origin {
    /// They connect.
    Listen(Listener),
    /// There is one, already connected.
    Connected(OwnedFd),
    /// There is one, which the server connects to.
    Connect(Endpoint),
}

/// What all monitors of a running server share.
pub(super) struct House {
    pub(super) shared: Rc<Shared>,
    pub(super) monitors: Monitors,
    pub(super) many: bool,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) sessions: Cell<u64>,
    pub(super) mailboxes: RefCell<Vec<Weak<Mailbox>>>,
}

impl House {
    /// A new connection's mailbox: one that says to close if the server has stopped meanwhile.
    fn mailbox(&self) -> Arc<Mailbox> {
        let mailbox = Arc::new(Mailbox::default());
        if *self.stop.borrow() {
            mailbox.close();
        }
        let mut mailboxes = self.mailboxes.borrow_mut();
        mailboxes.retain(|mailbox| mailbox.strong_count() > 0);
        mailboxes.push(Arc::downgrade(&mailbox));
        mailbox
    }

    /// Tells every connection to close.
    pub(super) fn close_all(&self) {
        self.mailboxes.borrow().iter().filter_map(Weak::upgrade).for_each(|mailbox| mailbox.close());
    }
}

/// A monitor that can let clients in.
pub(super) enum Door {
    Listening(Acceptor),
    Once(Stream),
}

impl Monitor {
    /// Makes the monitor known to the reactor.
    pub(super) async fn open(self) -> Result<(Port, Door), ServerError> {
        let door = match self.origin {
            Origin::Listen(listener) => listener.register().map(Door::Listening),
            Origin::Connected(fd) => Stream::socket(fd).map(Door::Once),
            Origin::Connect(endpoint) => connect(&endpoint).await.map(Door::Once),
        };
        match door {
            Ok(door) => Ok((self.port, door)),
            Err(source) => Err(ServerError::Start { name: self.port.name.to_string(), source }),
        }
    }
}

/// Serves one monitor until the server stops or nobody can come any more, and every client has left.
pub(super) async fn serve(house: Rc<House>, port: Port, door: Door) {
    let mut clients = Clients { house, port, tasks: JoinSet::new() };
    match door {
        Door::Once(stream) => clients.welcome(stream, None),
        // Dropped with the end of the loop: the socket file goes before the clients do.
        Door::Listening(acceptor) => clients.accept(acceptor).await,
    }
    clients.wait().await;
}

struct Clients {
    house: Rc<House>,
    port: Port,
    tasks: JoinSet<()>,
}

impl Clients {
    async fn accept(&mut self, acceptor: Acceptor) {
        let mut stop = self.house.stop.clone();
        loop {
            let room = self.house.many || self.tasks.is_empty();
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => report(ended),
                accepted = acceptor.accept(), if room => match accepted {
                    Ok(accepted) => self.welcome(accepted.stream, accepted.peer),
                    Err(error) => {
                        tracing::warn!(target: CONNECTIONS, monitor = &*self.port.name, %error, "cannot accept a client");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }

    fn welcome(&mut self, stream: Stream, peer: Option<String>) {
        let house = &self.house;
        let session = house.sessions.get() + 1;
        house.sessions.set(session);
        let mailbox = house.mailbox();
        let presence = house.monitors.connected(&self.port.name, session, peer);
        let events = house.shared.events.clone();
        let policy = house.shared.policy;
        let context =
            Context::for_session(Arc::clone(&self.port.name), session, events, house.monitors.clone(), policy)
                .with_mailbox(&mailbox);
        let shared = Rc::clone(&house.shared);
        let Port { name, pretty } = self.port.clone();
        let span = tracing::debug_span!(target: CONNECTIONS, "client", monitor = &*name, session);
        let serving = async move {
            let _presence = presence;
            tracing::debug!(target: CONNECTIONS, "client connected");
            match Connection::serve(shared, context, stream, mailbox, pretty).await {
                Ok(()) => tracing::debug!(target: CONNECTIONS, "client left"),
                Err(error) => tracing::debug!(target: CONNECTIONS, %error, "client vanished"),
            }
        };
        self.tasks.spawn_local(serving.instrument(span));
    }

    /// Waits for the clients to leave.
    async fn wait(mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            report(ended);
        }
    }
}

/// A handler that panics takes its connection with it, and nothing else.
fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(target: CONNECTIONS, %error, "a command handler panicked: its client is disconnected");
    }
}
