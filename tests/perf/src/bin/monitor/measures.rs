//! What is measured of a running peer.

use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::Failure;
use crate::peers::Running;
use crate::wire::Wire;

/// The request of most measures.
pub(crate) const QUERY_STATUS: &[u8] = b"{\"execute\": \"query-status\"}\r\n";
const QUERY_SCHEMA: &[u8] = b"{\"execute\": \"query-qmp-schema\"}\r\n";
/// Monitors of the measure of many.
pub(crate) const MANY: usize = 64;

/// Runs `work` with this thread and the peer on one CPU: two that wake each other up measure the wake-up of a sleeping CPU.
pub(crate) fn on_one_cpu<T>(peer: &Running, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let all = sched_getaffinity(None)?;
    let first = (0..CpuSet::MAX_CPU).find(|cpu| all.is_set(*cpu)).ok_or("no CPU to run on")?;
    let mut one = CpuSet::new();
    one.set(first);
    sched_setaffinity(None, &one)?;
    peer.confine(&one)?;
    let result = work();
    peer.confine(&all)?;
    sched_setaffinity(None, &all)?;
    result
}

/// Median time of a round trip.
pub(crate) fn round_trip(wire: &mut Wire, request: &[u8], count: usize) -> Result<Duration, Failure> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let started = Instant::now();
        wire.ask(request)?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    times.get(count / 2).copied().ok_or_else(|| "nothing was measured".into())
}

/// Requests a second, sent without waiting for replies.
pub(crate) fn pipelined(wire: &mut Wire, count: usize) -> Result<f64, Failure> {
    const EACH: usize = 1000;
    let requests = QUERY_STATUS.repeat(EACH);
    let started = Instant::now();
    wire.pipeline(&requests, EACH, count)?;
    Ok(rate(count / EACH * EACH, started.elapsed()))
}

/// Requests a second of many monitors together, one under way on each.
pub(crate) fn together(wires: &mut [Wire], rounds: usize) -> Result<f64, Failure> {
    let started = Instant::now();
    for _ in 0..rounds {
        for wire in &mut *wires {
            wire.send(QUERY_STATUS)?;
        }
        for wire in &mut *wires {
            wire.line()?;
        }
    }
    Ok(rate(rounds * wires.len(), started.elapsed()))
}

/// Median time of a reply of the whole schema.
pub(crate) fn schema(wire: &mut Wire, count: usize) -> Result<Duration, Failure> {
    round_trip(wire, QUERY_SCHEMA, count)
}

/// What one more KiB of a request costs: the slope between a short and a long one. The command decodes its argument and
/// refuses for a reason of its own, so that nothing is changed and the reply stays short.
pub(crate) fn kibibyte(wire: &mut Wire, count: usize) -> Result<Duration, Failure> {
    const LONG: usize = 60;
    let short = round_trip(wire, &long_request(1), count)?;
    let long = round_trip(wire, &long_request(1 + LONG), count)?;
    Ok(long.saturating_sub(short) / u32::try_from(LONG)?)
}

fn long_request(kibibytes: usize) -> Vec<u8> {
    let uri = "x".repeat(kibibytes << 10);
    format!("{{\"execute\": \"migrate-incoming\", \"arguments\": {{\"uri\": \"{uri}\"}}}}\r\n").into_bytes()
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
