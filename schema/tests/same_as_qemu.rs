//! Every definition of our schema is QEMU 7.2's: same module, name, members, types, order, conditions, features and flags.
//!
//! Needs QEMU's own schema: `QAPI_CORPUS` names a directory that holds `qemu-7.2/qapi/*.json`. Skips by name without it.

use std::collections::BTreeMap;
use std::path::Path;

/// Definitions of a directory of schema files: "module/kind name" to the expression without spaces and comments.
fn definitions(directory: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(directory).expect("the directory can be listed") {
        let path = entry.expect("an entry can be read").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let module = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a schema file can be read");
        for expression in expressions(&text) {
            let Some(name) = definition_name(&expression) else {
                continue;
            };
            let earlier = found.insert(format!("{module}/{name}"), expression);
            assert_eq!(earlier, None, "{name} is defined twice");
        }
    }
    found
}

/// The top-level expressions of a schema file, without comments and without spaces outside of strings.
fn expressions(text: &str) -> Vec<String> {
    let (mut all, mut depth, mut quoted, mut comment) = (Vec::new(), 0, false, false);
    let mut current = String::new();
    for c in text.chars() {
        if comment {
            comment = c != '\n';
            continue;
        }
        match c {
            '\'' => quoted = !quoted,
            '#' if !quoted => {
                comment = true;
                continue;
            }
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        if quoted || !c.is_whitespace() {
            current.push(c);
        }
        if depth == 0 && !current.is_empty() {
            all.push(std::mem::take(&mut current));
        }
    }
    assert!(current.is_empty(), "unbalanced brackets");
    all
}

/// "kind name" of a definition, from its first member; nothing for a directive.
fn definition_name(expression: &str) -> Option<String> {
    let mut words = expression.split('\'').skip(1).step_by(2);
    let kind = words.next()?;
    let defines = ["struct", "enum", "union", "alternate", "command", "event"];
    defines.contains(&kind).then(|| format!("{kind} {}", words.next().unwrap_or_default()))
}

#[test]
fn same_as_qemu() {
    let Some(corpus) = qapi_test_support::corpus("same_as_qemu") else {
        return;
    };
    let ours = definitions(Path::new(env!("CARGO_MANIFEST_DIR")));
    let theirs = definitions(&corpus.join("qemu-7.2/qapi"));
    assert!(ours.len() > 60, "only {} definitions of ours were found", ours.len());
    let differences: Vec<String> = ours
        .iter()
        .filter(|(name, expression)| theirs.get(*name) != Some(expression))
        .map(|(name, expression)| match theirs.get(name) {
            Some(other) => format!("{name}:\n  ours   {expression}\n  QEMU's {other}"),
            None => format!("{name}: QEMU 7.2 has no such definition in this module"),
        })
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn differences_would_be_seen() {
    let [ours, theirs] = ["{ 'command': 'x', # c\n 'data': {'a': 'int' } }", "{'command':'x','data':{'*a':'int'}}"];
    assert_ne!(expressions(ours), expressions(theirs));
    assert_eq!(expressions(ours), ["{'command':'x','data':{'a':'int'}}"]);
    assert_eq!(definition_name(&expressions(ours)[0]).as_deref(), Some("command x"));
    assert_eq!(definition_name("{'include':'x.json'}"), None);
}
