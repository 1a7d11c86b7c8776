//! How a test says what becomes of requests.

use std::marker::PhantomData;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::script::{Answer, Condition, Plan, Script};
use super::state::Shared;
use super::{object, value};
use crate::command::Event;
use crate::value::Dict;
use crate::visit::{Visit, from_value_lenient, to_json, to_value};
use crate::{Error, json};

/// What is to become of requests for a command, until it is said by one of [`returns`](On::returns), [`fails`](On::fails),
/// [`answers`](On::answers) and the others that end the sentence.
///
/// ```
/// # use qapi_runtime::{Error, fake::Fake};
/// # let schema = r#"[{"name": "stop", "meta-type": "command", "arg-type": "0", "ret-type": "0"},
/// #   {"name": "STOP", "meta-type": "event", "arg-type": "0"},
/// #   {"name": "0", "meta-type": "object", "members": []}]"#;
/// # let fake = Fake::start(schema)?;
/// // The first request is refused; the second is answered behind an event; all that follow are answered as the schema says.
/// fake.on_name("stop").once().fails(Error::generic("not now"));
/// fake.on_name("stop").once().emit_json("STOP", "{}").returns_json("{}");
/// # Ok::<(), qapi_runtime::fake::FakeError>(())
/// ```
///
/// Where several are for one request, those for a certain number ([`once`](On::once), [`times`](On::times)) have their turn
/// first, in the order in which they were written, and [`Fake::verify`](super::Fake::verify) expects that they had it. Then
/// comes the latest of those for any number, and then the automatic answer.
///
/// `A` are the arguments, `R` is what is returned.
#[must_use = "it says nothing until the answer is given, such as by `returns`"]
pub struct On<'f, A, R> {
    shared: &'f Arc<Shared>,
    command: usize,
    times: Option<usize>,
    condition: Option<Condition>,
    plan: Plan,
    unchecked: bool,
    types: PhantomData<fn(A) -> R>,
}

impl<'f, A: Visit + Default, R: Visit> On<'f, A, R> {
    #[track_caller]
    pub(super) fn new(shared: &'f Arc<Shared>, command: &str) -> Self {
        let plan = Plan::new(Answer::Automatic);
        let command = shared.must_be_command(command);
        Self { shared, command, times: None, condition: None, plan, unchecked: false, types: PhantomData }
    }

    /// For one request.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// For so many requests.
    pub fn times(self, times: usize) -> Self {
        Self { times: Some(times), ..self }
    }

    /// For requests with arguments of which this is true. When it panics the command fails, and
    /// [`Fake::verify`](super::Fake::verify) panics with its message.
    pub fn when(self, condition: impl Fn(&A) -> bool + Send + 'static) -> Self
    where
        A: 'static,
    {
        let condition =
            move |arguments: &Dict| arguments_of::<A>(arguments).is_ok_and(|arguments| condition(&arguments));
        Self { condition: Some(Box::new(condition)), ..self }
    }

    /// Waits before the answer. A command executed out of band never waits.
    pub fn after(mut self, delay: Duration) -> Self {
        self.plan.delay = delay;
        self
    }

    /// Sends an event before the answer.
    ///
    /// # Panics
    /// The fake's schema has no such event, or another type for its data.
    #[track_caller]
    pub fn emit<E: Event>(self, event: &E) -> Self {
        self.emit_raw(E::NAME, to_value(event).as_dict().cloned().unwrap_or_default())
    }

    /// The same for an event without a type.
    ///
    /// # Panics
    /// As [`emit`](Self::emit).
    #[track_caller]
    pub fn emit_raw(mut self, event: &str, data: Dict) -> Self {
        self.shared.must_be_event(event, &data);
        self.plan.before.push((event.to_owned(), data));
        self
    }

    /// The same for an event whose data is JSON text.
    ///
    /// # Panics
    /// As [`emit`](Self::emit); also when the text is no JSON object.
    #[track_caller]
    pub fn emit_json(self, event: &str, data: &str) -> Self {
        self.emit_raw(event, object(data))
    }

    /// Sends an event right behind the answer.
    ///
    /// # Panics
    /// As [`emit`](Self::emit).
    #[track_caller]
    pub fn then_emit<E: Event>(self, event: &E) -> Self {
        self.then_emit_raw(E::NAME, to_value(event).as_dict().cloned().unwrap_or_default())
    }

    /// The same for an event without a type.
    ///
    /// # Panics
    /// As [`emit`](Self::emit).
    #[track_caller]
    pub fn then_emit_raw(mut self, event: &str, data: Dict) -> Self {
        self.shared.must_be_event(event, &data);
        self.plan.behind.push((event.to_owned(), data));
        self
    }

    /// The same for an event whose data is JSON text.
    ///
    /// # Panics
    /// As [`emit`](Self::emit); also when the text is no JSON object.
    #[track_caller]
    pub fn then_emit_json(self, event: &str, data: &str) -> Self {
        self.then_emit_raw(event, object(data))
    }

    /// Takes the answer as it is, whether or not it is of the type that the schema gives.
    pub fn unchecked(self) -> Self {
        Self { unchecked: true, ..self }
    }

    /// Answers as the schema says, which needs saying where events, a delay or a number of times go with it.
    #[track_caller]
    pub fn automatically(self) {
        self.ends(Answer::Automatic);
    }

    /// Returns this.
    ///
    /// # Panics
    /// It is not of the type that the fake's schema gives, unless [`unchecked`](Self::unchecked).
    #[track_caller]
    pub fn returns(self, reply: R) {
        let text = to_json(&reply);
        if !self.unchecked {
            self.shared.must_be_return(self.command, &value(&text));
        }
        self.ends(Answer::Returns(text.into()));
    }

    /// Returns what this JSON text says.
    ///
    /// # Panics
    /// The text is no JSON; or as for [`returns`](Self::returns).
    #[track_caller]
    pub fn returns_json(self, reply: &str) {
        let reply = value(reply);
        if !self.unchecked {
            self.shared.must_be_return(self.command, &reply);
        }
        self.ends(Answer::Returns(to_json(&reply).into()));
    }

    /// Fails with this error.
    #[track_caller]
    pub fn fails(self, error: Error) {
        self.ends(Answer::Fails(error));
    }

    /// Answers as `handler` does, which is called on the server's thread. When it panics the command fails, and
    /// [`Fake::verify`](super::Fake::verify) panics with its message.
    #[track_caller]
    pub fn answers(self, mut handler: impl FnMut(A) -> Result<R, Error> + Send + 'static)
    where
        A: 'static,
        R: 'static,
    {
        let shared = Arc::downgrade(self.shared);
        let (command, unchecked) = (self.command, self.unchecked);
        let handler = move |arguments: &Dict| {
            let reply = to_json(&handler(arguments_of(arguments)?)?);
            let shared = shared.upgrade().filter(|_| !unchecked);
            if let (Some(shared), Ok(value)) = (shared, json::parse(reply.as_bytes())) {
                shared.must_be_return(command, &value);
            }
            Ok(reply)
        };
        self.ends(Answer::Asks(Arc::new(Mutex::new(Box::new(handler)))));
    }

    /// Gives no answer, as commands that end the server do; requests behind it are answered.
    #[track_caller]
    pub fn stays_silent(self) {
        self.ends(Answer::Silence);
    }

    /// Never comes to its end: requests behind it wait, but for those out of band. A command executed out of band stays
    /// silent instead.
    #[track_caller]
    pub fn hangs(self) {
        self.ends(Answer::Hang);
    }

    /// Sends these bytes in the place of a reply. A reply ends in CR LF.
    #[track_caller]
    pub fn sends(self, bytes: impl AsRef<[u8]>) {
        self.ends(Answer::Bytes(bytes.as_ref().into()));
    }

    /// Closes the client's connection without an answer.
    #[track_caller]
    pub fn disconnects(self) {
        self.disconnects_after("");
    }

    /// Closes the client's connection after these bytes, such as the first half of a reply.
    #[track_caller]
    pub fn disconnects_after(self, bytes: impl AsRef<[u8]>) {
        self.ends(Answer::Cut(bytes.as_ref().into()));
    }

    #[track_caller]
    fn ends(self, answer: Answer) {
        let plan = Plan { answer, ..self.plan };
        let (command, times, condition) = (self.command, self.times, self.condition);
        self.shared.add(Script { command, times, used: 0, condition, plan, place: Location::caller() });
    }
}

/// Arguments as a test wants them. They fit the schema; its own types may be of another version.
fn arguments_of<A: Visit + Default>(arguments: &Dict) -> Result<A, Error> {
    from_value_lenient(&arguments.clone().into())
}
