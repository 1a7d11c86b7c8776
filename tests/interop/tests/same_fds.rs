//! Descriptors passed to QEMU and to the emulator: by clients and by the parent process, the answers have to be the same.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use qapi_interop::{Qemu, Qmp, QmpError, emulator, settle, wait_for};
use serde_json::{Value, json};

/// A process and its session.
struct Peer {
    process: Qemu,
    qmp: Option<Qmp>,
    /// Descriptor numbers in the order in which they were first told: two processes need not agree on them.
    told: Vec<i64>,
    _folder: tempfile::TempDir,
}

impl Peer {
    fn start(program: &Path, options: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let machine = ["-machine", "none"].map(String::from);
        let mut process = Qemu::start(program, folder.path(), "peer", machine.iter().chain(options));
        let qmp = Some(process.qmp());
        Self { process, qmp, told: Vec::new(), _folder: folder }
    }

    fn run(&mut self, step: &Step<'_>) -> Value {
        let fds: Vec<BorrowedFd<'_>> = step.fds.iter().map(|fd| fd.as_fd()).collect();
        let mut arguments = step.arguments.clone();
        if let Some(position) = arguments["fd"].as_str().and_then(|text| text.strip_prefix('#')?.parse::<usize>().ok())
        {
            arguments["fd"] = self.told[position].into();
        }
        let qmp = self.qmp.as_mut().unwrap();
        let mut answer = match qmp.execute_with_fds(step.command, arguments, &fds) {
            Ok(answer) => answer,
            Err(QmpError { class, desc }) => json!({ "class": class, "desc": desc }),
        };
        settle(step.command, &mut answer);
        self.rename(&mut answer);
        answer
    }

    /// Puts its place in `told` for each descriptor number.
    fn rename(&mut self, value: &mut Value) {
        match value {
            Value::Array(elements) => elements.iter_mut().for_each(|element| self.rename(element)),
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    match member.as_i64() {
                        Some(number) if name == "fd" => {
                            let known = self.told.iter().position(|told| *told == number);
                            let place = known.unwrap_or_else(|| {
                                self.told.push(number);
                                self.told.len() - 1
                            });
                            *member = place.into();
                        }
                        _ => self.rename(member),
                    }
                }
            }
            _ => {}
        }
    }

    /// How many descriptors of the process are open on `file`.
    fn open_on(&self, file: &Path) -> usize {
        let all = std::fs::read_dir(format!("/proc/{}/fd", self.process.id())).unwrap();
        all.filter(|entry| std::fs::read_link(entry.as_ref().unwrap().path()).is_ok_and(|to| to == file)).count()
    }
}

/// A command, or a change of clients.
struct Step<'a> {
    command: &'a str,
    arguments: Value,
    fds: Vec<&'a OwnedFd>,
}

fn step<'a>(command: &'a str, arguments: Value, fds: &[&'a OwnedFd]) -> Step<'a> {
    Step { command, arguments, fds: fds.to_vec() }
}

/// The client leaves and another one comes.
const RECONNECT: &str = "(reconnect)";

/// Runs the steps with both; after each, as many descriptors of the process are open on `file` in both.
fn compare(qemu: &Path, options: &[String], file: &Path, steps: &[Step<'_>]) {
    let mut peers = [qemu, emulator()].map(|program| Peer::start(program, options));
    for (number, step) in steps.iter().enumerate() {
        let place = format!("{options:?}, step {number}: {} {}", step.command, step.arguments);
        if step.command == RECONNECT {
            for peer in &mut peers {
                peer.qmp = None;
                // Greeted only when the one before is gone altogether.
                peer.qmp = Some(peer.process.qmp());
            }
        } else {
            let [theirs, ours] = peers.each_mut().map(|peer| peer.run(step));
            assert_eq!(theirs, ours, "{place}: QEMU left, ours right");
        }
        let [theirs, ours] = peers.each_ref().map(|peer| peer.open_on(file));
        assert_eq!(theirs, ours, "{place}: descriptors open in QEMU left, in ours right");
    }
}

/// A file, and a descriptor for reading and writing it.
fn scratch(folder: &tempfile::TempDir) -> (PathBuf, OwnedFd) {
    let path = folder.path().join("scratch");
    let file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    (path, file.into())
}

#[test]
fn named_descriptors() {
    let Some(qemu) = qapi_test_support::qemu("named_descriptors") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, fd) = scratch(&folder);
    let (one, many) = ([&fd], vec![&fd; 20]);
    let name = |name: &str| json!({ "fdname": name });
    let steps = [
        step("getfd", name("x"), &[]),
        step("getfd", name("1x"), &one),
        step("getfd", name("x"), &[]),
        step("getfd", name(""), &one),
        step("query-name", json!({}), &one),
        step("getfd", name("x"), &[]),
        // Of many the first counts, and no more than sixteen are taken at all.
        step("query-name", json!({}), &many),
        step("getfd", name("x"), &[]),
        step("getfd", name("y"), &[]),
        step("getfd", name("x"), &many),
        step("query-name", json!({}), &one),
        step("query-name", json!({}), &one),
        step("closefd", name("nosuch"), &one),
        step("closefd", name("x"), &[]),
        step("closefd", name("x"), &[]),
        step("closefd", name("0"), &[]),
        step("getfd", json!({}), &one),
        step("getfd", json!({ "fdname": 1 }), &one),
        step("getfd", json!({ "fdname": "x", "y": 1 }), &one),
        step("getfd", name("kept"), &[]),
        step("query-name", json!({}), &one),
        // Names outlast the client, what waits does not.
        step(RECONNECT, json!({}), &[]),
        step("getfd", name("gone"), &[]),
        step("closefd", name("kept"), &[]),
        step("closefd", name(""), &[]),
    ];
    compare(&qemu, &[], &path, &steps);
}

/// What can be done with sets, whatever the guest does.
fn set_steps(fd: &OwnedFd) -> Vec<Step<'_>> {
    let one = [fd];
    let (add, remove, query) = ("add-fd", "remove-fd", || step("query-fdsets", json!({}), &[]));
    vec![
        query(),
        step(add, json!({}), &[]),
        step(add, json!({ "fdset-id": -1 }), &[]),
        step(add, json!({}), &one),
        step(add, json!({ "fdset-id": 0, "opaque": "" }), &one),
        step(add, json!({ "fdset-id": -1 }), &one),
        step(add, json!({ "fdset-id": 5, "opaque": "rdwr:é\u{1F600}" }), &[fd, fd]),
        step(add, json!({ "opaque": "x" }), &one),
        step(add, json!({ "fdset-id": 5 }), &one),
        step(add, json!({ "fdset-id": 3 }), &one),
        step(add, json!({ "fdset-id": i64::MAX }), &one),
        step(add, json!({ "fdset-id": 2 }), &one),
        step(add, json!({}), &one),
        query(),
        step(remove, json!({}), &[]),
        step(remove, json!({ "fdset-id": 99 }), &[]),
        step(remove, json!({ "fdset-id": 99, "fd": 3 }), &[]),
        step(remove, json!({ "fdset-id": 5, "fd": 999 }), &[]),
        step(remove, json!({ "fdset-id": -1 }), &[]),
        step(remove, json!({ "fdset-id": 5, "fd": -1 }), &[]),
        step(remove, json!({ "fdset-id": 5, "fd": "#2" }), &[]),
        query(),
        step(remove, json!({ "fdset-id": 5, "fd": "#2" }), &[]),
        step(remove, json!({ "fdset-id": 5, "fd": "#4" }), &[]),
        query(),
        step(remove, json!({ "fdset-id": 5 }), &[]),
        step(remove, json!({ "fdset-id": 0 }), &[]),
        query(),
        step(RECONNECT, json!({}), &[]),
        query(),
        step("cont", json!({}), &[]),
        query(),
        step(add, json!({}), &one),
        step("stop", json!({}), &[]),
        step(add, json!({}), &one),
        step(RECONNECT, json!({}), &[]),
        query(),
        step("cont", json!({}), &[]),
        query(),
        step(RECONNECT, json!({}), &[]),
        query(),
        step(add, json!({ "fdset-id": "1" }), &one),
        step(add, json!({ "opaque": 1 }), &one),
        step(add, json!({ "x": 1 }), &one),
        step(remove, json!({ "fdset-id": 1, "fd": "1" }), &[]),
        step(remove, json!({ "fd": 1 }), &[]),
    ]
}

#[test]
fn descriptor_sets() {
    let Some(qemu) = qapi_test_support::qemu("descriptor_sets") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, fd) = scratch(&folder);
    compare(&qemu, &[], &path, &set_steps(&fd));
    compare(&qemu, &["-S".to_owned()], &path, &set_steps(&fd));
}

/// A descriptor that children inherit, and its number.
fn inherited(fd: impl Into<OwnedFd>) -> (OwnedFd, String) {
    let fd = fd.into();
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::empty()).unwrap();
    let number = fd.as_raw_fd().to_string();
    (fd, number)
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn a_serial_port_on_an_inherited_descriptor() {
    let Some(qemu) = qapi_test_support::qemu("a_serial_port_on_an_inherited_descriptor") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, read_write) = scratch(&folder);
    let (_reader, reader) = inherited(File::open(&path).unwrap());
    let (_writer, writer) = inherited(File::options().write(true).open(&path).unwrap());
    let (_both, both) = inherited(read_write);
    let options = words(&format!(
        "-add-fd set=1,fd={both} -add-fd set=1,fd={reader},opaque=r -add-fd set=1,fd={writer} -add-fd set=2,fd={both} \
         -serial file:/dev/fdset/1"
    ));
    let query = || step("query-fdsets", json!({}), &[]);
    let steps = [
        query(),
        step("remove-fd", json!({ "fdset-id": 1, "fd": "#1" }), &[]),
        query(),
        // The set stays while it is in use, and with it what is left in it.
        step(RECONNECT, json!({}), &[]),
        query(),
        step("remove-fd", json!({ "fdset-id": 1 }), &[]),
        query(),
        step(RECONNECT, json!({}), &[]),
        query(),
    ];
    // A machine without serial port leaves its file alone here, and open in QEMU: no numbers are compared.
    compare(&qemu, &options, Path::new("/none"), &steps);
}

#[test]
fn command_lines_that_cannot_be_obeyed() {
    let Some(qemu) = qapi_test_support::qemu("command_lines_that_cannot_be_obeyed") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, fd) = scratch(&folder);
    let (_both, both) = inherited(fd);
    let (_reader, reader) = inherited(File::open(&path).unwrap());
    let (_pair, _far) = UnixStream::pair().unwrap();
    let (_pair, pair) = inherited(_pair);
    let serial = |set: &str, path: &str| format!("-add-fd {set} -serial file:{path}");
    let monitor = |socket: &str| format!("-chardev socket,id=c,{socket} -mon chardev=c,mode=control");
    for line in [
        "-add-fd".to_owned(),
        format!("-add-fd set=1,fd={both},foo=1"),
        "-add-fd set=1".to_owned(),
        format!("-add-fd fd={both}"),
        format!("-add-fd set=-1,fd={both}"),
        format!("-add-fd set=x,fd={both}"),
        format!("-add-fd set=1k,fd={both}"),
        format!("-add-fd set=9223372036854775808,fd={both}"),
        "-add-fd set=1,fd=x".to_owned(),
        "-add-fd set=1,fd=-1".to_owned(),
        "-add-fd set=1,fd=2".to_owned(),
        "-add-fd set=1,fd=999".to_owned(),
        serial(&format!("set=1,fd={both}"), "/dev/fdset/1"),
        serial(&format!("set=1,fd={reader}"), "/dev/fdset/1"),
        serial(&format!("set=1,fd={both}"), "/dev/fdset/2"),
        serial(&format!("set=1,fd={both}"), "/dev/fdset/x"),
        monitor("fd=999"),
        monitor("fd=x"),
        monitor("fd=-1"),
        monitor(&format!("fd={both}")),
        monitor(&format!("fd={both},path=x")),
        monitor(&format!("server=on,wait=off,fd={pair}")),
    ] {
        let said = [&*qemu, emulator()].map(|program| {
            let mut process = Qemu::start_bare(program, folder.path(), "refused", words(&line));
            assert_eq!(process.wait().code(), Some(1), "{line}");
            let said = process.said();
            // QEMU says more than one line about a serial port.
            let first = said.lines().next().unwrap_or_default();
            first.split_once(": ").map(|(_, rest)| rest.to_owned())
        });
        assert_eq!(said[0], said[1], "{line}: QEMU left, ours right");
    }
}

#[test]
fn monitors_on_inherited_sockets() {
    let Some(qemu) = qapi_test_support::qemu("monitors_on_inherited_sockets") else { return };
    let told = [&*qemu, emulator()].map(|program| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("listening");
        let (listener, listening) = inherited(UnixListener::bind(&path).unwrap());
        let (near, far) = UnixStream::pair().unwrap();
        let (near, connected) = inherited(near);
        let line = format!(
            "-chardev socket,id=l,fd={listening},server=on,wait=off -mon chardev=l,mode=control \
             -chardev socket,id=c,fd={connected} -mon chardev=c,mode=control"
        );
        let process = Qemu::start_bare(program, folder.path(), "peer", [words("-machine none"), words(&line)].concat());
        drop((listener, near));
        let chardevs = |qmp: &mut Qmp| {
            let mut answer = qmp.execute("query-chardev", json!({})).unwrap();
            settle("query-chardev", &mut answer);
            answer.to_string().replace(path.to_str().unwrap(), "@")
        };
        let mut attached = Qmp::over(far);
        let mut told = vec![chardevs(&mut attached)];
        let mut client = Qmp::connect(&path);
        told.push(chardevs(&mut client));
        drop(client);
        wait_for("the client to be gone", || chardevs(&mut attached).contains("disconnected").then_some(()));
        told.push(chardevs(&mut Qmp::connect(&path)));
        drop(process);
        assert!(path.exists(), "who made the socket removes it");
        told
    });
    assert_eq!(told[0], told[1], "QEMU left, ours right");
}

#[test]
fn migrations_over_named_descriptors() {
    let Some(qemu) = qapi_test_support::qemu("migrations_over_named_descriptors") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, fd) = scratch(&folder);
    let uri = |uri: &str| json!({ "uri": uri });
    let status = || step("query-migrate", json!({}), &[]);
    let out = [
        step("migrate", uri("fd:nosuch"), &[]),
        status(),
        step("migrate", uri("fd:99"), &[]),
        status(),
        step("getfd", json!({ "fdname": "" }), &[&fd]),
        step("migrate", uri("fd:"), &[]),
        step("closefd", json!({ "fdname": "" }), &[]),
    ];
    compare(&qemu, &[], Path::new("/none"), &out);
    let incoming = [
        step("migrate-incoming", uri("fd:nosuch"), &[]),
        step("migrate-incoming", uri("fd:"), &[]),
        step("getfd", json!({ "fdname": "in" }), &[&fd]),
        step("closefd", json!({ "fdname": "in" }), &[]),
        step("migrate-incoming", uri("fd:in"), &[]),
        status(),
    ];
    compare(&qemu, &words("-incoming defer"), &path, &incoming);

    for (source, target) in [(&*qemu, emulator()), (emulator(), &*qemu), (emulator(), emulator())] {
        for sockets in [true, false] {
            let (near, far): (OwnedFd, OwnedFd) = if sockets {
                let (near, far) = UnixStream::pair().unwrap();
                (near.into(), far.into())
            } else {
                let (reader, writer) = std::io::pipe().unwrap();
                (writer.into(), reader.into())
            };
            let [mut source, mut target] = [(source, "-m 16"), (target, "-m 16 -incoming defer")]
                .map(|(program, line)| Peer::start(program, &words(line)));
            let ask = |peer: &mut Peer, command: &str, arguments: Value, fds: &[&OwnedFd]| {
                assert_eq!(peer.run(&step(command, arguments, fds)), json!({}), "{command}");
            };
            ask(&mut target, "getfd", json!({ "fdname": "in" }), &[&far]);
            ask(&mut source, "getfd", json!({ "fdname": "out" }), &[&near]);
            drop((near, far));
            ask(&mut target, "migrate-incoming", uri("fd:in"), &[]);
            ask(&mut source, "migrate", uri("fd:out"), &[]);
            for peer in [&mut source, &mut target] {
                let over = |info: &Value| info["status"] == "completed";
                peer.qmp.as_mut().unwrap().wait("query-migrate", over);
            }
        }
    }
}
