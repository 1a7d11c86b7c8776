//! Tokens as text with a line per statement, without a parser: what build scripts can afford.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// Writes `tokens` as Rust text that rustc's messages can point into.
///
/// Blocks and statements get lines of their own and are indented; nothing else is formatted.
pub fn layout(tokens: TokenStream) -> String {
    let mut writer = Writer { out: String::new(), depth: 0, fresh: true, glued: true };
    writer.stream(tokens, true);
    writer.line();
    writer.out
}

struct Writer {
    out: String,
    depth: usize,
    /// At the start of a line.
    fresh: bool,
    /// The next token must follow without a space.
    glued: bool,
}

impl Writer {
    /// Writes the content of a group; in a `block` every comma ends a line.
    fn stream(&mut self, tokens: TokenStream, block: bool) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Bracket => ("[", "]"),
                        Delimiter::None => ("", ""),
                    };
                    if group.delimiter() == Delimiter::Brace && !group.stream().is_empty() {
                        self.word(open);
                        self.depth += 1;
                        self.line();
                        self.stream(group.stream(), true);
                        self.depth -= 1;
                        self.line();
                        self.word(close);
                        if !matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if ",;.?".contains(punct.as_char())) {
                            self.line();
                        }
                    } else {
                        self.word(open);
                        self.glued = true;
                        self.stream(group.stream(), false);
                        self.glued = true;
                        self.word(close);
                        // An attribute stands on its own line, so that long documentation stays readable.
                        if group.delimiter() == Delimiter::Bracket && self.in_attribute() {
                            self.line();
                        }
                    }
                }
                TokenTree::Punct(punct) => {
                    let c = punct.as_char();
                    // Behind another punctuation mark this would change how the two are spaced, behind a
                    // digit a point would make a number.
                    self.glued |= matches!(c, ',' | ';' | '.' | '?')
                        && self.out.ends_with(|last: char| last.is_ascii_alphabetic() || "_)]}".contains(last));
                    self.word(c.encode_utf8(&mut [0; 4]));
                    self.glued = punct.spacing() == Spacing::Joint || c == '#' || c == '.';
                    if c == ';' || c == ',' && block {
                        self.line();
                    }
                }
                TokenTree::Ident(ident) => self.word(&ident.to_string()),
                TokenTree::Literal(literal) => self.word(&literal.to_string()),
            }
        }
    }

    fn in_attribute(&self) -> bool {
        let line = self.out.rsplit('\n').next().unwrap_or("");
        line.trim_start().starts_with("#[")
    }

    fn word(&mut self, text: &str) {
        if self.fresh {
            self.out.extend(std::iter::repeat_n("    ", self.depth));
        } else if !self.glued && !text.is_empty() {
            self.out.push(' ');
        }
        self.out.push_str(text);
        self.fresh = false;
        self.glued = false;
    }

    fn line(&mut self) {
        if !self.fresh {
            self.out.push('\n');
            self.fresh = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn text_parses_back_to_the_same_tokens() {
        let tokens = quote! {
            #[doc = " A lamp."]
            pub struct Lamp<'a> { pub lit: Option<&'a str>, }
            impl<'a> Lamp<'a> {
                fn load(&mut self, i: usize) -> Result<(), E> { match i { 0..=1 => self.a.b()?, _ => {} } Ok(()) }
            }
            const X: &[u64] = &[1u64, 2u64];
        };
        let text = layout(tokens.clone());
        let back: TokenStream = text.parse().unwrap();
        assert_eq!(back.to_string(), tokens.to_string());
        assert!(text.lines().count() > 10, "{text}");
        assert!(text.lines().any(|line| line == "#[doc = \" A lamp.\"]"), "{text}");
    }
}
