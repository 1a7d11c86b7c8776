//! Tests of addresses, streams and listeners.

use std::io::Write;
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
