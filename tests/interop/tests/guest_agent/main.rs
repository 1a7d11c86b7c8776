//! Our client in the guest agent's manners, against the real `qemu-ga`. The agent runs on this machine, so it is only asked
//! what changes nothing.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agent::{
    GuestExecCommand, GuestExecStatusCommand, GuestFileClose, GuestFileOpen, GuestFileReadCommand,
    GuestFileWriteCommand, GuestGetTime, GuestInfo, GuestPing, GuestShutdown, GuestSync,
};
use qapi_interop::wait_for;
use qapi_runtime::client::Agent;
use qapi_runtime::{Dict, qapi};

qapi! { schema: "tests/guest_agent/agent.json", server: false }

/// A running `qemu-ga`; killed when dropped.
struct Machine {
    child: Child,
    socket: PathBuf,
}

impl Machine {
    fn start(program: &Path, folder: &Path) -> Self {
        let socket = folder.join("agent");
        let child = Command::new(program)
            .args(["-m", "unix-listen", "-p"])
            .arg(&socket)
            .arg("-t")
            .arg(folder)
            .arg("-f")
            .arg(folder.join("pid"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let machine = Self { child, socket };
        wait_for("the agent's socket", || machine.socket.exists().then_some(()));
        machine
    }

    fn address(&self) -> String {
        format!("unix:{}", self.socket.display())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Both fail if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a test with an agent.
fn with_agent<F: Future<Output = ()>>(test: &str, play: impl FnOnce(Machine, PathBuf) -> F) {
    let Some(program) = qapi_test_support::guest_agent(test) else { return };
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::start(&program, folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(play(machine, folder.path().to_owned()));
}

#[test]
fn it_tells_about_itself() {
    with_agent("it_tells_about_itself", |machine, _| async move {
        let guest = Agent::connect(&machine.address()).await.unwrap();
        guest.execute(GuestPing {}).await.unwrap();
        assert_eq!(guest.execute(GuestSync { id: 42 }).await.unwrap(), 42);
        let info = guest.execute(GuestInfo {}).await.unwrap();
        assert!(info.supported_commands.iter().any(|command| command.name == "guest-ping" && command.enabled));
        assert!(info.supported_commands.iter().any(|c| c.name == "guest-shutdown" && !c.success_response));
        assert!(guest.supports::<GuestShutdown>().await.unwrap());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let told = Duration::from_nanos(guest.execute(GuestGetTime {}).await.unwrap().try_into().unwrap());
        assert!(told.abs_diff(now) < Duration::from_secs(60), "{told:?} at {now:?}");
        let error = guest.call("guest-nonsense", &Dict::new()).await.unwrap_err();
        let error = error.server_error().unwrap();
        assert_eq!(error.class().as_str(), "CommandNotFound");
        assert_eq!(error.desc(), "The command guest-nonsense has not been found");
    });
}

#[test]
fn it_reads_and_writes_files_and_runs_programs() {
    with_agent("it_reads_and_writes_files_and_runs_programs", |machine, folder| async move {
        let guest = Agent::connect(&machine.address()).await.unwrap();
        let path = folder.join("file").display().to_string();
        let open = |mode: &str| GuestFileOpen { path: path.as_str().into(), mode: Some(mode.into()) };
        let handle = guest.execute(open("w")).await.unwrap();
        // "hello" and a line end.
        let text = "aGVsbG8K";
        let written = guest.execute(GuestFileWriteCommand { handle, buf_b64: text.into(), count: None }).await.unwrap();
        assert_eq!(written.count, 6);
        guest.execute(GuestFileClose { handle }).await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"hello\n");
        let handle = guest.execute(open("r")).await.unwrap();
        let read = guest.execute(GuestFileReadCommand { handle, count: Some(100) }).await.unwrap();
        assert_eq!((read.count, read.buf_b64.as_str(), read.eof), (6, text, true));
        guest.execute(GuestFileClose { handle }).await.unwrap();
        let error = guest.execute(GuestFileClose { handle }).await.unwrap_err();
        assert!(error.server_error().unwrap().desc().contains("has not been found"), "{error}");

        let echo =
            GuestExecCommand { path: "/bin/echo".into(), arg: Some(vec!["hello".into()]), capture_output: Some(true) };
        let pid = guest.execute(echo).await.unwrap().pid;
        let status = loop {
            let status = guest.execute(GuestExecStatusCommand { pid }).await.unwrap();
            if status.exited {
                break status;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        assert_eq!((status.exitcode, status.out_data.as_deref()), (Some(0), Some(text)));
    });
}

#[test]
fn what_others_left_behind_does_not_confuse() {
    with_agent("what_others_left_behind_does_not_confuse", |machine, _| async move {
        for left in [&b"{\"execute\": \"guest-pi"[..], b"{\"execute\": \"guest-info\"}\n", b"[[[{\"", b"nonsense\xff{"]
        {
            let mut earlier = UnixStream::connect(&machine.socket).unwrap();
            earlier.write_all(left).unwrap();
            // To leave without having read a reply would reset the connection, and then this agent ends.
            earlier.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            while earlier.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
            drop(earlier);
            let guest = Agent::connect(&machine.address()).await.unwrap();
            assert_eq!(guest.execute(GuestSync { id: 7 }).await.unwrap(), 7, "{left:?}");
        }
        // Calls of clones wait for each other.
        let guest = Agent::connect(&machine.address()).await.unwrap();
        let calls: Vec<_> = (0..20).map(|id| tokio::spawn(guest.clone().execute(GuestSync { id }))).collect();
        for (id, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.unwrap().unwrap(), id as i64);
        }
    });
}
