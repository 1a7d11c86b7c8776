//! The QMP client: typed calls that may overlap, events as streams.

mod error;
mod events;
mod greeting;
mod link;

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OnceCell, mpsc, oneshot};

pub use error::ClientError;
pub use events::{AnyEvent, Events, Received};
pub use greeting::Greeting;

use crate::command::{Command, Event};
use crate::transport::{Address, Stream, connect};
use crate::value::{Dict, Value};
use crate::visit::Encoder;
use events::Subscribers;
use link::{Link, Request};

/// A connection to a QMP server, negotiated. Clones share it, and it lasts until the last is dropped.
///
/// Calls may overlap: each is sent at once, and its reply is told from others by its id. Replies and events are read
/// leniently: members that this side's schema lacks are passed over.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    greeting: Greeting,
    requests: mpsc::UnboundedSender<Request>,
    subscribers: Arc<Subscribers>,
    last_id: AtomicU64,
    commands: OnceCell<HashSet<String>>,
}

impl Client {
    /// Connects to `unix:PATH` or `tcp:HOST:PORT` and negotiates. Out-of-band execution is enabled where it is offered.
    ///
    /// # Errors
    /// The text is no address, nobody listens there, or the peer is no QMP server.
    pub async fn connect(address: &str) -> Result<Self, ClientError> {
        let parsed: Address = address.parse()?;
        let fail = |source| ClientError::Connect { address: address.to_owned(), source };
        Self::start(connect(&parsed.endpoint).await.map_err(fail)?).await
    }

    /// Negotiates over a stream socket that is connected already: a `UnixStream`, a `TcpStream`, or an inherited one.
    ///
    /// # Errors
    /// The descriptor is unusable, or the peer is no QMP server.
    pub async fn over(stream: impl Into<OwnedFd>) -> Result<Self, ClientError> {
        Self::start(Stream::socket(stream.into())?).await
    }

    async fn start(stream: Stream) -> Result<Self, ClientError> {
        let (requests, queue) = mpsc::unbounded_channel();
        let subscribers = Arc::new(Subscribers::default());
        let mut link = Link::new(stream, queue, Arc::clone(&subscribers));
        let greeting = link.greeting().await?;
        let oob = greeting.capabilities.iter().any(|name| name == "oob");
        tokio::spawn(link.run());
        let shared = Shared { greeting, requests, subscribers, last_id: AtomicU64::new(0), commands: OnceCell::new() };
        let client = Self { shared: Arc::new(shared) };
        let arguments: &[u8] = if oob { br#"{"enable": ["oob"]}"# } else { b"{}" };
        client.send("execute", "qmp_capabilities", |e| e.raw(arguments), true).await?;
        Ok(client)
    }

    /// What the server said of itself on connecting.
    pub fn greeting(&self) -> &Greeting {
        &self.shared.greeting
    }

    /// Executes a command and gives what it returned.
    ///
    /// The call is sent even if the future is dropped before it is ready. A command that does not answer success (see
    /// [`CommandFlags`](crate::CommandFlags)) is not waited for.
    ///
    /// # Errors
    /// The command failed, its reply is not what this side's schema says, or the connection ended.
    pub async fn execute<C: Command>(&self, command: C) -> Result<C::Reply, ClientError> {
        self.typed("execute", command).await
    }

    /// The same out of band: the server executes it ahead of commands that wait.
    ///
    /// # Errors
    /// As [`execute`](Self::execute); also when the server did not offer out-of-band execution, or not for this command.
    pub async fn execute_oob<C: Command>(&self, command: C) -> Result<C::Reply, ClientError> {
        self.typed("exec-oob", command).await
    }

    /// Executes a command by its name, without a type for its arguments or its reply.
    ///
    /// # Errors
    /// The command failed, or the connection ended.
    pub async fn call(&self, name: &str, arguments: &Dict) -> Result<Value, ClientError> {
        let text = self.send("execute", name, |e| e.dict(arguments), true).await?;
        crate::from_json_lenient(&text).map_err(|error| ClientError::Reply { command: name.to_owned(), error })
    }

    /// Whether the server has the command. It is asked once for the names of all.
    ///
    /// # Errors
    /// The server cannot say, or the connection ended.
    pub async fn supports<C: Command>(&self) -> Result<bool, ClientError> {
        let commands = self.shared.commands.get_or_try_init(|| async {
            let reply = self.call("query-commands", &Dict::new()).await?;
            let names = reply.as_list().unwrap_or_default().iter().filter_map(|info| info.get("name"));
            Ok::<_, ClientError>(names.filter_map(Value::as_str).map(str::to_owned).collect())
        });
        Ok(commands.await?.contains(C::NAME))
    }

    /// The events of one kind from now on.
    pub fn events<E: Event>(&self) -> Events<E> {
        Events::new(self.clone(), Some(E::NAME), Received::typed)
    }

    /// All events from now on, without types.
    pub fn any_events(&self) -> Events<AnyEvent> {
        Events::new(self.clone(), None, Received::any)
    }

    async fn typed<C: Command>(&self, how: &str, command: C) -> Result<C::Reply, ClientError> {
        let text = self.send(how, C::NAME, |e| command.put(e), C::FLAGS.success_response).await?;
        if !C::FLAGS.success_response {
            return Ok(C::Reply::default());
        }
        crate::from_json_lenient(&text).map_err(|error| ClientError::Reply { command: C::NAME.to_owned(), error })
    }

    /// Sends a request and, if a reply is due, waits for it: the text of what was returned.
    async fn send(
        &self,
        how: &str,
        name: &str,
        arguments: impl FnOnce(&mut Encoder),
        reply_due: bool,
    ) -> Result<Box<[u8]>, ClientError> {
        let id = self.shared.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let mut text = Encoder::new();
        text.begin_object();
        text.key(how);
        text.str(name);
        let named = text.len();
        text.key("arguments");
        let start = text.len();
        arguments(&mut text);
        if text.as_bytes().get(start..) == Some(b"{}") {
            text.truncate(named);
        }
        text.key("id");
        text.u64(id);
        text.end_object();
        text.raw(b"\r\n");
        let (reply, answer) = oneshot::channel();
        let request = Request { id, text: text.into_bytes(), reply: reply_due.then_some(reply) };
        self.shared.requests.send(request).map_err(|_| ClientError::Closed)?;
        if !reply_due {
            return Ok(Box::default());
        }
        let answer = answer.await.map_err(|_| ClientError::Closed)?;
        answer.map_err(|error| ClientError::Command { command: name.to_owned(), error })
    }
}
