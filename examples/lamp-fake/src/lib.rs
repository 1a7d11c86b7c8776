//! A tool that drives a lamp, and its tests, which need no lamp: they run it against a fake server made from the schema.
//!
//! ```console
//! $ cargo test
//! ```

use std::time::Duration;

use lamp::{Colour, LightChanged, LightInfo, QueryLight, SetLight};
use qapi_runtime::{Client, ClientError};

#[cfg(test)]
mod tests;

qapi_runtime::qapi! { schema: "schema/lamp.json", server: false }

/// How long a lamp may take to light up.
const PATIENCE: Duration = Duration::from_millis(200);

/// Makes sure that the lamp is on in that colour. `None`: it took the order and did not light up.
///
/// # Errors
/// The lamp refused, or its connection ended.
pub async fn light_up(lamp: &Client, colour: Colour) -> Result<Option<LightInfo>, ClientError> {
    let now = lamp.execute(QueryLight {}).await?;
    if now.lit && now.colour == colour {
        return Ok(Some(now));
    }
    // Subscribed before the command is sent, so that its event cannot be missed.
    let mut changes = lamp.events::<LightChanged>();
    lamp.execute(SetLight { lit: true, colour: Some(colour) }).await?;
    match tokio::time::timeout(PATIENCE, changes.next()).await {
        Ok(Some(change)) => Ok(Some(change?.event.light)),
        Ok(None) => Err(ClientError::Closed),
        Err(_) => Ok(None),
    }
}
