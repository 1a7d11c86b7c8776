//! One connection's bytes: messages in, requests and descriptors out.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use crate::json::{self, Frame};
use crate::transport::Stream;

/// What the buffer of requests may keep allocated.
const KEEP: usize = 64 << 10;

/// A stream, what has arrived on it and what is still to be sent.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    input: json::Stream,
    out: Outgoing,
}

/// Bytes to be sent, and the descriptors that go with some of them.
#[derive(Debug, Default)]
struct Outgoing {
    bytes: Vec<u8>,
    sent: usize,
    /// Position of the first byte of a request, and what goes with it.
    carried: VecDeque<(usize, Vec<OwnedFd>)>,
}

impl Wire {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, input: json::Stream::new(), out: Outgoing::default() }
    }

    /// Whether descriptors can be passed.
    pub(super) fn passes_fds(&self) -> bool {
        self.stream.passes_fds()
    }

    /// Forgets what has arrived of a message and what was not sent, so that the next byte of both begins one.
    pub(super) fn forget(&mut self) {
        self.input = json::Stream::new();
        self.out = Outgoing::default();
    }

    /// Waits for a message and reads it; `None` when the input ends before. Dropping the future loses nothing.
    ///
    /// # Errors
    /// The connection broke, or what came is not JSON: that is [`io::ErrorKind::InvalidData`].
    pub(super) async fn message<T>(&mut self, read: impl FnOnce(&Frame<'_>) -> T) -> io::Result<Option<T>> {
        loop {
            match self.input.next() {
                Some(Ok(message)) => return Ok(Some(read(&message))),
                Some(Err(error)) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
                None => {}
            }
            let bytes = self.stream.read().await?;
            if bytes.is_empty() {
                return Ok(None);
            }
            self.input.feed(&bytes);
        }
    }

    /// Sends bytes, waiting as long as the peer does not take them.
    pub(super) async fn send_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.push(bytes, Vec::new());
        while self.unsent() > 0 {
            self.send().await?;
        }
        Ok(())
    }

    /// Adds a request to what is to be sent.
    pub(super) fn push(&mut self, bytes: &[u8], fds: Vec<OwnedFd>) {
        if !fds.is_empty() {
            self.out.carried.push_back((self.out.bytes.len(), fds));
        }
        self.out.bytes.extend_from_slice(bytes);
    }

    /// How many bytes are still to be sent.
    pub(super) fn unsent(&self) -> usize {
        self.out.bytes.len() - self.out.sent
    }

    /// Waits until bytes have arrived, or can be sent if there are some, and says which. Dropping the future loses nothing.
    ///
    /// Arrived bytes are looked at by [`next`](Self::next); `Ok(None)` is the end of the input. Behind as much as is read at
    /// a time there is more, and others have their turn before that: whoever takes what arrives must come to take it.
    pub(super) async fn progress(&mut self) -> io::Result<Option<()>> {
        let Self { stream, input, out } = self;
        let mut full = false;
        tokio::select! {
            bytes = stream.read() => {
                let bytes = bytes?;
                if bytes.is_empty() {
                    return Ok(None);
                }
                input.feed(&bytes);
                full = bytes.is_full();
            }
            outcome = out.send(stream), if out.sent < out.bytes.len() => outcome?,
        }
        if full {
            tokio::task::yield_now().await;
        }
        Ok(Some(()))
    }

    /// Waits for bytes as they are, past all framing; nothing is the end of the input.
    pub(super) async fn raw(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.stream.read().await?.to_vec())
    }

    /// Takes bytes that [`raw`](Self::raw) gave as part of a message.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.input.feed(bytes);
    }

    /// The next message that has arrived.
    pub(super) fn next(&mut self) -> Option<Result<Frame<'_>, json::SyntaxError>> {
        self.input.next()
    }

    /// Sends what the server takes now; waits first if it takes nothing.
    pub(super) async fn send(&mut self) -> io::Result<()> {
        self.out.send(&self.stream).await
    }
}

impl Outgoing {
    async fn send(&mut self, stream: &Stream) -> io::Result<()> {
        match self.try_send(stream)? {
            Some(count) => self.note_sent(count),
            None => stream.writable().await?,
        }
        Ok(())
    }

    /// Lets go of what is sent, when that is most of the buffer: a server that always lags behind must not make it grow.
    fn note_sent(&mut self, count: usize) {
        self.sent += count;
        if self.sent == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(KEEP);
            self.sent = 0;
        } else if self.sent >= KEEP.max(self.bytes.len() / 2) {
            self.bytes.drain(..self.sent);
            self.carried.iter_mut().for_each(|(at, _)| *at = at.saturating_sub(self.sent));
            self.sent = 0;
        }
    }

    /// Descriptors travel with the first byte of their request, so that the server finds them when it has read it.
    fn try_send(&mut self, stream: &Stream) -> io::Result<Option<usize>> {
        let Some((at, fds)) = self.carried.front() else {
            return stream.try_write(self.bytes.get(self.sent..).unwrap_or_default());
        };
        if *at > self.sent {
            return stream.try_write(self.bytes.get(self.sent..*at).unwrap_or_default());
        }
        let fds: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
        let end = self.carried.get(1).map_or(self.bytes.len(), |(next, _)| *next);
        let count = stream.try_write_with_fds(self.bytes.get(self.sent..end).unwrap_or_default(), &fds)?;
        if count.is_some_and(|count| count > 0) {
            self.carried.pop_front();
        }
        Ok(count)
    }
}
