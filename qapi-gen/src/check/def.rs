//! Definitions that are well formed by themselves; the names they use are not looked up yet.

use crate::ir::{Cond, Feature};
use crate::source::Span;
use crate::syntax::doc::Doc;

/// The kind of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meta {
    Enum,
    Struct,
    Union,
    Alternate,
    Command,
    Event,
}

impl Meta {
    /// Every kind, in QEMU's order.
    pub(crate) const ALL: [Self; 6] =
        [Self::Enum, Self::Struct, Self::Union, Self::Alternate, Self::Command, Self::Event];

    /// Every kind, in the order in which QEMU looks for one where the first counts.
    pub(crate) const FIRST: [Self; 6] =
        [Self::Enum, Self::Union, Self::Alternate, Self::Struct, Self::Command, Self::Event];

    /// The key that introduces it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Enum => "enum",
            Self::Struct => "struct",
            Self::Union => "union",
            Self::Alternate => "alternate",
            Self::Command => "command",
            Self::Event => "event",
        }
    }
}

/// A definition.
#[derive(Debug)]
pub(crate) struct Def {
    /// Index of its module.
    pub(crate) module: usize,
    pub(crate) meta: Meta,
    pub(crate) name: String,
    /// Its name in the schema.
    pub(crate) name_span: Span,
    /// The whole expression; QEMU reports its first line.
    pub(crate) span: Span,
    pub(crate) cond: Cond,
    pub(crate) features: Vec<Feature>,
    pub(crate) body: Body,
    pub(crate) doc: Option<Doc>,
    /// There is a mistake in it, and something may be missing here for that reason.
    pub(crate) partial: bool,
}

/// What is particular to each kind.
#[derive(Debug)]
pub(crate) enum Body {
    Enum {
        values: Vec<ValueDef>,
        prefix: Option<String>,
    },
    Struct {
        base: Option<TypeRef>,
        members: Vec<MemberDef>,
    },
    Union {
        base: Data,
        /// `None` for a simple union.
        discriminator: Option<(String, Span)>,
        branches: Vec<MemberDef>,
    },
    Alternate {
        branches: Vec<MemberDef>,
    },
    Command {
        data: Data,
        returns: Option<TypeRef>,
        flags: Flags,
    },
    Event {
        data: Data,
        boxed: bool,
    },
}

/// Flags of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flags {
    pub(crate) boxed: bool,
    pub(crate) generated: bool,
    pub(crate) success_response: bool,
    pub(crate) allow_oob: bool,
    pub(crate) allow_preconfig: bool,
    pub(crate) coroutine: bool,
}

/// Arguments, or the base of a union.
#[derive(Debug)]
pub(crate) enum Data {
    None,
    Named(TypeRef),
    Inline(Vec<MemberDef>),
}

/// A type by name.
#[derive(Debug, Clone)]
pub(crate) struct TypeRef {
    /// The name; of the element if `array`.
    pub(crate) name: String,
    pub(crate) array: bool,
    pub(crate) span: Span,
}

/// A value of an enum.
#[derive(Debug, Clone)]
pub(crate) struct ValueDef {
    pub(crate) name: String,
    pub(crate) cond: Cond,
    pub(crate) features: Vec<Feature>,
    pub(crate) span: Span,
}

/// A member, argument or branch.
#[derive(Debug, Clone)]
pub(crate) struct MemberDef {
    /// Without the `*` of optional members.
    pub(crate) name: String,
    pub(crate) optional: bool,
    pub(crate) ty: TypeRef,
    pub(crate) cond: Cond,
    pub(crate) features: Vec<Feature>,
    pub(crate) span: Span,
}
