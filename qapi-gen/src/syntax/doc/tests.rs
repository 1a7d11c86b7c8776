//! Tests of both grammars of documentation text.

use super::*;

fn parse(text: &str, release: &str) -> Result<Vec<Doc>, String> {
    let dialect: Dialect = release.parse().map_err(|error| format!("{error}"))?;
    let block = Block::find(FileId(0), text, 0);
    block.parse(text, dialect).map_err(|found| {
        let line = found.span.map_or(0, |span| text[..span.start as usize].matches('\n').count() + 1);
        format!("{line}: {}", found.message)
    })
}

/// A comment from lines without their `#`.
fn comment(lines: &[&str]) -> String {
    let body: String =
        lines.iter().map(|line| if line.is_empty() { "#\n".to_owned() } else { format!("# {line}\n") }).collect();
    format!("##\n{body}##\n")
}

fn one(lines: &[&str], release: &str) -> Doc {
    parse(&comment(lines), release).expect("accepted").remove(0)
}

fn refused(lines: &[&str], release: &str) -> String {
    parse(&comment(lines), release).expect_err("refused")
}

fn pairs(sections: &[Section]) -> Vec<(&str, &str)> {
    sections.iter().map(|section| (section.name.as_str(), section.text.as_str())).collect()
}

const NEW: &[&str] = &[
    "@lamp:",
    "",
    "Controls a lamp.",
    "",
    "@lit: whether it",
    "    shines",
    "",
    "@colour: its colour",
    "",
    "Features:",
    "",
    "@dim: can be dimmed",
    "",
    "Returns: nothing much",
    "",
    "Plain text",
    "goes on.",
    "",
    "Since: 1.0",
];

#[test]
fn indented_comments_have_sections() {
    for release in ["9.0", "10.0", "10.2"] {
        let doc = one(NEW, release);
        assert_eq!(doc.symbol.as_deref(), Some("lamp"));
        assert_eq!(doc.body, "Controls a lamp.");
        assert_eq!(pairs(&doc.args), [("lit", "whether it\nshines"), ("colour", "its colour")]);
        assert_eq!(pairs(&doc.features), [("dim", "can be dimmed")]);
        let sections = [("Returns", "nothing much"), ("", "Plain text\ngoes on."), ("Since", "1.0")];
        assert_eq!(pairs(&doc.sections), sections);
    }
}

#[test]
fn older_comments_have_sections() {
    let doc = one(
        &[
            "@lamp:",
            "",
            "Controls a lamp.",
            "@lit: whether it",
            "      shines",
            "",
            "Features:",
            "@dim: can be dimmed",
            "",
            "Plain text",
            "Returns: nothing",
            "         much",
            "Since: 1.0",
        ],
        "7.2",
    );
    assert_eq!(doc.body, "Controls a lamp.");
    assert_eq!(pairs(&doc.args), [("lit", "whether it\nshines")]);
    assert_eq!(pairs(&doc.features), [("dim", "can be dimmed")]);
    assert_eq!(pairs(&doc.sections), [("", "Plain text"), ("Returns", "nothing\nmuch"), ("Since", "1.0")]);
}

#[test]
fn headings_split_older_free_form_text() {
    let docs = parse(&comment(&["= One", "text", "= Two"]), "5.2").expect("accepted");
    let bodies: Vec<&str> = docs.iter().map(|doc| doc.body.as_str()).collect();
    assert_eq!(bodies, ["= One\ntext", "= Two"]);
    assert_eq!(refused(&["text", "", "= Two"], "10.0"), "4: '=' heading must come first in a comment block");
    assert_eq!(one(&["text", "", "= Two"], "10.2").body, "text\n\n= Two");
}

#[test]
fn the_frame_of_a_comment_is_checked() {
    for release in ["7.2", "10.0"] {
        let found = |text: &str| parse(text, release).expect_err("refused");
        assert_eq!(found("## x\n# a\n##\n"), "1: junk after '##' at start of documentation comment");
        assert_eq!(found("##\n# a\n## x\n"), "3: junk after '##' at end of documentation comment");
        assert_eq!(found("##\n#a\n##\n"), "2: missing space after #");
        assert_eq!(found("##\n# a\n"), "2: documentation comment must end with '##'");
        assert_eq!(found("##\n# a\n\n{}\n"), "4: documentation comment must end with '##'");
        assert_eq!(found("##\n# @a\n##\n"), "2: line should end with ':'");
        assert_eq!(found("##\n# @:\n##\n"), "2: name required after '@'");
    }
}

#[test]
fn older_mistakes_are_found() {
    let cases: [(&[&str], &str); 8] = [
        (&["@a:", "@b: x", "y"], "4: unexpected de-indent (expected at least 4 spaces)"),
        (&["@a:", "@b: x", "@b: y"], "4: 'b' parameter name duplicated"),
        (&["@a:", "Since: 1", "Since: 2"], "4: duplicated 'Since' section"),
        (&["@a:", "Note:", "Since: 1"], "4: empty doc section 'Note'"),
        (&["@a:", "Note: x", "@b: y"], "4: '@b:' can't follow 'Note' section"),
        (&["text", "@b: y"], "3: '@b:' not allowed in free-form documentation"),
        (&["@a:", "= H"], "3: unexpected '=' markup in definition documentation"),
        (&["@a:", "@: x"], "3: invalid parameter name"),
    ];
    for (lines, wanted) in cases {
        assert_eq!(refused(lines, "7.2"), wanted, "{lines:?}");
    }
}

#[test]
fn newer_mistakes_are_found() {
    let cases: [(&[&str], &str); 10] = [
        (&["@a:", "", "@b: x", "    y", "  z"], "6: unexpected de-indent (expected at least 4 spaces)"),
        (&["@a:", "", "@b: x", "@b: y"], "5: 'b' parameter name duplicated"),
        (&["@a:", "", "Since: 1", "", "Since: 2"], "6: duplicated 'Since' section"),
        (&["@a:", "", "Errors:", "", "Since: 1"], "4: text required after 'Errors:'"),
        (&["@a:", "", "@b:"], "4: text required after 'Member:'"),
        (&["@a:", "", "Since: 1", "", "@b: y"], "6: description of '@b:' follows a section"),
        (&["text", "@b: y"], "3: '@b:' not allowed in free-form documentation"),
        (&["@a:", "", "= H"], "4: unexpected '=' markup in definition documentation"),
        (&["@a:", "", "Features:", "text"], "5: feature descriptions expected"),
        (&["@a:", "", "Features:", "@b: x", "", "Features:"], "7: duplicated 'Features:' line"),
    ];
    for (lines, wanted) in cases {
        assert_eq!(refused(lines, "10.0"), wanted, "{lines:?}");
    }
    assert!(refused(&["@a:", "", "Note: x"], "9.1").contains("no longer supported"));
    assert_eq!(pairs(&one(&["@a:", "", "Note: x"], "9.0").sections), [("Note", "x")]);
}

#[test]
fn a_later_de_indent_ends_an_item() {
    let doc = one(&["@a:", "", "@b: x", "    y", "    z", "text"], "10.0");
    assert_eq!(pairs(&doc.args), [("b", "x\ny\nz")]);
    assert_eq!(pairs(&doc.sections), [("", "text")]);
}

#[test]
fn layout_is_checked_in_the_newest_dialect_only() {
    let wide = "x".repeat(69);
    assert_eq!(refused(&[&wide], "10.2"), "2: documentation line longer than 70 characters");
    assert_eq!(
        refused(&["One. Two."], "10.2"),
        "2: Use two spaces between sentences\nIf this not the end of a sentence, please report a bug."
    );
    let url = format!("https://{wide}");
    for fine in [&[url.as_str()][..], &["One.  Two."], &["e.g. This"], &["1. Point"], &["::", "", "  One. Two."]] {
        one(fine, "10.2");
        one(&[&wide, "One. Two."], "10.0");
    }
    assert!(parse(&comment(&["::", "", "  One. Two.", "", "Three. Four."]), "10.2").is_err());
}

/// Long lists are found by an index, short ones are looked through: every length must behave the same.
#[test]
fn descriptions_are_found_by_name_however_many_there_are() {
    for (count, release) in [(3, "7.2"), (3, "10.0"), (200, "7.2"), (200, "10.0")] {
        let described: Vec<String> = (0..count).map(|number| format!("@m{number}: text {number}")).collect();
        let mut lines = vec!["@lamp:", "", "A lamp.", ""];
        lines.extend(described.iter().flat_map(|line| [line.as_str(), ""]));
        let doc = one(&lines, release);
        assert_eq!(doc.args.len(), count);
        for number in 0..count {
            // Looked for where it is not, so that its name has to lead to it.
            let found = doc.args.find(count, &format!("m{number}")).expect("described");
            assert_eq!(found.text, format!("text {number}"));
        }
        assert!(doc.args.find(0, "absent").is_none());
        for again in [0, count - 1] {
            let twice = format!("@m{again}: again");
            let lines: Vec<&str> = lines.iter().copied().chain([twice.as_str()]).collect();
            let message = refused(&lines, release);
            assert!(message.ends_with(&format!("'m{again}' parameter name duplicated")), "{message}");
        }
    }
}
