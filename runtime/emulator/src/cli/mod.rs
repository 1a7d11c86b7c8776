//! The command line: QEMU's options, with one dash or two, to a checked [`Config`].

mod add_fd;
mod chardev;
mod draft;
mod finish;
mod global;
mod keyval;
mod machine;
mod object;
mod size;
mod table;

#[cfg(test)]
mod tests;

use std::ffi::OsString;

use crate::config::Config;

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Invocation {
    /// Run a machine.
    Run(Box<Config>),
    /// Print this text and end.
    Print(String),
}

/// A command line that cannot be obeyed. Displays as one line that begins with the option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{option}: {message}")]
pub(crate) struct UsageError {
    /// The option and its argument, as given.
    option: String,
    message: String,
}

impl UsageError {
    pub(crate) fn new(option: impl Into<String>, message: impl Into<String>) -> Self {
        // Whatever an argument holds, the error stays one line.
        let one_line = |text: String| text.replace(['\n', '\r'], " ");
        Self { option: one_line(option.into()), message: one_line(message.into()) }
    }
}

/// Parses the arguments that follow the program's name.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Invocation, UsageError> {
    let mut draft = draft::Draft::default();
    let mut args = args.into_iter().map(text);
    while let Some(arg) = args.next() {
        let arg = arg?;
        let Some(name) = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-')) else {
            return Err(UsageError::new(arg, "disk images are not supported; options begin with '-' (see -help)"));
        };
        let Some(option) = table::find(name) else {
            return Err(UsageError::new(arg, "invalid option (see -help)"));
        };
        let shown;
        let outcome = match option.action {
            table::Action::Flag(apply) => {
                shown = arg;
                apply(&mut draft);
                Ok(None)
            }
            table::Action::Value(apply) => {
                let Some(value) = args.next() else {
                    return Err(UsageError::new(arg, "requires an argument"));
                };
                let value = value?;
                shown = format!("{arg} {value}");
                draft.current.clone_from(&shown);
                apply(&mut draft, &value)
            }
            table::Action::Text(make) => return Ok(Invocation::Print(make())),
        };
        match outcome {
            Ok(None) => {}
            Ok(Some(text)) => return Ok(Invocation::Print(text)),
            Err(message) => return Err(UsageError::new(shown, message)),
        }
    }
    finish::finish(draft).map(|config| Invocation::Run(Box::new(config)))
}

fn text(arg: OsString) -> Result<String, UsageError> {
    arg.into_string().map_err(|arg| UsageError::new(arg.to_string_lossy(), "arguments have to be valid UTF-8"))
}
