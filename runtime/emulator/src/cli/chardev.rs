//! Character devices on the command line: `-chardev`, and the short notation of `-qmp` and `-serial`.

use std::path::PathBuf;

use super::keyval::{Keyval, identifier};
use crate::config::{Address, Backend, Chardev, Socket};

/// Keys that may stand alone, for scripts that write `server,nowait`.
const FLAGS: &[&str] = &["server", "wait", "append"];

/// The argument of `-chardev`: `BACKEND,id=ID,...`; `option` is all of it, for errors.
pub(crate) fn long(text: &str, option: &str) -> Result<Chardev, String> {
    let mut keys = Keyval::parse(text, Some("backend"), FLAGS)?;
    let kind = keys.require("backend")?;
    let id = keys.take("id").ok_or("chardev: no id specified (add id=NAME)")?;
    identifier(&id)?;
    let backend = match kind.as_str() {
        "null" => Backend::Null,
        "stdio" => {
            // Signals reach the emulator in either case: Ctrl-C always ends it.
            keys.take_bool("signal")?;
            Backend::Stdio
        }
        "file" => Backend::File {
            path: PathBuf::from(keys.require("path")?),
            append: keys.take_bool("append")?.unwrap_or(false),
        },
        "socket" => Backend::Socket(socket(&mut keys)?),
        _ => return Err(unknown(&kind)),
    };
    keys.finish()?;
    let option = option.to_owned();
    Ok(Chardev { id, option, backend })
}

/// The short notation: `stdio`, `null`, `file:PATH`, `unix:PATH[,...]`, `tcp:HOST:PORT[,...]`.
pub(crate) fn short(text: &str) -> Result<Backend, String> {
    match text.split_once(':') {
        None if text == "stdio" => Ok(Backend::Stdio),
        None if text == "null" => Ok(Backend::Null),
        Some(("file", path)) if !path.is_empty() => Ok(Backend::File { path: path.into(), append: false }),
        Some(("unix", rest)) => {
            let mut keys = Keyval::parse(rest, Some("path"), FLAGS)?;
            let socket = socket(&mut keys)?;
            keys.finish()?;
            Ok(Backend::Socket(socket))
        }
        Some(("tcp", rest)) => {
            let (address, options) = rest.split_once(',').unwrap_or((rest, ""));
            let (host, port) = host_port(address)?;
            let mut keys = match options {
                "" => Keyval::default(),
                _ => Keyval::parse(options, None, FLAGS)?,
            };
            let (server, wait) = server_and_wait(&mut keys)?;
            keys.finish()?;
            Ok(Backend::Socket(Socket { address: Address::Tcp { host, port }, server, wait }))
        }
        Some(("file", _)) => Err("file: needs a path after the colon".into()),
        _ => Err(unknown(text)),
    }
}

fn unknown(kind: &str) -> String {
    format!("'{kind}' is not a valid char driver name (socket, stdio, file and null are)")
}

/// Splits `HOST:PORT`; an IPv6 address stands in brackets, no host means any.
fn host_port(text: &str) -> Result<(String, u16), String> {
    let (host, port) = text.rsplit_once(':').ok_or_else(|| format!("address '{text}' needs HOST:PORT"))?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    Ok((host.to_owned(), self::port(port)?))
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("port '{text}' is not a number from 0 to 65535"))
}

fn socket(keys: &mut Keyval) -> Result<Socket, String> {
    let address = address(keys)?;
    let (server, wait) = server_and_wait(keys)?;
    Ok(Socket { address, server, wait })
}

fn address(keys: &mut Keyval) -> Result<Address, String> {
    let (path, host, number) = (keys.take("path"), keys.take("host"), keys.take("port"));
    if let Some(fd) = keys.take("fd") {
        if path.is_some() || host.is_some() {
            return Err("None or one of 'path', 'fd' or 'host' option required.".into());
        }
        return fd.parse().map(Address::Fd).map_err(|_| format!("Unable to parse FD number {fd}"));
    }
    match (path, host, number) {
        (Some(path), None, None) if !path.is_empty() => Ok(Address::Unix(path.into())),
        (None, host, Some(number)) => Ok(Address::Tcp { host: host.unwrap_or_default(), port: port(&number)? }),
        (Some(_), _, Some(_)) | (Some(_), Some(_), _) => Err("a socket has either path= or host= and port=".into()),
        _ => Err("a socket needs path=PATH, or host=HOST and port=PORT, or fd=N".into()),
    }
}

/// A listener waits for its first client unless told otherwise; a client has nothing to wait for.
fn server_and_wait(keys: &mut Keyval) -> Result<(bool, bool), String> {
    let server = keys.take_bool("server")?.unwrap_or(false);
    match keys.take_bool("wait")? {
        Some(_) if !server => Err("'wait' option is incompatible with socket in client mode".into()),
        wait => Ok((server, server && wait.unwrap_or(true))),
    }
}
