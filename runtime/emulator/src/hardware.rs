//! The machine, worked on by threads that may wait, so that the owner never does.
//!
//! Pausing a processor, resetting devices or saving their state takes as long as it takes. The owner
//! sends such work as a closure to the machine's own thread; it is done in the order sent, and its
//! outcome comes back by whatever channel the closure holds. The machine is built on that thread,
//! too, while the main thread opens sockets. Threads that may wait, such as a migration's, use the
//! machine directly.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use machine::Machine;
use qapi_runtime::Error;
use tokio::sync::oneshot;

/// Work for the machine's thread.
type Task = Box<dyn FnOnce(&mut Machine) + Send>;

/// The way to the machine. Cheap to clone; its thread ends when the last clone is gone.
#[derive(Clone)]
pub(crate) struct Hardware {
    tasks: mpsc::Sender<Task>,
    machine: Arc<Mutex<Machine>>,
}

/// A machine that is being built.
pub(crate) struct Building {
    tasks: mpsc::Sender<Task>,
    machine: mpsc::Receiver<Result<Arc<Mutex<Machine>>, String>>,
}

/// What is said when the machine's thread is gone, which only a failed machine brings about.
const GONE: &str = "the machine's thread has ended";

impl Hardware {
    /// Starts the thread, which builds the machine and then takes tasks.
    pub(crate) fn build(build: impl FnOnce() -> Result<Machine, String> + Send + 'static) -> Result<Building, String> {
        let (tasks, inbox) = mpsc::channel::<Task>();
        let (report, machine) = mpsc::channel();
        thread::Builder::new()
            .name("machine".into())
            .spawn(move || {
                let built = build().map(|machine| Arc::new(Mutex::new(machine)));
                let kept = built.clone();
                // A main thread that no longer listens is about to end the process.
                if let (Ok(()), Ok(machine)) = (report.send(built), kept) {
                    for task in inbox {
                        task(&mut lock(&machine));
                    }
                }
            })
            .map_err(|error| format!("cannot start the machine's thread: {error}"))?;
        Ok(Building { tasks, machine })
    }

    /// Has the machine's thread run `task` after those sent before. Should that thread be gone, then
    /// nothing happens, and whoever waits for the task sees its channel closed.
    pub(crate) fn submit(&self, task: impl FnOnce(&mut Machine) + Send + 'static) {
        let _ = self.tasks.send(Box::new(task));
    }

    /// Asks the machine something without holding up the caller's thread.
    pub(crate) async fn ask<R: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Machine) -> R + Send + 'static,
    ) -> Result<R, Error> {
        let (reply, answer) = oneshot::channel();
        // Nobody waits any more when the client has gone.
        self.submit(move |machine| drop(reply.send(question(machine))));
        answer.await.map_err(|_| Error::generic(GONE))
    }

    /// The machine itself, for a thread that may wait until others are done with it.
    pub(crate) fn machine(&self) -> MutexGuard<'_, Machine> {
        lock(&self.machine)
    }
}

impl Building {
    /// Waits until the machine is there.
    pub(crate) fn finish(self) -> Result<Hardware, String> {
        let machine = self.machine.recv().map_err(|_| GONE.to_owned())??;
        Ok(Hardware { tasks: self.tasks, machine })
    }
}

/// A task that panicked may have left a device in a strange state, but a reset brings it back.
fn lock(machine: &Mutex<Machine>) -> MutexGuard<'_, Machine> {
    machine.lock().unwrap_or_else(PoisonError::into_inner)
}
