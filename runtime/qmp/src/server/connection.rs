//! One client's connection: reads, hands requests to the session and the service, sends replies and events.
//!
//! One task, no task per request: each read yields all complete requests, their handlers run one after the other, and their
//! replies leave together. While bytes are unsent nothing is read, so a client that does not read is held back by its own
//! socket. A handler that is not ready at once is waited for together with events, and, where the client negotiated
//! out-of-band execution, together with further input.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use tracing::Instrument;

use super::outbox::{BATCH, Outbox, wait_a_turn};
use super::trace::{self, Trace};
use crate::Error;
use crate::command::Service;
use crate::context::Context;
use crate::events::{EventSink, Mailbox, Subscription};
use crate::json;
use crate::policy::Policy;
use crate::protocol::{Call, Preconfig, Session, Step, Version};
use crate::transport::Stream;
use crate::visit::Encoder;

/// In-band requests that wait behind the one being executed, when out-of-band execution is on. One more, and nothing is
/// read until a reply is sent: an out-of-band request behind it waits too (QMP specification, "Out-of-band execution").
const QUEUE: usize = 8;

/// What all connections of a server share.
pub(super) struct Shared {
    pub(super) service: Rc<dyn Service>,
    pub(super) version: Version,
    pub(super) events: EventSink,
    pub(super) policy: Policy,
    pub(super) preconfig: Preconfig,
}

impl Shared {
    /// The name of a command that is called.
    fn name(&self, call: &Call<'_>) -> &str {
        self.service.command(call.index).map_or("", |info| info.name)
    }
}

/// A client's connection.
pub(super) struct Connection {
    shared: Rc<Shared>,
    context: Rc<Context>,
    stream: Stream,
    input: json::Stream,
    /// Descriptors that came with the last input and belong to the next request that is complete.
    arrived: Vec<OwnedFd>,
    session: Session,
    subscription: Option<Subscription>,
    outbox: Outbox,
    /// What a handler writes; kept for its allocation.
    value: Encoder,
    /// Input taken in while a handler runs, out-of-band mode only.
    queue: VecDeque<Queued>,
    ended: bool,
}

/// A request that waits its turn, and the descriptors that came with it.
struct Queued {
    text: Result<Box<[u8]>, Error>,
    fds: Vec<OwnedFd>,
}

impl Connection {
    /// Serves one client until it leaves, the connection breaks or the mailbox says to close.
    pub(super) async fn serve(
        shared: Rc<Shared>,
        context: Context,
        stream: Stream,
        mailbox: Arc<Mailbox>,
        pretty: bool,
    ) -> io::Result<()> {
        let mut outbox = Outbox::new(mailbox, pretty);
        let session = Session::open(&shared.version, shared.policy, shared.preconfig.clone(), &mut outbox.text);
        let value = Encoder::under(shared.policy);
        let mut connection = Self {
            shared,
            context: Rc::new(context),
            stream,
            input: json::Stream::new(),
            arrived: Vec::new(),
            session,
            subscription: None,
            outbox,
            value,
            queue: VecDeque::new(),
            ended: false,
        };
        let outcome = connection.run().await;
        // A handler may have kept its context; descriptors go with the client.
        drop(connection.context.take_fds());
        connection.stream.finish();
        outcome
    }

    async fn run(&mut self) -> io::Result<()> {
        loop {
            self.outbox.collect_mail();
            self.outbox.flush(&self.stream).await?;
            if self.ended || self.outbox.closing() {
                return Ok(());
            }
            self.outbox.trim();
            self.wait().await?;
            self.answer_all().await?;
        }
    }

    /// Waits for input or mail.
    async fn wait(&mut self) -> io::Result<()> {
        tokio::select! {
            biased;
            read = receive(&self.stream, &mut self.input, &mut self.arrived) => self.ended = read?,
            () = self.outbox.mail() => {}
        }
        Ok(())
    }

    /// Answers every complete request at hand.
    async fn answer_all(&mut self) -> io::Result<()> {
        loop {
            let queued = self.queue.pop_front();
            if queued.is_none() && !self.arrived.is_empty() {
                pass(&self.context, std::mem::take(&mut self.arrived));
            }
            let more = match queued {
                Some(queued) => self.answer_queued(queued).await.map(|()| true)?,
                None if self.session.oob() => self.answer_apart().await?,
                None => self.answer_next().await?,
            };
            if !more {
                return Ok(());
            }
            self.outbox.collect_mail();
            if self.outbox.closing() {
                return Ok(());
            }
            if self.outbox.unsent() >= BATCH {
                self.outbox.flush(&self.stream).await?;
            }
        }
    }

    /// Answers the next request straight from the input buffer; `false` when there is none.
    async fn answer_next(&mut self) -> io::Result<bool> {
        let Self { shared, context, stream, input, session, outbox, value, .. } = self;
        match input.next() {
            None => return Ok(false),
            Some(Err(error)) => {
                trace::malformed(context, &error);
                Session::reject(&error.into(), &mut outbox.text);
            }
            Some(Ok(frame)) => {
                match session.handle(&frame, &*shared.service, &mut outbox.text) {
                    Step::Answered => trace::answered(context, &frame),
                    Step::Quote(quote) => {
                        trace::answered(context, &frame);
                        outbox.quote(&quote, stream).await?;
                    }
                    Step::Call(call) => {
                        let trace = Trace::begin(context, shared.name(&call), &call);
                        value.clear();
                        let result = {
                            let mut handler = pin!(invoke(shared, context, &call, value, &trace));
                            match poll_once(handler.as_mut()) {
                                Poll::Ready(result) => result,
                                Poll::Pending => tokio::select! {
                                    biased;
                                    result = handler.as_mut() => result,
                                    error = outbox.pump(stream) => {
                                        // A command that has begun is finished, whoever may still want to know.
                                        handler.await.ok();
                                        return Err(error);
                                    }
                                },
                            }
                        };
                        finish(shared, &call, result, value, outbox, trace);
                    }
                }
            }
        }
        self.subscribe();
        Ok(true)
    }

    /// Answers the next request from a copy of its text, since more input is taken in while its handler runs; `false` when
    /// there is none.
    async fn answer_apart(&mut self) -> io::Result<bool> {
        let text = match self.input.next() {
            None => return Ok(false),
            Some(Err(error)) => Err(error.into()),
            Some(Ok(frame)) => Ok(frame.text().into()),
        };
        self.answer_queued(Queued { text, fds: Vec::new() }).await?;
        Ok(true)
    }

    async fn answer_queued(&mut self, queued: Queued) -> io::Result<()> {
        if !queued.fds.is_empty() {
            pass(&self.context, queued.fds);
        }
        let text = match queued.text {
            Ok(text) => text,
            Err(error) => {
                Session::reject(&error, &mut self.outbox.text);
                return Ok(());
            }
        };
        let mut input = json::Stream::new();
        input.feed(&text);
        // A number or a word at the top is whole only when something comes after it.
        input.feed(b"\n");
        // The text was one whole request before it was put aside.
        let Some(Ok(frame)) = input.next() else {
            return Ok(());
        };
        let shared = Rc::clone(&self.shared);
        let call = match self.session.handle(&frame, &*shared.service, &mut self.outbox.text) {
            Step::Answered => {
                trace::answered(&self.context, &frame);
                return Ok(());
            }
            Step::Quote(quote) => {
                trace::answered(&self.context, &frame);
                return self.outbox.quote(&quote, &self.stream).await;
            }
            Step::Call(call) => call,
        };
        if call.oob {
            run_oob(&call, &shared, &self.context, &mut self.value, &mut self.outbox);
            return Ok(());
        }
        let context = Rc::clone(&self.context);
        let trace = Trace::begin(&context, shared.name(&call), &call);
        let mut value = std::mem::replace(&mut self.value, Encoder::under(shared.policy));
        value.clear();
        let result = {
            let mut handler = pin!(invoke(&shared, &context, &call, &mut value, &trace));
            match poll_once(handler.as_mut()) {
                Poll::Ready(result) => result,
                Poll::Pending => tokio::select! {
                    biased;
                    result = handler.as_mut() => result,
                    error = self.take_in() => {
                        handler.await.ok();
                        return Err(error);
                    }
                },
            }
        };
        finish(&shared, &call, result, &mut value, &mut self.outbox, trace);
        self.value = value;
        Ok(())
    }

    /// While an in-band handler runs: sends, queues in-band requests, answers out-of-band ones. Ends only when the client
    /// is gone.
    async fn take_in(&mut self) -> io::Error {
        if self.outbox.unsent() > 0 {
            wait_a_turn().await;
        }
        loop {
            self.sort_input();
            let room = has_room(&self.queue) && !self.ended && self.outbox.unsent() < BATCH;
            let outcome = tokio::select! {
                biased;
                sent = self.outbox.step(&self.stream) => sent,
                read = receive(&self.stream, &mut self.input, &mut self.arrived), if room => {
                    read.map(|end| self.ended = end)
                }
            };
            if let Err(error) = outcome {
                return error;
            }
        }
    }

    /// Moves complete requests from the input to the queue while there is room, answering out-of-band ones on the way.
    fn sort_input(&mut self) {
        let Self { shared, context, input, arrived, session, outbox, value, queue, .. } = self;
        while has_room(queue) && outbox.unsent() < BATCH {
            let text = match input.next() {
                None => return,
                Some(Err(error)) => Err(error.into()),
                Some(Ok(frame)) if Session::overtakes(&frame) => {
                    match session.handle(&frame, &*shared.service, &mut outbox.text) {
                        Step::Answered => trace::answered(context, &frame),
                        // Rare enough to be copied: the schema must let it overtake.
                        Step::Quote(quote) => {
                            trace::answered(context, &frame);
                            outbox.text.raw(quote.text.as_bytes());
                            quote.finish(&mut outbox.text);
                        }
                        Step::Call(call) => {
                            // Its own descriptors, not those of the requests it overtakes.
                            let waiting = context.exchange_fds(std::mem::take(arrived));
                            run_oob(&call, shared, context, value, outbox);
                            *arrived = context.exchange_fds(waiting);
                        }
                    }
                    continue;
                }
                Some(Ok(frame)) => Ok(frame.text().into()),
            };
            queue.push_back(Queued { text, fds: std::mem::take(arrived) });
        }
    }

    /// Lets events in as soon as negotiation is over: the reply to it comes before the first of them.
    fn subscribe(&mut self) {
        if self.subscription.is_none() && self.session.negotiated() {
            self.subscription = Some(self.shared.events.subscribe(self.outbox.mailbox()));
        }
    }
}

/// Whether another request may wait. Eight may, unless they are so large that a hostile client could fill the memory.
fn has_room(queue: &VecDeque<Queued>) -> bool {
    let bytes = |queued: &Queued| queued.text.as_ref().map_or(0, |text| text.len());
    queue.len() < QUEUE && queue.iter().map(bytes).sum::<usize>() < json::MAX_TOKEN_BYTES
}

/// Runs a command's handler.
fn invoke<'a>(
    shared: &'a Shared,
    context: &'a Context,
    call: &Call<'a>,
    value: &'a mut Encoder,
    trace: &Trace,
) -> impl Future<Output = Result<(), Error>> + 'a {
    shared.service.call(call.index, context, call.arguments, value).instrument(trace.span.clone())
}

/// Runs a command out of band: at once, whatever else is going on.
fn run_oob(call: &Call<'_>, shared: &Shared, context: &Context, value: &mut Encoder, outbox: &mut Outbox) {
    let trace = Trace::begin(context, shared.name(call), call);
    value.clear();
    let result = trace.span.in_scope(|| shared.service.call_oob(call.index, context, call.arguments, value));
    finish(shared, call, result, value, outbox, trace);
}

/// Writes a reply, after the events that its handler emitted.
fn finish(
    shared: &Shared,
    call: &Call<'_>,
    result: Result<(), Error>,
    value: &mut Encoder,
    outbox: &mut Outbox,
    trace: Trace,
) {
    outbox.collect_mail();
    trace.end(&result);
    if !outbox.take_withheld() {
        call.finish(result, value, &mut outbox.text);
    }
    if value.len() > BATCH {
        // Kept for its allocation, but not for one of that size.
        *value = Encoder::under(shared.policy);
    }
}

/// Polls a future once without asking to be woken: whoever goes on waiting polls it again at once.
fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(Waker::noop()))
}

/// Makes descriptors available to the handler of the next request. Those that no handler took so far are closed.
fn pass(context: &Context, fds: Vec<OwnedFd>) {
    drop(context.exchange_fds(fds));
}

/// Reads what has come in; `true` at the end of the input. Dropping the future loses nothing.
///
/// Behind as much as is read at a time there is more, and others have their turn before that: a client that never pauses
/// would keep the thread, and a handler that waits, from going on.
async fn receive(stream: &Stream, input: &mut json::Stream, arrived: &mut Vec<OwnedFd>) -> io::Result<bool> {
    let mut received = stream.read().await?;
    if !received.fds.is_empty() {
        *arrived = std::mem::take(&mut received.fds);
    }
    input.feed(&received);
    let (ended, full) = (received.is_empty(), received.is_full());
    drop(received);
    if full {
        tokio::task::yield_now().await;
    }
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_requests_may_wait_unless_they_are_very_large() {
        let queued = |bytes: usize| Queued { text: Ok(vec![0; bytes].into()), fds: Vec::new() };
        let room = |sizes: &[usize]| has_room(&sizes.iter().copied().map(queued).collect());
        assert!(room(&[100; 7]) && !room(&[100; 8]));
        let half = json::MAX_TOKEN_BYTES / 2;
        assert!(room(&[half, half - 1]) && !room(&[half, half]));
        let malformed = || Queued { text: Err(Error::generic("malformed")), fds: Vec::new() };
        assert!(!has_room(&(0..8).map(|_| malformed()).collect()));
    }
}
