//! The client of the guest agent, which speaks QMP's language with other manners.
//!
//! There is no greeting and nothing to negotiate. The far end of the line may be a virtual serial port with nobody behind it,
//! or hold what an earlier client left; so a conversation begins with `guest-sync-delimited`, whose answer follows a byte that
//! occurs in no JSON text. One command runs at a time. After a command that was given up, the conversation begins anew.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::call::{Ask, Call, Peer};
use super::dial::{Dial, limited};
use super::error::ClientError;
use super::facts::named_commands;
use super::link::answer;
use super::options::ClientOptions;
use super::wire::Wire;
use crate::command::Command;
use crate::transport::Stream;
use crate::value::{Dict, Value};

/// Ends whatever the agent's parser has begun; stands before its answer to `guest-sync-delimited`.
const SENTINEL: u8 = 0xff;
/// How long an agent may take to show that it is there, unless options say otherwise.
const PRESENT: Duration = Duration::from_secs(5);

/// A line to a guest agent. Clones share it; their calls wait for each other.
///
/// ```no_run
/// use qapi_runtime::client::Agent;
/// # use qapi_runtime::{ClientError, Dict};
/// # async fn f() -> Result<(), ClientError> {
/// let guest = Agent::connect("unix:/run/vm1.agent").await?;
/// let time = guest.call("guest-get-time", &Dict::new()).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Agent {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: ClientOptions,
    dial: Option<Dial>,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    wire: Option<Wire>,
    /// Whether what comes next from the agent answers what is sent next.
    in_sync: bool,
    last_id: u64,
}

impl ClientOptions {
    /// Connects to a guest agent. Time-outs apply, and whether to wait until the socket is there; the rest is of monitors.
    ///
    /// When the connection ends, a later call connects again.
    ///
    /// # Errors
    /// The text is no address, nobody listens there, or no agent answers within the connect time-out.
    pub async fn connect_agent(self, address: &str) -> Result<Agent, ClientError> {
        let dial = Some(Dial::new(address)?);
        Agent::new(Shared { options: self, dial, line: Mutex::default() }).await
    }

    /// Speaks to a guest agent over a stream socket that is connected already.
    ///
    /// # Errors
    /// The descriptor is unusable, or no agent answers within the connect time-out.
    pub async fn agent_over(self, stream: impl Into<OwnedFd>) -> Result<Agent, ClientError> {
        let wire = Some(Wire::new(Stream::socket(stream.into())?));
        let line = Mutex::new(Line { wire, ..Line::default() });
        Agent::new(Shared { options: self, dial: None, line }).await
    }
}

impl Agent {
    /// Connects to the socket of a guest agent, `unix:PATH` or `tcp:HOST:PORT`, and waits up to 5 seconds for it to answer.
    ///
    /// # Errors
    /// The text is no address, nobody listens there, or no agent answers.
    pub async fn connect(address: &str) -> Result<Self, ClientError> {
        ClientOptions::default().connect_timeout(PRESENT).connect_agent(address).await
    }

    async fn new(shared: Shared) -> Result<Self, ClientError> {
        shared.line.lock().await.ready(&shared).await?;
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Executes a command of the agent's schema and gives what it returned.
    ///
    /// A command that does not answer success, such as `guest-shutdown`, is done when it was sent; with a
    /// [time-out of its own](Call::timeout) an error is waited for that long.
    ///
    /// # Errors
    /// The command failed or took too long, its reply is not what this side's schema says, or the connection ended.
    pub fn execute<C: Command>(&self, command: C) -> Call<C::Reply> {
        Call::typed(Peer::Agent(self.clone()), &command)
    }

    /// Executes a command by its name, without a type for its arguments or its reply.
    ///
    /// # Errors
    /// The command failed or took too long, or the connection ended.
    pub fn call(&self, name: &str, arguments: &Dict) -> Call<Value> {
        Call::untyped(Peer::Agent(self.clone()), name, arguments)
    }

    /// Whether the agent has the command and may execute it: administrators switch off some. Asks `guest-info`.
    ///
    /// # Errors
    /// The agent does not answer.
    pub async fn supports<C: Command>(&self) -> Result<bool, ClientError> {
        let info = self.call("guest-info", &Dict::new()).await?;
        Ok(info.get("supported_commands").is_some_and(|list| named_commands(list).any(|name| name == C::NAME)))
    }

    pub(super) async fn ask(self, ask: Ask) -> Result<Option<Box<[u8]>>, ClientError> {
        let name = ask.name.clone();
        let unsupported = |reason| Err(ClientError::Unsupported { command: name.clone().into_owned(), reason });
        if ask.oob {
            return unsupported("a guest agent executes nothing out of band");
        }
        if !ask.fds.is_empty() {
            return unsupported("a guest agent takes no descriptors");
        }
        let (limit, answers_success) = (ask.timeout.or(self.shared.options.timeout), ask.answers_success);
        let mut sent = false;
        let exchange = self.exchange(ask, &mut sent);
        match limited(limit, exchange).await {
            Ok(answer) => answer,
            Err(_) if sent && !answers_success => Ok(None),
            Err(after) => Err(Ask::timed_out(&name, after)),
        }
    }

    async fn exchange(&self, ask: Ask, sent: &mut bool) -> Result<Option<Box<[u8]>>, ClientError> {
        let mut line = self.shared.line.lock().await;
        line.ready(&self.shared).await?;
        let outcome = line.exchange(ask, sent).await;
        if outcome.as_ref().is_err_and(ClientError::is_disconnect) {
            line.wire = None;
        }
        outcome
    }
}

impl Line {
    /// Sees to it that there is a connection, and that the agent is at the same place in the conversation.
    async fn ready(&mut self, shared: &Shared) -> Result<(), ClientError> {
        let mut last = "connecting takes too long".to_owned();
        let set_up = async {
            if self.wire.is_none() {
                let dial = shared.dial.as_ref().ok_or(ClientError::Closed)?;
                let stream = dial.stream_when_there(shared.options.wait_until_there, &mut last).await?;
                (self.wire, self.in_sync) = (Some(Wire::new(stream)), false);
            }
            if !self.in_sync
                && let Some(wire) = &mut self.wire
            {
                "no guest agent answers there".clone_into(&mut last);
                let synced = synchronize(wire).await;
                if synced.is_err() {
                    self.wire = None;
                }
                synced?;
                self.in_sync = true;
            }
            Ok(())
        };
        match limited(shared.options.connect_timeout, set_up).await {
            Ok(done) => done,
            Err(after) => {
                let address = shared.dial.as_ref().map_or("the given stream", Dial::text).to_owned();
                Err(ClientError::ConnectTimeout { address, after, last })
            }
        }
    }

    async fn exchange(&mut self, ask: Ask, sent: &mut bool) -> Result<Option<Box<[u8]>>, ClientError> {
        let Self { wire: Some(wire), in_sync, last_id } = self else { return Err(ClientError::Closed) };
        *last_id += 1;
        let id = *last_id;
        // Until the answer is there: this future may be dropped at any point.
        *in_sync = false;
        wire.send_all(&ask.text(id)).await.map_err(broken)?;
        *sent = true;
        if !ask.answers_success && ask.timeout.is_none() {
            return Ok(None);
        }
        loop {
            // Old agents do not repeat ids; since only one command runs, such an answer is to that one.
            let read = wire.message(|message| match message.get("id") {
                Some(other) if other.to_value().as_u64() != Some(id) => None,
                _ => Some(answer(message)),
            });
            match read.await.map_err(broken)? {
                Some(None) => {}
                Some(Some(answer)) => {
                    *in_sync = true;
                    let command = ask.name.clone().into_owned();
                    return answer.map(Some).map_err(|error| ClientError::Command { command, error });
                }
                // A command that ends the guest may take the agent along.
                None if !ask.answers_success => return Ok(None),
                None => return Err(ClientError::Closed),
            }
        }
    }
}

/// Brings both sides to the beginning of a conversation.
async fn synchronize(wire: &mut Wire) -> Result<(), ClientError> {
    wire.forget();
    // What an earlier client asked may be answered still, hence a number that it did not use.
    let number = RandomState::new().hash_one(std::process::id()) >> 12;
    let request = format!(r#"{{"execute": "guest-sync-delimited", "arguments": {{"id": {number}}}}}"#);
    let bytes = [&[SENTINEL], request.as_bytes(), b"\n"].concat();
    wire.send_all(&bytes).await.map_err(broken)?;
    let mut begun = false;
    loop {
        let bytes = wire.raw().await.map_err(broken)?;
        if bytes.is_empty() {
            return Err(ClientError::Closed);
        }
        for (at, part) in bytes.split(|byte| *byte == SENTINEL).enumerate() {
            if at > 0 {
                wire.forget();
                begun = true;
            }
            if !begun {
                continue;
            }
            wire.feed(part);
            while let Some(message) = wire.next() {
                // Anything else is what was left over.
                let returned = message.ok().and_then(|message| message.get("return")?.to_value().as_u64());
                if returned == Some(number) {
                    return Ok(());
                }
            }
        }
    }
}

fn broken(error: io::Error) -> ClientError {
    ClientError::Broken(match error.kind() {
        io::ErrorKind::InvalidData => format!("the agent's text is malformed: {error}"),
        _ => error.to_string(),
    })
}
