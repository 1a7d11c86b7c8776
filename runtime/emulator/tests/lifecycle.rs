//! Run states over QMP, on a machine without processors: results, events and their order.

mod support;

use serde_json::json;
use support::Emulator;

fn started(args: &[&str]) -> Emulator {
    let mut all = vec!["-machine", "none", "-m", "16"];
    all.extend(args);
    let mut emulator = Emulator::start(&all);
    emulator.seen();
    emulator
}

/// A command's events that came before its reply.
fn events_of(emulator: &mut Emulator, command: &str) -> Vec<String> {
    emulator.run(command);
    emulator.last_words().iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn events_come_before_the_reply_and_only_for_changes() {
    let mut emulator = started(&[]);
    assert_eq!(emulator.status(), "running");
    for (command, events, status) in [
        ("stop", &["STOP"][..], "paused"),
        ("stop", &[], "paused"),
        ("cont", &["RESUME"], "running"),
        ("cont", &[], "running"),
        ("system_powerdown", &["POWERDOWN"], "running"),
        ("system_reset", &["RESET"], "running"),
        ("stop", &["STOP"], "paused"),
        ("system_reset", &["RESET"], "prelaunch"),
        ("cont", &["RESUME"], "running"),
        ("quit", &["SHUTDOWN"], ""),
    ] {
        assert_eq!(events_of(&mut emulator, command), events, "{command}");
        if !status.is_empty() {
            assert_eq!(emulator.status(), status, "after {command}");
        }
    }
    assert_eq!(emulator.ended().code(), Some(0));
}

#[test]
fn reset_and_quit_say_who_and_why() {
    let mut emulator = started(&[]);
    emulator.run("system_reset");
    emulator.run("quit");
    let words = emulator.last_words();
    let data: Vec<_> = words.iter().map(|event| event["data"].clone()).collect();
    assert_eq!(
        data,
        [
            json!({ "guest": false, "reason": "host-qmp-system-reset" }),
            json!({ "guest": false, "reason": "host-qmp-quit" }),
        ]
    );
}

#[test]
fn a_stopped_start_waits_for_cont() {
    let mut emulator = started(&["-S"]);
    assert_eq!(emulator.status(), "prelaunch");
    assert!(events_of(&mut emulator, "stop").is_empty());
    assert_eq!(emulator.status(), "prelaunch");
    assert_eq!(events_of(&mut emulator, "cont"), ["RESUME"]);
    emulator.quit();
}

#[test]
fn no_reboot_ends_at_a_reset_and_no_shutdown_stays() {
    let mut emulator = started(&["-no-reboot"]);
    assert_eq!(events_of(&mut emulator, "system_reset"), ["SHUTDOWN"]);
    assert_eq!(emulator.ended().code(), Some(0));
    let mut emulator = started(&["-no-reboot", "-no-shutdown"]);
    assert_eq!(events_of(&mut emulator, "system_reset"), ["SHUTDOWN", "STOP"]);
    assert_eq!(emulator.status(), "shutdown");
    assert_eq!(emulator.refusal("cont", json!({})), "Resetting the Virtual Machine is required");
    assert_eq!(emulator.quit().code(), Some(0));
}

#[test]
fn what_was_asked_for_is_told() {
    let uuid = "550e8400-e29b-41d4-a716-446655440000";
    let mut emulator = started(&["-name", "guest=vm,debug-threads=on", "-uuid", uuid]);
    assert_eq!(emulator.run("query-name"), json!({ "name": "vm" }));
    assert_eq!(emulator.run("query-uuid"), json!({ "UUID": uuid }));
    assert_eq!(emulator.run("query-target"), json!({ "arch": "x86_64" }));
    assert_eq!(emulator.run("query-cpus-fast"), json!([]));
    assert_eq!(emulator.run("query-kvm"), json!({ "enabled": false, "present": true }));
    let memory = json!({ "base-memory": 16 << 20, "plugged-memory": 0 });
    assert_eq!(emulator.run("query-memory-size-summary"), memory);
    let version = emulator.run("query-version");
    assert_eq!(version["qemu"], json!({ "major": 7, "minor": 2, "micro": 22 }));
    assert!(version["package"].as_str().unwrap().starts_with("qapi-emulator"));
    let machines = emulator.run("query-machines");
    let names: Vec<_> = machines.as_array().unwrap().iter().map(|m| &m["name"]).collect();
    assert_eq!(names, ["none", "microvm"]);
    emulator.quit();
    let mut nameless = started(&[]);
    assert_eq!(nameless.run("query-name"), json!({}));
    let uuid = json!({ "UUID": "00000000-0000-0000-0000-000000000000" });
    assert_eq!(nameless.run("query-uuid"), uuid);
    nameless.quit();
}

#[test]
fn memory_is_saved_as_it_is_and_absent_memory_as_zeros() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ram");
    let content: Vec<u8> = (0..1_u32 << 20).map(|i| (i.wrapping_mul(31) >> 3) as u8).collect();
    std::fs::write(&file, &content).unwrap();
    let object = format!("memory-backend-file,id=r,size=1M,share=on,mem-path={}", file.display());
    let mut emulator = Emulator::start(&["-object", &object, "-machine", "none,memory-backend=r"]);
    assert_eq!(emulator.memory(0, 1 << 20), content);
    assert_eq!(emulator.memory(0xfff, 3), content[0xfff..0x1002]);
    let mut across = content[(1 << 20) - 8..].to_vec();
    across.extend([0; 8]);
    assert_eq!(emulator.memory((1 << 20) - 8, 16), across);
    assert_eq!(emulator.memory(1 << 40, 5), [0; 5]);
    let refused = json!({ "val": 0, "size": 1, "filename": "/nonexistent/x" });
    assert_eq!(emulator.refusal("pmemsave", refused), "Could not open '/nonexistent/x': No such file or directory");
    let negative = json!({ "val": 0, "size": -1, "filename": emulator.path("x") });
    assert!(emulator.refusal("pmemsave", negative).contains("size"));
    let virtual_range = json!({ "val": 0, "size": 1, "filename": emulator.path("x") });
    assert_eq!(emulator.refusal("memsave", virtual_range), "Parameter 'cpu-index' expects a CPU number");
    assert_eq!(emulator.refusal("inject-nmi", json!({})), "this feature or command is not currently supported");
    emulator.quit();
}

#[test]
fn the_runtimes_own_commands_speak_of_this_schema() {
    let mut emulator = started(&[]);
    let commands = emulator.run("query-commands");
    let names: Vec<&str> =
        commands.as_array().unwrap().iter().map(|command| command["name"].as_str().unwrap()).collect();
    for name in ["qmp_capabilities", "query-qmp-schema", "migrate", "quit"] {
        assert!(names.contains(&name), "{name}");
    }
    let schema = emulator.run("query-qmp-schema");
    let entries = schema.as_array().unwrap();
    let count = |kind: &str| entries.iter().filter(|entry| entry["meta-type"] == kind).count();
    assert_eq!((count("command"), count("event")), (names.len(), 7));
    emulator.quit();
}
