//! The exact lexer: a state machine over single bytes that knows what QEMU makes of malformed input.
//!
//! After a lexical error it is deaf until a byte comes that could begin something new: a bracket, a separator, the end of
//! a line, or another byte that is an error anywhere.

/// Where in a token the lexer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// Between tokens.
    #[default]
    Start,
    /// After an error.
    Recovery,
    /// In a string with this quote.
    String(u8),
    /// After a backslash in a string with this quote.
    Escape(u8),
    /// After `-`.
    Sign,
    /// After a leading `0`.
    Zero,
    /// In the integer part.
    Digits,
    /// After the decimal point.
    Point,
    /// In the fraction.
    Fraction,
    /// After `e`.
    Exponent,
    /// After the exponent's sign.
    ExponentSign,
    /// In the exponent's digits.
    ExponentDigits,
    /// In a word.
    Keyword,
}

/// What a byte does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is part of the token that is being read.
    Take(State),
    /// It completes its token.
    Last,
    /// The token was complete before it; it must be looked at again from the start.
    Before,
    /// It belongs to no token.
    Drop(State),
    /// It makes its token impossible.
    Error,
}

/// What `byte` does in `state`.
#[inline]
pub(super) fn step(state: State, byte: u8) -> Step {
    use State::*;
    use Step::*;
    match (state, byte) {
        (Start, b' ' | b'\t' | b'\r' | b'\n') => Drop(Start),
        (Start, b'"' | b'\'') => Take(String(byte)),
        (Start, b'{' | b'}' | b'[' | b']' | b':' | b',') => Last,
        (Start, b'-') => Take(Sign),
        (Start | Sign, b'0') => Take(Zero),
        (Start | Sign, b'1'..=b'9') => Take(Digits),
        (Start | Keyword, b'a'..=b'z') => Take(Keyword),

        (Recovery, b'\t') => Drop(Recovery),
        (Recovery, 0..=0x1f | 0xfe | 0xff | b'{' | b'}' | b'[' | b']' | b':' | b',') => Before,
        (Recovery, _) => Drop(Recovery),

        (String(quote), _) if byte == quote => Last,
        (String(quote), b'\\') => Take(Escape(quote)),
        (String(quote) | Escape(quote), 0x20..=0xfd) => Take(String(quote)),

        (Digits, b'0'..=b'9') => Take(Digits),
        (Zero | Digits, b'.') => Take(Point),
        // Not after a lone zero: there, an exponent is a word of its own.
        (Digits | Fraction, b'e' | b'E') => Take(Exponent),
        (Point | Fraction, b'0'..=b'9') => Take(Fraction),
        (Exponent, b'+' | b'-') => Take(ExponentSign),
        (Exponent | ExponentSign | ExponentDigits, b'0'..=b'9') => Take(ExponentDigits),

        (Zero, b'0'..=b'9') => Error,
        (Zero | Digits | Fraction | ExponentDigits | Keyword, _) => Before,
        _ => Error,
    }
}
