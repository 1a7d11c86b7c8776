//! Character devices: `query-chardev`.

use qapi_runtime::{Context, Error};
use qapi_schema::ChardevInfo;
use qapi_schema::char::Commands;

use super::Handlers;
use crate::config::{Address, Backend, Chardev, Socket};
use crate::serial::Clients;

impl Commands for Handlers {
    async fn query_chardev(&self, ctx: &Context) -> Result<Vec<ChardevInfo>, Error> {
        let monitors = ctx.monitors();
        let describe = |(position, device): (usize, &Chardev)| {
            let monitor = monitors.iter().find(|monitor| monitor.label == device.id);
            let (filename, frontend_open) = match monitor {
                // A monitor is there for its clients whether there is one or not.
                Some(monitor) => (monitor.filename.clone(), true),
                None => {
                    let console = self.config.serial == Some(position);
                    let open = console && self.console.as_ref().is_none_or(Clients::present);
                    let socket = self.console.as_ref().and_then(Clients::socket).filter(|_| console);
                    (filename(device, open, socket), open)
                }
            };
            ChardevInfo { label: device.id.as_str().into(), filename: filename.into(), frontend_open }
        };
        Ok(self.config.chardevs.iter().enumerate().map(describe).collect())
    }
}

/// What a device that carries no monitor is connected to.
fn filename(device: &Chardev, open: bool, inherited: Option<&str>) -> String {
    match &device.backend {
        Backend::Null => "null".into(),
        Backend::Stdio => "stdio".into(),
        Backend::File { .. } => "file".into(),
        Backend::Socket(Socket { address, server, .. }) => {
            let address = match address {
                Address::Unix(path) => format!("unix:{}", path.display()),
                Address::Tcp { host, port } => format!("tcp:{host}:{port}"),
                Address::Fd(number) => inherited.map_or_else(|| format!("fd:{number}"), str::to_owned),
            };
            let server = if *server { ",server=on" } else { "" };
            let prefix = if open { "" } else { "disconnected:" };
            format!("{prefix}{address}{server}")
        }
    }
}
