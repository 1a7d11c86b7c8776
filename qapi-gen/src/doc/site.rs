//! What every page needs to know: where things are described, and who uses them.

use std::collections::HashMap;

use super::html::address;
use super::names;
use super::uses::{self, Use};
use crate::ir::{Command, Doc, Event, Info, Item, Member, ModuleId, ObjectMeta, Schema, Type, TypeId, TypeKind};
use crate::source::SourceMap;

/// The page that a link stands on; `None` is the index.
pub(super) type Place = Option<ModuleId>;

/// Something with a description of its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entity<'s> {
    /// A command.
    Command(&'s Command),
    /// An event.
    Event(&'s Event),
    /// A type that the schema names.
    Type(TypeId, &'s Type),
}

/// A schema and what was found out about it for the reference.
pub(super) struct Site<'s> {
    /// The schema.
    pub(super) schema: &'s Schema,
    /// Its files.
    pub(super) sources: &'s SourceMap,
    /// Name of each module's page, without `.html`.
    pub(super) stems: Vec<String>,
    /// Users of each type.
    pub(super) uses: Vec<Vec<Use<'s>>>,
    pages: HashMap<&'s str, ModuleId>,
}

impl<'s> Site<'s> {
    /// Looks through `schema`.
    pub(super) fn new(schema: &'s Schema, sources: &'s SourceMap) -> Self {
        let mut site = Self {
            schema,
            sources,
            stems: names::stems(&schema.modules),
            uses: uses::find(schema),
            pages: HashMap::new(),
        };
        for module in (0..schema.modules.len() as u32).map(ModuleId) {
            for entity in site.entities(module) {
                site.pages.insert(&entity.info().name, module);
            }
        }
        site
    }

    /// What a module's page describes, in schema order.
    pub(super) fn entities(&self, module: ModuleId) -> impl Iterator<Item = Entity<'s>> + use<'s> {
        let schema = self.schema;
        schema.module(module).items.iter().filter_map(move |item| match item {
            Item::Command(at) => schema.commands.get(*at).map(Entity::Command),
            Item::Event(at) => schema.events.get(*at).map(Entity::Event),
            Item::Type(id) => {
                let ty = schema.ty(*id);
                described(&ty.kind).then_some(Entity::Type(*id, ty))
            }
            Item::Include(_) => None,
        })
    }

    /// All entities, module by module.
    pub(super) fn all(&self) -> impl Iterator<Item = Entity<'s>> {
        (0..self.schema.modules.len() as u32).flat_map(|module| self.entities(ModuleId(module)))
    }

    /// Where the entity `name` is described, as seen from a page.
    pub(super) fn address(&self, from: Place, name: &str) -> Option<String> {
        let module = *self.pages.get(name)?;
        let anchor = address(name);
        Some(if from == Some(module) { format!("#{anchor}") } else { format!("{}.html#{anchor}", self.stem(module)) })
    }

    /// Name of a module's page, without `.html`.
    pub(super) fn stem(&self, module: ModuleId) -> &str {
        self.stems.get(module.0 as usize).map_or("index", String::as_str)
    }

    /// Where a name in the text of `entity` leads: to its own parts first, then to entities.
    pub(super) fn name_in(&self, entity: Entity<'s>, name: &str) -> Option<String> {
        let own = &entity.info().name;
        if name == own {
            return None;
        }
        if self.parts(entity).any(|part| part == name) {
            return Some(format!("#{}", address(&format!("{own}.{name}"))));
        }
        if self.branches(entity).any(|branch| branch == name) {
            return Some(format!("#{}", address(&format!("{own}:{name}"))));
        }
        self.address(Some(entity.info().module), name)
    }

    /// Names of the members, values or arguments that the entity's page describes.
    pub(super) fn parts(&self, entity: Entity<'s>) -> Box<dyn Iterator<Item = &'s str> + 's> {
        let names = |members: &'s [Member]| Box::new(members.iter().map(|member| member.name.as_str()));
        match entity {
            Entity::Type(_, ty) => match &ty.kind {
                TypeKind::Enum(data) => Box::new(data.values.iter().map(|value| value.name.as_str())),
                TypeKind::Alternate(data) => names(&data.branches),
                TypeKind::Object(data) => names(&data.members),
                _ => Box::new(std::iter::empty()),
            },
            Entity::Command(Command { arg, .. }) | Entity::Event(Event { arg, .. }) => {
                match arg.map(|arg| &self.schema.ty(arg).kind) {
                    Some(TypeKind::Object(data)) => names(&data.members),
                    _ => Box::new(std::iter::empty()),
                }
            }
        }
    }

    fn branches(&self, entity: Entity<'s>) -> impl Iterator<Item = &'s str> + use<'s> {
        let variants = match entity {
            Entity::Type(_, Type { kind: TypeKind::Object(data), .. }) => data.variants.as_ref(),
            _ => None,
        };
        variants.into_iter().flat_map(|variants| variants.branches.iter().map(|branch| branch.name.as_str()))
    }
}

/// True for types that have a description of their own.
fn described(kind: &TypeKind) -> bool {
    match kind {
        TypeKind::Builtin(_) | TypeKind::Enum(_) | TypeKind::Alternate(_) => true,
        TypeKind::Object(object) => object.meta != ObjectMeta::Implicit,
        TypeKind::Array(_) => false,
    }
}

impl<'s> Entity<'s> {
    /// Name, place, documentation.
    pub(super) fn info(self) -> &'s Info {
        match self {
            Self::Command(command) => &command.info,
            Self::Event(event) => &event.info,
            Self::Type(_, ty) => &ty.info,
        }
    }

    /// What it is called.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Command(_) => "command",
            Self::Event(_) => "event",
            Self::Type(_, ty) => names::kind(&ty.kind),
        }
    }

    /// Its comment.
    pub(super) fn doc(self) -> Option<&'s Doc> {
        self.info().doc.as_ref()
    }

    /// True if it carries the feature `name`.
    pub(super) fn has(self, name: &str) -> bool {
        self.info().features.iter().any(|feature| feature.name == name)
    }
}
