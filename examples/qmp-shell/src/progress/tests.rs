//! Reading progress, and drawing it.

use std::time::Duration;

use qapi_runtime::Value;
use qapi_runtime::json::parse;

use super::bar::{bar, bytes, clock, took};
use super::meter::{Meter, Meters};
use super::report::{Report, State, Work};
use crate::args::Format;
use crate::display::{Look, Palette};

fn value(text: &str) -> Value {
    parse(text.as_bytes()).unwrap()
}

fn job(text: &str) -> Report {
    Work::Job("j".into()).report(&value(&format!("[{{'id': 'other'}}, {text}]"))).unwrap()
}

fn look(width: usize) -> Look {
    Look { format: Format::Pretty, palette: Palette { colours: false }, width }
}

#[test]
fn jobs_tell_how_far_they_are() {
    let text = "{'id': 'j', 'type': 'backup', 'status': 'running', 'current-progress': 5, 'total-progress': 20}";
    let report = job(text);
    assert_eq!((report.done, report.total, report.bytes), (5, 20, true));
    assert_eq!((report.detail.as_str(), report.state), ("backup running", State::Running));
    assert_eq!(Work::Job("j".into()).report(&value("[]")), None);
    assert_eq!(Work::Job("j".into()).report(&value("{}")), None);
}

#[test]
fn jobs_that_wait_say_for_what() {
    let state = |status: &str| job(&format!("{{'id': 'j', 'type': 'mirror', 'status': '{status}'}}")).state;
    assert_eq!(state("running"), State::Running);
    assert!(matches!(state("ready"), State::Held(what) if what.contains("job-complete id=j")));
    assert!(matches!(state("paused"), State::Held(what) if what.contains("job-resume id=j")));
    assert!(matches!(state("concluded"), State::Finished(how) if how.contains("job-dismiss id=j")));
    let failed = job("{'id': 'j', 'type': 'create', 'status': 'concluded', 'error': 'disk full'}");
    assert!(matches!(failed.state, State::Failed(why) if why.starts_with("disk full")));
}

#[test]
fn migrations_count_what_is_left() {
    let read = |text: &str| Work::Migration.report(&value(text));
    let ram = "'ram': {'total': 1000, 'remaining': 250, 'transferred': 3000, 'dirty-sync-count': 3}";
    let report = read(&format!("{{'status': 'active', {ram}}}")).unwrap();
    assert_eq!((report.done, report.total, report.moved), (750, 1000, 3000));
    assert_eq!((report.detail.as_str(), report.state), ("active, pass 3", State::Running));
    let done = read(&format!("{{'status': 'completed', 'downtime': 12, {ram}}}")).unwrap();
    assert_eq!(done.state, State::Finished(": 2.9 KiB sent, guest halted for 12 ms".into()));
    let failed = read("{'status': 'failed', 'error-desc': 'no route'}").unwrap();
    assert_eq!(failed.state, State::Failed("no route".into()));
    assert!(read("{}").is_none());
}

#[test]
fn commands_that_set_something_going() {
    let begun = |command, text| Work::begun_by(command, value(text).as_dict().unwrap());
    assert_eq!(begun("migrate", "{}"), Some(Work::Migration));
    assert_eq!(begun("dump-guest-memory", "{'detach': true}"), Some(Work::Dump));
    assert_eq!(begun("dump-guest-memory", "{}"), None);
    assert_eq!(begun("stop", "{}"), None);
}

#[test]
fn rates_are_those_of_late() {
    let mut meter = Meter::default();
    let at = |tenths: u64| Duration::from_millis(tenths * 100);
    meter.note(at(0), 0);
    assert_eq!(meter.rate(), None);
    for tenths in 1..=100 {
        meter.note(at(tenths), tenths * 10);
    }
    assert_eq!(meter.rate().unwrap().round(), 100.0);
    for tenths in 101..=200 {
        meter.note(at(tenths), 1000 + (tenths - 100) * 20);
    }
    assert_eq!(meter.rate().unwrap().round(), 200.0);
    assert_eq!(meter.left(1000).unwrap().as_secs_f64().round(), 5.0);
    meter.note(at(201), 5);
    assert_eq!(meter.rate(), None);
    for tenths in 202..=300 {
        meter.note(at(tenths), 5);
    }
    assert_eq!(meter.left(1), None);
}

#[test]
fn bars_keep_to_the_line() {
    let report = Report {
        detail: "backup running".into(),
        done: 3 << 20,
        total: 4 << 20,
        moved: 3 << 20,
        bytes: true,
        state: State::Running,
    };
    let mut meter = Meters::default();
    meter.note(Duration::ZERO, 0, 0);
    meter.note(Duration::from_secs(1), 3 << 20, 2 << 20);
    let work = Work::Job("job0".into());
    let drawn = bar(&work, &report, &meter, &look(60));
    assert_eq!(drawn, "job0 backup running  ━━━━━━───   75 %  3.0 MiB/s  0:01 left");
    for width in 0..120 {
        assert!(bar(&work, &report, &meter, &look(width)).chars().count() < width.max(1), "{width}");
    }
    let unknown = Report { total: 0, ..report };
    assert_eq!(bar(&work, &unknown, &Meters::default(), &look(60)), "job0 backup running");
}

#[test]
fn amounts_are_short() {
    assert_eq!(bytes(0.0), "0 B");
    assert_eq!(bytes(999.0), "999 B");
    assert_eq!(bytes(1536.0), "1.5 KiB");
    assert_eq!(bytes(300.0 * 1024.0 * 1024.0), "300 MiB");
    assert_eq!(bytes(1e20), "90949470 TiB");
    assert_eq!(clock(Duration::from_millis(61_200)), "1:02");
    assert_eq!(clock(Duration::from_secs(3_725)), "1:02:05");
    assert_eq!(took(Duration::from_millis(1_240)), "1.2 s");
}
