//! The subcommands: they read files and sockets, call the library, and write what it gives.

mod import;
mod options;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use options::{Invocation, Task};
use qapi_gen::diff::{Clients, Verdict};
use qapi_gen::{Diagnostics, DiskLoader, Format, GeneratedFile, Settings, write_if_changed};

/// Why nothing, or not everything, was done.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The command line is wrong: exit 2.
    #[error("{0}")]
    Usage(String),
    /// The schema is wrong: exit 1. Holds the diagnostics as text.
    #[error("{0}")]
    Rejected(String),
    /// Something cannot be read, or the result cannot be delivered: exit 1.
    #[error("qapi-gen: {0}")]
    Other(String),
}

/// Does what the command line asks for.
pub(crate) fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let result = match options::parse(args) {
        Ok(Invocation::Print(text)) => print(&text).map(|()| ExitCode::SUCCESS),
        Ok(Invocation::Run { task, settings, format }) => run(task, &settings, format),
        Err(failure) => Err(failure),
    };
    match result {
        Ok(code) => code,
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

fn run(task: Task, settings: &Settings, format: Format) -> Result<ExitCode, Failure> {
    let rejected = |diagnostics: Diagnostics| Failure::Rejected(diagnostics.render(format));
    match task {
        Task::Check { schema } => qapi_gen::check(&schema, settings, &DiskLoader).map_err(rejected)?,
        Task::Introspect { schema } => {
            let json = qapi_gen::introspect(&schema, settings, &DiskLoader).map_err(rejected)?;
            print(&format!("{json}\n"))?;
        }
        Task::Generate { schema, directory, package } => {
            let output = qapi_gen::compile(&schema, settings, &DiskLoader).map_err(rejected)?;
            match package {
                Some(name) => write(&directory, output.crate_files(&name))?,
                None => write(&directory, output.module_files())?,
            }
        }
        Task::Doc { schema, directory } => {
            let files = qapi_gen::document(&schema, settings, &DiskLoader).map_err(rejected)?;
            write(&directory, files.into_iter())?;
        }
        Task::Ir { schema } => print(&qapi_gen::ir_json(&schema, settings, &DiskLoader).map_err(rejected)?)?,
        Task::Diff { old, new, json, allowed } => {
            let report = qapi_gen::diff::diff(&old, &new, settings, &DiskLoader).map_err(rejected)?;
            print(&if json { report.to_json() } else { report.to_text() })?;
            return Ok(if breaks(report.verdict(), allowed) { ExitCode::FAILURE } else { ExitCode::SUCCESS });
        }
        Task::Import { source } => print(&import::import(&source)?)?,
        Task::Explain { id } => print(&explain(&id)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// True when a difference breaks more than is allowed.
fn breaks(verdict: Verdict, allowed: options::Allowed) -> bool {
    let clients = match verdict.clients {
        Clients::Fine => false,
        Clients::StrictBreak => !allowed.strict_clients && !allowed.clients,
        Clients::Break => !allowed.clients,
    };
    clients || verdict.servers && !allowed.servers
}

fn explain(id: &str) -> Result<String, Failure> {
    match qapi_gen::diag::explain(id) {
        Some(explanation) => Ok(explanation.to_string()),
        None => {
            let meant = qapi_gen::diag::explain::nearest(id);
            let meant = meant.map(|meant| format!("; did you mean '{meant}'?")).unwrap_or_default();
            Err(Failure::Usage(format!("no diagnostic is called '{id}'{meant}")))
        }
    }
}

fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever reads may stop early, as `head` does.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::Other(error.to_string())),
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
            .map_err(|error| Failure::Other(format!("cannot write {}: {error}", path.display())))?;
    }
    Ok(())
}
