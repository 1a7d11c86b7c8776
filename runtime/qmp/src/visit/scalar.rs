//! Values written as bare text: truth values, integers as C reads them, sizes with suffixes.

/// Whether a text says yes or no.
pub(super) fn bool(text: &str) -> Option<bool> {
    match text {
        "on" | "yes" | "true" | "y" => Some(true),
        "off" | "no" | "false" | "n" => Some(false),
        _ => None,
    }
}

/// An integer and what follows it.
struct Integer<'a> {
    negative: bool,
    /// `None`: more than 64 bits.
    magnitude: Option<u64>,
    rest: &'a str,
}

/// A signed integer that is the whole text: decimal, `0x` or, with a leading zero, octal.
pub(super) fn i64(text: &str) -> Option<i64> {
    i64_prefix(text).and_then(|(n, rest)| rest.is_empty().then_some(n))
}

/// An unsigned integer that is the whole text. A negative one wraps around, as it does in C.
pub(super) fn u64(text: &str) -> Option<u64> {
    u64_prefix(text).and_then(|(n, rest)| rest.is_empty().then_some(n))
}

/// A signed integer at the beginning of a text, and the rest.
pub(super) fn i64_prefix(text: &str) -> Option<(i64, &str)> {
    let Integer { negative, magnitude, rest } = integer(text)?;
    let n = i128::from(magnitude?);
    let n = i64::try_from(if negative { -n } else { n }).ok()?;
    Some((n, rest))
}

/// An unsigned integer at the beginning of a text, and the rest.
pub(super) fn u64_prefix(text: &str) -> Option<(u64, &str)> {
    let Integer { negative, magnitude, rest } = integer(text)?;
    let n = magnitude?;
    Some((if negative { n.wrapping_neg() } else { n }, rest))
}

/// As C's `strtoll` with base 0: white space, a sign, a prefix that tells the base, digits.
fn integer(text: &str) -> Option<Integer<'_>> {
    let text = text.trim_start_matches(is_space);
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, base) = match hexadecimal {
        Some(digits) if digits.starts_with(|c: char| c.is_ascii_hexdigit()) => (digits, 16),
        _ if text.starts_with('0') => (text, 8),
        _ => (text, 10),
    };
    let (magnitude, rest) = magnitude(digits, base)?;
    Some(Integer { negative, magnitude, rest })
}

/// Digits of a base: their value, if 64 bits hold it, and what follows. `None`: there is no digit.
fn magnitude(text: &str, base: u32) -> Option<(Option<u64>, &str)> {
    let end = text.find(|c: char| !c.is_digit(base)).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return None;
    }
    Some((u64::from_str_radix(digits, base).ok(), rest))
}

/// A finite number in decimal, with fraction and exponent or without.
pub(super) fn f64(text: &str) -> Option<f64> {
    let text = text.trim_start_matches(is_space);
    // Words such as `inf` are numbers to `parse`.
    let number = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse().ok().filter(|n: &f64| number && n.is_finite())
}

/// Why a text is no size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoSize {
    /// It is no number of bytes.
    Malformed,
    /// It is more than 64 bits can hold.
    TooLarge,
}

/// A number of bytes: decimal with an optional fraction, or `0x`; then `B`, `K`, `M`, `G`, `T`, `P` or `E` in either case,
/// each 1024 times the one before. Without a suffix the fraction must be zero; with one, the result is rounded.
pub(super) fn size(text: &str) -> Result<u64, NoSize> {
    let text = text.trim_start_matches(is_space);
    let text = text.strip_prefix('+').unwrap_or(text);
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (whole, rest) = match hexadecimal {
        Some(digits) => magnitude(digits, 16),
        None => magnitude(text, 10),
    }
    .ok_or(NoSize::Malformed)?;
    let (fraction, rest) = match (hexadecimal, rest.strip_prefix('.')) {
        (None, Some(rest)) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
        _ => ("", rest),
    };
    let unit = unit(rest).ok_or(NoSize::Malformed)?;
    if unit == 1 && fraction.bytes().any(|digit| digit != b'0') {
        return Err(NoSize::Malformed);
    }
    let whole = whole.and_then(|whole| whole.checked_mul(unit)).ok_or(NoSize::TooLarge)?;
    whole.checked_add(part(fraction, unit)).ok_or(NoSize::TooLarge)
}

/// The bytes that a suffix stands for; none counts as bytes.
fn unit(suffix: &str) -> Option<u64> {
    let power = match suffix {
        "" | "b" | "B" => 0,
        "k" | "K" => 1,
        "m" | "M" => 2,
        "g" | "G" => 3,
        "t" | "T" => 4,
        "p" | "P" => 5,
        "e" | "E" => 6,
        _ => return None,
    };
    Some(1 << (10 * power))
}

/// The fraction with these decimal digits of a unit, rounded to whole bytes.
fn part(digits: &str, unit: u64) -> u64 {
    let fraction: f64 = format!("0.{digits}0").parse().unwrap_or(0.0);
    // In 64 bits behind the point: a double of all nines is 1.0, which has no such form, and is a whole unit.
    let fixed = fraction * 2f64.powi(64);
    if fraction >= 1.0 {
        return unit;
    }
    let product = u128::from(fixed as u64) * u128::from(unit);
    ((product + (1 << 63)) >> 64) as u64
}

/// What C calls white space.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}
