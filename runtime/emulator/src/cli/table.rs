//! The one table of options: what the parser accepts is what `-help` lists.

use std::fmt::Write as _;

use super::draft::Draft;
use super::{add_fd, draft, global, machine, object};
use crate::version;

/// An option's effect: `Ok(Some(text))` prints a text and ends.
pub(super) type Apply = fn(&mut Draft, &str) -> Result<Option<String>, String>;

/// What an option does.
pub(super) enum Action {
    /// Stands alone.
    Flag(fn(&mut Draft)),
    /// Takes an argument.
    Value(Apply),
    /// Prints a text and ends.
    Text(fn() -> String),
}

/// One option.
pub(super) struct Spec {
    /// Names without dash; the first is shown.
    names: &'static [&'static str],
    /// The argument, as shown.
    argument: &'static str,
    /// Lines of explanation.
    help: &'static [&'static str],
    pub(super) action: Action,
}

/// The option with that name.
pub(super) fn find(name: &str) -> Option<&'static Spec> {
    OPTIONS.iter().find(|spec| spec.names.contains(&name))
}

/// The text of `-help`.
pub(super) fn help() -> String {
    let mut text = format!(
        "{}\nusage: qapi-emulator [options]\n\n\
         Without options: a microvm with the built-in guest, its console on this terminal,\n\
         and a QMP socket whose path is printed.  Options take one dash or two.\n\n",
        version::line()
    );
    for spec in OPTIONS {
        let head = format!("-{} {}", spec.names.join("|-"), spec.argument);
        let mut lines = spec.help.iter();
        if head.trim_end().len() <= WIDTH {
            let first = lines.next().copied().unwrap_or_default();
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{:WIDTH$} {first}", head.trim_end());
        } else {
            let _ = writeln!(text, "{}", head.trim_end());
        }
        for line in lines {
            let _ = writeln!(text, "{:WIDTH$} {line}", "");
        }
    }
    text
}

/// Column where explanations begin, less one.
const WIDTH: usize = 24;

const OPTIONS: &[Spec] = &[
    Spec {
        names: &["machine", "M"],
        argument: "[type=]NAME[,prop=value...]",
        help: &[
            "the board: microvm (default) or none; 'help' lists them",
            "accel=NAME[:NAME...]  accelerators to try, in this order",
            "memory-backend=ID     main memory is the object ID",
        ],
        action: Action::Value(machine::machine),
    },
    Spec {
        names: &["accel"],
        argument: "NAME",
        help: &[
            "what runs the guest: kvm, or qtest (no processor runs);",
            "repeat to fall back; default kvm, then qtest",
        ],
        action: Action::Value(machine::accel),
    },
    Spec {
        names: &["m"],
        argument: "[size=]SIZE",
        help: &["memory in MiB, or with suffix k, M, G, T (default 128)"],
        action: Action::Value(machine::memory),
    },
    Spec {
        names: &["smp"],
        argument: "[cpus=]N",
        help: &["number of processors; 1 is the only one for now"],
        action: Action::Value(machine::smp),
    },
    Spec {
        names: &["object"],
        argument: "TYPE,id=ID,prop=value... or the same as JSON",
        help: &[
            "memory-backend-ram,id=ID,size=SIZE",
            "memory-backend-file,id=ID,size=SIZE,mem-path=PATH[,share=on|off]",
            "memory-backend-memfd,id=ID,size=SIZE[,share=on|off]",
        ],
        action: Action::Value(object::object),
    },
    Spec {
        names: &["name"],
        argument: "[guest=]NAME",
        help: &["name of the machine"],
        action: Action::Value(draft::name),
    },
    Spec {
        names: &["uuid"],
        argument: "UUID",
        help: &["identifier of the machine"],
        action: Action::Value(draft::uuid),
    },
    Spec {
        names: &["S"],
        argument: "",
        help: &["do not start the guest; command 'cont' does"],
        action: Action::Flag(|draft| draft.stopped = true),
    },
    Spec {
        names: &["add-fd"],
        argument: "set=N,fd=N[,opaque=TEXT]",
        help: &[
            "put the inherited descriptor fd into set N: files opened by the",
            "path /dev/fdset/N are duplicates of it",
        ],
        action: Action::Value(add_fd::add_fd),
    },
    Spec {
        names: &["preconfig"],
        argument: "",
        help: &["do not start until command 'x-exit-preconfig' comes"],
        action: Action::Flag(|draft| draft.preconfig = true),
    },
    Spec {
        names: &["chardev"],
        argument: "BACKEND,id=ID[,...]",
        help: &[
            "a character device:",
            "socket,id=ID,path=PATH[,server=on|off][,wait=on|off],",
            "or with host=HOST,port=PORT or an inherited fd=N for path=PATH",
            "file,id=ID,path=PATH[,append=on|off]   stdio,id=ID   null,id=ID",
        ],
        action: Action::Value(draft::chardev),
    },
    Spec {
        names: &["mon"],
        argument: "[chardev=]ID,mode=control[,pretty=on]",
        help: &["serve QMP on a character device; pretty: for people to read"],
        action: Action::Value(draft::mon),
    },
    Spec {
        names: &["qmp"],
        argument: "ADDRESS",
        help: &[
            "serve QMP: unix:PATH[,server=on][,wait=off],",
            "tcp:HOST:PORT[,server=on][,wait=off], stdio or chardev:ID",
        ],
        action: Action::Value(draft::qmp),
    },
    Spec {
        names: &["qmp-pretty"],
        argument: "ADDRESS",
        help: &["the same, laid out for people to read"],
        action: Action::Value(draft::qmp_pretty),
    },
    Spec {
        names: &["serial"],
        argument: "ADDRESS",
        help: &["the serial port: stdio, null, none, file:PATH, unix:PATH[,...],", "tcp:HOST:PORT[,...] or chardev:ID"],
        action: Action::Value(draft::serial),
    },
    Spec {
        names: &["display"],
        argument: "none",
        help: &["there is no display"],
        action: Action::Value(draft::display),
    },
    Spec {
        names: &["nographic"],
        argument: "",
        help: &["no display, and the serial port on stdio"],
        action: Action::Flag(|draft| draft.nographic = true),
    },
    Spec {
        names: &["nodefaults"],
        argument: "",
        help: &["no serial port and no QMP socket unless asked for"],
        action: Action::Flag(|draft| draft.nodefaults = true),
    },
    Spec {
        names: &["no-user-config"],
        argument: "",
        help: &["accepted: there are no configuration files"],
        action: Action::Flag(|_| {}),
    },
    Spec {
        names: &["no-reboot"],
        argument: "",
        help: &["end the process instead of a reset"],
        action: Action::Flag(|draft| draft.no_reboot = true),
    },
    Spec {
        names: &["no-shutdown"],
        argument: "",
        help: &["stop the guest instead of ending when it shuts down"],
        action: Action::Flag(|draft| draft.no_shutdown = true),
    },
    Spec {
        names: &["pidfile"],
        argument: "FILE",
        help: &["write the process identifier to FILE; removed at the end"],
        action: Action::Value(draft::pidfile),
    },
    Spec {
        names: &["daemonize"],
        argument: "",
        help: &["go to the background once sockets listen and the pidfile is written"],
        action: Action::Flag(|draft| draft.daemonize = true),
    },
    Spec {
        names: &["incoming"],
        argument: "URI|defer",
        help: &[
            "wait for a migration from unix:PATH, tcp:HOST:PORT, file:PATH or an",
            "inherited fd:N;",
            "defer: until command migrate-incoming names it",
        ],
        action: Action::Value(draft::incoming),
    },
    Spec {
        names: &["global"],
        argument: "migration.PROPERTY=VALUE",
        help: &[
            "format of migration streams, for peers of other versions:",
            "send-configuration, send-section-footer, send-switchover-start,",
            "multifd-flush-after-each-section=on|off",
            "zero-page-detection=none|legacy|multifd",
        ],
        action: Action::Value(global::global),
    },
    Spec {
        names: &["compat"],
        argument: "KEY=POLICY[,...]",
        help: &[
            "what becomes of interface that the schema marks, on every monitor:",
            "deprecated-input, unstable-input=accept|reject|crash",
            "deprecated-output, unstable-output=accept|hide",
        ],
        action: Action::Value(draft::compat),
    },
    Spec {
        names: &["version"],
        argument: "",
        help: &["print the version"],
        action: Action::Text(|| format!("{}\n", version::line())),
    },
    Spec { names: &["help", "h"], argument: "", help: &["print this text"], action: Action::Text(help) },
];
