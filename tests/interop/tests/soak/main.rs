//! Sixty-four clients who ask, mistake themselves, stall, vanish in the middle of a word and drop descriptors, for as long as
//! `QAPI_SOAK_SECONDS` says, 20 if it does not: every request is answered once, and nothing is left of them. Prints what was
//! measured: `cargo test --release -p qapi-interop --test soak -- --ignored --nocapture`.

mod peer;
mod watch;

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use peer::{NAMES, Peer, Repertoire, Tally};
use qapi_interop::{PATIENCE, Qemu, Qmp, Requests, emulator};
use serde_json::json;
use watch::{Guest, Size, settled};

/// Monitors, each with a client.
const MONITORS: usize = 64;
/// Rounds; after each all clients are gone, and the emulator is measured.
const ROUNDS: u32 = 10;
/// How often the guest starts over, which all clients are told of.
const RESET: Duration = Duration::from_millis(500);

/// Commands that would stop the guest's counter or the machine, and ones that say something else every time.
const LEFT_OUT: &[&str] =
    &["quit", "stop", "system_reset", "system_powerdown", "inject-nmi", "migrate", "migrate-incoming"];

fn start(folder: &Path) -> Qemu {
    let memory = format!("memory-backend-file,id=r,size=24M,share=on,mem-path={}", folder.join("ram").display());
    let mut options: Vec<String> = ["-object", &memory, "-machine", "microvm,memory-backend=r", "-accel", "kvm"]
        .into_iter()
        .chain(["-serial", "null"])
        .map(str::to_owned)
        .collect();
    for number in 0..MONITORS {
        options.push("-qmp".to_owned());
        options.push(format!("unix:{},server=on,wait=off", folder.join(number.to_string()).display()));
    }
    Qemu::start(emulator(), folder, "soaked", options)
}

/// All clients at once, for a while. Meanwhile the emulator is asked something else, and the guest starts over.
fn round(folder: &Path, requests: &Arc<Repertoire>, qmp: &mut Qmp, number: u32, length: Duration) -> (Tally, Duration) {
    let over = Instant::now() + length;
    let peers: Vec<_> = (0..MONITORS)
        .map(|monitor| {
            let seed = u64::from(number) * MONITORS as u64 + monitor as u64;
            let mut peer = Peer::new(folder.join(monitor.to_string()), Arc::clone(requests), seed);
            thread::spawn(move || {
                while Instant::now() < over {
                    peer.visit(over);
                }
                peer.tidy();
                peer.tally
            })
        })
        .collect();
    let (mut longest, mut reset) = (Duration::ZERO, Instant::now());
    while Instant::now() < over {
        thread::sleep(Duration::from_millis(20));
        let asked = Instant::now();
        qmp.execute("query-status", json!({})).unwrap();
        longest = longest.max(asked.elapsed());
        if reset.elapsed() > RESET {
            reset = Instant::now();
            qmp.execute("system_reset", json!({})).unwrap();
            qmp.events.clear();
        }
    }
    let mut tally = Tally::default();
    for peer in peers {
        tally.add(&peer.join().expect("the client saw nothing wrong"));
    }
    (tally, longest)
}

/// Empties the sets of descriptors, which outlive the client that filled them as long as there is any.
fn remove_descriptors(qmp: &mut Qmp) {
    let sets = qmp.execute("query-fdsets", json!({})).unwrap();
    for set in sets.as_array().expect("a list of sets") {
        qmp.execute("remove-fd", json!({ "fdset-id": set["fdset-id"] })).unwrap();
    }
}

#[test]
#[ignore = "takes 20 seconds and both processors"]
fn nothing_is_left_of_a_crowd() {
    if qapi_test_support::kvm("nothing_is_left_of_a_crowd").is_none() {
        return;
    }
    let seconds = std::env::var("QAPI_SOAK_SECONDS").map_or(20, |text| text.parse().expect("a number of seconds"));
    let length = Duration::from_secs(seconds) / ROUNDS;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut machine = start(folder);
    let mut qmp = machine.qmp();
    let schema = qmp.execute("query-qmp-schema", json!({})).unwrap();
    let of = |wanted: fn(&str) -> bool| {
        Requests::new(&schema, wanted)
            .with_values("size", &["0", "16", "5000"])
            .with_values("fdname", &NAMES)
            .with_values("filename", &["\"x\"", "\"\"", "\"/nonexistent/x\""])
    };
    let all = of(|name| !LEFT_OUT.contains(&name));
    let quick = of(|name| !LEFT_OUT.contains(&name) && !name.ends_with("memsave"));
    let repertoire = Arc::new(Repertoire { all, quick });
    let guest = Guest::watch(&folder.join("ram"));

    let before = Size::of(machine.id());
    println!("before: {before}");
    let mut sizes = Vec::new();
    let mut total = Tally::default();
    for number in 0..ROUNDS {
        let (tally, longest) = round(folder, &repertoire, &mut qmp, number, length);
        remove_descriptors(&mut qmp);
        let size = settled(machine.id(), before.descriptors);
        println!("round {number}: {size}; other monitor answered within {longest:?}");
        println!("  {tally}");
        total.add(&tally);
        sizes.push(size);
        assert!(longest < PATIENCE, "{longest:?}");
    }
    println!("in all: {total}");
    let stall = guest.longest_stall();
    println!("the guest's counter stood still for {stall:?} at most");
    // Some clients vanish, so their requests are not all answered; of the others each was, or they would have said so.
    assert!(total.answered > 1000 && total.vanished > 0 && total.stalled > 0 && total.passed > 0, "{total}");
    assert!(stall < Duration::from_secs(5), "{stall:?}");
    let (early, late) = (&sizes[1], sizes.last().expect("there were rounds"));
    assert!(late.kilobytes <= early.kilobytes + 4096, "memory grows from {early} to {late}");
    assert!(sizes.iter().all(|size| size.descriptors == before.descriptors), "descriptors are left");
    qmp.execute("quit", json!({})).unwrap();
    qmp.last_words();
    assert!(machine.wait().success(), "{}", machine.said());
    assert_eq!(machine.said(), "");
}
