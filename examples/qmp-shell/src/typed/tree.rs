//! Dotted keys, put together to objects.

use std::ops::Range;

use qapi_runtime::Value;

use crate::parse::{Argument, Literal, ParseError};

/// Something that was given, not typed yet.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) content: Content,
    /// Where it was first given.
    pub(super) place: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Content {
    Literal(Literal),
    /// Members in the order they came. Lists are objects with numbers for names until their type is known.
    Object(Vec<(String, Node)>),
}

impl Node {
    /// The text, if it was given as text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Literal(Literal::Bare(text) | Literal::Quoted(text)) => Some(text),
            Content::Literal(Literal::Json(value)) => value.as_str(),
            Content::Object(_) => None,
        }
    }
}

/// The members that arguments make.
pub(super) fn build(arguments: &[Argument]) -> Result<Vec<(String, Node)>, ParseError> {
    let mut root = Vec::new();
    for argument in arguments {
        match (argument.key.split_last(), &argument.value) {
            (Some((name, path)), value) => {
                let members = descend(&mut root, path, argument)?;
                add(members, name, value.clone(), argument)?;
            }
            // An object without a key: its members are arguments.
            (None, Literal::Json(Value::Dict(object))) => {
                for (name, value) in object.iter() {
                    add(&mut root, name, Literal::Json(value.clone()), argument)?;
                }
            }
            (None, _) => return Err(ParseError::new("only an object can stand without a key", place(argument))),
        }
    }
    Ok(root)
}

/// The key, or the value when there is none.
fn place(argument: &Argument) -> Range<usize> {
    if argument.key_place.is_empty() { argument.value_place.clone() } else { argument.key_place.clone() }
}

fn add(members: &mut Vec<(String, Node)>, name: &str, value: Literal, argument: &Argument) -> Result<(), ParseError> {
    if members.iter().any(|(there, _)| there == name) {
        return Err(ParseError::new(format!("'{name}' is given twice"), place(argument)));
    }
    members.push((name.to_owned(), Node { content: Content::Literal(value), place: argument.value_place.clone() }));
    Ok(())
}

/// Goes down to the object that a path names, making those that do not exist.
fn descend<'t>(
    root: &'t mut Vec<(String, Node)>,
    path: &[String],
    argument: &Argument,
) -> Result<&'t mut Vec<(String, Node)>, ParseError> {
    let mut members = root;
    for name in path {
        let at = members.iter().position(|(there, _)| there == name).unwrap_or_else(|| {
            let node = Node { content: Content::Object(Vec::new()), place: argument.key_place.clone() };
            members.push((name.clone(), node));
            members.len() - 1
        });
        let content = &mut members[at].1.content;
        expand(content, &argument.value_place);
        members = match content {
            Content::Object(inner) => inner,
            Content::Literal(_) => {
                let message = format!("'{name}' was given a value before, so it cannot have members");
                return Err(ParseError::new(message, argument.key_place.clone()));
            }
        };
    }
    Ok(members)
}

/// Opens JSON, so that dotted keys can add to it.
fn expand(content: &mut Content, place: &Range<usize>) {
    let node = |value| Node { content: Content::Literal(Literal::Json(value)), place: place.clone() };
    let members = match content {
        Content::Literal(Literal::Json(Value::Dict(members))) => {
            std::mem::take(members).into_iter().map(|(name, value)| (name.into(), node(value))).collect()
        }
        Content::Literal(Literal::Json(Value::List(list))) => {
            let list = std::mem::take(list).into_iter().enumerate();
            list.map(|(index, value)| (index.to_string(), node(value))).collect()
        }
        _ => return,
    };
    *content = Content::Object(members);
}
