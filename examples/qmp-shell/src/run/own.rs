//! The shell's own commands. They begin with a dot, because servers may name theirs as they like.

use qapi_runtime::Value;

use super::{Outcome, Shell, nothing, text};
use crate::args::Format;
use crate::display::Style;
use crate::{help, schema};

/// One of the shell's own commands.
pub(crate) struct Own {
    pub(crate) name: &'static str,
    takes: &'static str,
    does: &'static str,
}

/// All of them.
pub(crate) const OWN_COMMANDS: &[Own] = &[
    Own { name: "help", takes: "", does: "this list" },
    Own { name: "status", takes: "", does: "connection, machine, and what is going on" },
    Own { name: "watch", takes: "", does: "progress of what is going on; Ctrl-C leaves it" },
    Own { name: "events", takes: "[on|off]", does: "show events, or do not" },
    Own { name: "raw", takes: "", does: "show messages as they go over the wire" },
    Own { name: "pretty", takes: "", does: "show values for people" },
    Own { name: "reconnect", takes: "[ADDRESS]", does: "connect again, or to another server" },
    Own { name: "quit", takes: "", does: "leave the shell, as Ctrl-D does" },
];

impl Shell {
    /// Executes one of the shell's own commands.
    pub(super) async fn own(&mut self, line: &str, name: &str, words: &[String]) -> Outcome {
        let first = words.first().map(String::as_str);
        match (name, first) {
            ("help", topic) if !line.trim_start().starts_with('.') => self.help(line, topic).await,
            ("help", _) => self.own_help(),
            ("status", _) => self.status().await,
            ("watch", _) => self.watch_all().await,
            ("events", word) => self.set_events(word),
            ("raw", _) => self.set_format(Format::Raw),
            ("pretty", _) => self.set_format(Format::Pretty),
            ("reconnect", address) => self.reconnect(address).await,
            ("quit" | "exit", _) => Outcome::Leave,
            _ => {
                let close = schema::close(name, OWN_COMMANDS.iter().map(|own| own.name));
                let hint = close
                    .first()
                    .map_or_else(|| ".help lists them".to_owned(), |name| format!("did you mean .{name}?"));
                self.screen.complain(&format!("the shell has no command .{}; {hint}", crate::display::harmless(name)));
                Outcome::Failed
            }
        }
    }

    fn own_help(&self) -> Outcome {
        let mut text = "The shell's own commands:".to_owned();
        for Own { name, takes, does } in OWN_COMMANDS {
            let usage = format!(".{name} {takes}");
            text.push_str(&format!("\n  {}{does}", self.look.palette.paint(Style::Command, &format!("{usage:22}"))));
        }
        text.push_str(
            "\n\nThe server's commands are listed by help.\nA line that begins with a space is not kept in the history.",
        );
        self.screen.line(&text);
        Outcome::Done
    }

    async fn help(&mut self, line: &str, topic: Option<&str>) -> Outcome {
        let Some(session) = &mut self.session else { return self.lost(&qapi_runtime::ClientError::Closed) };
        let knowledge = match session.knowledge().await {
            Ok(knowledge) => knowledge,
            Err(error) => return self.lost(&error),
        };
        let text = match topic {
            None => Ok(help::commands(knowledge, &self.look)),
            Some("events") => Ok(help::events(knowledge, &self.look)),
            Some(topic) => help::topic(topic, line, knowledge, &self.look),
        };
        match text {
            Ok(text) => {
                self.screen.line(&text);
                Outcome::Done
            }
            Err(message) => {
                self.screen.complain(&message);
                Outcome::Failed
            }
        }
    }

    fn set_events(&mut self, word: Option<&str>) -> Outcome {
        match word {
            Some("on") => self.show_events = true,
            Some("off") => self.show_events = false,
            None => self.show_events = !self.show_events,
            Some(_) => {
                self.screen.complain("use .events on or .events off");
                return Outcome::Failed;
            }
        }
        self.screen.line(if self.show_events { "events are shown" } else { "events are not shown" });
        Outcome::Done
    }

    fn set_format(&mut self, format: Format) -> Outcome {
        self.look.format = format;
        Outcome::Done
    }

    async fn reconnect(&mut self, address: Option<&str>) -> Outcome {
        if let Some(address) = address {
            self.address = crate::args::complete_address(address);
        }
        match self.connect().await {
            Ok(()) => {
                self.greet().await;
                Outcome::Done
            }
            Err(error) => {
                self.screen.complain(&self.explain(&error));
                Outcome::Failed
            }
        }
    }

    /// Says who is at the other end.
    pub(super) async fn greet(&mut self) {
        let Some(session) = &mut self.session else { return };
        let title = session.peer.title();
        let known = match session.knowledge().await {
            Ok(knowledge) => match knowledge.schema.as_ref().map(|schema| schema.events().count()) {
                Some(events) => format!("{} commands, {events} events", knowledge.commands.len()),
                None => format!("{} commands, no schema", knowledge.commands.len()),
            },
            Err(error) => {
                self.lost(&error);
                return;
            }
        };
        self.screen.line(&format!("Connected to {}\n{title}; {known}", crate::display::harmless(&self.address)));
    }

    async fn status(&mut self) -> Outcome {
        self.greet().await;
        let Some(session) = &self.session else { return self.lost(&qapi_runtime::ClientError::Closed) };
        let peer = session.peer.clone();
        if let Ok(status) = peer.call("query-status", &nothing()).await {
            self.screen.line(&format!("The machine is {}", crate::display::harmless(text(&status, "status"))));
        }
        if let Ok(jobs) = peer.call("query-jobs", &nothing()).await {
            for job in jobs.as_list().unwrap_or_default() {
                let line = format!("Job {}: {} {}", text(job, "id"), text(job, "type"), text(job, "status"));
                self.screen.line(&crate::display::harmless(&line));
            }
        }
        if let Ok(migration) = peer.call("query-migrate", &nothing()).await
            && let Some(status) = migration.get("status").and_then(Value::as_str)
        {
            self.screen.line(&format!("Migration is {}", crate::display::harmless(status)));
        }
        Outcome::Done
    }
}
