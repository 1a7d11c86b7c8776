//! Arguments and replies of commands, data of events.

use super::declare::{Named, ProtoKind};
use super::resolver::{Resolver, TypeInfo, describe};
use super::{Cond, ObjectMeta, TypeId};
use crate::check::def::{Body, Data, Def};
use crate::diag::catalogue;
use crate::source::Span;

impl Resolver<'_, '_> {
    /// Checks the arguments and the reply of a command, or the data of an event.
    pub(super) fn check_call(&mut self, def: &Def) {
        let (data, returns, boxed) = match &def.body {
            Body::Command { data, returns, flags } => (data, returns.as_ref(), flags.boxed),
            Body::Event { data, boxed } => (data, None, *boxed),
            _ => return,
        };
        let meta = def.meta.key();
        if let Some((ty, span)) = self.argument(def, data) {
            // A flag with a wrong value may have been meant to be set.
            self.check_argument(def, ty, span, boxed || def.partial);
        }
        let Some(returns) = returns else { return };
        let what = || format!("{meta}'s 'returns'");
        let Some(ty) = self.lookup_ref(returns, def, &catalogue::TYPE_UNKNOWN, what) else {
            return;
        };
        if self.failed(ty) || self.checked.pragma.command_returns.contains(&def.name) {
            return;
        }
        let element = match self.infos[ty.0 as usize] {
            TypeInfo::Array(element) => element,
            _ => ty,
        };
        if !matches!(self.proto(element).kind, ProtoKind::Object { .. }) {
            let message = format!("{meta}'s 'returns' cannot take {}", describe(self.proto(ty)));
            self.error(def, &catalogue::RETURNS_TYPE, returns.span, message);
        }
    }

    /// The type of `data`, and where it is named.
    fn argument(&mut self, def: &Def, data: &Data) -> Option<(TypeId, Span)> {
        match data {
            Data::None => None,
            Data::Named(ty) => {
                let what = || format!("{}'s 'data'", def.meta.key());
                Some((self.lookup(&ty.name, ty.span, def, &catalogue::TYPE_UNKNOWN, what)?, ty.span))
            }
            Data::Inline(_) => match self.declared.names.get(format!("q_obj_{}-arg", def.name).as_str()) {
                Some(Named::Type(id)) => Some((*id, def.name_span)),
                _ => None,
            },
        }
    }

    fn check_argument(&mut self, def: &Def, ty: TypeId, span: Span, boxed: bool) {
        let meta = def.meta.key();
        let proto = self.proto(ty);
        let ProtoKind::Object { variants, .. } = &proto.kind else {
            let message = format!("{meta}'s 'data' cannot take {}", describe(proto));
            return self.error(def, &catalogue::DATA_TYPE, span, message);
        };
        if variants.is_some() && !boxed {
            let message = format!("{meta}'s 'data' can take {} only with 'boxed': true", describe(proto));
            return self.error(def, &catalogue::DATA_TYPE, span, message);
        }
        if !self.dialect.conditional_arguments_boxed() || !self.check_type(ty) || boxed {
            return;
        }
        let TypeInfo::Object(info) = &self.infos[ty.0 as usize] else {
            return;
        };
        let conditional = info.members.iter().find(|member| member.member.cond != Cond::True);
        if let Some(member) = conditional {
            let span = if matches!(proto.kind, ProtoKind::Object { meta: ObjectMeta::Implicit, .. }) {
                member.member.span
            } else {
                span
            };
            let message = format!("conditional {meta} arguments require 'boxed': true");
            self.error(def, &catalogue::CONDITIONAL_ARGUMENTS, span, message);
        }
    }
}
