//! What a fake says it was asked, and what it misses.

use std::time::Duration;

use qapi_runtime::fake::Builder;

use super::lamp::{Light, Quit, SetLight};
use super::{SCHEMA, ask, fake, panic_of, peer};

#[test]
fn requests_are_recorded_with_their_arguments() {
    let fake = fake();
    let mut peer = peer(&fake);
    ask(&mut peer, "set-light", r#"{"lit": true}"#);
    ask(&mut peer, "set-light", r#"{"lit": 1}"#);
    ask(&mut peer, "query-commands", "{}");
    ask(&mut peer, "nonsense", "{}");
    ask(&mut peer, "blink", "{}");
    let requests: Vec<String> = fake.requests().iter().map(ToString::to_string).collect();
    assert_eq!(
        requests,
        [
            r#"set-light {"lit": true}"#,
            r#"set-light {"lit": 1} (refused: Invalid parameter type for 'lit', expected: boolean)"#,
            "blink",
        ]
    );
    assert_eq!(fake.received::<SetLight>().iter().map(|light| light.0).collect::<Vec<_>>(), [Light { lit: true }]);
    fake.assert_received(&SetLight(Light { lit: true }));
    fake.assert_not_asked::<Quit>();
    fake.assert_asked(&["set-light", "set-light", "blink"]);
    fake.forget_requests();
    fake.assert_asked(&[]);
}

#[test]
fn assertions_say_what_was_asked_instead() {
    let fake = fake();
    assert_eq!(panic_of(|| fake.assert_asked(&["quit"])), "expected requests: quit\nnothing was asked");
    let mut peer = peer(&fake);
    ask(&mut peer, "set-light", r#"{"lit": true}"#);
    ask(&mut peer, "quit", "{}");
    let asked = "asked was:\n    set-light {\"lit\": true}\n    quit";
    assert_eq!(panic_of(|| fake.assert_asked(&["quit"])), format!("expected requests: quit\n{asked}"));
    assert_eq!(
        panic_of(|| fake.assert_received(&SetLight(Light { lit: false }))),
        format!("expected a request: set-light {{\"lit\": false}}\n{asked}")
    );
    assert_eq!(panic_of(|| fake.assert_not_asked::<Quit>()), format!("expected no request for quit\n{asked}"));
}

#[test]
fn what_was_expected_and_did_not_come_is_named_with_its_place() {
    let fake = fake();
    fake.on_name("blink").times(3).automatically();
    fake.on::<Quit>().once().stays_silent();
    fake.on_name("query-light").returns_json(r#"{"lit": true}"#);
    let mut peer = peer(&fake);
    ask(&mut peer, "blink", "{}");
    let unmet = fake.unmet();
    assert_eq!(unmet.len(), 2);
    assert!(unmet[0].starts_with("expected 'blink' 2 more times, as scripted at "), "{unmet:?}");
    assert!(unmet[0].contains("record.rs:") && unmet[1].contains("'quit' 1 more time, "), "{unmet:?}");
    assert!(panic_of(|| fake.verify()).ends_with("asked was:\n    blink"));
}

#[test]
fn a_handler_that_panics_fails_the_test_and_not_the_server() {
    let fake = fake();
    fake.on::<SetLight>().answers(|SetLight(light)| {
        assert!(light.lit, "it is dark");
        Ok(())
    });
    let mut peer = peer(&fake);
    assert!(ask(&mut peer, "set-light", r#"{"lit": false}"#).contains("handler of 'set-light' panicked: it is dark"));
    assert_eq!(ask(&mut peer, "set-light", r#"{"lit": true}"#), r#"{"return": {}}"#);
    assert!(panic_of(|| fake.verify()).starts_with("the test's handler of 'set-light' panicked: it is dark\n"));
    // A handler's answer is held to the schema too.
    fake.on_name("query-light").answers(|_| Ok(3.into()));
    assert!(ask(&mut peer, "query-light", "{}").contains("is not as the fake's schema says"));
}

#[test]
fn a_fake_can_refuse_what_nobody_scripted() {
    let fake = Builder::from_json(SCHEMA.as_bytes()).unwrap().scripts_only().start().unwrap();
    fake.on_name("blink").automatically();
    let mut peer = peer(&fake);
    assert_eq!(ask(&mut peer, "blink", "{}"), r#"{"return": {}}"#);
    fake.verify();
    assert!(ask(&mut peer, "set-light", r#"{"lit": true}"#).contains("nothing is scripted for set-light"));
    assert!(panic_of(|| fake.verify()).starts_with(r#"nothing is scripted for set-light {"lit": true}"#));
}

#[test]
fn tests_can_wait_for_a_request() {
    let fake = fake();
    let mut peer = peer(&fake);
    let sender = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        peer.send(r#"{"execute": "set-light", "arguments": {"lit": true}}"#);
        peer
    });
    let request = fake.wait_for("set-light", Duration::from_secs(10));
    assert_eq!(request.to_string(), r#"set-light {"lit": true}"#);
    drop(sender.join().unwrap());
    let late = panic_of(|| drop(fake.wait_for("blink", Duration::from_millis(10))));
    assert!(late.starts_with("nobody asked for 'blink' in 10ms\nasked was:"), "{late}");
}

#[test]
fn a_condition_that_panics_is_heard_of_and_the_client_stays() {
    let fake = fake();
    fake.on::<SetLight>().when(|light| if light.0.lit { panic!("too bright") } else { true }).automatically();
    let mut peer = peer(&fake);
    let refused = ask(&mut peer, "set-light", r#"{"lit": true}"#);
    assert!(refused.contains("the test's condition for 'set-light' panicked: too bright"), "{refused}");
    assert_eq!(ask(&mut peer, "set-light", r#"{"lit": false}"#), "{\"return\": {}}");
    assert!(panic_of(|| fake.verify()).starts_with("the test's condition for 'set-light' panicked: too bright\n"));
    fake.assert_asked(&["set-light", "set-light"]);
}
