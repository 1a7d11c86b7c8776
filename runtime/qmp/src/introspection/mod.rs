//! A server's schema as the server itself tells it: the answer to `query-qmp-schema`, read into a form to look things up in.
//!
//! One client serves many versions of a server by asking for what it needs instead of for a version number:
//!
//! ```
//! use qapi_runtime::introspection::Schema;
//! # let answer = br#"[
//! #   {"name": "blockdev-add", "meta-type": "command", "arg-type": "1", "ret-type": "0"},
//! #   {"name": "0", "meta-type": "object", "members": []},
//! #   {"name": "1", "meta-type": "object", "members": [{"name": "driver", "type": "2"}], "tag": "driver",
//! #    "variants": [{"case": "qcow2", "type": "3"}]},
//! #   {"name": "2", "meta-type": "enum", "values": ["qcow2", "raw"]},
//! #   {"name": "3", "meta-type": "object", "members": [{"name": "data-file", "type": "str", "default": null}]},
//! #   {"name": "str", "meta-type": "builtin", "json-type": "string"}
//! # ]"#;
//! let schema = Schema::from_json(answer)?;
//! let add = schema.command("blockdev-add").ok_or("no blockdev-add")?;
//! // The argument `driver` can be `qcow2`, and what comes with it can be `data-file`.
//! assert!(add.has_argument("driver=qcow2.data-file"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Names of types are numbers there, as QEMU masks them, unless the server was built otherwise: what to ask for is the name
//! of a command or event, and the way from there to a member or a value (see [`Type::at`]).

mod entity;
mod model;
mod path;
mod print;
mod read;
mod types;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use entity::{Command, Event};
pub use types::{EnumValue, JsonType, Member, Type, TypeKind};

use crate::json::SyntaxError;
use model::{Kind, Model};

/// The schema of a server. Clones share it.
#[derive(Clone)]
pub struct Schema(Arc<Model>);

/// A text is no answer to `query-qmp-schema`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The text is no JSON.
    #[error("the schema is not JSON: {0}")]
    Syntax(#[from] SyntaxError),
    /// It is JSON, but not what describes a schema.
    #[error("the schema cannot be understood: {place}: {message}")]
    Shape {
        /// Which entity, by its position in the answer, and by its name where it has one.
        place: String,
        /// What is wrong there.
        message: String,
    },
    /// The server answered with this error instead.
    #[error("the server gave no schema: {0}")]
    Refused(String),
    /// More text than a message of the protocol can hold.
    #[error("the schema has {0} bytes, more than a message can hold")]
    TooLarge(usize),
}

impl Schema {
    /// Reads the answer to `query-qmp-schema`: the array itself, a whole reply with the array as its `return`, or a list that
    /// has the server's version before the array, as QEMU's answers are commonly recorded.
    ///
    /// What a later version of the protocol may add is passed over: unknown members, and entities of unknown meta-types. A
    /// type that is referred to and not described is of kind [`TypeKind::Unknown`]. Of two entities of one name the first
    /// counts. Types may contain themselves, as they do in real schemas.
    ///
    /// # Errors
    /// The text is no JSON, or an entity lacks a part or has one of a wrong JSON type.
    pub fn from_json(text: &[u8]) -> Result<Self, SchemaError> {
        read::read(text).map(|model| Self(Arc::new(model)))
    }

    /// The commands, in the order of the answer.
    pub fn commands(&self) -> impl Iterator<Item = Command<'_>> {
        let all = self.0.entities().filter(|(_, entity)| matches!(entity.kind, Kind::Command { .. }));
        all.map(|(at, _)| Command::new(&self.0, at))
    }

    /// The command of that name.
    pub fn command(&self, name: &str) -> Option<Command<'_>> {
        let at = self.0.find(name)?;
        matches!(self.0.entity(at).kind, Kind::Command { .. }).then(|| Command::new(&self.0, at))
    }

    /// The events, in the order of the answer.
    pub fn events(&self) -> impl Iterator<Item = Event<'_>> {
        let all = self.0.entities().filter(|(_, entity)| matches!(entity.kind, Kind::Event { .. }));
        all.map(|(at, _)| Event::new(&self.0, at))
    }

    /// The event of that name.
    pub fn event(&self, name: &str) -> Option<Event<'_>> {
        let at = self.0.find(name)?;
        matches!(self.0.entity(at).kind, Kind::Event { .. }).then(|| Event::new(&self.0, at))
    }

    /// The types that are described, in the order of the answer.
    pub fn types(&self) -> impl Iterator<Item = Type<'_>> {
        let all = self.0.entities().filter(|(_, entity)| entity.kind.is_type());
        all.map(|(at, _)| Type::new(&self.0, at))
    }

    /// The type of that name. Where types are masked, these are numbers that change with every build of the server.
    pub fn ty(&self, name: &str) -> Option<Type<'_>> {
        let at = self.0.find(name)?;
        self.0.entity(at).kind.is_type().then(|| Type::new(&self.0, at))
    }

    /// The same schema without a command or event of that name, as of a server that does not have it.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let Some(at) = self.0.find(name).filter(|at| !self.0.entity(*at).kind.is_type()) else {
            return self.clone();
        };
        let mut model = Model::clone(&self.0);
        model.by_name.retain(|other| *other != at);
        if let Some(entity) = model.entities.get_mut(at as usize) {
            entity.kind = Kind::Unknown;
        }
        Self(Arc::new(model))
    }

    /// The schema as a server answers with it.
    pub fn to_json(&self) -> String {
        print::print(&self.0)
    }
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut counts = f.debug_struct("Schema");
        counts.field("commands", &self.commands().count()).field("events", &self.events().count());
        counts.field("types", &self.types().count()).finish()
    }
}
