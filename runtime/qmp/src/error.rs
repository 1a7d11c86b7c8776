//! The error of the monitor: a class from a short list and a sentence for people.

use crate::visit::{Decoder, Encoder, Object, Outcome, Shape, Visit};

/// What kind of error a QMP reply carries (`error.class`).
///
/// Nearly everything is [`GenericError`](ErrorClass::GenericError); the others exist because old clients match on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ErrorClass {
    /// No class of its own: read the sentence.
    #[default]
    GenericError,
    /// The command does not exist, or not in the monitor's present state.
    CommandNotFound,
    /// The device exists but is not in use.
    DeviceNotActive,
    /// No such device.
    DeviceNotFound,
    /// The host's KVM lacks something the command needs.
    KVMMissingCap,
}

impl ErrorClass {
    const ALL: [ErrorClass; 5] = [
        ErrorClass::GenericError,
        ErrorClass::CommandNotFound,
        ErrorClass::DeviceNotActive,
        ErrorClass::DeviceNotFound,
        ErrorClass::KVMMissingCap,
    ];

    /// The class as it is written on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorClass::GenericError => "GenericError",
            ErrorClass::CommandNotFound => "CommandNotFound",
            ErrorClass::DeviceNotActive => "DeviceNotActive",
            ErrorClass::DeviceNotFound => "DeviceNotFound",
            ErrorClass::KVMMissingCap => "KVMMissingCap",
        }
    }

    /// Reads a class as a peer wrote it; one that is not known counts as generic, as the protocol asks of clients.
    pub fn from_wire(name: &str) -> Self {
        Self::ALL.into_iter().find(|class| class.as_str() == name).unwrap_or_default()
    }
}

impl std::fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A QMP error: what a command answers when it fails.
///
/// `Display` is the sentence alone, as a person wants to read it.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
#[error("{desc}")]
pub struct Error {
    class: ErrorClass,
    desc: String,
}

impl Error {
    /// An error of the given class.
    pub fn new(class: ErrorClass, desc: impl Into<String>) -> Self {
        Self { class, desc: desc.into() }
    }

    /// An error without a class of its own, which is what nearly every error is.
    pub fn generic(desc: impl Into<String>) -> Self {
        Self::new(ErrorClass::GenericError, desc)
    }

    /// A mandatory parameter was not given.
    pub fn missing(name: &str) -> Self {
        Self::generic(format!("Parameter '{name}' is missing"))
    }

    /// A parameter was given that nobody asked for.
    pub fn unexpected(name: &str) -> Self {
        Self::generic(format!("Parameter '{name}' is unexpected"))
    }

    /// A parameter has the wrong JSON type.
    pub fn invalid_type(name: &str, expected: &str) -> Self {
        Self::generic(format!("Invalid parameter type for '{name}', expected: {expected}"))
    }

    /// An enumeration has no such value.
    pub fn invalid_value(name: &str, value: &str) -> Self {
        Self::generic(format!("Parameter '{name}' does not accept value '{value}'"))
    }

    /// A parameter has the right type and an impossible value; `expects` completes "expects ...".
    pub fn expects(name: &str, expects: &str) -> Self {
        Self::generic(format!("Parameter '{name}' expects {expects}"))
    }

    /// No command of that name exists here.
    pub fn command_not_found(name: &str) -> Self {
        Self::new(ErrorClass::CommandNotFound, format!("The command {name} has not been found"))
    }

    /// No device of that name exists.
    pub fn device_not_found(name: &str) -> Self {
        Self::new(ErrorClass::DeviceNotFound, format!("Device '{name}' not found"))
    }

    /// The error's class.
    pub fn class(&self) -> ErrorClass {
        self.class
    }

    /// The sentence for people.
    pub fn desc(&self) -> &str {
        &self.desc
    }
}

// On the wire an error is an object of two strings, so it reads and writes like any generated struct.
impl Object for Error {
    fn shape(&self) -> &'static Shape {
        static SHAPE: Shape = Shape { names: &["class", "desc"], required: &[0b11], tag: usize::MAX };
        &SHAPE
    }

    fn load(&mut self, i: usize, d: &mut Decoder<'_>) -> Outcome {
        match i {
            0 => {
                self.class = ErrorClass::from_wire(&d.str()?);
                Ok(())
            }
            _ => self.desc.get(d),
        }
    }

    fn store(&self, e: &mut Encoder) {
        e.key("class");
        e.str(self.class.as_str());
        e.member("desc", &self.desc);
    }
}
