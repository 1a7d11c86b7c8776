//! Scripts: what a test says is to become of requests.

use std::time::{Duration, Instant};

use qapi_runtime::{ClientError, Error, ErrorClass};

use super::lamp::{Blink, Gone, Light, LightChanged, QueryLight, SetLight};
use super::{ask, fake, panic_of, peer};

const LIT: &str = r#"{"return": {"lit": true}}"#;
const DARK: &str = r#"{"return": {"lit": false}}"#;

#[test]
fn counted_scripts_have_their_turn_then_the_latest_then_the_schema() {
    let fake = fake();
    let mut peer = peer(&fake);
    fake.on_name("query-light").once().fails(Error::new(ErrorClass::DeviceNotFound, "no lamp"));
    fake.on::<QueryLight>().times(2).returns(Light { lit: true });
    assert!(ask(&mut peer, "query-light", "{}").contains(r#""class": "DeviceNotFound", "desc": "no lamp""#));
    assert_eq!(ask(&mut peer, "query-light", "{}"), LIT);
    assert_eq!(ask(&mut peer, "query-light", "{}"), LIT);
    fake.verify();
    assert_eq!(ask(&mut peer, "query-light", "{}"), DARK);
    fake.on_name("query-light").returns_json(r#"{"lit": false}"#);
    fake.on_name("query-light").returns_json(r#"{"lit": true}"#);
    fake.on_name("query-light").once().automatically();
    assert_eq!(ask(&mut peer, "query-light", "{}"), DARK);
    assert_eq!(ask(&mut peer, "query-light", "{}"), LIT);
    assert_eq!(ask(&mut peer, "query-light", "{}"), LIT);
}

#[test]
fn handlers_and_conditions_see_the_arguments() {
    let fake = fake();
    let mut peer = peer(&fake);
    let mut calls = 0;
    fake.on::<SetLight>().answers(move |SetLight(light)| {
        calls += 1;
        if light.lit { Err(Error::generic(format!("call {calls}"))) } else { Ok(()) }
    });
    fake.on::<SetLight>().once().when(|SetLight(light)| !light.lit).fails(Error::generic("dark"));
    assert!(ask(&mut peer, "set-light", r#"{"lit": true}"#).contains("call 1"));
    assert!(ask(&mut peer, "set-light", r#"{"lit": false}"#).contains("dark"));
    assert_eq!(ask(&mut peer, "set-light", r#"{"lit": false}"#), r#"{"return": {}}"#);
    assert!(ask(&mut peer, "set-light", r#"{"lit": true}"#).contains("call 3"));
    // What does not fit the schema is for no script.
    assert!(ask(&mut peer, "set-light", r#"{"lit": 3}"#).contains("Invalid parameter type"));
    fake.on_name("add").answers(|arguments| Ok(vec![qapi_runtime::Value::from(arguments)].into()));
    assert_eq!(ask(&mut peer, "add", r#"{"kind": "plain"}"#), r#"{"return": [{"kind": "plain"}]}"#);
}

#[test]
fn events_go_before_the_reply_behind_it_and_on_their_own() {
    let fake = fake();
    let mut first = peer(&fake);
    let mut second = peer(&fake);
    let script = fake.on::<Blink>().emit(&LightChanged(Light { lit: true })).emit_json("GONE", "{}");
    script.then_emit(&LightChanged(Light { lit: false })).automatically();
    first.send(r#"{"execute": "blink", "id": 1}{"execute": "query-light"}"#);
    let event = |line: Option<String>| {
        let line = line.unwrap();
        assert!(line.starts_with(r#"{"timestamp": {"seconds": "#), "{line}");
        line.split_once("}, ").unwrap().1.to_owned()
    };
    assert_eq!(event(first.line()), r#""event": "LIGHT_CHANGED", "data": {"lit": true}}"#);
    assert_eq!(event(first.line()), r#""event": "GONE"}"#);
    first.expect(r#"{"return": {}, "id": 1}"#);
    let rest = [first.line().unwrap(), first.line().unwrap()];
    assert!(rest.contains(&DARK.to_owned()) && rest.iter().any(|line| line.contains("LIGHT_CHANGED")), "{rest:?}");
    for expected in ["LIGHT_CHANGED", "GONE", "LIGHT_CHANGED"] {
        assert!(second.line().unwrap().contains(expected));
    }
    assert_eq!(fake.clients(), 2);
    fake.emit(&Gone {});
    fake.emit_unchecked("TELEPORTED", qapi_runtime::Dict::new());
    for peer in [&mut first, &mut second] {
        assert_eq!(event(peer.line()), r#""event": "GONE"}"#);
        assert_eq!(event(peer.line()), r#""event": "TELEPORTED"}"#);
    }
}

#[test]
fn answers_can_be_late_or_never_come() {
    let fake = fake();
    let mut peer = peer(&fake);
    let start = Instant::now();
    fake.on_name("blink").once().after(Duration::from_millis(60)).automatically();
    ask(&mut peer, "blink", "{}");
    assert!(start.elapsed() >= Duration::from_millis(60));
    fake.on_name("blink").once().stays_silent();
    assert_eq!(ask(&mut peer, "blink\"}{\"execute\": \"query-light", "{}"), DARK, "the second is answered");
    fake.on_name("blink").once().hangs();
    peer.send(r#"{"execute": "blink"}{"execute": "query-light"}"#);
    assert!(peer.quiet());
    fake.emit_json("GONE", "{}");
    assert!(peer.line().unwrap().contains("GONE"), "events do not wait");
    // And the end of the fake does not wait for it.
    let start = Instant::now();
    drop(fake);
    assert_eq!(peer.line(), None);
    assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
}

#[test]
fn a_hanging_command_is_overtaken_out_of_band() {
    let fake = fake();
    let mut peer = super::lamp::Peer::new(fake.connect().unwrap());
    peer.negotiate(r#", "arguments": {"enable": ["oob"]}"#);
    fake.on_name("blink").once().hangs();
    fake.on_name("go").once().stays_silent();
    peer.send(r#"{"execute": "blink", "id": 1}{"exec-oob": "go", "id": 2}{"exec-oob": "go", "id": 3}"#);
    peer.expect(r#"{"return": {}, "id": 3}"#);
    assert_eq!(fake.requests().iter().map(|request| request.oob).collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn anything_can_come_in_the_place_of_a_reply() {
    let fake = fake();
    let mut peer = peer(&fake);
    fake.on_name("blink").once().sends("{\"return\": nonsense}\r\n");
    assert_eq!(ask(&mut peer, "blink", "{}"), r#"{"return": nonsense}"#);
    assert_eq!(ask(&mut peer, "blink", "{}"), r#"{"return": {}}"#);
    fake.on_name("blink").once().disconnects_after("{\"return\": {\r\n");
    assert_eq!(ask(&mut peer, "blink", "{}"), r#"{"return": {"#);
    assert_eq!(peer.line(), None);
    let mut peer = super::peer(&fake);
    fake.on_name("blink").once().disconnects();
    peer.send(r#"{"execute": "blink"}{"execute": "blink"}"#);
    assert_eq!(peer.line(), None);
    let mut peer = super::peer(&fake);
    fake.disconnect_all();
    assert_eq!(peer.line(), None);
    super::peer(&fake);
}

#[tokio::test]
async fn our_client_gets_along_with_it() {
    let fake = fake();
    let client = fake.client().await.unwrap();
    fake.on::<QueryLight>().once().after(Duration::from_millis(20)).returns(Light { lit: true });
    fake.on::<Blink>().once().disconnects_after("{\"ret");
    let light = client.execute(QueryLight {});
    let asked = fake.asked("query-light");
    let (light, asked) = tokio::join!(light, asked);
    assert!(light.unwrap().lit && asked.refused.is_none());
    assert!(matches!(client.execute(Blink {}).await, Err(ClientError::Closed)));
    fake.verify();
    let again = qapi_runtime::Client::over(fake.connect().unwrap()).await.unwrap();
    assert!(again.execute(SetLight::default()).await.is_ok());
}

#[test]
fn mistakes_of_the_test_are_told_to_it() {
    let fake = fake();
    let no_command = panic_of(|| drop(fake.on_name("query_light")));
    assert_eq!(no_command, "the fake's schema has no command 'query_light'; did you mean 'query-light'?");
    let no_event = panic_of(|| fake.emit_json("LIGHTS", "{}"));
    assert_eq!(no_event, "the fake's schema has no event 'LIGHTS'");
    let data = panic_of(|| fake.emit_json("LIGHT_CHANGED", "{}"));
    assert!(data.ends_with("is not as the fake's schema says: Parameter 'lit' is missing"), "{data}");
    let reply = panic_of(|| fake.on_name("query-light").returns_json(r#"{"lit": 1}"#));
    assert!(reply.contains("Invalid parameter type for 'lit', expected: boolean"), "{reply}");
    let text = panic_of(|| fake.on_name("query-light").returns_json("{"));
    assert!(text.contains("JSON parse error"), "{text}");
    fake.on_name("query-light").unchecked().returns_json(r#"{"lit": 1}"#);
    assert_eq!(ask(&mut peer(&fake), "query-light", "{}"), r#"{"return": {"lit": 1}}"#);
}
