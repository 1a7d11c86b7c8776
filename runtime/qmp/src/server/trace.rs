//! What is told to `tracing` about requests. Nothing is formatted, and no clock is read, unless somebody listens.

use std::fmt;
use std::time::Instant;

use tracing::Span;

use crate::Error;
use crate::context::Context;
use crate::json::{Frame, SyntaxError};
use crate::protocol::Call;

/// Target of spans and events about requests; documented at [`Server`](crate::Server).
const REQUESTS: &str = "qapi_runtime::requests";

/// Bytes of a request or id that are shown.
const SHOWN: usize = 200;

/// A request on its way through a handler.
pub(super) struct Trace {
    pub(super) span: Span,
    begun: Option<Instant>,
}

impl Trace {
    pub(super) fn begin(context: &Context, command: &str, call: &Call<'_>) -> Self {
        let span = tracing::debug_span!(
            target: REQUESTS,
            "request",
            monitor = context.monitor(),
            session = context.session(),
            command,
            oob = call.oob,
            id = call.id().map(|id| tracing::field::display(Text(id.text()))),
        );
        let begun = (!span.is_disabled()).then(Instant::now);
        Self { span, begun }
    }

    /// Tells of the outcome and of the time since the beginning.
    pub(super) fn end(self, result: &Result<(), Error>) {
        let Some(begun) = self.begun else { return };
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.span.in_scope(|| match result {
            Ok(()) => tracing::debug!(target: REQUESTS, micros, "done"),
            Err(error) => {
                tracing::debug!(target: REQUESTS, micros, class = error.class().as_str(), desc = error.desc(), "failed");
            }
        });
    }
}

/// Tells of a request that the session itself has answered.
pub(super) fn answered(context: &Context, frame: &Frame<'_>) {
    let (monitor, session) = (context.monitor(), context.session());
    tracing::debug!(target: REQUESTS, monitor, session, request = %Text(frame.text()), "answered without a handler");
}

/// Tells of input that is no request.
pub(super) fn malformed(context: &Context, error: &SyntaxError) {
    let (monitor, session) = (context.monitor(), context.session());
    tracing::debug!(target: REQUESTS, monitor, session, %error, "malformed input");
}

/// The beginning of a text that need not be valid, in one line.
struct Text<'a>(&'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.get(..SHOWN).unwrap_or(self.0);
        // Quotes are part of the text; everything else that could upset a log is escaped.
        for chunk in shown.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c.is_control() {
                    true => write!(f, "{}", c.escape_default())?,
                    false => write!(f, "{c}")?,
                }
            }
            write!(f, "{}", chunk.invalid().escape_ascii())?;
        }
        f.write_str(if shown.len() < self.0.len() { "…" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_one_short_line() {
        assert_eq!(Text(b"{'a': \"b\n\xff\"}").to_string(), "{'a': \"b\\n\\xff\"}");
        assert_eq!(Text(&[b'x'; 300]).to_string().chars().count(), SHOWN + 1);
    }
}
