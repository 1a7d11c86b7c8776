//! Discriminator and branches of unions.

use super::Cond;
use super::TypeId;
use super::declare::{Named, ProtoKind, ProtoVariants};
use super::resolver::{Resolved, ResolvedBranch, Resolver, Seen, TypeInfo, describe};
use crate::check::c_name;
use crate::check::def::{Body, Def, MemberDef, ValueDef};
use crate::diag::catalogue;
use std::collections::HashSet;

impl<'p, 'd> Resolver<'p, 'd> {
    /// Checks discriminator and branches; the discriminator's index and all branches.
    pub(super) fn variants(
        &mut self,
        variants: &'p ProtoVariants<'d>,
        seen: &Seen<'p>,
        def: &Def,
    ) -> Option<(usize, Vec<ResolvedBranch<'p>>)> {
        let (index, values) = self.discriminator(variants.tag, seen, def)?;
        let mut good = true;
        let mut branches = Vec::with_capacity(values.len());
        let names: HashSet<&str> = values.iter().map(|value| value.name.as_str()).collect();
        for branch in variants.branches.iter() {
            match self.branch(branch, &names, variants.tag, seen, def) {
                Some(branch) => branches.push(branch),
                None => good = false,
            }
        }
        for branch in &branches {
            good &= self.check_type(branch.ty) && self.no_clash(branch.ty, seen, def);
        }
        let written: HashSet<&str> = variants.branches.iter().map(|b| b.name.as_str()).collect();
        let Some(Named::Type(empty)) = self.declared.names.get("q_empty") else {
            return None;
        };
        let added = values.iter().filter(|value| !written.contains(value.name.as_str()));
        branches.extend(added.map(|value| ResolvedBranch {
            name: &value.name,
            ty: *empty,
            cond: &value.cond,
            explicit: false,
            span: def.name_span,
        }));
        if branches.is_empty() && good {
            self.error(def, &catalogue::BRANCHES_MISSING, def.name_span, "union has no branches".to_owned());
            return None;
        }
        good.then_some((index, branches))
    }

    /// Finds the discriminator among the members; its index and the values of its type.
    fn discriminator(&mut self, tag: &str, seen: &Seen<'p>, def: &Def) -> Option<(usize, &'p [ValueDef])> {
        let span = match &def.body {
            Body::Union { discriminator: Some((_, span)), .. } => *span,
            _ => def.name_span,
        };
        let rule = &catalogue::DISCRIMINATOR;
        let Some((index, found)) = seen.get(&c_name(tag)).filter(|(_, found)| found.member.name == tag) else {
            let message = format!("discriminator '{tag}' is not a member of 'base'");
            self.error(def, rule, span, message);
            return None;
        };
        let owner = self.proto(found.owner);
        let base = if owner.is_definition() { format!("base type '{}'", owner.name) } else { "'base'".to_owned() };
        let ProtoKind::Enum(values) = &self.proto(found.ty).kind else {
            let message = format!("discriminator member '{tag}' of {base} must be of enum type");
            self.error(def, rule, span, message);
            return None;
        };
        if self.failed(found.ty) {
            return None;
        }
        let adjective = match found.member {
            member if member.optional => "optional",
            member if member.cond != Cond::True => "conditional",
            _ => return Some((*index, values)),
        };
        let message = format!("discriminator member '{tag}' of {base} must not be {adjective}");
        self.error(def, rule, span, message);
        None
    }

    fn branch(
        &mut self,
        branch: &'p MemberDef,
        values: &HashSet<&str>,
        tag: &str,
        seen: &Seen<'p>,
        def: &Def,
    ) -> Option<ResolvedBranch<'p>> {
        let ty =
            self.lookup_ref(&branch.ty, def, &catalogue::MEMBER_TYPE_UNKNOWN, || format!("branch '{}'", branch.name))?;
        if !values.contains(branch.name.as_str()) {
            let of = seen.get(&c_name(tag)).map(|(_, tag)| describe(self.proto(tag.ty)));
            let message = format!("branch '{}' is not a value of {}", branch.name, of.unwrap_or_default());
            self.error(def, &catalogue::BRANCH_UNKNOWN, branch.span, message);
            return None;
        }
        let proto = self.proto(ty);
        let fits = match &proto.kind {
            ProtoKind::Object { variants, .. } => variants.is_none() || self.dialect.nested_unions(),
            _ => false,
        };
        if !fits {
            let message = format!("branch '{}' cannot use {}", branch.name, describe(proto));
            self.error(def, &catalogue::BRANCH_TYPE, branch.ty.span, message);
            return None;
        }
        if self.dialect.branches_checked_singly() && !self.check_type(ty) {
            return None;
        }
        Some(ResolvedBranch { name: &branch.name, ty, cond: &branch.cond, explicit: true, span: branch.span })
    }

    /// Checks that the members of `ty`, also those of its branches, can stand beside `seen`.
    /// Among themselves they were checked before.
    fn no_clash(&mut self, ty: TypeId, seen: &Seen<'p>, def: &Def) -> bool {
        let mut stack = vec![ty];
        let mut visited = HashSet::new();
        while let Some(ty) = stack.pop() {
            let TypeInfo::Object(info) = &self.infos[ty.0 as usize] else {
                continue;
            };
            if !visited.insert(ty) {
                continue;
            }
            let taken = |member: &&Resolved<'p>| seen.contains_key(&c_name(&member.member.name));
            if let Some(new) = info.members.iter().find(taken).copied()
                && let Some((_, old)) = seen.get(&c_name(&new.member.name))
            {
                let old = *old;
                self.clash(new, old, def);
                return false;
            }
            let branches = info.variants.iter().flat_map(|(_, branches)| branches);
            stack.extend(branches.rev().map(|branch| branch.ty));
        }
        true
    }
}
