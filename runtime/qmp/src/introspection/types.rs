//! Types and what they consist of, to look things up in.

use super::model::{At, Kind, MemberRow, Model};

/// A type of a schema.
#[derive(Clone, Copy)]
pub struct Type<'a> {
    pub(super) model: &'a Model,
    pub(super) at: At,
}

/// What a [`Type`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TypeKind {
    /// A scalar, or anything at all.
    Builtin(JsonType),
    /// One of several names: [`Type::values`].
    Enum,
    /// A list: [`Type::element`].
    Array,
    /// An object: [`Type::members`] and, for a union, [`Type::tag`] and [`Type::variants`].
    Object,
    /// One of several types, told apart by their JSON type: [`Type::alternatives`].
    Alternate,
    /// The schema refers to it, and does not describe it in a way that is known here.
    Unknown,
}

/// What a built-in type is in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JsonType {
    /// Text.
    String,
    /// A number, maybe with a fraction.
    Number,
    /// An integer. Schemas do not tell of which size.
    Int,
    /// A truth value.
    Boolean,
    /// Null.
    Null,
    /// Any object.
    Object,
    /// Any list.
    Array,
    /// Anything.
    Value,
}

impl JsonType {
    const ALL: [JsonType; 8] = [
        JsonType::String,
        JsonType::Number,
        JsonType::Int,
        JsonType::Boolean,
        JsonType::Null,
        JsonType::Object,
        JsonType::Array,
        JsonType::Value,
    ];

    /// The name in the answer.
    pub fn as_str(self) -> &'static str {
        match self {
            JsonType::String => "string",
            JsonType::Number => "number",
            JsonType::Int => "int",
            JsonType::Boolean => "boolean",
            JsonType::Null => "null",
            JsonType::Object => "object",
            JsonType::Array => "array",
            JsonType::Value => "value",
        }
    }

    /// The type of that name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ty| ty.as_str() == name)
    }
}

impl std::fmt::Display for JsonType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl<'a> Type<'a> {
    pub(super) fn new(model: &'a Model, at: At) -> Self {
        Self { model, at }
    }

    /// The name: where types are masked, a number for all but the built-in ones; with brackets around it for an array.
    pub fn name(self) -> &'a str {
        self.model.names.get(self.model.entity(self.at).name)
    }

    /// What the schema says of the type as a whole.
    pub fn features(self) -> impl ExactSizeIterator<Item = &'a str> + Clone {
        self.model.features(&self.model.entity(self.at).features)
    }

    /// Whether the type has that feature.
    pub fn has_feature(self, name: &str) -> bool {
        self.features().any(|feature| feature == name)
    }

    /// What it is.
    pub fn kind(self) -> TypeKind {
        match self.model.entity(self.at).kind {
            Kind::Builtin(json) => TypeKind::Builtin(json),
            Kind::Enum { .. } => TypeKind::Enum,
            Kind::Array(_) => TypeKind::Array,
            Kind::Object { .. } => TypeKind::Object,
            Kind::Alternate(_) => TypeKind::Alternate,
            Kind::Command { .. } | Kind::Event(_) | Kind::Unknown => TypeKind::Unknown,
        }
    }

    /// The members of an object, those of the base included, in schema order; those of a union that are there whatever the
    /// discriminator says. None for other types.
    pub fn members(self) -> impl ExactSizeIterator<Item = Member<'a>> + Clone {
        let rows = match &self.model.entity(self.at).kind {
            Kind::Object { members, .. } => self.model.members(members),
            _ => &[],
        };
        rows.iter().map(move |row| Member { model: self.model, row })
    }

    /// The member of that name.
    pub fn member(self, name: &str) -> Option<Member<'a>> {
        self.members().find(|member| member.name() == name)
    }

    /// The member that is a union's discriminator.
    pub fn tag(self) -> Option<Member<'a>> {
        match self.model.entity(self.at).kind {
            Kind::Object { tag: Some(tag), .. } => self.members().find(|member| member.row.name == tag),
            _ => None,
        }
    }

    /// What each value of a union's discriminator brings with it: the value and an object. A value that is not among them
    /// brings nothing.
    pub fn variants(self) -> impl ExactSizeIterator<Item = (&'a str, Type<'a>)> + Clone {
        let rows = match &self.model.entity(self.at).kind {
            Kind::Object { cases, .. } => self.model.cases(cases),
            _ => &[],
        };
        rows.iter().map(move |row| (self.model.names.get(row.value), Type::new(self.model, row.ty)))
    }

    /// What that value of a union's discriminator brings with it.
    pub fn variant(self, value: &str) -> Option<Type<'a>> {
        self.variants().find(|(case, _)| *case == value).map(|(_, ty)| ty)
    }

    /// The values of an enumeration. None for other types.
    pub fn values(self) -> impl ExactSizeIterator<Item = EnumValue<'a>> + Clone {
        let rows = match &self.model.entity(self.at).kind {
            Kind::Enum { values, .. } => self.model.members(values),
            _ => &[],
        };
        rows.iter().map(move |row| EnumValue { model: self.model, row })
    }

    /// Whether it is an enumeration with that value.
    pub fn has_value(self, name: &str) -> bool {
        self.values().any(|value| value.name() == name)
    }

    /// The type of an array's elements.
    pub fn element(self) -> Option<Type<'a>> {
        match self.model.entity(self.at).kind {
            Kind::Array(element) => Some(Type::new(self.model, element)),
            _ => None,
        }
    }

    /// The types that an alternate can be. None for other types.
    pub fn alternatives(self) -> impl ExactSizeIterator<Item = Type<'a>> + Clone {
        let rows = match &self.model.entity(self.at).kind {
            Kind::Alternate(branches) => self.model.members(branches),
            _ => &[],
        };
        rows.iter().map(move |row| Type::new(self.model, row.ty))
    }
}

/// By identity: the same entity of the same schema.
impl PartialEq for Type<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at && std::ptr::eq(self.model, other.model)
    }
}

impl Eq for Type<'_> {}

impl std::fmt::Debug for Type<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Type({}: {:?})", self.name(), self.kind())
    }
}

/// A member of an object.
#[derive(Clone, Copy)]
pub struct Member<'a> {
    model: &'a Model,
    row: &'a MemberRow,
}

impl<'a> Member<'a> {
    /// The name on the wire.
    pub fn name(self) -> &'a str {
        self.model.names.get(self.row.name)
    }

    /// Its type.
    pub fn ty(self) -> Type<'a> {
        Type::new(self.model, self.row.ty)
    }

    /// Whether it may be left out.
    pub fn optional(self) -> bool {
        self.row.optional
    }

    /// What the schema says of the member, such as `deprecated`.
    pub fn features(self) -> impl ExactSizeIterator<Item = &'a str> + Clone {
        self.model.features(&self.row.features)
    }

    /// Whether the member has that feature.
    pub fn has_feature(self, name: &str) -> bool {
        self.features().any(|feature| feature == name)
    }
}

impl std::fmt::Debug for Member<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let star = if self.optional() { "*" } else { "" };
        write!(f, "Member({star}{}: {})", self.name(), self.ty().name())
    }
}

/// A value of an enumeration.
#[derive(Clone, Copy)]
pub struct EnumValue<'a> {
    model: &'a Model,
    row: &'a MemberRow,
}

impl<'a> EnumValue<'a> {
    /// The name on the wire.
    pub fn name(self) -> &'a str {
        self.model.names.get(self.row.name)
    }

    /// What the schema says of the value. Servers before QEMU 6.2 do not tell.
    pub fn features(self) -> impl ExactSizeIterator<Item = &'a str> + Clone {
        self.model.features(&self.row.features)
    }

    /// Whether the value has that feature.
    pub fn has_feature(self, name: &str) -> bool {
        self.features().any(|feature| feature == name)
    }
}

impl std::fmt::Debug for EnumValue<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EnumValue({})", self.name())
    }
}
