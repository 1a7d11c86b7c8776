//! `-object`: memory backends, in keyval or JSON notation.

use qapi_runtime::{Number, Value};

use super::draft::{Done, Draft};
use super::keyval::{Keyval, identifier};
use super::size;
use crate::config::{MemoryBackend, MemorySource};

pub(super) fn object(draft: &mut Draft, text: &str) -> Done {
    let mut keys = if text.starts_with('{') { json(text)? } else { Keyval::parse(text, Some("qom-type"), &[])? };
    let kind = keys.require("qom-type")?;
    let known = ["memory-backend-ram", "memory-backend-file", "memory-backend-memfd"];
    if !known.contains(&kind.as_str()) {
        return Err(format!("Parameter 'qom-type' does not accept value '{kind}'"));
    }
    let id = keys.require("id")?;
    identifier(&id)?;
    let bytes = keys.require("size")?;
    let bytes = size::parse(&bytes, 1)
        .filter(|bytes| *bytes > 0)
        .ok_or("Parameter 'size' expects a size value above zero, such as 128M")?;
    let share = keys.take_bool("share")?;
    let source = match kind.as_str() {
        "memory-backend-file" => {
            MemorySource::File { path: keys.require("mem-path")?.into(), share: share.unwrap_or(false) }
        }
        // Shared unless told otherwise, as in QEMU: passing the descriptor on is what it is for.
        "memory-backend-memfd" => MemorySource::Memfd { share: share.unwrap_or(true) },
        _ if share == Some(true) => {
            return Err("share=on needs memory-backend-memfd or memory-backend-file".into());
        }
        _ => MemorySource::Ram,
    };
    keys.finish()?;
    if draft.objects.iter().any(|object| object.id == id) {
        return Err(format!("Duplicate ID '{id}' for object"));
    }
    draft.objects.push(MemoryBackend { id, option: draft.current.clone(), size: bytes, source });
    Ok(None)
}

/// The members of a JSON object, as the texts that the other notation would have.
fn json(text: &str) -> Result<Keyval, String> {
    let value: Value = qapi_runtime::from_json(text.as_bytes()).map_err(|error| error.to_string())?;
    let Value::Dict(members) = value else {
        return Err("expected a JSON object".into());
    };
    let mut pairs = Vec::new();
    for (name, value) in members {
        let text = match value {
            Value::String(text) => text.into(),
            Value::Bool(true) => "on".into(),
            Value::Bool(false) => "off".into(),
            Value::Number(Number::Int(number)) => number.to_string(),
            Value::Number(number) => number.as_f64().to_string(),
            Value::Null | Value::List(_) | Value::Dict(_) => {
                return Err(format!("Invalid parameter type for '{name}', expected: string"));
            }
        };
        pairs.push((name.into(), text));
    }
    Ok(Keyval::from_pairs(pairs))
}
