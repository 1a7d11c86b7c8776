//! The blocks of a text: paragraphs, lists, literal blocks, directives, tables, headings.

/// A block.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// Its lines, joined.
    Paragraph(String),
    /// A heading of free-form text.
    Heading { level: u8, text: String },
    /// Bullets, or with `start` a numbered list.
    List { start: Option<u32>, items: Vec<Vec<Block>> },
    /// Text to be shown as it stands.
    Literal(String),
    /// A conversation with a monitor; explained ones have other blocks as well.
    Example { title: String, body: Vec<Block> },
    /// A note, a warning and the like.
    Note { kind: &'static str, title: String, body: Vec<Block> },
    /// A table of text.
    Table { head: Vec<String>, rows: Vec<Vec<String>> },
    /// Blocks set in.
    Indented(Vec<Block>),
}

/// Blocks nest at most this deep; what is deeper is shown as it stands.
const DEPTH: usize = 12;

/// Splits `text` into blocks.
pub(super) fn parse(text: &str) -> Vec<Block> {
    let lines: Vec<String> = text.lines().map(expand).collect();
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    nested(&lines, 0)
}

/// `text` without the indentation that all its lines share.
pub(super) fn verbatim(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(expand).collect();
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    joined(&dedent(&lines))
}

/// Tabs as blanks, so that indentation can be compared.
fn expand(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\t' => out.extend(std::iter::repeat_n(' ', 8 - out.len() % 8)),
            _ => out.push(c),
        }
    }
    out
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn dedent<'t>(lines: &[&'t str]) -> Vec<&'t str> {
    let common = lines.iter().filter(|line| !line.is_empty()).map(|line| indent(line)).min().unwrap_or(0);
    lines.iter().map(|line| line.get(common..).unwrap_or("")).collect()
}

fn joined(lines: &[&str]) -> String {
    lines.join("\n").trim_end().trim_start_matches('\n').to_owned()
}

fn nested(lines: &[&str], depth: usize) -> Vec<Block> {
    if depth > DEPTH {
        let text = joined(&dedent(lines));
        return if text.is_empty() { Vec::new() } else { vec![Block::Literal(text)] };
    }
    let mut parser = Parser { lines, at: 0, depth, blocks: Vec::new() };
    while parser.at < lines.len() {
        parser.block();
    }
    parser.blocks
}

struct Parser<'l, 't> {
    lines: &'l [&'t str],
    at: usize,
    depth: usize,
    blocks: Vec<Block>,
}

impl<'t> Parser<'_, 't> {
    fn line(&self, at: usize) -> Option<&'t str> {
        self.lines.get(at).copied()
    }

    fn block(&mut self) {
        let Some(line) = self.line(self.at) else { return };
        if line.is_empty() {
            self.at += 1;
        } else if indent(line) > 0 {
            let body = self.indented();
            self.set_in(&body);
        } else if let Some(rest) = line.strip_prefix("..").filter(|rest| rest.is_empty() || rest.starts_with(' ')) {
            self.at += 1;
            self.directive(rest.trim_start());
        } else if line == "::" {
            self.at += 1;
            self.literal();
        } else if line.starts_with("-> ") || line.starts_with("<- ") {
            self.conversation();
        } else if !self.heading(line) && !self.table(line) && !self.list(line) {
            self.paragraph();
        }
    }

    /// Takes the indented lines that follow, without their common indentation.
    fn indented(&mut self) -> Vec<&'t str> {
        let start = self.at;
        while self.line(self.at).is_some_and(|line| line.is_empty() || indent(line) > 0) {
            self.at += 1;
        }
        let mut lines = dedent(self.lines.get(start..self.at).unwrap_or_default());
        while lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        lines.drain(..lines.iter().take_while(|line| line.is_empty()).count());
        lines
    }

    fn set_in(&mut self, body: &[&'t str]) {
        let blocks = nested(body, self.depth + 1);
        if !blocks.is_empty() {
            self.blocks.push(Block::Indented(blocks));
        }
    }

    fn literal(&mut self) {
        let text = joined(&self.indented());
        if !text.is_empty() {
            self.blocks.push(Block::Literal(text));
        }
    }

    /// A conversation without any announcement, as old comments have it.
    fn conversation(&mut self) {
        let start = self.at;
        while self.line(self.at).is_some_and(|line| !line.is_empty()) {
            self.at += 1;
        }
        let text = joined(self.lines.get(start..self.at).unwrap_or_default());
        match self.blocks.last_mut() {
            Some(Block::Literal(before)) => {
                before.push('\n');
                before.push_str(&text);
            }
            _ => self.blocks.push(Block::Literal(text)),
        }
    }

    /// What stands behind `.. ` and below it.
    fn directive(&mut self, head: &str) {
        let Some((name, argument)) = head.split_once("::").filter(|(name, _)| is_word(name)) else {
            // A comment, or a label for links.
            self.indented();
            return;
        };
        let argument = argument.trim();
        let apart = self.line(self.at).is_some_and(str::is_empty);
        let mut body = self.indented();
        let options = take_options(&mut body);
        let depth = self.depth + 1;
        let note = |kind, title: &str, blocks| Block::Note { kind, title: title.to_owned(), body: blocks };
        let mut first = vec![argument];
        first.extend(apart.then_some(""));
        first.extend(&body);
        let block = match name {
            "note" => note("info", "Note", nested(&first, depth)),
            "tip" | "hint" | "seealso" | "important" => note("info", &capital(name), nested(&first, depth)),
            "caution" | "warning" | "attention" | "danger" | "error" => {
                note("warning", &capital(name), nested(&first, depth))
            }
            "admonition" => note("info", argument, nested(&body, depth)),
            "qmp-example" => {
                let title = options.iter().find(|(key, _)| *key == "title").map_or(argument, |(_, value)| *value);
                let annotated = options.iter().any(|(key, _)| *key == "annotated");
                let body = if annotated { nested(&body, depth) } else { vec![Block::Literal(joined(&body))] };
                Block::Example { title: title.to_owned(), body }
            }
            "code-block" | "code" | "literalinclude" | "parsed-literal" => Block::Literal(joined(&body)),
            _ => {
                if !argument.is_empty() {
                    self.blocks.push(Block::Paragraph(argument.to_owned()));
                }
                self.blocks.extend(nested(&body, depth));
                return;
            }
        };
        self.blocks.push(block);
    }

    /// `= Title`, or a title under (and over) a line of punctuation.
    fn heading(&mut self, line: &str) -> bool {
        let title = line.trim_start_matches('=');
        let level = line.len() - title.len();
        if level > 0 && title.starts_with(' ') && title.contains(char::is_alphanumeric) {
            self.push_heading(level.min(6) as u8, title, 1);
            return true;
        }
        let underlined = |title: &str, rule: Option<&str>| {
            let rule = rule.and_then(ruler)?;
            (!title.is_empty() && indent(title) == 0 && rule.1 + 1 >= title.chars().count()).then_some(rule.0)
        };
        if let Some((over, length)) = ruler(line)
            && let Some(title) = self.line(self.at + 1).filter(|title| title.len() <= length + 2)
            && self.line(self.at + 2).and_then(ruler).is_some_and(|(under, _)| under == over)
            && title.contains(char::is_alphanumeric)
        {
            self.push_heading(1, title, 3);
            return true;
        }
        match underlined(line, self.line(self.at + 1)) {
            Some(mark) if line.contains(char::is_alphanumeric) => {
                let level = match mark {
                    '*' => 1,
                    '=' => 2,
                    _ => 3,
                };
                self.push_heading(level, line, 2);
                true
            }
            _ => false,
        }
    }

    fn push_heading(&mut self, level: u8, text: &str, lines: usize) {
        self.blocks.push(Block::Heading { level, text: text.trim().to_owned() });
        self.at += lines;
    }

    /// A table whose columns are marked by lines of `=`.
    fn table(&mut self, line: &str) -> bool {
        let Some(columns) = columns(line) else { return false };
        let is_border = |line: &str| line.starts_with("==") && line.chars().all(|c| c == '=' || c == ' ');
        let rest = self.lines.get(self.at + 1..).unwrap_or_default();
        let end = rest.iter().take_while(|line| !line.is_empty());
        let end: Vec<&str> = end.copied().collect();
        let borders: Vec<usize> =
            end.iter().enumerate().filter(|(_, line)| is_border(line)).map(|(at, _)| at).collect();
        let (head, last) = match borders.as_slice() {
            [] => return false,
            [last] => (0, *last),
            [head, .., last] => (*head, *last),
        };
        let cells = |line: &&str| columns.iter().map(|(from, to)| cell(line, *from, *to)).collect::<Vec<_>>();
        let head_cells = end.get(..head).unwrap_or_default().iter().map(cells).next().unwrap_or_default();
        let from = if head == 0 { 0 } else { head + 1 };
        let rows = end.get(from..last).unwrap_or_default().iter().filter(|line| !is_border(line)).map(cells).collect();
        self.blocks.push(Block::Table { head: head_cells, rows });
        self.at += last + 2;
        true
    }

    fn list(&mut self, line: &str) -> bool {
        let Some(first) = marker(line) else { return false };
        let mut items = Vec::new();
        while let Some(line) = self.line(self.at) {
            let Some(next) = marker(line).filter(|next| next.kind == first.kind) else { break };
            let mut body = vec![line.get(next.width..).unwrap_or("").trim_start()];
            self.at += 1;
            let start = self.at;
            while self.line(self.at).is_some_and(|line| line.is_empty() || indent(line) > 0) {
                self.at += 1;
            }
            let more = self.lines.get(start..self.at).unwrap_or_default();
            body.extend(more.iter().map(|line| line.get(next.width.min(indent(line))..).unwrap_or("")));
            while body.last().is_some_and(|line| line.is_empty()) {
                body.pop();
            }
            items.push(nested(&body, self.depth + 1));
        }
        self.blocks.push(Block::List { start: first.number, items });
        true
    }

    fn paragraph(&mut self) {
        let start = self.at;
        while self.line(self.at).is_some_and(|line| !line.is_empty()) {
            self.at += 1;
        }
        let lines = self.lines.get(start..self.at).unwrap_or_default();
        let mut text = lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        let announces = text.ends_with("::");
        if announces {
            text.pop();
            if text.ends_with(" :") {
                text.truncate(text.trim_end_matches([' ', ':']).len());
            }
        }
        if !text.is_empty() {
            self.blocks.push(Block::Paragraph(text));
        }
        if announces {
            self.literal();
        }
    }
}

/// What begins an item of a list.
struct Marker {
    kind: char,
    number: Option<u32>,
    /// Columns up to the item's text.
    width: usize,
}

fn marker(line: &str) -> Option<Marker> {
    let blank = |rest: &str| rest.is_empty() || rest.starts_with(' ');
    let width = |mark: usize, rest: &str| mark + indent(rest).clamp(1, 4);
    if let Some(kind) = line.chars().next().filter(|c| "-*+\u{2022}".contains(*c)) {
        let rest = line.get(kind.len_utf8()..).filter(|rest| blank(rest))?;
        return Some(Marker { kind, number: None, width: width(kind.len_utf8(), rest) });
    }
    let (open, text) = line.strip_prefix('(').map_or((0, line), |text| (1, text));
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'#').count();
    let number = match text.get(..digits)? {
        "#" => 1,
        digits => digits.parse().ok()?,
    };
    let close = text.get(digits..)?.chars().next().filter(|c| if open == 1 { *c == ')' } else { ".)".contains(*c) })?;
    let mark = open + digits + 1;
    let rest = line.get(mark..).filter(|rest| blank(rest))?;
    let kind = if open == 1 { '(' } else { close };
    Some(Marker { kind, number: Some(number), width: width(mark, rest) })
}

/// The options `:key: value` at the start of a directive's body, which they leave.
fn take_options<'t>(body: &mut Vec<&'t str>) -> Vec<(&'t str, &'t str)> {
    let option = |line: &&'t str| {
        let (key, value) = line.strip_prefix(':')?.split_once(':')?;
        (is_word(key) && (value.is_empty() || value.starts_with(' '))).then(|| (key, value.trim()))
    };
    let options: Vec<_> = body.iter().map_while(option).collect();
    body.drain(..options.len());
    let blank = body.iter().take_while(|line| line.is_empty()).count();
    body.drain(..blank);
    options
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

fn capital(word: &str) -> String {
    let word = if word == "seealso" { "see also" } else { word };
    let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
    first.to_ascii_uppercase() + rest
}

/// A line of one punctuation character, and its length.
fn ruler(line: &str) -> Option<(char, usize)> {
    let mark = line.chars().next().filter(|c| "=-*~^+#".contains(*c))?;
    (line.len() >= 3 && line.chars().all(|c| c == mark)).then_some((mark, line.len()))
}

/// The columns that a line of `=` marks; at least two.
fn columns(line: &str) -> Option<Vec<(usize, usize)>> {
    if !line.starts_with("==") || !line.chars().all(|c| c == '=' || c == ' ') {
        return None;
    }
    let mut columns = Vec::new();
    let mut at = 0;
    for part in line.split(' ') {
        if !part.is_empty() {
            columns.push((at, at + part.len()));
        }
        at += part.len() + 1;
    }
    // The last column goes as far as its text does.
    columns.last_mut()?.1 = usize::MAX;
    (columns.len() > 1).then_some(columns)
}

fn cell(line: &str, from: usize, to: usize) -> String {
    let chars = line.chars().skip(from).take(to - from);
    chars.collect::<String>().trim().to_owned()
}
