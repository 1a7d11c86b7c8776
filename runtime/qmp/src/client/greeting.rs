//! The server's greeting, as a client reads it.

use super::error::ClientError;
use crate::protocol::Version;
use crate::value::Value;

/// What a server says of itself on connecting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// The server's version.
    pub version: Version,
    /// What can be enabled in negotiation.
    pub capabilities: Vec<String>,
}

impl Greeting {
    pub(super) fn read(message: &Value) -> Result<Self, ClientError> {
        let fail = || ClientError::Greeting(format!("it began with {:.100}", message.to_string()));
        let greeting = message.get("QMP").ok_or_else(fail)?;
        let version = greeting.get("version").ok_or_else(fail)?;
        let number = |name| version.get("qemu")?.get(name)?.as_i64();
        let package = version.get("package").and_then(Value::as_str).unwrap_or_default();
        let version = Version {
            major: number("major").ok_or_else(fail)?,
            minor: number("minor").ok_or_else(fail)?,
            micro: number("micro").ok_or_else(fail)?,
            package: package.to_owned(),
        };
        let capabilities = greeting.get("capabilities").and_then(Value::as_list).unwrap_or_default();
        let capabilities = capabilities.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(Self { version, capabilities })
    }

    pub(super) fn offers_oob(&self) -> bool {
        self.capabilities.iter().any(|name| name == "oob")
    }
}
