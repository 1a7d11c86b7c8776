//! How a client connects and what it does when things take long or end.

use std::os::fd::OwnedFd;
use std::time::Duration;

use super::Client;
use super::dial::Dial;
use super::error::ClientError;
use crate::transport::Stream;

/// How a [`Client`] connects and behaves; from [`Client::options`].
///
/// ```no_run
/// # use std::time::Duration;
/// # use qapi_runtime::{Client, ClientError};
/// # async fn f() -> Result<(), ClientError> {
/// let vm = Client::options()
///     .timeout(Duration::from_secs(10))
///     .wait_until_there(true)
///     .reconnect(true)
///     .connect("unix:/tmp/qmp.sock")
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "options do nothing until `connect` or `over`"]
pub struct ClientOptions {
    pub(super) timeout: Option<Duration>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) wait_until_there: bool,
    pub(super) oob: bool,
    pub(super) in_flight: Option<u32>,
    pub(super) event_queue: usize,
    pub(super) reconnect: bool,
    pub(super) backoff: (Duration, Duration),
    pub(super) give_up_after: Option<Duration>,
    pub(super) fail_while_disconnected: bool,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            timeout: None,
            connect_timeout: Some(Duration::from_secs(30)),
            wait_until_there: false,
            oob: true,
            in_flight: None,
            event_queue: 4096,
            reconnect: false,
            backoff: (Duration::from_millis(100), Duration::from_secs(5)),
            give_up_after: None,
            fail_while_disconnected: false,
        }
    }
}

impl ClientOptions {
    /// How long a call may take, from the first poll to the reply; no limit unless given. A [`Call`](super::Call) can have its
    /// own.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// How long connecting, greeting and negotiation may take together: 30 seconds unless given. QEMU serves one client at a
    /// time on a monitor, and the next gets no greeting before the first has left.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = Some(limit);
        self
    }

    /// Whether a socket that does not exist yet, or refuses, is tried again until the connect time-out: for a server that was
    /// just started. Otherwise it is an error at once.
    pub fn wait_until_there(mut self, wait: bool) -> Self {
        self.wait_until_there = wait;
        self
    }

    /// Whether out-of-band execution is enabled where the server offers it, as it is unless given.
    pub fn oob(mut self, enable: bool) -> Self {
        self.oob = enable;
        self
    }

    /// How many in-band calls may be at the server at a time; further ones wait here for their turn. Unless given, 8 when
    /// out-of-band execution is enabled: with more, QEMU stops reading and an out-of-band call could not overtake them.
    /// Otherwise 1024.
    pub fn in_flight(mut self, calls: u32) -> Self {
        // More than anybody has, and less than the counter beneath takes on any machine.
        self.in_flight = Some(calls.clamp(1, 1 << 20));
        self
    }

    /// How many events are kept for each stream whose reader does not take them: 4096 unless given. Beyond, the stream says
    /// how many were lost, and where.
    pub fn event_queue(mut self, events: usize) -> Self {
        self.event_queue = events.max(1);
        self
    }

    /// Whether the client connects again when the connection has ended; needs [`connect`](Self::connect), since a given
    /// stream cannot be had again.
    ///
    /// Calls on their way fail then, since nobody knows whether they were executed. Calls made meanwhile wait, within their
    /// time-outs; see [`fail_while_disconnected`](Self::fail_while_disconnected). Every event stream says where the
    /// [gap](ClientError::Gap) is. Capabilities are negotiated anew, and what was known of the server's schema is forgotten.
    pub fn reconnect(mut self, again: bool) -> Self {
        self.reconnect = again;
        self
    }

    /// How long to wait before the first try to reconnect, and before later ones at most; each wait is twice the one before.
    /// 100 milliseconds and 5 seconds unless given.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        // Never a busy loop, whatever is asked for.
        let first = first.max(Duration::from_millis(1));
        self.backoff = (first, longest.max(first));
        self
    }

    /// How long to try to reconnect before the client ends for good; no limit unless given.
    pub fn give_up_after(mut self, limit: Duration) -> Self {
        self.give_up_after = Some(limit);
        self
    }

    /// Whether calls made while there is no connection fail at once with [`ClientError::Disconnected`] rather than wait.
    pub fn fail_while_disconnected(mut self, fail: bool) -> Self {
        self.fail_while_disconnected = fail;
        self
    }

    /// Connects to `unix:PATH` or `tcp:HOST:PORT` and negotiates. Needs a tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    /// The text is no address, nobody listens there or answers in time, or the peer is no QMP server.
    pub async fn connect(self, address: &str) -> Result<Client, ClientError> {
        let dial = Dial::new(address)?;
        let (wire, greeting) = dial.first(&self).await?;
        Ok(Client::start(wire, greeting, self, Some(dial)))
    }

    /// Negotiates over a stream socket that is connected already: a `UnixStream`, a `TcpStream`, or an inherited one.
    ///
    /// # Errors
    /// The descriptor is unusable, or the peer is no QMP server or does not greet in time.
    pub async fn over(self, stream: impl Into<OwnedFd>) -> Result<Client, ClientError> {
        self.over_stream(Stream::socket(stream.into())?).await
    }

    /// Negotiates over a pair of pipes: what the server writes, and what it reads. For a server on the other side of a child
    /// process, such as `qemu-system-x86_64 -qmp stdio` or `ssh host socat - UNIX:/tmp/qmp.sock`.
    ///
    /// # Errors
    /// The descriptors are unusable, or the peer is no QMP server or does not greet in time.
    pub async fn over_pipes(
        self,
        input: impl Into<OwnedFd>,
        output: impl Into<OwnedFd>,
    ) -> Result<Client, ClientError> {
        self.over_stream(Stream::pipes(input.into(), output.into())?).await
    }

    async fn over_stream(mut self, stream: Stream) -> Result<Client, ClientError> {
        // It cannot be had again.
        self.reconnect = false;
        let (wire, greeting) = super::dial::over(stream, &self).await?;
        Ok(Client::start(wire, greeting, self, None))
    }

    /// How many in-band calls may be at the server.
    pub(super) fn slots(&self) -> u32 {
        // With one running and seven queued QEMU still reads ahead; an eighth in its queue stops it.
        self.in_flight.unwrap_or(if self.oob { 8 } else { 1024 })
    }
}
