//! The client's half of the conversation: one task that sends requests and hands out what comes back.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::error::ClientError;
use super::events::{EventText, Subscribers};
use super::greeting::Greeting;
use crate::json::{self, Frame};
use crate::transport::Stream;
use crate::{Error, from_json_lenient};

/// Unsent bytes above which further requests wait.
const BATCH: usize = 64 << 10;

/// What a request comes to: the text that was returned, or the server's error.
type Answer = Result<Box<[u8]>, Error>;

/// A request on its way.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: u64,
    pub(super) text: Vec<u8>,
    /// Whom to tell, if a reply is due.
    pub(super) reply: Option<oneshot::Sender<Answer>>,
}

/// The connection, owned by its task.
#[derive(Debug)]
pub(super) struct Link {
    stream: Stream,
    input: json::Stream,
    out: Vec<u8>,
    sent: usize,
    requests: mpsc::UnboundedReceiver<Request>,
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
    subscribers: Arc<Subscribers>,
}

impl Link {
    pub(super) fn new(
        stream: Stream,
        requests: mpsc::UnboundedReceiver<Request>,
        subscribers: Arc<Subscribers>,
    ) -> Self {
        Self {
            stream,
            input: json::Stream::new(),
            out: Vec::new(),
            sent: 0,
            requests,
            waiting: HashMap::new(),
            subscribers,
        }
    }

    /// Waits for the first message, which is the greeting.
    pub(super) async fn greeting(&mut self) -> Result<Greeting, ClientError> {
        loop {
            match self.input.next() {
                Some(Ok(message)) => return Greeting::read(&message.to_value()),
                Some(Err(error)) => return Err(ClientError::Greeting(error.to_string())),
                None => {}
            }
            let bytes = self.stream.read().await?;
            if bytes.is_empty() {
                return Err(ClientError::Greeting("it closed the connection without a greeting".to_owned()));
            }
            self.input.feed(&bytes);
        }
    }

    /// Carries requests and replies until the server closes, the connection breaks, or nobody is left to call.
    pub(super) async fn run(mut self) {
        loop {
            match self.step().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::debug!(%error, "the connection to the server broke");
                    break;
                }
            }
        }
        // Whoever still waits learns it from the end of its channel.
        self.subscribers.end();
    }

    /// Does whatever can be done next; `false` when all is over. Replies are read even while requests cannot be sent: the
    /// server may wait for just that.
    async fn step(&mut self) -> io::Result<bool> {
        let Self { stream, input, out, sent, requests, waiting, subscribers } = self;
        tokio::select! {
            bytes = stream.read() => {
                let bytes = bytes?;
                if bytes.is_empty() {
                    return Ok(false);
                }
                input.feed(&bytes);
                while let Some(message) = input.next() {
                    match message {
                        Ok(message) => deliver(&message, waiting, subscribers),
                        Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
                    }
                }
            }
            request = requests.recv(), if out.len() - *sent < BATCH => {
                let Some(request) = request else { return Ok(false) };
                let mut next = Some(request);
                while let Some(Request { id, text, reply }) = next {
                    out.extend_from_slice(&text);
                    reply.and_then(|reply| waiting.insert(id, reply));
                    next = if out.len() < BATCH { requests.try_recv().ok() } else { None };
                }
            }
            outcome = send(stream, out, sent), if *sent < out.len() => outcome?,
        }
        Ok(true)
    }
}

/// Sends what there is, as far as the server takes it now; waits first if it takes nothing.
async fn send(stream: &Stream, out: &mut Vec<u8>, sent: &mut usize) -> io::Result<()> {
    match stream.try_write(out.get(*sent..).unwrap_or_default())? {
        Some(count) => *sent += count,
        None => stream.writable().await?,
    }
    if *sent == out.len() {
        out.clear();
        *sent = 0;
    }
    Ok(())
}

/// Hands a message to whom it is for.
fn deliver(message: &Frame<'_>, waiting: &mut HashMap<u64, oneshot::Sender<Answer>>, subscribers: &Subscribers) {
    if let Some(event) = EventText::read(message) {
        subscribers.publish(event);
        return;
    }
    let id = message.get("id").and_then(|id| id.to_value().as_u64());
    let Some(reply) = id.and_then(|id| waiting.remove(&id)) else {
        tracing::debug!(message = %message.to_value(), "a reply that nobody waits for");
        return;
    };
    let answer = match (message.get("return"), message.get("error")) {
        (Some(value), _) => Ok(value.text().into()),
        (None, Some(error)) => Err(from_json_lenient(error.text()).unwrap_or_else(|error| error)),
        (None, None) => Err(Error::generic("the reply has neither a value nor an error")),
    };
    // The caller may have given up.
    let _ = reply.send(answer);
}
