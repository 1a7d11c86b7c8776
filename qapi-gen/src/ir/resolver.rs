//! Second pass: names are looked up, and what needs more than one definition is checked.

use super::declare::{Declared, Entity, Named, Proto, ProtoKind, about, type_meta};
use super::{Feature, TypeId};
use crate::check::def::{Body, Data, Def, MemberDef, TypeRef, ValueDef};
use crate::check::{Checked, c_name};
use crate::diag::{Findings, Rule, catalogue, similar};
use crate::dialect::Dialect;
use crate::source::Span;
use std::borrow::Cow;
use std::collections::HashMap;

/// Types that may contain each other by base or branch before they are defined. It bounds recursion;
/// real schemas need 3.
const MAX_DEPTH: usize = 100;

/// How far the check of a type has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Busy,
    Done,
    Failed,
}

/// A member with its type, and the object type that declares it.
#[derive(Clone, Copy)]
pub(super) struct Resolved<'p> {
    pub(super) member: &'p MemberDef,
    pub(super) ty: TypeId,
    pub(super) owner: TypeId,
}

/// A branch with its type; `added` ones stand for tag values without a written branch.
pub(super) struct ResolvedBranch<'p> {
    pub(super) name: &'p str,
    pub(super) ty: TypeId,
    pub(super) cond: &'p super::Cond,
    pub(super) explicit: bool,
    pub(super) span: Span,
}

/// An object type with everything looked up.
#[derive(Default)]
pub(super) struct ObjectInfo<'p> {
    pub(super) base: Option<TypeId>,
    /// Inherited members first.
    pub(super) members: Vec<Resolved<'p>>,
    /// Where its own members start.
    pub(super) own: usize,
    /// Index of the discriminator in `members`, and the branches.
    pub(super) variants: Option<(usize, Vec<ResolvedBranch<'p>>)>,
}

/// What was found out about one type.
#[derive(Default)]
pub(super) enum TypeInfo<'p> {
    #[default]
    Plain,
    Array(TypeId),
    Object(ObjectInfo<'p>),
    Alternate(Vec<Resolved<'p>>),
}

/// Members by the name under which they clash.
pub(super) type Seen<'p> = HashMap<Cow<'p, str>, (usize, Resolved<'p>)>;

pub(super) struct Resolver<'p, 'd> {
    pub(super) declared: &'p Declared<'d>,
    pub(super) checked: &'p Checked,
    pub(super) dialect: Dialect,
    /// A file is missing: unknown names are no mistake of their own.
    pub(super) incomplete: bool,
    pub(super) infos: Vec<TypeInfo<'p>>,
    states: Vec<State>,
    /// Types being checked, one inside the other.
    depth: usize,
    /// What QEMU finds when all else is well.
    pub(super) late: Findings,
    pub(super) out: &'p mut Findings,
}

/// How QEMU describes a type in messages.
pub(super) fn describe(proto: &Proto<'_>) -> String {
    let meta = match (&proto.kind, proto.def) {
        (ProtoKind::Builtin(_), _) => "built-in type",
        (ProtoKind::Array(element, _), _) => return format!("array type ['{element}']"),
        (ProtoKind::Enum(_), _) => "enum type",
        (ProtoKind::Alternate(_), _) => "alternate type",
        (ProtoKind::Object { .. }, Some(def)) if proto.is_definition() => type_meta(def.meta),
        (ProtoKind::Object { .. }, _) => "object type",
    };
    format!("{meta} '{}'", proto.name)
}

/// Describes a part of `owner` in a message about `def`.
fn describe_part(role: &str, name: &str, owner: &Proto<'_>, def: &Def, dialect: Dialect) -> String {
    let owner_name = owner.def.map_or(owner.name.as_ref(), |def| def.name.as_str());
    let implicit = !owner.is_definition() && owner.name.starts_with("q_obj_");
    let (role, meta) = if implicit && owner.name.ends_with("-arg") {
        ("parameter".to_owned(), "command")
    } else if implicit && owner.name.ends_with("-base") {
        (format!("base {role}"), "type")
    } else {
        (role.to_owned(), "type")
    };
    let named = !implicit || dialect.implicit_owner_named();
    if owner_name == def.name || !named {
        format!("{role} '{name}'")
    } else {
        format!("{role} '{name}' of {meta} '{owner_name}'")
    }
}

impl<'p, 'd> Resolver<'p, 'd> {
    pub(super) fn new(
        declared: &'p Declared<'d>,
        checked: &'p Checked,
        dialect: Dialect,
        incomplete: bool,
        out: &'p mut Findings,
    ) -> Self {
        let count = declared.protos.len();
        let mut infos = Vec::with_capacity(count);
        infos.resize_with(count, TypeInfo::default);
        Self {
            declared,
            checked,
            dialect,
            incomplete,
            infos,
            states: vec![State::New; count],
            depth: 0,
            late: Findings::default(),
            out,
        }
    }

    pub(super) fn proto(&self, id: TypeId) -> &'p Proto<'d> {
        &self.declared.protos[id.0 as usize]
    }

    /// True if there is a known mistake in the type, so that nothing should be concluded from it.
    pub(super) fn failed(&self, id: TypeId) -> bool {
        let proto = self.proto(id);
        let partial = proto.def.is_some_and(|def| def.partial) && !matches!(proto.kind, ProtoKind::Array(..));
        partial || self.states[id.0 as usize] == State::Failed
    }

    pub(super) fn error(&mut self, def: &Def, rule: &'static Rule, span: Span, message: String) {
        self.out.push(about(def, rule, span, message));
    }

    /// Checks every entity in order.
    pub(super) fn run(&mut self) {
        for entity in &self.declared.entities {
            match *entity {
                Entity::Type(id) => {
                    self.check_type(id);
                    let proto = self.proto(id);
                    if let Some(def) = proto.def.filter(|_| proto.is_definition()) {
                        super::docs::check(self, def);
                    }
                }
                Entity::Command(def) | Entity::Event(def) => {
                    if self.check_features(def, &def.features, &def.name) {
                        self.check_call(def);
                    }
                    super::docs::check(self, def);
                }
                Entity::Include(..) => {}
            }
        }
        self.out.append(&mut self.late);
        self.out.extend(self.declared.too_many_features.clone());
    }

    /// The type called `name`; a mistake in `def` if there is none.
    pub(super) fn lookup(
        &mut self,
        name: &str,
        span: Span,
        def: &Def,
        rule: &'static Rule,
        what: impl FnOnce() -> String,
    ) -> Option<TypeId> {
        if let Some(Named::Type(id)) = self.declared.names.get(name) {
            return Some(*id);
        }
        let element = name.strip_suffix("List").unwrap_or(name);
        let broken = &self.checked.broken;
        if !self.incomplete && !broken.contains(name) && !broken.contains(element) {
            let message = format!("{} uses unknown type '{name}'", what());
            let meant = self.similar_type(name);
            self.out.push(about(def, rule, span, message).suggest(meant));
        }
        None
    }

    /// The type that the unknown `name` may stand for.
    fn similar_type(&self, name: &str) -> Option<&'p str> {
        // Enough advice, and every search goes through all types.
        if self.out.len() > 50 {
            return None;
        }
        let types = self.declared.protos.iter().map(|proto| proto.name.as_ref());
        similar(name, types.filter(|known| !known.starts_with("q_") && !known.ends_with("List")))
    }

    /// The type that `ty` names.
    pub(super) fn lookup_ref(
        &mut self,
        ty: &TypeRef,
        def: &Def,
        rule: &'static Rule,
        what: impl FnOnce() -> String,
    ) -> Option<TypeId> {
        let name = if ty.array { Cow::Owned(format!("{}List", ty.name)) } else { Cow::Borrowed(ty.name.as_str()) };
        self.lookup(&name, ty.span, def, rule, what)
    }

    /// Checks a type once; false if there is a mistake in it.
    pub(super) fn check_type(&mut self, id: TypeId) -> bool {
        let at = id.0 as usize;
        match self.states[at] {
            State::Done => return true,
            State::Failed => return false,
            State::New | State::Busy => {}
        }
        let proto = self.proto(id);
        let Some(def) = proto.def else {
            // Predefined types are right, and arrays of them refer to what stands before them.
            if let ProtoKind::Array(element, _) = proto.kind
                && let Some(Named::Type(element)) = self.declared.names.get(element)
            {
                self.infos[at] = TypeInfo::Array(*element);
            } else if matches!(proto.kind, ProtoKind::Object { .. }) {
                self.infos[at] = TypeInfo::Object(ObjectInfo::default());
            }
            self.states[at] = State::Done;
            return true;
        };
        if self.states[at] == State::Busy {
            let message = format!("object {} contains itself", proto.name);
            self.error(def, &catalogue::CONTAINS_ITSELF, def.name_span, message);
            self.states[at] = State::Failed;
            return false;
        }
        if self.depth >= MAX_DEPTH {
            let message = format!("object {} is more than {MAX_DEPTH} bases or branches deep", proto.name);
            self.error(def, &catalogue::NESTING_TOO_DEEP, def.name_span, message);
            self.states[at] = State::Failed;
            return false;
        }
        self.states[at] = State::Busy;
        self.depth += 1;
        let mut good = !proto.is_definition() || self.check_type_features(def);
        good &= match &proto.kind {
            ProtoKind::Builtin(_) => true,
            ProtoKind::Enum(values) => {
                // The implicit enum of a simple union has its branches for values.
                let role = if proto.is_definition() { "value" } else { "branch" };
                self.check_values(values, role, def)
            }
            ProtoKind::Array(element, span) => self.check_array(id, element, *span, def),
            ProtoKind::Object { .. } => self.check_object(id, proto, def),
            ProtoKind::Alternate(branches) => self.check_alternate(id, branches, def),
        };
        self.depth -= 1;
        let partial = def.partial && !matches!(proto.kind, ProtoKind::Array(..));
        let good = good && !partial && self.states[at] == State::Busy;
        self.states[at] = if good { State::Done } else { State::Failed };
        good
    }

    /// Features of a definition that is a type: distinct, and none of those that only parts have.
    fn check_type_features(&mut self, def: &Def) -> bool {
        if !self.check_features(def, &def.features, &def.name) {
            return false;
        }
        let unstable = self.dialect.unstable_feature();
        let special = |name: &str| name == "deprecated" || (unstable && name == "unstable");
        let found = def.features.iter().find(|feature| special(&feature.name));
        if let Some(feature) = found {
            let message = format!("feature '{}' is not supported for types", feature.name);
            self.error(def, &catalogue::FEATURE_NOT_SUPPORTED, def.name_span, message);
        }
        found.is_none()
    }

    /// Features of `owner`, which is `def` or a part of it, must be distinct.
    pub(super) fn check_features(&mut self, def: &Def, features: &[Feature], owner: &str) -> bool {
        let mut seen: HashMap<Cow<'_, str>, &str> = HashMap::new();
        for feature in features {
            if let Some(first) = seen.insert(c_name(&feature.name), &feature.name) {
                // QEMU takes the owner for a type when it is a member.
                let of = if owner == def.name { String::new() } else { format!(" of type '{owner}'") };
                let message = format!("feature '{}'{of} collides with feature '{first}'{of}", feature.name);
                self.error(def, &catalogue::NAME_CLASH, def.name_span, message);
                return false;
            }
        }
        true
    }

    fn check_values(&mut self, values: &[ValueDef], role: &str, def: &Def) -> bool {
        let mut seen: HashMap<Cow<'_, str>, &str> = HashMap::with_capacity(values.len());
        let mut good = true;
        for value in values {
            if let Some(first) = seen.insert(c_name(&value.name), &value.name) {
                let message = format!("{role} '{}' collides with {role} '{first}'", value.name);
                self.error(def, &catalogue::NAME_CLASH, value.span, message);
                good = false;
            }
        }
        good
    }

    fn check_array(&mut self, id: TypeId, element: &str, span: Span, def: &Def) -> bool {
        let Some(element) = self.lookup(element, span, def, &catalogue::TYPE_UNKNOWN, || def.meta.key().to_owned())
        else {
            return false;
        };
        if matches!(self.proto(element).kind, ProtoKind::Array(..)) {
            let message = format!("array element cannot be {}", describe(self.proto(element)));
            self.error(def, &catalogue::ARRAY_ELEMENT, span, message);
            return false;
        }
        self.infos[id.0 as usize] = TypeInfo::Array(element);
        true
    }

    fn check_object(&mut self, id: TypeId, proto: &'p Proto<'d>, def: &'p Def) -> bool {
        let ProtoKind::Object { base, members, variants, .. } = &proto.kind else {
            return true;
        };
        let mut info = ObjectInfo::default();
        let mut seen = Seen::new();
        let mut good = true;
        if let Some(base) = base {
            info.base = self.base(base, def);
            good = info.base.is_some();
            let inherited = info.base.map(|base| &self.infos[base.0 as usize]);
            if let Some(TypeInfo::Object(base)) = inherited {
                info.members.extend_from_slice(&base.members);
            }
            for (i, member) in info.members.iter().enumerate() {
                seen.insert(c_name(&member.member.name), (i, *member));
            }
        }
        info.own = info.members.len();
        for member in members.iter() {
            let Some(resolved) = self.member(member, id, def) else {
                good = false;
                continue;
            };
            good &= self.insert(&mut seen, info.members.len(), resolved, def);
            info.members.push(resolved);
        }
        if let Some(variants) = variants.as_ref().filter(|_| good && !def.partial) {
            match self.variants(variants, &seen, def) {
                Some(variants) => info.variants = Some(variants),
                None => good = false,
            }
        }
        self.infos[id.0 as usize] = TypeInfo::Object(info);
        good
    }

    fn base(&mut self, name: &str, def: &Def) -> Option<TypeId> {
        let span = match &def.body {
            Body::Struct { base: Some(base), .. } => base.span,
            Body::Union { base: Data::Named(base), .. } => base.span,
            _ => def.name_span,
        };
        let base = self.lookup(name, span, def, &catalogue::TYPE_UNKNOWN, || "'base'".to_owned())?;
        let proto = self.proto(base);
        let ProtoKind::Object { variants: None, .. } = &proto.kind else {
            let message = format!("'base' requires a struct type, {} isn't", describe(proto));
            self.error(def, &catalogue::BASE_NOT_STRUCT, span, message);
            return None;
        };
        self.check_type(base).then_some(base)
    }

    /// Looks up the type of a member and checks its features.
    pub(super) fn member(&mut self, member: &'p MemberDef, owner: TypeId, def: &Def) -> Option<Resolved<'p>> {
        let (proto, dialect) = (self.proto(owner), self.dialect);
        let what = || describe_part("member", &member.name, proto, def, dialect);
        let ty = self.lookup_ref(&member.ty, def, &catalogue::MEMBER_TYPE_UNKNOWN, what)?;
        self.check_features(def, &member.features, &member.name).then_some(Resolved { member, ty, owner })
    }

    /// Adds a member to `seen`; false if its name is taken there.
    pub(super) fn insert(&mut self, seen: &mut Seen<'p>, index: usize, new: Resolved<'p>, def: &Def) -> bool {
        let key = c_name(&new.member.name);
        if let Some((_, old)) = seen.get(&key) {
            let old = *old;
            self.clash(new, old, def);
            return false;
        }
        seen.insert(key, (index, new));
        true
    }

    /// Reports that `new` has the name of `old`.
    pub(super) fn clash(&mut self, new: Resolved<'p>, old: Resolved<'p>, def: &Def) {
        let words =
            |part: Resolved<'_>| describe_part("member", &part.member.name, self.proto(part.owner), def, self.dialect);
        let message = format!("{} collides with {}", words(new), words(old));
        let own = self.proto(new.owner).def.is_some_and(|owner| owner.name == def.name);
        let span = if own { new.member.span } else { def.name_span };
        self.error(def, &catalogue::NAME_CLASH, span, message);
    }
}
