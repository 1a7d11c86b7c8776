//! Reads an answer to `query-qmp-schema`: forward through the text, once, into the tables.

use std::borrow::Cow;
use std::collections::HashMap;

use super::model::{At, CaseRow, Entity, Features, Kind, Listed, MemberRow, Model, Name, Span};
use super::{JsonType, SchemaError};
use crate::json::{self, Fault, MAX_TOKEN_BYTES, Reader};
use crate::value::Kind as Json;

/// What stands for an absent reference until it is known whether one is needed.
const ABSENT: u32 = u32::MAX;

pub(super) fn read(text: &[u8]) -> Result<Model, SchemaError> {
    if text.len() > MAX_TOKEN_BYTES {
        return Err(SchemaError::TooLarge(text.len()));
    }
    let mut tables = Tables::default();
    match tables.whole(Reader::new(text)) {
        Ok(()) => tables.resolve(),
        Err(Stop::Shape(message)) => Err(SchemaError::Shape { place: tables.place(), message }),
        Err(Stop::Refused(desc)) => Err(SchemaError::Refused(desc)),
        // The forward reader knows that something is wrong; the exact one says what.
        Err(Stop::Text) => match json::parse(text) {
            Err(error) => Err(SchemaError::Syntax(error)),
            Ok(_) => Err(SchemaError::Shape { place: tables.place(), message: "it cannot be read".to_owned() }),
        },
    }
}

/// Why reading stopped.
enum Stop {
    Text,
    Shape(String),
    Refused(String),
}

impl From<Fault> for Stop {
    fn from(_: Fault) -> Self {
        Stop::Text
    }
}

type Step<T> = Result<T, Stop>;

/// The tables as they fill. References are names until all entities are known.
#[derive(Default)]
struct Tables<'a> {
    model: Model,
    names: HashMap<Cow<'a, str>, Name>,
    /// How many entities were begun, and the name of the present one.
    begun: usize,
    name: Option<Name>,
}

/// An entity as it is read: which parts it has is known before what it is.
struct Parts {
    name: Option<Name>,
    meta: Option<Meta>,
    features: Features,
    arguments: u32,
    returns: u32,
    element: u32,
    json: Option<JsonType>,
    oob: bool,
    tag: Option<Name>,
    members: Option<Span>,
    values: Option<Span>,
    cases: Span,
}

#[derive(Clone, Copy)]
enum Meta {
    Builtin,
    Enum,
    Array,
    Object,
    Alternate,
    Command,
    Event,
    /// One that is not known here.
    Other,
}

impl<'a> Tables<'a> {
    /// Where reading stands, for errors.
    fn place(&self) -> String {
        match self.name {
            _ if self.begun == 0 => "the whole".to_owned(),
            Some(name) => format!("entity {} ('{}')", self.begun, self.model.names.get(name).escape_debug()),
            None => format!("entity {}", self.begun),
        }
    }

    fn whole(&mut self, mut reader: Reader<'a>) -> Step<()> {
        match reader.kind()? {
            Json::Dict => self.reply(&mut reader)?,
            Json::List if recorded(&mut reader.clone())? => {
                reader.open(b']')?;
                reader.skip()?;
                reader.more(b']')?;
                self.entities(&mut reader)?;
                while reader.more(b']')? {
                    reader.skip()?;
                }
            }
            _ => self.entities(&mut reader)?,
        }
        match reader.peek() {
            None => Ok(()),
            Some(_) => Err(Stop::Text),
        }
    }

    /// A whole reply: the schema is what was returned.
    fn reply(&mut self, reader: &mut Reader<'a>) -> Step<()> {
        let (mut found, mut refused) = (false, None);
        let mut more = !reader.open(b'}')?;
        while more {
            match &*reader.name()? {
                "return" if !found => {
                    self.entities(reader)?;
                    found = true;
                }
                "error" => refused = Some(reader.any()?),
                _ => reader.skip()?,
            }
            more = reader.more(b'}')?;
        }
        match refused {
            Some(error) => {
                let desc = error.get("desc").and_then(crate::Value::as_str).unwrap_or("no reason given");
                Err(Stop::Refused(desc.to_owned()))
            }
            None if found => Ok(()),
            None => {
                self.begun = 0;
                Err(Stop::Shape("an array, or an object with 'return', is expected".to_owned()))
            }
        }
    }

    fn entities(&mut self, reader: &mut Reader<'a>) -> Step<()> {
        let mut more = self.open_list(reader, "the schema")?;
        while more {
            (self.begun, self.name) = (self.begun + 1, None);
            self.entity(reader)?;
            more = reader.more(b']')?;
        }
        Ok(())
    }

    fn entity(&mut self, reader: &mut Reader<'a>) -> Step<()> {
        let mut parts = Parts {
            name: None,
            meta: None,
            features: None,
            arguments: ABSENT,
            returns: ABSENT,
            element: ABSENT,
            json: None,
            oob: false,
            tag: None,
            members: None,
            values: None,
            cases: 0..0,
        };
        let mut more = self.open_object(reader, "it")?;
        while more {
            let key = reader.name()?;
            self.part(&key, &mut parts, reader)?;
            more = reader.more(b'}')?;
        }
        let name = parts.name.ok_or_else(|| missing("name"))?;
        let kind = match parts.meta.ok_or_else(|| missing("meta-type"))? {
            Meta::Builtin => Kind::Builtin(parts.json.ok_or_else(|| missing("json-type"))?),
            Meta::Enum => {
                let listed = Listed { members: parts.members.is_some(), values: parts.values.is_some() };
                Kind::Enum { values: parts.members.or(parts.values).ok_or_else(|| missing("members"))?, listed }
            }
            Meta::Array => Kind::Array(given(parts.element, "element-type")?),
            Meta::Object => {
                let members = self.complete(parts.members, true)?;
                Kind::Object { members, tag: parts.tag, cases: parts.cases }
            }
            Meta::Alternate => Kind::Alternate(self.complete(parts.members, false)?),
            Meta::Command => Kind::Command {
                arguments: given(parts.arguments, "arg-type")?,
                returns: given(parts.returns, "ret-type")?,
                oob: parts.oob,
            },
            Meta::Event => Kind::Event(given(parts.arguments, "arg-type")?),
            Meta::Other => return Ok(()),
        };
        self.model.entities.push(Entity { name, features: parts.features, kind });
        Ok(())
    }

    fn part(&mut self, key: &str, parts: &mut Parts, reader: &mut Reader<'a>) -> Step<()> {
        match key {
            "name" => {
                parts.name = Some(self.text(reader, key)?);
                self.name = parts.name;
            }
            "meta-type" => parts.meta = Some(meta(&string(reader, key)?)),
            "arg-type" => parts.arguments = self.text(reader, key)?.0,
            "ret-type" => parts.returns = self.text(reader, key)?.0,
            "element-type" => parts.element = self.text(reader, key)?.0,
            "json-type" => {
                // One that is not known here can be anything.
                parts.json = Some(JsonType::from_name(&string(reader, key)?).unwrap_or(JsonType::Value));
            }
            "allow-oob" => match reader.kind()? {
                Json::Bool => parts.oob = reader.keyword()? == Some(true),
                _ => return Err(wrong(key, "a boolean")),
            },
            "tag" => parts.tag = Some(self.text(reader, key)?),
            "features" => parts.features = Some(self.features(reader)?),
            "members" => parts.members = Some(self.members(reader)?),
            "values" => parts.values = Some(self.values(reader)?),
            "variants" => parts.cases = self.cases(reader)?,
            _ => reader.skip()?,
        }
        Ok(())
    }

    /// The members of an object, the values of an enumeration or the branches of an alternate: their parts are known before
    /// what they belong to.
    fn members(&mut self, reader: &mut Reader<'a>) -> Step<Span> {
        let start = self.model.members.len();
        let mut more = self.open_list(reader, "members")?;
        while more {
            let mut row = MemberRow { name: Name(ABSENT), ty: ABSENT, optional: false, features: None };
            let mut inside = self.open_object(reader, "a member")?;
            while inside {
                let key = reader.name()?;
                match &*key {
                    "name" => row.name = self.text(reader, &key)?,
                    "type" => row.ty = self.text(reader, &key)?.0,
                    "default" => {
                        reader.skip()?;
                        row.optional = true;
                    }
                    "features" => row.features = Some(self.features(reader)?),
                    _ => reader.skip()?,
                }
                inside = reader.more(b'}')?;
            }
            if row.name.0 == ABSENT && row.ty == ABSENT {
                return Err(Stop::Shape("a member has neither 'name' nor 'type'".to_owned()));
            }
            self.model.members.push(row);
            more = reader.more(b']')?;
        }
        Ok(span(start, self.model.members.len()))
    }

    /// The values of an enumeration as servers before QEMU 6.2 list them.
    fn values(&mut self, reader: &mut Reader<'a>) -> Step<Span> {
        let start = self.model.members.len();
        let mut more = self.open_list(reader, "values")?;
        while more {
            let name = self.text(reader, "a value")?;
            self.model.members.push(MemberRow { name, ty: ABSENT, optional: false, features: None });
            more = reader.more(b']')?;
        }
        Ok(span(start, self.model.members.len()))
    }

    fn cases(&mut self, reader: &mut Reader<'a>) -> Step<Span> {
        let start = self.model.cases.len();
        let mut more = self.open_list(reader, "variants")?;
        while more {
            let (mut value, mut ty) = (ABSENT, ABSENT);
            let mut inside = self.open_object(reader, "a variant")?;
            while inside {
                let key = reader.name()?;
                match &*key {
                    "case" => value = self.text(reader, &key)?.0,
                    "type" => ty = self.text(reader, &key)?.0,
                    _ => reader.skip()?,
                }
                inside = reader.more(b'}')?;
            }
            self.model.cases.push(CaseRow { value: Name(given(value, "case")?), ty: given(ty, "type")? });
            more = reader.more(b']')?;
        }
        Ok(span(start, self.model.cases.len()))
    }

    fn features(&mut self, reader: &mut Reader<'a>) -> Step<Span> {
        let start = self.model.features.len();
        let mut more = self.open_list(reader, "features")?;
        while more {
            let name = self.text(reader, "a feature")?;
            self.model.features.push(name);
            more = reader.more(b']')?;
        }
        Ok(span(start, self.model.features.len()))
    }

    /// Makes sure that all members have a type, and a name if they need one.
    fn complete(&self, members: Option<Span>, named: bool) -> Step<Span> {
        let members = members.ok_or_else(|| missing("members"))?;
        for row in self.model.members(&members) {
            given(row.ty, "type")?;
            if named {
                given(row.name.0, "name")?;
            }
        }
        Ok(members)
    }

    fn text(&mut self, reader: &mut Reader<'a>, what: &str) -> Step<Name> {
        let text = string(reader, what)?;
        if let Some(name) = self.names.get(&text) {
            return Ok(*name);
        }
        // Fits: there are fewer names than bytes, and those are bounded.
        let name = Name(self.names.len() as u32);
        self.model.names.push(&text);
        self.names.insert(text, name);
        Ok(name)
    }

    fn open_list(&self, reader: &mut Reader<'a>, what: &str) -> Step<bool> {
        match reader.kind()? {
            Json::List => Ok(!reader.open(b']')?),
            _ => Err(wrong(what, "an array")),
        }
    }

    fn open_object(&self, reader: &mut Reader<'a>, what: &str) -> Step<bool> {
        match reader.kind()? {
            Json::Dict => Ok(!reader.open(b'}')?),
            _ => Err(wrong(what, "an object")),
        }
    }

    /// Turns names into references.
    fn resolve(self) -> Result<Model, SchemaError> {
        let mut model = self.model;
        let mut places = vec![ABSENT; self.names.len()];
        let mut kept: Vec<Entity> = Vec::with_capacity(model.entities.len());
        for entity in std::mem::take(&mut model.entities) {
            let place = places.get_mut(entity.name.0 as usize).filter(|place| **place == ABSENT);
            if let Some(place) = place {
                *place = kept.len() as At;
                kept.push(entity);
            }
        }
        let described = kept.len() as At;
        let mut unknown = Vec::new();
        let mut resolve = |reference: &mut At| {
            if let Some(place) = places.get_mut(*reference as usize) {
                if *place == ABSENT {
                    *place = described + unknown.len() as At;
                    unknown.push(Entity { name: Name(*reference), features: None, kind: Kind::Unknown });
                }
                *reference = *place;
            }
        };
        for entity in &mut kept {
            match &mut entity.kind {
                Kind::Array(ty) | Kind::Event(ty) => resolve(ty),
                Kind::Command { arguments, returns, .. } => [arguments, returns].into_iter().for_each(&mut resolve),
                _ => {}
            }
        }
        model.members.iter_mut().for_each(|row| resolve(&mut row.ty));
        model.cases.iter_mut().for_each(|row| resolve(&mut row.ty));
        kept.append(&mut unknown);
        model.by_name = (0..described).collect();
        let name = |at: &At| kept.get(*at as usize).map(|entity| model.names.get(entity.name));
        model.by_name.sort_unstable_by(|a, b| name(a).cmp(&name(b)));
        model.entities = kept;
        Ok(model)
    }
}

/// Whether a list is a record: the server's version, then the list of entities.
fn recorded(reader: &mut Reader<'_>) -> Result<bool, Fault> {
    if reader.open(b']')? || reader.kind()? != Json::Dict {
        return Ok(false);
    }
    reader.skip()?;
    Ok(reader.more(b']')? && reader.kind()? == Json::List)
}

fn string<'a>(reader: &mut Reader<'a>, what: &str) -> Step<Cow<'a, str>> {
    match reader.kind()? {
        Json::String => Ok(reader.string()?),
        _ => Err(wrong(what, "a string")),
    }
}

fn meta(name: &str) -> Meta {
    match name {
        "builtin" => Meta::Builtin,
        "enum" => Meta::Enum,
        "array" => Meta::Array,
        "object" => Meta::Object,
        "alternate" => Meta::Alternate,
        "command" => Meta::Command,
        "event" => Meta::Event,
        _ => Meta::Other,
    }
}

fn given(reference: u32, key: &str) -> Step<u32> {
    if reference == ABSENT { Err(missing(key)) } else { Ok(reference) }
}

fn missing(key: &str) -> Stop {
    Stop::Shape(format!("'{key}' is missing"))
}

fn wrong(what: &str, expected: &str) -> Stop {
    Stop::Shape(format!("{what} is not {expected}"))
}

fn span(start: usize, end: usize) -> Span {
    // Bounded by the length of the text.
    start as u32..end as u32
}
