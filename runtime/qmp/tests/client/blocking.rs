//! The client for scripts: no runtime in sight.

use std::time::Duration;

use qapi_runtime::blocking::Client;
use qapi_runtime::{ClientError, Dict};

use super::agent::Daemon;
use super::qemu::Qemu;
use super::qga::{GuestNap, GuestPing};
use super::qmp::{Getfd, QueryStatus, RunState, Stop, StopEvent};
use super::script::pair;

const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_script_drives_qemu() {
    let Some(qemu) = Qemu::start("a_script_drives_qemu") else { return };
    let options = Client::options().wait_until_there(true).timeout(LONG);
    let vm = options.connect_blocking(&qemu.address()).expect("a client");
    assert!(vm.greeting().version.major >= 4);
    let mut stops = vm.events::<StopEvent>();
    assert!(vm.supports::<Stop>().expect("asked") && vm.supports_member::<Getfd>("fdname").expect("asked"));
    vm.execute(Stop {}).expect("stopped");
    assert_eq!(vm.execute(QueryStatus {}).expect("a status").status, RunState::Paused);
    stops.next_within(LONG).expect("it came").expect("an event");
    assert!(stops.next_within(Duration::from_millis(10)).is_none(), "only one");
    let file = std::fs::File::open("/dev/null").expect("a file");
    vm.finish(vm.client().execute(Getfd { fdname: "null".into() }).fd(file)).expect("kept");
    let mut shutdown = vm.events_named(["SHUTDOWN"]);
    let clone = vm.clone();
    let other = std::thread::spawn(move || clone.call("quit", &Dict::new()));
    assert_eq!(shutdown.next().expect("not the end").expect("an event").event.name, "SHUTDOWN");
    assert!(shutdown.next().is_none(), "the iterator ends with the connection");
    other.join().expect("no panic").expect("answered before the end");
}

#[test]
fn a_script_runs_a_job() {
    let Some(qemu) = Qemu::start("a_script_runs_a_job") else { return };
    let vm = Client::options().wait_until_there(true).connect_blocking(&qemu.address()).expect("a client");
    let file = qemu.dir.path().join("disk.raw");
    let options = [("driver", "file".into()), ("filename", file.display().to_string().into()), ("size", 4096.into())];
    let options: Dict = options.into_iter().collect::<Vec<(&str, qapi_runtime::Value)>>().into_iter().collect();
    let arguments = Dict::from_iter([("job-id", qapi_runtime::Value::from("j")), ("options", options.into())]);
    let mut told = 0;
    let job = vm.client().call_job("blockdev-create", &arguments, "j").progress(|_| told += 1);
    vm.finish_job(job).expect("created");
    assert!(told > 0 && file.exists());
}

#[test]
fn what_was_handed_over_is_sent_before_a_script_ends() {
    let (server, far) = pair(|mut far| {
        far.expect("guest-nap");
        assert!(far.request().is_none(), "the client has left");
    });
    let vm = Client::options().over_blocking(far).expect("a client");
    vm.execute(GuestNap {}).expect("handed over");
    drop(vm);
    server.join().expect("no panic");
}

#[test]
fn inside_a_runtime_it_refuses_instead_of_standing_still() {
    super::block_on(async {
        let error = Client::connect("unix:/nowhere").expect_err("refused");
        assert!(matches!(error, ClientError::Io(_)) && error.to_string().contains("inside an asynchronous runtime"));
    });
}

#[test]
fn a_script_speaks_to_a_guest() {
    let Some(daemon) = Daemon::start("a_script_speaks_to_a_guest") else { return };
    let options = Client::options().wait_until_there(true).timeout(LONG);
    let guest = options.connect_agent_blocking(&daemon.address()).expect("an agent");
    guest.execute(GuestPing {}).expect("a ping");
    assert!(guest.supports::<GuestPing>().expect("asked") && !guest.supports::<GuestNap>().expect("asked"));
    assert!(guest.call("guest-get-time", &Dict::new()).expect("the time").as_u64().is_some());
    guest.finish(guest.agent().execute(GuestPing {}).timeout(LONG)).expect("a ping");
}
