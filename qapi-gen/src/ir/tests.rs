//! Tests of name resolution and of the rules that need more than one definition.

use super::*;
use crate::analyse;
use crate::source::MemoryLoader;
use std::path::Path;

fn resolve(text: &str, release: &str) -> Result<Schema, Vec<String>> {
    let loader =
        MemoryLoader::new().with("a.json", text).with("sub/b.json", "{ 'struct': 'Far', 'data': { 'x': ['int'] } }");
    let dialect = release.parse().expect("a release");
    let result = analyse(&loader, Path::new("a.json"), Some(dialect)).result;
    result.map_err(|found| found.iter().map(|d| d.message.clone()).collect())
}

fn schema(text: &str) -> Schema {
    resolve(text, "10.0").expect("accepted")
}

fn refused(text: &str, release: &str, wanted: &[&str]) {
    let found = resolve(text, release).expect_err("refused");
    assert_eq!(found, wanted, "{text} as {release}");
}

fn object<'s>(schema: &'s Schema, name: &str) -> &'s Object {
    let ty = schema.types.iter().find(|ty| ty.info.name == name).expect("the type");
    match &ty.kind {
        TypeKind::Object(object) => object,
        other => panic!("{name} is {other:?}"),
    }
}

fn names(members: &[Member]) -> Vec<&str> {
    members.iter().map(|member| member.name.as_str()).collect()
}

const UNION: &str = "{ 'enum': 'Ee', 'data': ['a', 'b', { 'name': 'c', 'if': 'CC' }] }
{ 'struct': 'Ss', 'data': { 's': 'int' } }
{ 'struct': 'Tt', 'base': 'Ss', 'data': { '*t': ['Ss'] } }
{ 'union': 'Uu', 'base': { 'e': 'Ee', 'x': 'int' }, 'discriminator': 'e', 'data': { 'b': 'Tt' } }
";

#[test]
fn bases_are_flattened_and_branches_added() {
    let schema = schema(UNION);
    assert_eq!(names(&object(&schema, "Tt").members), ["s", "t"]);
    assert_eq!(names(&object(&schema, "Tt").local), ["t"]);
    let union = object(&schema, "Uu");
    assert_eq!(names(&union.members), ["e", "x"]);
    let variants = union.variants.as_ref().expect("a union");
    assert_eq!(variants.tag, 0);
    let branches: Vec<_> = variants
        .branches
        .iter()
        .map(|branch| (branch.name.as_str(), schema.ty(branch.ty).info.name.as_str(), branch.explicit))
        .collect();
    assert_eq!(branches, [("b", "Tt", true), ("a", "q_empty", false), ("c", "q_empty", false)]);
    assert_eq!(variants.branches[2].cond, Cond::Symbol("CC".into()));
}

#[test]
fn simple_unions_become_flat_ones() {
    let text = "{ 'union': 'Uu', 'data': { 'a': 'int', 'b': { 'type': ['str'], 'if': 'defined(B)' } } }";
    let schema = resolve(text, "6.1").expect("accepted");
    let union = object(&schema, "Uu");
    assert_eq!(names(&union.members), ["type"]);
    assert_eq!(schema.ty(union.members[0].ty).info.name, "UuKind");
    let branches = &union.variants.as_ref().expect("a union").branches;
    assert_eq!(schema.ty(branches[0].ty).info.name, "q_obj_int-wrapper");
    assert_eq!(schema.ty(branches[1].ty).info.name, "q_obj_strList-wrapper");
    assert_eq!(branches[1].cond, Cond::Symbol("B".into()));
    assert_eq!(names(&object(&schema, "q_obj_int-wrapper").members), ["data"]);
    refused("{ 'union': 'Uu', 'data': {}, 'discriminator': 'x' }", "6.1", &["'discriminator' requires 'base'"]);
}

#[test]
fn modules_and_their_items_are_in_order() {
    let schema = schema("{ 'command': 'c', 'data': { 'x': ['Far'] } } { 'include': 'sub/b.json' } { 'event': 'EE' }");
    let modules: Vec<&str> = schema.modules.iter().map(|module| module.name.as_str()).collect();
    assert_eq!(modules, ["./builtin", "a.json", "sub/b.json"]);
    let listed = |module: &Module| -> Vec<String> {
        let name = |item: &Item| match item {
            Item::Type(id) => schema.ty(*id).info.name.clone(),
            Item::Command(at) => schema.commands[*at].info.name.clone(),
            Item::Event(at) => schema.events[*at].info.name.clone(),
            Item::Include(id) => format!("include {}", schema.module(*id).name),
        };
        module.items.iter().map(name).collect()
    };
    assert_eq!(listed(&schema.modules[1]), ["q_obj_c-arg", "c", "include sub/b.json", "EE"]);
    // The array was mentioned before its element was defined.
    assert_eq!(listed(&schema.modules[2]), ["FarList", "Far"]);
}

#[test]
fn conditions_and_features_arrive() {
    let schema = schema(
        "{ 'struct': 'Ss', 'data': { 'a': { 'type': 'int', 'if': 'AA', 'features': ['deprecated'] } }, 'if': 'SS' }
         { 'command': 'c', 'returns': ['Ss'], 'features': [{ 'name': 'f', 'if': 'FF' }], 'allow-oob': true }",
    );
    let list = schema.commands[0].ret.expect("a reply");
    assert_eq!(schema.ty(list).info.cond, Cond::Symbol("SS".into()));
    let member = &object(&schema, "Ss").members[0];
    assert_eq!((&member.cond, member.features[0].name.as_str()), (&Cond::Symbol("AA".into()), "deprecated"));
    assert_eq!(schema.commands[0].info.features[0].cond, Cond::Symbol("FF".into()));
    assert!(schema.commands[0].allow_oob && schema.commands[0].generated);
}

#[test]
fn unions_are_checked() {
    let with = |base: &str, tag: &str, data: &str| {
        let head = UNION.lines().take(3).collect::<Vec<_>>().join("\n");
        format!("{head}{{ 'union': 'Vv', 'base': {base}, 'discriminator': '{tag}', 'data': {data} }}")
    };
    let cases = [
        (with("{ 'e': 'Ee' }", "f", "{}"), "discriminator 'f' is not a member of 'base'"),
        (with("{ '*e': 'Ee' }", "e", "{}"), "discriminator member 'e' of 'base' must not be optional"),
        (
            with("{ 'e': { 'type': 'Ee', 'if': 'XX' } }", "e", "{}"),
            "discriminator member 'e' of 'base' must not be conditional",
        ),
        (with("'Ss'", "s", "{}"), "discriminator member 's' of base type 'Ss' must be of enum type"),
        (with("{ 'e': 'Ee' }", "e", "{ 'z': 'Ss' }"), "branch 'z' is not a value of enum type 'Ee'"),
        (with("{ 'e': 'Ee' }", "e", "{ 'a': 'int' }"), "branch 'a' cannot use built-in type 'int'"),
        (with("{ 'e': 'Ee' }", "e", "{ 'a': 'No' }"), "branch 'a' uses unknown type 'No'"),
        (
            with("{ 'e': 'Ee', 's': 'int' }", "e", "{ 'a': 'Tt' }"),
            "member 's' of type 'Ss' collides with base member 's'",
        ),
        (with("{ 'e': 'Ee' }", "e", "{ 'a': 'Vv' }"), "object Vv contains itself"),
    ];
    for (text, wanted) in cases {
        refused(&text, "10.0", &[wanted]);
    }
    let empty =
        "{ 'enum': 'No', 'data': [] } { 'union': 'Vv', 'base': { 'e': 'No' }, 'discriminator': 'e', 'data': {} }";
    refused(empty, "10.0", &["union has no branches"]);
    let nested =
        format!("{UNION} {{ 'union': 'Vv', 'base': {{ 'f': 'Ee' }}, 'discriminator': 'f', 'data': {{ 'a': 'Uu' }} }}");
    resolve(&nested, "10.0").expect("accepted");
    refused(&nested, "7.2", &["branch 'a' cannot use union type 'Uu'"]);
}

#[test]
fn alternates_are_checked() {
    let with = |data: &str| format!("{UNION} {{ 'alternate': 'Aa', 'data': {data} }}");
    for good in ["{ 'a': 'Ss', 'b': 'Ee', 'c': 'bool', 'd': 'int' }", "{ 'a': ['int'], 'b': 'null', 'c': 'Uu' }"] {
        resolve(&with(good), "7.2").expect("accepted");
    }
    let cases = [
        ("{ 'a': 'str', 'b': 'int' }", "branch 'b' can't be distinguished from 'a'"),
        ("{ 'a': 'bool', 'b': 'str' }", "branch 'b' can't be distinguished from 'a'"),
        ("{ 'a': 'Ee', 'b': 'str' }", "branch 'b' can't be distinguished from 'a'"),
        ("{ 'a': ['Ee'], 'b': ['str'] }", "branch 'b' can't be distinguished from 'a'"),
        ("{ 'a': 'any' }", "branch 'a' cannot use built-in type 'any'"),
        ("{ 'a': 'No' }", "branch 'a' uses unknown type 'No'"),
        ("{ 'a': 'Aa' }", "branch 'a' cannot use alternate type 'Aa'"),
    ];
    for (data, wanted) in cases {
        refused(&with(data), "10.0", &[wanted]);
    }
    for (value, other) in [("on", "bool"), ("1k", "number")] {
        let text = format!(
            "{{ 'enum': 'Ff', 'data': ['{value}'] }} {{ 'alternate': 'Aa', 'data': {{ 'a': 'Ff', 'b': '{other}' }} }}"
        );
        refused(&text, "10.0", &["branch 'b' can't be distinguished from 'a'"]);
    }
    refused(&with("{ 'a': ['int'] }"), "7.1", &["'data' member 'a' cannot be an array"]);
}

#[test]
fn commands_and_events_are_checked() {
    let cases = [
        ("{ 'command': 'c', 'data': 'No' }", "command's 'data' uses unknown type 'No'"),
        ("{ 'command': 'c', 'data': 'Ee' }", "command's 'data' cannot take enum type 'Ee'"),
        ("{ 'command': 'c', 'data': 'Uu' }", "command's 'data' can take union type 'Uu' only with 'boxed': true"),
        ("{ 'command': 'c', 'returns': 'int' }", "command's 'returns' cannot take built-in type 'int'"),
        ("{ 'command': 'c', 'returns': ['Ee'] }", "command's 'returns' cannot take array type ['Ee']"),
        ("{ 'command': 'c', 'returns': 'No' }", "command's 'returns' uses unknown type 'No'"),
        ("{ 'command': 'c', 'returns': ['No'] }", "command uses unknown type 'No'"),
        ("{ 'event': 'EV', 'data': 'str' }", "event's 'data' cannot take built-in type 'str'"),
        ("{ 'command': 'c', 'data': { 'x': 'No' } }", "parameter 'x' uses unknown type 'No'"),
        (
            "{ 'command': 'c', 'data': { 'x': { 'type': 'int', 'if': 'XX' } } }",
            "conditional command arguments require 'boxed': true",
        ),
    ];
    for (text, wanted) in cases {
        refused(&format!("{UNION}{text}"), "10.0", &[wanted]);
    }
    schema(&format!("{UNION} {{ 'command': 'c', 'data': 'Uu', 'boxed': true, 'returns': 'Uu' }}"));
    schema("{ 'pragma': { 'command-returns-exceptions': ['c'] } } { 'command': 'c', 'returns': ['int'] }");
    assert_eq!(schema("{ 'command': 'c', 'data': {} }").commands[0].arg, None);
}

#[test]
fn names_share_one_space() {
    let twice = "{ 'struct': 'Ss', 'data': {} } { 'enum': 'Ss', 'data': [] }";
    refused(twice, "10.0", &["'Ss' is already defined"]);
    refused("{ 'struct': 'QType', 'data': {} }", "10.0", &["enum type 'QType' is already defined"]);
    refused("{ 'command': 'int' }", "10.0", &["built-in type 'int' is already defined"]);
    schema("{ 'command': 'a-b' } { 'pragma': { 'command-name-exceptions': ['a_b'] } } { 'command': 'a_b' }");
    schema("{ 'struct': 'Ss', 'data': { 'a': 'strList', 'b': 'SsList', 'c': ['Ss'] } }");
    refused(
        "{ 'struct': 'Ss', 'data': { 'a': ['strList'] } }",
        "10.0",
        &["array element cannot be array type ['str']"],
    );
}

#[test]
fn other_rules() {
    let cases: [(&str, &[&str]); 6] = [
        ("{ 'struct': 'Ss', 'base': 'Ss', 'data': {} }", &["object Ss contains itself"]),
        (
            "{ 'struct': 'Ss', 'base': 'int', 'data': {} }",
            &["'base' requires a struct type, built-in type 'int' isn't"],
        ),
        ("{ 'struct': 'Ss', 'base': 'No', 'data': {} }", &["'base' uses unknown type 'No'"]),
        (
            "{ 'struct': 'Ss', 'data': {}, 'features': ['deprecated'] }",
            &["feature 'deprecated' is not supported for types"],
        ),
        ("{ 'command': 'c', 'features': ['a', 'a'] }", &["feature 'a' collides with feature 'a'"]),
        ("{ 'command': 'c', 'data': 'c' }", &["command's 'data' uses unknown type 'c'"]),
    ];
    for (text, wanted) in cases {
        refused(text, "10.0", wanted);
    }
    schema("{ 'struct': 'Ss', 'data': { '*next': 'Ss' } }");
    let many: Vec<String> = (0..63).map(|i| format!("'f{i}'")).collect();
    let many = format!("{{ 'command': 'c', 'features': [{}] }}", many.join(", "));
    refused(&many, "10.0", &["Maximum of 64 schema features is permitted"]);
    resolve(&many, "9.2").expect("accepted");
}

#[test]
fn a_mistake_is_reported_once() {
    let text = "{ 'struct': 'Bad', 'data': { 'X': 'int', 'y': { 'type': 'None', 'iff': 'A' } } }
                { 'struct': 'Worse' 'data': {} }
                { 'struct': 'User', 'base': 'Bad', 'data': { 'a': 'Worse', 'b': ['Bad'] } }
                { 'command': 'c', 'data': 'User', 'returns': ['Worse'] }
                { 'command': 'd', 'data': { 'x': 'No' } }";
    let found = resolve(text, "10.0").expect_err("refused");
    assert_eq!(
        found,
        [
            "expected ',' or '}'",
            "name of 'data' member 'X' must not use uppercase or '_'",
            "'data' member 'y' has unknown key 'iff'\nValid keys are 'features', 'if', 'type'.",
            "member 'y' uses unknown type 'None'",
            "parameter 'x' uses unknown type 'No'",
        ]
    );
    refused(
        "{ 'include': 'none.json' } { 'command': 'c', 'data': 'No' }",
        "10.0",
        &["can't read include file 'none.json': No such file or directory"],
    );
}
