//! The shell at a terminal.

mod common;

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use common::fakes;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// How long anything may take, on a busy machine too.
const LIMIT: Duration = Duration::from_secs(60);

/// A shell at a terminal of its own.
struct Terminal {
    keys: File,
    output: Receiver<Vec<u8>>,
    seen: String,
    child: Child,
    home: tempfile::TempDir,
}

impl Terminal {
    fn start(address: &str) -> Self {
        let leader = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&leader).and_then(|()| unlockpt(&leader)).expect("a terminal");
        let name = ptsname(&leader, Vec::new()).expect("a name");
        let follower = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("the other end");
        tcsetwinsize(&follower, Winsize { ws_row: 30, ws_col: 90, ws_xpixel: 0, ws_ypixel: 0 }).expect("a size");
        let home = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_qmp-shell"));
        command.arg(address).env("TERM", "xterm").env("NO_COLOR", "1").env("XDG_STATE_HOME", home.path());
        let end = || follower.try_clone().expect("a descriptor");
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("the shell starts");
        let keys = File::from(leader);
        let mut reader = keys.try_clone().expect("a descriptor");
        let (sender, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { keys, output, seen: String::new(), child, home }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Waits until the text was printed since the last call, and gives everything up to its end.
    #[track_caller]
    fn expect(&mut self, text: &str) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(at) = self.seen.find(text) {
                let rest = self.seen.split_off(at + text.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("{text:?} was not printed, but {:?}", self.seen),
            }
        }
    }

    /// Waits for a new prompt, with nothing typed yet: the cursor goes behind it.
    #[track_caller]
    fn prompt(&mut self) {
        self.expect("qmp> \r\u{1b}[5C");
    }

    /// Waits for the shell's end, and gives its status.
    #[track_caller]
    fn end(&mut self) -> i32 {
        let deadline = Instant::now() + LIMIT;
        loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => return status.code().unwrap_or(-1),
                None => assert!(Instant::now() < deadline, "the shell does not end, but prints {:?}", self.seen),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn lines_are_completed_executed_and_kept() {
    let fake = fakes::start();
    fake.on_name("set").returns_json("{}");
    fake.on_name("secret").returns_json(r#""found""#);
    let mut terminal = Terminal::start(&fake.address());
    terminal.expect("Connected to unix:");
    terminal.expect("; 6 commands, 2 events");
    terminal.prompt();
    // One command begins so, one argument, one value.
    terminal.press("sec\t\r");
    terminal.expect("\"found\"");
    terminal.expect("note: secret is deprecated");
    terminal.prompt();
    terminal.press("set i\tx mo\tf\t\r");
    terminal.prompt();
    terminal.press(" secret\r");
    terminal.expect("\"found\"");
    terminal.press("sett\r");
    terminal.expect("hint: did you mean set?");
    terminal.prompt();
    terminal.press("\u{4}");
    assert_eq!(terminal.end(), 0);
    assert_eq!(fake.requests()[1].to_string(), r#"set {"id": "x", "mode": "fast"}"#);
    let history = std::fs::read_to_string(terminal.home.path().join("qmp-shell/history")).expect("a history");
    let lines: Vec<_> = history.lines().skip(1).collect();
    assert_eq!(lines, ["secret", "set id=x mode=fast", "sett"]);
}

#[test]
fn events_are_shown_while_somebody_types() {
    let fake = fakes::start();
    let mut terminal = Terminal::start(&fake.address());
    terminal.prompt();
    terminal.press("set ");
    // The hint says what is expected.
    terminal.expect("id=<str> [size=<int>] [mode=<fast|slow>]");
    fake.emit_json("STOP", "{}");
    terminal.expect(" STOP");
    // The line is drawn anew below.
    terminal.expect("qmp> set ");
    terminal.press("id=x\r");
    terminal.prompt();
    fake.disconnect_all();
    terminal.expect("The server has closed the connection");
    terminal.press("secret\r");
    terminal.expect(".reconnect connects again");
    terminal.prompt();
    terminal.press(".reconnect\r");
    terminal.expect("Connected to unix:");
    terminal.press(".quit\r");
    assert_eq!(terminal.end(), 0);
    assert_eq!(fake.requests().len(), 1);
}

#[test]
fn work_is_drawn_until_it_ends() {
    let fake = fakes::start();
    fakes::plan_job(&fake, &[("running", 25), ("running", 50), ("running", 75), ("concluded", 100)], None);
    let mut terminal = Terminal::start(&fake.address());
    terminal.prompt();
    terminal.press("start-job id=j\r");
    terminal.expect("JOB_STATUS_CHANGE");
    terminal.expect("j backup running  ━━━━━━━━━━──");
    terminal.expect("  75 %");
    terminal.expect("\r\u{1b}[K");
    terminal.expect("j done in ");
    terminal.prompt();
    terminal.press("\u{4}");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn brackets_and_interrupts() {
    let fake = fakes::start();
    let mut terminal = Terminal::start(&fake.address());
    terminal.prompt();
    terminal.press("set {'id':\r");
    terminal.press("'x'}\r");
    fake.wait_for("set", LIMIT);
    terminal.prompt();
    // Ctrl-C gives up the line, not the shell.
    terminal.press("set id=never\u{3}");
    terminal.prompt();
    terminal.press("set id=[1 2]\r");
    terminal.expect("error: expected ',' or ']'");
    terminal.expect("  set id=[1 2]\r\n            ^\r\n");
    terminal.prompt();
    terminal.press("\u{4}");
    assert_eq!(terminal.end(), 0);
    assert_eq!(fake.requests().len(), 1);
}
