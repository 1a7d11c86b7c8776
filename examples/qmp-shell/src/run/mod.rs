//! Executes lines, whoever they come from.

mod call;
mod editor;
mod history;
mod interactive;
mod lines;
mod own;
mod script;

use qapi_runtime::client::{AnyEvent, Received};
use qapi_runtime::{ClientError, Dict, Value};

use crate::args::{Format, Options, Source};
use crate::display::{Look, Palette, Screen, columns};
use crate::parse::{self, Line, ParseError};
use crate::progress::Manner;
use crate::session::Session;
use crate::typed;

pub(crate) use own::OWN_COMMANDS;

/// Columns to keep to where there is no terminal.
const WIDTH: usize = 100;

/// The events of a connection.
type Events = qapi_runtime::client::Events<AnyEvent>;
/// An event, or why there is none.
type Event = Result<Received<AnyEvent>, ClientError>;

/// How a line went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    Failed,
    /// Leave the shell.
    Leave,
}

/// The shell.
pub(crate) struct Shell {
    options: Options,
    address: String,
    /// `None` after the connection has ended.
    session: Option<Session>,
    screen: std::sync::Arc<Screen>,
    look: Look,
    interactive: bool,
    /// Whether events are shown.
    show_events: bool,
    /// Whether somebody waits for jobs, and how progress is shown then.
    watch: Option<Manner>,
}

/// Connects, executes what there is to execute, and says with which status to leave.
pub(crate) fn run(options: Options, runtime: &tokio::runtime::Runtime) -> u8 {
    use std::io::IsTerminal;
    let terminal = std::io::stdout().is_terminal();
    let interactive = options.source == Source::Input && std::io::stdin().is_terminal() && terminal;
    let look = Look {
        format: options.format.unwrap_or(Format::Pretty),
        palette: Palette::for_terminal(terminal),
        width: columns().filter(|_| terminal).unwrap_or(WIDTH),
    };
    let watch = match (interactive, options.wait_jobs) {
        (true, _) => Some(Manner::Bars),
        (false, true) => Some(Manner::Lines),
        (false, false) => None,
    };
    let mut shell = Shell {
        address: options.address.clone(),
        session: None,
        screen: std::sync::Arc::new(Screen::new()),
        look,
        interactive,
        show_events: interactive || options.events,
        watch,
        options,
    };
    if interactive && shell.options.wait {
        shell.screen.line(&format!("Waiting for {} ...", shell.address));
    }
    if let Err(error) = runtime.block_on(shell.connect()) {
        shell.screen.complain(&format!("qmp-shell: {}", shell.explain(&error)));
        return 2;
    }
    if interactive { interactive::run(&mut shell, runtime) } else { runtime.block_on(script::run(&mut shell)) }
}

impl Shell {
    async fn connect(&mut self) -> Result<(), ClientError> {
        // The old connection goes first: a monitor serves one client at a time.
        self.session = None;
        self.session = Some(Session::connect(&self.options, &self.address).await?);
        Ok(())
    }

    /// Reads and executes a line.
    async fn execute(&mut self, text: &str) -> Outcome {
        let read = parse::parse(text);
        match read {
            Ok(Line::Empty) => Outcome::Done,
            Ok(Line::Own(name, words)) => self.own(text, &name, &words).await,
            Ok(Line::Call(call)) => {
                let schema = match call.arguments.is_empty() {
                    // Nothing to give a type.
                    true => Ok(None),
                    false => self.schema().await,
                };
                let schema = match schema {
                    Ok(schema) => schema,
                    Err(error) => return self.lost(&error),
                };
                match typed::arguments(&call, schema.as_ref()) {
                    Ok(arguments) => self.call(&call.name, arguments, false, None).await,
                    Err(error) => self.misread(text, &error),
                }
            }
            Ok(Line::Request(request)) => {
                let parse::Request { name, out_of_band, arguments, id } = request;
                self.call(&name, arguments, out_of_band, id).await
            }
            Err(error) => self.misread(text, &error),
        }
    }

    async fn schema(&mut self) -> Result<Option<qapi_runtime::introspection::Schema>, ClientError> {
        match &mut self.session {
            Some(session) => Ok(session.knowledge().await?.schema.clone()),
            None => Ok(None),
        }
    }

    fn misread(&self, text: &str, error: &ParseError) -> Outcome {
        self.screen.complain(&self.look.misread(text, &error.place, &error.message));
        Outcome::Failed
    }

    /// The connection has ended, or never was.
    fn lost(&mut self, error: &ClientError) -> Outcome {
        self.screen.complain(&self.explain(error));
        if error.is_disconnect() {
            self.session = None;
        }
        Outcome::Failed
    }

    /// An error, and what to do about it.
    fn explain(&self, error: &ClientError) -> String {
        let text = crate::display::harmless(&error.to_string());
        match error {
            ClientError::Connect { .. } if !self.options.wait => format!("{text} (--wait waits for the server)"),
            error if error.is_disconnect() && self.interactive => format!("{text} (.reconnect connects again)"),
            _ => text,
        }
    }

    /// Shows an event, if events are shown.
    fn show(&self, event: &Event) {
        if self.show_events {
            show(&self.screen, &self.look, event);
        }
    }
}

/// Shows an event, or why it is missing.
fn show(screen: &Screen, look: &Look, event: &Event) {
    match event {
        Ok(event) => screen.line(&look.event(event)),
        Err(error) => screen.complain(&crate::display::harmless(&error.to_string())),
    }
}

/// The text of a member.
fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// No arguments.
fn nothing() -> Dict {
    Dict::new()
}
