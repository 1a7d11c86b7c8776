//! Jobs, to their end: QEMU's own, and those of a scripted server that end in all the ways that jobs end.

use std::time::Duration;

use qapi_runtime::client::{JobError, JobProgress};
use qapi_runtime::json::parse;
use qapi_runtime::{Client, Dict, Value};

use super::block_on;
use super::qemu::Qemu;
use super::qmp::SnapshotSave;
use super::script::{Far, listening, pair};

fn dict(text: &str) -> Dict {
    match parse(text.as_bytes()).expect("JSON") {
        Value::Dict(dict) => dict,
        other => panic!("{other}"),
    }
}

const OFTEN: Duration = Duration::from_millis(5);

#[test]
fn qemu_creates_an_image() {
    let Some(qemu) = Qemu::start("qemu_creates_an_image") else { return };
    block_on(async {
        let vm = qemu.client().await;
        let file = qemu.dir.path().join("disk.raw");
        let create = |path: &std::path::Path| {
            let options = format!("{{'driver': 'file', 'filename': '{}', 'size': 1048576}}", path.display());
            dict(&format!("{{'job-id': 'c0', 'options': {options}}}"))
        };
        vm.call_job("blockdev-create", &create(&file), "c0").every(OFTEN).await.expect("created");
        assert_eq!(std::fs::metadata(&file).expect("a file").len(), 1 << 20);
        // Dismissed: the name is free again.
        let error = vm.call_job("blockdev-create", &create(&qemu.dir.path().join("no/disk.raw")), "c0").await;
        let error = error.expect_err("no such folder");
        let JobError::Failed { id, error } = &error else { panic!("{error}") };
        assert!(id == "c0" && error.ends_with("No such file or directory"), "{error}");
        assert_eq!(vm.call("query-jobs", &Dict::new()).await.expect("jobs").to_string(), "[]");
        let error = vm.call_job("blockdev-create", &Dict::new(), "c1").await.expect_err("no arguments");
        assert!(error.to_string().starts_with("job 'c1' was not started: blockdev-create: Parameter"), "{error}");
        let error = vm.follow_job("c2").await.expect_err("no job");
        assert!(matches!(error, JobError::Unknown(_)), "{error}");
    });
}

#[test]
fn qemu_says_why_a_snapshot_cannot_be() {
    let Some(qemu) = Qemu::start("qemu_says_why_a_snapshot_cannot_be") else { return };
    block_on(async {
        let vm = qemu.client().await;
        let save = SnapshotSave {
            job_id: "s0".into(),
            tag: "before".into(),
            vmstate: "disk0".into(),
            devices: vec!["disk0".into()],
        };
        // The command succeeds; only the job tells.
        let error = vm.run_job(save, "s0").every(OFTEN).await.expect_err("no such disk");
        assert!(matches!(&error, JobError::Failed { id, error } if id == "s0" && error.contains("disk0")), "{error}");
    });
}

/// Two block nodes of 64 MiB, of which the second takes any write.
async fn nodes(vm: &Client) {
    for name in ["from", "to"] {
        let node = "'driver': 'null-co', 'size': 67108864, 'read-zeroes': true";
        vm.call("blockdev-add", &dict(&format!("{{'node-name': '{name}', {node}}}"))).await.expect("a node");
    }
}

fn copy(id: &str, more: &str) -> Dict {
    dict(&format!("{{'job-id': '{id}', 'device': 'from', 'target': 'to', 'sync': 'full'{more}}}"))
}

#[test]
fn qemu_copies_however_its_jobs_are_to_end() {
    let Some(qemu) = Qemu::start("qemu_copies_however_its_jobs_are_to_end") else { return };
    block_on(async {
        let vm = qemu.client().await;
        nodes(&vm).await;
        for dismiss in [true, false] {
            for finalize in [true, false] {
                let options = copy("b0", &format!(", 'auto-dismiss': {dismiss}, 'auto-finalize': {finalize}"));
                let mut seen = Vec::<JobProgress>::new();
                let job = vm.call_job("blockdev-backup", &options, "b0").progress(|at| seen.push(at.clone()));
                job.every(OFTEN).await.unwrap_or_else(|error| panic!("dismiss {dismiss} finalize {finalize}: {error}"));
                let last = seen.last();
                assert!(last.is_none_or(|last| last.kind == "backup" && last.fraction().is_some()), "{last:?}");
                assert!(seen.windows(2).all(|pair| pair[0] != pair[1]), "told only when something is new");
            }
        }
        // A mirror is never done by itself: it is ready, and then has to be told.
        vm.call_job("blockdev-mirror", &copy("m0", ""), "m0").every(OFTEN).await.expect("mirrored");
    });
}

#[test]
fn qemus_jobs_can_be_cancelled_under_way() {
    let Some(qemu) = Qemu::start("qemus_jobs_can_be_cancelled_under_way") else { return };
    block_on(async {
        let vm = qemu.client().await;
        nodes(&vm).await;
        for dismiss in [true, false] {
            let options = copy("b0", &format!(", 'speed': 1048576, 'auto-dismiss': {dismiss}"));
            let canceller = vm.clone();
            let mut events = vm.events_named(["JOB_STATUS_CHANGE"]);
            let job = tokio::spawn(vm.call_job("blockdev-backup", &options, "b0").into_future());
            let running =
                events.wait_for(|event| event.event.data.get("status") == Some(&"running".into()), OFTEN * 1000);
            running.await.expect("it runs");
            canceller.call("job-cancel", &dict("{'id': 'b0'}")).await.expect("cancelled");
            let error = job.await.expect("no panic").expect_err("cancelled");
            assert!(matches!(&error, JobError::Cancelled(id) if id == "b0"), "dismiss {dismiss}: {error}");
        }
    });
}

/// Serves one job of a story: for each look at it, what `query-jobs` says and the events that come before.
fn tell(far: Far, mut story: Vec<(&'static str, &'static [&'static str])>) {
    story.reverse();
    far.serve(move |far, command, _| match command {
        "query-jobs" => {
            let (jobs, events) = story.pop().unwrap_or_default();
            for event in events {
                let (name, data) = event.split_once(' ').expect("a name and data");
                far.event(name, data);
            }
            Some(format!("[{jobs}]"))
        }
        "begin" | "job-complete" | "job-finalize" | "job-dismiss" => Some("{}".to_owned()),
        _ => None,
    });
}

fn outcome(story: Vec<(&'static str, &'static [&'static str])>) -> Result<(), JobError> {
    let (server, far) = pair(move |far| tell(far, story));
    let outcome = block_on(async {
        let client = Client::over(far).await.expect("a client");
        client.call_job("begin", &Dict::new(), "j").every(OFTEN).await
    });
    server.join().expect("no panic");
    outcome
}

const RUNS: &str =
    "{\"id\": \"j\", \"type\": \"x\", \"status\": \"running\", \"current-progress\": 1, \"total-progress\": 2}";

#[test]
fn jobs_end_in_many_ways() {
    let gone = outcome(vec![(RUNS, &[]), ("", &["JOB_STATUS_CHANGE {\"id\": \"j\", \"status\": \"null\"}"])]);
    gone.expect("dismissed itself");
    let failed: &[_] = &["JOB_STATUS_CHANGE {\"id\": \"j\", \"status\": \"aborting\"}"];
    let error = outcome(vec![(RUNS, &[]), ("", failed)]).expect_err("aborted");
    assert_eq!(error.to_string(), "job 'j' failed: the server does not say why");
    let failed: &[_] = &[
        "JOB_STATUS_CHANGE {\"id\": \"j\", \"status\": \"aborting\"}",
        "BLOCK_JOB_COMPLETED {\"device\": \"j\", \"error\": \"No space left on device\"}",
    ];
    let error = outcome(vec![(RUNS, &[]), ("", failed)]).expect_err("failed");
    assert_eq!(error.to_string(), "job 'j' failed: No space left on device");
    let other: &[_] = &["JOB_STATUS_CHANGE {\"id\": \"other\", \"status\": \"aborting\"}"];
    let error = outcome(vec![("", other)]).expect_err("another's events");
    assert_eq!(error.to_string(), "there is no job 'j'; does the command start one of that name?");
    let concluded =
        "{\"id\": \"j\", \"type\": \"x\", \"status\": \"concluded\", \"current-progress\": 2, \"total-progress\": 2}";
    outcome(vec![(concluded, &[])]).expect("concluded before it was looked at");
    let error = outcome(vec![("{\"id\": \"j\", \"status\": \"concluded\", \"error\": \"Operation canceled\"}", &[])]);
    assert!(matches!(error, Err(JobError::Cancelled(_))));
    // A job of a kind that is not known, in a state that is not known.
    outcome(vec![("{\"id\": \"j\", \"status\": \"musing\"}", &[]), (concluded, &[])]).expect("it went on");
}

#[test]
fn a_server_that_is_gone_ends_the_wait() {
    let (server, far) = pair(|mut far| {
        let begin = far.expect("begin");
        far.reply(&begin, "{}");
        let look = far.expect("query-jobs");
        far.reply(&look, &format!("[{RUNS}]"));
    });
    let error = block_on(async {
        let client = Client::over(far).await.expect("a client");
        client.call_job("begin", &Dict::new(), "j").every(OFTEN * 10).await.expect_err("gone")
    });
    assert_eq!(error.to_string(), "job 'j' cannot be followed: the connection has ended");
    server.join().expect("no panic");
}

#[test]
fn a_job_is_followed_over_a_gap() {
    for (after, ends) in [(RUNS, true), ("", false)] {
        let dir = tempfile::tempdir().expect("a directory");
        let server = listening(&dir.path().join("s"), move |listener| {
            let mut far = Far::accept(&listener);
            let begin = far.expect("begin");
            far.reply(&begin, "{}");
            far.expect("query-jobs");
            drop(far);
            let end: &[_] = if ends { &["JOB_STATUS_CHANGE {\"id\": \"j\", \"status\": \"null\"}"] } else { &[] };
            tell(Far::accept(&listener), vec![(after, &[]), ("", end)]);
        });
        let outcome = block_on(async {
            let options = Client::options().reconnect(true).backoff(OFTEN, OFTEN);
            let address = format!("unix:{}", dir.path().join("s").display());
            let client = options.connect(&address).await.expect("a client");
            client.call_job("begin", &Dict::new(), "j").every(OFTEN).await
        });
        match outcome {
            Ok(()) => assert!(ends),
            Err(error) => assert!(!ends && matches!(error, JobError::Lost(_)), "{error}"),
        }
        server.join().expect("no panic");
    }
}
