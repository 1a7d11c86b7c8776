//! Servers that behave in any way: the client neither panics nor hangs beyond its time-outs, nor grows without bound.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use qapi_runtime::Client;

use super::block_on;
use super::qga::GuestPing;
use super::qmp::{JobStatusChange, QueryStatus};
use super::script::{Far, GREETING, id, pair};

const LIMIT: Duration = Duration::from_millis(100);

/// What a server does when it is asked something.
#[derive(Debug, Clone)]
enum Deed {
    Answer,
    Refuse,
    AnswerTwice,
    AnswerAnother,
    /// Says nothing, then or ever.
    Ignore,
    Wait(u8),
    Event,
    Bytes(Vec<u8>),
    /// So much of an answer, and no more.
    Part(u8),
    Leave,
}

fn deeds() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Answer),
        1 => Just(Deed::Refuse),
        1 => Just(Deed::AnswerTwice),
        1 => Just(Deed::AnswerAnother),
        1 => Just(Deed::Ignore),
        1 => (0..8u8).prop_map(Deed::Wait),
        2 => Just(Deed::Event),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Deed::Bytes),
        1 => (0..40u8).prop_map(Deed::Part),
        1 => Just(Deed::Leave),
    ]
}

const STATUS: &str = "{\"running\": true, \"status\": \"running\"}";

/// Does one thing after the other, one or more for each request, until it leaves or is left.
fn act(mut far: Far, deeds: Vec<Deed>) {
    let mut deeds = deeds.into_iter();
    while let Some(request) = far.request() {
        let whole = format!("{{\"return\": {STATUS}, \"id\": {}}}\r\n", id(&request));
        loop {
            match deeds.next() {
                Some(Deed::Answer) => far.send(&whole),
                Some(Deed::Refuse) => far.refuse(&request, "Whatever", "no"),
                Some(Deed::AnswerTwice) => far.send([whole.as_str(), &whole].concat()),
                Some(Deed::AnswerAnother) => far.send("{\"return\": [], \"id\": 999999}\r\n{\"return\": 1}\r\n[]\r\n"),
                Some(Deed::Ignore) => {}
                Some(Deed::Wait(pause)) => {
                    std::thread::sleep(Duration::from_millis(pause.into()));
                    continue;
                }
                Some(Deed::Event) => {
                    far.event("JOB_STATUS_CHANGE", "{\"id\": \"a\", \"status\": \"running\"}");
                    continue;
                }
                Some(Deed::Bytes(bytes)) => far.send(bytes),
                Some(Deed::Part(count)) => far.send(whole.get(..count.into()).unwrap_or(&whole)),
                Some(Deed::Leave) | None => return,
            }
            break;
        }
    }
}

/// As what servers do, with the byte that stands between conversations.
fn agent_deeds() -> impl Strategy<Value = Deed> {
    prop_oneof![4 => Just(Deed::Event), 3 => deeds(), 1 => Just(Deed::Bytes(b"\xff{\"return\": 1}\n\xff".to_vec()))]
}

/// Answers as an agent where the list says [`Deed::Event`], and otherwise does what it says.
fn act_as_agent(mut far: Far, deeds: Vec<Deed>) {
    let mut deeds = deeds.into_iter();
    while let Some(request) = far.agent_request() {
        let number = request.get("arguments").and_then(|arguments| arguments.get("id"));
        match (deeds.next(), number) {
            (Some(Deed::Event), Some(number)) => {
                far.send([&b"\xff{\"return\": "[..], number.to_string().as_bytes(), b"}\n"].concat());
            }
            (Some(Deed::Event | Deed::Answer), None) => far.reply(&request, "{}"),
            (Some(Deed::Bytes(bytes)), _) => far.send(bytes),
            (Some(Deed::Part(count)), _) => far.send(STATUS.get(..count.into()).unwrap_or(STATUS)),
            (Some(Deed::Leave) | None, _) => return,
            (Some(Deed::Wait(pause)), _) => std::thread::sleep(Duration::from_millis(pause.into())),
            (Some(_), _) => far.send("{\"return\": {}, \"id\": 999999}\n{\"return\": {}}\n"),
        }
    }
}

/// Calls until the server has nothing left to do. Every outcome is fine; only the time counts.
async fn call(client: Client, calls: usize) {
    let mut events = client.events::<JobStatusChange>();
    for _ in 0..calls {
        let begin = Instant::now();
        let _ = client.execute(QueryStatus {}).await;
        assert!(begin.elapsed() < LIMIT * 20, "a call took {:?}", begin.elapsed());
        while let Some(event) = events.try_next() {
            let _ = event;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_server_makes_the_client_panic_or_hang(list in prop::collection::vec(deeds(), 0..12)) {
        let calls = list.len() + 1;
        let (server, far) = pair(move |far| act(far, list));
        block_on(async {
            let client = Client::options().timeout(LIMIT).over(far).await.expect("negotiated");
            call(client, calls).await;
        });
        server.join().expect("no panic");
    }

    #[test]
    fn no_agent_makes_the_client_panic_or_hang(list in prop::collection::vec(agent_deeds(), 0..12)) {
        let calls = list.len() + 1;
        let (near, far) = UnixStream::pair().expect("a pair");
        let agent = std::thread::spawn(move || act_as_agent(Far::new(near), list));
        block_on(async {
            let begin = Instant::now();
            let options = Client::options().timeout(LIMIT).connect_timeout(LIMIT);
            if let Ok(guest) = options.agent_over(far).await {
                for _ in 0..calls {
                    let _ = guest.execute(GuestPing {}).await;
                }
            }
            assert!(begin.elapsed() < LIMIT * 20 * u32::try_from(calls).expect("few"), "{:?}", begin.elapsed());
        });
        agent.join().expect("no panic");
    }

    #[test]
    fn no_beginning_makes_the_client_panic_or_hang(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0..300usize) {
        let (mut near, far) = UnixStream::pair().expect("a pair");
        let begin = GREETING.as_bytes().get(..cut).unwrap_or(GREETING.as_bytes());
        near.write_all(&[begin, &bytes].concat()).expect("written");
        let begin = Instant::now();
        let _ = block_on(Client::options().connect_timeout(LIMIT).over(far));
        assert!(begin.elapsed() < LIMIT * 20);
    }
}
