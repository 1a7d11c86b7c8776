//! What the settings keep of a schema, and under which condition.

use std::collections::BTreeSet;

use super::gate::Gate;
use crate::ir::{Alternate, Cond, Enum, EnumValue, Feature, Member, Object, Schema, TypeId, TypeKind};
use crate::settings::{Policy, Settings};

/// The part of a schema that is generated.
#[derive(Debug)]
pub(crate) struct Selection<'a> {
    schema: &'a Schema,
    settings: &'a Settings,
    types: Vec<Gate>,
}

/// One case of a union as generated code sees it: a kept tag value.
#[derive(Debug, Clone)]
pub(crate) struct Case<'a> {
    /// The tag value.
    pub(crate) value: &'a EnumValue,
    /// Position of the value among those kept.
    pub(crate) index: usize,
    /// The branch's type; `None` when it adds no members.
    pub(crate) ty: Option<TypeId>,
    /// When this case exists.
    pub(crate) gate: Gate,
}

/// Times that the condition of a type may grow before it is taken to be always there.
const GROWTH: u8 = 8;

impl<'a> Selection<'a> {
    /// Applies `settings` to `schema`.
    ///
    /// A definition is kept when its own condition holds, and also when something kept refers to it:
    /// the language does not check that users imply the condition of what they use.
    pub(crate) fn new(schema: &'a Schema, settings: &'a Settings) -> Self {
        let mut selection = Self { schema, settings, types: vec![Gate::Never; schema.types.len()] };
        let mut needs: Vec<(TypeId, Gate)> = Vec::new();
        for (id, ty) in (0..).map(TypeId).zip(&schema.types) {
            if selection.defined(id) {
                needs.push((id, selection.gate(&ty.info.cond)));
            }
        }
        for command in &schema.commands {
            let gate = selection.item(&command.info.cond, &command.info.features);
            for id in command.arg.filter(|_| command.generated).into_iter().chain(command.ret) {
                needs.push((id, gate.clone()));
            }
        }
        for event in &schema.events {
            let gate = selection.item(&event.info.cond, &event.info.features);
            needs.extend(event.arg.map(|id| (id, gate)));
        }
        needs.reverse();
        let mut growth = vec![0u8; schema.types.len()];
        while let Some((id, gate)) = needs.pop() {
            let index = id.0 as usize;
            if gate.implies(&selection.types[index]) {
                continue;
            }
            growth[index] += 1;
            let known = std::mem::replace(&mut selection.types[index], Gate::Always);
            if growth[index] <= GROWTH {
                selection.types[index] = known.or(gate);
            }
            let own = selection.types[index].clone();
            needs.extend(selection.referred(id).into_iter().map(|(id, gate)| (id, own.clone().and(gate))));
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

    fn referred(&self, id: TypeId) -> Vec<(TypeId, Gate)> {
        match &self.schema.ty(id).kind {
            TypeKind::Builtin(_) | TypeKind::Enum(_) => Vec::new(),
            TypeKind::Array(element) => vec![(*element, Gate::Always)],
            TypeKind::Alternate(alternate) => self.alternatives(alternate).map(|(b, gate)| (b.ty, gate)).collect(),
            TypeKind::Object(object) => {
                let members = self.members(object).map(|(member, gate)| (member.ty, gate));
                let cases = self.cases(object).into_iter().filter_map(|case| Some((case.ty?, case.gate)));
                members.chain(cases).collect()
            }
        }
    }

    /// When `cond` holds.
    pub(crate) fn gate(&self, cond: &Cond) -> Gate {
        self.settings.conditions.gate(cond)
    }

    /// When something with this condition and these features exists.
    pub(crate) fn item(&self, cond: &Cond, features: &[Feature]) -> Gate {
        let mut gate = self.gate(cond);
        for (name, policy) in [("deprecated", &self.settings.deprecated), ("unstable", &self.settings.unstable)] {
            if *policy == Policy::Expose || features.is_empty() {
                continue;
            }
            let ordinary = self.feature(features, name).not();
            gate = gate.and(match policy {
                Policy::Gate(feature) => ordinary.or(Gate::Feature(feature.clone())),
                Policy::Expose | Policy::Hide => ordinary,
            });
        }
        gate
    }

    /// When the type is part of the generated code.
    pub(crate) fn ty(&self, id: TypeId) -> &Gate {
        &self.types[id.0 as usize]
    }

    /// The members that exist, inherited ones first. The discriminator always does.
    pub(crate) fn members(&self, object: &'a Object) -> impl Iterator<Item = (&'a Member, Gate)> + use<'a, '_> {
        let tag = object.variants.as_ref().map(|variants| variants.tag);
        object.members.iter().enumerate().filter_map(move |(index, member)| {
            let gate = if Some(index) == tag { Gate::Always } else { self.item(&member.cond, &member.features) };
            (gate != Gate::Never).then_some((member, gate))
        })
    }

    /// The branches of an alternate that exist.
    pub(crate) fn alternatives(
        &self,
        alternate: &'a Alternate,
    ) -> impl Iterator<Item = (&'a Member, Gate)> + use<'a, '_> {
        let branches = alternate.branches.iter().map(|branch| (branch, self.gate(&branch.cond)));
        branches.filter(|(_, gate)| *gate != Gate::Never)
    }

    /// The values that exist.
    pub(crate) fn values(&self, all: &'a Enum) -> impl Iterator<Item = (&'a EnumValue, Gate)> + use<'a, '_> {
        let values = all.values.iter().map(|value| (value, self.item(&value.cond, &value.features)));
        values.filter(|(_, gate)| *gate != Gate::Never)
    }

    /// When `features` have one of this name.
    pub(crate) fn feature(&self, features: &[Feature], name: &str) -> Gate {
        let found = features.iter().filter(|feature| feature.name == name);
        found.fold(Gate::Never, |gate, feature| gate.or(self.gate(&feature.cond)))
    }

    /// The tag's enumeration of a union.
    pub(crate) fn tag_enum(&self, object: &'a Object) -> Option<(TypeId, &'a Enum)> {
        let tag = object.members.get(object.variants.as_ref()?.tag)?;
        match &self.schema.ty(tag.ty).kind {
            TypeKind::Enum(values) => Some((tag.ty, values)),
            _ => None,
        }
    }

    /// The cases of a union in the order of the tag's enumeration; empty when not a union.
    ///
    /// A value whose branch does not exist is a case without members. Where that depends on features
    /// there are two cases for the value, at most one of which exists.
    pub(crate) fn cases(&self, object: &'a Object) -> Vec<Case<'a>> {
        let (Some(variants), Some((_, tag))) = (&object.variants, self.tag_enum(object)) else {
            return Vec::new();
        };
        let mut cases = Vec::with_capacity(tag.values.len());
        for (index, (value, gate)) in self.values(tag).enumerate() {
            let branch = variants.branches.iter().find(|branch| branch.name == value.name);
            let branch = branch.filter(|branch| !self.empty(branch.ty));
            let full = branch.map_or(Gate::Never, |branch| self.gate(&branch.cond));
            let halves =
                [(branch.map(|branch| branch.ty), gate.clone().and(full.clone())), (None, gate.and(full.not()))];
            let kept = halves.into_iter().filter(|(_, gate)| *gate != Gate::Never);
            cases.extend(kept.map(|(ty, gate)| Case { value, index, ty, gate }));
        }
        cases
    }

    /// True for the built-in object type without members.
    pub(crate) fn empty(&self, id: TypeId) -> bool {
        let ty = self.schema.ty(id);
        matches!(ty.kind, TypeKind::Object(_)) && ty.info.name == "q_empty"
    }

    /// Every cargo feature that generated code may name, sorted.
    pub(crate) fn cargo_features(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut note = |cond: &Cond, features: &[Feature]| {
            for cond in std::iter::once(cond).chain(features.iter().map(|feature| &feature.cond)) {
                self.gate(cond).features(&mut |name| {
                    names.insert(name.to_owned());
                });
            }
        };
        for ty in &self.schema.types {
            note(&ty.info.cond, &ty.info.features);
            match &ty.kind {
                TypeKind::Builtin(_) | TypeKind::Array(_) => {}
                TypeKind::Enum(values) => values.values.iter().for_each(|value| note(&value.cond, &value.features)),
                TypeKind::Alternate(alternate) => alternate.branches.iter().for_each(|b| note(&b.cond, &[])),
                TypeKind::Object(object) => {
                    object.local.iter().for_each(|member| note(&member.cond, &member.features));
                    let branches = object.variants.iter().flat_map(|variants| &variants.branches);
                    branches.for_each(|branch| note(&branch.cond, &[]));
                }
            }
        }
        self.schema.commands.iter().for_each(|command| note(&command.info.cond, &command.info.features));
        self.schema.events.iter().for_each(|event| note(&event.info.cond, &event.info.features));
        for policy in [&self.settings.deprecated, &self.settings.unstable] {
            if let Policy::Gate(feature) = policy {
                names.insert(feature.clone());
            }
        }
        names
    }
}
