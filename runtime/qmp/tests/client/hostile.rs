//! Servers that behave in any way: the client neither panics nor hangs beyond its time-outs, nor grows without bound.

use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use qapi_runtime::{Client, ClientError, Dict};
use qapi_test_support::Random;

use super::block_on;
use super::qga::GuestPing;
use super::qmp::{JobStatusChange, QueryStatus};
use super::script::{Far, GREETING, id, listening, pair};

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

/// Executes commands until its luck runs out, then dies, before or after it answered. Tells what it has executed.
fn mortal(listener: &UnixListener, executed: &mpsc::Sender<u64>) {
    let mut random = Random::new(7);
    while let Ok((stream, _)) = listener.accept() {
        let mut far = Far::new(stream);
        if random.below(5) == 0 {
            continue;
        }
        far.negotiate();
        let mut left = random.below(30);
        while let Some(request) = far.request() {
            let number = request.get("arguments").and_then(|arguments| arguments.get("number")?.as_u64());
            let Some(number) = number else { return };
            executed.send(number).expect("a test");
            if left == 0 {
                break;
            }
            far.reply(&request, &number.to_string());
            left -= 1;
        }
    }
}

#[test]
fn no_command_is_sent_twice_however_often_the_server_dies() {
    let dir = tempfile::tempdir().expect("a directory");
    let (tell, told) = mpsc::channel();
    let server = listening(&dir.path().join("s"), move |listener| mortal(&listener, &tell));
    let outcomes = block_on(async {
        let options = Client::options().reconnect(true).wait_until_there(true).connect_timeout(LIMIT * 50);
        let options = options.backoff(Duration::from_millis(1), Duration::from_millis(4)).timeout(LIMIT * 50);
        let client = loop {
            // The very first connection may be one of those that die at once.
            match options.clone().connect(&format!("unix:{}", dir.path().join("s").display())).await {
                Ok(client) => break client,
                Err(error) => assert!(!matches!(error, ClientError::ConnectTimeout { .. }), "{error}"),
            }
        };
        let calls: Vec<_> = (0..600u64)
            .map(|number| tokio::spawn(client.call("count", &Dict::from_iter([("number", number)]))))
            .collect();
        let mut outcomes = Vec::new();
        for call in calls {
            outcomes.push(call.await.expect("no panic"));
        }
        // One without a number ends the server.
        while client.call("end", &Dict::new()).await.is_ok() {}
        outcomes
    });
    server.join().expect("no panic");
    let mut executed: Vec<u64> = told.into_iter().collect();
    executed.sort_unstable();
    assert!(executed.windows(2).all(|pair| pair[0] != pair[1]), "executed twice");
    let mut answered = 0;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let number = number as u64;
        match outcome {
            Ok(value) => {
                answered += 1;
                assert_eq!(value.as_u64(), Some(number), "another's answer");
                assert!(executed.binary_search(&number).is_ok(), "answered and not executed");
            }
            Err(error) => assert!(error.is_disconnect(), "{number}: {error}"),
        }
    }
    assert!(answered > 300, "only {answered} were answered");
}
