//! The connection to a server: a monitor or a guest agent.

use std::time::Duration;

use qapi_runtime::client::{Agent, AnyEvent, Call, Events};
use qapi_runtime::{Client, ClientError, Dict, Value};

use crate::args::Options;
use crate::schema::Knowledge;

/// How long connecting may take. A monitor that serves somebody else lets others wait for its greeting.
const CONNECT: Duration = Duration::from_secs(10);
/// As good as for ever.
const PATIENT: Duration = Duration::from_secs(365 * 24 * 3600);

/// Who answers.
#[derive(Debug, Clone)]
pub(crate) enum Peer {
    Monitor(Client),
    Agent(Agent),
}

impl Peer {
    /// Executes a command by its name.
    pub(crate) fn call(&self, name: &str, arguments: &Dict) -> Call<Value> {
        match self {
            Self::Monitor(client) => client.call(name, arguments),
            Self::Agent(agent) => agent.call(name, arguments),
        }
    }

    /// Who that is, for people.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Monitor(client) => {
                let version = client.greeting().version.clone();
                let number = format!("{}.{}.{}", version.major, version.minor, version.micro);
                let package = crate::display::harmless(version.package.trim());
                if package.is_empty() { format!("version {number}") } else { format!("version {number} ({package})") }
            }
            Self::Agent(_) => "guest agent".to_owned(),
        }
    }

    /// Asks what the server understands. A server that does not tell its schema tells at least names.
    pub(crate) async fn learn(&self) -> Result<Knowledge, ClientError> {
        let nothing = Dict::new();
        match self {
            Self::Monitor(client) => {
                match client.schema().await {
                    Ok(schema) => return Ok(Knowledge::from_schema(schema)),
                    Err(error) if error.is_disconnect() => return Err(error),
                    // It does not tell, or not in a way that is understood here.
                    Err(_) => {}
                }
                let commands = refused_is_none(client.call("query-commands", &nothing).await)?;
                Ok(Knowledge::from_names(names(&commands.unwrap_or_default())))
            }
            Self::Agent(agent) => {
                let info = agent.call("guest-info", &nothing).await?;
                let commands = info.get("supported_commands").cloned().unwrap_or_default();
                let mut knowledge = Knowledge::from_names(names(&commands));
                let silent = |command: &&Value| command.get("success-response") == Some(&Value::Bool(false));
                let commands = commands.as_list().unwrap_or_default().iter();
                knowledge.silent = commands.filter(silent).filter_map(name).collect();
                Ok(knowledge)
            }
        }
    }
}

/// What was returned, unless the server has no such command.
fn refused_is_none(answer: Result<Value, ClientError>) -> Result<Option<Value>, ClientError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.server_error().is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

fn name(command: &Value) -> Option<String> {
    command.get("name").and_then(Value::as_str).map(str::to_owned)
}

fn names(commands: &Value) -> Vec<String> {
    commands.as_list().unwrap_or_default().iter().filter_map(name).collect()
}

/// A connection, and the events that come over it.
pub(crate) struct Session {
    pub(crate) peer: Peer,
    /// `None` while somebody else has them, and for agents, which have none.
    pub(crate) events: Option<Events<AnyEvent>>,
    /// What the server understands, once it was asked.
    knowledge: Option<Knowledge>,
}

impl Session {
    /// Connects as the options say, to the address given.
    ///
    /// # Errors
    /// Nobody listens there, or the peer is not what it should be.
    pub(crate) async fn connect(options: &Options, address: &str) -> Result<Self, ClientError> {
        let limit = if options.wait { PATIENT } else { CONNECT };
        let how = Client::options().connect_timeout(limit).wait_until_there(options.wait);
        let (peer, events) = if options.agent {
            (Peer::Agent(how.connect_agent(address).await?), None)
        } else {
            let client = how.connect(address).await?;
            let events = client.any_events();
            (Peer::Monitor(client), Some(events))
        };
        Ok(Self { peer, events, knowledge: None })
    }

    /// What the server understands; it is asked once.
    ///
    /// # Errors
    /// The connection has ended.
    pub(crate) async fn knowledge(&mut self) -> Result<&Knowledge, ClientError> {
        let known = match self.knowledge.take() {
            Some(known) => known,
            None => self.peer.learn().await?,
        };
        Ok(self.knowledge.insert(known))
    }
}
