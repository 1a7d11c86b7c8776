//! The owner's part of migration: whether one may start, its thread, what clients are told of it.
//!
//! The stream and its pace are the `migration` crate's business, on a thread of its own. That thread
//! has the guest stopped through the owner and reports its end there, so the run state and the
//! status that clients see change together.

mod capabilities;
mod guest;
mod info;
mod outside;
mod place;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use migration::{Listener, MigrationError, MigrationState, Settings};
use qapi_runtime::{Error, EventSink};
use qapi_schema::{
    Migrate, MigrationCapability, MigrationCapabilityStatus, MigrationInfo, MigrationStatus, RunState, SocketAddress,
};
use tokio::sync::oneshot;

use crate::errno::plain;
use crate::owner::{Report, Reports};
use capabilities::Capabilities;
pub(crate) use guest::Guest;
pub(crate) use place::Names;
use place::Place;

/// How a migration's thread ended.
pub(crate) enum Ended {
    /// The guest was sent, or not.
    Outgoing {
        /// It lives at the destination now.
        moved: bool,
        /// The guest was stopped for it.
        stopped: bool,
    },
    /// The guest has come; the run state that it was in, if the stream told.
    Arrived(Option<RunState>),
    /// It has not, and what is there of it cannot be used.
    Lost(String),
}

/// Where a guest comes from.
enum Incoming {
    /// No guest is to come.
    Unexpected,
    /// A command will tell.
    Deferred,
    /// A command has told, and its client waits until a source can connect there.
    Opening(oneshot::Sender<Result<(), Error>>),
    /// From here, as soon as the machine is there.
    Bound(Listener),
    /// From here; clients see the address.
    Started(Vec<SocketAddress>),
}

/// Migration as the owner sees it.
pub(crate) struct Migration {
    state: Arc<MigrationState>,
    settings: Settings,
    capabilities: Capabilities,
    /// Whether events are told; read by the migration's thread.
    tell: Arc<AtomicBool>,
    /// The guest comes here rather than leaves.
    inward: bool,
    /// The end of the last migration has taken effect, so clients may see it.
    settled: bool,
    incoming: Incoming,
    /// Closed when the last thread that receives has ended.
    receiving: Option<mpsc::Receiver<()>>,
}

/// What a thread that receives is given to end.
const GRACE: Duration = Duration::from_millis(500);

/// The texts that clients know.
const BUSY: &str = "There's a migration process in progress";

impl Migration {
    /// No migration yet; `incoming` is what `-incoming` says. Listens at once, so that a source can
    /// connect as soon as the process is up.
    pub(crate) fn new(incoming: Option<&str>, settings: Settings, events: &EventSink) -> Result<Self, String> {
        let tell = Arc::new(AtomicBool::new(false));
        let incoming = match incoming {
            None => Incoming::Unexpected,
            Some("defer") => Incoming::Deferred,
            Some(uri) => {
                let bound = Place::incoming(uri, None).and_then(Place::listen);
                Incoming::Bound(bound.map_err(|error| format!("-incoming {uri}: {}", plain(&error)))?)
            }
        };
        let observer = outside::observer(events.clone(), Arc::clone(&tell));
        Ok(Self {
            state: MigrationState::new(observer),
            settings,
            capabilities: Capabilities::default(),
            tell,
            inward: false,
            settled: true,
            incoming,
            receiving: None,
        })
    }

    /// Whether the machine begins by waiting for a guest.
    pub(crate) fn awaits_guest(&self) -> bool {
        !matches!(self.incoming, Incoming::Unexpected)
    }

    /// Command `migrate`.
    pub(crate) fn start(
        &mut self,
        arguments: &Migrate,
        names: &Names,
        run_state: &RunState,
        guest: impl FnOnce() -> Guest + Send + 'static,
        reports: &Reports,
        events: &EventSink,
    ) -> Result<(), Error> {
        self.may_start(arguments, run_state)?;
        self.state.begin().map_err(|_| Error::generic(BUSY))?;
        (self.inward, self.settled) = (false, false);
        outside::emit(events, &self.tell, MigrationStatus::Setup);
        let started = Place::outgoing(&arguments.uri, names).and_then(|place| {
            let (state, settings, reports) = (Arc::clone(&self.state), self.settings.clone(), reports.clone());
            spawn("migration", move || {
                let ended = outside::send(guest(), place, &settings, &state);
                reports.send(Report::Migration(ended));
            })
        });
        started.map_err(|error| self.failed_to_start(error, events))
    }

    /// A migration that ends in its command: clients see it as one that has failed, as in QEMU.
    fn failed_to_start(&mut self, error: MigrationError, events: &EventSink) -> Error {
        let (told, kept) = match error {
            // The one reason that QEMU does not keep.
            MigrationError::Protocol(_) => (Error::expects("uri", "a valid migration protocol"), None),
            other => (Error::generic(plain(&other)), Some(plain(&other))),
        };
        self.state.fail(kept);
        self.settle(events);
        told
    }

    fn may_start(&self, arguments: &Migrate, run_state: &RunState) -> Result<(), Error> {
        if arguments.resume == Some(true) {
            return Err(Error::generic("Cannot resume if there is no paused migration"));
        }
        if !self.settled {
            return Err(Error::generic(BUSY));
        }
        match run_state {
            RunState::Inmigrate => Err(Error::generic("Guest is waiting for an incoming migration")),
            RunState::Postmigrate => {
                Err(Error::generic("Can't migrate the vm that was paused due to previous migration"))
            }
            _ if arguments.blk == Some(true) || arguments.inc == Some(true) => {
                Err(Error::generic("Disks are not migrated by this emulator: leave out 'blk' and 'inc'"))
            }
            _ => Ok(()),
        }
    }

    /// Command `migrate-incoming`: opens the place on a thread, since resolving a name takes its time. `reply` is answered when a
    /// source can connect.
    pub(crate) fn listen(
        &mut self,
        uri: &str,
        names: &Names,
        reply: oneshot::Sender<Result<(), Error>>,
        reports: &Reports,
        events: &EventSink,
    ) {
        let refusal = match self.incoming {
            Incoming::Deferred => None,
            Incoming::Unexpected => Some("'-incoming' was not specified on the command line"),
            Incoming::Opening(_) | Incoming::Bound(_) | Incoming::Started(_) => {
                Some("The incoming migration has already been started")
            }
        };
        if let Some(text) = refusal {
            drop(reply.send(Err(Error::generic(text))));
            return;
        }
        self.incoming = Incoming::Opening(reply);
        // Told whether clients asked for the event or not, as QEMU does.
        events.emit(&qapi_schema::Migration { status: MigrationStatus::Setup });
        let sender = reports.clone();
        let spawned = Place::incoming(uri, Some(names))
            .and_then(|place| spawn("listen", move || sender.send(Report::Listening(place.listen()))));
        if let Err(error) = spawned {
            reports.send(Report::Listening(Err(error)));
        }
    }

    /// The place of `migrate-incoming` is open, or cannot be: then another command may name another.
    pub(crate) fn listening(
        &mut self,
        bound: Result<Listener, MigrationError>,
        guest: impl FnOnce() -> Guest + Send + 'static,
        reports: &Reports,
    ) {
        let Incoming::Opening(reply) = std::mem::replace(&mut self.incoming, Incoming::Deferred) else { return };
        let outcome = bound.and_then(|listener| self.receive(listener, guest, reports));
        drop(reply.send(outcome.map_err(|error| Error::generic(plain(&error)))));
    }

    /// The machine is there: lets the source of `-incoming` in.
    pub(crate) fn open(
        &mut self,
        guest: impl FnOnce() -> Guest + Send + 'static,
        reports: &Reports,
    ) -> Result<(), MigrationError> {
        match std::mem::replace(&mut self.incoming, Incoming::Deferred) {
            Incoming::Bound(listener) => self.receive(listener, guest, reports),
            other => {
                self.incoming = other;
                Ok(())
            }
        }
    }

    fn receive(
        &mut self,
        listener: Listener,
        guest: impl FnOnce() -> Guest + Send + 'static,
        reports: &Reports,
    ) -> Result<(), MigrationError> {
        let addresses = outside::addresses(listener.address());
        self.state.begin()?;
        (self.inward, self.settled) = (true, false);
        let (state, settings, reports) = (Arc::clone(&self.state), self.settings.clone(), reports.clone());
        let (over, receiving) = mpsc::channel::<()>();
        self.receiving = Some(receiving);
        spawn("incoming", move || {
            // Dropped last: whoever waits for it knows that nothing is left of the listener.
            let _over = over;
            let ended = outside::receive(guest(), listener, &settings, &state);
            reports.send(Report::Migration(ended));
        })
        .inspect_err(|error| {
            self.state.fail(Some(error.to_string()));
            self.settled = true;
        })?;
        self.incoming = Incoming::Started(addresses);
        Ok(())
    }

    /// Command `migrate_cancel`: gives up the migration that leaves, if there is one.
    pub(crate) fn cancel(&self) {
        if !self.inward {
            self.state.cancel();
        }
    }

    /// The process ends: whoever waits for a source stops, and takes its socket's file along.
    pub(crate) fn end(&mut self) {
        let Some(receiving) = self.receiving.take() else { return };
        // Clients need not hear of it, the process is all they asked to end.
        self.tell.store(false, Ordering::Relaxed);
        self.state.cancel();
        // Returns when the thread has ended, or without it when it does not in time.
        let _ = receiving.recv_timeout(GRACE);
    }

    /// The end of the last migration has taken effect: clients may see it.
    pub(crate) fn settle(&mut self, events: &EventSink) {
        self.settled = true;
        if self.inward {
            // Nobody listens any more.
            self.incoming = Incoming::Started(Vec::new());
        }
        outside::emit(events, &self.tell, info::status(self.state.status()));
    }

    /// Command `query-migrate`.
    pub(crate) fn info(&self) -> MigrationInfo {
        let status = self.status();
        if !self.inward {
            let error = self.state.error().map(|error| plain(&error));
            let mut info = info::outgoing(status, &self.state.stats(), error);
            info.socket_address = self.socket_address();
            return info;
        }
        MigrationInfo {
            // Nothing is said before the source has connected, as in QEMU.
            status: (status != MigrationStatus::Setup).then_some(status),
            socket_address: self.socket_address(),
            ..MigrationInfo::default()
        }
    }

    fn status(&self) -> MigrationStatus {
        let status = self.state.status();
        match status.is_running() || self.settled {
            true => info::status(status),
            // Over for its thread, but its end has yet to take effect.
            false => MigrationStatus::Active,
        }
    }

    fn socket_address(&self) -> Option<Vec<SocketAddress>> {
        match &self.incoming {
            Incoming::Started(addresses) if !addresses.is_empty() => Some(addresses.clone()),
            _ => None,
        }
    }

    /// Command `query-migrate-capabilities`.
    pub(crate) fn capabilities(&self) -> Vec<MigrationCapabilityStatus> {
        self.capabilities.list()
    }

    /// Command `migrate-set-capabilities`.
    pub(crate) fn set_capabilities(&mut self, changes: &[MigrationCapabilityStatus]) -> Result<(), Error> {
        if !self.settled && !self.inward {
            return Err(Error::generic(BUSY));
        }
        self.capabilities.set(changes)?;
        let tell = self.capabilities.has(&MigrationCapability::Events);
        self.tell.store(tell, Ordering::Relaxed);
        Ok(())
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), MigrationError> {
    let thread = thread::Builder::new().name(name.into()).spawn(work);
    thread
        .map(drop)
        .map_err(|error| MigrationError::Vm { action: "start the migration's thread", source: error.into() })
}
