//! The markup of documentation comments, the part of reStructuredText that QEMU's schemas use, as HTML.
//!
//! [`blocks`] finds paragraphs, lists, literal blocks and directives; [`inline`] what stands in a
//! line of text. Neither refuses anything: what is no markup is text.

mod blocks;
mod inline;
#[cfg(test)]
mod tests;

use self::blocks::Block;
use self::inline::Span;
use super::html::escape;

/// Finds the addresses of what a text names.
#[derive(Clone, Copy)]
pub(super) struct Links<'l> {
    /// For names that are marked as such.
    pub(super) marked: &'l dyn Fn(&str) -> Option<String>,
    /// For plain words that look like names.
    pub(super) words: &'l dyn Fn(&str) -> Option<String>,
}

/// A heading of free-form text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    /// 1 for the outermost.
    pub(super) level: u8,
    /// Its text, without markup.
    pub(super) text: String,
}

/// Renders `text`; headings become bold paragraphs.
pub(super) fn render(text: &str, links: Links<'_>) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    all(&mut out, &blocks::parse(text), links);
    out
}

/// Renders `text`; every heading goes to `heading`, which writes it.
pub(super) fn render_with(text: &str, links: Links<'_>, heading: &mut dyn FnMut(&mut String, Heading)) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for block in blocks::parse(text) {
        match block {
            Block::Heading { level, text } => heading(&mut out, Heading { level, text: inline::plain(&text) }),
            other => one(&mut out, &other, links),
        }
    }
    out
}

/// Renders `text` as a monitor conversation, whatever it looks like.
pub(super) fn example(text: &str) -> String {
    let mut out = String::new();
    conversation(&mut out, &blocks::verbatim(text));
    out
}

/// The first paragraph of `text`, to be rendered; empty if there is none.
pub(super) fn lead(text: &str) -> String {
    let first = blocks::parse(text).into_iter().find_map(|block| match block {
        Block::Paragraph(text) => Some(text),
        _ => None,
    });
    first.unwrap_or_default()
}

/// The first paragraph of `text` without markup, for lists and searches.
pub(super) fn summary(text: &str) -> String {
    inline::plain(&lead(text))
}

/// The headings in `text`.
pub(super) fn headings(text: &str) -> impl Iterator<Item = Heading> {
    blocks::parse(text).into_iter().filter_map(|block| match block {
        Block::Heading { level, text } => Some(Heading { level, text: inline::plain(&text) }),
        _ => None,
    })
}

fn all(out: &mut String, blocks: &[Block], links: Links<'_>) {
    for block in blocks {
        one(out, block, links);
    }
}

fn one(out: &mut String, block: &Block, links: Links<'_>) {
    match block {
        Block::Paragraph(text) => {
            out.push_str("<p>");
            line(out, text, links);
            out.push_str("</p>\n");
        }
        Block::Heading { text, .. } => {
            out.push_str("<p><strong>");
            line(out, text, links);
            out.push_str("</strong></p>\n");
        }
        Block::List { start, items } => list(out, *start, items, links),
        Block::Literal(text) if is_conversation(text) => conversation(out, text),
        Block::Literal(text) => out.push_str(&format!("<pre><code>{}</code></pre>\n", escape(text))),
        Block::Example { title, body } => {
            out.push_str("<div class=\"example\">\n");
            out.push_str("<p class=\"caption\">Example");
            if !title.is_empty() {
                out.push_str(": ");
                line(out, title, links);
            }
            out.push_str("</p>\n");
            for block in body {
                match block {
                    Block::Literal(text) => conversation(out, text),
                    other => one(out, other, links),
                }
            }
            out.push_str("</div>\n");
        }
        Block::Note { kind, title, body } => {
            out.push_str(&format!("<div class=\"note {kind}\">\n<p class=\"caption\">"));
            line(out, title, links);
            out.push_str("</p>\n");
            all(out, body, links);
            out.push_str("</div>\n");
        }
        Block::Table { head, rows } => table(out, head, rows, links),
        Block::Indented(body) => {
            out.push_str("<div class=\"indented\">\n");
            all(out, body, links);
            out.push_str("</div>\n");
        }
    }
}

fn list(out: &mut String, start: Option<u32>, items: &[Vec<Block>], links: Links<'_>) {
    match start {
        None => out.push_str("<ul>\n"),
        Some(1) => out.push_str("<ol>\n"),
        Some(start) => out.push_str(&format!("<ol start=\"{start}\">\n")),
    }
    for item in items {
        out.push_str("<li>");
        match item.as_slice() {
            // A list of short texts is not spaced like one of paragraphs.
            [Block::Paragraph(text)] => line(out, text, links),
            blocks => all(out, blocks, links),
        }
        out.push_str("</li>\n");
    }
    out.push_str(if start.is_none() { "</ul>\n" } else { "</ol>\n" });
}

fn table(out: &mut String, head: &[String], rows: &[Vec<String>], links: Links<'_>) {
    out.push_str("<table class=\"plain\">\n");
    if !head.is_empty() {
        out.push_str("<thead>\n");
        table_row(out, head, "th", links);
        out.push_str("</thead>\n");
    }
    out.push_str("<tbody>\n");
    for cells in rows {
        table_row(out, cells, "td", links);
    }
    out.push_str("</tbody>\n</table>\n");
}

fn table_row(out: &mut String, cells: &[String], tag: &str, links: Links<'_>) {
    out.push_str("<tr>");
    for cell in cells {
        out.push_str(&format!("<{tag}>"));
        line(out, cell, links);
        out.push_str(&format!("</{tag}>"));
    }
    out.push_str("</tr>\n");
}

/// Renders one run of text.
pub(super) fn line(out: &mut String, text: &str, links: Links<'_>) {
    for span in inline::spans(text) {
        match span {
            Span::Text(text) => words(out, text, links),
            Span::Code(text) => code(out, text, links),
            Span::Emphasis(text) => out.push_str(&format!("<em>{}</em>", escape(text))),
            Span::Strong(text) => out.push_str(&format!("<strong>{}</strong>", escape(text))),
            Span::Name(name) => code(out, name, links),
            Span::Reference { text, target } => match (links.marked)(target) {
                Some(address) => {
                    out.push_str(&format!("<a href=\"{}\">{}</a>", escape(&address), escape(text)));
                }
                None => out.push_str(&format!("<cite>{}</cite>", escape(text))),
            },
            Span::Url { text, url } => {
                out.push_str(&format!("<a href=\"{}\" rel=\"noreferrer\">{}</a>", escape(url), escape(text)));
            }
        }
    }
}

/// Plain text; words that are names, as most are written, become links.
fn words(out: &mut String, text: &str, links: Links<'_>) {
    let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !is_part(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(&escape(before));
        // A part of a path, an option or an address is no name.
        let apart = !before.ends_with(['/', '.', '@', '=', ':']) && !after.starts_with(['/', '=']);
        match Some(word).filter(|word| apart && is_telling(word)).and_then(links.words) {
            Some(address) => {
                out.push_str(&format!("<a href=\"{}\">{}</a>", escape(&address), escape(word)));
            }
            None => out.push_str(&escape(word)),
        }
        rest = after;
    }
    out.push_str(&escape(rest));
}

/// True for words that hardly mean anything but a name: `query-status`, `RunState`.
fn is_telling(word: &str) -> bool {
    let inner = word.get(1..).unwrap_or("");
    let camel = inner.contains(|c: char| c.is_ascii_uppercase()) && inner.contains(|c: char| c.is_ascii_lowercase());
    camel || inner.contains(['-', '_'])
}

fn code(out: &mut String, text: &str, links: Links<'_>) {
    match (links.marked)(text) {
        Some(address) => {
            out.push_str(&format!("<a href=\"{}\"><code>{}</code></a>", escape(&address), escape(text)));
        }
        None => out.push_str(&format!("<code>{}</code>", escape(text))),
    }
}

fn is_conversation(text: &str) -> bool {
    let start = text.trim_start();
    start.starts_with("-> ") || start.starts_with("<- ")
}

/// The arrows tell what is sent and what is received.
fn conversation(out: &mut String, text: &str) {
    out.push_str("<pre class=\"qmp\"><code>");
    for (nth, line) in text.lines().enumerate() {
        if nth > 0 {
            out.push('\n');
        }
        let start = line.trim_start();
        let side = match start.get(..2) {
            Some("->") => "sent",
            Some("<-") => "received",
            _ => {
                out.push_str(&escape(line));
                continue;
            }
        };
        let (arrow, rest) = start.split_at(2);
        let blank = &line[..line.len() - start.len()];
        out.push_str(&format!("{blank}<b class=\"{side}\">{}</b>{}", escape(arrow), escape(rest)));
    }
    out.push_str("</code></pre>\n");
}
