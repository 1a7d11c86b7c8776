//! What people and programs see.

use chrono::Utc;
use qapi_runtime::ErrorClass;
use qapi_runtime::json::parse;

use super::*;

fn look(format: Format, width: usize) -> Look {
    Look { format, palette: Palette { colours: false }, width }
}

fn value(text: &str) -> Value {
    parse(text.as_bytes()).unwrap()
}

#[test]
fn what_fits_stays_on_its_line() {
    let value = value(r#"{"a": [1, 2, {"b": null}], "long": ["xxxxxxxxxxxxxxx", "yyyyyyyyyyyyyyyy"], "e": {}}"#);
    let pretty = |width| look(Format::Pretty, width).returned(&value, None).unwrap();
    assert_eq!(pretty(200).lines().count(), 1);
    let expected = "\
{
  \"a\": [1, 2, {\"b\": null}],
  \"long\": [
    \"xxxxxxxxxxxxxxx\",
    \"yyyyyyyyyyyyyyyy\"
  ],
  \"e\": {}
}";
    assert_eq!(pretty(40), expected);
    for width in [10, 30, 50, 80] {
        // Nothing but white space differs.
        assert_eq!(parse(pretty(width).as_bytes()).unwrap(), value);
    }
}

#[test]
fn nothing_returned_is_nothing_shown() {
    assert_eq!(look(Format::Pretty, 80).returned(&value("{}"), None), None);
    assert_eq!(look(Format::Raw, 80).returned(&value("{}"), Some(&1.into())).unwrap(), r#"{"return": {}, "id": 1}"#);
}

#[test]
fn terminals_are_not_steered() {
    let nasty = Value::from(vec!["\u{1b}[2Jé\u{9b}\"\n"]);
    assert_eq!(look(Format::Pretty, 80).returned(&nasty, None).unwrap(), r#"["\u001B[2Jé\u009B\"\n"]"#);
    let page = Value::from("a\t\u{1b}[2J\r\nb\r\n");
    assert_eq!(look(Format::Pretty, 80).returned(&page, None).unwrap(), "a    \u{fffd}[2J\nb");
    let error = Error::new(ErrorClass::DeviceNotFound, "no \u{1b}[2J");
    assert_eq!(look(Format::Pretty, 80).failed(&error, None), "DeviceNotFound: no \u{fffd}[2J");
    let raw = r#"{"error": {"class": "DeviceNotFound", "desc": "no \u001B[2J"}}"#;
    assert_eq!(look(Format::Raw, 80).failed(&error, None), raw);
}

#[test]
fn events_take_one_line() {
    let data = value(r#"{"id": "job 0", "status": "running", "n": [1], "\u001b": 0}"#);
    let event = AnyEvent { name: "JOB_STATUS_CHANGE".into(), data: data.as_dict().unwrap().clone() };
    let time = Utc.timestamp_opt(3_661, 5_000_000).unwrap();
    let shown = look(Format::Pretty, 20).event_at(time, &event);
    assert_eq!(shown, "01:01:01.005 JOB_STATUS_CHANGE id=\"job 0\" status=running n=[1] \u{fffd}=0");
    let received = Received { time: time.into(), event: AnyEvent { name: "STOP".into(), data: Dict::new() } };
    let raw = r#"{"timestamp": {"seconds": 3661, "microseconds": 5000}, "event": "STOP"}"#;
    assert_eq!(look(Format::Raw, 80).event(&received), raw);
}

#[test]
fn places_are_marked() {
    let look = look(Format::Pretty, 80);
    assert_eq!(look.misread("a é=[1 2]", &(7..8), "wrong"), "error: wrong\n  a é=[1 2]\n        ^");
    assert_eq!(look.misread("{\n\t'a': tru\n}", &(8..11), "no"), "error: no\n   'a': tru\n        ^^^");
    assert_eq!(look.misread("a b", &(3..3), "end"), "error: end\n  a b\n     ^");
    assert_eq!(look.misread("", &(7..9), "nowhere"), "error: nowhere");
}

#[test]
fn colours_are_asked_for() {
    let colours = Palette { colours: true };
    assert_eq!(colours.paint(Style::Number, "1"), "\x1b[33m1\x1b[0m");
    assert!(!Palette::for_terminal(false).colours);
}
