//! How a schema is kept: flat tables, every name once, references by position.

use std::ops::Range;

/// A name, by its position among all names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name(pub(super) u32);

/// A part of a table.
pub(super) type Span = Range<u32>;

/// A list of features. `None`: the answer has no such list, which is not the same as an empty one when it is printed.
pub(super) type Features = Option<Span>;

/// An entity, by its position.
pub(super) type At = u32;

/// A schema's tables.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) names: Names,
    pub(super) entities: Vec<Entity>,
    pub(super) members: Vec<MemberRow>,
    pub(super) cases: Vec<CaseRow>,
    pub(super) features: Vec<Name>,
    /// Positions of the entities that are described, ordered by name.
    pub(super) by_name: Vec<At>,
}

#[derive(Debug, Clone)]
pub(super) struct Entity {
    pub(super) name: Name,
    pub(super) features: Features,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Builtin(super::JsonType),
    /// The values are members without types.
    Enum {
        values: Span,
        /// Whether the answer lists them as `members`, which can have features, and as `values`, for older clients.
        listed: Listed,
    },
    Array(At),
    Object {
        members: Span,
        tag: Option<Name>,
        cases: Span,
    },
    /// The branches are members without names.
    Alternate(Span),
    Command {
        arguments: At,
        returns: At,
        oob: bool,
    },
    Event(At),
    /// Referred to, and not described.
    Unknown,
}

/// In which ways an answer lists the values of an enumeration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) members: bool,
    pub(super) values: bool,
}

impl Kind {
    /// Whether this is a type, and described.
    pub(super) fn is_type(&self) -> bool {
        !matches!(self, Kind::Command { .. } | Kind::Event(_) | Kind::Unknown)
    }
}

/// A member of an object, a value of an enumeration, or a branch of an alternate.
#[derive(Debug, Clone)]
pub(super) struct MemberRow {
    pub(super) name: Name,
    pub(super) ty: At,
    pub(super) optional: bool,
    pub(super) features: Features,
}

/// What a value of the discriminator brings with it.
#[derive(Debug, Clone)]
pub(super) struct CaseRow {
    pub(super) value: Name,
    pub(super) ty: At,
}

/// What stands for an entity that is not there.
static NOTHING: Entity = Entity { name: Name(u32::MAX), features: None, kind: Kind::Unknown };

impl Model {
    pub(super) fn entity(&self, at: At) -> &Entity {
        self.entities.get(at as usize).unwrap_or(&NOTHING)
    }

    pub(super) fn entities(&self) -> impl Iterator<Item = (At, &Entity)> {
        (0..).zip(&self.entities)
    }

    /// The described entity of that name.
    pub(super) fn find(&self, name: &str) -> Option<At> {
        let place = self.by_name.binary_search_by(|at| self.names.get(self.entity(*at).name).cmp(name)).ok()?;
        self.by_name.get(place).copied()
    }

    pub(super) fn members(&self, span: &Span) -> &[MemberRow] {
        part(&self.members, span)
    }

    pub(super) fn cases(&self, span: &Span) -> &[CaseRow] {
        part(&self.cases, span)
    }

    pub(super) fn features(&self, features: &Features) -> impl ExactSizeIterator<Item = &str> + Clone + use<'_> {
        let names = features.as_ref().map_or(&[][..], |span| part(&self.features, span));
        names.iter().map(|name| self.names.get(*name))
    }
}

fn part<'a, T>(table: &'a [T], span: &Span) -> &'a [T] {
    table.get(span.start as usize..span.end as usize).unwrap_or_default()
}

/// All names of a schema, one after the other in one text.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    text: String,
    /// Where each name ends.
    ends: Vec<u32>,
}

impl Names {
    /// Adds a name; its position is that of the call, counting from 0.
    pub(super) fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len() as u32);
    }

    pub(super) fn get(&self, name: Name) -> &str {
        let at = name.0 as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        let end = self.ends.get(at).map_or(start, |end| *end as usize);
        self.text.get(start..end).unwrap_or_default()
    }
}
