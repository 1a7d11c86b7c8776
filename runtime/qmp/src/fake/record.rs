//! What a fake was asked, and how a test looks at it.

use std::fmt;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::Fake;
use super::state::State;
use crate::Error;
use crate::command::Command;
use crate::value::Dict;
use crate::visit::{from_value_lenient, to_json, to_value};

/// A request that a fake was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Which client sent it: a number that is never used twice.
    pub client: u64,
    /// The command.
    pub command: String,
    /// Its arguments.
    pub arguments: Dict,
    /// Whether it was to be executed out of band.
    pub oob: bool,
    /// The error it was refused with because its arguments are not as the schema says.
    pub refused: Option<Error>,
}

/// The command and its arguments as JSON.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.command)?;
        if !self.arguments.is_empty() {
            write!(f, " {}", to_json(&self.arguments))?;
        }
        match &self.refused {
            Some(error) => write!(f, " (refused: {error})"),
            None => Ok(()),
        }
    }
}

impl Fake {
    /// What was asked so far, by all clients, in the order in which it was taken up. What the protocol itself answers is not
    /// among it: negotiation, `query-commands`, `query-qmp-schema`, and requests for commands that do not exist.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// The arguments of all requests for the command `C`, refused ones left out.
    ///
    /// # Panics
    /// Arguments that fit the fake's schema do not fit `C`.
    #[track_caller]
    pub fn received<C: Command>(&self) -> Vec<C> {
        let state = self.shared.lock();
        let ours = state.requests.iter().filter(|request| request.command == C::NAME && request.refused.is_none());
        let read = |request: &Request| from_value_lenient(&request.arguments.clone().into());
        let read: Result<Vec<C>, Error> = ours.map(read).collect();
        drop(state);
        read.unwrap_or_else(|error| panic!("the arguments of a request for '{}' are of another type: {error}", C::NAME))
    }

    /// Forgets what was asked so far.
    pub fn forget_requests(&self) {
        self.shared.lock().requests.clear();
    }

    /// Waits until a request for the command has come, and gives the latest. In a test that runs on the same thread as its
    /// client, [`asked`](Self::asked) is for that.
    ///
    /// # Panics
    /// None has come in that time.
    #[track_caller]
    pub fn wait_for(&self, command: &str, timeout: Duration) -> Request {
        self.shared.must_be_command(command);
        let end = Instant::now() + timeout;
        let mut state = self.shared.lock();
        loop {
            if let Some(request) = latest(&state, command) {
                return request;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(state);
                panic!("nobody asked for '{command}' in {timeout:?}\n{}", self.account());
            }
            state = match self.shared.asked_sync.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Waits until a request for the command has come, and gives the latest.
    pub async fn asked(&self, command: &str) -> Request {
        loop {
            let next = self.shared.asked.notified();
            let mut next = std::pin::pin!(next);
            // Before looking: what comes in between is not missed.
            next.as_mut().enable();
            let found = latest(&self.shared.lock(), command);
            match found {
                Some(request) => return request,
                None => next.await,
            }
        }
    }

    /// Makes sure that these commands were asked for, in this order, and no others.
    ///
    /// # Panics
    /// They were not; the message lists what was.
    #[track_caller]
    pub fn assert_asked(&self, commands: &[&str]) {
        let requests = self.requests();
        let asked: Vec<&str> = requests.iter().map(|request| request.command.as_str()).collect();
        if asked != commands {
            panic!("expected requests: {}\n{}", commands.join(", "), self.account());
        }
    }

    /// Makes sure that a request with just these arguments came.
    ///
    /// # Panics
    /// None did; the message lists what came.
    #[track_caller]
    pub fn assert_received<C: Command>(&self, command: &C) {
        let wanted = to_value(command);
        let wanted = wanted.as_dict().cloned().unwrap_or_default();
        let came = self.requests().iter().any(|request| request.command == C::NAME && request.arguments == wanted);
        if !came {
            panic!("expected a request: {} {}\n{}", C::NAME, to_json(&wanted), self.account());
        }
    }

    /// Makes sure that nobody asked for the command `C`.
    ///
    /// # Panics
    /// Somebody did; the message lists what was asked.
    #[track_caller]
    pub fn assert_not_asked<C: Command>(&self) {
        if self.requests().iter().any(|request| request.command == C::NAME) {
            panic!("expected no request for {}\n{}", C::NAME, self.account());
        }
    }

    /// Makes sure that every script for a certain number of requests had its turns, and that nothing went wrong by the
    /// test's own fault: no handler panicked and, with [`Builder::scripts_only`](super::Builder::scripts_only), nothing
    /// unscripted was asked.
    ///
    /// # Panics
    /// Otherwise; the message lists what is missing, with its place in the test, and what was asked.
    #[track_caller]
    pub fn verify(&self) {
        let unmet = self.unmet();
        if !unmet.is_empty() {
            panic!("{}\n{}", unmet.join("\n"), self.account());
        }
    }

    /// What [`verify`](Self::verify) would complain about, a sentence each.
    pub fn unmet(&self) -> Vec<String> {
        let state = self.shared.lock();
        let scripts = state.scripts.0.iter().filter_map(|script| {
            let left = script.unmet()?;
            let (name, times) = (self.shared.name(script.command), if left == 1 { "time" } else { "times" });
            Some(format!("expected '{name}' {left} more {times}, as scripted at {}", script.place))
        });
        state.mistakes.iter().cloned().chain(scripts).collect()
    }

    /// What was asked, for messages.
    fn account(&self) -> String {
        let requests = self.requests();
        if requests.is_empty() {
            return "nothing was asked".to_owned();
        }
        let mut account = "asked was:".to_owned();
        for request in requests {
            let _ = write!(account, "\n    {request}");
        }
        account
    }
}

fn latest(state: &State, command: &str) -> Option<Request> {
    state.requests.iter().rev().find(|request| request.command == command).cloned()
}
