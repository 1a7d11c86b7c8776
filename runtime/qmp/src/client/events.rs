//! Events on the client's side: who wants which, and the queues in between.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::{self, error::TrySendError};

use super::Client;
use super::error::ClientError;
use crate::command::Event;
use crate::json::Frame;
use crate::value::{Dict, Str};

/// Events kept for a reader that does not take them.
const QUEUE: usize = 4096;

/// An event and when it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Received<E> {
    /// The host's time at which the server emitted it.
    pub time: SystemTime,
    /// The event.
    pub event: E,
}

/// An event without a type.
#[derive(Debug, Clone, PartialEq)]
pub struct AnyEvent {
    /// Its name on the wire.
    pub name: Str,
    /// Its data; empty for events without.
    pub data: Dict,
}

/// Events as they come in. Keeps the connection open.
#[derive(Debug)]
pub struct Events<E> {
    queue: mpsc::Receiver<Arc<EventText>>,
    lost: Arc<AtomicU64>,
    read: fn(&EventText) -> Result<Received<E>, ClientError>,
    _client: Client,
}

impl<E> Events<E> {
    pub(super) fn new(
        client: Client,
        name: Option<&'static str>,
        read: fn(&EventText) -> Result<Received<E>, ClientError>,
    ) -> Self {
        let (queue, lost) = client.shared.subscribers.add(name);
        Self { queue, lost, read, _client: client }
    }

    /// Waits for the next event; `None` when the connection has ended. Dropping the future loses nothing.
    ///
    /// # Errors
    /// Events were lost since the last because they were not taken, or one is not as the schema says. The stream goes on.
    pub async fn next(&mut self) -> Option<Result<Received<E>, ClientError>> {
        // Those in the queue are older than those that are lost, but a reader should know at once that it falls behind.
        match self.lost.swap(0, Ordering::Relaxed) {
            0 => self.queue.recv().await.map(|event| (self.read)(&event)),
            lost => Some(Err(ClientError::EventsLost(lost))),
        }
    }
}

/// An event as it came.
#[derive(Debug)]
pub(super) struct EventText {
    name: String,
    time: SystemTime,
    data: Box<[u8]>,
}

impl EventText {
    /// Reads the outside of an event; `None` if the message is something else.
    pub(super) fn read(message: &Frame<'_>) -> Option<Self> {
        let name = message.get("event")?.as_str()?.into_owned();
        let stamp = message.get("timestamp").map(|stamp| stamp.to_value());
        let number = |name| stamp.as_ref().and_then(|stamp| stamp.get(name)?.as_u64()).unwrap_or_default();
        let since =
            Duration::from_secs(number("seconds")).saturating_add(Duration::from_micros(number("microseconds")));
        let data = message.get("data").map_or(&b"{}"[..], |data| data.text());
        Some(Self { name, time: UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH), data: data.into() })
    }
}

impl<E: Event> Received<E> {
    pub(super) fn typed(text: &EventText) -> Result<Self, ClientError> {
        let event = crate::from_json_lenient(&text.data);
        let event = event.map_err(|error| ClientError::Reply { command: text.name.clone(), error })?;
        Ok(Self { time: text.time, event })
    }
}

impl Received<AnyEvent> {
    pub(super) fn any(text: &EventText) -> Result<Self, ClientError> {
        let data = crate::from_json_lenient(&text.data);
        let data = data.map_err(|error| ClientError::Reply { command: text.name.clone(), error })?;
        Ok(Self { time: text.time, event: AnyEvent { name: text.name.clone(), data } })
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
    entries: Vec<Subscriber>,
}

#[derive(Debug)]
struct Subscriber {
    /// The one event wanted; otherwise all.
    name: Option<&'static str>,
    queue: mpsc::Sender<Arc<EventText>>,
    lost: Arc<AtomicU64>,
}

impl Subscribers {
    fn add(&self, name: Option<&'static str>) -> (mpsc::Receiver<Arc<EventText>>, Arc<AtomicU64>) {
        let (queue, events) = mpsc::channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let mut list = self.lock();
        if !list.ended {
            list.entries.push(Subscriber { name, queue, lost: Arc::clone(&lost) });
        }
        (events, lost)
    }

    /// Hands an event to everybody who wants it.
    pub(super) fn publish(&self, event: EventText) {
        let event = Arc::new(event);
        self.lock().entries.retain(|subscriber| {
            let wanted = subscriber.name.is_none_or(|name| name == event.name);
            if wanted && let Err(TrySendError::Full(_)) = subscriber.queue.try_send(Arc::clone(&event)) {
                subscriber.lost.fetch_add(1, Ordering::Relaxed);
            }
            !subscriber.queue.is_closed()
        });
    }

    /// Tells everybody that no more events will come.
    pub(super) fn end(&self) {
        let mut list = self.lock();
        list.ended = true;
        list.entries.clear();
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        // Changed in single steps, so whole even if a holder panicked.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
