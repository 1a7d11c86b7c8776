//! Commands and events, to look things up in.

use super::model::{At, Kind, Model};
use super::types::Type;

/// A command of a schema.
#[derive(Clone, Copy)]
pub struct Command<'a> {
    model: &'a Model,
    at: At,
}

/// An event of a schema.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    model: &'a Model,
    at: At,
}

impl<'a> Command<'a> {
    pub(super) fn new(model: &'a Model, at: At) -> Self {
        Self { model, at }
    }

    /// The name on the wire.
    pub fn name(self) -> &'a str {
        self.model.names.get(self.model.entity(self.at).name)
    }

    /// What the schema says of the command as a whole, such as `deprecated`.
    pub fn features(self) -> impl ExactSizeIterator<Item = &'a str> + Clone {
        self.model.features(&self.model.entity(self.at).features)
    }

    /// Whether the command has that feature.
    pub fn has_feature(self, name: &str) -> bool {
        self.features().any(|feature| feature == name)
    }

    /// Whether it may be executed out of band.
    pub fn allow_oob(self) -> bool {
        matches!(self.model.entity(self.at).kind, Kind::Command { oob: true, .. })
    }

    /// The type of its arguments: an object, without members if it takes none.
    pub fn arguments(self) -> Type<'a> {
        let at = match self.model.entity(self.at).kind {
            Kind::Command { arguments, .. } => arguments,
            _ => At::MAX,
        };
        Type::new(self.model, at)
    }

    /// The type of what it returns: an object without members if that is nothing.
    pub fn returns(self) -> Type<'a> {
        let at = match self.model.entity(self.at).kind {
            Kind::Command { returns, .. } => returns,
            _ => At::MAX,
        };
        Type::new(self.model, at)
    }

    /// What is at the end of a path from the arguments, as [`Type::at`] reads it.
    pub fn argument(self, path: &str) -> Option<Type<'a>> {
        self.arguments().at(path)
    }

    /// Whether the command takes an argument, or a value of one, as [`Type::at`] reads it.
    pub fn has_argument(self, path: &str) -> bool {
        self.argument(path).is_some()
    }
}

impl<'a> Event<'a> {
    pub(super) fn new(model: &'a Model, at: At) -> Self {
        Self { model, at }
    }

    /// The name on the wire.
    pub fn name(self) -> &'a str {
        self.model.names.get(self.model.entity(self.at).name)
    }

    /// What the schema says of the event as a whole, such as `unstable`.
    pub fn features(self) -> impl ExactSizeIterator<Item = &'a str> + Clone {
        self.model.features(&self.model.entity(self.at).features)
    }

    /// Whether the event has that feature.
    pub fn has_feature(self, name: &str) -> bool {
        self.features().any(|feature| feature == name)
    }

    /// The type of its data: an object, without members if it has none.
    pub fn data(self) -> Type<'a> {
        let at = match self.model.entity(self.at).kind {
            Kind::Event(data) => data,
            _ => At::MAX,
        };
        Type::new(self.model, at)
    }
}

impl std::fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Command({})", self.name())
    }
}

impl std::fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Event({})", self.name())
    }
}
