//! The reference emulator: QEMU's command line and QMP over KVM.
//!
//! [`cli`] turns the command line into a [`config::Config`], [`run`] builds the machine and serves
//! QMP, [`owner`] is the task that owns the machine's state, [`handlers`] answer commands by asking
//! it.

mod banner;
mod cli;
mod config;
mod errno;
mod handlers;
mod hardware;
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
    let outcome = match cli::parse(std::env::args_os().skip(1)) {
        Ok(cli::Invocation::Run(config)) => run::run(*config),
        Ok(cli::Invocation::Print(text)) => {
            // A reader that has seen enough, such as head, is no failure.
            let _ = std::io::stdout().write_all(text.as_bytes());
            Ok(owner::Ending::Orderly)
        }
        Err(error) => Err(error.to_string()),
    };
    match outcome {
        Ok(owner::Ending::Orderly) => ExitCode::SUCCESS,
        Ok(owner::Ending::Failed) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("qapi-emulator: {error}");
            ExitCode::FAILURE
        }
    }
}
