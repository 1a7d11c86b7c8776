//! Migration URIs.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::MigrationError;

/// Where a stream goes to or comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `unix:PATH`: a stream socket of this host.
    Unix(PathBuf),
    /// `tcp:HOST:PORT`; an empty host listens on all interfaces, and port 0 on any free port.
    Tcp {
        /// Name or address, without brackets.
        host: String,
        /// Port.
        port: u16,
    },
    /// `file:PATH[,offset=N]`: a file that is written from the beginning, or read.
    File {
        /// The file.
        path: PathBuf,
        /// Where the stream begins in it, in bytes.
        offset: u64,
    },
}

impl FromStr for Address {
    type Err = MigrationError;

    fn from_str(uri: &str) -> Result<Self, MigrationError> {
        let failed = |text: String| Err(MigrationError::Address(text));
        let (scheme, rest) = uri.split_once(':').unwrap_or((uri, ""));
        match scheme {
            "unix" if !rest.is_empty() => Ok(Self::Unix(rest.into())),
            "tcp" => parse_tcp(rest),
            "file" if !rest.is_empty() => parse_file(rest),
            "unix" => failed("invalid Unix socket address".to_owned()),
            "file" => failed(format!("'{uri}' has no path")),
            "exec" | "fd" | "rdma" | "vsock" => {
                failed(format!("migration over '{scheme}:' is not supported: use unix:, tcp: or file:"))
            }
            _ => Err(MigrationError::Protocol(uri.to_owned())),
        }
    }
}

impl Address {
    /// The address without its scheme, as errors name it.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Unix(path) | Self::File { path, .. } => path.display().to_string(),
            Self::Tcp { host, port } => format!("{host}:{port}"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp:[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp:{host}:{port}"),
            Self::File { path, offset: 0 } => write!(f, "file:{}", path.display()),
            Self::File { path, offset } => write!(f, "file:{},offset={offset:#x}", path.display()),
        }
    }
}

fn parse_tcp(rest: &str) -> Result<Address, MigrationError> {
    let wrong = || MigrationError::Address(format!("error parsing address '{rest}'"));
    let (host, port) = rest.rsplit_once(':').ok_or_else(wrong)?;
    let host = match host.strip_prefix('[') {
        Some(inner) => inner
            .strip_suffix(']')
            .ok_or_else(|| MigrationError::Address(format!("error parsing IPv6 address '{rest}'")))?,
        None if host.contains([':', ',']) => return Err(wrong()),
        None => host,
    };
    if let Some((_, options)) = port.split_once(',') {
        return Err(MigrationError::Address(format!("options of a tcp address are not supported: '{options}'")));
    }
    let port = port.parse().map_err(|_| wrong())?;
    Ok(Address::Tcp { host: host.to_owned(), port })
}

fn parse_file(rest: &str) -> Result<Address, MigrationError> {
    let Some((path, offset)) = rest.rsplit_once(",offset=") else {
        return Ok(Address::File { path: rest.into(), offset: 0 });
    };
    let number = match offset.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => parse_size(offset),
    };
    match number {
        Some(offset) => Ok(Address::File { path: path.into(), offset }),
        None => Err(MigrationError::Address(format!("file URI has bad offset {offset}"))),
    }
}

/// A number of bytes with an optional binary suffix.
fn parse_size(text: &str) -> Option<u64> {
    let shift = match text.as_bytes().last()?.to_ascii_uppercase() {
        b'B' => 0,
        b'K' => 10,
        b'M' => 20,
        b'G' => 30,
        b'T' => 40,
        _ => return text.parse().ok(),
    };
    text[..text.len() - 1].parse::<u64>().ok()?.checked_mul(1 << shift)
}
