//! Bare words and what they mean.

use qapi_runtime::introspection::{JsonType, Type, TypeKind};
use qapi_runtime::{Number, Value, json};

use crate::schema;

/// What a word means where nothing is known of its type: JSON if it looks like it, else text.
pub(super) fn guess(word: &str) -> Value {
    match word {
        "true" | "True" => true.into(),
        "false" | "False" => false.into(),
        "null" | "None" => Value::Null,
        word if word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            json::parse(word.as_bytes()).unwrap_or_else(|_| word.into())
        }
        word => word.into(),
    }
}

/// What a word means as a value of that type; otherwise what is expected.
pub(super) fn typed(word: &str, ty: Type<'_>) -> Result<Value, String> {
    match ty.kind() {
        TypeKind::Builtin(json) => builtin(word, json),
        TypeKind::Enum => enumeration(word, ty),
        TypeKind::Array => elements(word, ty),
        TypeKind::Object => {
            Err("this is an object: give its members as KEY.MEMBER=VALUE, or JSON in braces".to_owned())
        }
        TypeKind::Alternate => alternate(word, ty),
        _ => Ok(guess(word)),
    }
}

fn builtin(word: &str, json: JsonType) -> Result<Value, String> {
    match json {
        JsonType::String => Ok(word.into()),
        JsonType::Int => integer(word).map(Value::Number),
        JsonType::Number => number(word).map(Value::Number),
        JsonType::Boolean => boolean(word).map(Value::Bool),
        JsonType::Null if matches!(word, "null" | "None") => Ok(Value::Null),
        JsonType::Null => Err("only null is possible here".to_owned()),
        JsonType::Object => Err("this is an object: write it as JSON, in braces".to_owned()),
        JsonType::Array => Err("this is a list: write it as JSON, in brackets".to_owned()),
        _ => Ok(guess(word)),
    }
}

fn enumeration(word: &str, ty: Type<'_>) -> Result<Value, String> {
    if ty.has_value(word) {
        return Ok(word.into());
    }
    let names = || ty.values().map(|value| value.name());
    let close = schema::close(word, names());
    Err(if close.is_empty() {
        let shown: Vec<_> = names().take(12).collect();
        let more = if names().count() > shown.len() { ", …" } else { "" };
        format!("'{word}' is not one of: {}{more}", shown.join(", "))
    } else {
        format!("there is no value '{word}' here; did you mean {}?", close.join(" or "))
    })
}

/// Elements of a list between commas. Empty text is an empty list.
fn elements(word: &str, ty: Type<'_>) -> Result<Value, String> {
    let element = ty.element().filter(|_| !word.is_empty());
    let Some(element) = element else { return Ok(Value::List(Vec::new())) };
    if schema::as_object(element).is_some() && element.kind() == TypeKind::Object {
        return Err(
            "this is a list of objects: give their members as KEY.0.MEMBER=VALUE, or JSON in brackets".to_owned()
        );
    }
    word.split(',').map(|part| typed(part, element)).collect::<Result<_, _>>().map(Value::List)
}

/// The branch that fits best: what is written more specially comes before text.
fn alternate(word: &str, ty: Type<'_>) -> Result<Value, String> {
    let branches = schema::alternatives(ty);
    let text = branches.iter().any(|ty| ty.kind() == TypeKind::Builtin(JsonType::String));
    // A number whose spelling would change (007) is a name when names are possible.
    let faithful = |value: &Value| !text || value.as_str().is_some() || value.to_string() == word;
    let mut expected = Vec::new();
    for branch in branches.iter().filter(|ty| ty.kind() != TypeKind::Builtin(JsonType::String)) {
        match typed(word, *branch) {
            Ok(value) if faithful(&value) => return Ok(value),
            Ok(_) => {}
            Err(message) => expected.push(message),
        }
    }
    if text { Ok(word.into()) } else { Err(expected.join("; or ")) }
}

fn boolean(word: &str) -> Result<bool, String> {
    match word {
        "true" | "True" | "on" | "yes" => Ok(true),
        "false" | "False" | "off" | "no" => Ok(false),
        _ => Err(format!("'{word}' is neither true nor false")),
    }
}

fn number(word: &str) -> Result<Number, String> {
    if let Ok(number) = integer(word) {
        return Ok(number);
    }
    let number = word.parse::<f64>().ok().filter(|number| number.is_finite());
    number.map(Number::Double).ok_or_else(|| format!("'{word}' is not a number"))
}

/// An integer: decimal, hexadecimal, or with a binary suffix as sizes have.
fn integer(word: &str) -> Result<Number, String> {
    let fail = || format!("'{word}' is not an integer, nor a size such as 64K or 1.5G");
    let (negative, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(fail());
    }
    let magnitude = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(hex) if hex.starts_with('+') => None,
        Some(hex) => u64::from_str_radix(hex, 16).ok().map(i128::from),
        None => decimal(digits),
    };
    let value = magnitude.map(|magnitude| if negative { -magnitude } else { magnitude }).ok_or_else(fail)?;
    let number = i64::try_from(value).map(Number::Int).or_else(|_| u64::try_from(value).map(Number::Uint));
    number.map_err(|_| format!("'{word}' does not fit in 64 bits"))
}

/// Decimal digits with a fraction and a suffix; what comes out must be whole.
fn decimal(text: &str) -> Option<i128> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text.get(digits.len()..)? {
        "" => 0,
        "k" | "K" | "Ki" | "KiB" => 10,
        "m" | "M" | "Mi" | "MiB" => 20,
        "g" | "G" | "Gi" | "GiB" => 30,
        "t" | "T" | "Ti" | "TiB" => 40,
        "p" | "P" | "Pi" | "PiB" => 50,
        "e" | "E" | "Ei" | "EiB" => 60,
        _ => return None,
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    // Eighteen decimals leave room for the shift.
    if fraction.len() > 18 || fraction.starts_with('+') || (shift == 0 && digits.contains('.')) {
        return None;
    }
    let scale = 10i128.pow(u32::try_from(fraction.len()).ok()?);
    let whole = i128::from(whole.parse::<u64>().ok()?) << shift;
    let part = i128::from(fraction.parse::<u64>().ok()?) << shift;
    (part % scale == 0).then_some(whole + part / scale)
}
