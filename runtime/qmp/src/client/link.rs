//! The task that carries a client's connection: sends requests, hands out what comes back, and connects again.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};

use super::dial::Dial;
use super::events::EventText;
use super::gap::Gap;
use super::options::ClientOptions;
use super::state::Core;
use super::wire::Wire;
use crate::json::Frame;
use crate::{Error, from_json_lenient};

/// Unsent bytes above which further requests wait.
const BATCH: usize = 64 << 10;
/// How long requests that were made may take to be sent after the last client has gone.
const FLUSH: Duration = Duration::from_secs(1);
/// Callers that may have given up before the list of those who wait is swept.
const SWEEP: usize = 64;

/// What a request comes to: the text that was returned, or why there is none. Nothing at all if the connection ends.
pub(super) type Answer = Result<Box<[u8]>, Refusal>;

/// Why there is no return value.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The server's error.
    Server(Error),
    /// The request was not sent.
    Unsent,
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: u64,
    pub(super) text: Vec<u8>,
    pub(super) fds: Vec<OwnedFd>,
    /// Whom to tell that it is about to be sent, if that matters.
    pub(super) taken: Option<oneshot::Sender<()>>,
    /// Whom to tell the answer.
    pub(super) reply: oneshot::Sender<Answer>,
}

/// Those who wait for an answer, by their request's id.
#[derive(Debug, Default)]
struct Waiting {
    replies: HashMap<u64, oneshot::Sender<Answer>>,
    sweep_at: usize,
}

impl Waiting {
    fn insert(&mut self, id: u64, reply: oneshot::Sender<Answer>) {
        if self.replies.len() >= self.sweep_at.max(SWEEP) {
            // A server that never answers must not make the list grow.
            self.replies.retain(|_, reply| !reply.is_closed());
            self.sweep_at = self.replies.len() * 2;
        }
        self.replies.insert(id, reply);
    }
}

/// How a connection ended.
enum Ending {
    /// No client is left.
    Unused,
    /// The server closed it.
    Closed,
    Broken(String),
}

/// The task's state.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) core: Arc<Core>,
    pub(super) options: ClientOptions,
    /// Where to connect again.
    pub(super) dial: Option<Dial>,
    pub(super) requests: mpsc::Receiver<Request>,
    /// Ends when the last client has gone.
    pub(super) unused: oneshot::Receiver<()>,
}

impl Link {
    /// Carries connections, one after the other, until no client is left or the last has ended.
    pub(super) async fn run(mut self, mut wire: Wire) {
        let mut backoff = self.options.backoff.0;
        loop {
            let since = Instant::now();
            let mut waiting = Waiting::default();
            let broken = match self.carry(wire, &mut waiting).await {
                Ending::Unused => return,
                Ending::Closed => None,
                Ending::Broken(why) => Some(why),
            };
            let lost = SystemTime::now();
            tracing::debug!(broken, "the connection to the server has ended");
            self.core.lost(broken);
            // Only now: they will ask how it ended.
            drop(waiting);
            // One that did not last is no reason to be quicker.
            if since.elapsed() > self.options.backoff.1 {
                backoff = self.options.backoff.0;
            }
            let dial = self.dial.clone().filter(|_| self.options.reconnect);
            let Some(dial) = dial else { break };
            let Some(new) = self.back(&dial, &mut backoff, lost).await else { break };
            wire = new;
        }
    }

    /// Connects again, with pauses; `None` if nobody wants that any more or it takes too long.
    async fn back(&mut self, dial: &Dial, backoff: &mut Duration, lost: SystemTime) -> Option<Wire> {
        let Self { core, options, requests, unused, .. } = self;
        let tries = async {
            loop {
                sleep(*backoff).await;
                *backoff = backoff.saturating_mul(2).min(options.backoff.1);
                match dial.again(options).await {
                    Ok(done) => return done,
                    Err(error) => tracing::debug!(%error, "the server is not back yet"),
                }
            }
        };
        let (wire, greeting) = tokio::select! {
            done = tries => done,
            _ = unused => return None,
            () = refuse(requests), if options.fail_while_disconnected => return None,
            () = sleep(options.give_up_after.unwrap_or_default()), if options.give_up_after.is_some() => return None,
        };
        let gap = Gap { lost, back: SystemTime::now(), version: greeting.version.clone() };
        tracing::debug!(%gap, "connected again");
        core.back(greeting, wire.passes_fds());
        core.subscribers.gap(&gap);
        Some(wire)
    }

    /// Carries requests and replies over one connection until it ends. Whoever still waits then learns it from the end of
    /// its channel.
    async fn carry(&mut self, mut wire: Wire, waiting: &mut Waiting) -> Ending {
        loop {
            // Before all else: something may have come right behind the negotiation.
            while let Some(message) = wire.next() {
                match message {
                    Ok(message) => deliver(&message, waiting, &self.core),
                    Err(error) => return Ending::Broken(format!("the server's text is malformed: {error}")),
                }
            }
            // Replies are read even while requests cannot be sent: the server may wait for just that.
            let progress = tokio::select! {
                progress = wire.progress() => progress,
                request = self.requests.recv(), if wire.unsent() < BATCH => {
                    let Some(request) = request else { break };
                    let mut next = Some(request);
                    while let Some(request) = next {
                        take(request, &mut wire, waiting);
                        next = if wire.unsent() < BATCH { self.requests.try_recv().ok() } else { None };
                    }
                    continue;
                }
            };
            match progress {
                Ok(Some(())) => {}
                Ok(None) => return Ending::Closed,
                Err(error) => return Ending::Broken(error.to_string()),
            }
        }
        let flush = async { while wire.unsent() > 0 && wire.send().await.is_ok() {} };
        // What nobody waits for any more may get lost with a server that does not read.
        let _ = timeout(FLUSH, flush).await;
        Ending::Unused
    }
}

/// Tells everybody that all is over, whatever ended it.
impl Drop for Link {
    fn drop(&mut self) {
        if self.core.is_connected() {
            self.core.lost(Some("the runtime that carried it was shut down".to_owned()));
        }
        self.requests.close();
        while let Ok(request) = self.requests.try_recv() {
            let _ = request.reply.send(Err(Refusal::Unsent));
        }
        self.core.subscribers.end();
    }
}

/// Tells everybody who asks that there is no connection; ends when nobody is left.
async fn refuse(requests: &mut mpsc::Receiver<Request>) {
    while let Some(request) = requests.recv().await {
        let _ = request.reply.send(Err(Refusal::Unsent));
    }
}

/// Takes a request to be sent, unless its caller has given up meanwhile.
fn take(request: Request, wire: &mut Wire, waiting: &mut Waiting) {
    let Request { id, text, fds, taken, reply } = request;
    if taken.as_ref().map_or(reply.is_closed(), oneshot::Sender::is_closed) {
        return;
    }
    wire.push(&text, fds);
    waiting.insert(id, reply);
    // Nobody is sorry if its caller has given up just now.
    let _ = taken.map(|taken| taken.send(()));
}

/// Hands a message to whom it is for.
fn deliver(message: &Frame<'_>, waiting: &mut Waiting, core: &Core) {
    if let Some(event) = EventText::read(message) {
        core.subscribers.publish(event);
        return;
    }
    let id = message.get("id").and_then(|id| id.to_value().as_u64());
    let Some(reply) = id.and_then(|id| waiting.replies.remove(&id)) else {
        tracing::debug!(id, "a reply that nobody waits for");
        return;
    };
    // The caller may have given up.
    let _ = reply.send(answer(message).map_err(Refusal::Server));
}

/// What a reply says: the text of the return value, or the server's error.
pub(super) fn answer(message: &Frame<'_>) -> Result<Box<[u8]>, Error> {
    match (message.get("return"), message.get("error")) {
        (Some(value), _) => Ok(value.text().into()),
        (None, Some(error)) => Err(from_json_lenient(error.text()).unwrap_or_else(|error| error)),
        (None, None) => Err(Error::generic("the reply has neither a value nor an error")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_that_have_given_up_are_not_kept() {
        let mut waiting = Waiting::default();
        let (patient, _answer) = oneshot::channel();
        waiting.insert(0, patient);
        // A server that never answers, and a client that goes on asking.
        (1..10_000).for_each(|id| waiting.insert(id, oneshot::channel().0));
        assert!(waiting.replies.len() <= 2 * SWEEP, "{} are kept", waiting.replies.len());
        assert!(waiting.replies.contains_key(&0), "this one waits still");
    }
}
