//! Gives arguments their types: what a bare word means is for the server's schema to say.
//!
//! `id=007` is text where the schema wants text, `size=1G` is 1073741824 where it wants an integer, and where the schema
//! does not know, a word that looks like JSON is JSON. Quoted text stays text, and JSON stays as it is.

mod scalar;
#[cfg(test)]
mod tests;
mod tree;

use std::ops::Range;

use qapi_runtime::introspection::{Schema, Type};
use qapi_runtime::{Dict, Value};

use crate::parse::{Call, Literal, ParseError};
use crate::schema;
use tree::{Content, Node};

/// The arguments of a call as they go over the wire.
///
/// # Errors
/// A key is given twice or as different kinds of thing, a list has a gap, or a bare word cannot be of its type.
pub(crate) fn arguments(call: &Call, schema: Option<&Schema>) -> Result<Dict, ParseError> {
    let root = tree::build(&call.arguments)?;
    let ty = schema.and_then(|schema| schema.command(&call.name)).map(|command| command.arguments());
    object(root, ty)
}

fn object(members: Vec<(String, Node)>, ty: Option<Type<'_>>) -> Result<Dict, ParseError> {
    // Discriminators are looked up before their place in the line is reached.
    let tags: Vec<(String, String)> =
        members.iter().filter_map(|(name, node)| Some((name.clone(), node.text()?.to_owned()))).collect();
    let given = |name: &str| tags.iter().find(|(tag, _)| tag == name).map(|(_, text)| text.clone());
    let mut dict = Dict::new();
    for (name, node) in members {
        let ty = ty.and_then(|ty| schema::member(ty, &given, &name)).map(|member| member.ty());
        dict.insert(name, value(node, ty)?);
    }
    Ok(dict)
}

fn value(node: Node, ty: Option<Type<'_>>) -> Result<Value, ParseError> {
    let Node { content, place } = node;
    match content {
        Content::Literal(Literal::Json(value)) => Ok(value),
        Content::Literal(Literal::Quoted(text)) => Ok(Value::from(text)),
        Content::Literal(Literal::Bare(text)) => {
            let read = match ty {
                Some(ty) => scalar::typed(&text, ty),
                None => Ok(scalar::guess(&text)),
            };
            read.map_err(|message| ParseError::new(message, place))
        }
        Content::Object(members) => {
            let element = ty.and_then(schema::as_list);
            let indices = members.iter().all(|(name, _)| name.bytes().all(|b| b.is_ascii_digit()));
            // Without a schema, names that are all numbers number a list.
            if element.is_some() || (indices && ty.and_then(schema::as_object).is_none()) {
                return list(members, element, place).map(Value::List);
            }
            object(members, ty.and_then(schema::as_object)).map(Value::Dict)
        }
    }
}

fn list(
    members: Vec<(String, Node)>,
    element: Option<Type<'_>>,
    place: Range<usize>,
) -> Result<Vec<Value>, ParseError> {
    let mut numbered = Vec::with_capacity(members.len());
    for (name, node) in members {
        let Ok(index) = name.parse::<usize>() else {
            return Err(ParseError::new(
                format!("this is a list: use a number from 0 instead of '{name}'"),
                node.place,
            ));
        };
        numbered.push((index, node));
    }
    numbered.sort_by_key(|(index, _)| *index);
    if let Some((gap, _)) = numbered.iter().enumerate().find(|(at, (index, _))| at != index) {
        return Err(ParseError::new(format!("element {gap} of this list is missing, or is given twice"), place));
    }
    numbered.into_iter().map(|(_, node)| value(node, element)).collect()
}
