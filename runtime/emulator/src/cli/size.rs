//! Sizes on the command line: a number, perhaps with a fraction, and a suffix for its unit.

/// Parses `text` to bytes; a number without suffix counts units of `unit` bytes.
pub(crate) fn parse(text: &str, unit: u64) -> Option<u64> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let factor = match suffix {
        "" => unit,
        "b" | "B" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        "t" | "T" => 1 << 40,
        "p" | "P" => 1 << 50,
        "e" | "E" => 1 << 60,
        _ => return hexadecimal(text, unit),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    whole.checked_mul(factor)?.checked_add(part(fraction, factor)?)
}

/// The bytes of a decimal fraction of `factor`, rounded down.
fn part(digits: &str, factor: u64) -> Option<u64> {
    if digits.is_empty() {
        return Some(0);
    }
    // Eighteen digits are finer than one byte of the largest unit.
    let digits = digits.get(..digits.len().min(18))?;
    let scale = 10_u128.checked_pow(digits.len().try_into().ok()?)?;
    let value: u128 = digits.parse().ok()?;
    (value * u128::from(factor) / scale).try_into().ok()
}

fn hexadecimal(text: &str, unit: u64) -> Option<u64> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()?.checked_mul(unit)
}
