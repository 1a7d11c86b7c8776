//! The queue of operations, driven without a machine.

use super::*;

/// Runs everything that waits, every job succeeding, and tells what happened in order.
fn drive(lifecycle: &mut Lifecycle<u32>) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(effect) = lifecycle.next() {
        seen.push(describe(&effect));
        if let Effect::Run(_) = effect {
            assert!(lifecycle.next().is_none(), "the queue rests during a job");
            assert!(lifecycle.job_done(Ok(())).is_none());
        }
    }
    seen
}

fn describe(effect: &Effect<u32>) -> String {
    match effect {
        Effect::Run(job) => format!("{job:?}"),
        Effect::Emit(Notice::Reset(cause)) => format!("RESET {cause}"),
        Effect::Emit(Notice::Shutdown(cause)) => format!("SHUTDOWN {cause}"),
        Effect::Emit(notice) => format!("{notice:?}").to_uppercase(),
        Effect::Answer(ticket, Ok(())) => format!("{ticket} done"),
        Effect::Answer(ticket, Err(error)) => format!("{ticket}: {error}"),
        Effect::Exit => "exit".into(),
    }
}

fn running(policy: Policy) -> Lifecycle<u32> {
    let autostart = true;
    let mut lifecycle = Lifecycle::new(Policy { autostart, ..policy });
    lifecycle.submit(Operation::Start, 0);
    assert_eq!(drive(&mut lifecycle), ["RESUME", "Resume", "0 done"]);
    lifecycle
}

fn perform(lifecycle: &mut Lifecycle<u32>, operation: Operation) -> Vec<String> {
    lifecycle.submit(operation, 1);
    drive(lifecycle)
}

#[test]
fn stop_and_cont_tell_of_changes_only() {
    let mut vm = running(Policy::default());
    let stop = perform(&mut vm, Operation::Stop);
    assert_eq!(stop, ["Pause", "STOP", "1 done"]);
    assert_eq!(*vm.state(), RunState::Paused);
    assert_eq!(perform(&mut vm, Operation::Stop), ["1 done"]);
    let cont = perform(&mut vm, Operation::Cont);
    assert_eq!(cont, ["RESUME", "Resume", "1 done"]);
    assert_eq!(perform(&mut vm, Operation::Cont), ["1 done"]);
}

#[test]
fn without_autostart_the_guest_waits_for_cont() {
    let mut vm = Lifecycle::new(Policy::default());
    assert_eq!(perform(&mut vm, Operation::Start), ["1 done"]);
    assert_eq!(perform(&mut vm, Operation::Stop), ["1 done"]);
    assert_eq!(*vm.state(), RunState::Prelaunch);
    perform(&mut vm, Operation::Cont);
    assert_eq!(*vm.state(), RunState::Running);
}

#[test]
fn a_machine_held_back_starts_when_clients_are_there_and_preconfig_is_over() {
    let policy = Policy { autostart: true, preconfig: true, ..Policy::default() };
    let mut vm = Lifecycle::new(policy);
    assert_eq!(perform(&mut vm, Operation::Start), ["1 done"]);
    assert_eq!(perform(&mut vm, Operation::ExitPreconfig), ["RESUME", "Resume", "1 done"]);
    let mut vm = Lifecycle::new(policy);
    assert_eq!(perform(&mut vm, Operation::ExitPreconfig), ["1 done"]);
    assert_eq!(perform(&mut vm, Operation::Start), ["RESUME", "Resume", "1 done"]);
    let mut vm = Lifecycle::new(Policy { autostart: false, ..policy });
    assert_eq!(perform(&mut vm, Operation::Start), ["1 done"]);
    assert_eq!(perform(&mut vm, Operation::ExitPreconfig), ["1 done"]);
}

#[test]
fn reset_keeps_a_running_guest_running_and_readies_a_stopped_one() {
    let mut vm = running(Policy::default());
    let reset = Operation::Reset(ShutdownCause::HostQmpSystemReset);
    assert_eq!(perform(&mut vm, reset.clone()), ["Pause", "Reset", "RESET host-qmp-system-reset", "Resume", "1 done"]);
    perform(&mut vm, Operation::Stop);
    assert_eq!(perform(&mut vm, reset), ["Reset", "RESET host-qmp-system-reset", "1 done"]);
    assert_eq!(*vm.state(), RunState::Prelaunch);
}

#[test]
fn quit_is_answered_before_the_end_whatever_no_shutdown_says() {
    let mut vm = running(Policy { no_shutdown: true, ..Policy::default() });
    let quit = perform(&mut vm, Operation::Shutdown(ShutdownCause::HostQmpQuit));
    assert_eq!(quit, ["SHUTDOWN host-qmp-quit", "1 done", "exit"]);
}

#[test]
fn no_reboot_turns_a_reset_into_a_shutdown() {
    let mut vm = running(Policy { no_reboot: true, ..Policy::default() });
    let reset = perform(&mut vm, Operation::Reset(ShutdownCause::GuestReset));
    assert_eq!(reset, ["SHUTDOWN guest-reset", "1 done", "exit"]);
}

#[test]
fn no_shutdown_keeps_the_process_until_a_reset() {
    let mut vm = running(Policy { no_shutdown: true, ..Policy::default() });
    let down = perform(&mut vm, Operation::Shutdown(ShutdownCause::GuestShutdown));
    assert_eq!(down, ["SHUTDOWN guest-shutdown", "Pause", "STOP", "1 done"]);
    assert_eq!(perform(&mut vm, Operation::Cont), ["1: Resetting the Virtual Machine is required"]);
    perform(&mut vm, Operation::Reset(ShutdownCause::HostQmpSystemReset));
    assert_eq!(*vm.state(), RunState::Prelaunch);
}

#[test]
fn outgoing_migration_stops_the_guest_for_good_or_gives_it_back() {
    let mut vm = running(Policy::default());
    let freeze = perform(&mut vm, Operation::Freeze);
    assert_eq!(freeze, ["Pause", "STOP", "1 done"]);
    assert_eq!(*vm.state(), RunState::FinishMigrate);
    assert_eq!(*vm.state_to_send(), RunState::Running);
    assert_eq!(perform(&mut vm, Operation::Cont), ["1: Migration is not finalized yet"]);
    let back = perform(&mut vm, Operation::Thaw { moved: false });
    assert_eq!(back, ["RESUME", "Resume", "1 done"]);
    perform(&mut vm, Operation::Freeze);
    perform(&mut vm, Operation::Thaw { moved: true });
    assert_eq!(*vm.state(), RunState::Postmigrate);
}

#[test]
fn a_guest_that_was_stopped_stays_stopped_when_its_migration_fails() {
    let mut vm = running(Policy::default());
    perform(&mut vm, Operation::Stop);
    assert_eq!(perform(&mut vm, Operation::Freeze), ["1 done"]);
    assert_eq!(*vm.state_to_send(), RunState::Paused);
    perform(&mut vm, Operation::Thaw { moved: false });
    assert_eq!(*vm.state(), RunState::Paused);
}

#[test]
fn an_arriving_guest_goes_on_as_it_was_unless_told_otherwise() {
    for (autostart, told, sent, then) in [
        (true, None, Some(RunState::Running), RunState::Running),
        (true, None, None, RunState::Running),
        (false, None, None, RunState::Paused),
        (true, Some(Operation::Stop), None, RunState::Paused),
        (false, Some(Operation::Cont), None, RunState::Running),
        (true, None, Some(RunState::Prelaunch), RunState::Prelaunch),
        (true, None, Some(RunState::Postmigrate), RunState::Postmigrate),
    ] {
        let policy = Policy { autostart, ..Policy::default() };
        let mut vm = Lifecycle::new(policy);
        perform(&mut vm, Operation::AwaitMigration);
        assert_eq!(perform(&mut vm, Operation::Start), ["1 done"]);
        if let Some(operation) = told {
            assert_eq!(perform(&mut vm, operation), ["1 done"]);
        }
        perform(&mut vm, Operation::Arrived(sent));
        assert_eq!(*vm.state(), then);
    }
}

#[test]
fn operations_wait_for_the_one_under_way() {
    let mut vm = running(Policy::default());
    vm.submit(Operation::Stop, 1);
    vm.submit(Operation::Cont, 2);
    assert_eq!(vm.next(), Some(Effect::Run(Job::Pause)));
    assert_eq!(vm.next(), None);
    assert_eq!(*vm.state(), RunState::Running, "not stopped before it is");
    assert_eq!(vm.job_done(Ok(())), None);
    assert_eq!(drive(&mut vm), ["STOP", "1 done", "RESUME", "Resume", "2 done"]);
}

#[test]
fn a_machine_that_fails_a_job_needs_a_reset() {
    let mut vm = running(Policy::default());
    vm.submit(Operation::Stop, 1);
    assert_eq!(vm.next(), Some(Effect::Run(Job::Pause)));
    let (ticket, answer) = vm.job_done(Err("vCPU 0 does not answer".into())).unwrap();
    assert_eq!((ticket, answer.unwrap_err().to_string()), (1, "vCPU 0 does not answer".into()));
    assert_eq!(*vm.state(), RunState::InternalError);
    assert_eq!(perform(&mut vm, Operation::Cont), ["1: Resetting the Virtual Machine is required"]);
}

#[test]
fn a_guest_that_is_being_sent_is_reset_afterwards() {
    let reset = Operation::Reset(ShutdownCause::HostQmpSystemReset);
    for (moved, after) in [(true, RunState::Prelaunch), (false, RunState::Running)] {
        let mut vm = running(Policy::default());
        perform(&mut vm, Operation::Freeze);
        vm.submit(reset.clone(), 1);
        vm.submit(Operation::Powerdown, 2);
        assert_eq!(drive(&mut vm), ["POWERDOWN", "2 done"], "devices are being saved");
        assert!(vm.awaits(&reset) && !vm.awaits(&Operation::Powerdown));
        vm.submit(Operation::Thaw { moved }, 3);
        let seen = drive(&mut vm);
        assert_eq!(seen.last().map(String::as_str), Some("1 done"), "{seen:?}");
        assert!(seen.contains(&"RESET host-qmp-system-reset".to_owned()));
        assert_eq!(*vm.state(), after);
    }
    // The end of the process does not wait.
    let mut vm = running(Policy::default());
    perform(&mut vm, Operation::Freeze);
    let quit = perform(&mut vm, Operation::Shutdown(ShutdownCause::HostQmpQuit));
    assert_eq!(quit, ["SHUTDOWN host-qmp-quit", "1 done", "exit"]);
}

#[test]
fn a_reset_leaves_what_has_come_of_a_guest() {
    let mut vm = Lifecycle::new(Policy::default());
    perform(&mut vm, Operation::AwaitMigration);
    let reset = perform(&mut vm, Operation::Reset(ShutdownCause::HostQmpSystemReset));
    assert_eq!(reset, ["RESET host-qmp-system-reset", "1 done"]);
    assert_eq!(*vm.state(), RunState::Inmigrate);
}

#[test]
fn a_reset_that_the_guest_asked_for_while_it_was_stopped_travels_with_it() {
    let mut vm = running(Policy::default());
    vm.submit(Operation::Freeze, 1);
    assert_eq!(vm.next(), Some(Effect::Run(Job::Pause)));
    // Its processor writes to the reset line as the last thing before it stands still.
    vm.submit(Operation::Reset(ShutdownCause::GuestReset), 2);
    assert_eq!(vm.job_done(Ok(())), None);
    assert_eq!(drive(&mut vm), ["STOP", "Reset", "RESET guest-reset", "1 done"]);
    assert_eq!(*vm.state(), RunState::FinishMigrate);
    assert_eq!(*vm.state_to_send(), RunState::Running);
    assert_eq!(perform(&mut vm, Operation::Thaw { moved: true }), ["1 done"], "once is enough");
    assert_eq!(*vm.state(), RunState::Postmigrate);
}

#[test]
fn a_signal_ends_the_process_even_when_the_machine_does_not_answer() {
    let mut vm = running(Policy { no_shutdown: true, ..Policy::default() });
    vm.submit(Operation::Stop, 1);
    assert_eq!(vm.next(), Some(Effect::Run(Job::Pause)));
    vm.submit(Operation::Cont, 2);
    assert_eq!(vm.next(), None);
    vm.submit(Operation::Shutdown(ShutdownCause::HostSignal), 3);
    assert_eq!(drive(&mut vm), ["SHUTDOWN host-signal", "3 done", "exit"]);
}
