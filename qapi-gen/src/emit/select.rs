//! What a configuration keeps: conditions evaluated over a set of symbols.

use crate::ir::{Branch, Cond, Enum, EnumValue, Feature, Member, Object, Schema, TypeId, TypeKind};
use crate::settings::Symbols;

/// The part of a schema that exists under a set of symbols.
#[derive(Debug)]
pub(crate) struct Selection<'a> {
    schema: &'a Schema,
    symbols: &'a Symbols,
    types: Vec<bool>,
}

/// One case of a union as generated code sees it: a kept tag value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    /// The tag value.
    pub(crate) value: &'a EnumValue,
    /// The branch's type; `None` when it adds no members.
    pub(crate) ty: Option<TypeId>,
}

impl<'a> Selection<'a> {
    /// Applies `symbols` to `schema`.
    ///
    /// A definition is kept when its own condition holds, and also when something kept refers to it:
    /// the language does not check that users imply the condition of what they use.
    pub(crate) fn new(schema: &'a Schema, symbols: &'a Symbols) -> Self {
        let mut selection = Self { schema, symbols, types: vec![false; schema.types.len()] };
        let mut work: Vec<TypeId> = Vec::new();
        for (id, ty) in (0..).map(TypeId).zip(&schema.types) {
            if selection.defined(id) && selection.holds(&ty.info.cond) {
                work.push(id);
            }
        }
        for command in schema.commands.iter().filter(|command| selection.holds(&command.info.cond)) {
            work.extend(command.arg.filter(|_| command.generated).into_iter().chain(command.ret));
        }
        for event in schema.events.iter().filter(|event| selection.holds(&event.info.cond)) {
            work.extend(event.arg);
        }
        while let Some(id) = work.pop() {
            if !std::mem::replace(&mut selection.types[id.0 as usize], true) {
                work.extend(selection.referred(id));
            }
        }
        selection
    }

    /// True for types that stand in the schema text, as opposed to built-in and implicit ones.
    fn defined(&self, id: TypeId) -> bool {
        let ty = self.schema.ty(id);
        match &ty.kind {
            TypeKind::Builtin(_) | TypeKind::Array(_) => false,
            TypeKind::Object(object) => object.meta != crate::ir::ObjectMeta::Implicit,
            TypeKind::Enum(_) | TypeKind::Alternate(_) => ty.info.module.0 != 0,
        }
    }

    fn referred(&self, id: TypeId) -> Vec<TypeId> {
        match &self.schema.ty(id).kind {
            TypeKind::Builtin(_) | TypeKind::Enum(_) => Vec::new(),
            TypeKind::Array(element) => vec![*element],
            TypeKind::Alternate(alternate) => self.members(&alternate.branches).map(|b| b.ty).collect(),
            TypeKind::Object(object) => {
                let members = self.members(&object.members).map(|member| member.ty);
                members.chain(self.branches(object).into_iter().filter_map(|case| case.ty)).collect()
            }
        }
    }

    /// True when `cond` holds under the symbols.
    pub(crate) fn holds(&self, cond: &Cond) -> bool {
        self.symbols.holds(cond)
    }

    /// True when the type is part of the generated code.
    pub(crate) fn has(&self, id: TypeId) -> bool {
        self.types[id.0 as usize]
    }

    /// The members whose condition holds.
    pub(crate) fn members(&self, all: &'a [Member]) -> impl Iterator<Item = &'a Member> + use<'a, '_> {
        all.iter().filter(|member| self.holds(&member.cond))
    }

    /// The values whose condition holds.
    pub(crate) fn values(&self, all: &'a Enum) -> impl Iterator<Item = &'a EnumValue> + use<'a, '_> {
        all.values.iter().filter(|value| self.holds(&value.cond))
    }

    /// True when one of `features` has this name and its condition holds.
    pub(crate) fn feature(&self, features: &[Feature], name: &str) -> bool {
        features.iter().any(|feature| feature.name == name && self.holds(&feature.cond))
    }

    /// The tag's enumeration of a union.
    pub(crate) fn tag_enum(&self, object: &'a Object) -> Option<(TypeId, &'a Enum)> {
        let tag = object.members.get(object.variants.as_ref()?.tag)?;
        match &self.schema.ty(tag.ty).kind {
            TypeKind::Enum(values) => Some((tag.ty, values)),
            _ => None,
        }
    }

    /// One case per kept tag value, in the order of the tag's enumeration; empty when not a union.
    ///
    /// A value whose branch has a false condition is a case without members.
    pub(crate) fn branches(&self, object: &'a Object) -> Vec<Case<'a>> {
        let (Some(variants), Some((_, tag))) = (&object.variants, self.tag_enum(object)) else {
            return Vec::new();
        };
        let find = |name: &str| variants.branches.iter().find(|branch| branch.name == name);
        let case = |value| Case { value, ty: find(&value.name).and_then(|branch| self.branch_type(branch)) };
        self.values(tag).map(case).collect()
    }

    fn branch_type(&self, branch: &Branch) -> Option<TypeId> {
        (self.holds(&branch.cond) && !self.empty(branch.ty)).then_some(branch.ty)
    }

    /// True for the built-in object type without members.
    pub(crate) fn empty(&self, id: TypeId) -> bool {
        let ty = self.schema.ty(id);
        ty.info.name == "q_empty" && matches!(ty.kind, TypeKind::Object(_))
    }
}
