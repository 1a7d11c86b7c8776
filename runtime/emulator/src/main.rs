//! The reference emulator: QEMU's command line and QMP over KVM.
//!
//! [`cli`] turns the command line into a [`config::Config`], [`run`] builds the machine and serves
//! QMP, [`owner`] is the task that owns the machine's state, [`handlers`] answer commands by asking
//! it.

mod banner;
mod cli;
mod complain;
mod config;
mod daemon;
mod errno;
mod fdsets;
mod handlers;
mod hardware;
mod inherited;
mod memsave;
mod migrate;
mod monitors;
mod owner;
mod pidfile;
mod run;
mod runstate;
mod serial;
mod signals;
mod version;

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    obey().unwrap_or_else(|error| {
        complain::say(format_args!("{error}"));
        ExitCode::FAILURE
    })
}

/// Does what the command line says.
fn obey() -> Result<ExitCode, String> {
    let mut args = std::env::args_os().skip(1).peekable();
    let in_background = args.next_if(|arg| arg == daemon::CHILD).is_some();
    match cli::parse(args).map_err(|error| error.to_string())? {
        cli::Invocation::Print(text) => {
            // A reader that has seen enough, such as head, is no failure.
            let _ = std::io::stdout().write_all(text.as_bytes());
            Ok(ExitCode::SUCCESS)
        }
        cli::Invocation::Run(config) if config.daemonize && !in_background => daemon::launch(),
        cli::Invocation::Run(config) => {
            if in_background {
                daemon::detach()?;
            }
            Ok(match run::run(*config)? {
                owner::Ending::Orderly => ExitCode::SUCCESS,
                owner::Ending::Failed => ExitCode::FAILURE,
            })
        }
    }
}
