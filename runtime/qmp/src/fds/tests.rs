//! Tests of named descriptors and descriptor sets, without a server.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use super::*;
use crate::{Context, EventSink};

const WRITE: Open = Open { read: false, write: true, append: false, truncate: false, create: false };

fn file(text: &str) -> OwnedFd {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file.into()
}

/// A context with one descriptor, or none.
fn with(fd: Option<OwnedFd>) -> Context {
    Context::detached(&EventSink::new()).with_fds(fd.into_iter().collect())
}

fn none() -> Context {
    with(None)
}

fn text(fd: OwnedFd) -> String {
    let (mut file, mut text) = (File::from(fd), String::new());
    file.rewind().expect("rewound");
    file.read_to_string(&mut text).expect("read");
    text
}

fn numbers(sets: &FdSets) -> Vec<i64> {
    sets.query_fdsets().iter().map(|set| set.fdset_id).collect()
}

#[test]
fn names_are_given_replaced_and_taken() {
    let named = NamedFds::default();
    let missing = named.getfd(&none(), "a").expect_err("no descriptor");
    assert_eq!(missing.desc(), "No file descriptor supplied via SCM_RIGHTS");
    let digit = named.getfd(&with(Some(file(""))), "1a").expect_err("a digit");
    assert_eq!(digit.desc(), "Parameter 'fdname' expects a name not starting with a digit");
    named.getfd(&with(Some(file("first"))), "a").expect("kept");
    named.getfd(&with(Some(file("second"))), "a").expect("replaced");
    assert_eq!(text(named.take(&none(), "a").expect("there")), "second");
    let taken = named.take(&none(), "a").expect_err("gone");
    assert_eq!(taken.desc(), "File descriptor named 'a' has not been found");
    named.getfd(&with(Some(file(""))), "").expect("an empty name is one, too");
    named.closefd(&none(), "").expect("there");
    let closed = named.closefd(&none(), "").expect_err("gone");
    assert_eq!(closed.desc(), "File descriptor named '' not found");
}

#[test]
fn the_first_descriptor_is_taken_and_the_others_are_closed() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let context = Context::detached(&EventSink::new()).with_fds(vec![file("first"), writer.into()]);
    assert_eq!(context.take_fd().map(text).as_deref(), Some("first"));
    assert!(context.take_fd().is_none());
    let mut rest = String::new();
    (&reader).read_to_string(&mut rest).expect("the end, since the other descriptor is closed");
}

#[test]
fn sets_are_numbered_from_the_lowest_that_is_free() {
    let sets = FdSets::default();
    let mut added = Vec::new();
    for wanted in [None, Some(1), None, Some(7), Some(7), None, Some(i64::MAX)] {
        added.push(sets.add_fd(&with(Some(file(""))), wanted, None).expect("added").fdset_id);
    }
    assert_eq!(added, [0, 1, 2, 7, 7, 3, i64::MAX]);
    assert_eq!(numbers(&sets), [i64::MAX, 7, 3, 2, 1, 0]);
    sets.remove_fd(1, None).expect("there");
    assert_eq!(sets.add(file(""), None, None).expect("added").fdset_id, 1, "the gap is filled");
    let negative = sets.add_fd(&with(Some(file(""))), Some(-1), None).expect_err("negative");
    assert_eq!(negative.desc(), "Parameter 'fdset-id' expects a non-negative value");
    let missing = sets.add_fd(&none(), Some(-1), None).expect_err("no descriptor");
    assert_eq!(missing.desc(), "No file descriptor supplied via SCM_RIGHTS");
}

#[test]
fn descriptors_are_listed_and_removed_by_number() {
    let sets = FdSets::default();
    let first = sets.add(file(""), Some(5), Some("note".into())).expect("added");
    let second = sets.add(file(""), Some(5), None).expect("added");
    let fds = vec![Member { fd: first.fd, opaque: Some("note".into()) }, Member { fd: second.fd, opaque: None }];
    assert_eq!(sets.query_fdsets(), [FdSet { fdset_id: 5, fds }]);
    for (id, fd, named) in [(5, Some(-1), "5, fd:-1"), (6, Some(3), "6, fd:3"), (6, None, "6")] {
        let error = sets.remove_fd(id, fd).expect_err(named);
        assert_eq!(error.desc(), format!("File descriptor named 'fdset-id:{named}' not found"));
    }
    sets.remove_fd(5, Some(first.fd)).expect("there");
    assert_eq!(sets.query_fdsets()[0].fds, [Member { fd: second.fd, opaque: None }]);
    sets.remove_fd(5, Some(second.fd)).expect("there");
    assert_eq!(sets.query_fdsets(), []);
}

#[test]
fn a_set_opens_by_access_mode() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("f");
    std::fs::write(&path, "0123").expect("a file");
    let sets = FdSets::default();
    sets.add(File::open(&path).expect("for reading").into(), Some(1), None).expect("added");
    let open = |path: &str, how| sets.open(Path::new(path), how).map_err(|error| error.raw_os_error());
    assert_eq!(open("/dev/fdset/1", WRITE).err(), Some(Some(13)), "EACCES");
    assert_eq!(open("/dev/fdset/2", WRITE).err(), Some(Some(2)), "ENOENT");
    for bad in ["", "x", "1x", "-1", "/1", "99999999999999999999"] {
        assert_eq!(open(&format!("/dev/fdset/{bad}"), WRITE).err(), Some(Some(22)), "EINVAL for {bad:?}");
    }
    let writer = File::options().write(true).open(&path).expect("for writing");
    let number = writer.as_raw_fd();
    sets.add(writer.into(), Some(1), None).expect("added");
    let append = Open { append: true, ..WRITE };
    let mut opened = open("/dev/fdset/1", append).expect("open");
    assert_ne!(opened.file.as_raw_fd(), number, "a duplicate");
    opened.file.write_all(b"4").expect("written");
    assert_eq!(std::fs::read(&path).expect("the file"), b"01234", "at the end");
    let mut opened = open("/dev/fdset/01", Open { truncate: true, ..WRITE }).expect("open");
    opened.file.rewind().expect("rewound");
    opened.file.write_all(b"x").expect("written");
    assert_eq!(std::fs::read(&path).expect("the file"), b"x");
    let read = Open { read: true, ..Open::default() };
    let mut seen = String::new();
    open("/dev/fdset/1", read).expect("open").file.read_to_string(&mut seen).expect("read");
    assert_eq!(seen, "x");
    let plain = sets.open(&path, read).expect("a file of the file system");
    assert!(plain.lease.is_none());
}

#[test]
fn a_set_lasts_as_long_as_something_open_came_from_it() {
    let sets = FdSets::default();
    let read_write = Open { read: true, ..WRITE };
    let path = Path::new("/dev/fdset/0");
    let fd = sets.add(file(""), None, None).expect("added").fd;
    let (first, second) = (sets.open(path, read_write).expect("open"), sets.open(path, read_write).expect("open"));
    sets.remove_fd(0, Some(fd)).expect("there");
    assert_eq!(sets.query_fdsets(), [FdSet { fdset_id: 0, fds: Vec::new() }]);
    assert_eq!(sets.open(path, read_write).map(drop).map_err(|error| error.raw_os_error()), Err(Some(13)));
    drop(first);
    assert_eq!(numbers(&sets), [0]);
    drop(second);
    assert!(numbers(&sets).is_empty());
}

#[test]
fn sets_that_nobody_can_ask_about_go() {
    let sets = FdSets::default();
    sets.add(file(""), Some(1), None).expect("added");
    sets.add(file(""), Some(2), None).expect("added");
    sets.await_clients();
    assert_eq!(numbers(&sets), [2, 1], "the first client has yet to come");
    let opened = sets.open(Path::new("/dev/fdset/2"), Open { read: true, ..WRITE }).expect("open");
    sets.last_client_left();
    assert_eq!(numbers(&sets), [2], "one is in use");
    assert_eq!(sets.query_fdsets()[0].fds.len(), 1, "and so its descriptors stay");
    drop(opened);
    assert!(numbers(&sets).is_empty(), "nobody is left when it no longer is");
    sets.client_came();
    sets.add(file(""), Some(3), None).expect("added");
    sets.freeze(true);
    sets.remove_fd(3, None).expect("there");
    sets.last_client_left();
    assert_eq!(numbers(&sets), [3], "frozen");
    sets.freeze(false);
    assert_eq!(numbers(&sets), [3], "until the next occasion");
    sets.remove_fd(3, None).expect("there");
    assert!(numbers(&sets).is_empty());
}

#[test]
fn texts_that_are_kept_have_a_limit() {
    let (named, sets) = (NamedFds::default(), FdSets::default());
    let (most, more) = ("x".repeat(65536), "x".repeat(65537));
    named.getfd(&with(Some(file(""))), &most).expect("kept");
    let error = named.getfd(&with(Some(file(""))), &more).expect_err("too long");
    assert_eq!(error.desc(), "Parameter 'fdname' expects at most 65536 bytes");
    sets.add_fd(&with(Some(file(""))), None, Some(most.into())).expect("kept");
    let error = sets.add_fd(&with(Some(file(""))), None, Some(more.into())).expect_err("too long");
    assert_eq!(error.desc(), "Parameter 'opaque' expects at most 65536 bytes");
    assert_eq!(numbers(&sets), [0]);
}

/// A descriptor, and what tells whether it is open still.
fn watched() -> (OwnedFd, impl Fn() -> bool) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    rustix::io::ioctl_fionbio(&reader, true).expect("a pipe does not wait");
    // The end of the input once nobody can write any more.
    (writer.into(), move || (&reader).read(&mut [0]).is_err())
}

#[test]
fn what_is_replaced_closed_or_removed_is_open_no_longer() {
    let (named, sets) = (NamedFds::default(), FdSets::default());
    let ((first, first_open), (second, second_open), (third, third_open)) = (watched(), watched(), watched());
    named.getfd(&with(Some(first)), "a").expect("kept");
    assert!(first_open());
    named.getfd(&with(Some(second)), "a").expect("replaced");
    assert!(!first_open() && second_open());
    named.closefd(&none(), "a").expect("there");
    assert!(!second_open());
    let added = sets.add(third, None, None).expect("added");
    assert!(third_open());
    sets.remove_fd(added.fdset_id, None).expect("there");
    assert!(!third_open());
    let (refused, refused_open) = watched();
    sets.add(refused, Some(-1), None).expect_err("a negative number");
    assert!(!refused_open());
}
