//! Lists: objects whose keys are all numbers, once everything is read.

use crate::Error;
use crate::value::{Dict, Str, Value};

/// Turns every object inside `root` whose keys are indices into the list they number.
pub(super) fn close(root: &mut Dict) -> Result<(), Error> {
    let names: Vec<String> = root.iter().filter(|(_, value)| is_dict(value)).map(|(name, _)| name.to_owned()).collect();
    for name in names {
        if let Some(value) = root.get_mut(&name) {
            close_value(value, &mut name.clone())?;
        }
    }
    Ok(())
}

fn is_dict(value: &Value) -> bool {
    matches!(value, Value::Dict(_))
}

/// Closes the lists in a value, then the value itself if it is one. Recursion ends at the levels a key may have.
fn close_value(value: &mut Value, path: &mut String) -> Result<(), Error> {
    let Value::Dict(dict) = value else {
        return Ok(());
    };
    let indices = dict.iter().filter(|(name, _)| is_index(name)).count();
    if indices != 0 && indices != dict.len() {
        return Err(super::inconsistent(path));
    }
    let mut members: Vec<(Str, Value)> = std::mem::take(dict).into_iter().collect();
    for (name, member) in &mut members {
        let len = path.len();
        path.extend([".", name]);
        close_value(member, path)?;
        path.truncate(len);
    }
    *value = if indices == 0 {
        Value::Dict(members.into_iter().collect())
    } else {
        // Too large a number is not the same as any other, and leaves a gap all the same.
        members.sort_by_key(|(name, _)| name.parse().unwrap_or(usize::MAX));
        if let Some((gap, _)) = members.iter().enumerate().find(|(i, (name, _))| name.parse() != Ok(*i)) {
            return Err(Error::generic(format!("Parameter '{path}.{gap}' missing")));
        }
        Value::List(members.into_iter().map(|(_, value)| value).collect())
    };
    Ok(())
}

/// Names begin with a letter or `_`.
fn is_index(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_digit())
}
