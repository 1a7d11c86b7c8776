//! Executes a command, shows what comes of it, and stays with the work that it began.

use std::time::Duration;

use qapi_runtime::client::Call;
use qapi_runtime::{ClientError, Dict, Error, ErrorClass, Value};

use super::{Outcome, Shell};
use crate::display::{Quiet, Style, harmless};
use crate::progress::{Ended, Manner, Watch, Work};
use crate::schema;

/// How long to wait for an error of a command that answers nothing when it succeeds.
const SILENCE: Duration = Duration::from_secs(2);

impl Shell {
    /// Executes a command.
    pub(super) async fn call(&mut self, name: &str, arguments: Dict, out_of_band: bool, id: Option<Value>) -> Outcome {
        let Some(session) = &self.session else { return self.lost(&ClientError::Closed) };
        let call = session.peer.call(name, &arguments);
        let call = if out_of_band { call.oob() } else { call };
        let (call, silent) = match self.is_silent(name).await {
            true => (call.timeout(SILENCE), true),
            false => (call, false),
        };
        let (screen, look) = (std::sync::Arc::clone(&self.screen), self.look);
        let manner = self.watch.unwrap_or(Manner::Lines);
        let mut watch = Watch::new(&screen, &look, manner);
        let answer = self.answer(call, &mut watch).await;
        let outcome = match answer {
            None => {
                self.screen.complain("not waited for any more; the server may still execute it");
                return Outcome::Failed;
            }
            Some(Err(ClientError::Timeout { .. })) if silent => Outcome::Done,
            Some(answer) => self.show_answer(name, &arguments, id.as_ref(), answer).await,
        };
        self.warn_of_old(name, &arguments).await;
        if outcome == Outcome::Done
            && let Some(work) = Work::begun_by(name, &arguments)
        {
            watch.add(work);
        }
        if self.watch.is_none() || watch.is_done() { outcome } else { self.stay(watch, outcome).await }
    }

    /// Waits for the answer; events that come before it are shown before it. `None`: interrupted.
    async fn answer(&mut self, call: Call<Value>, watch: &mut Watch<'_>) -> Option<Result<Value, ClientError>> {
        let _quiet = self.interactive.then(Quiet::new);
        let mut events = self.session.as_mut().and_then(|session| session.events.take());
        let mut call = std::pin::pin!(call);
        let answer = loop {
            tokio::select! {
                biased;
                answer = &mut call => break Some(answer),
                event = next(&mut events) => {
                    self.show(&event);
                    learn(watch, &event);
                }
                () = interrupted(self.interactive) => break None,
            }
        };
        while let Some(event) = events.as_mut().and_then(|events| events.try_next()) {
            self.show(&event);
            learn(watch, &event);
        }
        if let Some(session) = &mut self.session {
            session.events = events;
        }
        answer
    }

    async fn show_answer(
        &mut self,
        name: &str,
        arguments: &Dict,
        id: Option<&Value>,
        answer: Result<Value, ClientError>,
    ) -> Outcome {
        match answer {
            Ok(value) => {
                if let Some(text) = self.look.returned(&value, id) {
                    self.screen.line(&text);
                }
                Outcome::Done
            }
            Err(ClientError::Command { error, .. }) => {
                let text = self.look.failed(&error, id);
                match self.look.format {
                    crate::args::Format::Raw => self.screen.line(&text),
                    crate::args::Format::Pretty => self.screen.complain(&text),
                }
                if let Some(hint) = self.advise(name, arguments, &error).await {
                    self.screen.complain(&self.look.palette.paint(Style::Faint, &hint));
                }
                Outcome::Failed
            }
            Err(error) => self.lost(&error),
        }
    }

    /// What may have been meant.
    async fn advise(&mut self, name: &str, arguments: &Dict, error: &Error) -> Option<String> {
        if !self.interactive {
            return None;
        }
        let knowledge = self.session.as_mut()?.knowledge().await.ok()?;
        if error.class() == ErrorClass::CommandNotFound && !knowledge.has_command(name) {
            if matches!(name, "exit" | "q") {
                return Some("hint: Ctrl-D or .quit leaves the shell".to_owned());
            }
            let close = knowledge.close_to(name);
            return Some(match close.is_empty() {
                true => "hint: help lists the commands".to_owned(),
                false => format!("hint: did you mean {}?", close.join(" or ")),
            });
        }
        let ty = knowledge.command(name)?.arguments();
        let given = |tag: &str| arguments.get(tag).and_then(Value::as_str).map(str::to_owned);
        let members = schema::members(ty, &given);
        let named = |argument: &str| members.iter().any(|member| member.name() == argument);
        let wrong = arguments.iter().map(|(argument, _)| argument).find(|argument| !named(argument))?;
        let open = members.iter().map(|member| member.name()).filter(|name| !arguments.contains_key(name));
        let close = schema::close(wrong, open);
        (!close.is_empty())
            .then(|| format!("hint: instead of {}, did you mean {}?", harmless(wrong), close.join(" or ")))
    }

    /// Says what of a command will go away in a later version of the server.
    async fn warn_of_old(&mut self, name: &str, arguments: &Dict) {
        let Some(session) = self.session.as_mut().filter(|_| self.interactive) else { return };
        let Ok(knowledge) = session.knowledge().await else { return };
        let Some(command) = knowledge.command(name) else { return };
        let given = |tag: &str| arguments.get(tag).and_then(Value::as_str).map(str::to_owned);
        let members = schema::members(command.arguments(), &given).into_iter();
        let old = members.filter(|member| member.has_feature("deprecated") && arguments.contains_key(member.name()));
        let old = command.has_feature("deprecated").then_some(name).into_iter().chain(old.map(|member| member.name()));
        let notes: Vec<_> = old.map(|name| format!("note: {} is deprecated", harmless(name))).collect();
        notes.iter().for_each(|note| self.screen.complain(&self.look.palette.paint(Style::Faint, note)));
    }

    /// Whether success of the command is not answered.
    async fn is_silent(&mut self, name: &str) -> bool {
        let Some(session) = self.session.as_mut().filter(|_| self.options.agent) else { return false };
        session.knowledge().await.is_ok_and(|knowledge| knowledge.silent.iter().any(|silent| silent == name))
    }

    /// Shows all work that is going on.
    pub(super) async fn watch_all(&mut self) -> Outcome {
        let (screen, look) = (std::sync::Arc::clone(&self.screen), self.look);
        let mut watch = Watch::new(&screen, &look, self.watch.unwrap_or(Manner::Lines));
        let Some(session) = &self.session else { return self.lost(&ClientError::Closed) };
        if let Ok(jobs) = session.peer.call("query-jobs", &super::nothing()).await {
            let ids = jobs.as_list().unwrap_or_default().iter().map(|job| super::text(job, "id").to_owned());
            ids.for_each(|id| watch.add(Work::Job(id)));
        }
        let going = |status: &str| !matches!(status, "" | "none" | "completed" | "failed" | "cancelled");
        if let Ok(migration) = session.peer.call("query-migrate", &super::nothing()).await
            && going(super::text(&migration, "status"))
        {
            watch.add(Work::Migration);
        }
        if let Ok(dump) = session.peer.call("query-dump", &super::nothing()).await
            && going(super::text(&dump, "status"))
        {
            watch.add(Work::Dump);
        }
        if watch.is_done() {
            self.screen.line("nothing is going on");
            return Outcome::Done;
        }
        self.stay(watch, Outcome::Done).await
    }

    /// Watches work until it ends or somebody interrupts.
    async fn stay(&mut self, mut watch: Watch<'_>, outcome: Outcome) -> Outcome {
        let Some(session) = &mut self.session else { return outcome };
        let _quiet = self.interactive.then(Quiet::new);
        let (peer, mut events) = (session.peer.clone(), session.events.take());
        let failure = loop {
            if let Err(error) = watch.look(&peer).await {
                break Some(error);
            }
            if watch.is_done() {
                break None;
            }
            let mut pause = std::pin::pin!(Watch::pause());
            let interrupted = loop {
                tokio::select! {
                    () = &mut pause => break false,
                    event = next(&mut events) => {
                        self.show(&event);
                        if learn(&mut watch, &event) {
                            break false;
                        }
                    }
                    () = interrupted(self.interactive) => break true,
                }
            };
            if interrupted {
                break None;
            }
        };
        if let Some(session) = &mut self.session {
            session.events = events;
        }
        let ended = watch.leave(failure.is_none());
        match failure {
            Some(error) => self.lost(&error),
            None if ended == Ended::Badly => Outcome::Failed,
            None => outcome,
        }
    }
}

/// Lets a watch know of an event; whether it is worth a look at once.
fn learn(watch: &mut Watch<'_>, event: &super::Event) -> bool {
    event.as_ref().is_ok_and(|event| watch.learn(event))
}

/// The next event; never, if there are none or no more.
async fn next(events: &mut Option<super::Events>) -> super::Event {
    loop {
        match events {
            Some(stream) => match stream.next().await {
                Some(event) => return event,
                None => *events = None,
            },
            None => std::future::pending().await,
        }
    }
}

/// Waits for Ctrl-C. A script dies of it as any program does.
async fn interrupted(interactive: bool) {
    if !interactive || tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
