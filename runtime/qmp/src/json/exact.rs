//! The exact path of a stream: collects the tokens of one message, whatever the input and however it is cut.

use super::lexer::{State, Step, step};
use super::stream::KEEP;
use super::words::plain_run;
use super::{MAX_NESTING, MAX_TOKEN_BYTES, MAX_TOKENS, SyntaxError, string};

/// A message in the making.
#[derive(Debug, Default)]
pub(super) struct Exact {
    state: State,
    /// The tokens, with a space where two would run together; the last one may be incomplete.
    text: Vec<u8>,
    /// Where the last token begins.
    token: usize,
    tokens: usize,
    bytes: usize,
    braces: isize,
    brackets: isize,
}

/// What has happened to the input.
pub(super) enum Happened {
    /// It was taken in.
    Nothing,
    /// It completed a message.
    Message,
    /// It is wrong.
    Error(SyntaxError),
}

impl Exact {
    /// Whether no token is half read and no bracket open, nor the rest of a bad token being skipped.
    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Start && self.tokens == 0
    }

    /// The message that was completed, until the next one begins.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// How many bytes are kept allocated.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.text.capacity()
    }

    /// Begins a new message, after one is complete or hopeless. The text stays until it has a first token.
    pub(super) fn restart(&mut self) {
        self.tokens = 0;
        self.bytes = 0;
        self.braces = 0;
        self.brackets = 0;
    }

    /// Goes on from `at` until a message is complete or something is wrong.
    pub(super) fn run(&mut self, input: &[u8], at: &mut usize) -> Happened {
        if self.tokens == 0 && matches!(self.state, State::Start | State::Recovery) {
            self.text.clear();
            self.text.shrink_to(KEEP);
        }
        while let Some(&byte) = input.get(*at) {
            let happened = match self.state {
                State::Start => self.start(byte, input, at),
                _ => self.step(byte, input, at),
            };
            if !matches!(happened, Happened::Nothing) {
                return happened;
            }
        }
        Happened::Nothing
    }

    /// Takes what stands between tokens, or a token at one go where that is easy; the other bytes one by one.
    fn start(&mut self, byte: u8, input: &[u8], at: &mut usize) -> Happened {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                *at += 1;
                Happened::Nothing
            }
            b'{' | b'}' | b'[' | b']' | b':' | b',' => {
                self.begin_token(byte);
                self.text.push(byte);
                *at += 1;
                self.end_token()
            }
            b'"' | b'\'' => {
                let body = input.get(*at + 1..).unwrap_or_default();
                let end = plain_run(body, byte);
                match input.get(*at..*at + end + 2) {
                    Some(token) if token.ends_with(&[byte]) && end < MAX_TOKEN_BYTES - 2 => {
                        self.begin_token(byte);
                        self.text.extend_from_slice(token);
                        *at += token.len();
                        self.end_token()
                    }
                    _ => self.step(byte, input, at),
                }
            }
            _ => self.step(byte, input, at),
        }
    }

    /// Takes one byte, by the lexer's rules.
    fn step(&mut self, byte: u8, input: &[u8], at: &mut usize) -> Happened {
        match step(self.state, byte) {
            Step::Drop(state) => {
                self.state = state;
                *at += 1;
                Happened::Nothing
            }
            Step::Take(state) => {
                self.begin_token(byte);
                self.text.push(byte);
                self.state = state;
                *at += 1;
                self.take_run(input, at)
            }
            Step::Last => {
                self.begin_token(byte);
                self.text.push(byte);
                *at += 1;
                self.end_token()
            }
            Step::Before if self.state == State::Recovery => {
                self.state = State::Start;
                Happened::Nothing
            }
            Step::Before => self.end_token(),
            Step::Error => {
                self.begin_token(byte);
                self.text.push(byte);
                *at += 1;
                self.state = State::Recovery;
                let token = self.text.get(self.token..).unwrap_or_default();
                let shown = string::lossy(token);
                Happened::Error(SyntaxError::parse(format_args!("stray '{shown}'")))
            }
        }
    }

    /// Before a token's first byte: keeps it apart from a token that it would run together with.
    fn begin_token(&mut self, byte: u8) {
        if self.state == State::Start {
            let apart = self.text.last().is_none_or(|last| is_punctuation(*last));
            if !apart && !is_punctuation(byte) {
                self.text.push(b' ');
            }
            self.token = self.text.len();
        }
    }

    /// In a string, takes what is plain in one go.
    fn take_run(&mut self, input: &[u8], at: &mut usize) -> Happened {
        if let State::String(quote) = self.state {
            let rest = input.get(*at..).unwrap_or_default();
            let run = rest.get(..plain_run(rest, quote)).unwrap_or_default();
            // One byte over is enough to find that the token is too long.
            let room = (MAX_TOKEN_BYTES + 1).saturating_sub(self.text.len() - self.token);
            let run = run.get(..room).unwrap_or(run);
            self.text.extend_from_slice(run);
            *at += run.len();
        }
        if self.text.len() - self.token > MAX_TOKEN_BYTES {
            // What follows is read as if it began a token.
            self.state = State::Start;
            return Happened::Error(SyntaxError::limit("token size"));
        }
        Happened::Nothing
    }

    /// Counts a complete token.
    fn end_token(&mut self) -> Happened {
        self.state = State::Start;
        self.tokens += 1;
        self.bytes += self.text.len() - self.token + 1;
        // A token that begins with a bracket is that bracket.
        match self.text.get(self.token) {
            Some(b'{') => self.braces += 1,
            Some(b'}') => self.braces -= 1,
            Some(b'[') => self.brackets += 1,
            Some(b']') => self.brackets -= 1,
            _ => {}
        }
        if self.bytes > MAX_TOKEN_BYTES {
            return Happened::Error(SyntaxError::limit("token size"));
        }
        if self.tokens > MAX_TOKENS {
            return Happened::Error(SyntaxError::limit("token count"));
        }
        if self.braces + self.brackets > MAX_NESTING as isize {
            return Happened::Error(SyntaxError::limit("nesting depth"));
        }
        let open = self.braces > 0 || self.brackets > 0;
        match open && self.braces >= 0 && self.brackets >= 0 {
            true => Happened::Nothing,
            false => Happened::Message,
        }
    }
}

fn is_punctuation(byte: u8) -> bool {
    matches!(byte, b'{' | b'}' | b'[' | b']' | b':' | b',')
}
