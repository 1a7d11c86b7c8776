//! Reports as text for people and as JSON for programs.

use std::fmt::Write as _;

use super::{Clients, Entity, Reason, Report, Totals, Usage, Verdict};
use crate::json::{Object, Value};
use crate::source::Location;

/// Version of the JSON form.
const VERSION: usize = 1;

/// Commands and events that are named as users of a type; the others are counted.
const USERS: usize = 4;

/// Appends formatted text; writing to a `String` cannot fail.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => {{ let _ = write!($out, $($arg)*); }};
}

pub(super) fn text(report: &Report) -> String {
    let mut entities: Vec<&Entity> = report.entities.iter().collect();
    entities.sort_by_key(|entity| std::cmp::Reverse(entity.verdict));
    let mut out = String::new();
    for entity in entities {
        put!(out, "{}: {} '{}'{}\n", entity.verdict, entity.meta, entity.name, users(&entity.used_by));
        for reason in &entity.reasons {
            put!(out, "  {}\n", sentence(reason));
            let places = [("old", &reason.old), ("new", &reason.new)].into_iter();
            let places = places.filter_map(|(side, place)| Some(format!("{side} {}", shown(place.as_ref()?))));
            put!(out, "    {}\n", places.collect::<Vec<_>>().join(", "));
        }
    }
    let Totals { entities, unchanged, compatible, break_clients, break_strict_clients, break_servers } = report.totals;
    put!(
        out,
        "{entities} commands, events and types: {unchanged} unchanged, {compatible} compatible, {break_clients} break clients, \
         {break_strict_clients} break strict clients only, {break_servers} break servers\n"
    );
    out
}

fn sentence(reason: &Reason) -> String {
    let verdict = if reason.verdict.is_compatible() { String::new() } else { format!("{}: ", reason.verdict) };
    let usage = match reason.usage {
        Usage::Arguments => " (in arguments)",
        Usage::Replies => " (in replies)",
        Usage::Entity | Usage::Nowhere => "",
    };
    format!("{verdict}{}{usage}: {}", reason.what, reason.why)
}

fn users(names: &[String]) -> String {
    match names.len() {
        0 => String::new(),
        count if count <= USERS => format!(", part of {}", names.join(", ")),
        count => {
            let first: Vec<&str> = names.iter().take(USERS).map(String::as_str).collect();
            format!(", part of {} and {} more", first.join(", "), count - USERS)
        }
    }
}

fn shown(place: &Location) -> String {
    format!("{}:{}", place.path.display(), place.line)
}

pub(super) fn json(report: &Report) -> String {
    let mut out = Object::new();
    out.text("format", "qapi-diff");
    out.set("version", Value::number(VERSION));
    verdict(&mut out, report.verdict());
    let totals = report.totals;
    let mut counts = Object::new();
    for (name, count) in [
        ("entities", totals.entities),
        ("unchanged", totals.unchanged),
        ("compatible", totals.compatible),
        ("break-clients", totals.break_clients),
        ("break-strict-clients", totals.break_strict_clients),
        ("break-servers", totals.break_servers),
    ] {
        counts.set(name, Value::number(count));
    }
    out.set("totals", counts.into());
    out.set("entities", Value::list(report.entities.iter().map(entity)));
    Value::from(out).pretty()
}

fn entity(entity: &Entity) -> Value {
    let mut out = Object::new();
    out.text("kind", entity.meta);
    out.text("name", &entity.name);
    verdict(&mut out, entity.verdict);
    out.nonempty("used-by", entity.used_by.iter().map(Value::str).collect());
    out.set("reasons", Value::list(entity.reasons.iter().map(reason)));
    out.into()
}

fn reason(reason: &Reason) -> Value {
    let place = |place: &Location| {
        let mut out = Object::new();
        out.text("file", &place.path.to_string_lossy());
        out.set("line", Value::number(place.line));
        Value::from(out)
    };
    let mut out = Object::new();
    out.text("what", &reason.what);
    out.text("why", &reason.why);
    out.text("usage", reason.usage.name());
    verdict(&mut out, reason.verdict);
    out.some("old", reason.old.as_ref().map(place));
    out.some("new", reason.new.as_ref().map(place));
    out.into()
}

fn verdict(out: &mut Object, verdict: Verdict) {
    out.text("verdict", &verdict.to_string());
    let mut breaks = Vec::new();
    match verdict.clients {
        Clients::Fine => {}
        Clients::StrictBreak => breaks.push(Value::str("strict-clients")),
        Clients::Break => breaks.push(Value::str("clients")),
    }
    if verdict.servers {
        breaks.push(Value::str("servers"));
    }
    out.set("breaks", Value::List(breaks));
}
