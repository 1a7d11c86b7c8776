//! Events on the client's side: streams of them, typed or not, filtered or not.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Client;
use super::error::ClientError;
use super::subscribers::{Names, Queue};
use crate::Error;
use crate::command::Event;
use crate::json::Frame;
use crate::value::{Dict, Str, Value};

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

impl AnyEvent {
    /// Whether it is an `E`.
    pub fn is<E: Event>(&self) -> bool {
        self.name == E::NAME
    }

    /// The event with its type, read leniently; `None` if it is another.
    pub fn as_event<E: Event>(&self) -> Option<Result<E, ClientError>> {
        self.is::<E>().then(|| {
            let event = crate::from_value_lenient(&Value::Dict(self.data.clone()));
            event.map_err(|error| ClientError::Reply { command: self.name.to_string(), error })
        })
    }
}

/// Reads what arrived as what the stream gives.
type Read<E> = fn(&EventText) -> Result<E, Error>;
/// Whether an event is wanted.
type Filter<E> = Box<dyn Fn(&Received<E>) -> bool + Send + Sync>;

/// Events as they come in, in the server's order. Keeps the connection open.
///
/// [`next`](Self::next) waits for one; this is also a [`futures_core::Stream`]. An error does not end the stream:
/// [`ClientError::EventsLost`] and [`ClientError::Gap`] stand where events are missing, [`ClientError::Reply`] where one is
/// not as the schema says.
pub struct Events<E> {
    queue: Arc<Queue>,
    read: Read<E>,
    filters: Vec<Filter<E>>,
    client: Client,
}

impl<E: Event> Events<E> {
    pub(super) fn typed(client: Client) -> Self {
        Self::new(client, Names::One(E::NAME), |text| crate::from_json_lenient(&text.data))
    }
}

impl Events<AnyEvent> {
    pub(super) fn any(client: Client, names: Names) -> Self {
        Self::new(client, names, |text| {
            Ok(AnyEvent { name: text.name.as_str().into(), data: crate::from_json_lenient(&text.data)? })
        })
    }
}

impl<E> Events<E> {
    fn new(client: Client, names: Names, read: Read<E>) -> Self {
        let queue = client.subscribe(names);
        Self { queue, read, filters: Vec::new(), client }
    }

    /// Passes over events that the predicate does not hold for. Errors are not passed over.
    ///
    /// ```no_run
    /// # async fn f(vm: qapi_runtime::Client) -> Result<(), qapi_runtime::ClientError> {
    /// let mut steps = vm.events_named(["JOB_STATUS_CHANGE"]).filter(|event| {
    ///     event.event.data.get("id").and_then(|id| id.as_str()) == Some("backup0")
    /// });
    /// while let Some(step) = steps.next().await {
    ///     println!("{:?}", step?.event.data);
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn filter(mut self, wanted: impl Fn(&Received<E>) -> bool + Send + Sync + 'static) -> Self {
        self.filters.push(Box::new(wanted));
        self
    }

    /// Waits for the next event; `None` when the connection has ended for good. Dropping the future loses nothing.
    ///
    /// # Errors
    /// Events were lost since the last because they were not taken or because there was no connection, or one is not as the
    /// schema says. The stream goes on.
    pub async fn next(&mut self) -> Option<Result<Received<E>, ClientError>> {
        poll_fn(|context| self.poll(context)).await
    }

    /// The next event that has arrived already; `None` if there is none. This side's task reads them in, so give it time to.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn try_next(&mut self) -> Option<Result<Received<E>, ClientError>> {
        loop {
            let taken = self.queue.try_take()?;
            if let Some(wanted) = self.wanted(taken) {
                return Some(wanted);
            }
        }
    }

    /// Waits for an event that the predicate holds for, and passes over others.
    ///
    /// # Errors
    /// It did not come in time; or events are missing, so that it may have been one of them; or one is not as the schema
    /// says; or the connection has ended.
    pub async fn wait_for(
        &mut self,
        mut wanted: impl FnMut(&Received<E>) -> bool,
        within: Duration,
    ) -> Result<Received<E>, ClientError> {
        let search = async {
            while let Some(event) = self.next().await {
                match event {
                    Ok(event) if !wanted(&event) => {}
                    found => return found,
                }
            }
            Err(self.client.shared.core.ending())
        };
        match tokio::time::timeout(within, search).await {
            Ok(found) => found,
            Err(_) => Err(ClientError::Timeout { command: self.queue.names.to_string(), after: within }),
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Received<E>, ClientError>>> {
        loop {
            match std::task::ready!(self.queue.poll(context)) {
                None => return Poll::Ready(None),
                Some(taken) => {
                    if let Some(wanted) = self.wanted(taken) {
                        return Poll::Ready(Some(wanted));
                    }
                }
            }
        }
    }

    /// Reads what was taken; `None` if a filter passes over it.
    fn wanted(&self, taken: Result<Arc<EventText>, ClientError>) -> Option<Result<Received<E>, ClientError>> {
        let text = match taken {
            Ok(text) => text,
            Err(error) => return Some(Err(error)),
        };
        match (self.read)(&text) {
            Ok(event) => {
                let received = Received { time: text.time, event };
                self.filters.iter().all(|wanted| wanted(&received)).then_some(Ok(received))
            }
            Err(error) => Some(Err(ClientError::Reply { command: text.name.clone(), error })),
        }
    }
}

impl<E> futures_core::Stream for Events<E> {
    type Item = Result<Received<E>, ClientError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

impl<E> fmt::Debug for Events<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("queue", &self.queue).field("filters", &self.filters.len()).finish()
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

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes it keeps.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.name.len() + self.data.len()
    }
}
