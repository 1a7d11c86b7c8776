//! A tool that drives the lamp daemons beside it. Start one of them, then:
//!
//! ```console
//! $ cargo run unix:/tmp/lamp.sock red
//! $ cargo run unix:/tmp/lamp.sock watch
//! ```
//!
//! A monitor serves one client at a time, as QEMU's do: while one watches, another waits for its greeting.

use std::error::Error;
use std::time::Duration;

use lamp::{Colour, LightChanged, QueryLight, SetLight};
use qapi_runtime::{Client, ClientError};

// The same schema as the server's. Without the server's half there is less to compile.
qapi_runtime::qapi! { schema: "schema/lamp.json", server: false }

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "unix:/tmp/lamp.sock".to_owned());
    let wish = args.next();

    // A lamp that was just started may not listen yet, and one that is watched may be started again.
    let options = Client::options().timeout(Duration::from_secs(5)).connect_timeout(Duration::from_secs(5));
    let client = options.wait_until_there(true).reconnect(true).connect(&address).await?;
    if wish.as_deref() == Some("watch") {
        return watch(&client).await;
    }
    let colour: Option<Colour> = wish.map(|name| name.parse()).transpose()?;
    let before = client.execute(QueryLight {}).await?;
    println!("the lamp is {} and {}", if before.lit { "on" } else { "off" }, before.colour);

    // An older lamp may have no colours: ask for what is needed, not for a version.
    if colour.is_some() && !client.supports_member::<SetLight>("colour").await? {
        return Err("this lamp has one colour only".into());
    }

    // Subscribed before the command is sent, so that its event cannot be missed.
    let mut changes = client.events::<LightChanged>();
    client.execute(SetLight { lit: true, colour }).await?;
    // No event comes if the lamp is as it was.
    match changes.wait_for(|_| true, Duration::from_millis(500)).await {
        Ok(change) => println!("now it is {}", change.event.light.colour),
        Err(ClientError::Timeout { .. }) => println!("it was so already"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Prints every change until the user has seen enough.
async fn watch(client: &Client) -> Result<(), Box<dyn Error>> {
    let mut changes = client.events::<LightChanged>();
    while let Some(change) = changes.next().await {
        match change {
            Ok(change) => {
                let light = change.event.light;
                println!("the lamp is {} and {}", if light.lit { "on" } else { "off" }, light.colour);
            }
            // Changes may have been missed; what is so now can be asked.
            Err(error @ (ClientError::Gap(_) | ClientError::EventsLost(_))) => {
                let light = client.execute(QueryLight {}).await?;
                println!("{error}; now it is {} and {}", if light.lit { "on" } else { "off" }, light.colour);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
