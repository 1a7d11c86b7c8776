//! Introspection against QEMU's own: every entity, in QEMU's order, under three configurations.

use std::path::Path;

use qapi_gen::{DiskLoader, Settings};
use serde_json::Value;

/// Our introspection and QEMU's recorded one agree entity by entity.
fn agrees(schema: &Path, recorded: &Path, settings: &Settings) {
    let ours = qapi_gen::introspect(schema, settings, &DiskLoader).unwrap_or_else(|errors| panic!("{errors}"));
    let ours: Vec<Value> = serde_json::from_str(&ours).unwrap();
    let text = std::fs::read_to_string(recorded).unwrap();
    let theirs: Vec<Value> = serde_json::from_str(&text).unwrap();
    for (index, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(ours, theirs, "{}: entity {index}", recorded.display());
    }
    assert_eq!(ours.len(), theirs.len(), "{}", recorded.display());
}

#[test]
fn introspection_is_qemus() {
    let Some(corpus) = qapi_test_support::corpus("introspection_is_qemus") else {
        return;
    };
    let tree = corpus.join("qemu-7.2");
    let linux = std::fs::read_to_string(tree.join("introspect/linux.cfg")).unwrap();
    let linux = linux.split_whitespace().fold(Settings::new(), Settings::cfg);
    for (schema, file) in [("qapi", "qapi/qapi-schema.json"), ("qga", "qga/qapi-schema.json")] {
        for (name, settings) in
            [("all", Settings::new().cfg("all")), ("none", Settings::new()), ("linux", linux.clone())]
        {
            let recorded = tree.join(format!("introspect/{schema}-{name}.json"));
            agrees(&tree.join(file), &recorded, &settings.unmask(true));
        }
    }
}

/// The part of `ours` that `theirs` has too, compared by `key`.
fn common<'a>(ours: &'a Value, theirs: &Value, key: &str) -> Vec<&'a Value> {
    let all = |list: &'a Value| list.as_array().map(Vec::as_slice).unwrap_or_default();
    let named = |ours: &&Value| theirs.as_array().is_some_and(|list| list.iter().any(|v| v[key] == ours[key]));
    all(ours).iter().filter(named).collect()
}

/// A running QEMU shows less than the schema with all conditions true, but under the same masked names in the same order.
#[test]
fn masked_names_are_those_of_a_running_qemu() {
    let Some(corpus) = qapi_test_support::corpus("masked_names_are_those_of_a_running_qemu") else { return };
    let tree = corpus.join("qemu-7.2");
    let schema = tree.join("qapi/qapi-schema.json");
    let ours = qapi_gen::introspect(&schema, &Settings::new().cfg("all"), &DiskLoader).unwrap();
    let ours: Vec<Value> = serde_json::from_str(&ours).unwrap();
    let text = std::fs::read_to_string(tree.join("introspect/captured-7.2.0-x86_64.json")).unwrap();
    // The file holds the version, then the answer.
    let captured: Value = serde_json::from_str(&text).unwrap();
    let captured = captured[1].as_array().unwrap();
    let mut rest = ours.iter();
    for theirs in captured {
        let ours =
            rest.find(|ours| ours["name"] == theirs["name"]).unwrap_or_else(|| panic!("{theirs} is not in order"));
        for key in ["meta-type", "arg-type", "ret-type", "element-type", "json-type", "tag", "allow-oob"] {
            assert_eq!(ours[key], theirs[key], "{key} of {theirs}");
        }
        if theirs["meta-type"] == "object" {
            for (list, key) in [("members", "name"), ("variants", "case")] {
                let theirs_list: Vec<_> = theirs[list].as_array().into_iter().flatten().collect();
                assert_eq!(common(&ours[list], &theirs[list], key), theirs_list, "{list} of {theirs}");
            }
        }
    }
}
