//! The published crate `qapi` as a client: prints what it saw, a line a step.
//!
//! usage: qapi-crate SOCKET

use std::error::Error;
use std::fmt::Display;

use futures::StreamExt as _;
use qapi::futures::{QapiService, QmpStreamTokio};
use qapi::qmp::{self, QMPCapability};
use tokio::io::WriteHalf;
use tokio::net::UnixStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

type Service = QapiService<QmpStreamTokio<WriteHalf<UnixStream>>>;

/// A session with its events so far.
struct Session {
    service: Service,
    events: UnboundedReceiver<String>,
}

impl Session {
    async fn connect(socket: &str) -> Result<Self, Box<dyn Error>> {
        let negotiation = QmpStreamTokio::open_uds(socket).await?;
        let version = &negotiation.capabilities.QMP.version.qemu;
        println!("greeting: {}.{}", version.major, version.minor);
        let capabilities = &negotiation.capabilities.QMP.capabilities;
        println!("capabilities: {capabilities:?}");
        let (service, mut stream) = negotiation.negotiate_caps([QMPCapability::oob]).await?.into_parts();
        let (sender, events) = unbounded_channel();
        tokio::task::spawn_local(async move {
            while let Some(event) = stream.next().await {
                let text = match event {
                    Ok(event) => format!("{event:?}"),
                    Err(error) => format!("broken: {error}"),
                };
                // Times differ from run to run.
                let text = text.split(", timestamp:").next().unwrap_or_default().to_owned();
                if sender.send(text).is_err() {
                    return;
                }
            }
        });
        Ok(Self { service, events })
    }

    /// What has come so far.
    fn tell_events(&mut self, after: &str) {
        while let Ok(event) = self.events.try_recv() {
            println!("event by the time of {after}: {event}");
        }
    }
}

fn outcome<T, E: Display>(result: Result<T, E>) -> String {
    result.map_or_else(|error| error.to_string(), |_| "done".to_owned())
}

async fn play(socket: &str) -> Result<(), Box<dyn Error>> {
    let mut session = Session::connect(socket).await?;
    let version = session.service.execute(qmp::query_version {}).await?;
    println!("query-version: {}.{}", version.qemu.major, version.qemu.minor);
    let commands = session.service.execute(qmp::query_commands {}).await?;
    let listed = ["cont", "quit", "stop"].into_iter().filter(|name| commands.iter().any(|c| c.name == *name));
    println!("query-commands: {:?}", listed.collect::<Vec<_>>());
    let schema = session.service.execute(qmp::query_qmp_schema {}).await?;
    println!("query-qmp-schema has entries: {}", schema.len() > 30);
    for _ in 0..2 {
        println!("stop: {}", outcome(session.service.execute(qmp::stop {}).await));
        session.tell_events("stop");
        let status = session.service.execute(qmp::query_status {}).await?;
        println!("query-status: {:?}, running: {}", status.status, status.running);
        println!("cont: {}", outcome(session.service.execute(qmp::cont {}).await));
        session.tell_events("cont");
    }
    // All on their way before the first is answered.
    let both = futures::join!(
        session.service.execute(qmp::query_name {}),
        session.service.execute(qmp::query_status {}),
        session.service.execute(qmp::query_uuid {}),
    );
    println!("at once: {} {} {}", outcome(both.0), outcome(both.1), both.2?.UUID);
    println!("system_reset: {}", outcome(session.service.execute(qmp::system_reset {}).await));
    session.tell_events("system_reset");
    let nowhere = qmp::pmemsave { filename: "/nonexistent/x".into(), size: 1, val: 0 };
    println!("pmemsave: {}", outcome(session.service.execute(nowhere).await));
    println!("migrate-pause: {}", outcome(session.service.execute(qmp::migrate_pause {}).await));
    println!("query-migrate: {:?}", session.service.execute(qmp::query_migrate {}).await?.status);
    println!("quit: {}", outcome(session.service.execute(qmp::quit {}).await));
    while let Some(event) = session.events.recv().await {
        // Whether the last bytes were read decides how a socket ends.
        if !event.starts_with("broken: Connection reset") {
            println!("event by the end: {event}");
        }
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let socket = std::env::args().nth(1).ok_or("usage: qapi-crate SOCKET")?;
    tokio::task::LocalSet::new().run_until(play(&socket)).await?;
    println!("all steps passed");
    Ok(())
}
