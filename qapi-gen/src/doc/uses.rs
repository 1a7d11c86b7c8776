//! Who uses a type.

use crate::ir::{Object, ObjectMeta, Schema, TypeId, TypeKind};

/// One use of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use<'s> {
    /// The entity that uses it.
    pub(super) by: &'s str,
    /// As what.
    pub(super) role: Role,
}

/// As what a type is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Result of a command.
    Returned,
    /// All arguments of a command, or all data of an event.
    Arguments,
    /// A member's or argument's type.
    Member,
    /// Base of a struct or union.
    Base,
    /// Branch of a union or alternate.
    Branch,
}

impl Role {
    /// Every role, with what stands before its list.
    pub(super) const ALL: [(Role, &'static str); 5] = [
        (Role::Returned, "Returned by"),
        (Role::Arguments, "Arguments of"),
        (Role::Member, "Member of"),
        (Role::Base, "Base of"),
        (Role::Branch, "Branch of"),
    ];
}

/// The users of each type, in schema order. Implicit types do not count: what they use, their
/// owners use.
pub(super) fn find(schema: &Schema) -> Vec<Vec<Use<'_>>> {
    let mut finder = Finder { schema, uses: vec![Vec::new(); schema.types.len()] };
    for ty in &schema.types {
        let own = &ty.info.name;
        match &ty.kind {
            TypeKind::Object(object) if object.meta != ObjectMeta::Implicit => finder.object(object, own),
            TypeKind::Alternate(alternate) => {
                alternate.branches.iter().for_each(|branch| finder.note(branch.ty, own, Role::Branch));
            }
            _ => {}
        }
    }
    for command in &schema.commands {
        command.arg.into_iter().for_each(|arg| finder.note(arg, &command.info.name, Role::Arguments));
        command.ret.into_iter().for_each(|ret| finder.note(ret, &command.info.name, Role::Returned));
    }
    for event in &schema.events {
        event.arg.into_iter().for_each(|arg| finder.note(arg, &event.info.name, Role::Arguments));
    }
    finder.uses
}

struct Finder<'s> {
    schema: &'s Schema,
    uses: Vec<Vec<Use<'s>>>,
}

impl<'s> Finder<'s> {
    fn object(&mut self, object: &'s Object, by: &'s str) {
        object.base.into_iter().for_each(|base| self.note(base, by, Role::Base));
        object.local.iter().for_each(|member| self.note(member.ty, by, Role::Member));
        for branch in object.variants.iter().flat_map(|variants| &variants.branches) {
            if branch.explicit {
                self.note(branch.ty, by, Role::Branch);
            }
        }
    }

    fn note(&mut self, id: TypeId, by: &'s str, role: Role) {
        match &self.schema.ty(id).kind {
            TypeKind::Array(element) => self.note(*element, by, role),
            TypeKind::Object(object) if object.meta == ObjectMeta::Implicit => self.object(object, by),
            TypeKind::Builtin(_) => {}
            _ => {
                let Some(uses) = self.uses.get_mut(id.0 as usize) else { return };
                let found = Use { by, role };
                if uses.last() != Some(&found) {
                    uses.push(found);
                }
            }
        }
    }
}
