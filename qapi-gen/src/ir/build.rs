//! The last step: what was looked up becomes a [`Schema`].

use super::declare::{Entity, Named, Proto, ProtoKind, declare};
use super::resolver::{ObjectInfo, Resolved, Resolver, TypeInfo};
use super::{
    Alternate, Branch, Command, Cond, Doc, Enum, EnumValue, Event, Info, Item, Member, Module, ModuleId, Object,
    ObjectMeta, Schema, Type, TypeId, TypeKind, Variants,
};
use crate::check::def::{Body, Data, Def, ValueDef};
use crate::check::{Checked, Piece};
use crate::diag::Findings;
use crate::dialect::Dialect;
use crate::source::Span;
use crate::syntax::{Loaded, doc};

/// Looks up all names; mistakes go to `out`.
pub(crate) fn resolve(loaded: &Loaded, checked: &Checked, dialect: Dialect, out: &mut Findings) {
    let declared = declare(checked, dialect, out);
    Resolver::new(&declared, checked, dialect, loaded.incomplete, out).run();
}

/// Looks up all names. The schema, if there was no mistake in it; mistakes go to `out`.
pub(crate) fn build(loaded: &Loaded, checked: &Checked, dialect: Dialect, out: &mut Findings) -> Option<Schema> {
    let declared = declare(checked, dialect, out);
    let mut resolver = Resolver::new(&declared, checked, dialect, loaded.incomplete, out);
    resolver.run();
    resolver.out.is_empty().then(|| Builder { resolver: &resolver }.schema(loaded))
}

struct Builder<'b, 'p, 'd> {
    resolver: &'b Resolver<'p, 'd>,
}

impl Builder<'_, '_, '_> {
    fn schema(&self, loaded: &Loaded) -> Schema {
        let mut schema = Schema {
            dialect: self.resolver.dialect,
            modules: modules(loaded, self.resolver.checked),
            types: Vec::with_capacity(self.resolver.declared.protos.len()),
            commands: Vec::new(),
            events: Vec::new(),
        };
        for (at, proto) in self.resolver.declared.protos.iter().enumerate() {
            let id = TypeId(at as u32);
            schema.types.push(Type { info: self.type_info(proto, id), kind: self.type_kind(proto, id) });
        }
        for entity in &self.resolver.declared.entities {
            let (module, item) = match *entity {
                Entity::Type(id) => (schema.ty(id).info.module, Item::Type(id)),
                Entity::Command(def) => {
                    schema.commands.extend(self.command(def));
                    (module_id(def), Item::Command(schema.commands.len() - 1))
                }
                Entity::Event(def) => {
                    schema.events.extend(self.event(def));
                    (module_id(def), Item::Event(schema.events.len() - 1))
                }
                Entity::Include(from, to) => (outer(from), Item::Include(outer(to))),
            };
            if let Some(module) = schema.modules.get_mut(module.0 as usize) {
                module.items.push(item);
            }
        }
        schema
    }

    /// An array is in the module of its element, and has its condition.
    fn type_info(&self, proto: &Proto<'_>, id: TypeId) -> Info {
        let mut owner = proto;
        if let TypeInfo::Array(element) = self.resolver.infos[id.0 as usize] {
            owner = self.resolver.proto(element);
        }
        let module = owner.def.map_or(ModuleId(0), module_id);
        let cond = match (&proto.kind, owner.def) {
            (ProtoKind::Object { wraps: Some(inner), .. }, _) => self.cond_of(inner),
            (_, Some(def)) => def.cond.clone(),
            (_, None) => Cond::True,
        };
        let own = proto.def.filter(|_| proto.is_definition());
        Info {
            name: proto.name.clone().into_owned(),
            module,
            span: proto.def.map_or(Span::default(), |def| def.span),
            doc: own.and_then(|def| def.doc.as_ref()).map(convert),
            cond,
            features: own.map(|def| def.features.clone()).unwrap_or_default(),
        }
    }

    fn cond_of(&self, name: &str) -> Cond {
        let Some(Named::Type(id)) = self.resolver.declared.names.get(name) else {
            return Cond::True;
        };
        self.type_info(self.resolver.proto(*id), *id).cond
    }

    fn type_kind(&self, proto: &Proto<'_>, id: TypeId) -> TypeKind {
        let doc = proto.def.and_then(|def| def.doc.as_ref());
        match (&proto.kind, &self.resolver.infos[id.0 as usize]) {
            (ProtoKind::Builtin(builtin), _) => TypeKind::Builtin(*builtin),
            (ProtoKind::Enum(values), _) => TypeKind::Enum(Enum {
                values: values.iter().enumerate().map(|(at, value)| enum_value(at, value, doc)).collect(),
                prefix: match proto.def.map(|def| &def.body) {
                    Some(Body::Enum { prefix, .. }) => prefix.clone(),
                    _ => None,
                },
            }),
            (ProtoKind::Array(..), TypeInfo::Array(element)) => TypeKind::Array(*element),
            (ProtoKind::Object { meta, .. }, TypeInfo::Object(info)) => TypeKind::Object(self.object(*meta, info)),
            (_, TypeInfo::Alternate(branches)) => TypeKind::Alternate(Alternate {
                branches: branches.iter().enumerate().map(|(at, branch)| self.member(at, branch)).collect(),
            }),
            // A schema without mistakes has the info that fits every kind.
            _ => TypeKind::Object(self.object(ObjectMeta::Implicit, &ObjectInfo::default())),
        }
    }

    fn object(&self, meta: ObjectMeta, info: &ObjectInfo<'_>) -> Object {
        let members: Vec<Member> = info
            .members
            .iter()
            .enumerate()
            .map(|(at, member)| self.member(at.saturating_sub(info.own), member))
            .collect();
        Object {
            meta,
            base: info.base,
            local: members.get(info.own..).unwrap_or_default().to_vec(),
            members,
            variants: info.variants.as_ref().map(|(tag, branches)| Variants {
                tag: *tag,
                branches: branches
                    .iter()
                    .map(|branch| Branch {
                        name: branch.name.to_owned(),
                        ty: branch.ty,
                        cond: branch.cond.clone(),
                        explicit: branch.explicit,
                        span: branch.span,
                    })
                    .collect(),
            }),
        }
    }

    /// A member with the text that its own definition's comment has for it, probably at `place`.
    fn member(&self, place: usize, resolved: &Resolved<'_>) -> Member {
        let member = resolved.member;
        let owner = self.resolver.proto(resolved.owner).def;
        let doc = owner.and_then(|def| def.doc.as_ref());
        Member {
            name: member.name.clone(),
            ty: resolved.ty,
            optional: member.optional,
            cond: member.cond.clone(),
            features: member.features.clone(),
            doc: argument_text(doc, place, &member.name),
            span: member.span,
        }
    }

    fn named(&self, name: &str) -> Option<TypeId> {
        match self.resolver.declared.names.get(name) {
            Some(Named::Type(id)) => Some(*id),
            _ => None,
        }
    }

    fn argument(&self, def: &Def, data: &Data) -> Option<TypeId> {
        match data {
            Data::None => None,
            Data::Named(ty) => self.named(&ty.name),
            Data::Inline(_) => self.named(&format!("q_obj_{}-arg", def.name)),
        }
    }

    fn command(&self, def: &Def) -> Option<Command> {
        let Body::Command { data, returns, flags } = &def.body else {
            return None;
        };
        let returns = returns.as_ref().and_then(|ty| match ty.array {
            true => self.named(&format!("{}List", ty.name)),
            false => self.named(&ty.name),
        });
        Some(Command {
            info: def_info(def),
            arg: self.argument(def, data),
            ret: returns,
            boxed: flags.boxed,
            generated: flags.generated,
            success_response: flags.success_response,
            allow_oob: flags.allow_oob,
            allow_preconfig: flags.allow_preconfig,
            coroutine: flags.coroutine,
        })
    }

    fn event(&self, def: &Def) -> Option<Event> {
        let Body::Event { data, boxed } = &def.body else {
            return None;
        };
        Some(Event { info: def_info(def), arg: self.argument(def, data), boxed: *boxed })
    }
}

/// Modules of the schema count from 1; 0 is the one of built-in types.
fn outer(module: usize) -> ModuleId {
    ModuleId(module as u32 + 1)
}

fn module_id(def: &Def) -> ModuleId {
    outer(def.module)
}

fn modules(loaded: &Loaded, checked: &Checked) -> Vec<Module> {
    let names = std::iter::once("./builtin").chain(loaded.modules.iter().map(|module| module.name.as_str()));
    let mut modules: Vec<Module> =
        names.map(|name| Module { name: name.to_owned(), docs: Vec::new(), items: Vec::new() }).collect();
    for piece in &checked.pieces {
        if let Piece::Text(module, text) = piece
            && let Some(module) = modules.get_mut(module + 1)
        {
            module.docs.push(convert(text));
        }
    }
    modules
}

fn def_info(def: &Def) -> Info {
    Info {
        name: def.name.clone(),
        module: module_id(def),
        span: def.span,
        doc: def.doc.as_ref().map(convert),
        cond: def.cond.clone(),
        features: def.features.clone(),
    }
}

fn enum_value(at: usize, value: &ValueDef, doc: Option<&doc::Doc>) -> EnumValue {
    EnumValue {
        name: value.name.clone(),
        cond: value.cond.clone(),
        features: value.features.clone(),
        doc: argument_text(doc, at, &value.name),
        span: value.span,
    }
}

fn argument_text(doc: Option<&doc::Doc>, place: usize, name: &str) -> Option<String> {
    let section = doc?.args.find(place, name)?;
    (!section.text.is_empty()).then(|| section.text.clone())
}

fn convert(doc: &doc::Doc) -> Doc {
    let pairs = |sections: &[doc::Section]| {
        let pairs = sections.iter().map(|section| (section.name.clone(), section.text.clone()));
        pairs.collect()
    };
    Doc { span: doc.span, body: doc.body.clone(), features: pairs(&doc.features), sections: pairs(&doc.sections) }
}
