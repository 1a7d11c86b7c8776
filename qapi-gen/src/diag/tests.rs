//! Tests of the renderers and of the table of rules.

use super::*;
use crate::source::FileId;

fn sample() -> Diagnostics {
    let mut map = SourceMap::default();
    map.add("a.json".into(), "{ 'include': 'b.json' }\n".into(), None);
    let from = Span::new(FileId(0), 0, 1);
    map.add("b.json".into(), "{ 'struct': 'X',\n\t'y': 1 }\n".into(), Some(from));
    let at = |start, end| Span::new(FileId(1), start, end);
    let list = vec![
        Diagnostic::new(&catalogue::KEY_UNKNOWN, "struct has unknown key 'y'", at(18, 21)).inside(
            "struct",
            "X",
            at(0, 1),
        ),
        Diagnostic::syntax(&catalogue::STRAY_TEXT, "stray '1'", at(23, 24)),
    ];
    Diagnostics::new(Arc::new(map), list)
}

#[test]
fn gnu_names_the_definition_and_its_line() {
    assert_eq!(
        sample().render(Format::Gnu),
        "In file included from a.json:1:\n\
         b.json: In struct 'X':\n\
         b.json:1: error: struct has unknown key 'y'\n\
         In file included from a.json:1:\n\
         b.json:2:6: error: stray '1'\n"
    );
}

#[test]
fn people_see_the_exact_place() {
    let text = sample().render(Format::Human);
    assert!(text.starts_with("error[key-unknown]: struct has unknown key 'y'\n"), "{text}");
    assert!(text.contains(" --> b.json:2:9   (included from a.json:1)\n"), "{text}");
    assert!(text.contains("2 |         'y': 1 }\n  |         ^^^\n"), "{text}");
    assert!(text.contains("  = in struct 'X'\n"), "{text}");
}

#[test]
fn json_is_one_object_per_line() {
    let text = sample().render(Format::Json);
    assert_eq!(text.lines().count(), 2);
    assert!(text.contains("\"line\":2,\"column\":9"), "{text}");
    assert!(text.contains("\"definition\":{\"meta\":\"struct\",\"name\":\"X\"}"), "{text}");
}

#[test]
fn ids_are_unique_and_in_kebab_case() {
    let mut ids: Vec<_> = catalogue::ALL.iter().map(|rule| rule.id).collect();
    let kebab = |id: &str| id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    assert!(ids.iter().all(|id| kebab(id)));
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn misspelt_names_are_guessed() {
    let known = ["Colour", "Light", "LightInfo"];
    let guess = |name| similar(name, known.into_iter());
    assert_eq!(guess("Color"), Some("Colour"));
    assert_eq!(guess("light"), Some("Light"));
    assert_eq!(guess("LightInfos"), Some("LightInfo"));
    assert_eq!(guess("Shade"), None);
}
