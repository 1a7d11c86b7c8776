//! The resolved schema: entities with every name looked up, in schema order.
//!
//! This is the one model that all emitters read. It keeps every condition; a set of
//! symbols is applied while emitting, never by editing the model.

mod alternates;
mod build;
mod calls;
mod declare;
mod docs;
mod resolver;
#[cfg(test)]
mod tests;
mod variants;

pub(crate) use build::{build, resolve};

use crate::dialect::Dialect;
use crate::source::Span;

/// Index of a [`Module`] in [`Schema::modules`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u32);

/// Index of a [`Type`] in [`Schema::types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub u32);

/// A whole schema after all checks passed.
#[derive(Debug, Clone)]
pub struct Schema {
    /// The language that it was read in.
    pub dialect: Dialect,
    /// Modules in order of first mention; index 0 is `./builtin`, index 1 the root file.
    pub modules: Vec<Module>,
    /// Every type: built-in, defined, implicit and array types. [`TypeId`] indexes it.
    pub types: Vec<Type>,
    /// Commands in definition order.
    pub commands: Vec<Command>,
    /// Events in definition order.
    pub events: Vec<Event>,
}

/// One schema file.
#[derive(Debug, Clone)]
pub struct Module {
    /// Path relative to the root schema's directory, such as `block-core.json`; `./builtin` for built-ins.
    pub name: String,
    /// Free-form documentation blocks of the file, in order.
    pub docs: Vec<Doc>,
    /// Everything the file defines or includes, in order.
    pub items: Vec<Item>,
}

/// What a module lists, in source order (an array type before what first mentions it, an implicit type before its definition).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A defined, implicit or array type.
    Type(TypeId),
    /// Index into [`Schema::commands`].
    Command(usize),
    /// Index into [`Schema::events`].
    Event(usize),
    /// An include directive.
    Include(ModuleId),
}

/// What every definition carries.
#[derive(Debug, Clone)]
pub struct Info {
    /// Name as the schema spells it.
    pub name: String,
    /// Module that defines it.
    pub module: ModuleId,
    /// Where it is defined.
    pub span: Span,
    /// Its documentation comment.
    pub doc: Option<Doc>,
    /// Its `'if'`.
    pub cond: Cond,
    /// Its features, in order.
    pub features: Vec<Feature>,
}

/// A type entity.
#[derive(Debug, Clone)]
pub struct Type {
    /// Name, place, docs, condition, features.
    pub info: Info,
    /// What it is.
    pub kind: TypeKind,
}

/// The kinds of types.
#[derive(Debug, Clone)]
pub enum TypeKind {
    /// A built-in scalar, `any` or `null`.
    Builtin(Builtin),
    /// `enum` (also `QType` and the implicit enum of a simple union).
    Enum(Enum),
    /// `struct`, `union`, or an implicit object such as `q_obj_foo-arg` and `q_empty`.
    Object(Object),
    /// `alternate`.
    Alternate(Alternate),
    /// Array of the given element type; its name is the element's plus `List`.
    Array(TypeId),
}

/// Built-in types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the variants are the built-in type names")]
pub enum Builtin {
    Str,
    Int,
    Number,
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Size,
    Any,
    Null,
}

/// An enumeration.
#[derive(Debug, Clone)]
pub struct Enum {
    /// Values in order.
    pub values: Vec<EnumValue>,
    /// The `prefix` key, which only C output uses.
    pub prefix: Option<String>,
}

/// One value of an enumeration.
#[derive(Debug, Clone)]
pub struct EnumValue {
    /// Wire name.
    pub name: String,
    /// Its `'if'`.
    pub cond: Cond,
    /// Its features.
    pub features: Vec<Feature>,
    /// Its documentation text, if the comment describes it.
    pub doc: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// Which syntax an object type came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectMeta {
    /// `struct`.
    Struct,
    /// `union` (flat or simple).
    Union,
    /// Inline arguments, inline base, wrapper of a simple union, or `q_empty`.
    Implicit,
}

/// An object type.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its syntax.
    pub meta: ObjectMeta,
    /// Its base type.
    pub base: Option<TypeId>,
    /// Own members only, in order.
    pub local: Vec<Member>,
    /// All members: inherited ones first, then own.
    pub members: Vec<Member>,
    /// Present for unions.
    pub variants: Option<Variants>,
}

/// The branches of a union.
#[derive(Debug, Clone)]
pub struct Variants {
    /// Index of the discriminator in [`Object::members`].
    pub tag: usize,
    /// Written branches in source order, then one empty branch per remaining tag value.
    pub branches: Vec<Branch>,
}

/// One branch of a union.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Tag value.
    pub name: String,
    /// Object type of the branch; the type named `q_empty` when it has no members.
    pub ty: TypeId,
    /// Its `'if'` (for an added branch: its value's).
    pub cond: Cond,
    /// False for a branch added for a tag value without one.
    pub explicit: bool,
    /// Where it stands.
    pub span: Span,
}

/// A member of an object or a branch of an alternate.
#[derive(Debug, Clone)]
pub struct Member {
    /// Name without the `*` of optional members.
    pub name: String,
    /// Its type.
    pub ty: TypeId,
    /// True for `*name`.
    pub optional: bool,
    /// Its `'if'`.
    pub cond: Cond,
    /// Its features.
    pub features: Vec<Feature>,
    /// Its documentation text, if the comment describes it.
    pub doc: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// An alternate: the JSON type of the value decides.
#[derive(Debug, Clone)]
pub struct Alternate {
    /// Branches in order; `optional` is always false.
    pub branches: Vec<Member>,
}

/// A command.
#[derive(Debug, Clone)]
pub struct Command {
    /// Name, place, docs, condition, features.
    pub info: Info,
    /// Argument type; `None` when there are no arguments. Implicit types are named `q_obj_NAME-arg`.
    pub arg: Option<TypeId>,
    /// Reply type.
    pub ret: Option<TypeId>,
    /// `boxed`.
    pub boxed: bool,
    /// False for `'gen': false`: the handler gets raw arguments.
    pub generated: bool,
    /// False for `'success-response': false`.
    pub success_response: bool,
    /// `allow-oob`.
    pub allow_oob: bool,
    /// `allow-preconfig`.
    pub allow_preconfig: bool,
    /// `coroutine`.
    pub coroutine: bool,
}

/// An event.
#[derive(Debug, Clone)]
pub struct Event {
    /// Name, place, docs, condition, features.
    pub info: Info,
    /// Data type; `None` when it has none.
    pub arg: Option<TypeId>,
    /// `boxed`.
    pub boxed: bool,
}

/// A feature string with its condition.
#[derive(Debug, Clone)]
pub struct Feature {
    /// Feature name; `deprecated` and `unstable` have meaning here.
    pub name: String,
    /// Its `'if'`.
    pub cond: Cond,
}

/// A condition in its resolved form; both spellings of the language end here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cond {
    /// No condition.
    #[default]
    True,
    /// A symbol such as `CONFIG_KVM`.
    Symbol(String),
    /// All must hold.
    All(Vec<Cond>),
    /// One must hold.
    Any(Vec<Cond>),
    /// Must not hold.
    Not(Box<Cond>),
}

/// A documentation comment, split in sections.
#[derive(Debug, Clone, Default)]
pub struct Doc {
    /// Its first line, which orders free-form text among the definitions of its file.
    pub span: Span,
    /// Text before the first section.
    pub body: String,
    /// `Features:` descriptions, by feature name.
    pub features: Vec<(String, String)>,
    /// Tagged sections (`Returns`, `Since`, `Errors`, ...) and plain paragraphs after them (empty tag), in order.
    pub sections: Vec<(String, String)>,
}

impl Schema {
    /// The type with index `id`.
    #[must_use]
    pub fn ty(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    /// The module with index `id`.
    #[must_use]
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0 as usize]
    }
}
