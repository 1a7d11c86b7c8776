//! Small schemas that releases of QEMU judge differently: verdict, place and words of the first mistake are those that
//! the release's own front end gave.
//!
//! `cases.txt` holds them: `---- NAME`, the schema, then `==== RELEASES` and what is said, as often as releases differ.
//! A line that ends in a backslash ends the file without a newline.

use std::fmt::Write as _;
use std::path::Path;

use qapi_gen::{Diagnostics, Dialect, Format, MemoryLoader, analyse};

/// What QEMU would print for the first mistake, or `accepted`.
fn verdict(schema: &str, dialect: Dialect) -> String {
    let loader = MemoryLoader::new().with("root.json", schema);
    let Err(found) = analyse(&loader, Path::new("root.json"), Some(dialect)).result else {
        return "accepted\n".to_owned();
    };
    let first = found.iter().next().expect("a refusal has a reason").clone();
    let text = Diagnostics::new(found.sources().clone(), vec![first]).render(Format::Gnu);
    text.replace(": error: ", ": ").replace(": note: ", ": ")
}

#[test]
fn releases_agree_with_themselves() {
    let (mut wrong, mut count) = (String::new(), 0);
    for case in include_str!("cases.txt").split("---- ").skip(1) {
        let (head, verdicts) = case.split_once("\n==== ").expect("a case has a verdict");
        let (name, schema) = head.split_once('\n').expect("a case has a name and a schema");
        let schema = schema.strip_suffix('\\').map_or_else(|| format!("{schema}\n"), str::to_owned);
        for expected in verdicts.split("\n==== ") {
            let (releases, expected) = expected.split_once('\n').expect("a verdict has releases");
            for release in releases.split(' ') {
                let found = verdict(&schema, release.parse().expect("a release"));
                count += 1;
                if found.trim_end() != expected.trim_end() {
                    let _ = write!(wrong, "{name}, {release}:\n  expected {expected}\n  found    {found}\n");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count > 500, "only {count} verdicts were compared");
}
