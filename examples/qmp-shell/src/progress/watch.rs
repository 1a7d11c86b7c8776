//! Watching work until it ends.

use std::time::{Duration, Instant};

use qapi_runtime::client::{AnyEvent, Received};
use qapi_runtime::{ClientError, Dict, Value};

use super::bar::{amount, bar, clock, took};
use super::meter::Meters;
use super::report::{Report, State, Work};
use crate::display::{Look, Screen, Style, harmless};
use crate::session::Peer;

/// Time between two looks at work that is drawn as bars.
const POLL: Duration = Duration::from_millis(200);
/// Time between two lines about the same work.
const LINES: Duration = Duration::from_secs(5);
/// Looks at which work has to be held before that is believed: some states are passed through.
const HELD: u32 = 2;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Bars that change.
    Bars,
    /// A line now and then.
    Lines,
}

/// How watching ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    /// Some of the work failed, or waits for somebody.
    Badly,
}

/// Several pieces of work, watched together.
pub(crate) struct Watch<'a> {
    screen: &'a Screen,
    look: &'a Look,
    manner: Manner,
    items: Vec<Item>,
    begun: Instant,
    ended: Ended,
}

struct Item {
    work: Work,
    meters: Meters,
    report: Option<Report>,
    /// What an event said of its end, for jobs that are gone by then.
    verdict: Option<State>,
    /// Looks at which it was held, one after the other.
    held: u32,
    /// When the last line about it was printed.
    told: Duration,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(screen: &'a Screen, look: &'a Look, manner: Manner) -> Self {
        Self { screen, look, manner, items: Vec::new(), begun: Instant::now(), ended: Ended::Well }
    }

    /// Watches one more piece of work.
    pub(crate) fn add(&mut self, work: Work) {
        if self.items.iter().all(|item| item.work != work) {
            let told = self.begun.elapsed();
            self.items.push(Item { work, meters: Meters::default(), report: None, verdict: None, held: 0, told });
        }
    }

    /// Whether nothing is left to watch.
    pub(crate) fn is_done(&self) -> bool {
        self.items.is_empty()
    }

    /// Waits until it is time to look again.
    pub(crate) async fn pause() {
        tokio::time::sleep(POLL).await;
    }

    /// Learns from an event: that a job was made, or how a block job ended. Says whether it is worth a look at once.
    pub(crate) fn learn(&mut self, event: &Received<AnyEvent>) -> bool {
        let Received { event: AnyEvent { name, data }, .. } = event;
        let text = |key: &str| data.get(key).and_then(Value::as_str).unwrap_or_default();
        match name.as_str() {
            "JOB_STATUS_CHANGE" if text("status") == "created" => self.add(Work::Job(text("id").to_owned())),
            "BLOCK_JOB_COMPLETED" | "BLOCK_JOB_CANCELLED" => {
                let verdict = match text("error") {
                    _ if name == "BLOCK_JOB_CANCELLED" => State::Failed("it was cancelled".to_owned()),
                    "" => State::Finished(amount(data.get("len").and_then(Value::as_u64).unwrap_or(0))),
                    error => State::Failed(error.to_owned()),
                };
                let job = Work::Job(text("device").to_owned());
                if let Some(item) = self.items.iter_mut().find(|item| item.work == job) {
                    item.verdict = Some(verdict);
                }
            }
            _ => {}
        }
        let status = matches!(text("status"), "concluded" | "null" | "ready" | "completed" | "failed" | "cancelled");
        status && matches!(name.as_str(), "JOB_STATUS_CHANGE" | "MIGRATION")
    }

    /// Asks how far everything is, shows it, and lets go of what has ended.
    ///
    /// # Errors
    /// The server does not answer.
    pub(crate) async fn look(&mut self, peer: &Peer) -> Result<(), ClientError> {
        let mut replies: Vec<(&'static str, Value)> = Vec::new();
        for item in &self.items {
            let query = item.work.query();
            if replies.iter().all(|(asked, _)| *asked != query) {
                replies.push((query, peer.call(query, &Dict::new()).await?));
            }
        }
        let now = self.begun.elapsed();
        for item in &mut self.items {
            let reply = replies.iter().find(|(query, _)| *query == item.work.query()).map(|(_, reply)| reply);
            item.update(reply.and_then(|reply| item.work.report(reply)), now);
        }
        self.show(now);
        Ok(())
    }

    /// Takes the bars away, and says what goes on without being watched, as far as is known.
    pub(crate) fn leave(mut self, connected: bool) -> Ended {
        self.screen.set_bars(Vec::new());
        let names: Vec<_> = self.items.drain(..).map(|item| harmless(item.work.name())).collect();
        if connected && !names.is_empty() {
            self.screen.line(&format!("{} goes on; .watch shows it again", names.join(", ")));
        }
        self.ended
    }

    fn show(&mut self, now: Duration) {
        let (mut bars, mut lines) = (Vec::new(), Vec::new());
        let (look, manner) = (self.look, self.manner);
        let mut ended = self.ended;
        self.items.retain_mut(|item| {
            if let Some((line, well)) = item.outcome(now, look) {
                lines.push(line);
                ended = if well { ended } else { Ended::Badly };
                return false;
            }
            let Some(report) = &item.report else { return true };
            match manner {
                Manner::Bars => bars.push(bar(&item.work, report, &item.meters, look)),
                Manner::Lines if now >= item.told + LINES => {
                    item.told = now;
                    lines.push(item.line(report));
                }
                Manner::Lines => {}
            }
            true
        });
        self.ended = ended;
        if manner == Manner::Bars {
            self.screen.set_bars(bars);
        }
        for line in lines {
            match manner {
                Manner::Bars => self.screen.line(&line),
                Manner::Lines => self.screen.complain(&line),
            }
        }
    }
}

impl Item {
    fn update(&mut self, report: Option<Report>, now: Duration) {
        match report {
            Some(report) => {
                self.meters.note(now, report.moved, report.done);
                self.held = if matches!(report.state, State::Held(_)) { self.held + 1 } else { 0 };
                self.report = Some(report);
            }
            // It is gone: finished, unless an event said otherwise.
            None => {
                let state = self.verdict.take().unwrap_or(State::Finished(String::new()));
                let nothing =
                    Report { detail: String::new(), done: 0, total: 0, moved: 0, bytes: false, state: State::Running };
                self.report = Some(Report { state, ..self.report.take().unwrap_or(nothing) });
            }
        }
    }

    /// The last line about work that has ended or waits for somebody, and whether it ended well.
    fn outcome(&self, now: Duration, look: &Look) -> Option<(String, bool)> {
        let name = harmless(self.work.name());
        match &self.report.as_ref()?.state {
            State::Running => None,
            State::Held(_) if self.held < HELD => None,
            State::Held(what) => Some((format!("{name} waits: {}", harmless(what)), false)),
            State::Finished(how) => {
                let done = look.palette.paint(Style::Good, "done");
                Some((format!("{name} {done} in {}{}", took(now), harmless(how)), true))
            }
            State::Failed(why) => {
                let failed = look.palette.paint(Style::Error, "failed");
                Some((format!("{name} {failed}: {}", harmless(why)), false))
            }
        }
    }

    fn line(&self, report: &Report) -> String {
        let percent = report.done.saturating_mul(100).checked_div(report.total);
        let percent = percent.map_or_else(String::new, |percent| format!(", {percent} %"));
        let left = self.meters.done.left(report.total.saturating_sub(report.done));
        let left = left.map_or_else(String::new, |left| format!(", {} left", clock(left)));
        format!("{} {}{percent}{left}", harmless(self.work.name()), harmless(&report.detail))
    }
}
