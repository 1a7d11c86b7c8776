//! A server for the tests of programs that speak QMP: made from any schema, it answers every command as the schema says, or
//! as a test tells it to.
//!
//! ```
//! use qapi_runtime::fake::Fake;
//! # let schema = r#"[{"name": "query-light", "meta-type": "command", "arg-type": "0", "ret-type": "1"},
//! #   {"name": "set-light", "meta-type": "command", "arg-type": "2", "ret-type": "0"},
//! #   {"name": "0", "meta-type": "object", "members": []},
//! #   {"name": "1", "meta-type": "object", "members": [{"name": "lit", "type": "bool"}]},
//! #   {"name": "2", "meta-type": "object", "members": [{"name": "lit", "type": "bool"}]},
//! #   {"name": "bool", "meta-type": "builtin", "json-type": "boolean"}]"#;
//! // `schema` is a generated module's `INTROSPECTION`, or what a server answered to `query-qmp-schema`.
//! let fake = Fake::start(schema)?;
//! fake.on_name("query-light").once().returns_json(r#"{"lit": true}"#);
//!
//! // The program under test connects to `fake.address()`. By hand it would be:
//! # use std::io::{BufRead, BufReader, Write};
//! let mut peer = fake.connect()?;
//! peer.write_all(b"{'execute': 'qmp_capabilities'} {'execute': 'query-light'} {'execute': 'set-light'}")?;
//! let replies: Vec<String> = BufReader::new(&peer).lines().skip(2).take(2).collect::<Result<_, _>>()?;
//! assert_eq!(replies[0], r#"{"return": {"lit": true}}"#);
//! assert!(replies[1].contains("Parameter 'lit' is missing"));
//!
//! fake.assert_asked(&["query-light", "set-light"]);
//! fake.verify();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The fake is a [`Server`](crate::Server) like any other, so what goes over the wire is what a program of this library
//! sends: greeting, negotiation, out-of-band execution, `query-commands`, `query-qmp-schema` and the words of errors. It runs
//! on a thread of its own, behind a unix socket in a folder that is removed with it, and serves any number of clients; a test
//! may be synchronous or not.
//!
//! Commands that no [script](On) is for are answered [automatically](Extent): with a value of the type that the
//! schema gives, the same every time. Arguments are checked against the schema first, scripts or not.
//!
//! Methods here panic when the *test* is mistaken, such as by a script for a command that the schema does not have; whatever
//! a client sends, they do not.

mod builder;
mod check;
mod folder;
mod generate;
mod on;
mod record;
mod script;
mod service;
mod state;

#[cfg(test)]
mod tests;

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

pub use builder::{Builder, FakeError};
pub use generate::Extent;
pub use on::On;
pub use record::Request;

use crate::command::{Command, Event};
use crate::introspection::Schema;
use crate::value::{Dict, Value};
use crate::visit::to_value;
use crate::{Client, ClientError, json};
use folder::Folder;
use state::Shared;

/// A running fake server. Dropping it disconnects its clients and waits for its end.
#[derive(Debug)]
pub struct Fake {
    shared: Arc<Shared>,
    socket: PathBuf,
    thread: Option<JoinHandle<()>>,
    /// Goes last: its socket is in there.
    _folder: Folder,
}

impl Fake {
    /// Starts a fake server with the schema of a generated module's `INTROSPECTION`, or of whatever else
    /// [`Schema::from_json`] reads. A [`Builder`] offers more.
    ///
    /// # Errors
    /// The text is no schema, or the system has no thread or socket to spare.
    pub fn start(schema: &str) -> Result<Self, FakeError> {
        Builder::from_json(schema.as_bytes())?.start()
    }

    /// Where clients connect to, as [`Client::connect`] takes it: `unix:PATH`.
    pub fn address(&self) -> String {
        format!("unix:{}", self.socket.display())
    }

    /// The socket that clients connect to.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Connects, for a peer that speaks by hand or [`Client::over`].
    ///
    /// # Errors
    /// The system has no socket to spare.
    pub fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(&self.socket)
    }

    /// A client that is connected and has negotiated.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn client(&self) -> Result<Client, ClientError> {
        Client::connect(&self.address()).await
    }

    /// The schema that the fake has.
    pub fn schema(&self) -> &Schema {
        &self.shared.schema
    }

    /// Tells what becomes of requests for the command `C` from now on.
    ///
    /// # Panics
    /// The fake's schema has no such command.
    #[track_caller]
    pub fn on<C: Command>(&self) -> On<'_, C, C::Reply> {
        On::new(&self.shared, C::NAME)
    }

    /// The same for a command without a type.
    ///
    /// # Panics
    /// The fake's schema has no such command.
    #[track_caller]
    pub fn on_name(&self, command: &str) -> On<'_, Dict, Value> {
        On::new(&self.shared, command)
    }

    /// Sends an event to every client that has negotiated.
    ///
    /// # Panics
    /// The fake's schema has no such event, or another type for its data.
    #[track_caller]
    pub fn emit<E: Event>(&self, event: &E) {
        self.emit_raw(E::NAME, to_value(event).as_dict().cloned().unwrap_or_default());
    }

    /// The same for an event without a type.
    ///
    /// # Panics
    /// As [`emit`](Self::emit).
    #[track_caller]
    pub fn emit_raw(&self, event: &str, data: Dict) {
        self.shared.must_be_event(event, &data);
        self.shared.events.emit_named(event, &data);
    }

    /// The same for an event whose data is JSON text.
    ///
    /// # Panics
    /// As [`emit`](Self::emit); also when the text is no JSON object.
    #[track_caller]
    pub fn emit_json(&self, event: &str, data: &str) {
        self.emit_raw(event, object(data));
    }

    /// Sends an event whatever the schema says of it.
    pub fn emit_unchecked(&self, event: &str, data: Dict) {
        self.shared.events.emit_named(event, &data);
    }

    /// Number of clients that have negotiated, and so get events.
    pub fn clients(&self) -> usize {
        self.shared.events.listeners()
    }

    /// Disconnects every client that has negotiated, as if the server had ended; clients can connect again.
    pub fn disconnect_all(&self) {
        self.shared.events.disconnect_all();
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.shared.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of the server's thread has been printed; a second one would end the test run.
            thread.join().ok();
        }
    }
}

/// What a test wrote as JSON.
#[track_caller]
fn value(text: &str) -> Value {
    match json::parse(text.as_bytes()) {
        Ok(value) => value,
        Err(error) => panic!("{error}: {text}"),
    }
}

/// What a test wrote as a JSON object.
#[track_caller]
fn object(text: &str) -> Dict {
    match value(text) {
        Value::Dict(dict) => dict,
        _ => panic!("an object is expected: {text}"),
    }
}
