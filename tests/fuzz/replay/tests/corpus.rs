//! Every kept input of every fuzz target, again.

use std::fs;
use std::path::{Path, PathBuf};

use qapi_fuzz_replay::TARGETS;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus")
}

#[test]
fn kept_inputs_are_harmless() {
    for (name, target) in TARGETS {
        let mut count = 0;
        for entry in fs::read_dir(folder().join(name)).unwrap_or_else(|error| panic!("corpus/{name}: {error}")) {
            let path = entry.unwrap().path();
            let input = fs::read(&path).unwrap();
            if std::panic::catch_unwind(|| target(&input)).is_err() {
                panic!("{}", path.display());
            }
            count += 1;
        }
        assert!(count > 0, "corpus/{name} is empty");
    }
}

#[test]
fn every_folder_and_every_target_has_a_namesake() {
    let named = |name: &str| TARGETS.iter().any(|(target, _)| *target == name);
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(named(&name), "corpus/{name} has no target");
    }
    for (name, _) in TARGETS {
        let path = folder().with_file_name("fuzz_targets").join(format!("{name}.rs"));
        assert!(path.is_file(), "no {}", path.display());
    }
}
