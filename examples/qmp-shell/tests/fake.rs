//! Scripts, executed against a server that behaves as each test wants.

mod common;

use std::time::Duration;

use common::{fakes, shell};
use qapi_runtime::fake::Fake;

fn run(fake: &Fake, args: &[&str], input: &str) -> common::Ended {
    let address = fake.address();
    shell(&[&[address.as_str()], args].concat(), input)
}

#[test]
fn words_arrive_as_the_schema_types_them() {
    let fake = fakes::start();
    let script =
        "set id=007 size=1K mode=fast\nset {'id': 'x'} size=0x10\n{'execute': 'set', 'arguments': {'id': '5'}}\n";
    let ended = run(&fake, &["--raw"], script);
    assert_eq!((ended.status, ended.out.lines().count()), (0, 3), "{ended:?}");
    let asked: Vec<_> = fake.requests().iter().map(|request| request.to_string()).collect();
    assert_eq!(
        asked,
        [r#"set {"id": "007", "size": 1024, "mode": "fast"}"#, r#"set {"id": "x", "size": 16}"#, r#"set {"id": "5"}"#]
    );
}

#[test]
fn the_schema_is_asked_for_only_when_words_need_it() {
    let fake = fakes::start();
    let ended = run(&fake, &["-c", "set size=big"], "");
    assert_eq!(ended.status, 1);
    assert!(fake.requests().is_empty(), "what is wrong was sent");
    let ended = run(&fake, &["-c", "set x='y'"], "");
    assert!(ended.err.contains("GenericError: "), "{ended:?}");
}

#[test]
fn jobs_end_well_or_badly() {
    let fake = fakes::start();
    fakes::plan_job(&fake, &[("running", 20), ("running", 70), ("concluded", 100)], None);
    let ended = run(&fake, &["--wait-jobs", "-c", "start-job id=j"], "");
    assert_eq!((ended.status, ended.out.as_str()), (0, ""), "{ended:?}");
    assert!(ended.err.starts_with("j done in "), "{ended:?}");
    assert!(ended.err.contains("listed until job-dismiss id=j"), "{ended:?}");
    // Nobody waits unless told to.
    let before = fake.requests().len();
    assert_eq!(run(&fake, &["-c", "start-job id=j"], "").status, 0);
    assert_eq!(fake.requests().len(), before + 1);

    let fake = fakes::start();
    fakes::plan_job(&fake, &[("running", 20), ("concluded", 20)], Some("no space left"));
    let ended = run(&fake, &["--wait-jobs", "-c", "start-job id=j"], "");
    assert_eq!(ended.status, 1, "{ended:?}");
    assert!(ended.err.starts_with("j failed: no space left"), "{ended:?}");
}

#[test]
fn a_failed_migration_fails_the_script() {
    let fake = fakes::start();
    fake.on_name("query-migrate").once().returns_json(r#"{"status": "setup"}"#);
    fake.on_name("query-migrate").returns_json(r#"{"status": "failed", "error-desc": "nobody there"}"#);
    let ended = run(&fake, &["--wait-jobs"], "migrate uri=tcp:nowhere:1\nset id=x\n");
    assert_eq!(ended.status, 1, "{ended:?}");
    assert_eq!(ended.err, "migration failed: nobody there\nqmp-shell: line 1 failed\n");
}

#[test]
fn a_server_that_goes_away_ends_the_script() {
    let fake = fakes::start();
    fake.on_name("secret").disconnects();
    let ended = run(&fake, &["--keep-going"], "set id=a\nsecret\nset id=b\n");
    assert_eq!(ended.status, 1, "{ended:?}");
    assert!(ended.err.ends_with("line 2 failed\n"), "{ended:?}");
    assert_eq!(fake.requests().len(), 2);
}

#[test]
fn what_a_server_says_does_not_steer_the_terminal() {
    let fake = fakes::start();
    fake.on_name("secret").returns_json(r#""\u001B]0;gotcha\u0007\n\u009B2J""#);
    fake.on_name("set").fails(qapi_runtime::Error::generic("\u{1b}[2J"));
    let ended = run(&fake, &["--keep-going", "-c", "secret", "-c", "set id=x"], "");
    assert!(!(ended.out + &ended.err).contains(['\u{1b}', '\u{7}', '\u{9b}']));
}

#[test]
fn events_come_before_the_reply() {
    let fake = fakes::start();
    fake.on_name("set").after(Duration::from_millis(100)).emit_json("STOP", "{}").returns_json("{}");
    let ended = run(&fake, &["--raw", "--events", "-c", "set id=x"], "");
    let lines: Vec<_> = ended.out.lines().collect();
    assert!(
        matches!(lines.as_slice(), [event, r#"{"return": {}}"#] if event.ends_with(r#""event": "STOP"}"#)),
        "{lines:?}"
    );
    let ended = run(&fake, &["--raw", "-c", "set id=x"], "");
    assert_eq!(ended.out, "{\"return\": {}}\n");
}
