//! Tests of what is kept for a server that takes its time.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use super::*;

/// A request of a kilobyte: its number, then filling.
fn request(number: usize) -> Vec<u8> {
    format!("{number:01023}\n").into_bytes()
}

#[test]
fn what_a_lagging_server_has_taken_is_let_go_of() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (near, far) = UnixStream::pair().expect("a pair");
        let mut wire = Wire::new(Stream::socket(near.into()).expect("a stream"));
        let far = Stream::socket(far.into()).expect("a stream");
        let (mut pushed, mut taken, mut carried) = (0, Vec::new(), 0);
        // 8 MiB, of which there is always something unsent.
        while pushed < 8 << 10 {
            while wire.unsent() < KEEP {
                let mut fds = Vec::new();
                if pushed % 700 == 0 {
                    let mut file = tempfile::tempfile().expect("a file");
                    file.write_all(pushed.to_string().as_bytes()).expect("written");
                    fds.push(OwnedFd::from(file));
                }
                wire.push(&request(pushed), fds);
                pushed += 1;
            }
            while wire.unsent() >= KEEP {
                match wire.out.try_send(&wire.stream).expect("a server") {
                    Some(count) => wire.out.note_sent(count),
                    None => {
                        let received = far.read().await.expect("requests");
                        taken.extend_from_slice(&received);
                        for fd in &received.fds {
                            // They are those of the last request that is whole so far, or begun.
                            let begun = taken.len().saturating_sub(1) >> 10;
                            assert!(number(fd) <= begun && begun < number(fd) + 700, "{} in {begun}", number(fd));
                            carried += 1;
                        }
                    }
                }
            }
            assert!(wire.out.bytes.capacity() <= 8 * KEEP, "{} bytes are kept", wire.out.bytes.capacity());
        }
        let whole: Vec<u8> = (0..pushed).flat_map(request).collect();
        assert_eq!(Some(&*taken), whole.get(..taken.len()), "nothing is lost, and nothing comes twice");
        assert!(carried > 5, "{carried} descriptors arrived");
    });
}

/// What a descriptor's file holds.
fn number(fd: &OwnedFd) -> usize {
    let (mut file, mut text) = (File::from(fd.try_clone().expect("a duplicate")), String::new());
    std::io::Seek::rewind(&mut file).expect("rewound");
    file.read_to_string(&mut text).expect("read");
    text.parse().expect("a number")
}
