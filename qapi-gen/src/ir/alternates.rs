//! Alternates: the JSON type of a value must select one branch.

use super::declare::ProtoKind;
use super::resolver::{Resolved, Resolver, TypeInfo, describe};
use super::{Builtin, TypeId};
use crate::check::c_name;
use crate::check::def::{Def, MemberDef};
use crate::diag::catalogue;
use std::borrow::Cow;
use std::collections::HashMap;

impl<'p> Resolver<'p, '_> {
    pub(super) fn check_alternate(&mut self, id: TypeId, branches: &'p [MemberDef], def: &Def) -> bool {
        let mut resolved = Vec::with_capacity(branches.len());
        let mut good = true;
        for branch in branches {
            match self
                .lookup_ref(&branch.ty, def, &catalogue::MEMBER_TYPE_UNKNOWN, || format!("branch '{}'", branch.name))
            {
                Some(ty) => resolved.push(Resolved { member: branch, ty, owner: id }),
                None => good = false,
            }
        }
        let mut seen: HashMap<Cow<'_, str>, &str> = HashMap::new();
        let mut kinds: HashMap<&str, &str> = HashMap::new();
        for branch in &resolved {
            let name = branch.member.name.as_str();
            if let Some(first) = seen.insert(c_name(name), name) {
                let message = format!("branch '{name}' collides with branch '{first}'");
                self.error(def, &catalogue::NAME_CLASH, branch.member.span, message);
                good = false;
            }
            if self.failed(branch.ty) {
                good = false;
                continue;
            }
            let taken = self.json_kinds(branch.ty);
            if taken.is_empty() {
                let message = format!("branch '{name}' cannot use {}", describe(self.proto(branch.ty)));
                self.error(def, &catalogue::BRANCH_TYPE, branch.member.ty.span, message);
                good = false;
            } else if let Some(first) = taken.iter().find_map(|kind| kinds.get(kind)) {
                let message = format!("branch '{name}' can't be distinguished from '{first}'");
                self.error(def, &catalogue::ALTERNATE_CONFLICT, branch.member.span, message);
                good = false;
            }
            kinds.extend(taken.into_iter().map(|kind| (kind, name)));
        }
        self.infos[id.0 as usize] = TypeInfo::Alternate(resolved);
        good
    }

    /// The kinds of JSON values that a branch of type `ty` lays claim to; none if it cannot be a
    /// branch. Strings may stand for numbers and booleans on the command line.
    fn json_kinds(&self, ty: TypeId) -> Vec<&'static str> {
        match &self.proto(ty).kind {
            ProtoKind::Builtin(Builtin::Any) | ProtoKind::Alternate(_) => Vec::new(),
            ProtoKind::Builtin(Builtin::Null) => vec!["null"],
            ProtoKind::Builtin(Builtin::Bool) => vec!["bool"],
            ProtoKind::Builtin(Builtin::Str) => vec!["string", "number", "bool"],
            ProtoKind::Builtin(_) => vec!["number"],
            ProtoKind::Object { .. } => vec!["object"],
            ProtoKind::Array(..) if self.dialect.array_alternatives() => vec!["array"],
            ProtoKind::Array(..) => Vec::new(),
            ProtoKind::Enum(values) => {
                let mut kinds = vec!["string"];
                if values.iter().any(|value| matches!(value.name.as_str(), "on" | "off")) {
                    kinds.push("bool");
                }
                let numeric = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.');
                if values.iter().any(|value| value.name.starts_with(numeric)) {
                    kinds.push("number");
                }
                kinds
            }
        }
    }
}
