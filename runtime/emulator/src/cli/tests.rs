//! The command line, from arguments to configuration and to errors.

use super::*;
use crate::config::{Address, Backend, Chardev, MemoryBackend, MemorySource, Monitor, PassedFd, Socket};
use ::machine::{Accelerator, MachineKind};

fn run(line: &str) -> Result<Config, String> {
    let args = line.split_whitespace().map(OsString::from);
    match parse(args) {
        Ok(Invocation::Run(config)) => Ok(*config),
        Ok(Invocation::Print(text)) => Err(format!("printed: {text}")),
        Err(error) => Err(error.to_string()),
    }
}

fn config(line: &str) -> Config {
    run(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn error(line: &str) -> String {
    match run(line) {
        Ok(config) => panic!("{line}: accepted as {config:?}"),
        Err(error) => error,
    }
}

#[test]
fn without_options_there_is_a_guest_on_the_terminal_and_a_qmp_socket() {
    let config = config("");
    assert_eq!(config.board, MachineKind::Microvm);
    assert_eq!(config.accelerators, [Accelerator::Kvm, Accelerator::Qtest]);
    assert_eq!(config.memory, 128 << 20);
    assert!(config.greet && !config.stopped);
    let backend = |position: usize| &config.chardevs[position].backend;
    assert_eq!(*backend(config.serial.unwrap()), Backend::Stdio);
    assert!(matches!(backend(config.monitors[0].chardev), Backend::Socket(Socket { server: true, wait: false, .. })));
}

#[test]
fn management_tools_lines_are_understood() {
    let config = config(
        "-S -no-user-config -nodefaults -nographic -machine none,accel=kvm:qtest \
         -qmp unix:/run/q,,1,server=on,wait=off -pidfile /run/pid -name guest=vm,debug-threads=on \
         -uuid 550e8400-e29b-41d4-a716-446655440000 --m 64M",
    );
    assert!(config.stopped && !config.greet);
    assert_eq!(config.accelerators, [Accelerator::Kvm, Accelerator::Qtest]);
    assert_eq!(config.name.as_deref(), Some("vm"));
    assert_eq!(config.uuid.unwrap()[..4], [0x55, 0x0e, 0x84, 0x00]);
    assert_eq!(config.memory, 64 << 20);
    let Backend::Socket(socket) = &config.chardevs[config.monitors[0].chardev].backend else {
        panic!("no socket");
    };
    assert_eq!(socket.address, Address::Unix("/run/q,1".into()));
    assert_eq!(config.serial, None);
}

#[test]
fn chardevs_are_referred_to_by_name() {
    let config = config(
        "-nodefaults -chardev socket,id=m,host=::1,port=4444,server,nowait -mon m,mode=control \
         -chardev file,id=log,path=/tmp/log,append=on -serial chardev:log",
    );
    let expected = [
        Chardev {
            id: "m".into(),
            option: "-chardev socket,id=m,host=::1,port=4444,server,nowait".into(),
            backend: Backend::Socket(Socket {
                address: Address::Tcp { host: "::1".into(), port: 4444 },
                server: true,
                wait: false,
            }),
        },
        Chardev {
            id: "log".into(),
            option: "-chardev file,id=log,path=/tmp/log,append=on".into(),
            backend: Backend::File { path: "/tmp/log".into(), append: true },
        },
    ];
    assert_eq!(config.chardevs, expected);
    let monitor = Monitor { chardev: 0, pretty: false };
    assert_eq!((config.monitors, config.serial), (vec![monitor], Some(1)));
}

#[test]
fn memory_comes_from_the_named_object_in_either_notation() {
    let backend = |line: &str| {
        let mut backend = config(line).backend?;
        assert!(backend.option.starts_with("-object "));
        backend.option.clear();
        Some(backend)
    };
    let expected = Some(MemoryBackend {
        id: "ram0".into(),
        option: String::new(),
        size: 16 << 20,
        source: MemorySource::File { path: "/dev/shm/x".into(), share: true },
    });
    let machine = "-machine none,memory-backend=ram0 -m 16 -object";
    let keyval = format!("{machine} memory-backend-file,id=ram0,size=16M,mem-path=/dev/shm/x,share=on");
    assert_eq!(backend(&keyval), expected);
    let json = format!(
        "{machine} {{\"qom-type\":\"memory-backend-file\",\"id\":\"ram0\",\"size\":16777216,\
         \"mem-path\":\"/dev/shm/x\",\"share\":true}}"
    );
    assert_eq!(backend(&json), expected);
}

#[test]
fn sizes_have_units_and_fractions() {
    for (text, bytes) in [
        ("64", Some(64 << 20)),
        ("1.5G", Some(3 << 29)),
        ("2048k", Some(2 << 20)),
        ("0x10", Some(16 << 20)),
        (".5M", Some(1 << 19)),
        ("8b", Some(8)),
        ("", None),
        (".", None),
        ("1.2.3", None),
        ("-1", None),
        ("1GB", None),
        ("99999999999G", None),
        ("0x+1", None),
    ] {
        assert_eq!(size::parse(text, 1 << 20), bytes, "{text}");
    }
}

#[test]
fn mistakes_are_one_line_that_begins_with_the_option() {
    for (line, expected) in [
        ("-bogus", "-bogus: invalid option"),
        ("--bogus", "--bogus: invalid option"),
        ("disk.img", "disk.img: disk images are not supported"),
        ("-m", "-m: requires an argument"),
        ("-m abc", "-m abc: Parameter 'size' expects"),
        ("-m 64,slots=2", "-m 64,slots=2: memory cannot be added later"),
        ("-machine pc", "-machine pc: unsupported machine type 'pc'"),
        ("-machine none,foo=1", "-machine none,foo=1: the machine has no such property"),
        ("-accel tcg", "-accel tcg: invalid accelerator tcg"),
        ("-machine none,accel=hvf", "-machine none,accel=hvf: invalid accelerator hvf"),
        ("-smp 2", "-smp 2: Invalid SMP CPUs 2. The max CPUs supported is 1"),
        ("-smp cpus=x", "-smp cpus=x: Parameter 'smp.cpus' expects integer"),
        ("-uuid xyz", "-uuid xyz: failed to parse UUID string"),
        ("-name guest=a,bogus=1", "-name guest=a,bogus=1: Invalid parameter 'bogus'"),
        ("-chardev null", "-chardev null: chardev: no id specified"),
        ("-chardev nope,id=a", "-chardev nope,id=a: 'nope' is not a valid char driver name"),
        ("-chardev null,id=1a", "-chardev null,id=1a: Parameter 'id' expects an identifier"),
        ("-chardev file,id=a", "-chardev file,id=a: Parameter 'path' is missing"),
        ("-chardev socket,id=a", "-chardev socket,id=a: a socket needs path=PATH"),
        ("-chardev socket,id=a,path=x,port=1", "-chardev socket,id=a,path=x,port=1: a socket has either path="),
        (
            "-chardev socket,id=a,path=x,server=maybe",
            "-chardev socket,id=a,path=x,server=maybe: Parameter 'server' expects 'on' or 'off'",
        ),
        ("-chardev socket,id=a,fd=x", "-chardev socket,id=a,fd=x: Unable to parse FD number x"),
        (
            "-chardev socket,id=a,fd=5,path=x",
            "-chardev socket,id=a,fd=5,path=x: None or one of 'path', 'fd' or 'host' option required.",
        ),
        ("-add-fd fd=3", "-add-fd fd=3: set option is required and must be non-negative"),
        ("-add-fd set=1", "-add-fd set=1: fd option is required and must be non-negative"),
        ("-add-fd set=-1,fd=3", "-add-fd set=-1,fd=3: set option is required and must be non-negative"),
        ("-add-fd set=x,fd=3", "-add-fd set=x,fd=3: Parameter 'set' expects a number"),
        ("-add-fd set=1,fd=2", "-add-fd set=1,fd=2: fd cannot be a standard I/O stream"),
        ("-add-fd set=1,fd=3,foo=1", "-add-fd set=1,fd=3,foo=1: Invalid parameter 'foo'"),
        ("-chardev null,id=a -chardev null,id=a", "-chardev null,id=a: Duplicate ID 'a' for chardev"),
        ("-mon chardev=zz,mode=control", "-mon chardev=zz,mode=control: chardev \"zz\" not found"),
        ("-mon mode=control", "-mon mode=control: Parameter 'chardev' is missing"),
        ("-mon chardev=x", "-mon chardev=x: the human monitor is not supported"),
        ("-qmp nope", "-qmp nope: 'nope' is not a valid char driver name"),
        ("-qmp tcp:localhost", "-qmp tcp:localhost: address 'localhost' needs HOST:PORT"),
        ("-qmp tcp:localhost:x", "-qmp tcp:localhost:x: port 'x' is not a number"),
        ("-qmp null", "-qmp null: QMP needs a socket or stdio"),
        ("-serial mon:stdio", "-serial mon:stdio: a serial port cannot share its device"),
        ("-qmp stdio -serial stdio", "-serial stdio: cannot use stdio by multiple"),
        (
            "-chardev socket,id=a,path=x,server=on -mon a,mode=control -serial chardev:a",
            "-serial chardev:a: chardev \"a\" is in use already",
        ),
        ("-display gtk", "-display gtk: Parameter 'type' does not accept value 'gtk'"),
        ("-object nope,id=x", "-object nope,id=x: Parameter 'qom-type' does not accept"),
        ("-object memory-backend-ram,id=x", "-object memory-backend-ram,id=x: Parameter 'size' is missing"),
        ("-object {", "-object {: "),
        ("-machine none,memory-backend=x", "-machine none,memory-backend=x: Memory backend 'x' not found"),
        (
            "-object memory-backend-ram,id=x,size=1M -machine none,memory-backend=x -m 2",
            "-m 2: Machine memory size does not match the size of the memory backend",
        ),
        (
            "-accel qtest -machine none,accel=kvm",
            "-machine none,accel=kvm: The -accel and \"-machine accel=\" options are incompatible",
        ),
        ("-daemonize -qmp stdio", "-daemonize: a process in the background has no terminal"),
        ("-name a,,b,", "-name a,,b,: an empty parameter is not allowed"),
        ("-incoming defer -incoming tcp:0:1", "-incoming tcp:0:1: a migration can come"),
    ] {
        let shown = error(line);
        assert!(shown.starts_with(expected), "{line}: {shown}");
        assert!(!shown.contains('\n'), "{line}: {shown}");
    }
}

#[test]
fn a_line_break_in_an_argument_stays_on_one_line() {
    let args = ["-name", "a\nb=c"].map(OsString::from);
    let shown = parse(args).unwrap_err().to_string();
    assert!(!shown.contains('\n'), "{shown}");
}

#[test]
fn help_lists_what_the_parser_accepts() {
    let Ok(Invocation::Print(help)) = parse(["--help".into()]) else {
        panic!("no help");
    };
    for option in ["-machine", "-accel", "-qmp", "-incoming", "-pidfile", "-version"] {
        assert!(help.lines().any(|line| line.starts_with(option)), "{option}");
    }
    assert!(help.lines().all(|line| line.len() <= 100));
}

#[test]
fn any_value_survives_with_its_commas_doubled() {
    use super::keyval::Keyval;
    for value in ["", ",", ",,", "a,b", ",a", "a,", "x=y", "=", "ä\n,", "no", "on"] {
        let text = format!("first={},second=2", value.replace(',', ",,"));
        let mut keys = Keyval::parse(&text, Some("implied"), &["on"]).unwrap();
        assert_eq!(keys.take("first").as_deref(), Some(value), "{text}");
        assert_eq!(keys.take("second").as_deref(), Some("2"), "{text}");
        keys.finish().unwrap();
    }
    for text in ["", ",", "a,,,b=c", "=x", "a=b,", "a=b,=c", "a=b,c"] {
        let parsed = Keyval::parse(text, None, &[]);
        assert!(parsed.is_err(), "{text}: {parsed:?}");
    }
}

#[test]
fn the_migration_stream_has_knobs() {
    use migration::{Settings, ZeroPageDetection};
    assert_eq!(config("").migration, Settings::default());
    let config = config(
        "-global migration.send-configuration=off -global migration.send-section-footer=off \
         -global driver=migration,property=send-switchover-start,value=on \
         -global migration.multifd-flush-after-each-section=off -global migration.zero-page-detection=none",
    );
    let expected = Settings {
        send_configuration: false,
        section_footers: false,
        send_switchover_start: true,
        multifd_flush_after_each_section: false,
        zero_page_detection: ZeroPageDetection::None,
        ..Settings::default()
    };
    assert_eq!(config.migration, expected);
    for (argument, reason) in [
        ("migration.nope=on", "can't apply global migration.nope=on: Property 'migration.nope' not found"),
        (
            "migration.send-configuration=x",
            "can't apply global migration.send-configuration=x: Parameter 'send-configuration' expects 'on' or 'off'",
        ),
        (
            "migration.zero-page-detection=all",
            "can't apply global migration.zero-page-detection=all: \
             Parameter 'zero-page-detection' does not accept value 'all'",
        ),
        ("foo.bar=1", "can't apply global foo.bar=1: only migration has such properties here"),
        ("migration", "Expected '=' after parameter 'migration'"),
        ("driver=migration,value=1", "Parameter 'property' is missing"),
    ] {
        assert_eq!(error(&format!("-global {argument}")), format!("-global {argument}: {reason}"));
    }
}

#[test]
fn inherited_descriptors_are_named_by_number() {
    let line = "-add-fd set=0x10,fd=7,opaque=note -add-fd fd=3,set=0 -chardev socket,id=m,fd=12,server=on,wait=off";
    let config = config(line);
    let passed = |option: &str, fd, set, opaque: Option<&str>| PassedFd {
        option: option.to_owned(),
        fd,
        set,
        opaque: opaque.map(str::to_owned),
    };
    let expected =
        [passed("-add-fd set=0x10,fd=7,opaque=note", 7, 16, Some("note")), passed("-add-fd fd=3,set=0", 3, 0, None)];
    assert_eq!(config.passed_fds, expected);
    let socket = Socket { address: Address::Fd(12), server: true, wait: false };
    assert_eq!(config.chardevs[0].backend, Backend::Socket(socket));
}

#[test]
fn monitors_can_be_laid_out_and_machines_held_back() {
    let config =
        run("-preconfig -chardev stdio,id=a -mon a,mode=control,pretty=on -qmp-pretty unix:/b -qmp unix:/c").unwrap();
    assert!(config.preconfig);
    assert_eq!(config.monitors.iter().map(|monitor| monitor.pretty).collect::<Vec<_>>(), [true, true, false]);
    assert!(!run("-mon a,mode=control,pretty=off -chardev stdio,id=a").unwrap().monitors[0].pretty);
    assert_eq!(
        run("-preconfig -incoming tcp:127.0.0.1:0").unwrap_err(),
        "-preconfig: 'preconfig' supports '-incoming defer' only"
    );
    assert!(run("-preconfig -incoming defer").is_ok());
}
