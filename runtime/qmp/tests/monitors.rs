//! Monitors: who is let in when, what is shown about them, and how everything ends.

mod lamp;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lamp::{Lamp, Light, LightChanged, Peer, Running};
use qapi_runtime::{Server, ServerError, Version};

fn socket() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("s");
    (dir, path)
}

fn unix(path: &Path) -> String {
    format!("unix:{},server=on,wait=off", path.display())
}

#[test]
fn a_second_client_waits_for_its_greeting() {
    let (_dir, path) = socket();
    let address = unix(&path);
    let server = Running::start(move |server| server.listen(&address));
    let mut first = Peer::connect(&path);
    first.negotiate("");
    let mut second = Peer::connect(&path);
    assert!(second.quiet());
    first.send("{'execute': 'query-light', 'id': {'a'");
    drop(first);
    // What the first left unfinished is not the second's.
    second.negotiate("");
    second.send("{'execute': 'quit'}");
    second.expect_end("{\"return\": {}}");
    server.join();
    assert!(!path.exists(), "the socket file is removed");
}

#[test]
fn many_clients_share_a_monitor_where_the_program_wants_it() {
    let (_dir, path) = socket();
    let address = unix(&path);
    let server = Running::start(move |server| server.many_clients(true).listen(&address));
    let mut peers: Vec<Peer> = (0..20).map(|_| Peer::connect(&path)).collect();
    peers.iter_mut().for_each(|peer| peer.negotiate(""));
    peers[7].send("{'execute': 'set-light', 'arguments': {'lit': true}}");
    for peer in &mut peers {
        assert!(peer.line().expect("the event").contains("LIGHT_CHANGED"));
    }
    peers[3].send("{'execute': 'quit'}");
    for peer in &mut peers {
        while peer.line().is_some() {}
    }
    server.join();
}

#[test]
fn monitors_are_shown_as_they_are() {
    let (_dir, path) = socket();
    let inherited = UnixListener::bind(&path).expect("a listener");
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let (unix, port) = (path.display().to_string(), tcp.local_addr().expect("an address").port());
    let _server = Running::start(move |server| server.listen_on("m0", inherited)?.listen_on("m1", tcp));
    let mut peer = Peer::connect(&path);
    peer.negotiate("");
    peer.send("{'execute': 'query-monitors'}");
    peer.expect(&format!(
        "{{\"return\": [\"m0 unix:{unix},server=on true\", \"m1 disconnected:tcp:127.0.0.1:{port},server=on false\"]}}"
    ));
    let mut other = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    let me = other.local_addr().expect("an address");
    let mut greeting = [0; 5];
    other.read_exact(&mut greeting).expect("a greeting");
    peer.send("{'execute': 'query-monitors'}");
    peer.expect(&format!(
        "{{\"return\": [\"m0 unix:{unix},server=on true\", \"m1 tcp:127.0.0.1:{port},server=on <-> {me} true\"]}}"
    ));
}

#[test]
fn peers_may_vanish_at_any_point() {
    let (_dir, path) = socket();
    let address = unix(&path);
    let server = Running::start(move |server| server.listen(&address));
    for text in ["", "{'execute", "{'execute': 'query-light'}", "{'execute': 'query-qmp-schema'}", "\u{7f}"] {
        let mut peer = Peer::connect(&path);
        peer.send("{'execute': 'qmp_capabilities'}");
        let mut stream = peer.stream();
        stream.set_nonblocking(true).expect("a mode");
        for _ in 0..1000 {
            // The server takes no more than it can answer, and this client reads no reply.
            let _ = stream.write(text.as_bytes());
        }
    }
    let mut peer = Peer::connect(&path);
    peer.negotiate("");
    assert_eq!(server.events.listeners(), 1, "those who left hear nothing");
    peer.send("{'execute': 'quit'}");
    peer.expect_end("{\"return\": {}}");
    server.join();
}

#[test]
fn what_was_asked_before_the_end_of_input_is_answered() {
    let (_server, mut peer) = Running::with_peer();
    peer.negotiate("");
    peer.send("{'execute': 'query-light', 'id': 1}{'execute': 'query-light', 'id': 2}{'execute'");
    peer.stream().shutdown(std::net::Shutdown::Write).expect("shut down");
    peer.expect("{\"return\": {\"lit\": false}, \"id\": 1}");
    peer.expect("{\"return\": {\"lit\": false}, \"id\": 2}");
    assert_eq!(peer.line(), None);
}

#[test]
fn a_client_that_does_not_read_is_not_read_from_and_holds_nobody_up() {
    let (_dir, path) = socket();
    let address = unix(&path);
    let server = Running::start(move |server| server.many_clients(true).listen(&address));
    let mut deaf = Peer::connect(&path);
    deaf.negotiate("");
    let mut stream = deaf.stream();
    stream.set_write_timeout(Some(Duration::from_millis(200))).expect("a timeout");
    let request = "{'execute': 'query-commands'}".repeat(1000);
    let mut sent = 0;
    while let Ok(count) = stream.write(request.as_bytes()) {
        sent += count;
        assert!(sent < 16 << 20, "the server takes in requests without end");
    }
    let mut other = Peer::connect(&path);
    other.negotiate("");
    // Far more than its queue holds; the newest are kept.
    for lit in (0..20_000).map(|i| i == 19_999) {
        server.events.emit(&LightChanged(Light { lit }));
    }
    while !other.line().expect("the last event").contains("\"lit\": true") {}
    other.send("{'execute': 'quit'}");
    let started = Instant::now();
    other.expect_end("{\"return\": {}}");
    server.join();
    assert!(started.elapsed() < Duration::from_secs(5), "a deaf client is left after a second");
}

#[test]
fn a_stop_lets_the_command_under_way_finish_and_takes_no_other() {
    let (near, far) = UnixStream::pair().expect("a pair");
    let mut peer = Peer::new(far);
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let lamp = Lamp::default();
        let (go, blinked) = (lamp.go.clone(), lamp.blinked.clone());
        let server = Server::new(lamp).attach("m", near).expect("a monitor");
        let stop = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            go.notify_one();
        };
        runtime.block_on(server.run_until(stop)).expect("an orderly end");
        blinked.get()
    });
    peer.negotiate("");
    peer.send("{'execute': 'blink', 'id': 1}{'execute': 'query-light', 'id': 2}");
    peer.expect("{\"return\": {}, \"id\": 1}");
    assert_eq!(peer.line(), None);
    assert_eq!(thread.join().expect("no panic"), 1);
}

#[test]
fn run_ends_with_the_last_client_that_can_come() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let version = Version::new(7, 2, 22).package("Lamp \"1\"");
    let (server, mut far) = Server::new(Lamp::default()).version(version).pair().expect("a pair");
    let monitors = server.monitors();
    far.shutdown(std::net::Shutdown::Write).expect("shut down");
    runtime.block_on(server.run()).expect("served");
    let mut text = String::new();
    far.read_to_string(&mut text).expect("the greeting");
    let greeting = concat!(
        r#"{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Lamp \"1\""}, "#,
        r#""capabilities": ["oob"]}}"#,
        "\r\n"
    );
    assert_eq!(text, greeting);
    assert!(!monitors.find("monitor0").expect("the monitor").connected);
}

#[test]
fn a_server_that_cannot_be_set_up_says_why() {
    let (_dir, path) = socket();
    let address = unix(&path);
    let server = || Server::new(Lamp::default());
    let twice = server().listen_named("m", "stdio").and_then(|server| server.listen_named("m", "stdio"));
    assert!(matches!(twice, Err(ServerError::NameTaken(name)) if name == "m"));
    let error = server().listen("unix:/nowhere/at/all").err().expect("an error");
    assert!(error.to_string().starts_with("cannot listen on unix:/nowhere/at/all: "), "{error}");
    assert!(matches!(server().listen("pigeon:1"), Err(ServerError::Address(_))));
    // One that is to connect to a peer that is not there.
    let server = server().listen_named("m", &format!("{},server=off", address.split(',').next().expect("a path")));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let error = runtime.block_on(server.expect("not tried yet").run()).expect_err("nobody listens");
    assert!(error.to_string().starts_with("cannot start monitor 'm': "), "{error}");
}

/// Set in a child that is to serve on its standard input and output.
const CHILD: &str = "QAPI_TEST_SERVES_STDIO";

#[test]
fn standard_input_and_output_are_a_monitor() {
    if std::env::var_os(CHILD).is_some() {
        Running::start(|server| server.listen_named("console", "stdio")).join();
        return;
    }
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "standard_input_and_output_are_a_monitor", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut input = child.stdin.take().expect("a pipe");
    for request in ["qmp_capabilities", "query-monitors", "quit"] {
        // In one piece: after `quit` nobody may be left to read a line end sent by itself.
        let request = format!("{{'execute': '{request}'}}\n");
        input.write_all(request.as_bytes()).expect("the child reads");
    }
    let mut output = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut output).expect("text");
    assert!(child.wait().expect("an end").success());
    // The test harness of the child writes there too.
    let (_, output) = output.split_once("{\"QMP\"").expect("a greeting");
    let lines: Vec<&str> = output.lines().skip(1).take(4).collect();
    assert_eq!(lines[..2], ["{\"return\": {}}", "{\"return\": [\"console stdio true\"]}"]);
    assert!(lines[2].ends_with("\"event\": \"GONE\"}"));
    assert_eq!(lines[3], "{\"return\": {}}");
}

#[test]
fn a_monitor_can_connect_to_its_client() {
    let (_dir, path) = socket();
    let listener = UnixListener::bind(&path).expect("a listener");
    let address = format!("unix:{},server=off", path.display());
    let server = Running::start(move |server| server.listen(&address));
    let mut peer = Peer::new(listener.accept().expect("the server").0);
    peer.negotiate("");
    peer.send("{'execute': 'quit'}");
    peer.expect_end("{\"return\": {}}");
    server.join();
}

#[test]
fn a_socket_that_does_not_listen_is_refused_before_the_server_runs() {
    let (near, _far) = UnixStream::pair().expect("a pair");
    let error = Server::new(Lamp::default()).listen_on("fd", near).err().expect("not listening");
    let said = "cannot listen on the socket given as 'fd': the socket does not listen; one that is connected is for `Server::attach`";
    assert_eq!(error.to_string(), said);
}

#[test]
fn a_server_that_is_to_end_before_it_has_begun_ends_at_once() {
    let (server, far) = Server::new(Lamp::default()).pair().expect("a server");
    let mut far = lamp::Peer::new(far);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let begun = Instant::now();
    runtime.block_on(server.run_until(std::future::ready(()))).expect("an orderly end");
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "its client has no second to wait for: {:?}",
        begun.elapsed()
    );
    while far.line().is_some() {}
}

#[test]
fn a_peer_that_lets_nobody_in_does_not_keep_the_server_from_ending() {
    let (_dir, path) = socket();
    let listener = UnixListener::bind(&path).expect("a peer");
    rustix::net::listen(&listener, 0).expect("a short queue");
    // Nobody accepts: these fill the queue.
    let queue: Vec<_> = std::iter::from_fn(|| {
        let flags = rustix::net::SocketFlags::NONBLOCK | rustix::net::SocketFlags::CLOEXEC;
        let (domain, kind) = (rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM);
        let fd = rustix::net::socket_with(domain, kind, flags, None).expect("a socket");
        let address = rustix::net::SocketAddrUnix::new(&path).expect("an address");
        rustix::net::connect(&fd, &address).ok().map(|()| fd)
    })
    .collect();
    assert!(!queue.is_empty());
    let address = format!("unix:{},server=off", path.display());
    let server = Server::new(Lamp::default()).listen(&address).expect("a monitor");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let serving = server.run_until(tokio::time::sleep(Duration::from_millis(50)));
        let ended = tokio::time::timeout(Duration::from_secs(2), serving).await;
        ended.expect("it ends when told to").expect("an orderly end");
    });
}

#[test]
fn a_client_that_never_pauses_holds_nobody_up() {
    let (near, far): (Vec<_>, Vec<_>) = (0..2).map(|_| UnixStream::pair().expect("a pair")).unzip();
    let server = Running::start(move |server| {
        near.into_iter().enumerate().try_fold(server, |server, (i, end)| server.attach(&format!("m{i}"), end))
    });
    let mut peers: Vec<Peer> = far.into_iter().map(Peer::new).collect();
    peers.iter_mut().for_each(|peer| peer.negotiate(""));
    let (mut polite, busy) = (peers.pop().expect("a peer"), peers.pop().expect("a peer"));
    let (mut writer, mut reader) =
        (busy.stream().try_clone().expect("a handle"), busy.stream().try_clone().expect("a handle"));
    let writing = std::thread::spawn(move || {
        let requests = "{'execute': 'query-light'}".repeat(1 << 13);
        while writer.write_all(requests.as_bytes()).is_ok() {}
    });
    let reading = std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 20];
        while reader.read(&mut buffer).is_ok_and(|count| count > 0) {}
    });
    std::thread::sleep(Duration::from_millis(100));
    let trip = |_| {
        let started = Instant::now();
        polite.send("{'execute': 'query-light'}");
        polite.expect("{\"return\": {\"lit\": false}}");
        started.elapsed()
    };
    let mut trips: Vec<Duration> = (0..50).map(trip).collect();
    // Not the slowest, which a busy machine may be to blame for.
    let median = *trips.select_nth_unstable(25).1;
    busy.stream().shutdown(std::net::Shutdown::Both).expect("shut down");
    writing.join().expect("no panic");
    reading.join().expect("no panic");
    drop(server);
    assert!(median < Duration::from_millis(80), "{median:?}");
}

#[test]
fn clients_that_come_and_go_hold_nobody_up() {
    let (_dir, path) = socket();
    let address = unix(&path);
    let server = Running::start(move |server| server.many_clients(true).listen(&address));
    let mut polite = Peer::connect(&path);
    polite.negotiate("");
    let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let crowd: Vec<_> = (0..3)
        .map(|_| {
            let (path, over) = (path.clone(), over.clone());
            std::thread::spawn(move || {
                let mut came = 0;
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    came += usize::from(UnixStream::connect(&path).is_ok());
                }
                came
            })
        })
        .collect();
    let trip = |_| {
        let started = Instant::now();
        polite.send("{'execute': 'query-light'}");
        polite.expect("{\"return\": {\"lit\": false}}");
        started.elapsed()
    };
    let slowest = (0..100).map(trip).max().expect("a hundred");
    over.store(true, std::sync::atomic::Ordering::Relaxed);
    let came: usize = crowd.into_iter().map(|thread| thread.join().expect("no panic")).sum();
    drop(server);
    assert!(slowest < Duration::from_secs(1) && came > 100, "{slowest:?}, {came} came");
}
