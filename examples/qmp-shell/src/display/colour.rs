//! Colours, where there may be any.

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Error,
    Event,
    Good,
    /// A name in an object, or of an argument.
    Name,
    /// A command that exists.
    Command,
    Text,
    Number,
    /// `true`, `false`, `null`.
    Word,
    /// What may be overlooked.
    Faint,
    Heading,
}

/// Whether to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Palette {
    pub(crate) colours: bool,
}

impl Palette {
    /// Colours for a terminal, unless the environment speaks against them (<https://no-color.org>).
    pub(crate) fn for_terminal(is_terminal: bool) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { colours: is_terminal && !refused && !dumb }
    }

    /// The text in the style's colour.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        if !self.colours || text.is_empty() {
            return text.to_owned();
        }
        let code = match style {
            Style::Error => "1;31",
            Style::Event => "35",
            Style::Good => "32",
            Style::Name => "36",
            Style::Command | Style::Heading => "1",
            Style::Text => "32",
            Style::Number | Style::Word => "33",
            Style::Faint => "90",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
