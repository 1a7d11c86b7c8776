//! Scripts, executed against the real QEMU.

mod common;

use common::{Qemu, shell, spawn, start};

#[test]
fn a_script_stops_at_the_first_error() {
    let Some(program) = qapi_test_support::qemu("a_script_stops_at_the_first_error") else { return };
    let qemu = Qemu::start(&program);
    let script =
        "# what follows is fine\nquery-status\n\n{'execute':\n 'query-name', 'id': [1]}\nno-such-thing\nquery-name\n";
    let ended = qemu.shell(&["--raw"], script);
    assert_eq!(ended.status, 1, "{ended:?}");
    let lines: Vec<_> = ended.out.lines().collect();
    assert_eq!(lines.len(), 3, "{ended:?}");
    assert!(lines[0].contains(r#""status": "#), "{ended:?}");
    assert_eq!(lines[1], r#"{"return": {}, "id": [1]}"#);
    assert!(lines[2].contains(r#""class": "CommandNotFound""#), "{ended:?}");
    assert_eq!(ended.err, "qmp-shell: line 6 failed\n");

    let ended = qemu.shell(&["--raw", "--keep-going"], script);
    assert_eq!((ended.status, ended.out.lines().count()), (1, 4), "{ended:?}");
    let ended = qemu.shell(&[], "query-name\n");
    assert_eq!((ended.status, ended.out.as_str(), ended.err.as_str()), (0, "", ""));
}

#[test]
fn words_get_the_types_of_the_live_schema() {
    let Some(program) = qapi_test_support::qemu("words_get_the_types_of_the_live_schema") else { return };
    let qemu = Qemu::start(&program);
    let ended = qemu.shell(
        &[
            "-c",
            "object-add qom-type=memory-backend-ram id=m007 size=1.5M share=on policy=default",
            "-c",
            "qom-get path=/objects/m007 property=size",
            "-c",
            "blockdev-add driver=raw node-name=n1 file.driver=null-co file.size=64K file.node-name=true",
            "-c",
            "query-named-block-nodes flat=yes",
            "-c",
            "blockdev-del node-name=n1",
            "-c",
            "object-del id=m007",
        ],
        "",
    );
    assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{ended:?}");
    assert!(ended.out.starts_with("1572864\n"), "{ended:?}");
    assert!(ended.out.contains(r#""node-name": "true""#) && ended.out.contains("65536"), "{ended:?}");
}

#[test]
fn what_cannot_be_of_its_type_is_not_sent() {
    let Some(program) = qapi_test_support::qemu("what_cannot_be_of_its_type_is_not_sent") else { return };
    let qemu = Qemu::start(&program);
    let ended = qemu.shell(&["-c", "object-add qom-type=memory-backend-ram id=m size=big"], "");
    assert_eq!(ended.status, 1);
    let expected = "\
error: 'big' is not an integer, nor a size such as 64K or 1.5G
  object-add qom-type=memory-backend-ram id=m size=big
                                                   ^^^
";
    assert_eq!((ended.out.as_str(), ended.err.as_str()), ("", expected));
    let ended = qemu.shell(&["-c", "blockdev-add driver=qcow3"], "");
    assert!(ended.err.contains(" or qcow2?"), "{ended:?}");
    // In quotes it is sent, and QEMU refuses it.
    let ended = qemu.shell(&["-c", "blockdev-add driver='qcow3'"], "");
    assert!(ended.err.starts_with("GenericError: "), "{ended:?}");
}

#[test]
fn jobs_are_waited_for() {
    let Some(program) = qapi_test_support::qemu("jobs_are_waited_for") else { return };
    let qemu = Qemu::start(&program);
    let script = "\
blockdev-add driver=null-co node-name=a size=8M read-zeroes=on
blockdev-add driver=null-co node-name=b size=8M
blockdev-backup job-id=j device=a target=b sync=full
query-jobs
blockdev-mirror job-id=m device=a target=b sync=none
query-jobs
";
    let ended = qemu.shell(&["--wait-jobs", "--raw", "--events"], script);
    // The mirror never ends by itself.
    assert_eq!(ended.status, 1, "{ended:?}");
    assert!(ended.err.contains("j done in ") && ended.err.contains("8.0 MiB"), "{ended:?}");
    assert!(ended.err.contains("m waits: job-complete id=m"), "{ended:?}");
    assert!(ended.out.contains("{\"return\": []}\n"), "{ended:?}");
    assert!(ended.out.contains(r#""event": "BLOCK_JOB_COMPLETED""#), "{ended:?}");
    // Events come before the reply to what they belong to.
    let first = ended.out.lines().position(|line| line.contains("JOB_STATUS_CHANGE"));
    assert_eq!(first, Some(2), "{ended:?}");
}

#[test]
fn the_end_of_the_server_is_told() {
    let Some(program) = qapi_test_support::qemu("the_end_of_the_server_is_told") else { return };
    let qemu = Qemu::start(&program);
    let ended = qemu.shell(&["--keep-going", "--events"], "quit\nquery-status\nquery-status\n");
    assert_eq!(ended.status, 1, "{ended:?}");
    assert!(ended.out.contains("SHUTDOWN"), "{ended:?}");
    assert!(ended.err.starts_with("the connection "), "{ended:?}");
    assert!(ended.err.ends_with("line 2 failed\n"), "{ended:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let Some(program) = qapi_test_support::qemu("a_reader_that_goes_away_is_no_panic") else { return };
    let qemu = Qemu::start(&program);
    let socket = qemu.socket().display().to_string();
    let mut child = start(&[&socket, "-c", "query-qmp-schema"]);
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the shell ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(141), &b""[..]));
}

#[test]
fn a_server_can_be_waited_for() {
    let Some(program) = qapi_test_support::qemu("a_server_can_be_waited_for") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("qmp");
    let socket = path.display().to_string();
    let waiting = start(&["--wait", &socket, "-c", "quit"]);
    std::thread::sleep(std::time::Duration::from_millis(300));
    let mut server = spawn(&program, &path);
    let output = waiting.wait_with_output().expect("the shell ends");
    // Left alone it would run on.
    let _ = server.kill();
    let _ = server.wait();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn nobody_there_is_another_status() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("none").display().to_string();
    let ended = shell(&[&socket, "-c", "stop"], "");
    assert_eq!(ended.status, 2);
    assert!(ended.err.starts_with("qmp-shell: cannot connect to unix:"), "{ended:?}");
    let ended = shell(&["--no-such-option"], "");
    assert_eq!(ended.status, 2);
    assert!(ended.err.contains("--no-such-option"), "{ended:?}");
    let ended = shell(&["--help"], "");
    assert_eq!(ended.status, 0);
    assert!(ended.out.contains("Usage: qmp-shell"), "{ended:?}");
}
