//! The one migration a machine can have: status, progress, cancelling.

use std::{
    fmt,
    os::fd::OwnedFd,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::net::Shutdown;

use crate::{MigrationError, MigrationStats, Status, stats::Counters};

/// What others are told while a migration goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationEvent {
    /// The status changed.
    Status(Status),
    /// A pass over memory begins; passes count from 1.
    Pass(u64),
}

/// Status and progress of a machine's migration, shared by the thread that does it and everybody who asks.
///
/// One lives as long as the machine; a migration that is over can be followed by another.
pub struct MigrationState {
    inner: Mutex<Inner>,
    /// Copy of "status is cancelling", read in the hot loop.
    cancelled: AtomicBool,
    counters: Counters,
    observer: Box<dyn Fn(MigrationEvent) + Send + Sync>,
}

struct Inner {
    status: Status,
    /// The end of the stream is about to be sent: from here on the destination may run, so nobody can take the guest back.
    committed: bool,
    error: Option<String>,
    /// Shut down to wake a thread that waits for its peer.
    wake: Option<OwnedFd>,
    started: Option<Instant>,
    total_time: Duration,
}

impl MigrationState {
    /// No migration yet. `observer` hears of every change, in order, on the thread that makes it and under a lock: it must not call back, only pass on.
    pub fn new(observer: impl Fn(MigrationEvent) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::new(Inner {
                status: Status::None,
                committed: false,
                error: None,
                wake: None,
                started: None,
                total_time: Duration::ZERO,
            }),
            cancelled: AtomicBool::new(false),
            counters: Counters::default(),
            observer: Box::new(observer),
        })
    }

    /// Begins a migration: status setup, counters at zero. To be called before the thread is started, so that a second request is refused at once.
    ///
    /// # Errors
    /// [`MigrationError::Busy`] while another one runs.
    pub fn begin(&self) -> Result<(), MigrationError> {
        let mut inner = self.lock();
        if inner.status.is_running() {
            return Err(MigrationError::Busy);
        }
        self.cancelled.store(false, Ordering::Release);
        self.counters.reset();
        inner.committed = false;
        inner.error = None;
        inner.wake = None;
        inner.started = Some(Instant::now());
        inner.total_time = Duration::ZERO;
        self.change(&mut inner, Status::Setup)
    }

    /// Ends a migration that never got as far as [`send`](crate::send) or [`receive`](crate::receive); `reason` is what
    /// [`error`](Self::error) tells.
    pub fn fail(&self, reason: Option<String>) {
        self.end(Status::Failed, reason);
    }

    /// Asks the running migration to give up. Says whether it will; without one, or when the end of the stream is already on its way, it does not.
    pub fn cancel(&self) -> bool {
        let mut inner = self.lock();
        if inner.committed || self.change(&mut inner, Status::Cancelling).is_err() {
            return false;
        }
        self.cancelled.store(true, Ordering::Release);
        if let Some(socket) = inner.wake.take() {
            shut_down(&socket);
        }
        true
    }

    /// Where the migration stands.
    pub fn status(&self) -> Status {
        self.lock().status
    }

    /// Why the last migration failed.
    pub fn error(&self) -> Option<String> {
        self.lock().error.clone()
    }

    /// The progress so far.
    pub fn stats(&self) -> MigrationStats {
        let inner = self.lock();
        let running = inner.started.filter(|_| inner.status.is_running()).map(|started| started.elapsed());
        MigrationStats { total_time: running.unwrap_or(inner.total_time), ..self.counters.snapshot() }
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Fails once cancelling was asked for.
    pub(crate) fn check(&self) -> Result<(), MigrationError> {
        if self.cancelled.load(Ordering::Acquire) { Err(MigrationError::Cancelled) } else { Ok(()) }
    }

    /// Goes to the next status.
    pub(crate) fn advance(&self, next: Status) -> Result<(), MigrationError> {
        let mut inner = self.lock();
        self.check()?;
        self.change(&mut inner, next)
    }

    /// Names the socket whose shutdown wakes the migration's thread.
    pub(crate) fn wake_by(&self, socket: Option<OwnedFd>) -> Result<(), MigrationError> {
        let mut inner = self.lock();
        self.check()?;
        inner.wake = socket;
        Ok(())
    }

    /// The last moment for cancelling is over.
    pub(crate) fn commit(&self) -> Result<(), MigrationError> {
        let mut inner = self.lock();
        self.check()?;
        inner.committed = true;
        Ok(())
    }

    /// Tells of a new pass.
    pub(crate) fn pass(&self) {
        let _ordered = self.lock();
        self.counters.dirty_sync_count.add(1);
        (self.observer)(MigrationEvent::Pass(self.counters.dirty_sync_count.get()));
    }

    /// Time since the migration began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.lock().started.map_or(Duration::ZERO, |started| started.elapsed())
    }

    /// Ends the migration by its result and says how it ended.
    pub(crate) fn finish(&self, result: &Result<(), MigrationError>) -> Status {
        match result {
            Ok(()) => self.end(Status::Completed, None),
            Err(error) => self.end(Status::Failed, Some(error.to_string())),
        }
    }

    /// Goes to `end` and says where it went. An error after cancelling was asked for is its consequence, not a failure.
    fn end(&self, end: Status, error: Option<String>) -> Status {
        let mut inner = self.lock();
        inner.total_time = inner.started.map_or(Duration::ZERO, |started| started.elapsed());
        inner.wake = None;
        let cancelled = inner.status == Status::Cancelling;
        inner.error = error.filter(|_| !cancelled);
        if let Err(error) = self.change(&mut inner, if cancelled { Status::Cancelled } else { end }) {
            tracing::error!(%error, "migration ended in a strange place");
        }
        inner.status
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves plain values behind, which stay readable.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, inner: &mut Inner, next: Status) -> Result<(), MigrationError> {
        if !inner.status.allows(next) {
            return Err(MigrationError::Transition { from: inner.status, to: next });
        }
        inner.status = next;
        tracing::debug!(status = %next, "migration");
        (self.observer)(MigrationEvent::Status(next));
        Ok(())
    }
}

impl fmt::Debug for MigrationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MigrationState")
            .field("status", &self.status())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// Ends all waiting on a socket, also for a peer to connect. What is no socket cannot be waited for, so failing does no harm.
fn shut_down(socket: &OwnedFd) {
    if let Err(error) = rustix::net::shutdown(socket, Shutdown::Both) {
        tracing::debug!(%error, "cannot shut a migration's connection down");
    }
}
