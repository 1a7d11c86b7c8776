//! One of the clients: keeps account of what it asked, and behaves as it likes.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use qapi_interop::{PATIENCE, Requests, wait_for};
use qapi_test_support::Random;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::Value;

/// How long reading is tried before more is sent.
const TURN: Duration = Duration::from_millis(5);
/// Bytes that a client sends at once without reading: more than sockets and the emulator together take in.
const FLOOD: usize = 1 << 20;

/// Names for descriptors, as JSON: the clients' own, and what mistaken requests say instead.
pub(crate) const NAMES: [&str; 6] = ["\"f0\"", "\"f1\"", "\"f2\"", "\"x\"", "\"\"", "\"\\u00e9\\u007f\""];

/// What clients may ask.
pub(crate) struct Repertoire {
    /// Anything.
    pub(crate) all: Requests,
    /// What is answered at once, without another thread's help.
    pub(crate) quick: Requests,
}

/// What clients did and saw.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    visits: u64,
    /// Requests that were answered under their id.
    pub(crate) answered: u64,
    /// Answers without an id, to what was no request.
    unnamed: u64,
    events: u64,
    out_of_band: u64,
    /// Descriptors sent.
    pub(crate) passed: u64,
    /// Times that nothing was read for a while.
    pub(crate) stalled: u64,
    /// Times that a client left in the middle.
    pub(crate) vanished: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.visits += other.visits;
        self.answered += other.answered;
        self.unnamed += other.unnamed;
        self.events += other.events;
        self.out_of_band += other.out_of_band;
        self.passed += other.passed;
        self.stalled += other.stalled;
        self.vanished += other.vanished;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { visits, answered, unnamed, events, out_of_band, passed, stalled, vanished } = self;
        write!(
            f,
            "{visits} connections, {answered} requests answered once, {unnamed} answers without id, {events} events, "
        )?;
        write!(f, "{out_of_band} out of band, {passed} descriptors passed, {stalled} stalls, {vanished} vanished")
    }
}

/// A client, or rather one after the other at the same monitor.
pub(crate) struct Peer {
    socket: PathBuf,
    requests: Arc<Repertoire>,
    random: Random,
    last_id: u64,
    pub(crate) tally: Tally,
}

impl Peer {
    pub(crate) fn new(socket: PathBuf, requests: Arc<Repertoire>, seed: u64) -> Self {
        Self { socket, requests, random: Random::new(seed), last_id: 0, tally: Tally::default() }
    }

    /// Connects, does some of all that clients do until a time, and leaves: in order, or not.
    pub(crate) fn visit(&mut self, over: Instant) {
        self.tally.visits += 1;
        let out_of_band = self.random.once_in(3);
        let mut session = Session::connect(&self.socket, out_of_band);
        for _ in 0..self.random.below(12) {
            if Instant::now() > over {
                return;
            }
            match self.random.below(16) {
                0 => self.stall(&mut session),
                1 | 2 => self.pass_descriptors(&mut session),
                3 | 4 if out_of_band => self.overtake(&mut session),
                _ => {
                    let count = 1 + self.random.below(60);
                    self.ask(&mut session, count);
                }
            }
            if self.random.once_in(15) {
                return self.vanish(session);
            }
            session.drain(&mut self.tally);
        }
    }

    /// Closes the descriptors with names, which a monitor keeps for its next client.
    pub(crate) fn tidy(&mut self) {
        let mut session = Session::connect(&self.socket, false);
        for name in NAMES {
            self.last_id += 1;
            let arguments = format!("{{\"fdname\": {name}}}");
            let request = format!("{{\"execute\": \"closefd\", \"arguments\": {arguments}, \"id\": {}}}", self.last_id);
            session.queue(request.as_bytes(), Some(self.last_id));
        }
        session.drain(&mut self.tally);
    }

    fn ask(&mut self, session: &mut Session, count: usize) {
        for _ in 0..count {
            self.ask_one(session, |requests| &requests.all);
        }
    }

    fn ask_one(&mut self, session: &mut Session, choose: fn(&Repertoire) -> &Requests) {
        self.last_id += 1;
        let request = choose(&self.requests).next(&mut self.random, self.last_id);
        session.queue(request.text.as_bytes(), request.identified.then_some(self.last_id));
    }

    /// Asks for more than fits anywhere, without reading an answer for a while.
    fn stall(&mut self, session: &mut Session) {
        self.tally.stalled += 1;
        let limit = self.random.below(FLOOD);
        while session.unsent.len() < limit {
            self.ask_one(session, |requests| &requests.quick);
        }
        session.write();
        thread::sleep(Duration::from_millis(self.random.below(400) as u64));
    }

    fn overtake(&mut self, session: &mut Session) {
        let count = 1 + self.random.below(20);
        self.ask(session, count);
        self.last_id += 1;
        let request = format!("{{\"exec-oob\": \"migrate-pause\", \"id\": {}}}", self.last_id);
        session.queue(request.as_bytes(), Some(self.last_id));
        self.tally.out_of_band += 1;
    }

    /// Sends descriptors along with a command that takes one, one that does not, or with nothing.
    fn pass_descriptors(&mut self, session: &mut Session) {
        session.drain(&mut self.tally);
        for _ in 0..1 + self.random.below(5) {
            let count = 1 + self.random.below(3);
            let files: Vec<File> = (0..count).map(|_| File::open("/dev/null").unwrap()).collect();
            self.last_id += 1;
            let id = self.last_id;
            let name = self.random.one_of(&NAMES);
            let (text, due) = match self.random.below(4) {
                0 => (format!("{{\"execute\": \"query-name\", \"id\": {id}}}"), true),
                1 => (" ".to_owned(), false),
                _ => (format!("{{\"execute\": \"getfd\", \"arguments\": {{\"fdname\": {name}}}, \"id\": {id}}}"), true),
            };
            session.pass(text.as_bytes(), &files);
            session.waiting.extend(due.then_some(id));
            self.tally.passed += count as u64;
        }
    }

    /// Leaves with answers on their way, perhaps in the middle of a request.
    fn vanish(&mut self, mut session: Session) {
        self.tally.vanished += 1;
        self.ask(&mut session, 5);
        let rest = self.random.below(session.unsent.len());
        session.unsent.truncate(rest);
        session.write();
    }
}

/// One connection, with what is on its way in both directions.
struct Session {
    reader: BufReader<UnixStream>,
    /// The beginning of a line.
    line: Vec<u8>,
    unsent: Vec<u8>,
    /// Ids without an answer yet.
    waiting: HashSet<u64>,
    /// Answers that have no id, which are still to come.
    unnamed: u64,
}

impl Session {
    fn connect(socket: &PathBuf, out_of_band: bool) -> Self {
        let stream = wait_for("a monitor", || UnixStream::connect(socket).ok());
        stream.set_read_timeout(Some(TURN)).unwrap();
        let (waiting, unsent, line) = (HashSet::new(), Vec::new(), Vec::new());
        let mut session = Self { reader: BufReader::new(stream), line, unsent, waiting, unnamed: 0 };
        let greeting = session.next("the greeting");
        assert!(greeting["QMP"].is_object(), "{greeting}");
        let enable = if out_of_band { "\"oob\"" } else { "" };
        let request = format!("{{\"execute\": \"qmp_capabilities\", \"arguments\": {{\"enable\": [{enable}]}}}}");
        session.unsent.extend(request.as_bytes());
        session.write();
        let reply = session.next("the end of negotiation");
        assert!(reply["return"].is_object(), "{reply}");
        session
    }

    /// Puts a request where it is sent from; without an id in its answer it is none.
    fn queue(&mut self, text: &[u8], id: Option<u64>) {
        self.unsent.extend(text);
        self.unsent.push(b'\n');
        match id {
            Some(id) => assert!(self.waiting.insert(id)),
            None => self.unnamed += 1,
        }
    }

    /// Sends what the server takes at once.
    fn write(&mut self) {
        while !self.unsent.is_empty() {
            match rustix::net::send(self.reader.get_ref(), &self.unsent, SendFlags::DONTWAIT) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(Errno::AGAIN | Errno::INTR) => return,
                Err(error) => panic!("cannot send: {error}"),
            }
        }
    }

    /// Sends this at once, with descriptors.
    fn pass(&self, text: &[u8], files: &[File]) {
        let files: Vec<_> = files.iter().map(|file| file.as_fd()).collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(&files)));
        let sent = sendmsg(self.reader.get_ref(), &[IoSlice::new(text)], &mut control, SendFlags::empty());
        assert_eq!(sent, Ok(text.len()));
    }

    /// Sends and reads until nothing is on its way any more.
    fn drain(&mut self, tally: &mut Tally) {
        let mut heard = Instant::now();
        while !(self.unsent.is_empty() && self.waiting.is_empty() && self.unnamed == 0) {
            self.write();
            // All that came with one read, before more is sent.
            while let Some(message) = self.read() {
                heard = Instant::now();
                self.account(&message, tally);
                if self.reader.buffer().is_empty() {
                    break;
                }
            }
            let Self { waiting, unnamed, .. } = self;
            assert!(heard.elapsed() < PATIENCE, "unanswered: {waiting:?} and {unnamed} without id");
        }
    }

    /// Strikes out what is answered: every id once.
    fn account(&mut self, message: &Value, tally: &mut Tally) {
        if message.get("event").is_some() {
            tally.events += 1;
        } else if let Some(id) = message.get("id") {
            let due = id.as_u64().is_some_and(|id| self.waiting.remove(&id));
            assert!(due, "answered twice, or never asked: {message}");
            tally.answered += 1;
        } else {
            assert!(self.unnamed > 0 && message.get("error").is_some(), "nobody asked: {message}");
            self.unnamed -= 1;
            tally.unnamed += 1;
        }
    }

    /// The next message, which must come.
    fn next(&mut self, what: &str) -> Value {
        wait_for(what, || self.read())
    }

    /// The next message, if it comes soon.
    fn read(&mut self) -> Option<Value> {
        match self.reader.read_until(b'\n', &mut self.line) {
            Ok(0) => panic!("the emulator has closed the connection"),
            Ok(_) => {
                let line = std::mem::take(&mut self.line);
                Some(serde_json::from_slice(&line).expect("JSON"))
            }
            Err(error) if retry(error.kind()) => None,
            Err(error) => panic!("cannot read: {error}"),
        }
    }
}

fn retry(error: ErrorKind) -> bool {
    matches!(error, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
