//! Markup inside a line: literals, emphasis, references, addresses.

/// A piece of text and what it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Span<'t> {
    /// As it stands.
    Text(&'t str),
    /// ``` ``literal`` ```.
    Code(&'t str),
    /// `*emphasis*`.
    Emphasis(&'t str),
    /// `**strong**`.
    Strong(&'t str),
    /// `@name`.
    Name(&'t str),
    /// `` `target` ``, `` :role:`target` `` or `` :role:`text <target>` ``.
    Reference { text: &'t str, target: &'t str },
    /// An address, bare or as `` `text <address>`_ ``.
    Url { text: &'t str, url: &'t str },
}

/// How far behind its start a piece may end. Without a bound, text full of unmatched
/// starts would take quadratic time.
const REACH: usize = 2000;

/// Splits `text` into pieces.
pub(super) fn spans(text: &str) -> Vec<Span<'_>> {
    let mut found = Vec::new();
    let (mut plain, mut at) = (0, 0);
    while let Some(c) = text[at..].chars().next() {
        let before = text[..at].chars().next_back();
        let special = match c {
            '\\' => escaped(&text[at..]),
            '`' | '*' | ':' | '@' | 'h' => piece(&text[at..], c, before),
            _ => None,
        };
        let Some((span, length)) = special else {
            at += c.len_utf8();
            continue;
        };
        if plain < at {
            found.push(Span::Text(&text[plain..at]));
        }
        found.push(span);
        at += length;
        plain = at;
    }
    if plain < text.len() {
        found.push(Span::Text(&text[plain..]));
    }
    found
}

/// `text` without its markup.
pub(super) fn plain(text: &str) -> String {
    let pieces = spans(text).into_iter().map(|span| match span {
        Span::Text(text) | Span::Code(text) | Span::Emphasis(text) | Span::Strong(text) | Span::Name(text) => text,
        Span::Reference { text, .. } | Span::Url { text, .. } => text,
    });
    pieces.collect()
}

/// The piece at the start of `rest`, whose first character is `c`, and its length.
fn piece(rest: &str, c: char, before: Option<char>) -> Option<(Span<'_>, usize)> {
    let apart = before.is_none_or(|before| !before.is_alphanumeric() && !"`*@\\".contains(before));
    match c {
        '`' if rest.starts_with("``") => {
            let text = upto(&rest[2..], "``")?;
            Some((Span::Code(text), text.len() + 4))
        }
        '`' if apart => interpreted(rest),
        '*' if apart && rest.starts_with("**") => {
            let text = emphasised(&rest[2..], "**")?;
            Some((Span::Strong(text), text.len() + 4))
        }
        '*' if apart => {
            let text = emphasised(&rest[1..], "*")?;
            Some((Span::Emphasis(text), text.len() + 2))
        }
        ':' if apart => {
            let role = rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && !"-_.+".contains(c))?;
            let behind = rest[1 + role..].strip_prefix(':').filter(|_| role > 0)?;
            let (span, length) = interpreted(behind.starts_with('`').then_some(behind)?)?;
            Some((span, length + role + 2))
        }
        '@' if apart => {
            let length = name(&rest[1..]);
            (length > 0).then(|| (Span::Name(&rest[1..=length]), length + 1))
        }
        'h' if apart && (rest.starts_with("http://") || rest.starts_with("https://")) => {
            let url = bare_url(rest);
            (url.len() > "https://".len()).then_some((Span::Url { text: url, url }, url.len()))
        }
        _ => None,
    }
}

fn escaped(rest: &str) -> Option<(Span<'_>, usize)> {
    let next = rest[1..].chars().next().filter(|c| "\\*`_|@:<>".contains(*c))?;
    let end = 1 + next.len_utf8();
    Some((Span::Text(&rest[1..end]), end))
}

/// Text in single backquotes: a reference, or with `_` behind it an address.
fn interpreted(rest: &str) -> Option<(Span<'_>, usize)> {
    let text = upto(&rest[1..], "`").filter(|text| !text.starts_with(' ') && !text.ends_with(' '))?;
    let mut length = text.len() + 2;
    let link = rest[length..].starts_with('_');
    if link {
        length += rest[length..].bytes().take_while(|byte| *byte == b'_').count().min(2);
    }
    let (shown, target) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((shown, target)) if !shown.trim().is_empty() => (shown.trim_end(), target),
        _ => (text, text),
    };
    if link && (target.starts_with("https://") || target.starts_with("http://")) {
        return Some((Span::Url { text: shown, url: target }, length));
    }
    Some((Span::Reference { text: shown, target }, length))
}

/// The text before the next `end`; not empty.
fn upto<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    let at = near(text).find(end).filter(|at| *at > 0)?;
    Some(&text[..at])
}

/// The text before an `end` that closes emphasis.
fn emphasised<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    if text.starts_with(|c: char| c.is_whitespace() || c == '*') {
        return None;
    }
    for (at, _) in near(text).match_indices(end) {
        let inside = text[..at].chars().next_back().is_some_and(|c| !c.is_whitespace());
        let outside = text[at + end.len()..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '*');
        if at > 0 && inside && outside {
            return Some(&text[..at]);
        }
    }
    None
}

/// As much of `text` as is looked at for an end.
fn near(text: &str) -> &str {
    let mut end = text.len().min(REACH);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Length of the schema name at the start of `text`.
fn name(text: &str) -> usize {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(text.len());
    text[..end].trim_end_matches(['-', '_', '.']).len()
}

fn bare_url(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || "<>\"`'".contains(c)).unwrap_or(text.len());
    let url = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']);
    // A parenthesis belongs to the address only if it opens there.
    if url.contains('(') { url } else { url.trim_end_matches(')').trim_end_matches(['.', ',']) }
}
