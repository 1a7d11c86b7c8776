//! Getting to a negotiated connection: connect, greeting, capabilities, and how often and how long to try.

use std::io;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::error::ClientError;
use super::greeting::Greeting;
use super::options::ClientOptions;
use super::wire::Wire;
use crate::Error;
use crate::json::Frame;
use crate::transport::{Address, Stream, connect};
use crate::visit::{Encoder, from_json_lenient};

/// How often a server that is not there yet is tried.
const RETRY: Duration = Duration::from_millis(20);

/// Id of the request that negotiates, the first of each connection.
pub(super) const NEGOTIATION: u64 = 1;

/// Where to connect to, as often as needed.
#[derive(Debug, Clone)]
pub(super) struct Dial {
    text: String,
    address: Address,
}

impl Dial {
    pub(super) fn new(text: &str) -> Result<Self, ClientError> {
        Ok(Self { text: text.to_owned(), address: text.parse()? })
    }

    /// Connects, without a word said.
    pub(super) async fn stream(&self) -> Result<Stream, ClientError> {
        let fail = |source| ClientError::Connect { address: self.text.clone(), source };
        connect(&self.address.endpoint).await.map_err(fail)
    }

    /// Connects; tries until it works if the options say so.
    pub(super) async fn stream_when_there(&self, wait: bool, last: &mut String) -> Result<Stream, ClientError> {
        loop {
            match self.stream().await {
                Err(ClientError::Connect { source, .. }) if wait && is_not_there(&source) => *last = source.to_string(),
                other => return other,
            }
            sleep(RETRY).await;
        }
    }

    /// The first connection of a client, within its connect time-out.
    pub(super) async fn first(&self, options: &ClientOptions) -> Result<(Wire, Greeting), ClientError> {
        let mut last = "connecting takes too long".to_owned();
        let set_up = async {
            let stream = self.stream_when_there(options.wait_until_there, &mut last).await?;
            UNGREETED.clone_into(&mut last);
            negotiate(stream, options).await
        };
        match limited(options.connect_timeout, set_up).await {
            Ok(done) => done,
            Err(after) => Err(ClientError::ConnectTimeout { address: self.text.clone(), after, last }),
        }
    }

    /// One try to connect again.
    pub(super) async fn again(&self, options: &ClientOptions) -> Result<(Wire, Greeting), ClientError> {
        self.first(&ClientOptions { wait_until_there: false, ..options.clone() }).await
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// What is wrong when a connection was accepted and nothing was said.
const UNGREETED: &str = "it accepts connections but does not greet; another client may hold the monitor";

/// Negotiates on a stream that somebody else connected.
pub(super) async fn over(stream: Stream, options: &ClientOptions) -> Result<(Wire, Greeting), ClientError> {
    match limited(options.connect_timeout, negotiate(stream, options)).await {
        Ok(done) => done,
        Err(after) => {
            let address = "the given stream".to_owned();
            Err(ClientError::ConnectTimeout { address, after, last: UNGREETED.to_owned() })
        }
    }
}

/// Waits for a future within a limit, if there is one; an error is the limit that has passed.
pub(super) async fn limited<T>(limit: Option<Duration>, future: impl Future<Output = T>) -> Result<T, Duration> {
    match limit {
        Some(limit) => timeout(limit, future).await.map_err(|_| limit),
        None => Ok(future.await),
    }
}

/// Whether somebody may be there in a moment.
fn is_not_there(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, ConnectionReset, NotFound};
    matches!(error.kind(), NotFound | ConnectionRefused | ConnectionReset)
}

async fn negotiate(stream: Stream, options: &ClientOptions) -> Result<(Wire, Greeting), ClientError> {
    let mut wire = Wire::new(stream);
    let greeting = wire.message(|message| Greeting::read(&message.to_value())).await.map_err(no_server)?;
    let greeting = greeting
        .unwrap_or_else(|| Err(ClientError::Greeting("it closed the connection without a greeting".to_owned())))?;
    let oob = options.oob && greeting.offers_oob();
    let mut request = Encoder::new();
    request.raw(br#"{"execute": "qmp_capabilities""#);
    if oob {
        request.raw(br#", "arguments": {"enable": ["oob"]}"#);
    }
    request.raw(format!(", \"id\": {NEGOTIATION}}}\r\n").as_bytes());
    wire.send_all(request.as_bytes()).await?;
    let command = "qmp_capabilities".to_owned();
    loop {
        match wire.message(negotiated).await.map_err(no_server)? {
            None => return Err(ClientError::Closed),
            Some(None) => {}
            Some(Some(Ok(()))) => return Ok((wire, greeting)),
            Some(Some(Err(error))) => return Err(ClientError::Command { command, error }),
        }
    }
}

/// What a message says of the negotiation; `None` for others, which may come before: an event that another of the server's
/// threads emits just then, or the late reply to what the monitor's previous client asked.
fn negotiated(message: &Frame<'_>) -> Option<Result<(), Error>> {
    let other_id = message.get("id").is_some_and(|id| id.to_value().as_u64() != Some(NEGOTIATION));
    if other_id || message.get("event").is_some() {
        return None;
    }
    Some(match message.get("error") {
        Some(error) => Err(from_json_lenient(error.text()).unwrap_or_else(|error| error)),
        None if message.get("return").is_some() => Ok(()),
        None => Err(Error::generic(format!("the server answered {:.100}", message.to_value().to_string()))),
    })
}

/// What fails before negotiation is through: text that is not JSON does not come from a server.
fn no_server(error: io::Error) -> ClientError {
    match error.kind() {
        io::ErrorKind::InvalidData => ClientError::Greeting(error.to_string()),
        _ => error.into(),
    }
}
