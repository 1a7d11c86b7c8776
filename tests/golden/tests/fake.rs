//! A fake of QEMU's whole schema and a typed client generated from the same schema: every command goes there and back.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use qapi_gen::{DiskLoader, Settings};

/// The program that talks to itself. Behind it come `all`, a call of `whole` per command, and the end of the program.
const PROGRAM: &str = r##"//! Talks to a fake of its own schema.
use std::fmt::Debug;

use qapi_runtime::fake::{Builder, Extent, Fake};
use qapi_runtime::{Client, Command, Dict, Value, from_value, json, to_value};

/// A fake of this schema, and one that returns what the other takes.
struct Pair {
    fake: Fake,
    client: Client,
    mirror: Client,
    _mirror: Fake,
}

/// The schema with what is returned and what is taken exchanged.
fn mirrored() -> String {
    let Ok(Value::List(mut entities)) = json::parse(qapi_whole::INTROSPECTION.as_bytes()) else { panic!() };
    for entity in &mut entities {
        let Value::Dict(entity) = entity else { panic!() };
        if entity.get("meta-type").and_then(Value::as_str) == Some("command") {
            let arguments = entity.get("arg-type").unwrap().clone();
            entity.insert("ret-type", arguments);
            entity.insert("arg-type", "nothing");
        }
    }
    entities.push(json::parse(br#"{"name": "nothing", "meta-type": "object", "members": []}"#).unwrap());
    to_value(&entities).to_string()
}

impl Pair {
    async fn new(extent: Extent) -> Self {
        let start = |schema: &str| Builder::from_json(schema.as_bytes()).unwrap().extent(extent).start().unwrap();
        let (fake, mirror) = (start(qapi_whole::INTROSPECTION), start(&mirrored()));
        let (client, theirs) = (fake.client().await.unwrap(), mirror.client().await.unwrap());
        Self { fake, client, mirror: theirs, _mirror: mirror }
    }

    /// Sends a command with made-up arguments, typed; its reply is typed too, and nothing of it is unknown.
    async fn round<C: Command + Debug + Clone>(&self) {
        let arguments = self.mirror.call(C::NAME, &Dict::new()).await.unwrap();
        let command: C = from_value(&arguments).unwrap_or_else(|error| panic!("{}: {error}: {arguments}", C::NAME));
        assert_eq!(to_value(&command), arguments, "{}", C::NAME);
        if let Err(error) = self.client.execute(command.clone()).await {
            panic!("{command:?}: {error}");
        }
        if C::FLAGS.success_response {
            let reply = self.client.call(C::NAME, arguments.as_dict().unwrap()).await.unwrap();
            from_value::<C::Reply>(&reply).unwrap_or_else(|error| panic!("{}: {error}: {reply}", C::NAME));
            self.fake.assert_received(&command);
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for extent in [Extent::Required, Extent::All] {
        let pair = Pair::new(extent).await;
"##;

/// The commands that the runtime answers itself.
const PROTOCOL: &[&str] = &["QmpCapabilities", "QueryCommands", "QueryQmpSchema"];

#[test]
#[ignore = "builds a large crate: a minute or more"]
fn every_command_of_qemu_goes_to_a_fake_and_back() {
    let Some(corpus) = qapi_test_support::corpus("every_command_of_qemu_goes_to_a_fake_and_back") else { return };
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("whole-fake");
    let schema = corpus.join("qemu-10.0/qapi/qapi-schema.json");
    std::fs::create_dir_all(directory.join("src")).unwrap();
    let settings = Settings::new().cfg("all");
    let output = qapi_gen::compile(&schema, &settings, &DiskLoader).unwrap_or_else(|errors| panic!("{errors}"));
    let (mut program, mut commands) = (PROGRAM.to_owned(), 0);
    for file in output.crate_files("qapi-whole") {
        let text = match file.path.to_str() {
            // Not part of the workspace around the target directory.
            Some("Cargo.toml") => {
                format!("{}tokio = {{ version = \"1\", features = [\"rt\", \"macros\"] }}\n[workspace]\n", file.text)
            }
            _ => file.text.clone(),
        };
        qapi_gen::write_if_changed(&directory.join(&file.path), &text).unwrap();
        let module = file.path.file_stem().unwrap().to_string_lossy();
        let names = text.lines().filter_map(|line| line.strip_prefix("impl rt::Command for ")?.strip_suffix(" {"));
        for name in names.filter(|name| !PROTOCOL.contains(name)) {
            commands += 1;
            writeln!(program, "        pair.round::<qapi_whole::{module}::{name}>().await;").unwrap();
        }
    }
    program.push_str("    }\n    println!(\"all commands went there and back\");\n}\n");
    qapi_gen::write_if_changed(&directory.join("src/main.rs"), &program).unwrap();
    assert!(commands > 200, "{commands}");

    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runtime/qmp");
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline", "--config"])
        .arg(format!("patch.crates-io.qapi-runtime.path={runtime:?}"))
        .current_dir(&directory)
        .env("CARGO_TARGET_DIR", directory.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("all commands went there and back"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
