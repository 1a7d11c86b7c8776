//! Values as one bare text, for people: properties set by hand, tables, `key = value` listings.
//!
//! [`parse`] reads a scalar (`0x10`, `on`, an enumeration's value) or a list of integers with ranges (`1-3,7`); [`format()`]
//! and [`format_human`] write the same, the latter with what helps a person to read it.

use crate::value::{Number, Value};
use crate::visit::{self, Decoder, Visit, to_value};
use crate::{Encoder, Error};

/// Reads a scalar, or a list of integers. `name` is for errors.
///
/// Integers are written as in C: decimal, `0x` or octal after a leading zero. A list is numbers and ranges between commas; a
/// range stands for at most 65536 numbers; the empty text is the empty list.
///
/// # Errors
/// The text is no `T`, or `T` is an object or a list of something else.
///
/// ```
/// use qapi_runtime::string;
/// assert_eq!(string::parse::<Vec<u16>>("host-nodes", "0-2,7"), Ok(vec![0, 1, 2, 7]));
/// assert_eq!(string::parse("share", "off"), Ok(false));
/// ```
pub fn parse<T: Visit + Default>(name: &str, text: &str) -> Result<T, Error> {
    visit::read(Decoder::from_string(name, text))
}

/// Reads a number of bytes: `1536`, `1.5k`, `0x600`. Suffixes `B`, `K`, `M`, `G`, `T`, `P`, `E` in either case; fractions are
/// rounded to whole bytes.
///
/// # Errors
/// The text is no size, or more than 64 bits can hold.
pub fn parse_size(name: &str, text: &str) -> Result<u64, Error> {
    let mut size = 0;
    let mut d = Decoder::from_string(name, text);
    d.size(&mut size).map_err(|failed| d.error(failed))?;
    Ok(size)
}

/// Writes a scalar, or a list of integers as ranges in ascending order.
///
/// # Errors
/// It is an object, or a list of something else.
pub fn format<T: Visit + ?Sized>(value: &T) -> Result<String, Error> {
    match to_value(value) {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.into()),
        Value::List(list) => ranges(&list).map(|ranges| join(&ranges, |n| n.to_string())),
        Value::Dict(_) => Err(Error::generic("An object has no form as a single text")),
        Value::Bool(b) => Ok(b.to_string()),
        Value::Number(n) => Ok(number(n)),
    }
}

/// As [`format()`], for people: integers in hexadecimal too, text in quotes.
///
/// # Errors
/// As [`format()`].
pub fn format_human<T: Visit + ?Sized>(value: &T) -> Result<String, Error> {
    let list = match to_value(value) {
        Value::Null => return Ok("<null>".into()),
        Value::String(text) => return Ok(format!("\"{text}\"")),
        Value::List(list) => list,
        value @ Value::Number(Number::Int(_) | Number::Uint(_)) => vec![value],
        value => return format(&value),
    };
    let ranges = ranges(&list)?;
    if ranges.is_empty() {
        return Ok(String::new());
    }
    // Hexadecimal is the bits that a 64-bit register would hold.
    Ok(format!("{} ({})", join(&ranges, |n| n.to_string()), join(&ranges, |n| format!("{:#x}", n as u64))))
}

/// Writes a number of bytes for people: `1536 (1.5 KiB)`.
pub fn format_size_human(size: u64) -> String {
    const PREFIXES: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let mut unit = 0;
    // From 1000 on in the larger unit, so that no more than three digits stand before the point.
    while unit + 1 < PREFIXES.len() && size as f64 / 1024f64.powi(unit as i32) >= 1000.0 {
        unit += 1;
    }
    let scaled = size as f64 / 1024f64.powi(unit as i32);
    format!("{size} ({} {}B)", three_digits(scaled), PREFIXES.get(unit).unwrap_or(&""))
}

/// C's `%.3g` of a number that is 0 or between 0.5 and 1000.
fn three_digits(n: f64) -> String {
    // Rounding can make a digit more, so the exponent is that of the rounded number.
    let rounded = format!("{n:.2e}");
    match rounded.rsplit_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok()) {
        Some(exponent @ ..=1) => {
            let text = format!("{n:.*}", (2 - exponent).unsigned_abs() as usize);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Some(2) => format!("{n:.0}"),
        _ => "1e+03".to_owned(),
    }
}

fn number(n: Number) -> String {
    let mut e = Encoder::new();
    e.number(n);
    e.into_string()
}

/// The integers of a list as ranges, in ascending order.
fn ranges(list: &[Value]) -> Result<Vec<(i128, i128)>, Error> {
    let integer = |value: &Value| match value {
        Value::Number(Number::Int(n)) => Ok(i128::from(*n)),
        Value::Number(Number::Uint(n)) => Ok(i128::from(*n)),
        _ => Err(Error::generic("A list has a form as a single text only if its elements are integers")),
    };
    let mut numbers = list.iter().map(integer).collect::<Result<Vec<_>, _>>()?;
    numbers.sort_unstable();
    let mut ranges: Vec<(i128, i128)> = Vec::new();
    for n in numbers {
        match ranges.last_mut() {
            Some((_, last)) if n <= *last + 1 => *last = n,
            _ => ranges.push((n, n)),
        }
    }
    Ok(ranges)
}

fn join(ranges: &[(i128, i128)], show: impl Fn(i128) -> String) -> String {
    let range = |(first, last): &(i128, i128)| {
        if first == last { show(*first) } else { format!("{}-{}", show(*first), show(*last)) }
    };
    ranges.iter().map(range).collect::<Vec<_>>().join(",")
}
