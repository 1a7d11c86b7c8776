//! Tests of expressions: positions, wording, recovery, files; and of the grammar as a whole.

use super::grammar::{Grammar, Rule};
use super::{Item, Loaded, load};
use crate::diag::{Diagnostics, Format};
use crate::source::MemoryLoader;
use pest::Parser as _;
use std::path::Path;
use std::sync::Arc;

fn loaded(files: &[(&str, &str)]) -> Loaded {
    let loader = files.iter().fold(MemoryLoader::new(), |loader, (path, text)| loader.with(path, *text));
    load(&loader, Path::new("a.json"))
}

/// All mistakes in syntax and includes, in GNU style.
fn mistakes(files: &[(&str, &str)]) -> String {
    told(loaded(files))
}

fn told(mut loaded: Loaded) -> String {
    let list = loaded.items.iter().filter_map(|(_, item)| match item {
        Item::Broken { diagnostic, .. } => Some(diagnostic.clone()),
        _ => None,
    });
    let list = list.collect();
    Diagnostics::new(Arc::new(std::mem::take(&mut loaded.sources)), list).render(Format::Gnu)
}

fn mistake(text: &str) -> String {
    mistakes(&[("a.json", text)])
}

#[test]
fn bytes_that_are_no_text_have_a_place() {
    let loader = MemoryLoader::new().with("a.json", "{ 'include': 'b.json' }\n").with("b.json", b"# \xc3\xa4\n#\xff\n");
    let found = |root: &str| told(load(&loader, Path::new(root)));
    assert_eq!(found("b.json"), "b.json:2:2: error: this is not UTF-8 text\n");
    let included = found("a.json");
    assert!(included.contains("a.json:1") && included.ends_with(&found("b.json")), "{included}");
}

#[test]
fn what_may_stand_somewhere_is_said_as_in_qemu() {
    let cases = [
        ("{ 1", "1:3: error: stray '1'"),
        ("{ true", "1:3: error: expected string or '}'"),
        ("{ 'a' 'b' }", "1:7: error: expected ':'"),
        ("{ 'a': }", "1:8: error: expected '{', '[', string, or boolean"),
        ("{ 'a': 'b' 'c' }", "1:12: error: expected ',' or '}'"),
        ("{ 'a': 'b', }", "1:13: error: expected string"),
        ("{ 'a': [ , ] }", "1:10: error: expected '{', '[', ']', string, or boolean"),
        ("{ 'a': [ 'b', ] }", "1:15: error: expected '{', '[', string, or boolean"),
        ("{ 'a': [ 'b' 'c' ] }", "1:14: error: expected ',' or ']'"),
        ("{ 'a': [ 'b'\n\n", "2:1: error: expected ',' or ']'"),
        ("{ 'a': 'b'", "1:11: error: expected ',' or '}'"),
        ("{ 'a': falsex }", "1:13: error: stray 'x'"),
        ("{ 'a': 'x\n' }", "1:8: error: missing terminating \"'\""),
        ("{ 'a': 'x\\n' }", "1:8: error: unknown escape \\n"),
        ("{ 'a': 'é' }", "1:8: error: funny character in string"),
        ("{ 'a': \"b\" }", "1:8: error: stray '\"b\"'"),
        ("{\t'a': 'b', 'a': 'c' }", "1:17: error: duplicate key 'a'"),
        ("{ 'a':\n##\n# x\n##\n'b' }", "2:1: error: expected '{', '[', string, or boolean"),
        ("\u{feff}{}", "1:1: error: stray '\u{feff}'"),
        ("}", "1:1: error: expected '{', '[', string, or boolean"),
    ];
    for (text, wanted) in cases {
        let found = mistake(text);
        let first = found.lines().next().unwrap_or("");
        assert_eq!(first, format!("a.json:{wanted}"), "{text:?}");
    }
}

#[test]
fn top_level_must_be_an_object() {
    let wanted = "a.json:2: error: top-level expression must be an object\n";
    assert_eq!(mistake("# text\n[ 'a' ]"), wanted);
    assert_eq!(mistake("\n'a'"), wanted);
}

#[test]
fn blanks_and_line_ends_are_pythons() {
    assert_eq!(mistake(""), "");
    assert_eq!(mistake("\u{c}{\u{a0}'struct':\r\n'A'\r}\u{2028}# end"), "");
    assert_eq!(mistake("{ 'struct': 'A\\\\' }"), "");
}

#[test]
fn reading_goes_on_behind_a_mistake() {
    let text =
        "{ 'struct': 'A' 'data': {} }\n{ 'struct': 'B', 'data': {} }\n{ 'enum': 'C', \n\n##\n# text\n##\n{ 'x' }\n";
    let found = mistake(text);
    let lines: Vec<&str> = found.lines().collect();
    assert_eq!(
        lines,
        [
            "a.json:1:17: error: expected ',' or '}'",
            "a.json:5:1: error: expected string",
            "a.json:8:7: error: expected ':'",
        ]
    );
    let items = loaded(&[("a.json", text)]).items;
    let definitions = items.iter().filter(|(_, item)| matches!(item, Item::Definition(_))).count();
    assert_eq!(definitions, 1);
}

#[test]
fn includes_are_read_once_in_place() {
    let loaded = loaded(&[
        ("a.json", "{ 'include': 'd/b.json' } { 'include': 'd/../d/b.json' } { 'enum': 'A' }"),
        ("d/b.json", "{ 'include': '../c.json' } { 'enum': 'B' }"),
        ("c.json", "{ 'enum': 'C' }"),
    ]);
    let names: Vec<&str> = loaded.modules.iter().map(|module| module.name.as_str()).collect();
    assert_eq!(names, ["a.json", "d/b.json", "c.json"]);
    let enums: Vec<&str> = loaded
        .items
        .iter()
        .filter_map(|(_, item)| match item {
            Item::Definition(value) => value.get("enum")?.as_str(),
            _ => None,
        })
        .collect();
    assert_eq!(enums, ["C", "B", "A"]);
}

#[test]
fn bad_includes_are_located() {
    let found = mistakes(&[
        (
            "a.json",
            "{ 'include': 'b.json' }\n{ 'include': 'none.json' }\n{ 'include': ['x'] }\n{ 'include': 'x', 'y': 'z' }",
        ),
        ("b.json", "\n{ 'include': 'a.json' }"),
    ]);
    let wanted = "In file included from a.json:1:\n\
                  b.json:2: error: inclusion loop for a.json\n\
                  a.json:2: error: can't read include file 'none.json': No such file or directory\n\
                  a.json:3: error: value of 'include' must be a string\n\
                  a.json:4: error: invalid 'include' directive\n";
    assert_eq!(found, wanted);
}

#[test]
fn unreadable_roots_are_reported() {
    let found = load(&MemoryLoader::new(), Path::new("none.json"));
    assert_eq!(found.read, [Path::new("none.json")]);
    assert!(matches!(&found.items[..], [(_, Item::Broken { diagnostic: d, .. })] if d.id() == "file-unreadable"));
}

/// The grammar of a whole file agrees with reading piece by piece.
#[test]
fn whole_files_follow_the_grammar() {
    let texts = [
        "",
        "# comment\n{ 'enum': 'A', 'data': [ 'a', { 'name': 'b' } ] }",
        "##\n# text\n##\n{ 'a': [] }{ 'b': {} }\n##\n# @x:\n#\n# y\n##\n{ 'c': true }\n",
    ];
    for text in texts {
        let pairs = Grammar::parse(Rule::schema, text).unwrap_or_else(|error| panic!("{text:?}: {error:?}"));
        let inner = pairs.flatten().filter(|pair| pair.as_rule() == Rule::doc).count();
        let items = loaded(&[("a.json", text)]).items;
        let docs = items.iter().filter(|(_, item)| matches!(item, Item::Doc(_))).count();
        assert_eq!(inner, docs, "{text:?}");
    }
    assert!(Grammar::parse(Rule::schema, "##\n# text\n").is_err());
}
