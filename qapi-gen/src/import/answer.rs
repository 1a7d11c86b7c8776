//! The answer to `query-qmp-schema`, with every reference looked up.

use std::collections::HashMap;

use super::ImportError;
use crate::json::Value;

/// Index of an [`Entity`].
pub(super) type Id = usize;

/// Longest name that is taken; the longest of QEMU has 50 letters.
const MAX_NAME: usize = 200;

#[derive(Debug)]
pub(super) struct Entity {
    pub(super) name: String,
    pub(super) features: Vec<String>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Builtin,
    Array(Id),
    Enum(Vec<Named>),
    Object { members: Vec<Member>, variants: Option<Variants> },
    Alternate(Vec<Id>),
    Command { arg: Id, ret: Id, oob: bool },
    Event { arg: Id },
}

/// A value of an enum.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) features: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) ty: Id,
    pub(super) optional: bool,
    pub(super) features: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Variants {
    pub(super) tag: String,
    /// Type of the tag, an enum.
    pub(super) tag_type: Id,
    pub(super) cases: Vec<(String, Id)>,
}

/// All entities.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) entities: Vec<Entity>,
    /// The object that stands for "nothing".
    pub(super) empty: Option<Id>,
    /// How often each entity is referred to.
    pub(super) uses: Vec<usize>,
}

impl Answer {
    /// Reads the array, wherever it is.
    pub(super) fn read(value: &Value) -> Result<Self, ImportError> {
        let items = entities(value)?;
        let (mut ids, none) = (HashMap::with_capacity(items.len()), HashMap::new());
        for (id, item) in items.iter().enumerate() {
            let reader = Reader { item, place: format!("entity {}", id + 1), ids: &none };
            let name = reader.text(item, "name")?;
            if ids.insert(name, id).is_some() {
                return reader.wrong(format!("'{name}' is described before"));
            }
        }
        let entities: Vec<Entity> = items
            .iter()
            .map(|item| {
                let name = item.get("name").and_then(Value::as_str).unwrap_or("").to_owned();
                Reader { item, place: format!("'{}'", name.escape_default()), ids: &ids }.entity(name)
            })
            .collect::<Result<_, _>>()?;
        let mut answer = Self { uses: vec![0; entities.len()], entities, empty: None };
        answer.check()?;
        for entity in &answer.entities {
            for id in entity.parts() {
                answer.uses[id] += 1;
            }
        }
        answer.empty = answer.find_empty();
        Ok(answer)
    }

    pub(super) fn entity(&self, id: Id) -> &Entity {
        &self.entities[id]
    }

    /// Checks what references refer to.
    fn check(&self) -> Result<(), ImportError> {
        let object = |id: Id| matches!(self.entity(id).kind, Kind::Object { .. });
        for entity in &self.entities {
            let wrong = |what: &str, id: Id, wanted: &str| {
                let place = format!("'{}'", entity.name);
                let message = format!("{what} is '{}', which is not {wanted}", self.entity(id).name);
                Err(ImportError::Shape { place, message })
            };
            for id in entity.parts() {
                if matches!(self.entity(id).kind, Kind::Command { .. } | Kind::Event { .. }) {
                    return wrong("a type", id, "a type");
                }
            }
            match &entity.kind {
                Kind::Command { arg, .. } | Kind::Event { arg } if !object(*arg) => {
                    return wrong("arg-type", *arg, "an object");
                }
                Kind::Array(element) if matches!(self.entity(*element).kind, Kind::Array(_)) => {
                    return wrong("element-type", *element, "an element");
                }
                Kind::Object { variants: Some(variants), .. } => {
                    if !matches!(self.entity(variants.tag_type).kind, Kind::Enum(_)) {
                        return wrong("the type of the tag", variants.tag_type, "an enum");
                    }
                    if let Some((_, ty)) = variants.cases.iter().find(|(_, ty)| !object(*ty)) {
                        return wrong("a variant's type", *ty, "an object");
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// True for objects without members.
    fn bare(&self, id: Id) -> bool {
        let entity = self.entity(id);
        let none = matches!(&entity.kind, Kind::Object { members, variants: None } if members.is_empty());
        none && entity.features.is_empty()
    }

    /// There can be several objects without members. The one that means "nothing" is by far most in use
    /// where something can be absent.
    fn find_empty(&self) -> Option<Id> {
        let mut counts = vec![0_usize; self.entities.len()];
        for entity in &self.entities {
            let places = match &entity.kind {
                Kind::Command { arg, ret, .. } => vec![*arg, *ret],
                Kind::Event { arg } => vec![*arg],
                Kind::Object { variants: Some(variants), .. } => variants.cases.iter().map(|(_, ty)| *ty).collect(),
                _ => Vec::new(),
            };
            for id in places.into_iter().filter(|id| self.bare(*id)) {
                counts[id] += 1;
            }
        }
        let named = self.entities.iter().position(|entity| entity.name == "q_empty");
        let most = counts.iter().enumerate().rev().max_by_key(|(id, count)| (self.bare(*id), **count));
        named.filter(|id| self.bare(*id)).or(most.map(|(id, _)| id).filter(|id| self.bare(*id)))
    }
}

impl Entity {
    /// Every entity that this one refers to, in the order of the wire.
    pub(super) fn parts(&self) -> Vec<Id> {
        match &self.kind {
            Kind::Builtin | Kind::Enum(_) => Vec::new(),
            Kind::Array(element) => vec![*element],
            Kind::Alternate(types) => types.clone(),
            Kind::Command { arg, ret, .. } => vec![*arg, *ret],
            Kind::Event { arg } => vec![*arg],
            Kind::Object { members, variants } => {
                let cases = variants.iter().flat_map(|variants| &variants.cases).map(|(_, ty)| *ty);
                members.iter().map(|member| member.ty).chain(cases).collect()
            }
        }
    }
}

/// Finds the array of entities: `value` itself, the `return` of a reply, or one of several recorded answers.
fn entities(value: &Value) -> Result<&[Value], ImportError> {
    if let Some(error) = value.get("error") {
        let text = error.get("desc").and_then(Value::as_str).unwrap_or("no reason given");
        return Err(ImportError::Refused(text.to_owned()));
    }
    let list = value.get("return").unwrap_or(value);
    let Some(items) = list.as_list() else {
        let message = format!("an array is expected, not {}", list.kind());
        return Err(ImportError::Shape { place: "the whole".to_owned(), message });
    };
    let described = |items: &[Value]| items.first().is_some_and(|item| item.get("meta-type").is_some());
    let recorded = items.iter().filter_map(|item| item.get("return").unwrap_or(item).as_list());
    let found = recorded.into_iter().find(|items| described(items)).filter(|_| !described(items));
    Ok(found.unwrap_or(items))
}

/// Reads one entity.
struct Reader<'a> {
    item: &'a Value,
    place: String,
    ids: &'a HashMap<&'a str, Id>,
}

impl<'a> Reader<'a> {
    fn wrong<T>(&self, message: String) -> Result<T, ImportError> {
        Err(ImportError::Shape { place: self.place.clone(), message })
    }

    fn text(&self, of: &'a Value, key: &str) -> Result<&'a str, ImportError> {
        match of.get(key).map(|value| (value, value.as_str())) {
            Some((_, Some(text))) if text.len() <= MAX_NAME => Ok(text),
            Some((_, Some(_))) => self.wrong(format!("'{key}' is longer than {MAX_NAME} bytes")),
            Some((value, None)) => self.wrong(format!("'{key}' is {}, not a string", value.kind())),
            None => self.wrong(format!("'{key}' is missing")),
        }
    }

    /// The text of a member that schemas take as a name.
    fn name(&self, of: &'a Value, key: &str) -> Result<String, ImportError> {
        self.proper(self.text(of, key)?).map(str::to_owned)
    }

    fn proper<'t>(&self, name: &'t str) -> Result<&'t str, ImportError> {
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(good) {
            return self.wrong(format!("'{}' is no name", name.escape_default()));
        }
        Ok(name)
    }

    fn reference(&self, of: &'a Value, key: &str) -> Result<Id, ImportError> {
        let name = self.text(of, key)?;
        match self.ids.get(name) {
            Some(id) => Ok(*id),
            None => self.wrong(format!("{key} '{}' is not described", name.escape_default())),
        }
    }

    fn list(&self, of: &'a Value, key: &str) -> Result<&'a [Value], ImportError> {
        match of.get(key).map(|value| (value, value.as_list())) {
            Some((_, Some(items))) => Ok(items),
            Some((value, None)) => self.wrong(format!("'{key}' is {}, not an array", value.kind())),
            None => self.wrong(format!("'{key}' is missing")),
        }
    }

    fn features(&self, of: &'a Value) -> Result<Vec<String>, ImportError> {
        if of.get("features").is_none() {
            return Ok(Vec::new());
        }
        let feature = |item: &'a Value| match item.as_str() {
            Some(name) => self.proper(name).map(str::to_owned),
            None => self.wrong(format!("a feature is {}, not a string", item.kind())),
        };
        self.list(of, "features")?.iter().map(feature).collect()
    }

    fn entity(&self, name: String) -> Result<Entity, ImportError> {
        let kind = match self.text(self.item, "meta-type")? {
            "builtin" if matches!(name.as_str(), "str" | "int" | "number" | "bool" | "any" | "null") => Kind::Builtin,
            "builtin" => return self.wrong("is no built-in type".to_owned()),
            "array" => {
                let element = self.reference(self.item, "element-type")?;
                let of = self.text(self.item, "element-type")?;
                if name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) != Some(of) {
                    return self.wrong(format!("an array of '{}' has another name", of.escape_default()));
                }
                Kind::Array(element)
            }
            "enum" => Kind::Enum(self.values()?),
            "object" => self.object()?,
            "alternate" => {
                let members = self.list(self.item, "members")?.iter();
                Kind::Alternate(members.map(|member| self.reference(member, "type")).collect::<Result<_, _>>()?)
            }
            "command" => {
                self.proper(&name)?;
                let (arg, ret) = (self.reference(self.item, "arg-type")?, self.reference(self.item, "ret-type")?);
                Kind::Command { arg, ret, oob: matches!(self.item.get("allow-oob"), Some(Value::Bool(true))) }
            }
            "event" => {
                self.proper(&name)?;
                Kind::Event { arg: self.reference(self.item, "arg-type")? }
            }
            other => return self.wrong(format!("meta-type '{}' is unknown", other.escape_default())),
        };
        Ok(Entity { name, features: self.features(self.item)?, kind })
    }

    /// Values of an enum: `members` from QEMU 6.2 on, `values` before.
    fn values(&self) -> Result<Vec<Named>, ImportError> {
        if self.item.get("members").is_some() {
            let value = |item| Ok(Named { name: self.name(item, "name")?, features: self.features(item)? });
            let values: Vec<Named> = self.list(self.item, "members")?.iter().map(value).collect::<Result<_, _>>()?;
            let short = self.item.get("values").and_then(Value::as_list);
            let names = || values.iter().map(|value| Some(value.name.as_str()));
            if short.is_some_and(|short| !short.iter().map(Value::as_str).eq(names())) {
                return self.wrong("'values' and 'members' differ".to_owned());
            }
            return Ok(values);
        }
        let value = |item: &Value| match item.as_str() {
            Some(name) => Ok(Named { name: self.proper(name)?.to_owned(), features: Vec::new() }),
            None => self.wrong(format!("a value is {}, not a string", item.kind())),
        };
        self.list(self.item, "values")?.iter().map(value).collect()
    }

    fn object(&self) -> Result<Kind, ImportError> {
        let members: Vec<Member> =
            self.list(self.item, "members")?.iter().map(|item| self.member(item)).collect::<Result<_, _>>()?;
        if self.item.get("tag").is_none() && self.item.get("variants").is_none() {
            return Ok(Kind::Object { members, variants: None });
        }
        let tag = self.name(self.item, "tag")?;
        let Some(tag_type) = members.iter().find(|member| member.name == tag).map(|member| member.ty) else {
            return self.wrong(format!("tag '{tag}' is not a member"));
        };
        let case = |item| Ok((self.name(item, "case")?, self.reference(item, "type")?));
        let cases = self.list(self.item, "variants")?.iter().map(case).collect::<Result<_, _>>()?;
        Ok(Kind::Object { members, variants: Some(Variants { tag, tag_type, cases }) })
    }

    fn member(&self, item: &'a Value) -> Result<Member, ImportError> {
        Ok(Member {
            name: self.name(item, "name")?,
            ty: self.reference(item, "type")?,
            optional: item.get("default").is_some(),
            features: self.features(item)?,
        })
    }
}
