//! What is generated fits what it was generated from.

use proptest::prelude::*;

use super::check::{alternative, check};
use super::generate::{Extent, Generator};
use crate::introspection::{Schema, Type, TypeKind};
use crate::{Kind, Value, from_value, to_json};

/// How many types a made-up schema has.
const TYPES: usize = 8;

/// Refers to some type of a made-up schema, or to one that it does not describe.
fn reference() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (0..TYPES).prop_map(|number| number.to_string()),
        4 => (0..TYPES).prop_map(|number| format!("[{number}]")),
        6 => prop::sample::select(vec!["str", "int", "number", "bool", "null", "any"]).prop_map(str::to_owned),
        1 => Just("nowhere".to_owned()),
    ]
}

/// The members of an object, some of them optional. The first can be a discriminator.
fn members(first: &'static str) -> impl Strategy<Value = String> {
    prop::collection::vec((reference(), any::<bool>()), 0..4).prop_map(move |members| {
        let text = |(i, (ty, optional)): (usize, (String, bool))| {
            let default = if optional { r#", "default": null"# } else { "" };
            format!(r#"{{"name": "{first}{i}", "type": "{ty}"{default}}}"#)
        };
        members.into_iter().enumerate().map(text).collect::<Vec<_>>().join(", ")
    })
}

/// The parts of a type after its name.
fn body() -> impl Strategy<Value = String> {
    let kinds = ["int", "str", "bool", "null", "0", "1", "[1]"];
    prop_oneof![
        1 => Just(r#""meta-type": "enum", "values": []"#.to_owned()),
        2 => Just(r#""meta-type": "enum", "values": ["a", "b"]"#.to_owned()),
        4 => members("m").prop_map(|members| format!(r#""meta-type": "object", "members": [{members}]"#)),
        3 => (members("u"), reference(), reference()).prop_map(|(members, a, b)| {
            let comma = if members.is_empty() { "" } else { ", " };
            format!(
                r#""meta-type": "object", "members": [{{"name": "tag", "type": "tags"}}{comma}{members}], "tag": "tag",
                "variants": [{{"case": "a", "type": "{a}"}}, {{"case": "b", "type": "{b}"}}]"#
            )
        }),
        2 => prop::sample::subsequence(kinds.to_vec(), 1..4).prop_map(|types| {
            let types: Vec<_> = types.into_iter().map(|ty| format!(r#"{{"type": "{ty}"}}"#)).collect();
            format!(r#""meta-type": "alternate", "members": [{}]"#, types.join(", "))
        }),
    ]
}

/// A schema whose types refer to each other in any way, circles included.
fn schema() -> impl Strategy<Value = Schema> {
    prop::collection::vec(body(), TYPES).prop_map(|bodies| {
        let mut entities: Vec<String> = Vec::new();
        for (number, body) in bodies.iter().enumerate() {
            entities.push(format!(r#"{{"name": "{number}", {body}}}"#));
            entities.push(format!(r#"{{"name": "[{number}]", "meta-type": "array", "element-type": "{number}"}}"#));
        }
        entities.push(r#"{"name": "tags", "meta-type": "enum", "values": ["a", "b", "c"]}"#.to_owned());
        let builtins = [("str", "string"), ("int", "int"), ("number", "number"), ("bool", "boolean"), ("null", "null")];
        for (name, json) in builtins.into_iter().chain([("any", "value")]) {
            entities.push(format!(r#"{{"name": "{name}", "meta-type": "builtin", "json-type": "{json}"}}"#));
        }
        Schema::from_json(format!("[{}]", entities.join(", ")).as_bytes()).unwrap()
    })
}

/// Whether a type is one that a schema's compiler lets pass: members of a union do not occur twice, and the branches of an
/// alternate can be told apart.
fn sound(ty: Type<'_>) -> bool {
    let alternatives = |kind| ty.alternatives().filter(move |branch| alternative(*branch, kind).is_some()).count();
    let kinds = [Kind::Null, Kind::Bool, Kind::Number, Kind::String, Kind::List, Kind::Dict];
    let apart = kinds.into_iter().all(|kind| alternatives(kind) < 2)
        && ty.alternatives().all(|branch| !matches!(branch.kind(), TypeKind::Alternate | TypeKind::Unknown));
    let names: Vec<_> = ty.members().map(|member| member.name()).collect();
    apart
        && ty.variants().all(|(_, branch)| {
            branch.kind() == TypeKind::Object
                && branch.tag().is_none()
                && branch.members().all(|member| !names.contains(&member.name()))
        })
}

/// A type and all that can be inside it.
fn reachable(ty: Type<'_>) -> Vec<Type<'_>> {
    let mut found = vec![ty];
    let mut at = 0;
    while let Some(ty) = found.get(at).copied() {
        let inside = ty.members().map(|member| member.ty()).chain(ty.variants().map(|(_, branch)| branch));
        for part in inside.chain(ty.alternatives()).chain(ty.element()) {
            if !found.contains(&part) {
                found.push(part);
            }
        }
        at += 1;
    }
    found
}

/// What can be made of a type is one of the type. Gives how many values that were.
fn fits(schema: &Schema, generator: &Generator, ty: Type<'_>) -> usize {
    let mut made = 0;
    for extent in [Extent::Required, Extent::All] {
        let Ok(value) = generator.value(ty, extent) else { continue };
        made += 1;
        if let Err(error) = check(&value, ty) {
            panic!("{error}: {value} is no '{}' of {}", ty.name(), schema.to_json());
        }
        assert_eq!(generator.value(ty, extent).ok(), Some(value), "the same every time");
    }
    made
}

proptest! {
    #[test]
    fn what_is_made_up_fits(schema in schema()) {
        let generator = Generator::new(&schema);
        for ty in schema.types() {
            if reachable(ty).into_iter().all(sound) {
                fits(&schema, &generator, ty);
            }
            // Whatever else is true of the schema, all comes to an end.
            for value in [Value::Null, Value::from("a"), generator.value(ty, Extent::All).unwrap_or_default()] {
                let _ = check(&value, ty);
            }
        }
    }
}

#[test]
fn whole_schemas_have_a_value_for_every_type() {
    let Some(corpus) = qapi_test_support::corpus("whole_schemas_have_a_value_for_every_type") else { return };
    for name in ["captured-7.2.0-x86_64.json", "qapi-all.json", "qga-all.json"] {
        let text = std::fs::read(corpus.join("qemu-7.2/introspect").join(name)).unwrap();
        let schema = Schema::from_json(&text).unwrap();
        let generator = Generator::new(&schema);
        for ty in schema.types() {
            assert_eq!(fits(&schema, &generator, ty), 2, "{name}: {ty:?}");
        }
        for command in schema.commands() {
            // Large enough to be of use, small enough to be read.
            let reply = to_json(&generator.value(command.returns(), Extent::All).unwrap());
            assert!(reply.len() < 100_000, "{}: {} bytes", command.name(), reply.len());
        }
    }
}

/// A schema with just these types.
fn of(types: &str) -> Schema {
    let builtins = r#"{"name": "int", "meta-type": "builtin", "json-type": "int"},
        {"name": "str", "meta-type": "builtin", "json-type": "string"}"#;
    Schema::from_json(format!("[{types}, {builtins}]").as_bytes()).unwrap()
}

#[test]
fn circles_end_and_what_has_no_end_is_refused() {
    let schema = of(r#"
        {"name": "endless", "meta-type": "object", "members": [{"name": "again", "type": "endless"}]},
        {"name": "union", "meta-type": "object", "members": [{"name": "kind", "type": "kinds"}], "tag": "kind",
         "variants": [{"case": "endless", "type": "endless"}, {"case": "nested", "type": "nested"}]},
        {"name": "kinds", "meta-type": "enum", "values": ["endless", "nested", "flat"]},
        {"name": "nested", "meta-type": "object", "members": [{"name": "inside", "type": "union"}]},
        {"name": "tree", "meta-type": "object", "members": [
            {"name": "left", "type": "tree", "default": null}, {"name": "leaves", "type": "[tree]"},
            {"name": "label", "type": "str", "default": null}]},
        {"name": "[tree]", "meta-type": "array", "element-type": "tree"}"#);
    let generator = Generator::new(&schema);
    let made = |name: &str, extent| {
        let value = generator.value(schema.ty(name).unwrap(), extent);
        value.map(|value| to_json(&value)).map_err(|error| error.to_string())
    };
    assert!(made("endless", Extent::Required).unwrap_err().contains("script the answer"));
    // The first branch has no end; the second leads round once, and then to the smallest.
    let union = r#"{"kind": "nested", "inside": {"kind": "flat"}}"#;
    assert_eq!(made("union", Extent::Required).unwrap(), union);
    assert_eq!(made("tree", Extent::Required).unwrap(), r#"{"leaves": []}"#);
    assert_eq!(made("tree", Extent::All).unwrap(), r#"{"leaves": [], "label": "label"}"#);
}

#[test]
fn values_that_would_be_too_large_are_refused() {
    let types: Vec<String> = (0..100)
        .map(|i| {
            let next = i + 1;
            format!(
                r#"{{"name": "{i}", "meta-type": "object", "members": [
                {{"name": "a", "type": "{next}"}}, {{"name": "b", "type": "{next}"}}]}}"#
            )
        })
        .collect();
    let schema = of(&format!(r#"{}, {{"name": "100", "meta-type": "object", "members": []}}"#, types.join(", ")));
    let generator = Generator::new(&schema);
    assert!(generator.value(schema.ty("0").unwrap(), Extent::Required).is_err());
    assert!(generator.value(schema.ty("90").unwrap(), Extent::Required).is_ok());
}

#[test]
fn alternates_are_called_by_their_names_where_those_are_known() {
    let schema = of(r#"
        {"name": "12", "meta-type": "alternate", "members": [{"type": "str"}, {"type": "kind"}, {"type": "int"}]},
        {"name": "Level", "meta-type": "alternate", "members": [{"type": "str"}, {"type": "int"}]},
        {"name": "kind", "meta-type": "enum", "values": ["low"]}"#);
    let error = |name: &str| check(&Value::Bool(true), schema.ty(name).unwrap()).unwrap_err().to_string();
    assert_eq!(error("Level"), "Invalid parameter type for 'null', expected: Level");
    assert_eq!(error("12"), "Invalid parameter type for 'null', expected: string or int");
}

#[test]
fn values_may_nest_as_deep_as_typed_ones() {
    #[derive(Debug, Default)]
    struct Nest(Vec<Nest>);
    impl crate::Visit for Nest {
        fn get(&mut self, d: &mut crate::Decoder<'_>) -> crate::Outcome {
            self.0.get(d)
        }
        fn put(&self, e: &mut crate::Encoder) {
            self.0.put(e);
        }
    }
    let schema = of(r#"{"name": "nest", "meta-type": "array", "element-type": "nest"}"#);
    for depth in [1, 255, 256, 257, 300] {
        let value = (1..depth).fold(Value::List(Vec::new()), |inner, _| Value::List(vec![inner]));
        assert_eq!(check(&value, schema.ty("nest").unwrap()), from_value::<Nest>(&value).map(drop), "{depth}");
    }
}
