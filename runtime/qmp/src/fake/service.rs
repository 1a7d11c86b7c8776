//! The fake as a service: what a server asks for when a request comes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use super::record::Request;
use super::script::{Answer, Handler, Plan};
use super::state::{Shared, said};
use crate::command::{Arguments, CommandInfo, Reply, Service};
use crate::value::{Dict, Value};
use crate::visit::Encoder;
use crate::{Context, Error};

pub(super) struct FakeService {
    shared: Arc<Shared>,
}

impl FakeService {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Records a request and says what becomes of it.
    fn plan(&self, index: usize, ctx: &Context, args: Arguments<'_>, oob: bool) -> (Dict, Plan) {
        let arguments = args.into_dict().unwrap_or_default();
        let refused = self.shared.check_arguments(index, &Value::Dict(arguments.clone())).err();
        let command = self.shared.name(index).to_owned();
        let request = Request { client: ctx.session(), command, arguments: arguments.clone(), oob, refused };
        (arguments, self.shared.take(index, request))
    }

    /// Answers, but for what takes time.
    fn answer(
        &self,
        index: usize,
        ctx: &Context,
        arguments: &Dict,
        plan: Plan,
        reply: &mut Encoder,
    ) -> Result<(), Error> {
        for (name, data) in &plan.before {
            ctx.events().emit_named(name, data);
        }
        self.emit_behind(plan.behind);
        match plan.answer {
            Answer::Automatic => reply.value(&self.shared.automatic(index)?),
            Answer::Returns(text) => reply.raw(text.as_bytes()),
            Answer::Fails(error) => return Err(error),
            Answer::Asks(handler) => {
                let mut handler = handler.lock().unwrap_or_else(PoisonError::into_inner);
                reply.raw(self.ask(index, &mut handler, arguments)?.as_bytes());
            }
            Answer::Silence | Answer::Hang => without_reply(ctx, b"", false),
            Answer::Bytes(bytes) => without_reply(ctx, &bytes, false),
            Answer::Cut(bytes) => without_reply(ctx, &bytes, true),
        }
        Ok(())
    }

    /// Asks the test's handler, which may panic: that is for the test to hear of, not for the server to end by.
    fn ask(&self, index: usize, handler: &mut Handler, arguments: &Dict) -> Result<String, Error> {
        catch_unwind(AssertUnwindSafe(|| handler(arguments))).unwrap_or_else(|panic| {
            let mistake = format!("the test's handler of '{}' panicked: {}", self.shared.name(index), said(&*panic));
            self.shared.lock().mistakes.push(mistake.clone());
            Err(Error::generic(mistake))
        })
    }

    /// Sends events when the reply is written: its connection goes on to that without giving way to other tasks.
    fn emit_behind(&self, events: Vec<(String, Dict)>) {
        if events.is_empty() {
            return;
        }
        let sink = self.shared.events.clone();
        tokio::task::spawn_local(async move {
            events.iter().for_each(|(name, data)| sink.emit_named(name, data));
        });
    }
}

/// Has bytes sent in the place of a reply.
fn without_reply(ctx: &Context, bytes: &[u8], close: bool) {
    let Some(mailbox) = ctx.mailbox() else { return };
    mailbox.push(&bytes.into());
    mailbox.withhold_reply();
    if close {
        mailbox.close();
    }
}

impl Service for FakeService {
    fn command(&self, index: usize) -> Option<CommandInfo<'_>> {
        self.shared.info(index)
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.shared.find(name)
    }

    fn introspection(&self) -> &str {
        &self.shared.introspection
    }

    fn call<'a>(&'a self, index: usize, ctx: &'a Context, args: Arguments<'a>, reply: &'a mut Encoder) -> Reply<'a> {
        Box::pin(async move {
            let (arguments, plan) = self.plan(index, ctx, args, false);
            if !plan.delay.is_zero() {
                let stopped = self.shared.stopped();
                tokio::select! {
                    () = tokio::time::sleep(plan.delay) => {}
                    () = stopped => {}
                }
            }
            if matches!(plan.answer, Answer::Hang) {
                self.shared.stopped().await;
                without_reply(ctx, b"", true);
                return Ok(());
            }
            self.answer(index, ctx, &arguments, plan, reply)
        })
    }

    fn call_oob(&self, index: usize, ctx: &Context, args: Arguments<'_>, reply: &mut Encoder) -> Result<(), Error> {
        let (arguments, plan) = self.plan(index, ctx, args, true);
        self.answer(index, ctx, &arguments, plan, reply)
    }
}
