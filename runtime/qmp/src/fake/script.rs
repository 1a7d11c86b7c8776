//! What a test wants to become of requests.

use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::Error;
use crate::value::Dict;

/// A test's own handler: from the arguments to the return value as JSON text.
pub(super) type Handler = Box<dyn FnMut(&Dict) -> Result<String, Error> + Send>;

/// Decides whether a script is for a request.
pub(super) type Condition = Box<dyn Fn(&Dict) -> bool + Send>;

/// How a request is answered.
#[derive(Clone)]
pub(super) enum Answer {
    /// As the schema says.
    Automatic,
    /// With this return value, as JSON text.
    Returns(Arc<str>),
    /// With this error.
    Fails(Error),
    /// With what the test's handler says.
    Asks(Arc<Mutex<Handler>>),
    /// Not at all; requests after it are answered.
    Silence,
    /// Never: the command does not come to its end.
    Hang,
    /// With these bytes in the place of a reply.
    Bytes(Arc<[u8]>),
    /// With these bytes, and then the end of the connection.
    Cut(Arc<[u8]>),
}

/// What becomes of one request.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) delay: Duration,
    /// Events before the reply.
    pub(super) before: Vec<(String, Dict)>,
    /// Events behind the reply.
    pub(super) behind: Vec<(String, Dict)>,
    pub(super) answer: Answer,
}

impl Plan {
    pub(super) fn new(answer: Answer) -> Self {
        Self { delay: Duration::ZERO, before: Vec::new(), behind: Vec::new(), answer }
    }
}

/// A plan for requests of one command.
pub(super) struct Script {
    /// The command's index.
    pub(super) command: usize,
    /// How many requests it is for; `None`: any number.
    pub(super) times: Option<usize>,
    pub(super) used: usize,
    pub(super) condition: Option<Condition>,
    pub(super) plan: Plan,
    /// Where in the test it is written.
    pub(super) place: &'static Location<'static>,
}

impl Script {
    fn is_for(&self, command: usize, arguments: &Dict) -> bool {
        self.command == command && self.condition.as_ref().is_none_or(|condition| condition(arguments))
    }

    fn has_turns(&self) -> bool {
        self.times.is_some_and(|times| self.used < times)
    }

    /// Turns that are left over, for a script that is for a certain number of requests.
    pub(super) fn unmet(&self) -> Option<usize> {
        self.times.map(|times| times.saturating_sub(self.used)).filter(|left| *left > 0)
    }
}

/// All scripts of a fake, in the order in which the test wrote them.
#[derive(Default)]
pub(super) struct Scripts(pub(super) Vec<Script>);

impl Scripts {
    /// Takes what becomes of a request: scripts for a certain number of requests have their turn first, in their order; then
    /// the latest of those for any number.
    pub(super) fn take(&mut self, command: usize, arguments: &Dict) -> Option<Plan> {
        let counted = self.0.iter().position(|script| script.has_turns() && script.is_for(command, arguments));
        let place = counted.or_else(|| {
            self.0.iter().rposition(|script| script.times.is_none() && script.is_for(command, arguments))
        })?;
        let script = self.0.get_mut(place)?;
        script.used += 1;
        Some(script.plan.clone())
    }
}
