//! Values that fit a type of a schema: the same ones every time.
//!
//! Types refer to themselves, directly or in circles, and some choices never come to an end. So it is worked out first how
//! many levels the smallest value of a type has. On the way down choices are free until a type comes again; from there on
//! they go to the smallest, which has a bottom.

use std::collections::HashMap;

use crate::introspection::{JsonType, Schema, Type, TypeKind};
use crate::{Dict, Error, Number, Value};

/// How deep a value may be; typed values end at 256.
const MAX_LEVELS: usize = 200;
/// From this depth on, what is optional is left away.
const DEEP: usize = 24;
/// How many values there may be inside one.
const MAX_VALUES: usize = 50_000;

/// How much of a type's values is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extent {
    /// What must be: no optional members, empty lists.
    #[default]
    Required,
    /// What can be: all optional members, lists of one element; except where that would have no end.
    All,
}

/// Makes values of a schema's types.
#[derive(Debug)]
pub(super) struct Generator {
    /// Levels of the smallest value of each type; absent: there is none.
    levels: HashMap<String, usize>,
}

impl Generator {
    pub(super) fn new(schema: &Schema) -> Self {
        let mut generator = Self { levels: HashMap::new() };
        // Each round finds the types that are one level higher than those found before.
        for _ in 0..MAX_LEVELS {
            let found: Vec<_> = schema
                .types()
                .filter(|ty| !generator.levels.contains_key(ty.name()))
                .filter_map(|ty| generator.least(ty).map(|levels| (ty.name().to_owned(), levels)))
                .collect();
            if found.is_empty() {
                break;
            }
            generator.levels.extend(found);
        }
        generator
    }

    /// A value of a type.
    ///
    /// # Errors
    /// Every value of the type would be endless, or far too large.
    pub(super) fn value(&self, ty: Type<'_>, extent: Extent) -> Result<Value, Error> {
        let mut run = Run { generator: self, extent, path: Vec::new(), left: MAX_VALUES };
        run.value(ty, "string").map_err(|NoValue| {
            Error::generic(format!("the fake cannot make up a value of type '{}': script the answer", ty.name()))
        })
    }

    /// Levels of a type's smallest value, from what is known of others.
    fn levels(&self, ty: Type<'_>) -> Option<usize> {
        match ty.kind() {
            TypeKind::Builtin(_) | TypeKind::Array | TypeKind::Unknown => Some(0),
            TypeKind::Enum => ty.values().next().map(|_| 0),
            TypeKind::Object | TypeKind::Alternate => self.levels.get(ty.name()).copied(),
        }
    }

    /// The same, worked out.
    fn least(&self, ty: Type<'_>) -> Option<usize> {
        let inside = match ty.kind() {
            TypeKind::Alternate => ty.alternatives().filter_map(|branch| self.levels(branch)).min()?,
            TypeKind::Object => {
                let required = ty.members().filter(|member| !member.optional());
                let own = required
                    .map(|member| self.levels(member.ty()))
                    .try_fold(0, |most, levels| levels.map(|levels| usize::max(most, levels)))?;
                match ty.tag() {
                    None => own,
                    Some(tag) => own.max(tag.ty().values().filter_map(|value| self.branch(ty, value.name())).min()?),
                }
            }
            _ => return self.levels(ty),
        };
        (inside < MAX_LEVELS).then_some(inside + 1)
    }

    /// Levels of what a discriminator's value brings with it.
    fn branch(&self, ty: Type<'_>, value: &str) -> Option<usize> {
        ty.variant(value).map_or(Some(0), |branch| self.levels(branch))
    }
}

/// There is no such value, or it would be too large.
struct NoValue;

/// The making of one value.
struct Run<'g, 's> {
    generator: &'g Generator,
    extent: Extent,
    /// The types that the present value is inside of.
    path: Vec<Type<'s>>,
    /// How many more values there may be.
    left: usize,
}

impl<'s> Run<'_, 's> {
    /// A value of a type; `name` is what a text says.
    fn value(&mut self, ty: Type<'s>, name: &str) -> Result<Value, NoValue> {
        self.left = self.left.checked_sub(1).ok_or(NoValue)?;
        Ok(match ty.kind() {
            TypeKind::Builtin(json) => scalar(json, name),
            TypeKind::Unknown => Value::Null,
            TypeKind::Enum => ty.values().next().ok_or(NoValue)?.name().into(),
            TypeKind::Array => {
                let wanted = self.generous() && !self.inside(ty);
                let element = ty.element().filter(|element| wanted && !self.inside(*element));
                let element = element.filter(|element| self.generator.levels(*element).is_some());
                Value::List(match element {
                    Some(element) => vec![self.within(ty, |run| run.value(element, name))?],
                    None => Vec::new(),
                })
            }
            TypeKind::Object => {
                let mut dict = Dict::new();
                self.members(ty, &mut dict)?;
                dict.into()
            }
            TypeKind::Alternate => {
                let branch =
                    self.choose(ty, ty.alternatives().map(|branch| (self.generator.levels(branch), branch)))?;
                self.within(ty, |run| run.value(branch, name))?
            }
        })
    }

    fn members(&mut self, ty: Type<'s>, dict: &mut Dict) -> Result<(), NoValue> {
        let generous = self.generous() && !self.inside(ty);
        let branch = match ty.tag().filter(|tag| !dict.contains_key(tag.name())) {
            None => None,
            Some(tag) => {
                let values = tag.ty().values().map(|value| (self.generator.branch(ty, value.name()), value.name()));
                Some((tag, self.choose(ty, values)?))
            }
        };
        for member in ty.members() {
            let name = member.name();
            let ty_of_member = member.ty();
            // A list can be empty, so it need not go round in a circle.
            let again = self.inside(ty_of_member) || ty_of_member == ty;
            let wanted = generous && (!again || ty_of_member.kind() == TypeKind::Array);
            let possible = self.generator.levels(ty_of_member).is_some();
            if let Some((_, value)) = branch.filter(|(tag, _)| tag.name() == name) {
                dict.insert(name, value);
            } else if !member.optional() || wanted && possible {
                let value = self.within(ty, |run| run.value(ty_of_member, name))?;
                dict.insert(name, value);
            }
        }
        match branch.and_then(|(_, value)| ty.variant(value)) {
            Some(branch) => self.within(ty, |run| run.members(branch, dict)),
            None => Ok(()),
        }
    }

    /// The first possible choice; inside of the same type, the smallest, since the first would lead round in a circle.
    fn choose<T>(&self, ty: Type<'s>, choices: impl Iterator<Item = (Option<usize>, T)>) -> Result<T, NoValue> {
        let mut possible = choices.filter_map(|(levels, choice)| levels.map(|levels| (levels, choice)));
        let chosen = match self.inside(ty) {
            true => possible.min_by_key(|(levels, _)| *levels),
            false => possible.next(),
        };
        chosen.map(|(_, choice)| choice).ok_or(NoValue)
    }

    /// Whether there may be more than must be.
    fn generous(&self) -> bool {
        self.extent == Extent::All && self.path.len() < DEEP
    }

    fn inside(&self, ty: Type<'s>) -> bool {
        self.path.contains(&ty)
    }

    fn within<T>(&mut self, ty: Type<'s>, make: impl FnOnce(&mut Self) -> Result<T, NoValue>) -> Result<T, NoValue> {
        if self.path.len() >= MAX_LEVELS {
            return Err(NoValue);
        }
        self.path.push(ty);
        let made = make(self);
        self.path.pop();
        made
    }
}

fn scalar(json: JsonType, name: &str) -> Value {
    match json {
        JsonType::String => name.into(),
        JsonType::Int | JsonType::Number => Number::Int(0).into(),
        JsonType::Boolean => false.into(),
        JsonType::Null | JsonType::Value => Value::Null,
        JsonType::Object => Dict::new().into(),
        JsonType::Array => Value::List(Vec::new()),
    }
}
