//! Tests of the comparison: one rule after the other, then real schemas.

use super::*;
use crate::json::{self, Value};
use crate::source::{DiskLoader, MemoryLoader};

/// Compares two schemas under the symbols `cfg`.
fn compare_under(old: &str, new: &str, cfg: &[&str]) -> Report {
    let loader = MemoryLoader::new().with("old.json", old).with("new.json", new);
    let settings = cfg.iter().fold(Settings::new(), |settings, symbol| settings.cfg(*symbol));
    diff(Path::new("old.json"), Path::new("new.json"), &settings, &loader).unwrap_or_else(|found| panic!("{found}"))
}

fn compare(old: &str, new: &str) -> Report {
    compare_under(old, new, &[])
}

/// The changes as `META NAME [USAGE]: WHAT: VERDICT`.
fn lines(report: &Report) -> Vec<String> {
    let line = |entity: &Entity, reason: &Reason| {
        let usage = reason.usage.name();
        format!("{} {} [{usage}]: {}: {}", entity.meta, entity.name, reason.what, reason.verdict)
    };
    report.entities.iter().flat_map(|entity| entity.reasons.iter().map(move |reason| line(entity, reason))).collect()
}

const COMMANDS: &str = "{ 'command': 'get', 'returns': 'Lamp' }\n{ 'command': 'set', 'data': 'Lamp' }\n";
const TINT: &str = "{ 'enum': 'Tint', 'data': [ 'warm', 'cold' ] }\n";

/// What differs when a lamp, which is both taken and answered, changes.
fn lamp(old: &str, new: &str) -> Vec<String> {
    let schema = |members| format!("{COMMANDS}{TINT}{{ 'struct': 'Lamp', 'data': {{ {members} }} }}");
    let report = compare(&schema(old), &schema(new));
    let prefix = "struct Lamp ";
    lines(&report).into_iter().map(|line| line.strip_prefix(prefix).map(str::to_owned).unwrap_or(line)).collect()
}

#[test]
fn equal_schemas_have_no_difference() {
    let schema = format!("{COMMANDS}{TINT}{{ 'struct': 'Lamp', 'data': {{ 'tint': 'Tint' }} }}");
    let report = compare(&schema, &schema);
    assert!(report.entities.is_empty());
    assert!(report.verdict().is_compatible());
    assert_eq!((report.totals.entities, report.totals.unchanged), (4, 4));
}

#[test]
fn members_mean_different_things_in_arguments_and_replies() {
    let cases: [(&str, &str, &[&str]); 6] = [
        (
            "'a': 'int'",
            "'a': 'int', 'b': 'int'",
            &[
                "[replies]: mandatory member 'b' is new: breaks servers",
                "[arguments]: mandatory member 'b' is new: breaks clients, breaks servers",
            ],
        ),
        (
            "'a': 'int'",
            "'a': 'int', '*b': 'int'",
            &[
                "[replies]: optional member 'b' is new: compatible",
                "[arguments]: optional member 'b' is new: breaks servers",
            ],
        ),
        (
            "'a': 'int', '*b': 'int'",
            "'a': 'int'",
            &[
                "[replies]: member 'b' is gone: breaks clients, breaks servers",
                "[arguments]: member 'b' is gone: breaks clients, breaks servers",
            ],
        ),
        (
            "'*a': 'int'",
            "'a': 'int'",
            &[
                "[replies]: member 'a' is mandatory now: breaks servers",
                "[arguments]: member 'a' is mandatory now: breaks clients, breaks servers",
            ],
        ),
        (
            "'a': 'int'",
            "'*a': 'int'",
            &[
                "[replies]: member 'a' is optional now: breaks clients",
                "[arguments]: member 'a' is optional now: breaks servers",
            ],
        ),
        ("'a': 'int', 'b': 'int'", "'b': 'int', 'a': 'int'", &[]),
    ];
    for (old, new, wanted) in cases {
        assert_eq!(lamp(old, new), wanted, "{old} -> {new}");
    }
}

#[test]
fn types_are_compared_by_their_values() {
    let cases = [
        ("uint8", "int", "breaks clients", "breaks servers"),
        ("int", "uint8", "breaks servers", "breaks clients, breaks servers"),
        ("int", "uint64", "breaks clients, breaks servers", "breaks clients, breaks servers"),
        ("int", "int64", "compatible", "compatible"),
        ("uint64", "size", "compatible", "compatible"),
        ("int", "number", "breaks clients", "breaks servers"),
        ("str", "any", "breaks clients", "breaks servers"),
        ("str", "bool", "breaks clients, breaks servers", "breaks clients, breaks servers"),
        ("Tint", "str", "breaks strict clients", "breaks servers"),
        ("str", "Tint", "breaks servers", "breaks clients, breaks servers"),
    ];
    for (old, new, replies, arguments) in cases {
        let what = format!("member 'a': type is '{new}' now, was '{old}'");
        let wanted = [format!("[replies]: {what}: {replies}"), format!("[arguments]: {what}: {arguments}")];
        assert_eq!(lamp(&format!("'a': '{old}'"), &format!("'a': '{new}'")), wanted);
    }
    let arrays = lamp("'a': ['int']", "'a': 'int'");
    let (first, rest) = arrays.split_first().unwrap();
    assert_eq!(first, "[replies]: member 'a': type is 'int' now, was ['int']: breaks clients, breaks servers");
    assert_eq!(rest.len(), 1);
    assert_eq!(lamp("'a': ['int8']", "'a': ['int8']"), [""; 0]);
    assert_eq!(
        lamp("'a': ['int8']", "'a': ['int16']")[1],
        "[arguments]: member 'a': type is 'int16' now, was 'int8': breaks servers"
    );
}

#[test]
fn enum_values_break_whom_they_surprise() {
    let schema = |values: &str| {
        format!(
            "{{ 'enum': 'Tint', 'data': [ {values} ] }}
             {{ 'struct': 'Lamp', 'data': {{ 'tint': ['Tint'] }} }}
             {COMMANDS}{{ 'event': 'TINTED', 'data': {{ 'tint': 'Tint' }} }}"
        )
    };
    let report = compare(&schema("'warm', 'cold'"), &schema("'warm', 'pink', { 'name': 'red', 'if': 'RED' }"));
    assert_eq!(
        lines(&report),
        [
            "enum Tint [replies]: value 'pink' is new: breaks strict clients",
            "enum Tint [replies]: value 'cold' is gone: breaks servers",
            "enum Tint [arguments]: value 'pink' is new: breaks servers",
            "enum Tint [arguments]: value 'cold' is gone: breaks clients, breaks servers",
        ]
    );
    assert_eq!(report.entities[0].used_by, ["TINTED", "get", "set"]);
    let only_new = compare(&schema("'warm'"), &schema("'warm', 'pink'"));
    assert_eq!(only_new.verdict(), Verdict { clients: Clients::StrictBreak, servers: true });
}

#[test]
fn commands_and_events_come_and_go() {
    let old =
        "{ 'command': 'old' } { 'event': 'OLD' } { 'command': 'both', 'allow-oob': true, 'allow-preconfig': true }
        { 'command': 'gen' } { 'event': 'BOTH' }";
    let new = "{ 'command': 'new' } { 'event': 'NEW' } { 'command': 'both', 'success-response': false }
        { 'command': 'gen', 'gen': false, 'allow-oob': true, 'allow-preconfig': true }
        { 'event': 'BOTH', 'data': { 'x': 'int' } }";
    assert_eq!(
        lines(&compare(old, new)),
        [
            "command both [entity]: can no longer be executed out of band: breaks clients, breaks servers",
            "command both [entity]: can no longer be executed before the machine exists: breaks clients",
            "command both [entity]: has no reply on success any more: breaks clients, breaks servers",
            "command gen [entity]: can be executed out of band now: breaks servers",
            "command gen [entity]: can be executed before the machine exists now: compatible",
            "command gen [entity]: its handler reads the arguments itself now: breaks servers",
            "command new [entity]: new: breaks servers",
            "command old [entity]: removed: breaks clients, breaks servers",
            "event BOTH [replies]: mandatory member 'x' is new: breaks servers",
            "event NEW [entity]: new: compatible",
            "event OLD [entity]: removed: breaks clients, breaks servers",
        ]
    );
}

#[test]
fn features_tell_what_to_expect() {
    let old = "{ 'command': 'a', 'features': [ 'fast', 'unstable' ] } { 'command': 'b', 'data': { 'x': 'int' } }";
    let new = "{ 'command': 'a', 'features': [ 'deprecated' ] }
        { 'command': 'b', 'data': { 'x': { 'type': 'int', 'features': [ 'unstable', 'new', { 'name': 'off', 'if': 'OFF' } ] } } }";
    assert_eq!(
        lines(&compare(old, new)),
        [
            "command a [entity]: deprecated now: compatible",
            "command a [entity]: feature 'fast' is gone: breaks clients",
            "command a [entity]: no longer unstable: compatible",
            "command b [arguments]: argument 'x': unstable now: compatible",
            "command b [arguments]: argument 'x': feature 'new' is new: compatible",
        ]
    );
}

const UNION: &str = "{ 'struct': 'Ray', 'data': { 'x': 'int' } } { 'struct': 'Wave', 'data': { '*y': 'int' } }
    { 'enum': 'Kind', 'data': [ KIND ] }
    { 'union': 'Light', 'base': { 'kind': 'Kind', BASE }, 'discriminator': 'kind', 'data': { DATA } }
    { 'command': 'get', 'returns': 'Light' } { 'command': 'set', 'data': 'Light', 'boxed': true }";

fn union(kinds: &str, base: &str, branches: &str) -> String {
    UNION.replace("KIND", kinds).replace(", BASE", base).replace("DATA", branches)
}

#[test]
fn branches_follow_their_values() {
    let old = union("'ray', 'off'", "", "'ray': 'Ray'");
    let new = union("'wave', 'off'", "", "'wave': 'Wave', 'off': 'Ray'");
    assert_eq!(
        lines(&compare(&old, &new)),
        [
            "enum Kind [replies]: value 'wave' is new: breaks strict clients",
            "enum Kind [replies]: value 'ray' is gone: breaks servers",
            "enum Kind [arguments]: value 'wave' is new: breaks servers",
            "enum Kind [arguments]: value 'ray' is gone: breaks clients, breaks servers",
            "union Light [replies]: branch 'wave' is new: breaks strict clients",
            "union Light [replies]: mandatory member 'x' is new in branch 'off': breaks servers",
            "union Light [replies]: branch 'ray' is gone: breaks servers",
            "union Light [arguments]: branch 'wave' is new: breaks servers",
            "union Light [arguments]: mandatory member 'x' is new in branch 'off': breaks clients, breaks servers",
            "union Light [arguments]: branch 'ray' is gone: breaks clients, breaks servers",
        ]
    );
}

#[test]
fn members_may_move_into_some_branches() {
    let old =
        "{ 'struct': 'Light', 'data': { 'kind': 'Kind', 'x': 'int' } } { 'enum': 'Kind', 'data': [ 'ray', 'off' ] }
        { 'command': 'get', 'returns': 'Light' } { 'command': 'set', 'data': 'Light', 'boxed': true }";
    let found = lines(&compare(old, &union("'ray', 'off'", "", "'ray': 'Ray'")));
    assert_eq!(
        found.into_iter().filter(|line| line.starts_with("union")).collect::<Vec<_>>(),
        [
            "union Light [replies]: member 'x' is gone in branch 'off': breaks clients, breaks servers",
            "union Light [arguments]: member 'x' is gone in branch 'off': breaks clients, breaks servers",
        ]
    );
}

#[test]
fn what_the_wire_does_not_show_is_compatible() {
    // A member moves from all branches to the base, a type gets a base, another is renamed.
    let old = union("'ray', 'off'", "", "'ray': 'Ray', 'off': 'Ray'");
    let new = union("'ray', 'off'", ", 'x': 'int'", "");
    let found = compare(&old, &new);
    assert!(found.verdict().is_compatible(), "{}", found.to_text());
    let back = compare(&new, &old);
    assert!(back.verdict().is_compatible(), "{}", back.to_text());

    let old = format!(
        "{COMMANDS}{{ 'struct': 'Lamp', 'data': {{ 'a': 'int', 'in': 'Inner' }} }}
        {{ 'struct': 'Inner', 'data': {{ 'z': 'int' }} }}"
    );
    let new = format!(
        "{COMMANDS}{{ 'struct': 'Base', 'data': {{ 'a': 'int' }} }}
        {{ 'struct': 'Lamp', 'base': 'Base', 'data': {{ 'in': 'Renamed' }} }}
        {{ 'struct': 'Renamed', 'data': {{ 'z': 'int' }} }}"
    );
    assert_eq!(
        lines(&compare(&old, &new)),
        [
            "struct Base [entity]: new type: compatible",
            "struct Inner [entity]: the schema no longer has this type: compatible",
            "struct Lamp [replies]: member 'in': type is 'Renamed' now, was 'Inner': compatible",
            "struct Lamp [arguments]: member 'in': type is 'Renamed' now, was 'Inner': compatible",
            "struct Renamed [entity]: new type: compatible",
        ]
    );
}

#[test]
fn inherited_members_are_told_about_once() {
    let schema = |members| {
        format!(
            "{{ 'struct': 'Base', 'data': {{ {members} }} }}
             {{ 'struct': 'One', 'base': 'Base', 'data': {{}} }} {{ 'struct': 'Two', 'base': 'One', 'data': {{}} }}
             {{ 'command': 'one', 'returns': 'One' }} {{ 'command': 'two', 'returns': 'Two' }}"
        )
    };
    let report = compare(&schema("'a': 'int'"), &schema("'*a': 'int', 'b': 'int'"));
    assert_eq!(
        lines(&report),
        [
            "struct Base [replies]: member 'a' is optional now: breaks clients",
            "struct Base [replies]: mandatory member 'b' is new: breaks servers",
        ]
    );
}

#[test]
fn alternates_go_by_json_type() {
    let schema = |alternate: &str| {
        format!(
            "{{ 'alternate': 'Ref', 'data': {{ {alternate} }} }} {{ 'struct': 'Thing', 'data': {{ 'z': 'int' }} }}
            {COMMANDS}{{ 'struct': 'Lamp', 'data': {{ 'r': 'Ref', 's': 'str' }} }}"
        )
    };
    let report = compare(&schema("'name': 'str', 'n': 'null'"), &schema("'id': 'str', 'thing': 'Thing'"));
    assert_eq!(
        lines(&report),
        [
            "alternate Ref [replies]: branch 'thing' is new: breaks clients",
            "alternate Ref [replies]: branch 'n' is gone: breaks servers",
            "alternate Ref [arguments]: branch 'thing' is new: breaks servers",
            "alternate Ref [arguments]: branch 'n' is gone: breaks clients, breaks servers",
        ]
    );
    let plain = schema("'id': 'str', 'thing': 'Thing'");
    let widened = plain.replace("'s': 'str'", "'s': 'Ref'");
    let found = lines(&compare(&plain, &widened));
    assert_eq!(
        found,
        [
            "struct Lamp [replies]: member 's': type is 'Ref' now, was 'str': breaks clients",
            "struct Lamp [arguments]: member 's': type is 'Ref' now, was 'str': breaks servers",
        ]
    );
}

#[test]
fn arguments_may_appear_and_be_named() {
    let old =
        "{ 'command': 'a' } { 'command': 'b', 'data': { 'x': 'int' } } { 'struct': 'Named', 'data': { '*x': 'int' } }";
    let new = "{ 'command': 'a', 'data': { '*y': 'int' } } { 'command': 'b', 'data': 'Named' }
        { 'struct': 'Named', 'data': { '*x': 'int' } }";
    assert_eq!(
        lines(&compare(old, new)),
        [
            "command a [arguments]: optional argument 'y' is new: breaks servers",
            "command b [arguments]: arguments: type is 'Named' now, was an object of its own: compatible",
            "command b [arguments]: argument 'x' is optional now: breaks servers",
        ]
    );
}

#[test]
fn conditions_follow_the_symbols() {
    let old = "{ 'command': 'a', 'if': 'CONFIG_A' }";
    let new = "{ 'command': 'a', 'if': { 'not': 'CONFIG_A' } }";
    assert_eq!(lines(&compare(old, new)), ["command a [entity]: new: breaks servers"]);
    assert_eq!(
        lines(&compare_under(old, new, &["CONFIG_A"])),
        ["command a [entity]: removed: breaks clients, breaks servers"]
    );
    assert!(compare_under(old, new, &["all"]).entities.is_empty());
}

#[test]
fn unused_types_break_nobody() {
    let old = "{ 'struct': 'Loose', 'data': { 'x': 'int' } } { 'enum': 'Ee', 'data': [] }";
    let new = "{ 'struct': 'Loose', 'data': { 'y': 'int' } } { 'struct': 'Ee', 'data': {} }";
    let report = compare(old, new);
    assert_eq!(report.entities.len(), 2);
    assert!(report.verdict().is_compatible());
    assert!(report.entities.iter().flat_map(|entity| &entity.reasons).all(|reason| reason.usage == Usage::Nowhere));
}

#[test]
fn reports_name_both_places() {
    let old = "{ 'command': 'set',\n  'data': { 'x': 'int' } }\n";
    let new = "\n\n{ 'command': 'set',\n  'data': { 'x': 'str' } }\n";
    let report = compare(old, new);
    assert_eq!(
        report.to_text(),
        "breaks clients, breaks servers: command 'set'\n  \
           breaks clients, breaks servers: argument 'x': type is 'str' now, was 'int' (in arguments): \
           what clients send may be refused; the handler's arguments change\n    \
             old old.json:2, new new.json:4\n\
         1 commands, events and types: 0 unchanged, 0 compatible, 1 break clients, 0 break strict clients only, 1 break servers\n"
    );
    let document = json::parse(&report.to_json()).unwrap();
    assert_eq!(document.get("breaks").unwrap().compact(), r#"["clients", "servers"]"#);
    let entity = document.get("entities").and_then(Value::as_list).and_then(<[_]>::first).unwrap();
    let reason = entity.get("reasons").and_then(Value::as_list).and_then(<[_]>::first).unwrap();
    assert_eq!(reason.get("new").unwrap().compact(), r#"{"file": "new.json", "line": 4}"#);
    assert_eq!(reason.get("usage").unwrap().as_str(), Some("arguments"));
}

#[test]
fn mistakes_in_either_schema_are_told() {
    let loader = MemoryLoader::new()
        .with("good.json", "{ 'command': 'a' }")
        .with("bad.json", "{ 'command': 'a', 'returns': 'None' }");
    for (old, new) in [("good.json", "bad.json"), ("bad.json", "good.json")] {
        let found = diff(Path::new(old), Path::new(new), &Settings::new(), &loader).unwrap_err();
        assert!(found.to_string().contains("bad.json:1"), "{found}");
    }
}

/// Entity, what is said, its verdict, and the lines at which people find it in the two releases.
type Known = (&'static str, &'static str, &'static str, Option<usize>, Option<usize>);

const KNOWN: [Known; 5] = [
    ("MEM_UNPLUG_ERROR", "removed (it was deprecated)", "breaks clients, breaks servers", Some(1426), None),
    ("StatusInfo", "member 'singlestep' is gone", "breaks clients, breaks servers", Some(116), Some(113)),
    ("migrate", "argument 'blk' is gone", "breaks clients, breaks servers", Some(1489), Some(1724)),
    ("migrate", "argument 'uri' is optional now", "breaks servers", Some(1489), Some(1725)),
    ("MigrationStatus", "value 'postcopy-recover-setup' is new", "breaks strict clients", Some(160), Some(175)),
];

#[test]
fn qemu_7_2_against_10_0() {
    let Some(corpus) = qapi_test_support::corpus("qemu_7_2_against_10_0") else {
        return;
    };
    let path = |tree: &str| corpus.join(tree).join("qapi/qapi-schema.json");
    let all = Settings::new().cfg("all");
    let report = diff(&path("qemu-7.2"), &path("qemu-10.0"), &all, &DiskLoader).unwrap();
    let wanted = Totals {
        entities: 1005,
        unchanged: 787,
        compatible: 118,
        break_clients: 23,
        break_strict_clients: 11,
        break_servers: 96,
    };
    assert_eq!(report.totals, wanted);
    for (name, what, verdict, old, new) in KNOWN {
        let entity = report.entities.iter().find(|entity| entity.name == name).unwrap();
        let reason = entity.reasons.iter().find(|reason| reason.what == what && reason.verdict.to_string() == verdict);
        let reason = reason.unwrap_or_else(|| panic!("{name}: {what}: {entity:?}"));
        assert_eq!(reason.old.as_ref().map(|place| place.line), old, "{name}: {what}");
        assert_eq!(reason.new.as_ref().map(|place| place.line), new, "{name}: {what}");
    }
    for tree in ["qemu-7.2", "qemu-10.0"] {
        assert!(diff(&path(tree), &path(tree), &all, &DiskLoader).unwrap().entities.is_empty());
    }
}
