//! Lines that somebody types.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::editor::Assistant;
use super::lines::Lines;
use super::{Events, Outcome, Shell, history, show};
use crate::display::{Look, Screen, columns};
use crate::schema::Knowledge;

/// Lines kept.
const HISTORY: usize = 10_000;

/// Reads and executes until somebody leaves; the status to leave with.
pub(super) fn run(shell: &mut Shell, runtime: &Runtime) -> u8 {
    let knowledge = Arc::new(RwLock::new(Knowledge::default()));
    let mut editor = match editor(shell, &knowledge) {
        Ok(editor) => editor,
        Err(error) => {
            shell.screen.complain(&format!("qmp-shell: cannot use the terminal: {error}"));
            return 2;
        }
    };
    // Ctrl-C gives up a line, or waiting; at no time the shell.
    runtime.spawn(async { while tokio::signal::ctrl_c().await.is_ok() {} });
    runtime.block_on(shell.greet());
    shell.screen.line("Tab completes, help and .help list commands, Ctrl-D leaves.");
    let file = history::file();
    if let Some(file) = &file {
        // There is none the first time.
        let _ = editor.load_history(file);
    }
    loop {
        if let Some(known) = shell.session.as_mut().and_then(|session| runtime.block_on(session.knowledge()).ok()) {
            *knowledge.write().unwrap_or_else(PoisonError::into_inner) = known.clone();
        }
        let line = match read(shell, &mut editor, runtime) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return 0,
            Err(error) => {
                shell.screen.complain(&format!("qmp-shell: cannot read from the terminal: {error}"));
                return 2;
            }
        };
        remember(&mut editor, &line, file.as_deref());
        shell.look.width = columns().unwrap_or(shell.look.width);
        // Text that was pasted may have several lines.
        let mut lines = Lines::new(line.as_bytes());
        while let Ok(Some((_, line))) = lines.next() {
            if runtime.block_on(shell.execute(&line)) == Outcome::Leave {
                return 0;
            }
        }
    }
}

fn editor(shell: &Shell, knowledge: &Arc<RwLock<Knowledge>>) -> rustyline::Result<Editor<Assistant, FileHistory>> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .history_ignore_space(true)
        .max_history_size(HISTORY)?
        .build();
    let mut editor = Editor::with_config(config)?;
    let palette = shell.look.palette;
    editor.set_helper(Some(Assistant { knowledge: Arc::clone(knowledge), palette }));
    shell.screen.attach(editor.create_external_printer()?);
    Ok(editor)
}

/// Reads a line; meanwhile events are printed above it.
fn read(
    shell: &mut Shell,
    editor: &mut Editor<Assistant, FileHistory>,
    runtime: &Runtime,
) -> Result<String, ReadlineError> {
    let events = shell.session.as_mut().and_then(|session| session.events.take());
    let pump = events.map(|events| Pump::start(events, shell, runtime));
    shell.screen.set_at_prompt(true);
    let line = editor.readline("qmp> ");
    shell.screen.set_at_prompt(false);
    if let Some(pump) = pump {
        let events = runtime.block_on(pump.stop());
        match &mut shell.session {
            Some(session) if events.is_some() => session.events = events,
            // Its end was announced.
            _ => shell.session = None,
        }
    }
    line
}

fn remember(editor: &mut Editor<Assistant, FileHistory>, line: &str, file: Option<&Path>) {
    let kept = editor.add_history_entry(line.trim_end()).unwrap_or(false);
    if let Some(file) = file.filter(|_| kept) {
        // A history that cannot be kept is no reason to stop.
        let _ = file.parent().map(std::fs::create_dir_all);
        let _ = editor.append_history(file);
    }
}

/// Prints events while somebody types.
struct Pump {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Option<Events>>,
}

impl Pump {
    fn start(events: Events, shell: &Shell, runtime: &Runtime) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (screen, look, shown) = (Arc::clone(&shell.screen), shell.look, shell.show_events);
        Self { stop, task: runtime.spawn(pump(events, stopped, screen, look, shown)) }
    }

    /// Gives the events back; `None` if there will be no more.
    async fn stop(self) -> Option<Events> {
        let _ = self.stop.send(());
        self.task.await.ok().flatten()
    }
}

async fn pump(
    mut events: Events,
    mut stopped: oneshot::Receiver<()>,
    screen: Arc<Screen>,
    look: Look,
    shown: bool,
) -> Option<Events> {
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => return Some(events),
            event = events.next() => match event {
                Some(event) if shown => show(&screen, &look, &event),
                Some(_) => {}
                None => {
                    screen.line("The server has closed the connection; .reconnect connects again.");
                    return None;
                }
            },
        }
    }
}
