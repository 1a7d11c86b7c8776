//! From character devices that carry QMP to the server's monitors.

use std::fmt::Display;
use std::io;
use std::os::fd::OwnedFd;

use qapi_runtime::{Monitors, Server};

use crate::complain;
use crate::config::{Address, Backend, Chardev, Config, Monitor, Socket};
use crate::errno::plain;
use crate::inherited;
use crate::owner::{Report, Reports};

/// Adds the monitors that the command line asks for. Clients can connect from now on.
pub(crate) fn add_all(mut server: Server, config: &Config) -> Result<Server, String> {
    for (device, monitor) in carriers(config) {
        let failed = |error: &dyn Display| format!("{}: {}", device.option, plain(&error));
        let added = match &device.backend {
            Backend::Socket(Socket { address: Address::Fd(number), server: listening, .. }) => {
                let socket = inherited::socket(*number).map_err(|error| failed(&error))?;
                if *listening {
                    listen(&socket).map_err(|error| failed(&error))?;
                    server.listen_on(&device.id, socket)
                } else {
                    server.attach(&device.id, socket)
                }
            }
            backend => match address(backend) {
                Some(address) => server.listen_named(&device.id, &address),
                None => continue,
            },
        };
        let added = added.and_then(|server| match monitor.pretty {
            true => server.pretty(&device.id),
            false => Ok(server),
        });
        let added = added.and_then(|server| match device.backend {
            Backend::Socket(Socket { wait: true, .. }) => server.wait_for(&device.id),
            _ => Ok(server),
        });
        server = added.map_err(|error| failed(&error))?;
    }
    Ok(server)
}

/// Makes a bound socket listen; one that listens already is told again, which changes nothing.
pub(crate) fn listen(socket: &OwnedFd) -> Result<(), String> {
    let backlog = 1;
    rustix::net::listen(socket, backlog)
        .map_err(|error| format!("Failed to listen on fd socket: {}", plain(&io::Error::from(error))))
}

/// The devices that carry QMP, with what is said about the monitor.
fn carriers(config: &Config) -> impl Iterator<Item = (&Chardev, &Monitor)> {
    let device = |monitor: &Monitor| config.chardevs.get(monitor.chardev);
    config.monitors.iter().filter_map(move |monitor| device(monitor).map(|device| (device, monitor)))
}

/// A device's address in the server's notation; nothing for one that cannot carry QMP.
fn address(backend: &Backend) -> Option<String> {
    match backend {
        Backend::Stdio => Some("stdio".into()),
        Backend::Socket(Socket { address, server, .. }) => {
            let address = match address {
                Address::Fd(_) => return None,
                Address::Unix(path) => {
                    format!("unix:{}", path.to_string_lossy().replace(',', ",,"))
                }
                Address::Tcp { host, port } if host.contains(':') => format!("tcp:[{host}]:{port}"),
                Address::Tcp { host, port } => format!("tcp:{host}:{port}"),
            };
            let server = if *server { "on" } else { "off" };
            Some(format!("{address},server={server}"))
        }
        Backend::Null | Backend::File { .. } => None,
    }
}

/// Lets the guest start when the clients that the command line says to wait for are there.
pub(crate) async fn start_when_complete(config: &Config, monitors: &Monitors, reports: &Reports) {
    for (device, _) in carriers(config) {
        if let Backend::Socket(Socket { wait: true, .. }) = device.backend {
            complain::say(format_args!("{}: waiting for a connection", device.option));
        }
    }
    monitors.attended().await;
    reports.send(Report::Start);
}
