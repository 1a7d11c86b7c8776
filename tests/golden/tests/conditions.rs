//! Conditions as cargo features: under whatever set of features this is compiled, what is there is right.
//!
//! The other tests run without features; `matrix.rs` runs these under every set.

use std::cell::RefCell;
use std::rc::Rc;

use qapi_gen::{DiskLoader, Policy, Settings};
use qapi_golden::conditions::{self, Choice, Either, Empty, Form, Level, Maybe, Neither, Wide};
use qapi_runtime::json::Raw;
use qapi_runtime::{
    Arguments, Context, Encoder, Enum, Error, EventSink, Object, Service as _, Special, Visit, from_json, to_json,
};
use serde_json::{Value, json};

const A: bool = cfg!(feature = "config-a");
const B: bool = cfg!(feature = "config-b");
const C: bool = cfg!(feature = "third");
const DEPRECATED: bool = cfg!(feature = "deprecated");
const EXPERIMENTAL: bool = cfg!(feature = "experimental");

/// The settings that decide now as these features decide later.
fn decided() -> Settings {
    let policy = |on| if on { Policy::Expose } else { Policy::Hide };
    let symbols = [("CONFIG_A", A), ("CONFIG_B", B), ("CONFIG_C", C)];
    let defined = symbols.into_iter().filter(|(_, on)| *on);
    let settings = defined.fold(Settings::new(), |settings, (symbol, _)| settings.cfg(symbol));
    settings.deprecated(policy(DEPRECATED)).unstable(policy(EXPERIMENTAL))
}

fn introspect(settings: &Settings) -> String {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/conditions.json");
    qapi_gen::introspect(schema.as_ref(), settings, &DiskLoader).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn introspection_is_that_of_the_same_symbols_decided_now() {
    assert_eq!(conditions::INTROSPECTION, introspect(&decided()));
}

/// The entity of that name, or null.
fn entity(name: &str) -> Value {
    let all: Vec<Value> = serde_json::from_str(&introspect(&decided().unmask(true))).unwrap();
    all.into_iter().find(|entity| entity["name"] == name).unwrap_or_default()
}

fn strings(list: &Value, key: &str) -> Vec<String> {
    let text = |value: &Value| value[key].as_str().map(str::to_owned);
    list.as_array().into_iter().flatten().filter_map(text).collect()
}

/// Tables of an object agree with its description.
fn shape_is_described<T: Object + Default>(name: &str) {
    let (value, described) = (T::default(), entity(name));
    let members = described["members"].as_array().unwrap().clone();
    let shape = value.shape();
    assert_eq!(shape.names, strings(&described["members"], "name"), "{name}");
    for (index, member) in members.iter().enumerate() {
        let required = shape.required[index / 64] >> (index % 64) & 1 == 1;
        assert_eq!(required, member.get("default").is_none(), "{name}: {member}");
    }
    let tag = described["tag"].as_str().and_then(|tag| shape.names.iter().position(|name| *name == tag));
    assert_eq!(shape.tag, tag.unwrap_or(usize::MAX), "{name}");
}

#[test]
fn objects_have_the_members_of_the_configuration() {
    shape_is_described::<Wide>("Wide");
    shape_is_described::<Form>("Form");
    if A {
        // Nothing uses the others where these conditions are false.
        shape_is_described::<Empty>("Empty");
    }
}

fn enum_is_described<E: Enum>(name: &str) {
    let values: Vec<String> = serde_json::from_value(entity(name)["values"].clone()).unwrap();
    assert_eq!(E::NAMES, values, "{name}");
    for (index, value) in E::NAMES.iter().enumerate() {
        assert_eq!(E::from_index(index).as_str(), *value, "{name}");
    }
    assert_eq!(E::from_index(E::NAMES.len()).as_str(), "", "{name}");
}

#[test]
fn enumerations_have_the_values_of_the_configuration() {
    enum_is_described::<Level>("Level");
    enum_is_described::<conditions::FormBranch>("Shape");
    enum_is_described::<Maybe>("Maybe");
    enum_is_described::<conditions::ChoiceBranch>("Only");
    assert_eq!(Level::default().as_str(), Level::NAMES[0]);
}

#[test]
fn marks_stay_with_their_values() {
    let marked: Vec<_> = Level::SPECIAL.iter().map(|(index, special)| (Level::NAMES[*index], *special)).collect();
    let mut expected = Vec::new();
    if EXPERIMENTAL {
        expected.push(("odd", Special::UNSTABLE));
    }
    if !C || DEPRECATED {
        expected.push(("top", Special { deprecated: C, unstable: false }));
    }
    assert_eq!(marked, expected);
}

/// A value for every member of `Wide`, in order, with whether it is there.
fn wide() -> Vec<(&'static str, Value, bool)> {
    vec![
        ("a1", json!(1), A),
        ("name", json!("n"), true),
        ("b1", json!("middle"), A || B),
        ("c1", json!("yes"), !C && A),
        ("gated", json!({"x": 4}), A),
        ("lent", json!({"y": 5}), C),
        ("last", json!(true), true),
        ("old", json!(6), DEPRECATED),
        ("test", json!(7), EXPERIMENTAL),
        ("both", json!(8), DEPRECATED && (!B || EXPERIMENTAL)),
    ]
}

fn object<'a>(members: impl Iterator<Item = &'a (&'static str, Value, bool)>) -> String {
    let members: Vec<_> = members.map(|(name, value, _)| format!("\"{name}\": {value}")).collect();
    format!("{{{}}}", members.join(", "))
}

fn read<T: Visit + Default>(text: &str) -> Result<T, String> {
    from_json(text.as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn members_are_read_and_written_by_name() {
    let all = wide();
    let kept = || all.iter().filter(|(.., kept)| *kept);
    let text = object(kept());
    let value: Wide = read(&text).unwrap();
    let back: Value = serde_json::from_str(&to_json(&value)).unwrap();
    assert_eq!(back, serde_json::from_str::<Value>(&text).unwrap());
    for (name, ..) in kept().filter(|(name, ..)| ["a1", "name", "b1", "gated", "last"].contains(name)) {
        let error = read::<Wide>(&object(kept().filter(|(other, ..)| other != name))).unwrap_err();
        assert_eq!(error, format!("Parameter '{name}' is missing"));
    }
    for (name, value, _) in all.iter().filter(|(name, .., kept)| !kept && *name != "c1") {
        let more: Vec<_> = kept().cloned().chain([(*name, value.clone(), false)]).collect();
        let error = read::<Wide>(&object(more.iter())).unwrap_err();
        assert_eq!(error, format!("Parameter '{name}' is unexpected"));
    }
}

#[test]
fn unions_take_the_branches_of_the_configuration() {
    let square = if C && A { r#"{"shape": "square", "end": 3, "a": 1}"# } else { r#"{"shape": "square", "end": 3}"# };
    let late = r#"{"end": 3, "shape": "square"}"#;
    assert_eq!(to_json(&read::<Form>(square).unwrap()), square);
    assert_eq!(read::<Form>(late).is_ok(), !(C && A));
    let round = r#"{"shape": "round", "end": 3, "x": 9}"#;
    match read::<Form>(round) {
        Ok(value) => assert_eq!((to_json(&value), A), (round.to_owned(), true)),
        Err(error) => assert_eq!((&*error, A), ("Parameter 'shape' does not accept value 'round'", false)),
    }
    assert_eq!(read::<Form>(r#"{"early": 1, "shape": "square", "end": 3, "a": 1}"#).is_ok(), B && C && A);
    let choice = r#"{"only": "one", "x": 2}"#;
    assert_eq!(read::<Choice>(choice).map(|value| to_json(&value)).ok(), A.then(|| choice.to_owned()));
}

#[test]
fn alternates_take_the_kinds_of_the_configuration() {
    for (text, either, neither) in
        [("\"t\"", A, A), ("[1]", true, B), (r#"{"shape": "square", "end": 1}"#, B && !(A && C), false)]
    {
        assert_eq!(read::<Either>(text).is_ok(), either, "{text}");
        assert_eq!(read::<Neither>(text).is_ok(), neither, "{text}");
    }
    assert_eq!(to_json(&Neither::default()), "null");
}

/// Notes which handler was called.
#[derive(Debug, Default, Clone)]
struct Desk(Rc<RefCell<Vec<&'static str>>>);

impl Desk {
    fn note(&self, what: &'static str) {
        self.0.borrow_mut().push(what);
    }
}

#[cfg(any(all(feature = "config-b", feature = "third"), all(feature = "third", feature = "experimental")))]
impl conditions::conditions_rare::Commands for Desk {
    #[cfg(all(feature = "config-b", feature = "third"))]
    fn rare(&self, _: &Context) -> Result<(), Error> {
        self.note("rare");
        Ok(())
    }

    #[cfg(all(feature = "third", feature = "experimental"))]
    async fn rarer(&self, _: &Context) -> Result<(), Error> {
        self.note("rarer");
        Ok(())
    }
}

impl conditions::Commands for Desk {
    #[cfg(feature = "config-a")]
    async fn first(&self, _: &Context) -> Result<conditions::Gated, Error> {
        self.note("first");
        Ok(conditions::Gated { x: 1 })
    }

    async fn second(&self, _: &Context, _: Wide) -> Result<Vec<Either>, Error> {
        self.note("second");
        Ok(vec![])
    }

    #[cfg(feature = "config-b")]
    fn third(&self, _: &Context, _: conditions::Third) -> Result<(), Error> {
        self.note("third");
        Ok(())
    }

    #[cfg(feature = "deprecated")]
    #[expect(deprecated, reason = "a server carries what is deprecated")]
    async fn fourth(&self, _: &Context, _: conditions::Fourth) -> Result<(), Error> {
        self.note("fourth");
        Ok(())
    }

    #[cfg(any(not(feature = "config-a"), feature = "experimental"))]
    async fn fifth(&self, _: &Context) -> Result<Form, Error> {
        self.note("fifth");
        Ok(Form::default())
    }
}

#[tokio::test(flavor = "current_thread")]
async fn every_command_there_is_reaches_its_own_handler() {
    let desk = Desk::default();
    let service = conditions::service(desk.clone());
    let expected = [
        ("rare", B && C),
        ("rarer", C && EXPERIMENTAL),
        ("first", A),
        ("second", true),
        ("third", B),
        ("fourth", DEPRECATED),
        ("fifth", !A || EXPERIMENTAL),
    ];
    let commands = || (0..).map_while(|index| service.command(index));
    let names: Vec<_> = commands().map(|command| command.name).collect();
    let kept: Vec<_> = expected.into_iter().filter(|(_, kept)| *kept).map(|(name, _)| name).collect();
    let sorted = |mut names: Vec<_>| {
        names.sort_unstable();
        names
    };
    assert_eq!(sorted(names), sorted(kept));
    for (name, kept) in expected {
        assert_eq!(service.find(name).is_some(), kept, "{name}");
    }
    let members = object(wide().iter().filter(|(.., kept)| *kept));
    let events = EventSink::new();
    for (index, command) in commands().enumerate() {
        assert_eq!(service.find(command.name), Some(index));
        let args = match command.name {
            "second" => members.clone(),
            "third" => r#"{"x": [1]}"#.to_owned(),
            _ => "{}".to_owned(),
        };
        let ctx = Context::detached(&events);
        let mut reply = Encoder::new();
        let args = Arguments::new(Some(Raw::new(args.as_bytes()).unwrap()));
        service.call(index, &ctx, args, &mut reply).await.unwrap_or_else(|error| panic!("{}: {error}", command.name));
    }
    let called: Vec<_> = commands().map(|command| command.name).collect();
    assert_eq!(*desk.0.borrow(), called);
}
