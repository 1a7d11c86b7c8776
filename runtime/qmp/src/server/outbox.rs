//! The sending half of a connection: one buffer of replies and events, one send for as many as possible.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use super::monitor::CONNECTIONS;
use crate::events::Mailbox;
use crate::json::Pretty;
use crate::protocol::Quote;
use crate::transport::Stream;
use crate::visit::Encoder;

/// Bytes at which a batch of replies is sent although more requests are at hand.
pub(super) const BATCH: usize = 64 << 10;

/// Lets every task that is ready have its turn. Whom a handler waits for is mostly one of these, and then the reply can leave
/// together with others: a send for each costs ten times what the rest does.
pub(super) async fn wait_a_turn() {
    tokio::task::yield_now().await;
}

/// What is on its way to one client.
#[derive(Debug)]
pub(super) struct Outbox {
    /// Replies and events in their order; the first `sent` bytes are gone already.
    pub(super) text: Encoder,
    sent: usize,
    mailbox: Arc<Mailbox>,
    closing: bool,
    /// For a client that wants everything laid out for people.
    layout: Option<Layout>,
    /// Whether the next reply is not to be written.
    withheld: bool,
}

impl Outbox {
    pub(super) fn new(mailbox: Arc<Mailbox>, pretty: bool) -> Self {
        let layout = pretty.then(Layout::default);
        Self { text: Encoder::new(), sent: 0, mailbox, closing: false, layout, withheld: false }
    }

    /// Whether the server wants this connection closed.
    pub(super) fn closing(&self) -> bool {
        self.closing
    }

    /// Whether the reply that is due now is not to be written. Asked once per reply.
    pub(super) fn take_withheld(&mut self) -> bool {
        std::mem::take(&mut self.withheld)
    }

    /// Bytes written and not yet taken by the client's socket.
    pub(super) fn unsent(&self) -> usize {
        let laid_out = self.layout.as_ref().map_or(0, Layout::unsent);
        self.text.len() - self.sent + laid_out
    }

    pub(super) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// Puts the events that wait behind what is written so far.
    pub(super) fn collect_mail(&mut self) {
        if !self.mailbox.has_mail() {
            return;
        }
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        let taken = self.mailbox.take(&mut bytes);
        self.text = Encoder::with_buffer(bytes);
        self.closing |= taken.closing;
        self.withheld |= taken.withheld;
        if taken.lost > 0 {
            tracing::warn!(target: CONNECTIONS, lost = taken.lost, "a monitor's client does not read: its oldest events are dropped");
        }
    }

    /// Waits for events, or for the order to close, and takes them in.
    pub(super) async fn mail(&mut self) {
        poll_fn(|context| self.mailbox.poll_mail(context)).await;
        self.collect_mail();
    }

    /// Sends everything. Dropping the future loses nothing and sends nothing twice.
    pub(super) async fn flush(&mut self, stream: &Stream) -> io::Result<()> {
        self.compact();
        if let Some(layout) = &mut self.layout {
            layout.send(self.text.as_bytes(), &mut self.sent, stream).await?;
        }
        while self.unsent() > 0 {
            let rest = self.text.as_bytes().get(self.sent..).unwrap_or_default();
            match stream.try_write(rest)? {
                Some(written) => self.sent += written,
                None => stream.writable().await?,
            }
        }
        self.sent = 0;
        self.text.clear();
        Ok(())
    }

    /// Lets go of what is sent, when that is most of the buffer: a client that always leaves something unread, while replies
    /// are added, must not make it grow.
    fn compact(&mut self) {
        if self.sent >= BATCH.max(self.text.len() / 2) {
            let mut bytes = std::mem::take(&mut self.text).into_bytes();
            bytes.drain(..self.sent);
            self.sent = 0;
            self.text = Encoder::with_buffer(bytes);
        }
    }

    /// Sends all that is written and then the quoted text, without copying that, and writes what comes after it.
    ///
    /// Not to be dropped half-way unless the connection goes too.
    pub(super) async fn quote(&mut self, quote: &Quote<'_>, stream: &Stream) -> io::Result<()> {
        let mut tail = quote.text.as_bytes();
        if let Some(layout) = &mut self.layout {
            layout.send(self.text.as_bytes(), &mut self.sent, stream).await?;
            layout.send(tail, &mut 0, stream).await?;
            tail = &[];
        }
        while self.unsent() > 0 || !tail.is_empty() {
            let head = self.text.as_bytes().get(self.sent..).unwrap_or_default();
            match stream.try_write_both(head, tail)? {
                Some(written) => {
                    let of_head = written.min(head.len());
                    self.sent += of_head;
                    tail = tail.get(written - of_head..).unwrap_or_default();
                }
                None => stream.writable().await?,
            }
        }
        self.sent = 0;
        self.text.clear();
        quote.finish(&mut self.text);
        Ok(())
    }

    /// One step of what goes on while a handler runs: sends what is ready, or else waits for mail.
    pub(super) async fn step(&mut self, stream: &Stream) -> io::Result<()> {
        if self.unsent() > 0 {
            return self.flush(stream).await;
        }
        self.mail().await;
        Ok(())
    }

    /// Keeps sending what is ready and what events come in. Ends only when the client is gone.
    pub(super) async fn pump(&mut self, stream: &Stream) -> io::Error {
        if self.unsent() > 0 {
            wait_a_turn().await;
        }
        loop {
            if let Err(error) = self.step(stream).await {
                return error;
            }
        }
    }

    /// Gives a buffer back that a large reply has grown.
    pub(super) fn trim(&mut self) {
        if self.text.is_empty() {
            let mut bytes = std::mem::take(&mut self.text).into_bytes();
            bytes.shrink_to(BATCH);
            self.text = Encoder::with_buffer(bytes);
        }
        if let Some(layout) = self.layout.as_mut().filter(|layout| layout.wire.is_empty()) {
            layout.wire = Vec::new();
        }
    }
}

/// What is laid out for people, on its way.
#[derive(Debug, Default)]
struct Layout {
    pretty: Pretty,
    wire: Vec<u8>,
    sent: usize,
}

impl Layout {
    fn unsent(&self) -> usize {
        self.wire.len() - self.sent
    }

    /// Sends `text` from `done` on, which goes along. A large text is laid out in parts, since indentation can make a small
    /// part of it larger by a thousand times.
    async fn send(&mut self, text: &[u8], done: &mut usize, stream: &Stream) -> io::Result<()> {
        loop {
            while self.unsent() > 0 {
                match stream.try_write(self.wire.get(self.sent..).unwrap_or_default())? {
                    Some(written) => self.sent += written,
                    None => stream.writable().await?,
                }
            }
            self.sent = 0;
            self.wire.clear();
            let rest = text.get(*done..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(());
            }
            *done += self.pretty.feed(rest, &mut self.wire, BATCH);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn what_a_lagging_client_has_read_is_let_go_of() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (near, mut far) = UnixStream::pair().expect("a pair");
            let stream = Stream::socket(near.into()).expect("a stream");
            let mut outbox = Outbox::new(Arc::default(), false);
            let (mut written, mut read, mut part) = (Vec::new(), Vec::new(), [0; 16 << 10]);
            // 8 MiB of replies, of which there is always something unsent, each flush given up half-way.
            for number in 0..8 << 10 {
                let reply = format!("{number:01024}");
                written.extend_from_slice(reply.as_bytes());
                outbox.text.raw(reply.as_bytes());
                while outbox.unsent() >= BATCH {
                    tokio::select! {
                        biased;
                        outcome = outbox.flush(&stream) => outcome.expect("a client"),
                        () = std::future::ready(()) => {
                            let count = far.read(&mut part).expect("replies");
                            read.extend_from_slice(part.get(..count).expect("what was read"));
                        }
                    }
                }
                assert!(outbox.text.len() <= 4 * BATCH, "{} bytes are kept", outbox.text.len());
            }
            assert!(read.len() > 7 << 20 && written.starts_with(&read), "{} bytes arrived", read.len());
        });
    }
}
