//! The client without `async`, for scripts and plain threads.
//!
//! ```no_run
//! use std::time::Duration;
//! use qapi_runtime::Dict;
//! use qapi_runtime::blocking::Client;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let vm = Client::options().timeout(Duration::from_secs(10)).connect_blocking("unix:/tmp/qmp.sock")?;
//!     let mut events = vm.any_events();
//!     println!("{}", vm.call("query-status", &Dict::new())?);
//!     vm.call("system_powerdown", &Dict::new())?;
//!     while let Some(event) = events.next_within(Duration::from_secs(60)) {
//!         println!("{}", event?.event.name);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! A thread of the client's own reads events and connects again while the caller does something else. Every call blocks the
//! calling thread, and so must not be made from inside an asynchronous runtime: there it is refused, with an error that says
//! so.

mod agent;
mod background;

use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use super::{AnyEvent, Call, ClientError, ClientOptions, Greeting, Job, JobError, JobProgress, Received};
use crate::command::{Command, Event};
use crate::introspection::Schema;
use crate::value::{Dict, Value};
pub use agent::Agent;
use background::Background;

/// A connection to a QMP server, as [`Client`](super::Client), whose calls block. Clones share it.
#[derive(Debug, Clone)]
pub struct Client {
    // Dropped first: its task ends when nobody is left, and the thread waits for that.
    client: super::Client,
    background: Arc<Background>,
}

impl ClientOptions {
    /// Connects as [`connect`](Self::connect) does, for use without `async`.
    ///
    /// # Errors
    /// As [`connect`](Self::connect); also when called from inside an asynchronous runtime.
    pub fn connect_blocking(self, address: &str) -> Result<Client, ClientError> {
        let background = Background::start()?;
        let client = background.run(self.connect(address))??;
        Ok(Client { client, background })
    }

    /// Negotiates as [`over`](Self::over) does, for use without `async`.
    ///
    /// # Errors
    /// As [`over`](Self::over); also when called from inside an asynchronous runtime.
    pub fn over_blocking(self, stream: impl Into<OwnedFd>) -> Result<Client, ClientError> {
        let background = Background::start()?;
        let client = background.run(self.over(stream))??;
        Ok(Client { client, background })
    }
}

impl Client {
    /// Connects to `unix:PATH` or `tcp:HOST:PORT` and negotiates.
    ///
    /// # Errors
    /// As [`Client::connect`](super::Client::connect); also when called from inside an asynchronous runtime.
    pub fn connect(address: &str) -> Result<Self, ClientError> {
        Self::options().connect_blocking(address)
    }

    /// How to connect, for those who want it otherwise.
    pub fn options() -> ClientOptions {
        ClientOptions::default()
    }

    /// What the server said of itself on connecting, the last time.
    pub fn greeting(&self) -> Arc<Greeting> {
        self.client.greeting()
    }

    /// Executes a command and gives what it returned.
    ///
    /// # Errors
    /// As [`Client::execute`](super::Client::execute).
    pub fn execute<C: Command>(&self, command: C) -> Result<C::Reply, ClientError> {
        self.finish(self.client.execute(command))
    }

    /// Executes a command by its name, without a type for its arguments or its reply.
    ///
    /// # Errors
    /// As [`Client::call`](super::Client::call).
    pub fn call(&self, name: &str, arguments: &Dict) -> Result<Value, ClientError> {
        self.finish(self.client.call(name, arguments))
    }

    /// Waits for a call that was prepared with the asynchronous client's means: with a time-out of its own, out of band, or
    /// with descriptors.
    ///
    /// ```no_run
    /// # use qapi_runtime::{ClientError, Dict, blocking::Client};
    /// # fn f(vm: Client, file: std::fs::File) -> Result<(), ClientError> {
    /// let name = Dict::from_iter([("fdname", "disk")]);
    /// vm.finish(vm.client().call("getfd", &name).fd(file))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As awaiting the call.
    pub fn finish<R>(&self, call: Call<R>) -> Result<R, ClientError> {
        self.background.run(call)?
    }

    /// The asynchronous client behind this one.
    pub fn client(&self) -> &super::Client {
        &self.client
    }

    /// The server's schema.
    ///
    /// # Errors
    /// As [`Client::schema`](super::Client::schema).
    pub fn schema(&self) -> Result<Schema, ClientError> {
        self.background.run(self.client.schema())?
    }

    /// Whether the server has the command.
    ///
    /// # Errors
    /// As [`Client::supports`](super::Client::supports).
    pub fn supports<C: Command>(&self) -> Result<bool, ClientError> {
        self.background.run(self.client.supports::<C>())?
    }

    /// Whether the server has the command and the command takes this argument.
    ///
    /// # Errors
    /// As [`Client::supports_member`](super::Client::supports_member).
    pub fn supports_member<C: Command>(&self, path: &str) -> Result<bool, ClientError> {
        self.background.run(self.client.supports_member::<C>(path))?
    }

    /// The events of one kind from now on.
    pub fn events<E: Event>(&self) -> Events<E> {
        self.stream(self.client.events())
    }

    /// All events from now on, without types.
    pub fn any_events(&self) -> Events<AnyEvent> {
        self.stream(self.client.any_events())
    }

    /// The events of several kinds from now on, in one stream that keeps their order.
    pub fn events_named<N: Into<String>>(&self, names: impl IntoIterator<Item = N>) -> Events<AnyEvent> {
        self.stream(self.client.events_named(names))
    }

    /// Starts a job and waits for its end; `progress` is called back on the way.
    ///
    /// # Errors
    /// As [`Client::run_job`](super::Client::run_job).
    pub fn run_job<C: Command>(
        &self,
        command: C,
        id: &str,
        progress: impl FnMut(&JobProgress) + Send,
    ) -> Result<(), JobError> {
        self.finish_job(self.client.run_job(command, id).progress(progress))
    }

    /// Waits for a job that was prepared with the asynchronous client's means.
    ///
    /// # Errors
    /// As awaiting the job.
    pub fn finish_job(&self, job: Job<'_>) -> Result<(), JobError> {
        let id = job.id().to_owned();
        match self.background.run(job) {
            Ok(outcome) => outcome,
            Err(error) => Err(JobError::Client { id, error }),
        }
    }

    fn stream<E>(&self, events: super::Events<E>) -> Events<E> {
        Events { events, background: Arc::clone(&self.background) }
    }
}

/// Events as they come in: an iterator that waits for each, and ends when the connection has ended for good.
pub struct Events<E> {
    events: super::Events<E>,
    background: Arc<Background>,
}

impl<E> Events<E> {
    /// Waits for the next event for a while; `None` when none came, or when the connection has ended.
    pub fn next_within(&mut self, limit: Duration) -> Option<Result<Received<E>, ClientError>> {
        let Self { events, background } = self;
        let next = background.run(async { tokio::time::timeout(limit, events.next()).await });
        match next {
            Ok(next) => next.ok().flatten(),
            Err(error) => Some(Err(error)),
        }
    }

    /// The next event that has arrived already.
    pub fn try_next(&mut self) -> Option<Result<Received<E>, ClientError>> {
        self.events.try_next()
    }

    /// Waits for an event that the predicate holds for.
    ///
    /// # Errors
    /// As [`Events::wait_for`](super::Events::wait_for).
    pub fn wait_for(
        &mut self,
        wanted: impl FnMut(&Received<E>) -> bool,
        within: Duration,
    ) -> Result<Received<E>, ClientError> {
        let Self { events, background } = self;
        background.run(events.wait_for(wanted, within))?
    }

    /// Passes over events that the predicate does not hold for.
    #[must_use]
    pub fn filter(self, wanted: impl Fn(&Received<E>) -> bool + Send + Sync + 'static) -> Self {
        Self { events: self.events.filter(wanted), ..self }
    }
}

impl<E> Iterator for Events<E> {
    type Item = Result<Received<E>, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Self { events, background } = self;
        background.run(events.next()).unwrap_or_else(|error| Some(Err(error)))
    }
}

impl<E> fmt::Debug for Events<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.fmt(f)
    }
}
