//! Command line of the QAPI compiler: check, generate, introspect, doc.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::prelude::*;
use qapi_gen::{CHOICES, Choice, DiskLoader, Form, Format, GeneratedFile, Setting, Settings, write_if_changed};

/// What the command line asks for.
#[derive(Debug)]
struct Options {
    action: Action,
    schema: PathBuf,
    settings: Settings,
    format: Format,
}

#[derive(Debug)]
enum Action {
    Check,
    Generate { directory: PathBuf, package: Option<String> },
    Introspect,
    Doc { directory: PathBuf },
}

/// Why nothing, or not everything, was done.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The command line is wrong: exit 2.
    #[error("{0}")]
    Usage(String),
    /// The schema is wrong: exit 1. Holds the diagnostics as text.
    #[error("{0}")]
    Rejected(String),
    /// The result could not be delivered: exit 1.
    #[error("qapi-gen: {0}")]
    Output(String),
}

fn main() -> ExitCode {
    match run(std::env::args_os().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            eprintln!("qapi-gen: {message}\nTry 'qapi-gen --help'.");
            ExitCode::from(2)
        }
        Err(failure) => {
            eprintln!("{}", failure.to_string().trim_end());
            ExitCode::FAILURE
        }
    }
}

fn run(args: impl IntoIterator<Item = OsString>) -> Result<(), Failure> {
    let Some(options) = parse(args)? else {
        return Ok(());
    };
    let Options { action, schema, settings, format } = options;
    let rejected = |diagnostics: qapi_gen::Diagnostics| Failure::Rejected(diagnostics.render(format));
    match action {
        Action::Check => qapi_gen::check(&schema, &settings, &DiskLoader).map_err(rejected),
        Action::Introspect => {
            let json = qapi_gen::introspect(&schema, &settings, &DiskLoader).map_err(rejected)?;
            print(&format!("{json}\n"))
        }
        Action::Doc { directory } => {
            let files = qapi_gen::document(&schema, &settings, &DiskLoader).map_err(rejected)?;
            write(&directory, files.into_iter())
        }
        Action::Generate { directory, package } => {
            let output = qapi_gen::compile(&schema, &settings, &DiskLoader).map_err(rejected)?;
            match package {
                Some(name) => write(&directory, output.crate_files(&name)),
                None => write(&directory, output.module_files()),
            }
        }
    }
}

fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever reads may stop early, as `head` does.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::Output(error.to_string())),
        _ => Ok(()),
    }
}

fn write(directory: &Path, files: impl Iterator<Item = GeneratedFile>) -> Result<(), Failure> {
    for file in files {
        let path = directory.join(&file.path);
        if file.once && path.exists() {
            continue;
        }
        let parent = path.parent().unwrap_or(directory);
        std::fs::create_dir_all(parent)
            .and_then(|()| write_if_changed(&path, &file.text))
            .map_err(|error| Failure::Output(format!("cannot write {}: {error}", path.display())))?;
    }
    Ok(())
}

/// Reads the command line; `None` when it only asked for help or the version.
fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Option<Options>, Failure> {
    let mut parser = lexopt::Parser::from_args(args);
    let mut settings = Settings::new();
    let (mut words, mut directory, mut package, mut format) = (Vec::<OsString>::new(), None, None, None);
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return print(&help()).map(|()| None),
            Short('V') | Long("version") => {
                return print(concat!("qapi-gen ", env!("CARGO_PKG_VERSION"), "\n")).map(|()| None);
            }
            Short('o') | Long("output") => directory = Some(PathBuf::from(parser.value()?)),
            Long("crate") => package = Some(text(parser.value()?)?),
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
    let (action, schema) = action(&words, directory, package)?;
    let format = format.unwrap_or(if std::io::stderr().is_terminal() { Format::Human } else { Format::Gnu });
    Ok(Some(Options { action, schema, settings, format }))
}

fn action(
    words: &[OsString],
    directory: Option<PathBuf>,
    package: Option<String>,
) -> Result<(Action, PathBuf), Failure> {
    let usage = |message: String| Err(Failure::Usage(message));
    let Some((verb, files)) = words.split_first() else {
        return usage("say what to do: check, generate, introspect or doc".to_owned());
    };
    let verb = verb.to_string_lossy();
    let [file] = files else {
        return usage(format!("'{verb}' takes one schema file, not {}", files.len()));
    };
    if package.is_some() && verb != "generate" {
        return usage(format!("'{verb}' does not take '--crate'"));
    }
    if directory.is_some() && !matches!(&*verb, "generate" | "doc") {
        return usage(format!("'{verb}' does not take '-o'"));
    }
    let action = match (&*verb, directory) {
        ("check", _) => Action::Check,
        ("introspect", _) => Action::Introspect,
        ("generate", Some(directory)) => Action::Generate { directory, package },
        ("doc", Some(directory)) => Action::Doc { directory },
        ("generate" | "doc", None) => return usage(format!("'{verb}' needs '-o DIR'")),
        _ => {
            return usage(format!("unknown subcommand '{verb}'; there are check, generate, introspect and doc"));
        }
    };
    Ok((action, file.into()))
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

fn text(value: OsString) -> Result<String, Failure> {
    value.into_string().map_err(|value| Failure::Usage(format!("{} is not UTF-8", value.display())))
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Failure::Usage(error.to_string())
    }
}

fn help() -> String {
    let mut help = String::from(
        "qapi-gen: compiler for QEMU's QAPI schema language\n\n\
         Usage: qapi-gen check FILE\n       \
                qapi-gen generate FILE -o DIR [--crate NAME]\n       \
                qapi-gen introspect FILE [--unmask]\n       \
                qapi-gen doc FILE -o DIR\n\n\
         Options:\n",
    );
    let mut line = |option: &str, text: &str| help.push_str(&format!("  {option:<24} {text}\n"));
    line("-o, --output DIR", "where generate writes mod.rs and a file per module, doc its pages");
    line("--crate NAME", "write a package of that name instead");
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
    line("--message-format FORMAT", "human, gnu or json (default: human on a terminal, else gnu)");
    line("-h, --help", "show this");
    line("-V, --version", "show the version");
    help.push_str("\nExit status: 0 accepted, 1 rejected, 2 wrong usage.\n");
    help
}
