//! Two clients that order everything at once, a console nobody reads, peers of migrations that come and go: the emulator obeys,
//! and neither its memory nor its descriptors nor its threads grow. Heavy: `cargo test --test stress -- --ignored`.

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use qapi_test_support::Random;
use serde_json::{Value, json};
use support::{Emulator, PATIENCE};

/// How long the storm lasts.
const STORM: Duration = Duration::from_secs(20);

/// The machine, at both ends of its migration.
const MACHINE: [&str; 6] =
    ["-object", "memory-backend-memfd,id=r,size=24M", "-machine", "microvm,memory-backend=r", "-accel", "kvm"];

/// A client that checks nothing but that each of its commands is answered.
struct Client {
    reader: BufReader<UnixStream>,
}

impl Client {
    fn connect(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Self { reader: BufReader::new(stream) };
        assert!(client.line()["QMP"].is_object());
        client.order("qmp_capabilities", &json!({}));
        client
    }

    fn send(&mut self, command: &str, arguments: &Value) {
        let request = json!({ "execute": command, "arguments": arguments, "id": command });
        self.reader.get_ref().write_all(request.to_string().as_bytes()).unwrap();
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        let length = self.reader.read_line(&mut line).expect("an answer in time");
        assert!(length > 0, "the emulator has closed the connection");
        serde_json::from_str(&line).expect("JSON")
    }

    fn order(&mut self, command: &str, arguments: &Value) -> Value {
        self.send(command, arguments);
        loop {
            let message = self.line();
            if message.get("event").is_none() {
                assert_eq!(message["id"], command, "{message}");
                return message;
            }
        }
    }
}

/// One command out of all, with arguments that mostly make sense.
fn command(random: &mut Random, folder: &Path) -> (&'static str, Value) {
    let out = folder.join(format!("out{}", random.below(4)));
    let uri = match random.below(5) {
        0 => format!("unix:{}", folder.join("reader").display()),
        1 => format!("unix:{}", folder.join("quitter").display()),
        2 => format!("unix:{}", folder.join("nobody").display()),
        3 => format!("file:{}", folder.join("state").display()),
        _ => "bogus".to_owned(),
    };
    let events = json!({ "capabilities": [{ "capability": "events", "state": random.below(2) == 0 }] });
    match random.below(18) {
        0..3 => ("stop", json!({})),
        3..6 => ("cont", json!({})),
        6 | 7 => ("system_reset", json!({})),
        8 | 9 => ("migrate", json!({ "uri": uri })),
        10 => ("migrate_cancel", json!({})),
        11 => ("query-migrate", json!({})),
        12 => ("query-cpus-fast", json!({})),
        13 => ("inject-nmi", json!({})),
        14 => ("pmemsave", json!({ "val": random.below(1 << 24), "size": 70_000, "filename": out })),
        15 => ("memsave", json!({ "val": random.below(1 << 20), "size": 20_000, "filename": out, "cpu-index": 0 })),
        16 => ("migrate-set-capabilities", events),
        _ => ("query-chardev", json!({})),
    }
}

/// Waits for migrations: reads them to their end, or only a little.
fn listen(path: PathBuf, patient: bool, over: Arc<AtomicBool>) {
    let listener = UnixListener::bind(path).unwrap();
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let mut sink = vec![0; 1 << 16];
        while !over.load(Ordering::SeqCst) {
            let Ok((mut stream, _)) = listener.accept() else {
                thread::sleep(Duration::from_millis(2));
                continue;
            };
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
            while matches!(stream.read(&mut sink), Ok(1..)) && patient {}
        }
    });
}

/// Kilobytes of memory of its own, descriptors and threads of a process.
fn size(id: u32) -> (u64, usize, usize) {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    let count = |what: &str| std::fs::read_dir(format!("/proc/{id}/{what}")).unwrap().count();
    (line.split_whitespace().nth(1).unwrap().parse().unwrap(), count("fd"), count("task"))
}

#[test]
#[ignore = "takes 20 seconds and both processors"]
fn a_storm_of_orders_changes_nothing_for_good() {
    let name = "a_storm_of_orders_changes_nothing_for_good";
    if qapi_test_support::kvm(name).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let over = Arc::new(AtomicBool::new(false));
    listen(path("reader"), true, Arc::clone(&over));
    listen(path("quitter"), false, Arc::clone(&over));
    let socket = |name: &str| format!("unix:{},server=on,wait=off", path(name).display());
    let (first, second, third, console) = (socket("first"), socket("second"), socket("third"), socket("console"));
    // Shared memory is not counted as the process's own, so what is measured is the emulator without its guest.
    let mut options = MACHINE.to_vec();
    options.extend(["-serial", &console]);
    options.extend(["-qmp", &first, "-qmp", &second, "-qmp", &third]);
    let mut emulator = Emulator::start(&options);
    emulator.counts_above(100);

    let orders = Arc::new(AtomicU64::new(0));
    let mut clients = Vec::new();
    for (seed, name) in [(1, "first"), (2, "second")] {
        let (over, orders, folder) = (Arc::clone(&over), Arc::clone(&orders), folder.path().to_owned());
        clients.push(thread::spawn(move || {
            let (mut client, mut random) = (Client::connect(&folder.join(name)), Random::new(seed));
            while !over.load(Ordering::SeqCst) {
                let (command, arguments) = command(&mut random, &folder);
                client.order(command, &arguments);
                orders.fetch_add(1, Ordering::SeqCst);
            }
        }));
    }
    // One that leaves without waiting for its answers, and one that does so at the console.
    for (seed, name) in [(3, "third"), (4, "console")] {
        let (over, folder) = (Arc::clone(&over), folder.path().to_owned());
        clients.push(thread::spawn(move || {
            let mut random = Random::new(seed);
            while !over.load(Ordering::SeqCst) {
                if name == "third" {
                    let mut client = Client::connect(&folder.join(name));
                    for _ in 0..random.below(4) {
                        let (command, arguments) = command(&mut random, &folder);
                        client.send(command, &arguments);
                    }
                } else {
                    let mut stream = UnixStream::connect(folder.join(name)).unwrap();
                    stream.write_all(&vec![b'x'; random.below(60)]).unwrap();
                }
                thread::sleep(Duration::from_millis(random.below(20) as u64));
            }
        }));
    }
    let begin = Instant::now();
    thread::sleep(STORM / 4);
    let early = size(emulator.id());
    while begin.elapsed() < STORM {
        emulator.run("query-status");
        thread::sleep(Duration::from_millis(50));
    }
    let late = size(emulator.id());
    over.store(true, Ordering::SeqCst);
    for client in clients {
        client.join().unwrap();
    }
    let count = orders.load(Ordering::SeqCst);
    println!("{count} orders; kB, descriptors, threads: {early:?} then {late:?}");
    assert!(count > 200, "only {count} orders");
    // A migration and a saved file may be on their way at either moment.
    assert!(late.1 <= early.1 + 8, "descriptors: {early:?} then {late:?}");
    assert!(late.2 <= early.2 + 8, "threads: {early:?} then {late:?}");
    // The allocator keeps what concurrent peaks needed: some steps of 512 KiB early on, then flat for minutes.
    assert!(late.0 <= early.0 + 4096, "memory: {early:?} then {late:?}");

    // It still does what it is told.
    emulator.run("migrate_cancel");
    let deadline = Instant::now() + PATIENCE;
    while matches!(emulator.run("query-migrate")["status"].as_str(), Some("setup" | "active" | "cancelling")) {
        assert!(Instant::now() < deadline, "a migration does not end");
        thread::sleep(Duration::from_millis(10));
    }
    emulator.run("stop");
    emulator.run("system_reset");
    emulator.run("cont");
    assert_eq!(emulator.status(), "running");
    let counted = emulator.word(support::COUNTER);
    emulator.counts_above(counted);
    let migration = json!({ "uri": format!("unix:{}", path("last").display()) });
    let mut options = MACHINE.to_vec();
    options.extend(["-serial", "null", "-incoming", "defer"]);
    let mut guest = Emulator::start(&options);
    guest.execute("migrate-incoming", migration.clone());
    emulator.execute("migrate", migration);
    guest.wait_for("RESUME");
    let counted = guest.word(support::COUNTER);
    guest.counts_above(counted);
    assert_eq!(guest.quit().code(), Some(0));
    assert_eq!(emulator.quit().code(), Some(0));
}
