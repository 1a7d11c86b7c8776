//! First pass over the definitions: every entity gets its name and its place in order.
//!
//! Order matters: introspection and generated code follow it. An array type comes before what
//! first mentions it, an implicit type before the definition it belongs to.

use super::{Builtin, Cond, Feature, ObjectMeta, TypeId};
use crate::check::def::{Body, Data, Def, MemberDef, Meta, TypeRef, ValueDef};
use crate::check::{Checked, Piece};
use crate::diag::{Diagnostic, Enclosing, Findings, Note, catalogue};
use crate::dialect::Dialect;
use crate::source::Span;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// Most feature names that a schema may use, `deprecated` and `unstable` included.
const MAX_FEATURES: usize = 64;

/// Built-in types in QEMU's order.
const BUILTINS: [(&str, Builtin); 15] = [
    ("str", Builtin::Str),
    ("number", Builtin::Number),
    ("int", Builtin::Int),
    ("int8", Builtin::Int8),
    ("int16", Builtin::Int16),
    ("int32", Builtin::Int32),
    ("int64", Builtin::Int64),
    ("uint8", Builtin::Uint8),
    ("uint16", Builtin::Uint16),
    ("uint32", Builtin::Uint32),
    ("uint64", Builtin::Uint64),
    ("size", Builtin::Size),
    ("bool", Builtin::Bool),
    ("any", Builtin::Any),
    ("null", Builtin::Null),
];

const QTYPE: [&str; 7] = ["none", "qnull", "qnum", "qstring", "qdict", "qlist", "qbool"];

/// A type with the names it uses not looked up yet.
pub(super) struct Proto<'d> {
    pub(super) name: Cow<'d, str>,
    /// The definition it stands for or belongs to; `None` if predefined.
    pub(super) def: Option<&'d Def>,
    pub(super) kind: ProtoKind<'d>,
}

impl Proto<'_> {
    /// True if a definition of the schema has this name.
    pub(super) fn is_definition(&self) -> bool {
        self.def.is_some_and(|def| def.name == self.name) && !matches!(self.kind, ProtoKind::Array(..))
    }
}

pub(super) enum ProtoKind<'d> {
    Builtin(Builtin),
    Enum(Cow<'d, [ValueDef]>),
    /// Name of the element type, and where it is first mentioned.
    Array(&'d str, Span),
    Object {
        meta: ObjectMeta,
        base: Option<Cow<'d, str>>,
        members: Cow<'d, [MemberDef]>,
        variants: Option<ProtoVariants<'d>>,
        /// Takes the condition of this type (wrappers only).
        wraps: Option<String>,
    },
    Alternate(&'d [MemberDef]),
}

pub(super) struct ProtoVariants<'d> {
    pub(super) tag: &'d str,
    pub(super) branches: Cow<'d, [MemberDef]>,
}

/// An entry of the name space.
#[derive(Clone, Copy)]
pub(super) enum Named<'d> {
    Type(TypeId),
    /// A command or event.
    Other(&'d Def),
}

/// What a module lists.
#[derive(Clone, Copy)]
pub(super) enum Entity<'d> {
    Type(TypeId),
    Command(&'d Def),
    Event(&'d Def),
    /// Module `0` mentions module `1`.
    Include(usize, usize),
}

/// All names and entities.
pub(super) struct Declared<'d> {
    pub(super) names: HashMap<Cow<'d, str>, Named<'d>>,
    pub(super) protos: Vec<Proto<'d>>,
    pub(super) entities: Vec<Entity<'d>>,
    pub(super) too_many_features: Option<Diagnostic>,
}

/// Collects the entities of `checked`.
pub(super) fn declare<'d>(checked: &'d Checked, dialect: Dialect, out: &mut Findings) -> Declared<'d> {
    let mut declarer = Declarer {
        all: Declared {
            names: HashMap::with_capacity(checked.pieces.len() * 2),
            protos: Vec::with_capacity(checked.pieces.len() * 2),
            entities: Vec::with_capacity(checked.pieces.len() * 2),
            too_many_features: None,
        },
        features: HashSet::from(["deprecated", "unstable"]),
        dialect,
        out,
    };
    declarer.predefined();
    for piece in &checked.pieces {
        match piece {
            Piece::Def(def) => declarer.definition(def),
            Piece::Include(from, to) => declarer.all.entities.push(Entity::Include(*from, *to)),
            Piece::Text(..) => {}
        }
    }
    declarer.all
}

/// A diagnostic about `def`, at `span`.
pub(super) fn about(def: &Def, rule: &'static crate::diag::Rule, span: Span, message: String) -> Diagnostic {
    Diagnostic::new(rule, message, span).inside(def.meta.key(), &def.name, def.span)
}

struct Declarer<'d, 'o> {
    all: Declared<'d>,
    features: HashSet<&'d str>,
    dialect: Dialect,
    out: &'o mut Findings,
}

impl<'d> Declarer<'d, '_> {
    fn add(&mut self, name: impl Into<Cow<'d, str>>, def: Option<&'d Def>, kind: ProtoKind<'d>) -> TypeId {
        let name = name.into();
        let id = TypeId(self.all.protos.len() as u32);
        self.all.names.insert(name.clone(), Named::Type(id));
        self.all.protos.push(Proto { name, def, kind });
        self.all.entities.push(Entity::Type(id));
        id
    }

    fn predefined(&mut self) {
        for (name, builtin) in BUILTINS {
            self.add(name, None, ProtoKind::Builtin(builtin));
            self.add(format!("{name}List"), None, ProtoKind::Array(name, Span::default()));
        }
        self.object("q_empty".into(), None, ObjectMeta::Implicit, None, Cow::Borrowed(&[]));
        let values = QTYPE.iter().map(|name| ValueDef {
            name: (*name).to_owned(),
            cond: Cond::True,
            features: Vec::new(),
            span: Span::default(),
        });
        let values = Cow::Owned(values.collect());
        self.add("QType", None, ProtoKind::Enum(values));
    }

    /// Reports `def` if its name is taken.
    fn is_new(&mut self, def: &'d Def) -> bool {
        let name = &def.name;
        let Some(other) = self.all.names.get(name.as_str()) else {
            return true;
        };
        let (text, place) = match other {
            Named::Other(def) => (None, Some(*def)),
            Named::Type(id) => {
                let proto = &self.all.protos[id.0 as usize];
                let text = (proto.def.is_none()).then(|| super::resolver::describe(proto));
                (text, proto.def)
            }
        };
        let text = text.unwrap_or_else(|| format!("'{name}'"));
        let message = format!("{text} is already defined");
        let mut diagnostic = about(def, &catalogue::ALREADY_DEFINED, def.name_span, message);
        if let Some(previous) = place {
            diagnostic = diagnostic.note(Note {
                message: "previous definition".to_owned(),
                span: previous.name_span,
                reported: Some(previous.span),
                within: Some(Enclosing::new(previous.meta.key(), &previous.name)),
            });
        }
        self.out.push(diagnostic);
        false
    }

    fn definition(&mut self, def: &'d Def) {
        self.count_features(def);
        match &def.body {
            Body::Enum { values, .. } => {
                if self.is_new(def) {
                    self.add(&def.name, Some(def), ProtoKind::Enum(Cow::Borrowed(values)));
                }
            }
            Body::Struct { base, members } => {
                self.arrays(members, def);
                if self.is_new(def) {
                    let base = base.as_ref().map(|base| Cow::Borrowed(base.name.as_str()));
                    self.object(Cow::Borrowed(&def.name), Some(def), ObjectMeta::Struct, base, Cow::Borrowed(members));
                }
            }
            Body::Union { base, discriminator, branches } => match discriminator {
                Some((tag, _)) => self.union(def, base, tag, branches),
                None => self.simple_union(def, branches),
            },
            Body::Alternate { branches } => {
                self.arrays(branches, def);
                if self.is_new(def) {
                    self.add(&def.name, Some(def), ProtoKind::Alternate(branches));
                }
            }
            Body::Command { data, returns, .. } => {
                self.data(data, def, "arg");
                if let Some(returns) = returns {
                    self.array(returns, def);
                }
                self.other(def, Entity::Command(def));
            }
            Body::Event { data, .. } => {
                self.data(data, def, "arg");
                self.other(def, Entity::Event(def));
            }
        }
    }

    fn other(&mut self, def: &'d Def, entity: Entity<'d>) {
        if self.is_new(def) {
            self.all.names.insert(Cow::Borrowed(&def.name), Named::Other(def));
            self.all.entities.push(entity);
        }
    }

    fn object(
        &mut self,
        name: Cow<'d, str>,
        def: Option<&'d Def>,
        meta: ObjectMeta,
        base: Option<Cow<'d, str>>,
        members: Cow<'d, [MemberDef]>,
    ) {
        let kind = ProtoKind::Object { meta, base, members, variants: None, wraps: None };
        self.add(name, def, kind);
    }

    fn array(&mut self, ty: &'d TypeRef, def: &'d Def) {
        if ty.array {
            let name = format!("{}List", ty.name);
            if !self.all.names.contains_key(name.as_str()) {
                self.add(name, Some(def), ProtoKind::Array(&ty.name, ty.span));
            }
        }
    }

    fn arrays(&mut self, members: &'d [MemberDef], def: &'d Def) {
        for member in members {
            self.array(&member.ty, def);
        }
    }

    /// Declares what inline arguments or an inline base need; the name of the type, if there is one.
    fn data(&mut self, data: &'d Data, def: &'d Def, role: &str) -> Option<Cow<'d, str>> {
        match data {
            Data::None => None,
            Data::Named(ty) => Some(Cow::Borrowed(&ty.name)),
            Data::Inline(members) => {
                self.arrays(members, def);
                if members.is_empty() {
                    return None;
                }
                let name = implicit_name(&def.name, role);
                // A second definition of the same name is reported where it is itself declared.
                if !self.all.names.contains_key(name.as_str()) {
                    let members = Cow::Borrowed(members.as_slice());
                    self.object(name.clone().into(), Some(def), ObjectMeta::Implicit, None, members);
                }
                Some(name.into())
            }
        }
    }

    fn union(&mut self, def: &'d Def, base: &'d Data, tag: &'d str, branches: &'d [MemberDef]) {
        let base = self.data(base, def, "base");
        if self.is_new(def) {
            let kind = ProtoKind::Object {
                meta: ObjectMeta::Union,
                base,
                members: Cow::Borrowed(&[]),
                variants: Some(ProtoVariants { tag, branches: Cow::Borrowed(branches) }),
                wraps: None,
            };
            self.add(&def.name, Some(def), kind);
        }
    }

    /// A union without discriminator (up to 6.1): an implicit enum, and each branch in a wrapper.
    fn simple_union(&mut self, def: &'d Def, branches: &'d [MemberDef]) {
        let mut wrapped = Vec::with_capacity(branches.len());
        for branch in branches {
            self.array(&branch.ty, def);
            let inner = if branch.ty.array { format!("{}List", branch.ty.name) } else { branch.ty.name.clone() };
            let name = implicit_name(&inner, "wrapper");
            if !self.all.names.contains_key(name.as_str()) {
                let data =
                    MemberDef { name: "data".to_owned(), optional: false, ..plain_member(branch, branch.ty.clone()) };
                let kind = ProtoKind::Object {
                    meta: ObjectMeta::Implicit,
                    base: None,
                    members: Cow::Owned(vec![data]),
                    variants: None,
                    wraps: Some(inner),
                };
                self.add(name.clone(), Some(def), kind);
            }
            let ty = TypeRef { name, array: false, span: branch.ty.span };
            let branch = MemberDef { cond: branch.cond.clone(), ..plain_member(branch, ty) };
            wrapped.push(branch);
        }
        let values = branches.iter().map(|branch| ValueDef {
            name: branch.name.clone(),
            cond: branch.cond.clone(),
            features: Vec::new(),
            span: branch.span,
        });
        let tag_type = format!("{}Kind", def.name);
        self.add(tag_type.clone(), Some(def), ProtoKind::Enum(values.collect()));
        let tag = MemberDef {
            name: "type".to_owned(),
            optional: false,
            ty: TypeRef { name: tag_type, array: false, span: def.name_span },
            cond: Cond::True,
            features: Vec::new(),
            span: def.name_span,
        };
        if self.is_new(def) {
            let kind = ProtoKind::Object {
                meta: ObjectMeta::Union,
                base: None,
                members: Cow::Owned(vec![tag]),
                variants: Some(ProtoVariants { tag: "type", branches: Cow::Owned(wrapped) }),
                wraps: None,
            };
            self.add(&def.name, Some(def), kind);
        }
    }

    fn count_features(&mut self, def: &'d Def) {
        if !self.dialect.feature_limit() {
            return;
        }
        let before = self.features.len();
        for feature in features_of(def) {
            self.features.insert(&feature.name);
        }
        if before <= MAX_FEATURES && self.features.len() > MAX_FEATURES {
            let message = format!("Maximum of {MAX_FEATURES} schema features is permitted");
            self.all.too_many_features = Some(about(def, &catalogue::TOO_MANY_FEATURES, def.name_span, message));
        }
    }
}

/// A member at the place of `branch`, without condition and features.
fn plain_member(branch: &MemberDef, ty: TypeRef) -> MemberDef {
    MemberDef {
        name: branch.name.clone(),
        optional: false,
        ty,
        cond: Cond::True,
        features: Vec::new(),
        span: branch.span,
    }
}

fn implicit_name(owner: &str, role: &str) -> String {
    format!("q_obj_{owner}-{role}")
}

/// Every feature that `def` mentions.
fn features_of(def: &Def) -> impl Iterator<Item = &Feature> {
    let values: &[ValueDef] = match &def.body {
        Body::Enum { values, .. } => values,
        _ => &[],
    };
    let members: &[MemberDef] = match &def.body {
        Body::Struct { members, .. } => members,
        Body::Union { base: Data::Inline(members), .. }
        | Body::Command { data: Data::Inline(members), .. }
        | Body::Event { data: Data::Inline(members), .. } => members,
        _ => &[],
    };
    let values = values.iter().flat_map(|value| &value.features);
    let members = members.iter().flat_map(|member| &member.features);
    def.features.iter().chain(values).chain(members)
}

/// How QEMU names the kind of `meta` as a type.
pub(super) fn type_meta(meta: Meta) -> &'static str {
    match meta {
        Meta::Enum => "enum type",
        Meta::Struct => "struct type",
        Meta::Union => "union type",
        Meta::Alternate => "alternate type",
        Meta::Command | Meta::Event => "object type",
    }
}
