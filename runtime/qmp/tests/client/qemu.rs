//! The client against the real QEMU: everything that a test of our own could get wrong on both sides.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use qapi_runtime::{Client, ClientError, Dict, Value};

use super::block_on;
use super::qmp::{
    CalcDirtyRate, Closefd, Cont, DeviceAddOfTomorrow, Getfd, JobStatusChange, Migrate, QueryStatus, Resume, RunState,
    Stop, StopEvent,
};

/// A QEMU without a machine, ended when dropped.
pub(crate) struct Qemu {
    child: Child,
    pub(crate) dir: tempfile::TempDir,
}

impl Drop for Qemu {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Qemu {
    /// Starts one, if there is one to start. Its monitor's socket may not be there yet.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let program = qapi_test_support::qemu(test)?;
        let dir = tempfile::tempdir().expect("a directory");
        Some(Self { child: Self::spawn(&program, &dir), dir })
    }

    fn spawn(program: &std::path::Path, dir: &tempfile::TempDir) -> Child {
        let mut command = Command::new(program);
        command.args(["-machine", "none", "-nodefaults", "-display", "none", "-qmp"]);
        command.arg(format!("unix:{},server=on,wait=off", dir.path().join("s").display()));
        // What it warns of is not what is tested.
        command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("QEMU starts")
    }

    /// Ends it at once, and starts another in its place.
    fn replace(&mut self, test: &str) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let program = qapi_test_support::qemu(test).expect("it was there");
        self.child = Self::spawn(&program, &self.dir);
    }

    pub(crate) fn address(&self) -> String {
        format!("unix:{}", self.dir.path().join("s").display())
    }

    pub(crate) async fn client(&self) -> Client {
        let options = Client::options().wait_until_there(true).timeout(Duration::from_secs(20));
        options.connect(&self.address()).await.expect("a client")
    }
}

#[test]
fn it_is_asked_what_it_can_do() {
    let Some(qemu) = Qemu::start("it_is_asked_what_it_can_do") else { return };
    block_on(async {
        let vm = qemu.client().await;
        assert!(vm.supports::<QueryStatus>().await.expect("asked"));
        assert!(!vm.supports::<DeviceAddOfTomorrow>().await.expect("asked"));
        let status = vm.execute(QueryStatus {}).await.expect("less than it says is read");
        assert!(status.running && status.status == RunState::Running);

        let schema = vm.schema().await.expect("a schema");
        assert!(schema.commands().count() > 200 && schema.event("SHUTDOWN").is_some());
        assert!(vm.supports_event::<JobStatusChange>().await.expect("asked"));
        assert!(vm.supports::<CalcDirtyRate>().await.expect("asked"));
        assert!(vm.supports_member::<Migrate>("uri").await.expect("asked"));
        assert!(!vm.supports_member::<Migrate>("teleport").await.expect("asked"));
        let modes = vm.enum_values::<CalcDirtyRate>("mode").await.expect("asked");
        assert!(modes.iter().any(|mode| mode == "page-sampling"), "{modes:?}");
        assert!(vm.enum_values::<Migrate>("uri").await.expect("asked").is_empty());
    });
}

#[test]
fn it_tells_of_events_and_refuses_by_class() {
    let Some(qemu) = Qemu::start("it_tells_of_events_and_refuses_by_class") else { return };
    block_on(async {
        let vm = qemu.client().await;
        let mut changes = vm.events_named(["STOP", "RESUME"]);
        vm.execute(Stop {}).await.expect("stopped");
        vm.execute(Cont {}).await.expect("goes on");
        let first = changes.try_next().expect("events come before replies").expect("an event");
        assert!(first.event.is::<StopEvent>());
        let second = changes.wait_for(|event| event.event.is::<Resume>(), Duration::from_secs(5)).await;
        second.expect("it goes on");
        let error = vm.execute(DeviceAddOfTomorrow {}).await.expect_err("not today");
        assert!(error.is_command_not_found(), "{error}");
        let error = vm.execute(Stop {}).oob().await.expect_err("not this command");
        assert!(error.server_error().is_some(), "{error}");
    });
}

#[test]
fn it_takes_descriptors() {
    let Some(qemu) = Qemu::start("it_takes_descriptors") else { return };
    block_on(async {
        let vm = qemu.client().await;
        let file = || std::fs::File::open("/dev/null").expect("a file");
        // All at once: each must find its own.
        let calls: Vec<_> = (0..20)
            .map(|number| vm.execute(Getfd { fdname: format!("fd{number}").into() }).fd(file()))
            .map(tokio::spawn)
            .collect();
        for call in calls {
            call.await.expect("no panic").expect("kept");
        }
        for number in 0..20 {
            vm.execute(Closefd { fdname: format!("fd{number}").into() }).await.expect("it was kept");
        }
        let error = vm.execute(Getfd { fdname: "none".into() }).await.expect_err("nothing came along");
        assert!(error.server_error().is_some(), "{error}");
        let many = (0..17).map(|_| file().into());
        let error = vm.execute_with_fds(Getfd { fdname: "many".into() }, many).await.expect_err("too many");
        assert_eq!(error.to_string(), "getfd: at most 16 descriptors can be passed at a time");
    });
}

#[test]
fn another_takes_its_place() {
    let Some(mut qemu) = Qemu::start("another_takes_its_place") else { return };
    block_on(async {
        let options = Client::options().wait_until_there(true).reconnect(true);
        let options = options.backoff(Duration::from_millis(10), Duration::from_millis(100));
        let vm = options.connect(&qemu.address()).await.expect("a client");
        let mut events = vm.any_events();
        assert!(vm.supports::<Stop>().await.expect("asked"));
        qemu.replace("another_takes_its_place");
        let gap = loop {
            match events.next().await.expect("not the end") {
                Ok(_) => {}
                Err(ClientError::Gap(gap)) => break gap,
                Err(error) => panic!("{error}"),
            }
        };
        assert!(gap.version.major >= 4);
        assert!(vm.supports::<Stop>().await.expect("asked anew"));
        let reply = vm.call("query-name", &Dict::new()).await.expect("a name");
        assert_eq!(reply, Value::from(Dict::new()));
    });
}

#[test]
fn it_is_driven_through_pipes() {
    let Some(program) = qapi_test_support::qemu("it_is_driven_through_pipes") else { return };
    let mut command = Command::new(program);
    command.args(["-machine", "none", "-nodefaults", "-display", "none", "-qmp", "stdio"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("QEMU starts");
    let (output, input) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
    block_on(async {
        let vm = Client::options().over_pipes(input, output).await.expect("a client");
        // More than a pipe holds, both ways at once.
        let schemas: Vec<_> = (0..3).map(|_| tokio::spawn(vm.call("query-qmp-schema", &Dict::new()))).collect();
        let fill = Dict::from_iter([("id", "x".repeat(200_000))]);
        assert!(vm.call("job-dismiss", &fill).await.expect_err("no such job").server_error().is_some());
        for schema in schemas {
            assert!(schema.await.expect("no panic").is_ok());
        }
        let error = vm.execute(Stop {}).fd(std::fs::File::open("/dev/null").expect("a file")).await;
        assert!(matches!(error, Err(ClientError::Unsupported { .. })));
        vm.call("quit", &Dict::new()).await.expect("answered before the end");
    });
    assert!(child.wait().expect("it ends").success());
}
