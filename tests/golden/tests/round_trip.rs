//! Generated types over the runtime: what is read is written again, and mistakes are named.

use qapi_golden::{golden, legacy};
use qapi_runtime::{Enum as _, Visit, from_json, from_json_lenient, to_json};
use serde_json::Value;

/// Reads `text` as `T` and expects to write the same value.
fn same<T: Visit + Default>(text: &str) -> T {
    let value: T = from_json(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
    let written = to_json(&value);
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(parse(&written), parse(text));
    value
}

fn refused<T: Visit + Default>(text: &str) -> String {
    match from_json::<T>(text.as_bytes()) {
        Ok(_) => panic!("{text} was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn structs_with_bases_and_odd_names() {
    let pot = same::<golden::Pot>(r#"{"name": "a", "litres": 2.5}"#);
    assert_eq!(pot, golden::Pot { name: "a".into(), litres: 2.5 });
    let sensor = same::<golden::Sensor>(
        r#"{"type": "light", "self": 1, "CPU": 2, "nPC": 3, "a-1": -4, "any-thing": null, "nothing": null}"#,
    );
    assert_eq!((sensor.r#type, sensor.self_, sensor.n_pc), (golden::Measure::Light, 1, 3));
    assert!(sensor.any_thing.is_some(), "an explicit null is not absence");
    assert!(sensor.r#fn.is_none());
}

#[test]
fn enums_keep_odd_values() {
    assert_eq!(golden::Odd::NAMES, ["32", "self", "2-4", "unknown", "with-dash"]);
    assert_eq!(same::<golden::Odd>(r#""2-4""#), golden::Odd::_2_4);
    let newer: golden::Odd = from_json_lenient(br#""newer""#).unwrap();
    assert_eq!(newer, golden::Odd::Unrecognized("newer".into()));
    assert!(refused::<golden::Odd>(r#""newer""#).contains("does not accept value 'newer'"));
}

#[test]
fn unions_need_their_tag() {
    let plant = same::<golden::Plant>(
        r#"{"kind": "tree", "age": 9, "guest": {"kind": "cactus", "needles": 7}, "rings": [1, -2]}"#,
    );
    let golden::PlantBranch::Tree(tree) = plant.u else { panic!("wrong branch") };
    let guest = tree.guest.expect("a guest");
    assert_eq!(guest.u, golden::PlantBranch::Cactus(golden::Cactus { needles: 7 }));
    same::<golden::Plant>(r#"{"kind": "fern"}"#);
    // The branch's members may come before the tag.
    let early: golden::Plant = from_json(br#"{"needles": 1, "kind": "cactus"}"#).unwrap();
    assert_eq!(to_json(&early), r#"{"kind": "cactus", "needles": 1}"#);
    assert_eq!(refused::<golden::Plant>("{}"), "Parameter 'kind' is missing");
    assert_eq!(refused::<golden::Plant>(r#"{"kind": "fern", "needles": 1}"#), "Parameter 'needles' is unexpected");
    // CONFIG_WEED is not defined.
    assert_eq!(refused::<golden::Plant>(r#"{"kind": "weed"}"#), "Parameter 'kind' does not accept value 'weed'");
}

#[test]
fn alternates_go_by_kind() {
    let limits = same::<golden::Limits>(r#"{"low": {"low": null, "high": [1, 2]}, "high": "noon"}"#);
    assert!(matches!(limits.low, golden::Threshold::Limits(_)));
    assert_eq!(limits.high, Some(golden::Threshold::Name("noon".into())));
    assert_eq!(same::<golden::Switchable>("true"), golden::Switchable::On(true));
    assert_eq!(refused::<golden::Limits>(r#"{"low": true}"#), "Invalid parameter type for 'low', expected: Threshold");
}

#[test]
fn recursion_ends() {
    same::<golden::Tree>(r#"{"left": {"right": {"tree": {}}}}"#);
    let content = golden::Crate::default();
    assert_eq!(to_json(&content), r#"{"what": "pot", "name": "", "litres": 0}"#);
    assert_eq!(refused::<golden::Endless>(r#"{"again": {"again": {}}}"#), "Parameter 'again.again.again' is missing");
    assert_eq!(golden::Endless::default().again, None);
}

#[test]
fn conditions_decide_what_there_is() {
    same::<golden::Heater>(r#"{"power": 3, "boost": 1, "gated": {"x": 1}}"#);
    assert_eq!(refused::<golden::Heater>(r#"{"power": 3, "never": true}"#), "Parameter 'never' is unexpected");
}

#[test]
fn simple_unions_of_old_releases() {
    let bill = same::<legacy::Bill>(r#"{"type": "cash", "data": {"value": 3, "unit": "watt"}}"#);
    assert!(matches!(bill.u, legacy::BillBranch::Cash(_)));
    same::<legacy::Bill>(r#"{"type": "rates", "data": [1]}"#);
    same::<legacy::Bill>(r#"{"type": "words", "data": "none"}"#);
    same::<legacy::Bill>(r#"{"type": "debt", "data": {"value": 1}}"#);
    assert_eq!(refused::<legacy::Bill>(r#"{"type": "words"}"#), "Parameter 'data' is missing");
}
