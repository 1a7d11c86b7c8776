//! The built-in guest on KVM, driven over QMP. Skips by name without KVM.

mod support;

use serde_json::json;
use support::{COUNTER, Emulator, PATIENCE};

fn guest(test: &str, args: &[&str]) -> Option<Emulator> {
    qapi_test_support::kvm(test)?;
    let mut all = vec!["-machine", "microvm", "-accel", "kvm", "-m", "32"];
    all.extend(args);
    Some(Emulator::start(&all))
}

#[test]
fn stop_holds_it_cont_moves_it_reset_starts_it_over() {
    let Some(mut guest) = guest("stop_holds_it_cont_moves_it_reset_starts_it_over", &[]) else {
        return;
    };
    guest.counts_above(1000);
    guest.run("stop");
    let held = guest.word(COUNTER);
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert_eq!(guest.word(COUNTER), held);
    guest.run("cont");
    guest.counts_above(held);
    guest.run("stop");
    let before = guest.word(COUNTER);
    guest.run("system_reset");
    assert_eq!(guest.status(), "prelaunch");
    assert_eq!(guest.word(COUNTER), 0, "it had counted to {before}");
    guest.run("cont");
    guest.counts_above(0);
    guest.run("system_reset");
    assert_eq!(guest.status(), "running");
    guest.counts_above(0);
    assert_eq!(guest.quit().code(), Some(0));
}

#[test]
fn its_console_is_written_to_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let console = directory.path().join("console");
    let serial = format!("file:{}", console.display());
    let name = "its_console_is_written_to_the_file";
    let Some(guest) = guest(name, &["-serial", &serial]) else {
        return;
    };
    let deadline = std::time::Instant::now() + PATIENCE;
    while !std::fs::read_to_string(&console).unwrap().contains("guest") {
        assert!(std::time::Instant::now() < deadline, "the console is silent");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    guest.quit();
}

#[test]
fn its_console_is_served_on_a_socket() {
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::net::UnixStream;
    let name = "its_console_is_served_on_a_socket";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("console");
    // The guest starts when somebody listens, so its first words are not lost.
    let client = std::thread::spawn({
        let path = path.clone();
        move || {
            let deadline = std::time::Instant::now() + PATIENCE;
            loop {
                match UnixStream::connect(&path) {
                    Ok(stream) => return Some(stream),
                    Err(_) if std::time::Instant::now() > deadline => return None,
                    Err(_) => std::thread::sleep(std::time::Duration::from_millis(5)),
                }
            }
        }
    });
    let serial = format!("unix:{},server=on", path.display());
    let Some(guest) = guest(name, &["-serial", &serial]) else {
        return;
    };
    let console = client.join().unwrap().expect("the console is served");
    let mut line = String::new();
    BufReader::new(console).read_line(&mut line).unwrap();
    assert!(line.contains("guest"), "{line}");
    assert_eq!(guest.quit().code(), Some(0));
    assert!(!path.exists());
}

/// A guest whose memory is a file that the test can spoil.
fn spoilt(test: &str, args: &[&str]) -> Option<Emulator> {
    use std::os::unix::fs::FileExt as _;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ram");
    let object = format!("memory-backend-file,id=r,size=32M,share=on,mem-path={}", file.display());
    let mut args = args.to_vec();
    args.extend(["-object", &object, "-machine", "microvm,memory-backend=r"]);
    let mut guest = guest(test, &args)?;
    guest.counts_above(1000);
    // Neither its code nor its handlers of exceptions survive this: the processor gives up.
    let ram = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    ram.write_all_at(&[0xff; 0xb000], 0).unwrap();
    ram.write_all_at(&[0xff; 0x1000], 0xc000).unwrap();
    Some(guest)
}

#[test]
fn a_processor_that_gives_up_resets_the_machine() {
    let Some(mut guest) = spoilt("a_processor_that_gives_up_resets_the_machine", &[]) else {
        return;
    };
    let event = guest.wait_for("RESET");
    assert_eq!(event["data"], json!({ "guest": true, "reason": "guest-reset" }));
    assert_eq!(guest.status(), "running");
    guest.counts_above(0);
    guest.quit();
}

#[test]
fn with_no_reboot_its_reset_ends_the_process() {
    let name = "with_no_reboot_its_reset_ends_the_process";
    let Some(mut guest) = spoilt(name, &["-no-reboot"]) else {
        return;
    };
    assert_eq!(guest.ended().code(), Some(0));
    let words = guest.last_words();
    let shutdown = words.last().unwrap();
    assert_eq!(shutdown["event"], "SHUTDOWN");
    assert_eq!(shutdown["data"], json!({ "guest": true, "reason": "guest-reset" }));
}

#[test]
fn its_processor_and_memory_are_seen() {
    let Some(mut guest) = guest("its_processor_and_memory_are_seen", &[]) else {
        return;
    };
    let cpus = guest.run("query-cpus-fast");
    let thread = cpus[0]["thread-id"].as_u64().unwrap();
    let task = format!("/proc/{}/task/{thread}/comm", guest.id());
    let name = std::fs::read_to_string(task).unwrap();
    assert!(name.starts_with("CPU 0"), "{name}");
    assert_eq!(cpus[0]["target"], "x86_64");
    assert_eq!(guest.run("query-kvm"), json!({ "enabled": true, "present": true }));
    guest.run("stop");
    let physical = guest.memory(COUNTER, 8);
    let file = guest.path("virtual");
    let arguments = json!({ "val": COUNTER, "size": 8, "filename": file });
    guest.execute("memsave", arguments);
    assert_eq!(std::fs::read(file).unwrap(), physical, "the guest maps its memory one to one");
    let wrong = json!({ "val": 0, "size": 1, "filename": guest.path("x"), "cpu-index": 1 });
    assert_eq!(guest.refusal("memsave", wrong), "Parameter 'cpu-index' expects a CPU number");
    guest.quit();
}
