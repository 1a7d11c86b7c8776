//! The table of run states.

use super::*;

#[test]
fn every_state_has_one_row() {
    for name in <RunState as qapi_runtime::Enum>::NAMES {
        let rows = FOLLOWERS.iter().filter(|(state, _)| state.to_string() == *name);
        assert_eq!(rows.count(), 1, "{name}");
    }
}

#[test]
fn every_state_but_finished_ones_leads_back_to_running() {
    for (state, followers) in FOLLOWERS {
        let directly = *state == Running || followers.contains(&Running);
        let by_reset = followers.contains(&Prelaunch);
        assert!(directly || by_reset, "{state} is a dead end");
    }
}

#[test]
fn only_listed_transitions_are_made() {
    let mut machine = Machine::new();
    machine.set(Running).unwrap();
    machine.set(Paused).unwrap();
    let error = machine.set(Shutdown).unwrap_err();
    assert_eq!(error.to_string(), "invalid runstate transition: 'paused' -> 'shutdown'");
    assert!(machine.is(&Paused), "a refused transition changes nothing");
    machine.set(Paused).unwrap();
}

#[test]
fn a_stopped_guest_that_shut_down_needs_a_reset() {
    let mut machine = Machine::new();
    machine.set(Running).unwrap();
    machine.set(Shutdown).unwrap();
    assert!(machine.needs_reset());
    machine.set(Prelaunch).unwrap();
    assert!(!machine.needs_reset());
}
