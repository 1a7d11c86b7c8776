//! The guest agent's client without `async`.

use std::sync::Arc;

use super::background::Background;
use crate::client::{Call, ClientError, ClientOptions};
use crate::command::Command;
use crate::value::{Dict, Value};

/// A line to a guest agent, as [`Agent`](crate::client::Agent), whose calls block. Clones share it.
#[derive(Debug, Clone)]
pub struct Agent {
    agent: crate::client::Agent,
    background: Arc<Background>,
}

impl ClientOptions {
    /// Connects as [`connect_agent`](Self::connect_agent) does, for use without `async`.
    ///
    /// # Errors
    /// As [`connect_agent`](Self::connect_agent); also when called from inside an asynchronous runtime.
    pub fn connect_agent_blocking(self, address: &str) -> Result<Agent, ClientError> {
        let background = Background::start()?;
        let agent = background.run(self.connect_agent(address))??;
        Ok(Agent { agent, background })
    }
}

impl Agent {
    /// Connects to the socket of a guest agent and waits up to 5 seconds for it to answer.
    ///
    /// # Errors
    /// As [`Agent::connect`](crate::client::Agent::connect); also when called from inside an asynchronous runtime.
    pub fn connect(address: &str) -> Result<Self, ClientError> {
        let background = Background::start()?;
        let agent = background.run(crate::client::Agent::connect(address))??;
        Ok(Self { agent, background })
    }

    /// Executes a command of the agent's schema and gives what it returned.
    ///
    /// # Errors
    /// As [`Agent::execute`](crate::client::Agent::execute).
    pub fn execute<C: Command>(&self, command: C) -> Result<C::Reply, ClientError> {
        self.finish(self.agent.execute(command))
    }

    /// Executes a command by its name, without a type for its arguments or its reply.
    ///
    /// # Errors
    /// As [`Agent::call`](crate::client::Agent::call).
    pub fn call(&self, name: &str, arguments: &Dict) -> Result<Value, ClientError> {
        self.finish(self.agent.call(name, arguments))
    }

    /// Waits for a call that was prepared with the asynchronous client's means.
    ///
    /// # Errors
    /// As awaiting the call.
    pub fn finish<R>(&self, call: Call<R>) -> Result<R, ClientError> {
        self.background.run(call)?
    }

    /// Whether the agent has the command and may execute it.
    ///
    /// # Errors
    /// As [`Agent::supports`](crate::client::Agent::supports).
    pub fn supports<C: Command>(&self) -> Result<bool, ClientError> {
        self.background.run(self.agent.supports::<C>())?
    }

    /// The asynchronous client behind this one.
    pub fn agent(&self) -> &crate::client::Agent {
        &self.agent
    }
}
