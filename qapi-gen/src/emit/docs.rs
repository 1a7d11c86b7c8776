//! Schema documentation as rustdoc: escaped for Markdown, wire names added.

use crate::ir::{Cond, Doc, Info};

/// What documentation says beyond the schema's own text.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Remarks<'a> {
    /// The schema marks it as unstable.
    pub(crate) unstable: bool,
    /// A condition that is not decided yet, or was passed over.
    pub(crate) cond: Option<&'a Cond>,
}

impl Remarks<'_> {
    fn add(self, text: &mut String, wire: &str) {
        if self.unstable {
            paragraph(text, "**Unstable:** may change or go away without notice.");
        }
        if let Some(cond) = self.cond {
            paragraph(text, &format!("**Condition:** {}", condition(cond)));
        }
        paragraph(text, wire);
    }
}

/// Documentation of a definition: its text, its sections, the remarks, then `wire`.
pub(crate) fn definition(info: &Info, remarks: Remarks<'_>, wire: &str) -> String {
    let mut text = info.doc.as_ref().map(whole).unwrap_or_default();
    remarks.add(&mut text, wire);
    text
}

/// Documentation of a member, enum value or branch.
pub(crate) fn part(doc: Option<&str>, remarks: Remarks<'_>, wire: &str) -> String {
    let mut text = doc.map(markdown).unwrap_or_default();
    remarks.add(&mut text, wire);
    text
}

/// A condition in words.
fn condition(cond: &Cond) -> String {
    let joined = |list: &[Cond], word: &str| {
        let part = |cond: &Cond| match cond {
            Cond::All(list) | Cond::Any(list) if list.len() > 1 => format!("({})", condition(cond)),
            _ => condition(cond),
        };
        list.iter().map(part).collect::<Vec<_>>().join(word)
    };
    match cond {
        Cond::True => "always".to_owned(),
        Cond::Symbol(name) => format!("`{name}`"),
        Cond::All(list) => joined(list, " and "),
        Cond::Any(list) => joined(list, " or "),
        Cond::Not(cond) => format!("not {}", joined(std::slice::from_ref(cond), "")),
    }
}

/// Documentation of a module: what it holds, then the free-form text of its file.
pub(crate) fn module(what: &str, blocks: &[Doc]) -> String {
    let mut text = what.to_owned();
    for block in blocks {
        let body = block.body.trim_start();
        let title = body.trim_start_matches('=');
        let level = body.len() - title.len();
        if level > 0 && title.starts_with(' ') {
            let (title, rest) = title.split_once('\n').unwrap_or((title, ""));
            // The module's own name is the heading above all of these.
            let heading = format!("{} {}", "#".repeat(level.min(4) + 1), escape_line(title.trim()));
            paragraph(&mut text, &heading);
            paragraph(&mut text, &markdown(rest));
        } else {
            paragraph(&mut text, &markdown(body));
        }
        paragraph(&mut text, &sections(block));
    }
    text
}

/// The first paragraph of a definition, in one line, for places that only point to the rest.
pub(crate) fn summary(info: &Info) -> String {
    let body = info.doc.as_ref().map(|doc| markdown(&doc.body)).unwrap_or_default();
    first_paragraph(&body)
}

/// Text for `#[deprecated]`, from the documentation of the feature where there is one.
pub(crate) fn deprecation(doc: Option<&Doc>) -> String {
    let described = doc.into_iter().flat_map(|doc| &doc.features).find(|(name, _)| name == "deprecated");
    let text = described.map(|(_, text)| first_paragraph(text)).unwrap_or_default();
    if text.is_empty() { "deprecated in the schema".to_owned() } else { text }
}

fn first_paragraph(text: &str) -> String {
    let lines = text.lines().map(str::trim).skip_while(|line| line.is_empty());
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn paragraph(text: &mut String, more: &str) {
    let more = more.trim_end();
    if !text.is_empty() && !more.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(more);
}

fn whole(doc: &Doc) -> String {
    let mut text = markdown(&doc.body);
    paragraph(&mut text, &sections(doc));
    for (name, feature) in &doc.features {
        paragraph(&mut text, &format!("**Feature** `{name}`: {}", markdown(feature)));
    }
    text
}

fn sections(doc: &Doc) -> String {
    let mut text = String::new();
    for (tag, section) in &doc.sections {
        let section = if tag.starts_with("Example") { literal(section) } else { markdown(section) };
        if tag.is_empty() {
            paragraph(&mut text, &section);
        } else if section.starts_with("```") {
            paragraph(&mut text, &format!("**{tag}:**\n\n{section}"));
        } else {
            paragraph(&mut text, &format!("**{tag}:** {section}"));
        }
    }
    text
}

/// A block shown as it stands.
fn literal(text: &str) -> String {
    let text = dedent(text);
    if text.is_empty() { text } else { format!("```text\n{}\n```", text.replace("```", "'''")) }
}

fn dedent(text: &str) -> String {
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let common = text.lines().filter(|line| !line.trim().is_empty()).map(|line| indent(&line)).min().unwrap_or(0);
    let lines: Vec<_> = text.lines().map(|line| line.get(common..).unwrap_or("").trim_end()).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// Schema text (a subset of reStructuredText) as Markdown that rustdoc takes without a warning.
///
/// Paragraphs lose their indentation, which Markdown would take for code; literal blocks,
/// announced by `::` at the end of a line, become fenced text.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        let literal_follows = trimmed.ends_with("::") || trimmed.starts_with("-> {") || trimmed.starts_with("<- {");
        if !literal_follows {
            out.push_str(&escape_line(trimmed));
            out.push('\n');
            continue;
        }
        let mut block = String::new();
        if let Some(lead) = trimmed.strip_suffix("::") {
            let directive = lead.starts_with("..");
            if !lead.is_empty() && !directive {
                out.push_str(&escape_line(lead));
                out.push_str(":\n");
            }
        } else {
            block.push_str(line);
            block.push('\n');
        }
        let outer = line.len() - line.trim_start().len();
        let from_example = !block.is_empty();
        while let Some(next) = lines.peek() {
            let indent = next.len() - next.trim_start().len();
            if !next.trim().is_empty() && indent <= outer && !from_example {
                break;
            }
            if from_example && next.trim().is_empty() {
                break;
            }
            block.push_str(next);
            block.push('\n');
            lines.next();
        }
        let fenced = literal(&block);
        if !fenced.is_empty() {
            out.truncate(out.trim_end().len());
            out.push_str("\n\n");
            out.push_str(&fenced);
            out.push_str("\n\n");
        }
    }
    out.trim_matches('\n').to_owned()
}

/// One line with everything escaped that Markdown or rustdoc would read as markup.
fn escape_line(line: &str) -> String {
    // Most lines are nothing but words.
    let plain = |b: u8| !matches!(b, b'`' | b'@' | b'[' | b']' | b'<' | b'>' | b'\\' | b'_' | b'*' | b':');
    if line.bytes().all(plain) && !line_markup(line.split(' ').next().unwrap_or_default(), line) {
        return line.to_owned();
    }
    let mut out = String::with_capacity(line.len() + 8);
    let ticks = line.matches('`').count();
    let mut code = false;
    for (nth, word) in line.split(' ').enumerate() {
        if nth > 0 {
            out.push(' ');
        }
        if nth == 0 && line_markup(word, line) {
            out.push('\\');
        }
        push_word(&mut out, word, &mut code, ticks.is_multiple_of(2));
    }
    out
}

/// True when a line would begin a heading, a quotation, a table or an underline.
fn line_markup(word: &str, line: &str) -> bool {
    let ruler = line.len() > 1 && line.chars().all(|c| "=-~^".contains(c));
    ruler || word.starts_with(['#', '>', '|', '=']) || word.starts_with("```") || word.starts_with("~~~")
}

fn push_word(out: &mut String, word: &str, code: &mut bool, balanced: bool) {
    if !*code && let Some(at) = word.find("http://").or_else(|| word.find("https://")) {
        let (before, url) = word.split_at(at);
        let end = url.trim_end_matches(['.', ',', ')', '>', ';', ':', '\'', '"', '`', '_']).len();
        push_text(out, before.trim_end_matches(['<', '`']), code, balanced);
        out.push_str(&format!("<{}>", &url[..end]));
        push_text(out, url[end..].trim_start_matches(['>', '`', '_']), code, balanced);
        return;
    }
    push_text(out, word, code, balanced);
}

fn push_text(out: &mut String, word: &str, code: &mut bool, balanced: bool) {
    let mut chars = word.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '`' if balanced => {
                *code = !*code;
                // Two ticks open and close literals in reStructuredText: one toggle.
                out.push('`');
                if chars.next_if(|&(_, next)| next == '`').is_some() {
                    out.push('`');
                }
            }
            _ if *code => out.push(c),
            '@' if reference(&word[at + 1..]) > 0 && (at == 0 || !word.as_bytes()[at - 1].is_ascii_alphanumeric()) => {
                let name = &word[at + 1..at + 1 + reference(&word[at + 1..])];
                out.push_str(&format!("`{name}`"));
                for _ in 0..name.len() {
                    chars.next();
                }
            }
            '[' | ']' | '<' | '>' | '`' | '\\' | '_' | '*' if !(c == '*' && word == "*") => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
}

/// Length of the schema name at the start of `text`.
fn reference(text: &str) -> usize {
    let name = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(text.len());
    text[..name].trim_end_matches(['-', '_']).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_neutralised() {
        for (from, to) in [
            ("see https://example.org/a_b.", "see <https://example.org/a_b>."),
            ("an array [1] of <int>", "an array \\[1\\] of \\<int\\>"),
            ("set @lit-now, or @x.", "set `lit-now`, or `x`."),
            ("mail me@example.org", "mail me@example.org"),
            ("``raw [x]`` stays", "``raw [x]`` stays"),
            ("an odd ` tick", "an odd \\` tick"),
            ("# not a heading", "\\# not a heading"),
            ("* a bullet", "* a bullet"),
            ("    indented", "indented"),
        ] {
            assert_eq!(markdown(from), to, "{from}");
        }
    }

    #[test]
    fn conditions_in_words() {
        let symbol = |name: &str| Cond::Symbol(name.to_owned());
        let either = Cond::Any(vec![symbol("A"), symbol("B")]);
        let both = Cond::All(vec![Cond::Not(Box::new(either.clone())), symbol("C")]);
        assert_eq!(condition(&either), "`A` or `B`");
        assert_eq!(condition(&both), "not (`A` or `B`) and `C`");
    }

    #[test]
    fn literal_blocks_are_fenced() {
        let text = "Usage::\n\n    lamp on\n      now\n\nThen more.";
        assert_eq!(markdown(text), "Usage:\n\n```text\nlamp on\n  now\n```\n\nThen more.");
    }

    #[test]
    fn deprecation_comes_from_the_feature() {
        let doc = Doc {
            features: vec![("deprecated".to_owned(), "Use @lamp\ninstead.\n\nMore.".to_owned())],
            ..Doc::default()
        };
        assert_eq!(deprecation(Some(&doc)), "Use @lamp instead.");
        assert_eq!(deprecation(None), "deprecated in the schema");
    }
}
