//! How numbers are printed: integers in full, doubles as C's `%.17g`.

/// Significant digits that carry any double exactly.
const DIGITS: i32 = 17;

/// Appends `n` in decimal.
pub(super) fn write_u64(mut n: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + (n % 10) as u8;
        n /= 10;
        used += 1;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

/// Appends `n` with 17 significant digits, without trailing zeros, in the shorter of plain and exponent notation by
/// C's rule. What is not finite is appended as `null`.
pub(super) fn write_f64(n: f64, out: &mut Vec<u8>) {
    if !n.is_finite() {
        out.extend_from_slice(b"null");
        return;
    }
    // One digit, a point, 16 digits, `e`, a decimal exponent: correctly rounded, so only the layout is left to do.
    let scientific = format!("{n:.*e}", (DIGITS - 1) as usize);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let significant = digits.trim_end_matches('0');
    let significant = if significant.is_empty() { "0" } else { significant };

    out.extend_from_slice(sign.as_bytes());
    let text = if (-4..DIGITS).contains(&exponent) {
        plain(significant, exponent)
    } else {
        let (first, rest) = significant.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{first}{point}{rest}e{sign}{:02}", exponent.abs())
    };
    out.extend_from_slice(text.as_bytes());
}

/// Lays out significant digits, the first of which counts 10^`exponent`, without exponent notation.
fn plain(significant: &str, exponent: i32) -> String {
    match usize::try_from(exponent) {
        Err(_) => {
            let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
            format!("0.{zeros}{significant}")
        }
        Ok(exponent) => match significant.split_at_checked(exponent + 1) {
            Some((whole, "")) => whole.into(),
            Some((whole, fraction)) => format!("{whole}.{fraction}"),
            None => format!("{significant}{}", "0".repeat(exponent + 1 - significant.len())),
        },
    }
}
