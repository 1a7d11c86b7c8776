//! Replies, errors and events as text, for people or for programs.

mod colour;
mod json;
mod quiet;
mod screen;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Local, TimeZone};
use qapi_runtime::client::{AnyEvent, Received};
use qapi_runtime::{Dict, Error, Value};

use crate::args::Format;

pub(crate) use colour::{Palette, Style};
pub(crate) use quiet::Quiet;
pub(crate) use screen::{Screen, columns};

/// How things are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) format: Format,
    pub(crate) palette: Palette,
    /// Columns to keep to.
    pub(crate) width: usize,
}

impl Look {
    /// What a command returned. Nothing to show for people when it returned nothing.
    pub(crate) fn returned(&self, value: &Value, id: Option<&Value>) -> Option<String> {
        match self.format {
            Format::Raw => Some(message("return", value.clone(), id)),
            Format::Pretty if value.as_dict().is_some_and(Dict::is_empty) => None,
            Format::Pretty => Some(match value {
                // The answer of the monitor for people is a page of text.
                Value::String(text) if text.contains('\n') => page(text),
                value => json::pretty(value, self.width, self.palette),
            }),
        }
    }

    /// The server's error.
    pub(crate) fn failed(&self, error: &Error, id: Option<&Value>) -> String {
        let class = error.class().as_str();
        match self.format {
            Format::Raw => {
                let error: Dict = [("class", class), ("desc", error.desc())].into_iter().collect();
                message("error", error.into(), id)
            }
            Format::Pretty => format!("{}: {}", self.palette.paint(Style::Error, class), harmless(error.desc())),
        }
    }

    /// An event.
    pub(crate) fn event(&self, received: &Received<AnyEvent>) -> String {
        let Received { time, event } = received;
        match self.format {
            Format::Raw => raw_event(*time, event),
            Format::Pretty => self.event_at(DateTime::<Local>::from(*time), event),
        }
    }

    /// An event for people, on one line.
    fn event_at<Z: TimeZone>(&self, time: DateTime<Z>, event: &AnyEvent) -> String
    where
        Z::Offset: std::fmt::Display,
    {
        let time = self.palette.paint(Style::Faint, &time.format("%H:%M:%S%.3f").to_string());
        let name = self.palette.paint(Style::Event, &harmless(&event.name));
        let data = json::members(&event.data, self.palette);
        [time, name, data].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// Something wrong with a line, with the place marked below it.
    pub(crate) fn misread(&self, text: &str, place: &Range<usize>, message: &str) -> String {
        let error = self.palette.paint(Style::Error, "error");
        let marked = mark(text, place)
            .map(|(line, marks)| format!("\n  {line}\n  {}", self.palette.paint(Style::Error, &marks)));
        format!("{error}: {message}{}", marked.unwrap_or_default())
    }
}

/// The line that a place is in, and carets below the place.
fn mark(text: &str, place: &Range<usize>) -> Option<(String, String)> {
    let before = text.get(..place.start)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..)?.lines().next().unwrap_or_default();
    let column = text.get(start..place.start)?.chars().count();
    let marked = text.get(place.clone()).unwrap_or_default().lines().next().map_or(0, |part| part.chars().count());
    // Tabs would move the marks.
    Some((harmless(&line.replace('\t', " ")), format!("{}{}", " ".repeat(column), "^".repeat(marked.max(1)))))
}

/// A message as it went over the wire, without what this client added to it.
fn message(kind: &str, value: Value, id: Option<&Value>) -> String {
    let mut message = Dict::new();
    message.insert(kind, value);
    if let Some(id) = id {
        message.insert("id", id.clone());
    }
    Value::Dict(message).to_string()
}

fn raw_event(time: SystemTime, event: &AnyEvent) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut stamp = Dict::new();
    stamp.insert("seconds", since.as_secs());
    stamp.insert("microseconds", since.subsec_micros());
    let mut message = Dict::new();
    message.insert("timestamp", stamp);
    message.insert("event", event.name.clone());
    if !event.data.is_empty() {
        message.insert("data", event.data.clone());
    }
    Value::Dict(message).to_string()
}

/// Text of several lines as it is.
fn page(text: &str) -> String {
    text.lines().map(|line| harmless(&line.replace('\t', "    "))).collect::<Vec<_>>().join("\n")
}

/// Text of a peer, without characters that could steer the terminal.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
