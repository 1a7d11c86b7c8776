//! The subcommands around the compiler: ir, diff, import, explain.
#![cfg(feature = "cli")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn qapi_gen(directory: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_qapi-gen")).args(args).current_dir(directory).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(directory.path().join(name), content).unwrap();
    }
    directory
}

const ANSWER: &str = r#"[{"name": "get", "meta-type": "command", "arg-type": "0", "ret-type": "1"},
    {"name": "0", "meta-type": "object", "members": []},
    {"name": "1", "meta-type": "object", "members": [{"name": "lit", "type": "bool"}]},
    {"name": "bool", "meta-type": "builtin", "json-type": "boolean"}]"#;

const IMPORTED: &str =
    "{ 'struct': 'GetReply',\n  'data': { 'lit': 'bool' } }\n\n{ 'command': 'get',\n  'returns': 'GetReply' }\n";

#[test]
fn ir_is_printed_as_json() {
    let directory = folder(&[("lamp.json", "{ 'command': 'get' }"), ("bad.json", "{ 'command': true }")]);
    let output = qapi_gen(directory.path(), &["ir", "lamp.json"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("{\n  \"format\": \"qapi-ir\",\n  \"version\": 1,\n"));
    assert!(
        text(&output.stdout)
            .contains(r#"{"name": "get", "kind": "command", "module": "lamp.json", "at": "lamp.json:1"}"#)
    );
    let rejected = qapi_gen(directory.path(), &["ir", "bad.json"]);
    assert_eq!(rejected.status.code(), Some(1));
    assert!(rejected.stdout.is_empty());
}

#[test]
fn diff_exits_by_what_breaks() {
    let directory = folder(&[
        ("old.json", "{ 'command': 'get' }"),
        ("new.json", "{ 'command': 'get' } { 'command': 'set', 'if': 'CONFIG_SET' }"),
        ("event.json", "{ 'command': 'get' } { 'event': 'LIT' }"),
        ("values.json", "{ 'enum': 'Ee', 'data': [ 'a' ] } { 'event': 'LIT', 'data': { 'e': 'Ee' } }"),
        ("more.json", "{ 'enum': 'Ee', 'data': [ 'a', 'b' ] } { 'event': 'LIT', 'data': { 'e': 'Ee' } }"),
        ("bad.json", "{ 'command': true }"),
    ]);
    let run = |args: &[&str]| qapi_gen(directory.path(), &[&["diff"], args].concat());
    let code = |args: &[&str]| run(args).status.code();
    assert_eq!(code(&["old.json", "old.json"]), Some(0));
    assert_eq!(code(&["old.json", "event.json"]), Some(0), "a new event breaks nobody");
    assert_eq!(code(&["old.json", "new.json"]), Some(0), "the symbol is not defined");
    assert_eq!(code(&["old.json", "new.json", "--cfg", "CONFIG_SET"]), Some(1));
    assert_eq!(code(&["old.json", "new.json", "--cfg", "CONFIG_SET", "--allow", "servers"]), Some(0));
    assert_eq!(code(&["event.json", "old.json", "--allow", "servers"]), Some(1));
    assert_eq!(code(&["event.json", "old.json", "--allow", "servers", "--allow", "clients"]), Some(0));
    assert_eq!(code(&["values.json", "more.json"]), Some(1));
    assert_eq!(code(&["values.json", "more.json", "--allow", "strict-clients"]), Some(0));
    for usage in
        [&["old.json"][..], &["old.json", "new.json", "--format", "xml"], &["a", "b", "c"], &["a", "b", "--allow", "x"]]
    {
        assert_eq!(code(usage), Some(2), "{usage:?}");
    }
    let rejected = run(&["old.json", "bad.json"]);
    assert_eq!(rejected.status.code(), Some(1));
    assert!(rejected.stdout.is_empty() && text(&rejected.stderr).contains("bad.json:1: error: "));

    let human = text(&run(&["event.json", "old.json"]).stdout);
    assert!(human.starts_with("breaks clients, breaks servers: event 'LIT'\n"), "{human}");
    let json = text(&run(&["event.json", "old.json", "--format", "json"]).stdout);
    assert!(json.starts_with("{\n  \"format\": \"qapi-diff\",\n"), "{json}");
}

#[test]
fn import_reads_files_and_standard_input() {
    let reply = format!("{{\"return\": {ANSWER}}}");
    let directory = folder(&[("answer.json", ANSWER), ("reply.json", &reply), ("bad.json", "[1")]);
    for file in ["answer.json", "reply.json"] {
        let output = qapi_gen(directory.path(), &["import", file]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains(IMPORTED), "{}", text(&output.stdout));
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_qapi-gen"))
        .args(["import", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(ANSWER.as_bytes()).unwrap();
    assert!(text(&child.wait_with_output().unwrap().stdout).contains(IMPORTED));

    for (source, words) in [
        ("bad.json", "bad.json: line 1, column 3: "),
        ("nowhere.json", "nowhere.json: "),
        ("unix:nowhere.sock", "unix:nowhere.sock: "),
        ("tcp:nowhere", "tcp:nowhere: "),
    ] {
        let output = qapi_gen(directory.path(), &["import", source]);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        assert!(text(&output.stderr).starts_with(&format!("qapi-gen: {words}")), "{}", text(&output.stderr));
    }
}

/// Speaks QMP to one client.
fn serve(mut stream: impl std::io::Read + std::io::Write) {
    stream.write_all(b"{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n").unwrap();
    let mut line = String::new();
    for reply in ["{\"return\": {}}\r\n{\"event\": \"STOP\"}\r\n".to_owned(), format!("{{\"return\": {ANSWER}}}\r\n")] {
        line.clear();
        let mut byte = [0];
        while !line.ends_with('\n') {
            stream.read_exact(&mut byte).unwrap();
            line.push(char::from(byte[0]));
        }
        assert!(line.contains("execute"), "{line}");
        stream.write_all(reply.as_bytes()).unwrap();
    }
}

#[test]
fn import_asks_running_servers() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let source = format!("tcp:{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || serve(listener.accept().unwrap().0));
    let output = qapi_gen(Path::new("."), &["import", &source]);
    server.join().unwrap();
    assert!(text(&output.stdout).contains(IMPORTED), "{}", text(&output.stderr));
}

#[cfg(unix)]
#[test]
fn import_asks_servers_on_unix_sockets() {
    let directory = folder(&[]);
    let listener = std::os::unix::net::UnixListener::bind(directory.path().join("qmp.sock")).unwrap();
    let server = std::thread::spawn(move || serve(listener.accept().unwrap().0));
    let output = qapi_gen(directory.path(), &["import", "unix:qmp.sock"]);
    server.join().unwrap();
    assert!(text(&output.stdout).contains(IMPORTED), "{}", text(&output.stderr));
}

#[cfg(unix)]
#[test]
fn import_asks_qemu() {
    let Some(program) = qapi_test_support::qemu("import_asks_qemu") else {
        return;
    };
    let directory = folder(&[]);
    let socket = directory.path().join("qmp.sock");
    let mut qemu = Command::new(program)
        .args(["-M", "none", "-display", "none", "-S", "-qmp"])
        .arg(format!("unix:{},server=on,wait=off", socket.display()))
        .args(["-monitor", "stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The human monitor's greeting comes when all sockets are there.
    let mut greeting = String::new();
    BufReader::new(qemu.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
    let output = qapi_gen(directory.path(), &["import", "unix:qmp.sock"]);
    qemu.kill().unwrap();
    qemu.wait().unwrap();
    assert_eq!(output.status.code(), Some(0), "{greeting}: {}", text(&output.stderr));
    std::fs::write(directory.path().join("qemu.json"), &output.stdout).unwrap();
    assert!(text(&output.stdout).contains("{ 'command': 'query-qmp-schema',\n  'returns': [ "));
    let check = qapi_gen(directory.path(), &["check", "qemu.json"]);
    assert_eq!(check.status.code(), Some(0), "{}", text(&check.stderr));
}

#[test]
fn explain_tells_what_to_do() {
    let run = |args: &[&str]| qapi_gen(Path::new("."), args);
    let output = run(&["explain", "contains-itself"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("contains-itself\n\nAn object type is its own base"));
    let unknown = run(&["explain", "contain-itself"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("did you mean 'contains-itself'?"));
    assert_eq!(run(&["explain"]).status.code(), Some(2));
}
