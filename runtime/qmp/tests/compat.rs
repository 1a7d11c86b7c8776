//! The policy towards deprecated and unstable interface: what is refused and hidden, and that QEMU says the same.

#[macro_use]
#[path = "samples/macros.rs"]
mod macros;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use qapi_runtime::{
    Arguments, CommandFlags, CommandInfo, Context, Decoder, Encoder, Enum, Error, Event, EventSink, Failed,
    InputPolicy, Object, Outcome, OutputPolicy, Policy, Reply, Server, Service, Shape, Special, Str, Visit,
    enumeration, from_json, from_option, to_json,
};

/// Some of QEMU's interface: `block-commit`.
#[derive(Debug, Default)]
struct Commit {
    device: Str,
    base: Option<Str>,
    top: Option<Str>,
}

impl Object for Commit {
    fn shape(&self) -> &'static Shape {
        static SHAPE: Shape = Shape { names: &["device", "base", "top"], required: &[1], tag: usize::MAX };
        &SHAPE
    }

    fn load(&mut self, i: usize, d: &mut Decoder<'_>) -> Outcome {
        match i {
            0 => self.device.get(d),
            1 => {
                d.permit(Special::DEPRECATED)?;
                self.base.get(d)
            }
            2 => {
                d.permit(Special::DEPRECATED)?;
                self.top.get(d)
            }
            _ => Err(Failed),
        }
    }

    fn store(&self, e: &mut Encoder) {
        e.member("device", &self.device);
        e.special(Special::DEPRECATED, "base", &self.base);
        e.special(Special::DEPRECATED, "top", &self.top);
    }
}

/// `migrate-set-capabilities`, whose enumeration has an unstable value.
#[derive(Debug, Default, Clone, PartialEq)]
enum Capability {
    #[default]
    Xbzrle,
    XColo,
    Unknown(Box<str>),
}

impl Enum for Capability {
    const NAMES: &'static [&'static str] = &["xbzrle", "x-colo"];
    const SPECIAL: &'static [(usize, Special)] = &[(1, Special::UNSTABLE)];

    fn from_index(i: usize) -> Self {
        if i == 0 { Capability::Xbzrle } else { Capability::XColo }
    }

    fn from_unknown(name: &str) -> Self {
        Capability::Unknown(name.into())
    }

    fn as_str(&self) -> &str {
        match self {
            Capability::Xbzrle => "xbzrle",
            Capability::XColo => "x-colo",
            Capability::Unknown(name) => name,
        }
    }
}

enumeration!(Capability);
struct_of!(Status, 0b11: 0 capability: Capability = "capability", 1 state: bool = "state");
enum_of!(Plain: First = "first");
struct_of!(SetCapabilities, 0b1: 0 capabilities: Vec<Status> = "capabilities");

/// An event with a deprecated and an unstable member.
#[derive(Debug, Default)]
struct Changed {
    old: Option<bool>,
    fresh: Option<bool>,
    sure: bool,
}

impl Object for Changed {
    fn shape(&self) -> &'static Shape {
        static SHAPE: Shape = Shape { names: &["old", "x-fresh", "sure"], required: &[0b100], tag: usize::MAX };
        &SHAPE
    }

    fn load(&mut self, i: usize, d: &mut Decoder<'_>) -> Outcome {
        match i {
            0 => self.old.get(d),
            1 => self.fresh.get(d),
            2 => self.sure.get(d),
            _ => Err(Failed),
        }
    }

    fn store(&self, e: &mut Encoder) {
        e.special(Special::DEPRECATED, "old", &self.old);
        e.special(Special::UNSTABLE, "x-fresh", &self.fresh);
        e.member("sure", &self.sure);
    }
}

impl Event for Changed {
    const NAME: &'static str = "CHANGED";
}

#[derive(Debug, Default)]
struct Gone;

impl Visit for Gone {
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        ().get(d)
    }

    fn put(&self, e: &mut Encoder) {
        ().put(e);
    }
}

impl Event for Gone {
    const NAME: &'static str = "GONE";
    const SPECIAL: Special = Special::BOTH;
}

const fn command(name: &'static str, special: Special) -> CommandInfo<'static> {
    CommandInfo { name, flags: CommandFlags { special, ..CommandFlags::NONE } }
}

const COMMANDS: &[CommandInfo] = &[
    command("drive-backup", Special::DEPRECATED),
    command("block-commit", Special::NONE),
    command("migrate-set-capabilities", Special::NONE),
    command("x-query-rdma", Special::UNSTABLE),
    command("old", Special::BOTH),
    command("repeat", Special::NONE),
];

struct Sample;

impl Sample {
    fn run(&self, index: usize, ctx: &Context, args: Arguments<'_>, reply: &mut Encoder) -> Result<(), Error> {
        match index {
            1 => {
                let commit = args.decode::<Commit>()?;
                return Err(Error::device_not_found(&commit.device));
            }
            2 => {
                args.decode::<SetCapabilities>()?;
            }
            3 => {
                args.none()?;
                reply.raw(b"{\"human-readable-text\": \"\"}");
            }
            5 => {
                args.decode::<Commit>()?.put(reply);
                assert_eq!(ctx.policy().deprecated_input, InputPolicy::Accept);
                ctx.events().emit(&Changed { old: Some(true), fresh: Some(true), sure: true });
                ctx.events().emit(&Gone);
            }
            _ => args.none()?,
        }
        Ok(())
    }
}

impl Service for Sample {
    fn command(&self, index: usize) -> Option<CommandInfo<'_>> {
        COMMANDS.get(index).copied()
    }

    fn find(&self, name: &str) -> Option<usize> {
        COMMANDS.iter().position(|info| info.name == name)
    }

    fn introspection(&self) -> &str {
        "[]"
    }

    fn call<'a>(&'a self, index: usize, ctx: &'a Context, args: Arguments<'a>, reply: &'a mut Encoder) -> Reply<'a> {
        Box::pin(async move { self.run(index, ctx, args, reply) })
    }

    fn call_oob(&self, _: usize, _: &Context, _: Arguments<'_>, _: &mut Encoder) -> Result<(), Error> {
        Err(Error::generic("no command may run out of band"))
    }
}

/// What a server under the policy answers, line by line, after negotiation.
fn answers(policy: &str, requests: &[&str]) -> Vec<String> {
    let policy: Policy = from_option(policy, None).expect("a policy");
    let (near, mut far) = UnixStream::pair().expect("a pair");
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let server = Server::new(Sample).events(&EventSink::new()).compat(policy).attach("test", near);
        runtime.block_on(server.expect("a monitor").run()).expect("an orderly end");
    });
    far.write_all(text(requests).as_bytes()).expect("the server reads");
    far.shutdown(Shutdown::Write).expect("a half");
    let mut out = String::new();
    far.read_to_string(&mut out).expect("ASCII");
    server.join().expect("no panic");
    out.lines().skip(2).map(str::to_owned).collect()
}

fn text(requests: &[&str]) -> String {
    ["{'execute': 'qmp_capabilities'}"].iter().chain(requests).flat_map(|line| [line, "\n"]).collect()
}

const REQUESTS: &[&str] = &[
    "{'execute': 'drive-backup', 'arguments': {'bogus': 1}}",
    "{'execute': 'block-commit', 'arguments': {'base': 'b', 'device': 'x'}}",
    "{'execute': 'block-commit', 'arguments': {'device': 'x', 'top': 1}}",
    // Members are looked at in the order of the schema, those nobody knows last.
    "{'execute': 'block-commit', 'arguments': {'base': 'b'}}",
    "{'execute': 'block-commit', 'arguments': {'base': 'b', 'device': 1}}",
    "{'execute': 'block-commit', 'arguments': {'bogus': 1, 'base': 'b', 'device': 'x'}}",
    "{'execute': 'block-commit', 'arguments': {'device': 'x'}}",
    "{'execute': 'migrate-set-capabilities', 'arguments': {'capabilities': [{'capability': 'x-colo', 'state': false}]}}",
    "{'execute': 'migrate-set-capabilities', 'arguments': {'capabilities': [{'capability': 'xbzrle', 'state': false}]}}",
    "{'execute': 'migrate-set-capabilities', 'arguments': {'capabilities': [{'capability': 'xx', 'state': false}]}}",
    "{'execute': 'x-query-rdma', 'arguments': {'bogus': 1}}",
    "{'execute': 'x-query-rdma'}",
    "{'execute': 'nothing'}",
];

const POLICIES: &[&str] = &[
    "deprecated-input=accept",
    "deprecated-input=reject",
    "unstable-input=reject",
    "deprecated-input=reject,unstable-input=reject",
    "deprecated-output=hide,unstable-output=hide",
];

#[test]
fn qemu_refuses_the_same_in_the_same_words() {
    let Some(program) = qapi_test_support::qemu("qemu_refuses_the_same_in_the_same_words") else {
        return;
    };
    for policy in POLICIES {
        let mut qemu = Command::new(&program)
            .args(["-machine", "none", "-nodefaults", "-display", "none", "-qmp", "stdio", "-compat", policy])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("QEMU starts");
        // Without the policy, QEMU goes on to miss the other mandatory arguments of this one.
        let requests = if policy.contains("deprecated-input=reject") { REQUESTS } else { &REQUESTS[1..] };
        let input = text(requests) + "{'execute': 'quit'}";
        qemu.stdin.take().expect("piped").write_all(input.as_bytes()).expect("QEMU reads");
        let output = qemu.wait_with_output().expect("QEMU ends").stdout;
        let theirs = String::from_utf8(output).expect("ASCII");
        let theirs: Vec<&str> = theirs.lines().skip(2).take(requests.len()).collect();
        for (request, (ours, theirs)) in requests.iter().zip(answers(policy, requests).iter().zip(theirs)) {
            assert_eq!(ours, theirs, "{request} under {policy}");
        }
    }
}

#[test]
fn input_is_refused() {
    let error = |policy, request| answers(policy, &[request]).pop().unwrap();
    let reject = "deprecated-input=reject,unstable-input=reject";
    assert_eq!(
        error(reject, REQUESTS[0]),
        r#"{"error": {"class": "CommandNotFound", "desc": "Deprecated command drive-backup disabled by policy"}}"#
    );
    // Deprecation comes first.
    let old = "{'execute': 'old', 'id': 1}";
    assert!(error(reject, old).contains(r#""desc": "Deprecated command old disabled by policy""#));
    assert!(error("unstable-input=reject", old).contains(r#""desc": "Unstable command old disabled by policy""#));
    assert_eq!(error("deprecated-output=hide", old), r#"{"return": {}, "id": 1}"#);
    assert_eq!(
        error(reject, REQUESTS[1]),
        r#"{"error": {"class": "GenericError", "desc": "Deprecated parameter base disabled by policy"}}"#
    );
    assert_eq!(
        error(reject, REQUESTS[7]),
        r#"{"error": {"class": "GenericError", "desc": "Unstable value x-colo disabled by policy"}}"#
    );
}

#[test]
fn output_is_hidden() {
    let request = "{'execute': 'repeat', 'arguments': {'device': 'd', 'base': 'b'}}";
    let shown = |policy| {
        let without_stamp = |line: String| match line.split_once("\"event\"") {
            Some((_, event)) => event.to_owned(),
            None => line,
        };
        answers(policy, &[request]).into_iter().map(without_stamp).collect::<Vec<_>>().join("\n")
    };
    let whole = r#"{"return": {"device": "d", "base": "b"}}"#;
    let short = r#"{"return": {"device": "d"}}"#;
    let gone = ": \"GONE\"}\n";
    assert_eq!(
        shown("deprecated-output=accept"),
        format!("{}\n{gone}{whole}", r#": "CHANGED", "data": {"old": true, "x-fresh": true, "sure": true}}"#)
    );
    assert_eq!(
        shown("deprecated-output=hide"),
        format!("{}\n{short}", r#": "CHANGED", "data": {"x-fresh": true, "sure": true}}"#)
    );
    assert_eq!(
        shown("unstable-output=hide"),
        format!("{}\n{whole}", r#": "CHANGED", "data": {"old": true, "sure": true}}"#)
    );
    assert_eq!(
        shown("deprecated-output=hide,unstable-output=hide"),
        format!("{}\n{short}", r#": "CHANGED", "data": {"sure": true}}"#)
    );
}

#[test]
fn without_a_policy_everything_passes() {
    let commit = from_json::<Commit>(b"{'device': 'd', 'top': 't'}").unwrap();
    assert_eq!(to_json(&commit), r#"{"device": "d", "top": "t"}"#);
    assert_eq!(from_json::<Capability>(b"'x-colo'"), Ok(Capability::XColo));
    assert_eq!("x-colo".parse(), Ok(Capability::XColo));
    assert_eq!(Plain::SPECIAL, []);
}

#[test]
fn policies_are_read_and_written() {
    let policy = Policy {
        deprecated_input: InputPolicy::Crash,
        deprecated_output: OutputPolicy::Hide,
        unstable_input: InputPolicy::Reject,
        unstable_output: OutputPolicy::Accept,
    };
    let text = to_json(&policy);
    assert_eq!(from_json(text.as_bytes()), Ok(policy));
    assert_eq!(from_option(&text, None), Ok(policy));
    assert_eq!(from_option("deprecated-input=crash,deprecated-output=hide,unstable-input=reject", None), Ok(policy));
    assert_eq!(from_option("", None), Ok(Policy::default()));
    let error = |text| from_option::<Policy>(text, None).unwrap_err().to_string();
    assert_eq!(error("deprecated-output=reject"), "Parameter 'deprecated-output' does not accept value 'reject'");
    assert_eq!(error("input=reject"), "Parameter 'input' is unexpected");
}

/// Set for the process that is to crash.
const CRASHES: &str = "QAPI_TEST_CRASHES";

#[test]
fn a_crash_is_a_crash() {
    if std::env::var_os(CRASHES).is_some() {
        answers("unstable-input=crash", &["{'execute': 'x-query-rdma'}"]);
        return;
    }
    let itself = std::env::current_exe().expect("this test");
    let test =
        Command::new(itself).args(["--exact", "a_crash_is_a_crash"]).env(CRASHES, "1").output().expect("started");
    let signal = std::os::unix::process::ExitStatusExt::signal(&test.status);
    assert_eq!(signal, Some(6), "{test:?}");
    // What it does not crash on passes.
    assert_eq!(answers("unstable-input=crash", &["{'execute': 'drive-backup'}"]), [r#"{"return": {}}"#]);
}
