//! The markup renderer: each form, and any text at all.

use super::{Links, example, render, render_with, summary};
use proptest::prelude::*;

/// Links to nothing.
const NONE: Links<'_> = Links { marked: &|_| None, words: &|_| None };

fn html(text: &str) -> String {
    let known = |name: &str| ["lamp-on", "Lamp", "lit"].contains(&name).then(|| format!("p.html#{name}"));
    render(text, Links { marked: &known, words: &known }).trim_end().to_owned()
}

#[test]
fn inline_markup() {
    for (from, to) in [
        ("set ``a<b``", "<p>set <code>a&lt;b</code></p>"),
        ("use ``lamp-on``", "<p>use <a href=\"p.html#lamp-on\"><code>lamp-on</code></a></p>"),
        ("see @Lamp.", "<p>see <a href=\"p.html#Lamp\"><code>Lamp</code></a>.</p>"),
        ("@unknown's", "<p><code>unknown</code>&#39;s</p>"),
        ("A Lamp by lamp-on, lamp-on/x", "<p>A Lamp by <a href=\"p.html#lamp-on\">lamp-on</a>, lamp-on/x</p>"),
        ("me@example.org", "<p>me@example.org</p>"),
        ("is *not* so", "<p>is <em>not</em> so</p>"),
        ("is **not** so", "<p>is <strong>not</strong> so</p>"),
        ("cylinders*heads*sectors", "<p>cylinders*heads*sectors</p>"),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
        ("escaped \\*star\\*", "<p>escaped *star*</p>"),
        ("see `Lamp`", "<p>see <a href=\"p.html#Lamp\">Lamp</a></p>"),
        (":doc:`The spec </interop/spec>`", "<p><cite>The spec</cite></p>"),
        ("`site <https://a.org/b>`_", "<p><a href=\"https://a.org/b\" rel=\"noreferrer\">site</a></p>"),
        ("(https://a.org/b_c).", "<p>(<a href=\"https://a.org/b_c\" rel=\"noreferrer\">https://a.org/b_c</a>).</p>"),
        ("`x <javascript:alert(1)>`_", "<p><cite>x</cite></p>"),
        ("an odd ` tick and an odd * star", "<p>an odd ` tick and an odd * star</p>"),
        ("<script>&\"'\u{0}", "<p>&lt;script&gt;&amp;&quot;&#39;\u{fffd}</p>"),
    ] {
        assert_eq!(html(from), to, "{from}");
    }
}

#[test]
fn paragraphs_and_literals() {
    assert_eq!(html("one\ntwo\n\nthree"), "<p>one two</p>\n<p>three</p>");
    assert_eq!(
        html("Usage::\n\n    lamp *on*\n      now\n\nThen."),
        "<p>Usage:</p>\n<pre><code>lamp *on*\n  now</code></pre>\n<p>Then.</p>"
    );
    assert_eq!(html("::\n\n  raw"), "<pre><code>raw</code></pre>");
    assert_eq!(html("Text\n\n  set in"), "<p>Text</p>\n<div class=\"indented\">\n<p>set in</p>\n</div>");
}

#[test]
fn lists() {
    assert_eq!(
        html("- one\n  more\n- two\n\n  para\n\nafter"),
        "<ul>\n<li>one more</li>\n<li><p>two</p>\n<p>para</p>\n</li>\n</ul>\n<p>after</p>"
    );
    assert_eq!(html("1. a\n2. b"), "<ol>\n<li>a</li>\n<li>b</li>\n</ol>");
    assert_eq!(html("3) c"), "<ol start=\"3\">\n<li>c</li>\n</ol>");
    assert_eq!(html("* a\n\n  - b"), "<ul>\n<li><p>a</p>\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>");
    // A version number begins no list.
    assert_eq!(html("5.2.16 is old"), "<p>5.2.16 is old</p>");
    assert_eq!(html("-1 is an error"), "<p>-1 is an error</p>");
}

#[test]
fn directives() {
    assert_eq!(
        html(".. note:: First\n   line.\n\n   Second @Lamp."),
        "<div class=\"note info\">\n<p class=\"caption\">Note</p>\n<p>First line.</p>\n\
         <p>Second <a href=\"p.html#Lamp\"><code>Lamp</code></a>.</p>\n</div>"
    );
    assert!(html(".. caution:: Hot").contains("class=\"note warning\""));
    assert!(html(".. admonition:: Notes\n\n  1. a").contains("<p class=\"caption\">Notes</p>\n<ol>"));
    let qmp = ".. qmp-example::\n   :title: On\n\n   -> { \"execute\": \"lamp-on\" }\n   <- { \"return\": {} }";
    assert_eq!(
        html(qmp),
        "<div class=\"example\">\n<p class=\"caption\">Example: On</p>\n<pre class=\"qmp\"><code>\
         <b class=\"sent\">-&gt;</b> { &quot;execute&quot;: &quot;lamp-on&quot; }\n\
         <b class=\"received\">&lt;-</b> { &quot;return&quot;: {} }</code></pre>\n</div>"
    );
    let annotated = html(".. qmp-example::\n   :annotated:\n\n   Now @Lamp::\n\n    -> {}\n");
    assert!(annotated.contains("<p>Now <a") && annotated.contains("<pre class=\"qmp\">"), "{annotated}");
    assert_eq!(html(".. a comment\n   goes\n\nText"), "<p>Text</p>");
    assert_eq!(html(".. novelty:: Some\n\n   text"), "<p>Some</p>\n<p>text</p>");
}

#[test]
fn tables_and_headings() {
    let table = html("====  =====\na     b <i>\n====  =====\n1     two words\n====  =====\n\nafter");
    assert!(table.contains("<th>b &lt;i&gt;</th>") && table.contains("<td>two words</td>"), "{table}");
    assert!(table.ends_with("<p>after</p>"), "{table}");
    let mut found = Vec::new();
    let text = "= One\n\nText\n\nTwo\n===\n\n****\nZero\n****\n\n== Old two";
    let rest = render_with(text, NONE, &mut |_, heading| found.push((heading.level, heading.text)));
    let wanted = [(1, "One"), (2, "Two"), (1, "Zero"), (2, "Old two")];
    assert_eq!(found, wanted.map(|(level, text)| (level, text.to_owned())));
    assert_eq!(rest, "<p>Text</p>\n");
}

#[test]
fn old_examples_are_conversations() {
    let shown = example("-> { \"execute\": \"stop\" }\n<- { \"return\": {} }");
    assert!(shown.contains("class=\"sent\"") && shown.contains("class=\"received\""), "{shown}");
    assert_eq!(summary("- a list\n\nTurns @lamp *on*.\nNow."), "Turns lamp on. Now.");
}

#[test]
fn deep_nesting_and_long_lines_end() {
    let stairs: String = (0..3000).map(|depth| format!("{}x\n\n", " ".repeat(depth))).collect();
    let dashes = "- ".repeat(20_000);
    let marks = "*a `b ``c @d :e:` ".repeat(20_000);
    for text in [stairs, dashes, marks] {
        assert!(render(&text, NONE).contains('x') || !text.contains('x'));
    }
}

/// Every `<` that is not part of one of the renderer's own tags.
fn strange_tags(html: &str) -> Vec<&str> {
    let tags = [
        "p", "pre", "code", "b", "em", "strong", "cite", "a", "ul", "ol", "li", "div", "span", "table", "thead",
        "tbody", "tr", "th", "td",
    ];
    let own = |rest: &str| {
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let attributes = [" class=\"", " href=\"", " start=\"", ">"];
        tags.contains(&&rest[..end]) && attributes.iter().any(|start| rest[end..].starts_with(start))
    };
    html.match_indices('<').map(|(at, _)| &html[at + 1..]).filter(|rest| !own(rest)).collect()
}

/// Opening and closing tags match.
fn is_balanced(html: &str) -> bool {
    let mut open = Vec::new();
    for (at, _) in html.match_indices('<') {
        let rest = &html[at + 1..];
        let name = |text: &str| text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("").to_owned();
        match rest.strip_prefix('/') {
            Some(rest) if open.pop() != Some(name(rest)) => return false,
            Some(_) => {}
            None => open.push(name(rest)),
        }
    }
    open.is_empty()
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "``",
        "`",
        "*",
        "**",
        "@",
        "::",
        "\n",
        "\n\n",
        "  ",
        "    ",
        "- ",
        "1. ",
        ".. note:: ",
        ".. qmp-example::\n",
        ".. table::\n",
        "   :title: <b>\n",
        "== ==\n",
        "=== ===\n",
        "a  <b>\n",
        "= T\n",
        "-> {",
        "<- }",
        "https://x<y>",
        "`<javascript:x>`_",
        ":doc:`<i>`",
        "\\",
        "<script>",
        "&amp;",
        "\"'",
        "\t",
        "\u{e9}",
        "\u{2003}",
        "\u{0}",
        "Lamp",
        "lit",
        "| ",
        "===\n",
        "(1) ",
        "# ",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_escaped(text in prop_oneof![".{0,200}", "(?s).{0,400}", pieces()]) {
        let shown = html(&text);
        prop_assert_eq!(strange_tags(&shown), Vec::<&str>::new());
        prop_assert!(is_balanced(&shown), "{}", shown);
        prop_assert!(!shown.contains("href=\"javascript:"), "{}", shown);
        let shown = example(&text);
        prop_assert!(strange_tags(&shown).is_empty() && is_balanced(&shown));
        summary(&text);
    }
}
