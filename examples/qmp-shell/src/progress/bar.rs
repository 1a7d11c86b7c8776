//! Bars, drawn as text.

use std::time::Duration;

use super::meter::Meters;
use super::report::{Report, Work};
use crate::display::{Look, Style, harmless};

/// Columns of a bar at most.
const LONGEST: usize = 40;
/// A shorter one says nothing.
const SHORTEST: usize = 8;

/// Work on one line, no longer than the terminal is wide.
pub(super) fn bar(work: &Work, report: &Report, meters: &Meters, look: &Look) -> String {
    let label = format!("{} {}", harmless(work.name()), harmless(&report.detail));
    let mut facts = Vec::new();
    let fraction = (report.total > 0).then(|| (report.done as f64 / report.total as f64).clamp(0.0, 1.0));
    if let Some(fraction) = fraction {
        facts.push(format!("{:3.0} %", (fraction * 100.0).floor()));
    }
    if report.bytes
        && let Some(rate) = meters.moved.rate()
    {
        facts.push(format!("{}/s", bytes(rate)));
    }
    if let Some(left) =
        meters.done.left(report.total.saturating_sub(report.done)).filter(|_| report.done < report.total)
    {
        facts.push(format!("{} left", clock(left)));
    }
    let facts = facts.join("  ");
    // The last column stays free: some terminals would wrap.
    let room = look.width.saturating_sub(label.chars().count() + facts.chars().count() + 5);
    let drawn = match fraction {
        Some(fraction) if room >= SHORTEST => draw(fraction, room.min(LONGEST), look),
        _ => String::new(),
    };
    if drawn.is_empty() {
        return format!("{label}  {facts}").trim_end().chars().take(look.width.saturating_sub(1)).collect();
    }
    format!("{label}  {drawn}  {facts}")
}

fn draw(fraction: f64, columns: usize, look: &Look) -> String {
    // Both are small and not negative.
    let full = ((fraction * columns as f64) as usize).min(columns);
    let done = look.palette.paint(Style::Good, &"━".repeat(full));
    done + &look.palette.paint(Style::Faint, &"─".repeat(columns - full))
}

/// Bytes with a binary unit and three digits or so.
pub(super) fn bytes(count: f64) -> String {
    let mut count = count;
    for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
        if count < 1000.0 || unit == "TiB" {
            let decimals = usize::from(unit != "B" && count < 99.95);
            return format!("{count:.decimals$} {unit}");
        }
        count /= 1024.0;
    }
    String::new()
}

/// How much was moved, to stand behind a sentence; nothing if that is not known.
pub(super) fn amount(count: u64) -> String {
    if count > 0 { format!(": {}", bytes(count as f64)) } else { String::new() }
}

/// Minutes and seconds, and hours where there are any; at least a second.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A duration that was measured: to a tenth of a second while that matters.
pub(super) fn took(time: Duration) -> String {
    if time < Duration::from_secs(60) { format!("{:.1} s", time.as_secs_f64()) } else { clock(time) }
}
