//! What commands, signals, the guest and migration do to the run state: a pure queue.
//!
//! Operations are carried out one after the other, each as a list of steps. A step that needs the
//! machine (pause its processors, say) is handed out as a [`Job`], and the queue rests until
//! [`Lifecycle::job_done`]. Nothing here waits, locks or talks to anyone, so a test drives it alone.

use std::collections::VecDeque;

use qapi_runtime::Error;
use qapi_schema::{RunState, ShutdownCause};

use crate::runstate::Machine;

/// Something that may change the run state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operation {
    /// Everyone is there who was waited for: the guest may start.
    Start,
    /// Command `x-exit-preconfig`.
    ExitPreconfig,
    /// Command `stop`.
    Stop,
    /// Command `cont`.
    Cont,
    /// A reset, by whom.
    Reset(ShutdownCause),
    /// A shutdown, by whom.
    Shutdown(ShutdownCause),
    /// Command `system_powerdown`.
    Powerdown,
    /// The processors cannot go on.
    Fault,
    /// Outgoing migration: stop the guest for the last part.
    Freeze,
    /// Outgoing migration ended after [`Freeze`](Self::Freeze): the guest lives elsewhere now, or not.
    Thaw {
        /// It lives elsewhere.
        moved: bool,
    },
    /// An incoming migration begins: wait for it.
    AwaitMigration,
    /// Incoming migration is complete; the state that the guest was in, if the stream told.
    Arrived(Option<RunState>),
}

/// What the machine has to do for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    /// Stop the processors.
    Pause,
    /// Let them run.
    Resume,
    /// Put processors and devices into their state at power-on.
    Reset,
}

/// An event to tell clients.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Notice {
    /// `STOP`
    Stop,
    /// `RESUME`
    Resume,
    /// `RESET`
    Reset(ShutdownCause),
    /// `SHUTDOWN`
    Shutdown(ShutdownCause),
    /// `POWERDOWN`
    Powerdown,
}

/// What the owner has to do next.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect<T> {
    /// Have the machine do this, then call [`Lifecycle::job_done`].
    Run(Job),
    /// Emit an event.
    Emit(Notice),
    /// The operation submitted with this ticket is over.
    Answer(T, Result<(), Error>),
    /// End the process.
    Exit,
}

enum Step {
    Run(Job),
    Set(RunState),
    Emit(Notice),
    /// Serve the guest's own request for a reset, if one waits.
    ServeGuest,
    Exit,
}

/// Choices of the command line that operations depend on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Policy {
    /// Run the guest once it is there; `stop` and `cont` change it while a migration comes in.
    pub(crate) autostart: bool,
    /// Start nothing before [`Operation::ExitPreconfig`].
    pub(crate) preconfig: bool,
    /// A reset ends the process.
    pub(crate) no_reboot: bool,
    /// A shutdown stops the guest and keeps the process, unless the process itself was told to end.
    pub(crate) no_shutdown: bool,
}

/// The run state and the operations that wait to change it.
pub(crate) struct Lifecycle<T> {
    run: Machine,
    policy: Policy,
    waiting: VecDeque<(Operation, T)>,
    steps: VecDeque<Step>,
    current: Option<T>,
    /// The machine has a job to do.
    busy: bool,
    /// State before [`Operation::Freeze`].
    before_freeze: RunState,
    /// [`Operation::Start`] has come.
    may_start: bool,
    /// Between [`Operation::Freeze`] and [`Operation::Thaw`]: memory and devices are being sent and must stay as they are.
    frozen: bool,
}

impl<T> Lifecycle<T> {
    /// A machine that was not started yet.
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            run: Machine::new(),
            policy,
            waiting: VecDeque::new(),
            steps: VecDeque::new(),
            current: None,
            busy: false,
            before_freeze: RunState::Prelaunch,
            may_start: false,
            frozen: false,
        }
    }

    /// The run state as it is now.
    pub(crate) fn state(&self) -> &RunState {
        self.run.state()
    }

    /// The state to send along with a migration: the one that the guest was stopped in.
    pub(crate) fn state_to_send(&self) -> &RunState {
        match self.run.state() {
            RunState::FinishMigrate => &self.before_freeze,
            state => state,
        }
    }

    /// Adds an operation behind those that wait.
    pub(crate) fn submit(&mut self, operation: Operation, ticket: T) {
        self.waiting.push_back((operation, ticket));
    }

    /// Whether that operation waits already.
    pub(crate) fn awaits(&self, operation: &Operation) -> bool {
        self.waiting.iter().any(|(waiting, _)| waiting == operation)
    }

    /// The next operation: the first, or while the guest is being sent the first that leaves it as it is.
    fn take(&mut self) -> Option<(Operation, T)> {
        let may_run = |(operation, _): &(Operation, T)| !self.frozen || !matches!(operation, Operation::Reset(_));
        let first = self.waiting.iter().position(may_run)?;
        self.waiting.remove(first)
    }

    /// The process is told to end while the machine has a job, perhaps one that never ends: nobody waits for it.
    fn abandon(&mut self) {
        self.busy = false;
        self.steps.clear();
        self.current = None;
        self.waiting.retain(|(operation, _)| matches!(operation, Operation::Shutdown(_)));
    }

    /// The machine has done, or failed to do, the job last handed out.
    /// Tells who waits for an operation that is over by that.
    pub(crate) fn job_done(&mut self, outcome: Result<(), String>) -> Option<(T, Result<(), Error>)> {
        self.busy = false;
        let error = outcome.err()?;
        self.steps.clear();
        // Nobody knows what the processors do now; only a reset leads out of this state.
        if self.run.is_running() {
            self.run.set(RunState::InternalError).ok();
        }
        let ticket = self.current.take()?;
        Some((ticket, Err(Error::generic(error))))
    }

    /// What to do next; nothing while a job is being done or when nothing waits.
    pub(crate) fn next(&mut self) -> Option<Effect<T>> {
        if self.busy && self.awaits(&Operation::Shutdown(ShutdownCause::HostSignal)) {
            self.abandon();
        }
        while !self.busy {
            if let Some(step) = self.steps.pop_front() {
                if let Some(effect) = self.step(step) {
                    return Some(effect);
                }
                continue;
            }
            if let Some(ticket) = self.current.take() {
                return Some(Effect::Answer(ticket, Ok(())));
            }
            let (operation, ticket) = self.take()?;
            match self.plan(operation) {
                Ok(steps) => {
                    self.steps = steps.into();
                    self.current = Some(ticket);
                }
                Err(error) => return Some(Effect::Answer(ticket, Err(error))),
            }
        }
        None
    }

    fn step(&mut self, step: Step) -> Option<Effect<T>> {
        match step {
            Step::Run(job) => {
                self.busy = true;
                Some(Effect::Run(job))
            }
            Step::Emit(notice) => Some(Effect::Emit(notice)),
            Step::ServeGuest => {
                // Asked for before the guest stopped, so it belongs to what is sent: nobody would repeat it at the destination.
                let asked = Operation::Reset(ShutdownCause::GuestReset);
                let waiting = self.waiting.iter().position(|(operation, _)| *operation == asked)?;
                self.waiting.remove(waiting);
                for step in self.reset(ShutdownCause::GuestReset).into_iter().rev() {
                    self.steps.push_front(step);
                }
                None
            }
            // The reply to `quit` goes out before the process ends.
            Step::Exit => Some(match self.current.take() {
                Some(ticket) => {
                    self.steps.push_front(Step::Exit);
                    Effect::Answer(ticket, Ok(()))
                }
                None => Effect::Exit,
            }),
            Step::Set(state) => {
                let error = self.run.set(state).err()?;
                self.steps.clear();
                let ticket = self.current.take()?;
                Some(Effect::Answer(ticket, Err(Error::generic(error.to_string()))))
            }
        }
    }

    /// The steps of an operation, given the state it finds.
    fn plan(&mut self, operation: Operation) -> Result<Vec<Step>, Error> {
        let steps = match operation {
            Operation::Start => {
                self.may_start = true;
                self.started()
            }
            Operation::ExitPreconfig => {
                self.policy.preconfig = false;
                self.started()
            }
            Operation::Stop => self.stop(),
            Operation::Cont => self.cont()?,
            Operation::Reset(cause) => self.reset(cause),
            Operation::Shutdown(cause) => self.shutdown(cause),
            Operation::Powerdown => vec![Step::Emit(Notice::Powerdown)],
            Operation::Fault => self.stop_in(RunState::InternalError),
            Operation::Freeze => {
                self.frozen = true;
                self.before_freeze = self.run.state().clone();
                let mut steps = match self.run.is_running() {
                    true => self.stop_in(RunState::FinishMigrate),
                    false => vec![Step::Set(RunState::FinishMigrate)],
                };
                steps.push(Step::ServeGuest);
                steps
            }
            Operation::Thaw { moved } => {
                self.frozen = false;
                self.thaw(moved)
            }
            Operation::AwaitMigration => vec![Step::Set(RunState::Inmigrate)],
            Operation::Arrived(state) => self.arrived(state),
        };
        Ok(steps)
    }

    fn started(&self) -> Vec<Step> {
        let held = !self.may_start || self.policy.preconfig;
        match !held && self.policy.autostart && self.run.is(&RunState::Prelaunch) {
            true => run(),
            false => Vec::new(),
        }
    }

    fn stop(&mut self) -> Vec<Step> {
        if self.run.is(&RunState::Inmigrate) {
            self.policy.autostart = false;
        }
        self.stop_in(RunState::Paused)
    }

    /// Stops the guest if it runs.
    fn stop_in(&self, state: RunState) -> Vec<Step> {
        match self.run.is_running() {
            true => vec![Step::Run(Job::Pause), Step::Set(state), Step::Emit(Notice::Stop)],
            false => Vec::new(),
        }
    }

    fn cont(&mut self) -> Result<Vec<Step>, Error> {
        if self.run.needs_reset() {
            return Err(Error::generic("Resetting the Virtual Machine is required"));
        }
        match self.run.state() {
            RunState::FinishMigrate => Err(Error::generic("Migration is not finalized yet")),
            RunState::Inmigrate => {
                self.policy.autostart = true;
                Ok(Vec::new())
            }
            RunState::Running | RunState::Suspended => Ok(Vec::new()),
            _ => Ok(run()),
        }
    }

    fn reset(&self, cause: ShutdownCause) -> Vec<Step> {
        if self.policy.no_reboot && cause != ShutdownCause::SubsystemReset {
            return self.shutdown(cause);
        }
        if self.run.is_running() {
            return vec![
                Step::Run(Job::Pause),
                Step::Run(Job::Reset),
                Step::Emit(Notice::Reset(cause)),
                Step::Run(Job::Resume),
            ];
        }
        if self.run.is(&RunState::Inmigrate) {
            // Nothing has run yet, and what has come of the guest must stay.
            return vec![Step::Emit(Notice::Reset(cause))];
        }
        let mut steps = vec![Step::Run(Job::Reset), Step::Emit(Notice::Reset(cause))];
        if !self.run.is(&RunState::FinishMigrate) {
            steps.push(Step::Set(RunState::Prelaunch));
        }
        steps
    }

    fn shutdown(&self, cause: ShutdownCause) -> Vec<Step> {
        let told = matches!(cause, ShutdownCause::HostQmpQuit | ShutdownCause::HostSignal);
        let mut steps = vec![Step::Emit(Notice::Shutdown(cause))];
        match self.policy.no_shutdown && !told {
            true => steps.extend(self.stop_in(RunState::Shutdown)),
            false => steps.push(Step::Exit),
        }
        steps
    }

    fn thaw(&self, moved: bool) -> Vec<Step> {
        match &self.before_freeze {
            // It was not stopped, or has failed to.
            _ if !self.run.is(&RunState::FinishMigrate) => Vec::new(),
            _ if moved => vec![Step::Set(RunState::Postmigrate)],
            RunState::Running => run(),
            other => vec![Step::Set(other.clone())],
        }
    }

    fn arrived(&self, state: Option<RunState>) -> Vec<Step> {
        match state {
            None | Some(RunState::Running) if self.policy.autostart => run(),
            None | Some(RunState::Running) => vec![Step::Set(RunState::Paused)],
            Some(state) => vec![Step::Set(state)],
        }
    }
}

/// Lets the guest run. Clients hear of it before the first instruction.
fn run() -> Vec<Step> {
    vec![Step::Set(RunState::Running), Step::Emit(Notice::Resume), Step::Run(Job::Resume)]
}

#[cfg(test)]
mod tests;
