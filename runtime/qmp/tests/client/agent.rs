//! The guest agent: the real one on this host, which is asked nothing that could do harm, and scripted ones.

use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use qapi_runtime::client::Agent;
use qapi_runtime::{Client, ClientError, Dict, Value};

use super::block_on;
use super::qga::{
    GuestExec, GuestExecCommand, GuestExecStatusCommand, GuestFileClose, GuestFileOpen, GuestFileReadCommand,
    GuestFileWriteCommand, GuestGetTime, GuestNap, GuestPing,
};
use super::script::{Far, id, listening};

const SOON: Duration = Duration::from_millis(60);
const LONG: Duration = Duration::from_secs(20);

pub(crate) struct Daemon {
    child: Child,
    dir: tempfile::TempDir,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    pub(crate) fn start(test: &str) -> Option<Self> {
        let program = qapi_test_support::guest_agent(test)?;
        let dir = tempfile::tempdir().expect("a directory");
        let mut command = Command::new(program);
        command.args(["-m", "unix-listen", "-p"]).arg(dir.path().join("s")).arg("-t").arg(dir.path());
        Some(Self { child: command.stdin(Stdio::null()).spawn().expect("it starts"), dir })
    }

    async fn agent(&self) -> Agent {
        let options = Client::options().wait_until_there(true).timeout(LONG);
        options.connect_agent(&self.address()).await.expect("an agent")
    }

    pub(crate) fn address(&self) -> String {
        format!("unix:{}", self.dir.path().join("s").display())
    }
}

#[test]
fn the_real_agent_is_spoken_to() {
    let Some(daemon) = Daemon::start("the_real_agent_is_spoken_to") else { return };
    block_on(async {
        let guest = daemon.agent().await;
        guest.execute(GuestPing {}).await.expect("a ping");
        let time = guest.execute(GuestGetTime {}).await.expect("the time");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        let seconds = i64::try_from(now.as_secs()).expect("in range");
        assert!((time / 1_000_000_000 - seconds).abs() < 60, "it is this host's");
        assert!(guest.supports::<GuestPing>().await.expect("asked"));
        assert!(!guest.supports::<GuestNap>().await.expect("asked"));

        let path = daemon.dir.path().join("file").display().to_string();
        let open = |mode: &str| GuestFileOpen { path: path.as_str().into(), mode: Some(mode.into()) };
        let handle = guest.execute(open("w")).await.expect("a handle");
        let write = GuestFileWriteCommand { handle, buf_b64: "aGVsbG8K".into() };
        assert_eq!(guest.execute(write).await.expect("written").count, 6);
        guest.execute(GuestFileClose { handle }).await.expect("closed");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "hello\n");
        let handle = guest.execute(open("r")).await.expect("a handle");
        let read = guest.execute(GuestFileReadCommand { handle, count: Some(100) }).await.expect("read");
        assert!(read.buf_b64 == "aGVsbG8K" && read.eof);
        guest.execute(GuestFileClose { handle }).await.expect("closed");
        let error = guest.execute(GuestFileClose { handle }).await.expect_err("closed already");
        assert!(error.server_error().is_some(), "{error}");
    });
}

#[test]
fn the_real_agent_runs_a_program_and_takes_calls_from_all_sides() {
    let Some(daemon) = Daemon::start("the_real_agent_runs_a_program_and_takes_calls_from_all_sides") else { return };
    block_on(async {
        let guest = daemon.agent().await;
        let run = GuestExecCommand { path: "/bin/true".into(), arg: None, capture_output: Some(true) };
        let GuestExec { pid } = guest.execute(run).await.expect("it runs");
        let status = loop {
            let status = guest.execute(GuestExecStatusCommand { pid }).await.expect("a status");
            if status.exited {
                break status;
            }
            tokio::time::sleep(SOON / 10).await;
        };
        assert_eq!(status.exitcode, Some(0));
        let calls: Vec<_> = (0..10).map(|_| tokio::spawn(guest.execute(GuestPing {}))).collect();
        for call in calls {
            call.await.expect("no panic").expect("a ping");
        }
        // Given up in the middle: the next finds its own answer all the same.
        for _ in 0..5 {
            let _ = guest.execute(GuestGetTime {}).timeout(Duration::from_micros(20)).await;
            guest.execute(GuestPing {}).await.expect("a ping");
        }
        let error = guest.execute(GuestNap {}).timeout(LONG).await.expect_err("it has no such command");
        assert!(error.is_command_not_found(), "{error}");
        guest.execute(GuestNap {}).await.expect("not waited for");
        let untyped = guest.call("guest-nap", &Dict::new()).silent().await.expect("not waited for");
        assert_eq!(untyped, Value::Null);
        assert!(guest.execute(GuestGetTime {}).await.expect("the time") > 0);
    });
}

/// Answers `guest-sync-delimited` as an agent does, behind what an earlier client left.
fn synchronize(far: &mut Far) {
    // The byte that ends what the agent has begun, then the request.
    let request = far.agent_request().expect("a request");
    assert_eq!(request.get("execute").and_then(Value::as_str), Some("guest-sync-delimited"));
    far.send("ed\"}}\n{\"return\": 12}\n\u{e9}{{");
    let number = request.get("arguments").and_then(|arguments| arguments.get("id")).expect("a number");
    let number = number.to_string();
    let answer: [&[u8]; 3] = [b"{\"return\": 3}\n\xff{\"return\": 4}\n\xff{\"return\": ", number.as_bytes(), b"}\n"];
    far.send(answer.concat());
}

fn scripted(script: impl FnOnce(Far) + Send + 'static) -> (std::thread::JoinHandle<()>, UnixStream) {
    let (near, far) = UnixStream::pair().expect("a pair");
    (std::thread::spawn(move || script(Far::new(near))), far)
}

#[test]
fn what_others_left_on_the_line_is_passed_over() {
    let (server, far) = scripted(|mut far| {
        synchronize(&mut far);
        // One that repeats no ids, as old ones do.
        far.agent_request().expect("a ping");
        far.send("{\"return\": {}}\n");
        // Too late, so the conversation begins anew.
        let late = far.agent_request().expect("a request");
        std::thread::sleep(SOON * 2);
        far.send(format!("{{\"return\": 1, \"id\": {}}}\n", id(&late)));
        synchronize(&mut far);
        let request = far.agent_request().expect("a request");
        far.send("{\"return\": 7, \"id\": \"someone's\"}\n");
        far.reply(&request, "2");
    });
    block_on(async {
        let guest = Client::options().agent_over(far).await.expect("an agent");
        guest.execute(GuestPing {}).await.expect("a ping");
        let error = guest.execute(GuestGetTime {}).timeout(SOON).await.expect_err("too slow");
        assert_eq!(error.to_string(), "guest-get-time: no answer within 60ms");
        assert_eq!(guest.execute(GuestGetTime {}).await.expect("the time"), 2);
    });
    server.join().expect("no panic");
}

#[test]
fn an_agent_that_is_not_there_is_given_up() {
    let (_near, far) = UnixStream::pair().expect("a pair");
    let options = Client::options().connect_timeout(SOON);
    let error = block_on(options.agent_over(far)).expect_err("nobody there");
    assert_eq!(error.to_string(), "cannot connect to the given stream within 60ms: no guest agent answers there");
}

#[test]
fn commands_without_an_answer_end_by_time_or_by_error() {
    let (server, far) = scripted(|mut far| {
        synchronize(&mut far);
        far.agent_request().expect("a nap");
        synchronize(&mut far);
        let refused = far.agent_request().expect("a nap");
        far.refuse(&refused, "GenericError", "not tired");
        far.agent_request().expect("a nap");
    });
    block_on(async {
        let guest = Client::options().agent_over(far).await.expect("an agent");
        guest.execute(GuestNap {}).timeout(SOON).await.expect("silence is success");
        let error = guest.execute(GuestNap {}).timeout(LONG).await.expect_err("refused");
        assert_eq!(error.to_string(), "guest-nap: not tired");
        guest.execute(GuestNap {}).timeout(LONG).await.expect("the guest is gone, as was wished");
        let error = guest.execute(GuestPing {}).await.expect_err("gone");
        assert!(error.is_disconnect(), "{error}");
        let error = guest.execute(GuestPing {}).oob().await.expect_err("no such thing");
        assert!(matches!(error, ClientError::Unsupported { .. }), "{error}");
        let error = guest.call("guest-ping", &Dict::new()).fd(std::fs::File::open("/dev/null").expect("a file"));
        assert!(matches!(error.await, Err(ClientError::Unsupported { .. })));
    });
    server.join().expect("no panic");
}

#[test]
fn a_line_that_was_lost_is_dialled_again_by_the_next_call() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = listening(&dir.path().join("s"), |listener| {
        for answers in [false, true] {
            let mut far = Far::new(listener.accept().expect("a client").0);
            synchronize(&mut far);
            let request = far.agent_request().expect("a request");
            if answers {
                far.reply(&request, "{}");
            }
        }
    });
    block_on(async {
        let guest = Agent::connect(&format!("unix:{}", dir.path().join("s").display())).await.expect("an agent");
        let error = guest.execute(GuestPing {}).await.expect_err("lost");
        assert!(matches!(error, ClientError::Closed), "{error}");
        guest.execute(GuestPing {}).await.expect("the line is back");
    });
    server.join().expect("no panic");
}

#[test]
fn malformed_text_of_an_agent_is_named() {
    let (server, far) = scripted(|mut far| {
        synchronize(&mut far);
        far.agent_request().expect("a request");
        far.send("{\"return\": nil}\n");
    });
    block_on(async {
        let guest = Client::options().agent_over(far).await.expect("an agent");
        let error = guest.execute(GuestPing {}).await.expect_err("malformed");
        let message = "the connection broke: the agent's text is malformed: JSON parse error, invalid keyword 'nil'";
        assert_eq!(error.to_string(), message);
    });
    server.join().expect("no panic");
}
