//! Text form of a monitor's address, as management tools pass it: `unix:PATH,server=on`, `tcp:HOST:PORT`, `stdio`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// Where a monitor is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A unix stream socket in the file system.
    Unix(PathBuf),
    /// A TCP port; the host may be a name or a bracketed IPv6 address, empty for every local address.
    Tcp {
        /// Name or numeric address, without brackets.
        host: String,
        /// Port number; 0 lets the system choose when listening.
        port: u16,
    },
    /// The process's own standard input and output.
    Stdio,
}

/// An endpoint with the options written after it.
///
/// ```
/// use qapi_runtime::transport::{Address, Endpoint};
/// let address: Address = "unix:/run/lamp.sock,server=on,wait=off".parse()?;
/// assert_eq!(address.endpoint, Endpoint::Unix("/run/lamp.sock".into()));
/// assert_eq!((address.server, address.wait), (Some(true), Some(false)));
/// # Ok::<(), qapi_runtime::transport::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Where.
    pub endpoint: Endpoint,
    /// `server=on|off`; `None` when not written, which a server reads as on and a client as off.
    pub server: Option<bool>,
    /// `wait=on|off`: whether start-up waits for the first client. A [`Server`](crate::Server) never blocks on it; programs
    /// hold their own start back with [`Monitors::attended`](crate::Monitors::attended).
    pub wait: Option<bool>,
}

/// A text that is not an address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// No known kind of endpoint at the start.
    #[error("'{0}' is not a monitor address: use unix:PATH, tcp:HOST:PORT or stdio")]
    Kind(String),
    /// `unix:` with nothing after it.
    #[error("'{0}' names no socket file: use unix:PATH")]
    Path(String),
    /// `tcp:` without a host and a port in range.
    #[error("'{0}' needs a host and a port from 0 to 65535: use tcp:HOST:PORT")]
    Port(String),
    /// An option that is not known.
    #[error("option '{option}' of '{address}' is not known: use server=on|off or wait=on|off")]
    Option {
        /// The option as written.
        option: String,
        /// The whole address.
        address: String,
    },
    /// An option whose value is neither on nor off.
    #[error("option '{option}' of '{address}' must be on or off")]
    Value {
        /// The option as written.
        option: String,
        /// The whole address.
        address: String,
    },
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let mut parts = split_options(text).into_iter();
        let endpoint = endpoint(&parts.next().unwrap_or_default(), text)?;
        let mut address = Address { endpoint, server: None, wait: None };
        for option in parts {
            address.set(&option, text)?;
        }
        Ok(address)
    }
}

impl Address {
    fn set(&mut self, option: &str, text: &str) -> Result<(), AddressError> {
        let fail = || AddressError::Option { option: option.to_owned(), address: text.to_owned() };
        let (key, value) = match option.split_once('=') {
            Some(pair) => pair,
            // The bare forms are older than `=on` and still in people's scripts.
            None => match option.strip_prefix("no") {
                Some(key) => (key, "off"),
                None => (option, "on"),
            },
        };
        let slot = match key {
            "server" => &mut self.server,
            "wait" => &mut self.wait,
            "nodelay" => &mut None,
            _ => return Err(fail()),
        };
        *slot = Some(match value {
            "on" | "yes" | "true" => true,
            "off" | "no" | "false" => false,
            _ => {
                return Err(AddressError::Value { option: option.to_owned(), address: text.to_owned() });
            }
        });
        Ok(())
    }
}

/// Splits at single commas; a doubled comma stands for one within the text.
fn split_options(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == ',' && letters.next_if_eq(&',').is_none() {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts
}

fn endpoint(text: &str, whole: &str) -> Result<Endpoint, AddressError> {
    if text == "stdio" {
        return Ok(Endpoint::Stdio);
    }
    if let Some(path) = text.strip_prefix("unix:") {
        if path.is_empty() {
            return Err(AddressError::Path(whole.to_owned()));
        }
        return Ok(Endpoint::Unix(path.into()));
    }
    let Some(rest) = text.strip_prefix("tcp:") else {
        return Err(AddressError::Kind(whole.to_owned()));
    };
    let fail = || AddressError::Port(whole.to_owned());
    let (host, port) = rest.rsplit_once(':').ok_or_else(fail)?;
    let port = port.parse().map_err(|_| fail())?;
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']').ok_or_else(fail)?,
        None if host.contains(':') => return Err(fail()),
        None => host,
    };
    Ok(Endpoint::Tcp { host: host.to_owned(), port })
}

/// The endpoint alone, in the form that parses back.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Unix(path) => {
                write!(f, "unix:{}", path.display().to_string().replace(',', ",,"))
            }
            Endpoint::Tcp { host, port } if host.contains(':') => write!(f, "tcp:[{host}]:{port}"),
            Endpoint::Tcp { host, port } => write!(f, "tcp:{host}:{port}"),
            Endpoint::Stdio => f.write_str("stdio"),
        }
    }
}
