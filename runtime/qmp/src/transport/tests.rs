//! Tests of addresses, streams and listeners.

use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};

use super::*;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future)
}

#[test]
fn addresses_parse_and_print() {
    let unix: Address = "unix:/a,,b,server=on,nowait".parse().expect("an address");
    assert_eq!(unix.endpoint, Endpoint::Unix("/a,b".into()));
    assert_eq!((unix.server, unix.wait), (Some(true), Some(false)));
    assert_eq!(unix.endpoint.to_string(), "unix:/a,,b");
    let tcp: Address = "tcp:[::1]:4444,server".parse().expect("an address");
    assert_eq!(tcp.endpoint, Endpoint::Tcp { host: "::1".into(), port: 4444 });
    assert_eq!(tcp.endpoint.to_string(), "tcp:[::1]:4444");
    assert_eq!("stdio".parse::<Address>().expect("an address").endpoint, Endpoint::Stdio);
}

#[test]
fn bad_addresses_say_what_to_write() {
    for (text, message) in [
        ("vsock:1", "'vsock:1' is not a monitor address: use unix:PATH, tcp:HOST:PORT or stdio"),
        ("", "'' is not a monitor address: use unix:PATH, tcp:HOST:PORT or stdio"),
        ("unix:,server=on", "'unix:,server=on' names no socket file: use unix:PATH"),
        ("tcp:1", "'tcp:1' needs a host and a port from 0 to 65535: use tcp:HOST:PORT"),
        ("tcp:h:70000", "'tcp:h:70000' needs a host and a port from 0 to 65535: use tcp:HOST:PORT"),
        ("tcp:::1:2", "'tcp:::1:2' needs a host and a port from 0 to 65535: use tcp:HOST:PORT"),
        (
            "unix:/a,colour=red",
            "option 'colour=red' of 'unix:/a,colour=red' is not known: use server=on|off or wait=on|off",
        ),
        ("unix:/a,server=maybe", "option 'server=maybe' of 'unix:/a,server=maybe' must be on or off"),
    ] {
        assert_eq!(text.parse::<Address>().expect_err(text).to_string(), message);
    }
}

#[test]
fn a_stale_socket_is_replaced_and_removed_and_other_files_stay() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("s");
    drop(UnixListener::bind(&path).expect("a first socket"));
    let endpoint = Endpoint::Unix(path.clone());
    let listener = Listener::bind(&endpoint).expect("the stale file is replaced");
    assert_eq!(listener.name(), endpoint.to_string());
    drop(listener);
    assert!(!path.exists());

    std::fs::write(&path, "mine").expect("a file");
    Listener::bind(&endpoint).expect_err("a file that is no socket");
    assert_eq!(std::fs::read(&path).expect("the file"), b"mine");
}

#[test]
fn a_successors_socket_file_is_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("s");
    let endpoint = Endpoint::Unix(path.clone());
    let first = Listener::bind(&endpoint).expect("a listener");
    let second = Listener::bind(&endpoint).expect("another that takes the place");
    drop(first);
    assert!(path.exists(), "the second process still listens there");
    drop(second);
    assert!(!path.exists());
}

#[test]
fn a_read_gives_what_is_there_then_the_end() {
    block_on(async {
        let (near, mut far) = UnixStream::pair().expect("a pair");
        let stream = Stream::socket(near.into()).expect("a stream");
        far.write_all(b"hello").expect("written");
        assert_eq!(*stream.read().await.expect("read"), *b"hello");
        drop(far);
        assert_eq!(*stream.read().await.expect("read"), *b"");
        assert_eq!(*stream.read().await.expect("read"), *b"", "the end stays the end");
    });
}

#[test]
fn a_full_socket_takes_nothing_until_the_peer_reads() {
    block_on(async {
        let (near, far) = UnixStream::pair().expect("a pair");
        let stream = Stream::socket(near.into()).expect("a stream");
        let block = [0; 65536];
        while stream.try_write(&block).expect("room or none").is_some() {}
        let reader =
            std::thread::spawn(move || std::io::copy(&mut &far, &mut std::io::sink()).expect("read to the end"));
        stream.writable().await.expect("room again");
        assert!(stream.try_write(b"x").expect("written").is_some());
        stream.finish();
        assert!(reader.join().expect("the reader") > 65536);
    });
}

#[test]
fn pipes_and_files_are_read_without_changing_their_mode() {
    block_on(async {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        let (sink, out) = std::io::pipe().expect("a pipe");
        let stream = Stream::pipes(reader.into(), out.into()).expect("a stream");
        // As much as is read at a time, so that the read does not tell whether more is there.
        writer.write_all(&[7; 16384]).expect("written");
        assert_eq!(*stream.read().await.expect("read"), [7; 16384]);
        let waiting = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            writer.write_all(b"9").expect("written");
        });
        assert_eq!(*stream.read().await.expect("read"), *b"9");
        waiting.join().expect("the writer");
        let mut taken = 0;
        while let Some(count) = stream.try_write(&[0; 10000]).expect("written") {
            taken += count;
        }
        assert!(taken >= 4096, "a pipe holds at least a page");
        drop(sink);

        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"script").expect("written");
        std::io::Seek::rewind(&mut file).expect("rewound");
        let (_sink, out) = std::io::pipe().expect("a pipe");
        let stream = Stream::pipes(file.into(), out.into()).expect("a stream");
        assert_eq!(*stream.read().await.expect("read"), *b"script");

        let nothing = std::fs::File::open("/dev/null").expect("a device");
        let (_sink, out) = std::io::pipe().expect("a pipe");
        let stream = Stream::pipes(nothing.into(), out.into()).expect("a stream");
        assert_eq!(*stream.read().await.expect("the end"), *b"");
    });
}

fn memfd(text: &str) -> OwnedFd {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file.into()
}

/// What a descriptor's file holds.
fn held(fd: &OwnedFd) -> String {
    let mut text = String::new();
    let mut file = std::fs::File::from(fd.try_clone().expect("a duplicate"));
    std::io::Seek::rewind(&mut file).expect("rewound");
    std::io::Read::read_to_string(&mut file, &mut text).expect("read");
    text
}

#[test]
fn descriptors_come_with_the_bytes_they_were_sent_with() {
    block_on(async {
        let (near, far) = UnixStream::pair().expect("a pair");
        let near = Stream::socket(near.into()).expect("a stream");
        let far = Stream::socket(far.into()).expect("a stream");
        let (a, b) = (memfd("a"), memfd("b"));
        assert_eq!(far.try_write(b"1").expect("written"), Some(1));
        assert_eq!(far.try_write_with_fds(b"2", &[a.as_fd()]).expect("written"), Some(1));
        assert_eq!(far.try_write_with_fds(b"3", &[b.as_fd(), a.as_fd()]).expect("written"), Some(1));
        assert_eq!(far.try_write(b"4").expect("written"), Some(1));
        let mut seen = Vec::new();
        for _ in 0..3 {
            let received = near.read().await.expect("read");
            for fd in &received.fds {
                assert!(rustix::io::fcntl_getfd(fd).expect("flags").contains(rustix::io::FdFlags::CLOEXEC));
            }
            let texts: Vec<_> = received.fds.iter().map(held).collect();
            seen.push((String::from_utf8_lossy(&received).into_owned(), texts.concat()));
        }
        let expected = [("12", "a"), ("3", "ba"), ("4", "")].map(|(bytes, fds)| (bytes.to_owned(), fds.to_owned()));
        assert_eq!(seen, expected);
    });
}

#[test]
fn no_more_descriptors_are_taken_than_the_limit() {
    block_on(async {
        let (near, far) = UnixStream::pair().expect("a pair");
        let near = Stream::socket(near.into()).expect("a stream");
        let far = Stream::socket(far.into()).expect("a stream");
        let file = memfd("x");
        for (sent, kept) in [(15, 15), (16, 16), (17, 16), (18, 16), (253, 16)] {
            let fds = vec![file.as_fd(); sent];
            assert_eq!(far.try_write_with_fds(b"x", &fds).expect("written"), Some(1));
            assert_eq!(near.read().await.expect("read").fds.len(), kept, "{sent} were sent");
        }
        far.try_write_with_fds(b"x", &vec![file.as_fd(); 254]).expect_err("more than the system takes");
        far.try_write_with_fds(b"", &[file.as_fd()]).expect_err("nothing to go with");
    });
}

#[test]
fn descriptors_are_refused_where_they_would_be_dropped() {
    block_on(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
        let near = std::net::TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        let stream = Stream::socket(near.into()).expect("a stream");
        let file = memfd("x");
        stream.try_write_with_fds(b"x", &[file.as_fd()]).expect_err("TCP passes none");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let stream = Stream::pipes(reader.into(), writer.into()).expect("a stream");
        stream.try_write_with_fds(b"x", &[file.as_fd()]).expect_err("a pipe passes none");
    });
}

#[test]
fn connections_over_tcp_find_out_that_the_peer_has_vanished() {
    block_on(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
        let port = listener.local_addr().expect("an address").port();
        let near = connect(&Endpoint::Tcp { host: "127.0.0.1".into(), port }).await.expect("a connection");
        let Stream::Socket(fd) = near else { panic!("a socket") };
        assert_eq!(rustix::net::sockopt::socket_keepalive(fd.get_ref()), Ok(true));
    });
}
