//! Who may depend on whom. The table is the one of ARCHITECTURE.md; an edge that is not in it fails here.

use std::collections::{BTreeMap, BTreeSet};

/// Package, then what it may name among ours.
const MAY_USE: &[(&str, &[&str])] = &[
    ("qapi-gen", &[]),
    ("qapi-macros", &["qapi-gen"]),
    ("qapi-runtime", &["qapi-macros"]),
    ("qapi-schema", &["qapi-runtime", "qapi-gen"]),
    ("qapi-vmstate", &[]),
    ("qapi-memory", &[]),
    ("qapi-kvm", &["qapi-memory", "qapi-vmstate"]),
    ("qapi-devices", &["qapi-memory", "qapi-vmstate"]),
    ("qapi-migration", &["qapi-memory", "qapi-vmstate"]),
    ("qapi-machine", &["qapi-kvm", "qapi-devices", "qapi-memory", "qapi-vmstate"]),
    (
        "qapi-emulator",
        &["qapi-machine", "qapi-migration", "qapi-schema", "qapi-runtime", "qapi-memory", "qapi-vmstate"],
    ),
];

/// Foreign crates that a package must not reach directly, with the reason in DESIGN terms.
const MUST_NOT_USE: &[(&str, &[&str])] = &[
    ("qapi-kvm", &["tokio"]),
    ("qapi-devices", &["tokio", "kvm-ioctls", "kvm-bindings"]),
    ("qapi-memory", &["tokio", "kvm-ioctls", "kvm-bindings"]),
    ("qapi-vmstate", &["tokio", "kvm-ioctls", "kvm-bindings"]),
    ("qapi-migration", &["tokio", "kvm-ioctls", "kvm-bindings"]),
    ("qapi-machine", &["tokio", "kvm-ioctls"]),
    ("qapi-emulator", &["kvm-ioctls", "kvm-bindings"]),
    ("qapi-gen", &["tokio", "serde", "pest_derive", "pest_generator"]),
];

/// Direct dependencies per package; development dependencies are free.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = qapi_tidy::metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let name = package["name"].as_str().expect("name").to_owned();
            let used = package["dependencies"].as_array().expect("dependencies").iter();
            let used = used.filter(|d| d["kind"].as_str() != Some("dev"));
            (name, used.map(|d| d["name"].as_str().expect("name").to_owned()).collect())
        })
        .collect()
}

#[test]
fn ours_depend_in_one_direction() {
    let edges = edges();
    for (package, allowed) in MAY_USE {
        let used = edges.get(*package).unwrap_or_else(|| panic!("no package {package}: mend MAY_USE"));
        for name in used.iter().filter(|name| MAY_USE.iter().any(|(ours, _)| ours == name)) {
            assert!(allowed.contains(&name.as_str()), "{package} must not depend on {name}");
        }
    }
}

#[test]
fn foreign_crates_stay_out_of_leaf_crates() {
    let edges = edges();
    for (package, banned) in MUST_NOT_USE {
        for name in *banned {
            assert!(!edges[*package].contains(*name), "{package} must not depend on {name}");
        }
    }
}

#[test]
fn every_product_package_is_in_the_table() {
    for name in edges().keys() {
        let of_tests = [
            "qapi-tidy",
            "qapi-test-support",
            "qapi-golden",
            "qapi-interop",
            "qapi-conformance",
            "qapi-vm-tests",
            "qapi-perf",
            "qapi-fuzz-replay",
        ];
        let known = MAY_USE.iter().any(|(ours, _)| ours == name) || of_tests.contains(&name.as_str());
        assert!(known, "{name} has no row in MAY_USE");
    }
}
