//! The command line from outside: texts, exit codes, files that come and go.

mod support;

use std::os::unix::net::UnixStream;
use std::process::Stdio;

use support::{Emulator, output, program};

#[test]
fn version_and_help_go_to_standard_output() {
    let version = output(&["--version"]);
    assert!(version.status.success());
    let text = String::from_utf8(version.stdout).unwrap();
    assert!(text.starts_with("qapi-emulator ") && text.contains("7.2"), "{text}");
    for option in ["-help", "--help", "-h"] {
        let help = output(&[option]);
        assert!(help.status.success() && help.stderr.is_empty());
        assert!(String::from_utf8(help.stdout).unwrap().contains("-machine"));
    }
    let machines = output(&["-machine", "help"]);
    assert!(String::from_utf8(machines.stdout).unwrap().contains("microvm"));
}

#[test]
fn what_cannot_be_obeyed_is_one_line_and_exit_code_1() {
    for (args, option) in [
        (&["-bogus"][..], "-bogus"),
        (&["--bogus=1"], "--bogus=1"),
        (&["-machine", "pc"], "-machine pc"),
        (&["-m", "many"], "-m many"),
        (&["-smp", "4"], "-smp 4"),
        (&["-accel", "tcg"], "-accel tcg"),
        (&["-serial", "mon:stdio"], "-serial mon:stdio"),
        (&["-qmp", "stdio", "-serial", "stdio"], "-serial stdio"),
        (&["-mon", "chardev=x,mode=control"], "-mon chardev=x,mode=control"),
        (&["-compat", "deprecated-input=perhaps"], "-compat deprecated-input=perhaps"),
        (&["-incoming", "nowhere:1"], "-incoming nowhere:1"),
        (&["-m", "16K", "-machine", "microvm"], "-m 16K"),
        (&["-m", "99T", "-machine", "none"], "-m 99T"),
        (&["-serial", "file:/nonexistent/x"], "-serial file:/nonexistent/x"),
        (&["-qmp", "unix:/nonexistent/x,server=on,wait=off"], "-qmp unix:/nonexistent/x,server=on,wait=off"),
        (
            &[
                "-object",
                "memory-backend-file,id=r,size=1M,mem-path=/nonexistent/x",
                "-machine",
                "none,memory-backend=r",
            ],
            "-object memory-backend-file,id=r,size=1M,mem-path=/nonexistent/x",
        ),
    ] {
        let mut all = vec!["-nodefaults"];
        all.extend(args);
        let output = output(&all);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {text}");
        assert_eq!(text.lines().count(), 1, "{args:?}: {text}");
        let expected = format!("qapi-emulator: {option}: ");
        assert!(text.starts_with(&expected), "{args:?}: {text}");
        assert!(!text.contains("os error"), "{args:?}: {text}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn pidfile_and_socket_are_gone_after_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let pidfile = directory.path().join("pid");
    let emulator = Emulator::start(&["-machine", "none", "-pidfile", pidfile.to_str().unwrap()]);
    let content = std::fs::read_to_string(&pidfile).unwrap();
    assert_eq!(content, format!("{}\n", emulator.id()));
    let second = output(&["-machine", "none", "-pidfile", pidfile.to_str().unwrap()]);
    let text = String::from_utf8(second.stderr).unwrap();
    assert!(text.contains("cannot create PID file") && text.lines().count() == 1, "{text}");
    let socket = emulator.path("qmp");
    assert!(socket.exists());
    // Looked at before the directory of the emulator goes.
    let kept = tempfile::tempdir().unwrap();
    let link = kept.path().join("link");
    std::os::unix::fs::symlink(&socket, &link).unwrap();
    assert_eq!(emulator.quit().code(), Some(0));
    assert!(!pidfile.exists() && !link.exists());
}

#[test]
fn signals_end_it_in_order() {
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM, rustix::process::Signal::HUP] {
        let mut emulator = Emulator::start(&["-machine", "none", "-no-shutdown"]);
        emulator.signal(signal);
        assert_eq!(emulator.ended().code(), Some(0));
        let words = emulator.last_words();
        let [shutdown] = &words[..] else {
            panic!("{words:?}");
        };
        assert_eq!(shutdown["event"], "SHUTDOWN");
        let data = serde_json::json!({ "guest": false, "reason": "host-signal" });
        assert_eq!(shutdown["data"], data);
        assert!(!emulator.path("qmp").exists());
    }
}

#[test]
fn qmp_on_stdio_ends_with_quit() {
    use std::io::Write as _;
    let mut command = program();
    command.args(["-nodefaults", "-machine", "none", "-qmp", "stdio"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let requests = b"{'execute':'qmp_capabilities'}{'execute':'query-chardev'}{'execute':'quit'}";
    child.stdin.as_mut().unwrap().write_all(requests).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert!(lines[2].contains("\"label\": \"compat_monitor0\"") && lines[2].contains("\"stdio\""));
    assert!(lines[3].contains("SHUTDOWN") && lines[4].contains("return"), "{text}");
}

#[test]
fn with_wait_the_guest_starts_when_the_client_comes() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("second");
    let second = format!("socket,id=second,path={},server=on", socket.display());
    let mon = "chardev=second,mode=control";
    let mut emulator = Emulator::start(&["-machine", "none", "-chardev", &second, "-mon", mon]);
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(emulator.status(), "prelaunch");
    let _client = UnixStream::connect(&socket).unwrap();
    emulator.wait_for("RESUME");
    assert_eq!(emulator.status(), "running");
    let devices = emulator.run("query-chardev");
    let second = devices.as_array().unwrap().iter().find(|device| device["label"] == "second").unwrap();
    let filename = second["filename"].as_str().unwrap();
    assert_eq!(filename, format!("unix:{},server=on", socket.display()));
    assert_eq!(second["frontend-open"], true);
    emulator.quit();
}

#[test]
fn a_person_is_told_how_to_connect_and_ctrl_c_ends_it() {
    use std::io::{BufRead as _, BufReader};
    let directory = tempfile::tempdir().unwrap();
    let mut command = program();
    let mut child = command
        .env("XDG_RUNTIME_DIR", directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // Without KVM one line says so first.
    let line = lines.by_ref().map(Result::unwrap).find(|line| line.contains("qmp-shell")).unwrap();
    let path = line.split_whitespace().nth(2).unwrap();
    assert!(UnixStream::connect(path).is_ok(), "{line}");
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!std::path::Path::new(path).exists());
}

#[test]
fn in_the_background_it_is_up_when_the_command_returns() {
    let directory = tempfile::tempdir().unwrap();
    let (pidfile, socket) = (directory.path().join("pid"), directory.path().join("qmp"));
    let qmp = format!("unix:{},server=on,wait=off", socket.display());
    let args = ["-nodefaults", "-machine", "none", "-daemonize", "-qmp", &qmp, "-pidfile"];
    let mut args = args.to_vec();
    args.push(pidfile.to_str().unwrap());
    let started = output(&args);
    assert_eq!(started.status.code(), Some(0), "{started:?}");
    let id: u32 = std::fs::read_to_string(&pidfile).unwrap().trim().parse().unwrap();
    let mut client = UnixStream::connect(&socket).unwrap();
    let again = output(&args);
    assert_eq!(again.status.code(), Some(1), "two processes cannot have one pidfile");
    assert!(!again.stderr.is_empty());
    {
        use std::io::{Read as _, Write as _};
        client.write_all(b"{'execute':'qmp_capabilities'}{'execute':'quit'}").unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        assert!(text.contains("host-qmp-quit"), "{text}");
    }
    assert_ne!(id, 0);
    let deadline = std::time::Instant::now() + support::PATIENCE;
    while pidfile.exists() || socket.exists() {
        assert!(std::time::Instant::now() < deadline, "process {id} leaves its files");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
