//! What a server can do, as it says itself: asked once for each connection.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::Client;
use super::call::Ask;
use super::error::ClientError;
use crate::command::{Command, Event};
use crate::introspection::Schema;
use crate::value::{Dict, Value};

/// Lists around an enumeration that are looked through.
const LISTS: usize = 8;

/// What is known of the server.
#[derive(Debug, Default)]
pub(super) struct Facts {
    current: Mutex<Arc<OfConnection>>,
}

/// What is known of the server at the end of one connection.
#[derive(Debug, Default)]
struct OfConnection {
    epoch: u64,
    commands: OnceCell<HashSet<String>>,
    schema: OnceCell<Schema>,
}

impl Facts {
    /// Those of this connection; what was known of an earlier one is forgotten.
    fn of(&self, epoch: u64) -> Arc<OfConnection> {
        // Changed in one step, so whole even if a holder panicked.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.epoch != epoch {
            *current = Arc::new(OfConnection { epoch, ..OfConnection::default() });
        }
        Arc::clone(&current)
    }
}

/// What the server can do. One client serves many versions by asking for what it needs instead of for a version number.
impl Client {
    /// The server's schema. It is asked for once for each connection.
    ///
    /// # Errors
    /// The server has no `query-qmp-schema` (see [`ClientError::is_command_not_found`]), its answer cannot be understood, or
    /// the connection ended.
    pub async fn schema(&self) -> Result<Schema, ClientError> {
        let facts = self.facts();
        let schema = facts.schema.get_or_try_init(|| async {
            let text = self.clone().ask(Ask::plain(Cow::Borrowed("query-qmp-schema"))).await?.unwrap_or_default();
            Ok::<_, ClientError>(Schema::from_json(&text)?)
        });
        schema.await.cloned()
    }

    /// Whether the server has the command. It is asked once for the names of all, and by what is cheapest: the schema if that is
    /// known already, otherwise `query-commands`, which every server has.
    ///
    /// # Errors
    /// The server cannot say, or the connection ended.
    pub async fn supports<C: Command>(&self) -> Result<bool, ClientError> {
        let facts = self.facts();
        if let Some(schema) = facts.schema.get() {
            return Ok(schema.command(C::NAME).is_some());
        }
        Ok(facts.commands.get_or_try_init(|| self.command_names()).await?.contains(C::NAME))
    }

    /// Whether the server has the event.
    ///
    /// # Errors
    /// As [`schema`](Self::schema).
    pub async fn supports_event<E: Event>(&self) -> Result<bool, ClientError> {
        Ok(self.schema().await?.event(E::NAME).is_some())
    }

    /// Whether the server has the command and the command takes this argument, or this value of one. For paths that lead
    /// deeper see [`Type::at`](crate::introspection::Type::at).
    ///
    /// ```no_run
    /// # use qapi_runtime::{Client, ClientError, Command};
    /// # async fn f<Migrate: Command, BlockdevAdd: Command>(vm: Client) -> Result<(), ClientError> {
    /// if vm.supports_member::<Migrate>("channels").await? && vm.supports_member::<BlockdevAdd>("driver=nbd.tls-hostname").await? {
    ///     // …
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`schema`](Self::schema).
    pub async fn supports_member<C: Command>(&self, path: &str) -> Result<bool, ClientError> {
        Ok(self.schema().await?.command(C::NAME).is_some_and(|command| command.has_argument(path)))
    }

    /// Whether the server marks the command with this feature.
    ///
    /// # Errors
    /// As [`schema`](Self::schema).
    pub async fn supports_feature<C: Command>(&self, feature: &str) -> Result<bool, ClientError> {
        Ok(self.schema().await?.command(C::NAME).is_some_and(|command| command.has_feature(feature)))
    }

    /// The values that the server knows for an argument that is an enumeration or a list of one; none if the command has no
    /// such argument.
    ///
    /// # Errors
    /// As [`schema`](Self::schema).
    pub async fn enum_values<C: Command>(&self, path: &str) -> Result<Vec<String>, ClientError> {
        let schema = self.schema().await?;
        let Some(mut ty) = schema.command(C::NAME).and_then(|command| command.argument(path)) else {
            return Ok(Vec::new());
        };
        for _ in 0..LISTS {
            let Some(element) = ty.element() else { break };
            ty = element;
        }
        Ok(ty.values().map(|value| value.name().to_owned()).collect())
    }

    fn facts(&self) -> Arc<OfConnection> {
        self.shared.facts.of(self.shared.core.epoch())
    }

    async fn command_names(&self) -> Result<HashSet<String>, ClientError> {
        let reply = self.call("query-commands", &Dict::new()).await?;
        Ok(named_commands(&reply).map(str::to_owned).collect())
    }
}

/// The names in a list of commands, without those that are switched off.
pub(super) fn named_commands(list: &Value) -> impl Iterator<Item = &str> {
    let enabled = |command: &&Value| command.get("enabled").and_then(Value::as_bool).unwrap_or(true);
    let list = list.as_list().unwrap_or_default().iter();
    list.filter(enabled).filter_map(|command| command.get("name")?.as_str())
}
