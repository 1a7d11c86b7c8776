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
