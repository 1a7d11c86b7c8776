//! What the emulator has open. That none of it would survive an exec is what `inherited.rs` tells its own descriptors from
//! those of the parent by.

mod support;

use std::os::unix::net::UnixStream;

use rustix::fs::OFlags;
use serde_json::json;
use support::Emulator;

/// Its descriptors that would survive an exec, but for those that it has from whoever runs the tests.
fn surviving(process: u32) -> Vec<String> {
    let ours = surviving_of("self");
    let mut theirs = surviving_of(&process.to_string());
    theirs.retain(|descriptor| !ours.contains(descriptor));
    theirs
}

fn surviving_of(process: &str) -> Vec<String> {
    let folder = format!("/proc/{process}");
    let numbers = std::fs::read_dir(format!("{folder}/fd")).expect("a process");
    let mut surviving = Vec::new();
    for number in numbers {
        let number = number.expect("an entry").file_name().into_string().expect("a number");
        // One that was closed meanwhile has no text.
        let text = std::fs::read_to_string(format!("{folder}/fdinfo/{number}")).unwrap_or_default();
        let flags = text.lines().find_map(|line| line.strip_prefix("flags:")).map(str::trim);
        let Some(flags) = flags.and_then(|flags| u32::from_str_radix(flags, 8).ok()) else { continue };
        if number.parse().is_ok_and(|number: u32| number > 2) && flags & OFlags::CLOEXEC.bits() == 0 {
            let target = std::fs::read_link(format!("{folder}/fd/{number}"));
            surviving.push(format!("{number} {flags:o} {}", target.unwrap_or_default().display()));
        }
    }
    surviving
}

#[test]
fn everything_opened_is_closed_on_exec() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut options: Vec<String> = ["-machine", "microvm", "-m", "16", "-pidfile"].map(String::from).into();
    options.extend([path("pid"), "-serial".to_owned(), format!("unix:{},server=on,wait=off", path("serial"))]);
    options.extend(["-qmp".to_owned(), "tcp:127.0.0.1:0,server=on,wait=off".to_owned()]);
    options.extend(["-object".to_owned(), "memory-backend-memfd,id=ram,size=16M".to_owned()]);
    options[1] = "microvm,memory-backend=ram".to_owned();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let mut machine = Emulator::start(&options);
    let serial = UnixStream::connect(path("serial")).expect("a serial port");
    assert_eq!(machine.status(), "running");
    assert_eq!(surviving(machine.id()), Vec::<String>::new());
    let sent = path("sent");
    machine.execute("migrate", json!({ "uri": format!("file:{sent}") }));
    // While it goes on, and after it.
    loop {
        assert_eq!(surviving(machine.id()), Vec::<String>::new());
        match machine.run("query-migrate")["status"].as_str() {
            Some("completed") => break,
            Some("setup" | "active" | "device") => {}
            status => panic!("the migration is {status:?}"),
        }
    }
    drop(serial);
    assert_eq!(machine.quit().code(), Some(0));
}
