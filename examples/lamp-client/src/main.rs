//! A tool that drives the lamp daemons beside it. Start one of them, then:
//!
//! ```console
//! $ cargo run unix:/tmp/lamp.sock red
//! ```

use std::error::Error;

use lamp::{Colour, LightChanged, QueryLight, SetLight};
use qapi_runtime::Client;

// The same schema as the server's. Without the server's half there is less to compile.
qapi_runtime::qapi! { schema: "schema/lamp.json", server: false }

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "unix:/tmp/lamp.sock".to_owned());
    let colour: Option<Colour> = args.next().map(|name| name.parse()).transpose()?;

    let client = Client::connect(&address).await?;
    let before = client.execute(QueryLight {}).await?;
    println!("the lamp is {} and {}", if before.lit { "on" } else { "off" }, before.colour);

    // Subscribed before the command is sent, so that its event cannot be missed.
    let mut changes = client.events::<LightChanged>();
    client.execute(SetLight { lit: true, colour }).await?;
    if let Some(change) = changes.next().await {
        println!("now it is {}", change?.event.light.colour);
    }
    Ok(())
}
