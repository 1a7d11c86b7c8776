//! The owner's part of migration: whether one may start, its thread, what clients are told of it.
//!
//! The stream and its pace are the `migration` crate's business, on a thread of its own. That thread
//! has the guest stopped through the owner and reports its end there, so the run state and the
//! status that clients see change together.

mod capabilities;
mod guest;
mod info;
mod outside;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use migration::{Address, Listener, MigrationError, MigrationState};
use qapi_runtime::{Error, EventSink};
use qapi_schema::{
    Migrate, MigrationCapability, MigrationCapabilityStatus, MigrationInfo, MigrationStatus, RunState, SocketAddress,
};

use crate::errno::plain;
use crate::owner::{Report, Reports};
use capabilities::Capabilities;
pub(crate) use guest::Guest;

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
    /// From here, as soon as the machine is there.
    Bound(Listener),
    /// From here; clients see the address.
    Started(Vec<SocketAddress>),
}

/// Migration as the owner sees it.
pub(crate) struct Migration {
    state: Arc<MigrationState>,
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
    pub(crate) fn new(incoming: Option<&str>, events: &EventSink) -> Result<Self, String> {
        let tell = Arc::new(AtomicBool::new(false));
        let incoming = match incoming {
            None => Incoming::Unexpected,
            Some("defer") => Incoming::Deferred,
            Some(uri) => {
                let bound = uri.parse().and_then(|address| Listener::bind(&address));
                Incoming::Bound(bound.map_err(|error| format!("-incoming {uri}: {}", plain(&error)))?)
            }
        };
        let observer = outside::observer(events.clone(), Arc::clone(&tell));
        Ok(Self {
            state: MigrationState::new(observer),
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
        run_state: &RunState,
        guest: impl FnOnce() -> Guest + Send + 'static,
        reports: &Reports,
    ) -> Result<(), Error> {
        self.may_start(arguments, run_state)?;
        let address: Address = arguments.uri.parse().map_err(|error| match error {
            MigrationError::Protocol(_) => Error::expects("uri", "a valid migration protocol"),
            other => Error::generic(other.to_string()),
        })?;
        self.state.begin().map_err(|_| Error::generic(BUSY))?;
        (self.inward, self.settled) = (false, false);
        let (state, reports) = (Arc::clone(&self.state), reports.clone());
        spawn("migration", move || {
            let ended = outside::send(guest(), &address, &state);
            reports.send(Report::Migration(ended));
        })
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

    /// Command `migrate-incoming`.
    pub(crate) fn listen(
        &mut self,
        uri: &str,
        guest: impl FnOnce() -> Guest + Send + 'static,
        reports: &Reports,
    ) -> Result<(), Error> {
        match self.incoming {
            Incoming::Deferred => {}
            Incoming::Unexpected => {
                return Err(Error::generic("'-incoming' was not specified on the command line"));
            }
            Incoming::Bound(_) | Incoming::Started(_) => {
                return Err(Error::generic("The incoming migration has already been started"));
            }
        }
        let bound = uri.parse().and_then(|address| Listener::bind(&address));
        let listener = bound.map_err(|error| Error::generic(plain(&error)))?;
        self.receive(listener, guest, reports)
    }

    /// The machine is there: lets the source of `-incoming` in.
    pub(crate) fn open(
        &mut self,
        guest: impl FnOnce() -> Guest + Send + 'static,
        reports: &Reports,
    ) -> Result<(), Error> {
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
    ) -> Result<(), Error> {
        self.incoming = Incoming::Started(outside::addresses(listener.address()));
        self.state.begin().map_err(|_| Error::generic(BUSY))?;
        (self.inward, self.settled) = (true, false);
        let (state, reports) = (Arc::clone(&self.state), reports.clone());
        let (over, receiving) = mpsc::channel::<()>();
        self.receiving = Some(receiving);
        spawn("incoming", move || {
            // Dropped last: whoever waits for it knows that nothing is left of the listener.
            let _over = over;
            let ended = outside::receive(guest(), listener, &state);
            reports.send(Report::Migration(ended));
        })
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

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let thread = thread::Builder::new().name(name.into()).spawn(work);
    thread.map(drop).map_err(|error| Error::generic(format!("cannot start the migration's thread: {error}")))
}
