//! The fake server, made from the schemas of others: real servers refuse what it refuses, and clients of all kinds take what it
//! makes up.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use qapi_interop::{Qemu, Request, Requests, Wire, emulator, parsed};
use qapi_runtime::fake::{Builder, Extent, Fake};
use qapi_runtime::introspection::Schema;
use qapi_runtime::{Dict, Error, ErrorClass};
use qapi_test_support::Random;
use serde_json::{Value, json};

/// Requests in one connection.
const REQUESTS: u64 = 4000;

/// The replies to requests, sent without waiting.
fn replies(socket: &Path, requests: &[&Request]) -> Vec<Value> {
    let mut wire = Wire::negotiated(socket, "");
    let mut writer = wire.stream().try_clone().unwrap();
    let all: String = requests.iter().map(|request| format!("{}\n", request.text)).collect();
    let sender = std::thread::spawn(move || writer.write_all(all.as_bytes()));
    let mut replies = Vec::new();
    while replies.len() < requests.len() {
        let line = wire.line().unwrap_or_else(|| panic!("it ended at {:?}", requests[replies.len()]));
        let message = parsed(&line);
        if message.get("event").is_none() {
            replies.push(message);
        }
    }
    sender.join().unwrap().unwrap();
    replies
}

/// Whether an error may differ since introspection does not tell: how an alternate is called where names are masked, and of
/// which size an integer is.
fn introspection_does_not_tell(fake: &str, real: &str) -> bool {
    let member = |text: &str| text.split('\'').nth(1).map(str::to_owned);
    let alternate = real.starts_with("Invalid parameter type for") && fake.contains(" or ");
    let integer = ["expects uint", "expects int"].iter().any(|words| real.contains(words));
    alternate && member(fake) == member(real) || integer
}

/// A fake of what a server says of itself refuses requests in the server's words. What the fake takes is not sent to the
/// server, so that nothing happens there.
fn refuses_in_the_same_words(program: &Path, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut real = Qemu::start(program, folder.path(), "peer", ["-machine", "none", "-m", "16"]);
    let schema = real.qmp().execute("query-qmp-schema", json!({})).unwrap();
    let fake = Fake::start(&schema.to_string()).unwrap();
    // Of the last, introspection does not tell what it takes.
    let left_out = ["qmp_capabilities", "query-commands", "query-qmp-schema", "device_add"];
    let requests = Requests::new(&schema, |name| !left_out.contains(&name));
    let mut random = Random::new(seed);
    let requests: Vec<Request> = (0..REQUESTS).map(|id| requests.next(&mut random, id)).collect();

    let answers = replies(fake.socket(), &requests.iter().collect::<Vec<_>>());
    let refused: Vec<_> = requests.iter().zip(&answers).filter(|(_, answer)| answer.get("error").is_some()).collect();
    let sent: Vec<&Request> = refused.iter().map(|(request, _)| *request).collect();
    let (mut different, mut untold) = (Vec::new(), 0);
    for ((request, fake), real) in refused.iter().zip(replies(real.socket(), &sent)) {
        let desc = |reply: &Value| reply["error"]["desc"].as_str().unwrap_or_default().to_owned();
        if **fake == real {
            continue;
        } else if introspection_does_not_tell(&desc(fake), &desc(&real)) {
            untold += 1;
        } else {
            different.push(format!("{}\n  fake {fake}\n  real {real}", request.text));
        }
    }
    let shown = different[..different.len().min(20)].join("\n");
    assert!(different.is_empty(), "{} of {} differ:\n{shown}", different.len(), refused.len());
    println!("{} of {REQUESTS} requests refused, {untold} of them in other words", refused.len());
    assert!(refused.len() > REQUESTS as usize / 3 && untold < refused.len() / 10);
}

/// Whether an error says that arguments are not as the schema says. Introspection does not tell which integers are signed, so
/// one above the largest of those passes a fake.
fn is_about_types(desc: &str) -> bool {
    desc.starts_with("Invalid parameter type") && !desc.ends_with("expected: integer")
        || desc.ends_with("is unexpected")
}

/// A server takes what a fake of it takes, as far as types go, for commands that do no harm whatever their arguments.
fn takes_the_same(program: &Path, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut real = Qemu::start(program, folder.path(), "peer", ["-machine", "none", "-m", "16"]);
    let schema = real.qmp().execute("query-qmp-schema", json!({})).unwrap();
    let fake = Fake::start(&schema.to_string()).unwrap();
    let emulated = Schema::from_json(qapi_schema::INTROSPECTION.as_bytes()).unwrap();
    let harmful = ["quit", "migrate", "migrate-incoming", "query-commands", "query-qmp-schema", "qmp_capabilities"];
    let requests = Requests::new(&schema, |name| emulated.command(name).is_some() && !harmful.contains(&name))
        .with_values("size", &["0", "1"])
        .with_values("filename", &["\"x\"", "\"/nonexistent/x\""]);
    let mut random = Random::new(seed);
    let requests: Vec<Request> = (0..REQUESTS).map(|id| requests.next(&mut random, id)).collect();
    let answers = replies(fake.socket(), &requests.iter().collect::<Vec<_>>());
    let taken: Vec<_> = requests.iter().zip(&answers).filter(|(_, answer)| answer.get("return").is_some()).collect();
    let sent: Vec<&Request> = taken.iter().map(|(request, _)| *request).collect();
    for (request, real) in sent.iter().zip(replies(real.socket(), &sent)) {
        let desc = real["error"]["desc"].as_str().unwrap_or_default();
        assert!(!is_about_types(desc), "{}\n  real {real}", request.text);
    }
    println!("{} of {REQUESTS} requests taken", taken.len());
    assert!(taken.len() > REQUESTS as usize / 5);
}

#[test]
fn qemu_refuses_what_a_fake_of_it_refuses() {
    let Some(qemu) = qapi_test_support::qemu("qemu_refuses_what_a_fake_of_it_refuses") else { return };
    refuses_in_the_same_words(&qemu, 1);
}

#[test]
fn the_emulator_refuses_what_a_fake_of_it_refuses() {
    refuses_in_the_same_words(emulator(), 2);
}

#[test]
fn qemu_takes_what_a_fake_of_it_takes() {
    let Some(qemu) = qapi_test_support::qemu("qemu_takes_what_a_fake_of_it_takes") else { return };
    takes_the_same(&qemu, 3);
}

#[test]
fn the_emulator_takes_what_a_fake_of_it_takes() {
    takes_the_same(emulator(), 4);
}

/// The commands that can be sent without arguments.
fn without_arguments(schema: &Schema) -> Vec<String> {
    let bare = schema.commands().filter(|command| command.arguments().members().all(|member| member.optional()));
    bare.map(|command| command.name().to_owned()).collect()
}

#[tokio::test]
async fn our_client_takes_every_answer() {
    let Some(corpus) = qapi_test_support::corpus("our_client_takes_every_answer") else { return };
    let recorded = corpus.join("qemu-7.2/introspect/captured-7.2.0-x86_64.json");
    for extent in [Extent::Required, Extent::All] {
        let fake = Builder::from_file(&recorded).unwrap().extent(extent).start().unwrap();
        let client = fake.client().await.unwrap();
        let commands = without_arguments(fake.schema());
        assert!(commands.len() > 80, "{}", commands.len());
        for command in commands.iter().filter(|command| *command != "qmp_capabilities") {
            client.call(command, &Dict::new()).await.unwrap();
        }
        let known = fake.schema().to_json();
        assert_eq!(Schema::from_json(known.as_bytes()).unwrap().commands().count(), fake.schema().commands().count());
    }
}

#[test]
fn qemu_qmp_drives_a_fake_of_qemu() {
    let test = "qemu_qmp_drives_a_fake_of_qemu";
    let (Some(python), Some(corpus)) = (qapi_test_support::python(test), qapi_test_support::corpus(test)) else {
        return;
    };
    let fake = Builder::from_file(corpus.join("qemu-7.2/introspect/captured-7.2.0-x86_64.json")).unwrap();
    let fake = fake.start().unwrap();
    fake.on_name("stop").once().emit_json("STOP", "{}").automatically();
    fake.on_name("cont").once().fails(Error::new(ErrorClass::DeviceNotFound, "no machine"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/fake.py");
    let output = Command::new(python).arg(script).arg(fake.socket()).output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("fake.py: all steps passed"), "{said}{complained}");
    fake.verify();
    assert_eq!(fake.requests().iter().filter(|request| request.refused.is_some()).count(), 3);
}
