//! What waits for one connection: encoded events within a bound, and the order to close.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Bytes of events kept for a client that does not read them.
pub(crate) const LIMIT: usize = 1 << 20;

/// A connection's queue, filled from any thread and emptied by the connection's task.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    /// Whether a look into the queue is worth its lock.
    waiting: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<Arc<[u8]>>,
    bytes: usize,
    lost: u64,
    closing: bool,
    withheld: bool,
    waker: Option<Waker>,
}

impl Mailbox {
    /// Adds an event. At the bound the oldest go: what a client learns last is how things stand now.
    pub(crate) fn push(&self, event: &Arc<[u8]>) {
        let mut inner = self.lock();
        inner.bytes += event.len();
        inner.events.push_back(Arc::clone(event));
        while inner.bytes > LIMIT && inner.events.len() > 1 {
            if let Some(oldest) = inner.events.pop_front() {
                inner.bytes -= oldest.len();
                inner.lost += 1;
            }
        }
        self.wake(inner);
    }

    /// Tells the connection to finish what it has begun and close.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.closing = true;
        self.wake(inner);
    }

    /// Asks for the command that is being executed to stay without a reply. For its handler, before it is ready.
    pub(crate) fn withhold_reply(&self) {
        let mut inner = self.lock();
        inner.withheld = true;
        self.wake(inner);
    }

    /// Whether something came in since the last [`Mailbox::take`]; costs one load.
    pub(crate) fn has_mail(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// Moves all waiting events to the end of `out`.
    pub(crate) fn take(&self, out: &mut Vec<u8>) -> Taken {
        let mut inner = self.lock();
        self.waiting.store(false, Ordering::Release);
        for event in inner.events.drain(..) {
            out.extend_from_slice(&event);
        }
        inner.bytes = 0;
        Taken {
            lost: std::mem::take(&mut inner.lost),
            closing: inner.closing,
            withheld: std::mem::take(&mut inner.withheld),
        }
    }

    /// Ready when there is mail; otherwise the task of `context` is woken by the next.
    pub(crate) fn poll_mail(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.lock();
        if self.has_mail() {
            return Poll::Ready(());
        }
        match &mut inner.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    fn wake(&self, mut inner: MutexGuard<'_, Inner>) {
        self.waiting.store(true, Ordering::Release);
        let waker = inner.waker.take();
        // The woken task wants the lock at once.
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every holder leaves the queue whole between statements that can fail, so a poisoned one is still good.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What [`Mailbox::take`] found beside the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Events dropped at the bound since the last look.
    pub(crate) lost: u64,
    /// Whether the connection is to close.
    pub(crate) closing: bool,
    /// Whether the command whose handler has just ended is to stay without a reply.
    pub(crate) withheld: bool,
}
