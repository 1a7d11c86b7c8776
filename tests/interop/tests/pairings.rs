//! One scenario, played by our typed client and by PyPI's `qemu.qmp`, each against the emulator and against QEMU: in all four
//! pairings the same is seen.

use std::fs::File;
use std::path::Path;
use std::process;

use qapi_interop::{Qemu, emulator};
use qapi_runtime::client::{AnyEvent, Events};
use qapi_runtime::{Client, ClientError, Command, Dict};
use qapi_schema::{
    Closefd, Cont, Getfd, MigratePause, QueryName, QueryStatus, QueryVersion, Quit, Stop, StopEvent, SystemReset,
};
use serde_json::{Value, json};

/// Commands that must be listed.
const WANTED: &[&str] = &["cont", "getfd", "query-status", "quit", "stop"];

/// What is seen, whoever plays with whom.
fn expected() -> Vec<Value> {
    let generic = |desc: &str| json!(["GenericError", desc]);
    let reset = json!({ "guest": false, "reason": "host-qmp-system-reset" });
    vec![
        json!(["greeting", 7, 2, ["oob"]]),
        json!(["query-version", 7, 2]),
        json!(["query-status", "running", true]),
        json!(["commands", WANTED]),
        json!(["schema", true, true]),
        json!(["stop", [["STOP", {}]]]),
        json!(["stop", []]),
        json!(["cont", [["RESUME", {}]]]),
        json!(["system_reset", [["RESET", reset]]]),
        json!(["no command", ["CommandNotFound", "The command no-such-command has not been found"]]),
        json!(["unexpected", generic("Parameter 'bogus' is unexpected")]),
        json!(["wrong type", generic("Invalid parameter type for 'val', expected: integer")]),
        json!(["missing", generic("Parameter 'filename' is missing")]),
        json!(["concurrent", 20, true]),
        json!(["out of band", generic("migrate-pause is currently only supported during postcopy-active state")]),
        json!(["not out of band", generic("The command query-status does not support OOB")]),
        json!(["filter", ["STOP", "STOP"]]),
        json!(["no descriptor", generic("No file descriptor supplied via SCM_RIGHTS")]),
        json!(["getfd", {}]),
        json!(["closefd", {}]),
        json!(["closefd", generic("File descriptor named 'f' not found")]),
        json!(["quit", [["SHUTDOWN", { "guest": false, "reason": "host-qmp-quit" }]]]),
        json!(["end", "IDLE"]),
    ]
}

/// A server to play with, and where it listens.
fn start(server: &Path, folder: &Path) -> (Qemu, String) {
    let mut process = Qemu::start(server, folder, "server", ["-machine", "none", "-m", "16"]);
    // It answers, so it is there; one client at a time, so this one leaves.
    drop(process.qmp());
    let socket = process.socket().display().to_string();
    (process, socket)
}

/// Compares what was seen, and waits for the end that `quit` makes.
fn check(mut server: Qemu, seen: &[Value]) {
    for (number, expected) in expected().iter().enumerate() {
        let seen = seen.get(number).unwrap_or_else(|| panic!("nothing in the place of {expected}: {}", server.said()));
        assert_eq!(seen, expected);
    }
    assert!(server.wait().success(), "{}", server.said());
}

/// The client of this project; its types are those of the emulator's schema.
struct Typed {
    client: Client,
    events: Events<AnyEvent>,
    seen: Vec<Value>,
}

impl Typed {
    async fn play(socket: &str) -> Vec<Value> {
        let client = Client::connect(&format!("unix:{socket}")).await.unwrap();
        let events = client.any_events();
        let mut scenario = Self { client, events, seen: Vec::new() };
        scenario.introduce().await;
        scenario.follow_events().await;
        scenario.be_refused().await;
        scenario.overlap().await;
        scenario.filter().await;
        scenario.pass_descriptors().await;
        scenario.leave().await;
        scenario.seen
    }

    async fn introduce(&mut self) {
        let greeting = self.client.greeting();
        let version = &greeting.version;
        self.seen.push(json!(["greeting", version.major, version.minor, greeting.capabilities]));
        let version = self.client.execute(QueryVersion {}).await.unwrap().qemu;
        self.seen.push(json!(["query-version", version.major, version.minor]));
        let status = self.client.execute(QueryStatus {}).await.unwrap();
        self.seen.push(json!(["query-status", status.status.to_string(), status.running]));

        let commands = self.client.call("query-commands", &Dict::new()).await.unwrap();
        let commands = commands.as_list().unwrap().iter();
        let commands: Vec<_> = commands.map(|command| command.get("name").unwrap().as_str().unwrap()).collect();
        let listed: Vec<_> = WANTED.iter().filter(|name| commands.contains(name)).collect();
        self.seen.push(json!(["commands", listed]));
        let schema = self.client.schema().await.unwrap();
        let pause = schema.command("migrate-pause").unwrap();
        let all = commands.iter().all(|name| schema.command(name).is_some());
        self.seen.push(json!(["schema", all, pause.allow_oob()]));
    }

    async fn follow_events(&mut self) {
        self.with_events("stop", Stop {}).await;
        self.with_events("stop", Stop {}).await;
        self.with_events("cont", Cont {}).await;
        self.with_events("system_reset", SystemReset {}).await;
    }

    /// Executes a command; the events that came before its reply did are there when it is.
    async fn with_events<C: Command<Reply = ()>>(&mut self, name: &str, command: C) {
        self.client.execute(command).await.unwrap();
        let mut events = Vec::new();
        while let Some(event) = self.events.try_next() {
            let event = event.unwrap().event;
            let data: Value = serde_json::to_value(&event.data).unwrap();
            events.push(json!([event.name, data]));
        }
        self.seen.push(json!([name, events]));
    }

    async fn be_refused(&mut self) {
        let text = qapi_runtime::Value::from;
        let mistakes: [(_, _, Dict); 4] = [
            ("no command", "no-such-command", Dict::new()),
            ("unexpected", "query-name", [("bogus", 1)].into_iter().collect()),
            (
                "wrong type",
                "pmemsave",
                [("val", text("1")), ("size", 1.into()), ("filename", text("x"))].into_iter().collect(),
            ),
            ("missing", "pmemsave", [("val", 1), ("size", 1)].into_iter().collect()),
        ];
        for (step, command, arguments) in mistakes {
            let answer = self.client.call(command, &arguments).await.map(drop);
            self.seen.push(json!([step, refusal(answer)]));
        }
    }

    async fn overlap(&mut self) {
        let (mut names, mut states) = (Vec::new(), Vec::new());
        for _ in 0..10 {
            names.push(tokio::spawn(self.client.execute(QueryName {})));
            states.push(tokio::spawn(self.client.execute(QueryStatus {})));
        }
        let mut kept = true;
        let count = names.len() + states.len();
        for name in names {
            kept &= name.await.unwrap().unwrap().name.is_none();
        }
        for state in states {
            kept &= state.await.unwrap().unwrap().running;
        }
        self.seen.push(json!(["concurrent", count, kept]));
        let answer = self.client.execute_oob(MigratePause {}).await;
        self.seen.push(json!(["out of band", refusal(answer)]));
        let answer = self.client.execute_oob(QueryStatus {}).await.map(drop);
        self.seen.push(json!(["not out of band", refusal(answer)]));
    }

    async fn filter(&mut self) {
        let mut stops = self.client.events::<StopEvent>();
        for _ in 0..2 {
            self.client.execute(Stop {}).await.unwrap();
            self.client.execute(Cont {}).await.unwrap();
        }
        let mut names = Vec::new();
        while let Some(event) = stops.try_next() {
            event.unwrap();
            names.push("STOP");
        }
        self.seen.push(json!(["filter", names]));
        while self.events.try_next().is_some() {}
    }

    async fn pass_descriptors(&mut self) {
        let getfd = || self.client.execute(Getfd { fdname: "f".into() });
        let answer = getfd().await;
        self.seen.push(json!(["no descriptor", refusal(answer)]));
        let answer = getfd().fd(File::open("/dev/null").unwrap()).await;
        self.seen.push(json!(["getfd", refusal(answer)]));
        for _ in 0..2 {
            let answer = self.client.execute(Closefd { fdname: "f".into() }).await;
            self.seen.push(json!(["closefd", refusal(answer)]));
        }
    }

    async fn leave(&mut self) {
        self.with_events("quit", Quit {}).await;
        let end = self.events.next().await.is_none();
        let closed = self.client.execute(QueryName {}).await;
        let ended = end && closed.is_err_and(|error| error.is_disconnect());
        self.seen.push(json!(["end", if ended { "IDLE" } else { "CONNECTED" }]));
    }
}

/// Class and text of a refusal, or the empty object of success.
fn refusal(answer: Result<(), ClientError>) -> Value {
    match answer {
        Ok(()) => json!({}),
        Err(error) => {
            let error = error.server_error().unwrap_or_else(|| panic!("{error}"));
            json!([error.class().as_str(), error.desc()])
        }
    }
}

fn play_typed(server: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let (server, socket) = start(server, folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    check(server, &runtime.block_on(Typed::play(&socket)));
}

fn play_python(server: &Path, python: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let (server, socket) = start(server, folder.path());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/pairing.py");
    let output = process::Command::new(python).arg(script).arg(socket).args(WANTED).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let seen: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    check(server, &seen);
}

#[test]
fn our_client_and_the_emulator() {
    play_typed(emulator());
}

#[test]
fn our_client_and_qemu() {
    if let Some(qemu) = qapi_test_support::qemu("our_client_and_qemu") {
        play_typed(&qemu);
    }
}

#[test]
fn python_and_the_emulator() {
    if let Some(python) = qapi_test_support::python("python_and_the_emulator") {
        play_python(emulator(), &python);
    }
}

#[test]
fn python_and_qemu() {
    let test = "python_and_qemu";
    if let (Some(python), Some(qemu)) = (qapi_test_support::python(test), qapi_test_support::qemu(test)) {
        play_python(&qemu, &python);
    }
}
