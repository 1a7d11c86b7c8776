//! Who wants which events, and the bounded queues in between.
//!
//! A queue that is full takes a note of how much was missed in the place where it belongs, so that a reader learns of it after
//! the events before and ahead of those after.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use super::error::ClientError;
use super::events::EventText;
use super::gap::Gap;

/// Bytes of events kept for a reader that does not take them, unless it is a single event.
const QUEUE_BYTES: usize = 16 << 20;

/// Which events are wanted.
#[derive(Debug)]
pub(super) enum Names {
    All,
    One(&'static str),
    Set(Vec<String>),
}

impl Names {
    fn contain(&self, name: &str) -> bool {
        match self {
            Names::All => true,
            Names::One(one) => *one == name,
            Names::Set(set) => set.iter().any(|one| one == name),
        }
    }
}

impl std::fmt::Display for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Names::All => f.write_str("events"),
            Names::One(one) => f.write_str(one),
            Names::Set(set) => f.write_str(&set.join(", ")),
        }
    }
}

/// What a reader takes.
#[derive(Debug)]
enum Entry {
    Event(Arc<EventText>),
    /// So many events did not fit, then the connection was lost for a while.
    Missed {
        lost: u64,
        gap: Option<Gap>,
    },
}

/// One reader's queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) names: Names,
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    bytes: usize,
    ended: bool,
    waker: Option<Waker>,
}

impl Queue {
    fn push(&self, event: &Arc<EventText>) {
        self.change(|state| {
            let fits = state.bytes == 0 || state.bytes + event.size() <= QUEUE_BYTES;
            if fits && state.entries.len() < self.limit {
                state.bytes += event.size();
                state.entries.push_back(Entry::Event(Arc::clone(event)));
            } else {
                state.missed(1, None);
            }
        });
    }

    fn gap(&self, gap: &Gap) {
        self.change(|state| state.missed(0, Some(gap.clone())));
    }

    fn end(&self) {
        self.change(|state| state.ended = true);
    }

    /// Changes the queue and wakes its reader, which may look at it at once.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let waker = {
            let mut state = self.lock();
            change(&mut state);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes the next entry; `None` after the last one of a connection that has ended.
    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Arc<EventText>, ClientError>>> {
        let mut state = self.lock();
        if let Some(taken) = state.take() {
            return Poll::Ready(Some(taken));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Takes the next entry if there is one now.
    pub(super) fn try_take(&self) -> Option<Result<Arc<EventText>, ClientError>> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Changed in single steps, so whole even if a holder panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Notes what was missed, behind all that is there.
    fn missed(&mut self, more: u64, later: Option<Gap>) {
        match self.entries.back_mut() {
            Some(Entry::Missed { lost, gap }) => {
                *lost = lost.saturating_add(more);
                *gap = match (gap.take(), later) {
                    (Some(gap), Some(later)) => Some(gap.until(later)),
                    (gap, later) => gap.or(later),
                };
            }
            _ => self.entries.push_back(Entry::Missed { lost: more, gap: later }),
        }
    }

    fn take(&mut self) -> Option<Result<Arc<EventText>, ClientError>> {
        match self.entries.pop_front()? {
            Entry::Event(event) => {
                self.bytes = self.bytes.saturating_sub(event.size());
                Some(Ok(event))
            }
            Entry::Missed { lost: 0, gap } => gap.map(|gap| Err(gap.into())),
            Entry::Missed { lost, gap } => {
                if gap.is_some() {
                    self.entries.push_front(Entry::Missed { lost: 0, gap });
                }
                Some(Err(ClientError::EventsLost(lost)))
            }
        }
    }
}

/// Everybody who waits for events.
#[derive(Debug, Default)]
pub(super) struct Subscribers {
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    ended: bool,
    /// Held by their readers; those that are gone are dropped at the next event.
    queues: Vec<Weak<Queue>>,
}

impl Subscribers {
    pub(super) fn add(&self, names: Names, limit: usize) -> Arc<Queue> {
        let mut list = self.lock();
        let state = Mutex::new(State { ended: list.ended, ..State::default() });
        let queue = Arc::new(Queue { names, limit, state });
        list.queues.retain(|queue| queue.strong_count() > 0);
        list.queues.push(Arc::downgrade(&queue));
        queue
    }

    /// Hands an event to everybody who wants it.
    pub(super) fn publish(&self, event: EventText) {
        let event = Arc::new(event);
        self.each(|queue| {
            if queue.names.contain(event.name()) {
                queue.push(&event);
            }
        });
    }

    /// Tells everybody of a time without connection.
    pub(super) fn gap(&self, gap: &Gap) {
        self.each(|queue| queue.gap(gap));
    }

    /// Tells everybody that no more events will come.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.each(Queue::end);
    }

    fn each(&self, tell: impl Fn(&Queue)) {
        self.lock().queues.retain(|queue| queue.upgrade().inspect(|queue| tell(queue)).is_some());
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        // As above.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
