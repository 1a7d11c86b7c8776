//! Whether a value fits a type of a schema, with the errors that QEMU gives, in the order in which it gives them.
//!
//! Says the same as reading the value strictly as the type that is generated from the schema, as far as introspection
//! tells: not of which size an integer is, and not what an alternate is called where names are masked.

use std::collections::HashSet;

use crate::introspection::{JsonType, Type, TypeKind};
use crate::{Dict, Error, Kind, Value};

/// How deep values may nest, as for typed values.
const MAX_LEVELS: usize = 256;

/// How many unions may be each other's branches, and alternates each other's alternatives. Real ones are; only a made-up
/// schema has more, and may have circles.
const MAX_CHAIN: usize = 64;

/// Checks the arguments of a command, the data of an event or what is returned.
pub(super) fn check(value: &Value, ty: Type<'_>) -> Result<(), Error> {
    Checker { path: Vec::new() }.value(value, ty)
}

/// Checks the arguments of a command that takes others than the schema tells of.
pub(super) fn check_known(arguments: &Dict, ty: Type<'_>) -> Result<(), Error> {
    let mut known = HashSet::new();
    Checker { path: Vec::new() }.members(arguments, ty, &mut known)
}

/// One step from a value to a value inside it.
#[derive(Clone, Copy)]
enum Step<'v> {
    Member(&'v str),
    Element(usize),
}

struct Checker<'v> {
    path: Vec<Step<'v>>,
}

impl<'v> Checker<'v> {
    fn value(&mut self, value: &'v Value, ty: Type<'v>) -> Result<(), Error> {
        match ty.kind() {
            TypeKind::Builtin(json) => self.builtin(value, json),
            TypeKind::Enum => {
                let name = value.as_str().ok_or_else(|| self.wrong_type("string"))?;
                if ty.has_value(name) { Ok(()) } else { Err(Error::invalid_value(self.name(), name)) }
            }
            TypeKind::Array => {
                let list = value.as_list().ok_or_else(|| self.wrong_type("array"))?;
                let Some(element) = ty.element() else { return Ok(()) };
                self.enter()?;
                for (i, value) in list.iter().enumerate() {
                    self.within(Step::Element(i), |inside| inside.value(value, element))?;
                }
                Ok(())
            }
            TypeKind::Object => {
                let dict = value.as_dict().ok_or_else(|| self.wrong_type("object"))?;
                self.enter()?;
                let mut known = HashSet::new();
                self.members(dict, ty, &mut known)?;
                match dict.iter().find(|(name, _)| !known.contains(name)) {
                    Some((name, _)) => Err(Error::unexpected(&self.member_path(name))),
                    None => Ok(()),
                }
            }
            TypeKind::Alternate => match alternative(ty, value.kind()) {
                Some(branch) => self.value(value, branch),
                None => Err(Error::invalid_type(self.name(), &alternate_name(ty))),
            },
            TypeKind::Unknown => Ok(()),
        }
    }

    fn builtin(&self, value: &Value, json: JsonType) -> Result<(), Error> {
        let (fits, name) = match json {
            JsonType::String => (value.as_str().is_some(), "string"),
            JsonType::Number => (value.as_number().is_some(), "number"),
            JsonType::Int => (value.as_i64().is_some() || value.as_u64().is_some(), "integer"),
            JsonType::Boolean => (value.as_bool().is_some(), "boolean"),
            JsonType::Null => (*value == Value::Null, "null"),
            JsonType::Object => (value.as_dict().is_some(), "object"),
            JsonType::Array => (value.as_list().is_some(), "array"),
            JsonType::Value => (true, "value"),
        };
        if fits { Ok(()) } else { Err(self.wrong_type(name)) }
    }

    /// Checks the members of an object and those of the branch, and notes which there are.
    fn members(&mut self, dict: &'v Dict, ty: Type<'v>, known: &mut HashSet<&'v str>) -> Result<(), Error> {
        let mut level = Some(ty);
        for _ in 0..MAX_CHAIN {
            let Some(ty) = level else { break };
            for member in ty.members() {
                match dict.get(member.name()) {
                    Some(value) => {
                        known.insert(member.name());
                        self.within(Step::Member(member.name()), |inside| inside.value(value, member.ty()))?;
                    }
                    None if member.optional() => {}
                    None => return Err(Error::missing(&self.member_path(member.name()))),
                }
            }
            let tag = ty.tag().and_then(|tag| dict.get(tag.name())).and_then(Value::as_str);
            level = tag.and_then(|tag| ty.variant(tag));
        }
        Ok(())
    }

    fn within(&mut self, step: Step<'v>, check: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.path.push(step);
        check(self)?;
        self.path.pop();
        Ok(())
    }

    /// Makes sure that the present value may contain others.
    fn enter(&self) -> Result<(), Error> {
        if self.path.len() < MAX_LEVELS {
            return Ok(());
        }
        let name = self.name();
        Err(Error::generic(format!("Parameter '{name}' nests more than {MAX_LEVELS} levels deep")))
    }

    fn wrong_type(&self, expected: &str) -> Error {
        Error::invalid_type(&self.path(), expected)
    }

    /// Where the present value is: `actions[1].data`.
    fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.path {
            match step {
                Step::Member(name) if path.is_empty() => path.push_str(name),
                Step::Member(name) => path.extend([".", name]),
                Step::Element(i) => path.push_str(&format!("[{i}]")),
            }
        }
        if path.is_empty() { "<anonymous>".into() } else { path }
    }

    fn member_path(&self, name: &str) -> String {
        if self.path.is_empty() { name.into() } else { format!("{}.{name}", self.path()) }
    }

    /// What some errors say instead of the path: the member's own name, or `null` in a list.
    fn name(&self) -> &'v str {
        match self.path.last() {
            Some(Step::Member(name)) => name,
            _ => "null",
        }
    }
}

/// What an alternate is for values of that kind.
pub(super) fn alternative(ty: Type<'_>, kind: Kind) -> Option<Type<'_>> {
    let mut found = vec![ty];
    for at in 0..MAX_CHAIN {
        let ty = *found.get(at)?;
        let fits = match ty.kind() {
            TypeKind::Alternate => {
                let others = ty.alternatives().filter(|branch| !found.contains(branch)).take(MAX_CHAIN);
                found.extend(others.collect::<Vec<_>>());
                false
            }
            TypeKind::Enum | TypeKind::Builtin(JsonType::String) => kind == Kind::String,
            TypeKind::Builtin(JsonType::Int | JsonType::Number) => kind == Kind::Number,
            TypeKind::Builtin(JsonType::Boolean) => kind == Kind::Bool,
            TypeKind::Builtin(JsonType::Null) => kind == Kind::Null,
            TypeKind::Array | TypeKind::Builtin(JsonType::Array) => kind == Kind::List,
            TypeKind::Object | TypeKind::Builtin(JsonType::Object) => kind == Kind::Dict,
            TypeKind::Builtin(JsonType::Value) | TypeKind::Unknown => true,
        };
        if fits {
            return Some(ty);
        }
    }
    None
}

/// What errors call an alternate: by its name, or where that is masked by what it can be.
fn alternate_name(ty: Type<'_>) -> String {
    let masked = ty.name().bytes().all(|byte| byte.is_ascii_digit());
    if !masked {
        return ty.name().to_owned();
    }
    let mut kinds: Vec<&str> = Vec::new();
    for branch in ty.alternatives() {
        let kind = match branch.kind() {
            TypeKind::Builtin(json) => json.as_str(),
            TypeKind::Enum => "string",
            TypeKind::Array => "array",
            TypeKind::Object => "object",
            TypeKind::Alternate | TypeKind::Unknown => "value",
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds.join(" or ")
}
