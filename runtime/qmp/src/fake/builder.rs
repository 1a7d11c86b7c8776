//! What a fake server is made of, before it runs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;

use super::Fake;
use super::folder::Folder;
use super::generate::Extent;
use super::service::FakeService;
use super::state::Shared;
use crate::introspection::{Schema, SchemaError};
use crate::protocol::Version;
use crate::{Server, ServerError};

/// Makes a [`Fake`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    schema: Schema,
    pub(super) version: Version,
    pub(super) extent: Extent,
    pub(super) scripts_only: bool,
    pub(super) open: Vec<String>,
    one_client: bool,
    without: Vec<String>,
    listen: Vec<String>,
}

/// A fake server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum FakeError {
    /// The text describes no schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The file with the schema cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The server has no folder, socket or thread.
    #[error("cannot start a fake server: {0}")]
    Io(#[from] io::Error),
    /// The server cannot listen.
    #[error(transparent)]
    Server(#[from] ServerError),
}

impl Builder {
    /// A fake with this schema, which greets with this library's version.
    pub fn new(schema: &Schema) -> Self {
        Self {
            schema: schema.clone(),
            version: Version::default(),
            extent: Extent::Required,
            scripts_only: false,
            open: Vec::new(),
            one_client: false,
            without: Vec::new(),
            listen: Vec::new(),
        }
    }

    /// A fake with the schema of a generated module's `INTROSPECTION`, or of whatever else [`Schema::from_json`] reads.
    ///
    /// # Errors
    /// The text is no schema.
    pub fn from_json(text: &[u8]) -> Result<Self, FakeError> {
        Ok(Self::new(&Schema::from_json(text)?))
    }

    /// A fake with the schema in a file, such as a recorded answer to `query-qmp-schema`.
    ///
    /// # Errors
    /// The file cannot be read, or holds no schema.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, FakeError> {
        let path = path.as_ref();
        let text = std::fs::read(path).map_err(|source| FakeError::File { path: path.to_owned(), source })?;
        Self::from_json(&text)
    }

    /// The version to greet with.
    pub fn version(self, version: Version) -> Self {
        Self { version, ..self }
    }

    /// How much of a value there is in automatic answers: by default only what must be.
    pub fn extent(self, extent: Extent) -> Self {
        Self { extent, ..self }
    }

    /// Leaves a command or an event out of the schema, as if the server were older.
    pub fn without(mut self, name: &str) -> Self {
        self.without.push(name.to_owned());
        self
    }

    /// Lets a command take arguments that the schema does not tell of. So it is with commands that are declared with
    /// `'gen': false`, which introspection does not show; of QEMU's that is `device_add`, which needs no mention.
    pub fn open_arguments(mut self, command: &str) -> Self {
        self.open.push(command.to_owned());
        self
    }

    /// Answers no command automatically: what no script is for fails, and [`Fake::verify`] says so.
    pub fn scripts_only(self) -> Self {
        Self { scripts_only: true, ..self }
    }

    /// Serves one client after the other, as QEMU does. By default all are served at the same time.
    pub fn one_client(self) -> Self {
        Self { one_client: true, ..self }
    }

    /// Listens at another address too, such as `tcp:127.0.0.1:4444`.
    pub fn listen(mut self, address: &str) -> Self {
        self.listen.push(address.to_owned());
        self
    }

    /// Starts the server. Clients can connect when this returns.
    ///
    /// # Errors
    /// An address is none, or the system has no thread or socket to spare.
    pub fn start(self) -> Result<Fake, FakeError> {
        let folder = Folder::new()?;
        let socket = folder.path().join("qmp");
        let mut addresses = vec![format!("unix:{}", socket.display())];
        addresses.extend(self.listen.iter().cloned());
        let (version, many) = (self.version.clone(), !self.one_client);
        let mut schema = self.schema.clone();
        for name in &self.without {
            schema = schema.without(name);
        }
        let shared = Arc::new(Shared::new(schema, self));
        let theirs = Arc::clone(&shared);
        let (ready, started) = mpsc::channel();
        let run = move || {
            let serving = Serving { shared: theirs, version, many, addresses };
            if let Err(error) = serving.run(&ready) {
                ready.send(Err(error)).ok();
            }
        };
        let thread = std::thread::Builder::new().name("qapi-fake".to_owned()).spawn(run)?;
        // From here on dropping it ends the thread.
        let fake = Fake { shared, socket, thread: Some(thread), _folder: folder };
        match started.recv() {
            Ok(Ok(())) => Ok(fake),
            Ok(Err(error)) => Err(error),
            Err(mpsc::RecvError) => Err(io::Error::other("its thread ended").into()),
        }
    }
}

/// What the server's thread does.
struct Serving {
    shared: Arc<Shared>,
    version: Version,
    many: bool,
    addresses: Vec<String>,
}

impl Serving {
    /// Serves until the fake is dropped; says when clients can connect.
    fn run(self, ready: &mpsc::Sender<Result<(), FakeError>>) -> Result<(), FakeError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stop = self.shared.stopped();
        let events = self.shared.events.clone();
        let service = FakeService::new(self.shared);
        let mut server = Server::new(service).events(&events).version(self.version).many_clients(self.many);
        for address in &self.addresses {
            server = server.listen(address)?;
        }
        ready.send(Ok(())).ok();
        Ok(runtime.block_on(server.run_until(stop))?)
    }
}
