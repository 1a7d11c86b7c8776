//! Rules every source file keeps.

use qapi_tidy::{root, rust_files};

/// Folders that hold source of ours.
const FOLDERS: &[&str] = &["qapi-gen", "qapi-macros", "runtime", "schema", "examples", "tests"];

fn sources() -> Vec<(String, String)> {
    let root = root();
    FOLDERS
        .iter()
        .flat_map(|folder| rust_files(&root.join(folder)))
        .map(|path| {
            let name = path.strip_prefix(&root).expect("below the root").display().to_string();
            (name, std::fs::read_to_string(&path).expect("UTF-8 source"))
        })
        .collect()
}

fn complain(rule: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}

#[test]
fn files_say_what_they_are_for() {
    let offenders: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| !text.lines().take(3).any(|line| line.starts_with("//!")))
        .map(|(name, _)| name)
        .collect();
    complain("files without a //! line", &offenders);
}

#[test]
fn files_fit_one_concern() {
    // The parser that pest generates is one expression tree and is not read by people.
    let generated = "qapi-gen/src/syntax/grammar.rs";
    let offenders: Vec<_> = sources()
        .into_iter()
        .filter(|(name, text)| name != generated && text.lines().count() > 700)
        .map(|(name, text)| format!("{name} ({} lines)", text.lines().count()))
        .collect();
    complain("files over 700 lines", &offenders);
}

#[test]
fn unsafe_stays_where_it_is_marked() {
    let offenders: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains("unsafe {") && !text.contains("SAFETY:"))
        .map(|(name, _)| name)
        .collect();
    complain("unsafe without a SAFETY line", &offenders);
}

#[test]
fn architecture_names_every_folder() {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let mut missing = Vec::new();
    for parent in ["runtime", "tests", "examples", "qapi-gen/src"] {
        for entry in std::fs::read_dir(root().join(parent)).expect("folder") {
            let entry = entry.expect("entry");
            let name = entry.file_name().into_string().expect("UTF-8 name");
            if entry.path().is_dir() && name != "target" && !page.contains(&format!("{name}/")) {
                missing.push(format!("{parent}/{name}"));
            }
        }
    }
    complain("folders ARCHITECTURE.md does not name", &missing);
}
