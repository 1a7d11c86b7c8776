//! `qmp-shell`: an interactive shell for QMP monitors that knows the server's schema.

mod args;
mod complete;
mod display;
mod help;
mod parse;
mod progress;
mod run;
#[cfg(test)]
mod samples;
mod schema;
mod session;
mod typed;

use std::io::Write;
use std::process::ExitCode;

use args::Parsed;

fn main() -> ExitCode {
    let options = match args::parse(std::env::args_os().skip(1)) {
        Ok(Parsed::Run(options)) => options,
        Ok(Parsed::Print(text)) => {
            // Whoever does not read it does not want it.
            let _ = std::io::stdout().write_all(text.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("qmp-shell: {error}");
            return ExitCode::from(2);
        }
    };
    // One worker beside this thread, which waits for the terminal.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    match runtime {
        Ok(runtime) => ExitCode::from(run::run(options, &runtime)),
        Err(error) => {
            eprintln!("qmp-shell: cannot start: {error}");
            ExitCode::from(2)
        }
    }
}
