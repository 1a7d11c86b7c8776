//! What the command line says.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use lexopt::prelude::*;
use qapi_gen::{CHOICES, Choice, Form, Format, Setting, Settings};

use super::Failure;

/// What the command line asks for.
#[derive(Debug)]
pub(super) enum Invocation {
    /// To print this: help, or the version.
    Print(String),
    /// To do something.
    Run { task: Task, settings: Box<Settings>, format: Format },
}

/// A subcommand with its operands.
#[derive(Debug)]
pub(super) enum Task {
    Check { schema: PathBuf },
    Generate { schema: PathBuf, directory: PathBuf, package: Option<String> },
    Introspect { schema: PathBuf },
    Doc { schema: PathBuf, directory: PathBuf },
    Ir { schema: PathBuf },
    Diff { old: PathBuf, new: PathBuf, json: bool, allowed: Allowed },
    Import { source: OsString },
    Explain { id: String },
}

/// What a difference may break without being a failure.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Allowed {
    pub(super) clients: bool,
    pub(super) strict_clients: bool,
    pub(super) servers: bool,
}

/// How the subcommands are used: name, operands and own options, what it does.
const USAGE: [(&str, &str, &str); 8] = [
    ("check", "FILE", "tell every mistake in a schema"),
    ("generate", "FILE -o DIR [--crate NAME]", "write Rust code"),
    ("introspect", "FILE [--unmask]", "print the answer to query-qmp-schema"),
    ("doc", "FILE -o DIR", "write a browsable reference; conditions are shown, not applied"),
    ("ir", "FILE", "print the resolved schema as JSON"),
    ("diff", "OLD NEW [--format FORMAT] [--allow WHOM]", "tell whom the changes in a schema break"),
    ("import", "SOURCE", "print the schema that a server's answer to query-qmp-schema describes"),
    ("explain", "ID", "tell what a diagnostic means and how to mend it"),
];

/// Options of single subcommands, as they were given.
#[derive(Debug, Default)]
struct Own {
    directory: Option<PathBuf>,
    package: Option<String>,
    json: Option<bool>,
    allowed: Option<Allowed>,
}

/// Reads the command line.
pub(super) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Invocation, Failure> {
    let mut parser = lexopt::Parser::from_args(args);
    let mut settings = Settings::new();
    let (mut words, mut own, mut format) = (Vec::<OsString>::new(), Own::default(), None);
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Invocation::Print(help())),
            Short('V') | Long("version") => {
                return Ok(Invocation::Print(concat!("qapi-gen ", env!("CARGO_PKG_VERSION"), "\n").to_owned()));
            }
            Short('o') | Long("output") => own.directory = Some(PathBuf::from(parser.value()?)),
            Long("crate") => own.package = Some(text(parser.value()?)?),
            Long("format") => own.json = Some(report_format(&text(parser.value()?)?)?),
            Long("allow") => allow(own.allowed.get_or_insert_default(), &text(parser.value()?)?)?,
            Long("message-format") => format = Some(message_format(&text(parser.value()?)?)?),
            Long(flag) => {
                let (choice, switch) =
                    choice(flag).ok_or_else(|| Failure::Usage(format!("unknown option '--{flag}'")))?;
                let value = match switch {
                    Some(wanted) => Setting::Switch(wanted),
                    None => Setting::Text(text(parser.value()?)?),
                };
                settings.set(choice.name, value).map_err(|error| Failure::Usage(error.to_string()))?;
            }
            Value(word) => words.push(word),
            other => return Err(other.unexpected().into()),
        }
    }
    let task = task(words, own)?;
    let format = format.unwrap_or(if std::io::stderr().is_terminal() { Format::Human } else { Format::Gnu });
    Ok(Invocation::Run { task, settings: Box::new(settings), format })
}

fn task(words: Vec<OsString>, own: Own) -> Result<Task, Failure> {
    let usage = |message: String| Err(Failure::Usage(message));
    let mut words = words.into_iter();
    let Some(verb) = words.next() else {
        return usage(format!("say what to do: {}", verbs("or")));
    };
    let verb = verb.to_string_lossy().into_owned();
    let takes: &[&str] = match verb.as_str() {
        "generate" => &["-o", "--crate"],
        "doc" => &["-o"],
        "diff" => &["--format", "--allow"],
        _ => &[],
    };
    for (option, given) in [
        ("-o", own.directory.is_some()),
        ("--crate", own.package.is_some()),
        ("--format", own.json.is_some()),
        ("--allow", own.allowed.is_some()),
    ] {
        if given && !takes.contains(&option) {
            return usage(format!("'{verb}' does not take '{option}'"));
        }
    }
    let operands: Vec<OsString> = words.collect();
    let directory = || own.directory.clone().ok_or_else(|| Failure::Usage(format!("'{verb}' needs '-o DIR'")));
    match (verb.as_str(), operands.as_slice()) {
        ("check", [file]) => Ok(Task::Check { schema: file.into() }),
        ("generate", [file]) => {
            Ok(Task::Generate { schema: file.into(), directory: directory()?, package: own.package })
        }
        ("introspect", [file]) => Ok(Task::Introspect { schema: file.into() }),
        ("doc", [file]) => Ok(Task::Doc { schema: file.into(), directory: directory()? }),
        ("ir", [file]) => Ok(Task::Ir { schema: file.into() }),
        ("diff", [old, new]) => Ok(Task::Diff {
            old: old.into(),
            new: new.into(),
            json: own.json.unwrap_or(false),
            allowed: own.allowed.unwrap_or_default(),
        }),
        ("import", [source]) => Ok(Task::Import { source: source.clone() }),
        ("explain", [id]) => Ok(Task::Explain { id: text(id.clone())? }),
        (verb, operands) => match USAGE.iter().find(|(name, ..)| *name == verb) {
            Some((_, form, _)) => usage(format!("usage: qapi-gen {verb} {form}; {} operands given", operands.len())),
            None => usage(format!("unknown subcommand '{verb}'; there are {}", verbs("and"))),
        },
    }
}

/// The subcommands as a list in a sentence.
fn verbs(last: &str) -> String {
    let names = USAGE.map(|(name, ..)| name);
    match names.split_last() {
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
        None => String::new(),
    }
}

/// The choice that a long option sets, and to what if it is a switch.
fn choice(flag: &str) -> Option<(&'static Choice, Option<bool>)> {
    CHOICES.iter().find_map(|choice| match choice.form {
        Form::Switch { default: false } => (flag == choice.name).then_some((choice, Some(true))),
        Form::Switch { default: true } => {
            (flag.strip_prefix("no-") == Some(choice.name)).then_some((choice, Some(false)))
        }
        Form::Text | Form::Texts => (flag == choice.name).then_some((choice, None)),
    })
}

fn message_format(name: &str) -> Result<Format, Failure> {
    match name {
        "human" => Ok(Format::Human),
        "gnu" => Ok(Format::Gnu),
        "json" => Ok(Format::Json),
        _ => Err(Failure::Usage(format!("'--message-format' is human, gnu or json, not '{name}'"))),
    }
}

/// True for JSON.
fn report_format(name: &str) -> Result<bool, Failure> {
    match name {
        "human" => Ok(false),
        "json" => Ok(true),
        _ => Err(Failure::Usage(format!("'--format' is human or json, not '{name}'"))),
    }
}

fn allow(allowed: &mut Allowed, whom: &str) -> Result<(), Failure> {
    match whom {
        "clients" => allowed.clients = true,
        "strict-clients" => allowed.strict_clients = true,
        "servers" => allowed.servers = true,
        _ => return Err(Failure::Usage(format!("'--allow' is clients, strict-clients or servers, not '{whom}'"))),
    }
    Ok(())
}

fn text(value: OsString) -> Result<String, Failure> {
    value.into_string().map_err(|value| Failure::Usage(format!("{} is not UTF-8", value.display())))
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Failure::Usage(error.to_string())
    }
}

fn help() -> String {
    let mut help = String::from("qapi-gen: compiler for QEMU's QAPI schema language\n\n");
    for (i, (verb, form, about)) in USAGE.iter().enumerate() {
        let lead = if i == 0 { "Usage:" } else { "" };
        help.push_str(&format!("{lead:<6} qapi-gen {verb} {form}\n           {about}\n"));
    }
    help.push_str(
        "\nSOURCE is a file, '-', unix:PATH or tcp:HOST:PORT. Options may stand before the subcommand.\n\nOptions:\n",
    );
    let mut line = |option: &str, text: &str| help.push_str(&format!("  {option:<24} {text}\n"));
    line("-o, --output DIR", "where generate writes mod.rs and a file per module, doc its pages");
    line("--crate NAME", "generate a package of that name instead");
    line("--format FORMAT", "report of diff: human or json (default: human)");
    line("--allow WHOM", "diff may break clients, strict-clients or servers (repeatable)");
    for choice in CHOICES {
        match choice.form {
            Form::Switch { default: true } => {
                line(&format!("--no-{}", choice.name), &format!("leave out {}", choice.help))
            }
            Form::Switch { default: false } => line(&format!("--{}", choice.name), choice.help),
            Form::Text => line(&format!("--{} {}", choice.name, choice.metavar), choice.help),
            Form::Texts => {
                line(&format!("--{} {}", choice.name, choice.metavar), &format!("{} (repeatable)", choice.help))
            }
        }
    }
    line("--message-format FORMAT", "diagnostics: human, gnu or json (default: human on a terminal, else gnu)");
    line("-h, --help", "show this");
    line("-V, --version", "show the version");
    help.push_str("\nExit status: 0 accepted, nothing breaks; 1 rejected, something breaks; 2 wrong usage.\n");
    help
}
