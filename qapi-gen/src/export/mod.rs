//! The resolved schema as documented JSON, so that other languages can have a backend.
//!
//! `IR.md` beside the sources specifies the format; what it says is tested here.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::dialect::Dialect;
use crate::ir::{
    Alternate, Builtin, Command, Cond, Doc, Enum, Event, Feature, Info, Item, Member, Module, Object, ObjectMeta,
    Schema, Type, TypeId, TypeKind, Variants,
};
use crate::json::{self, Value};
use crate::source::{SourceMap, Span, relative_to};

/// Version of the format. Members may be added under the same number; a reader ignores those it does not know.
pub(crate) const VERSION: usize = 1;

/// The JSON text for `schema`, whose first file is `root`.
pub(crate) fn json(schema: &Schema, sources: &SourceMap, dialect: Dialect, root: &Path) -> String {
    let directory = root.parent().unwrap_or(Path::new("")).to_path_buf();
    let exporter = Exporter { schema, sources, directory };
    let mut out = json::Object::new();
    out.text("format", "qapi-ir");
    out.set("version", Value::number(VERSION));
    out.text("dialect", &dialect.to_string());
    out.set("modules", Value::list(schema.modules.iter().map(|module| exporter.module(module))));
    out.set("types", Value::list((0..).map(TypeId).zip(&schema.types).map(|(id, ty)| exporter.ty(id, ty))));
    out.set("commands", Value::list(schema.commands.iter().map(|command| exporter.command(command))));
    out.set("events", Value::list(schema.events.iter().map(|event| exporter.event(event))));
    Value::from(out).pretty()
}

struct Exporter<'a> {
    schema: &'a Schema,
    sources: &'a SourceMap,
    /// Where the root file is; places are given relative to it.
    directory: PathBuf,
}

impl Exporter<'_> {
    fn module(&self, module: &Module) -> Value {
        let mut out = json::Object::new();
        out.text("name", &module.name);
        out.nonempty("docs", module.docs.iter().map(doc).collect());
        let items = module.items.iter().filter_map(|item| {
            let (key, name) = match *item {
                Item::Type(id) => ("type", &self.schema.ty(id).info.name),
                Item::Command(index) => ("command", &self.schema.commands.get(index)?.info.name),
                Item::Event(index) => ("event", &self.schema.events.get(index)?.info.name),
                Item::Include(id) => ("include", &self.schema.module(id).name),
            };
            Some(Value::Dict(vec![(key.to_owned(), Value::str(name))]))
        });
        out.set("items", Value::list(items));
        out.into()
    }

    fn name(&self, id: TypeId) -> Value {
        Value::str(&self.schema.ty(id).info.name)
    }

    /// `FILE:LINE`, with the file named as its module is.
    fn at(&self, span: Span) -> Value {
        let place = self.sources.locate(span);
        Value::str(format!("{}:{}", relative_to(&place.path, &self.directory).display(), place.line))
    }

    fn info(&self, kind: &str, info: &Info) -> json::Object {
        let mut out = json::Object::new();
        out.text("name", &info.name);
        out.text("kind", kind);
        out.text("module", &self.schema.module(info.module).name);
        if info.module.0 != 0 {
            out.set("at", self.at(info.span));
        }
        out.some("if", condition(&info.cond));
        out.nonempty("features", info.features.iter().map(feature).collect());
        out.some("doc", info.doc.as_ref().map(doc));
        out
    }

    fn ty(&self, id: TypeId, ty: &Type) -> Value {
        match &ty.kind {
            TypeKind::Builtin(builtin) => {
                let mut out = self.info("builtin", &ty.info);
                out.text("json", json_type(*builtin));
                out.into()
            }
            TypeKind::Array(element) => {
                let mut out = self.info("array", &ty.info);
                out.set("element", self.name(*element));
                out.into()
            }
            TypeKind::Enum(values) => self.enumeration(&ty.info, values),
            TypeKind::Alternate(alternate) => self.alternate(&ty.info, alternate),
            TypeKind::Object(object) => self.object(id, &ty.info, object),
        }
    }

    fn enumeration(&self, info: &Info, values: &Enum) -> Value {
        let mut out = self.info("enum", info);
        out.some("prefix", values.prefix.as_deref().map(Value::str));
        let values = values.values.iter().map(|value| {
            let mut out = json::Object::new();
            out.text("name", &value.name);
            if info.module.0 != 0 {
                out.set("at", self.at(value.span));
            }
            out.some("if", condition(&value.cond));
            out.nonempty("features", value.features.iter().map(feature).collect());
            out.some("doc", value.doc.as_deref().map(Value::str));
            out.into()
        });
        out.set("values", Value::list(values));
        out.into()
    }

    fn alternate(&self, info: &Info, alternate: &Alternate) -> Value {
        let mut out = self.info("alternate", info);
        out.set("branches", Value::list(alternate.branches.iter().map(|branch| self.member(branch, None))));
        out.into()
    }

    fn object(&self, id: TypeId, info: &Info, object: &Object) -> Value {
        let kind = match object.meta {
            ObjectMeta::Struct => "struct",
            ObjectMeta::Union => "union",
            ObjectMeta::Implicit => "implicit",
        };
        let mut out = self.info(kind, info);
        out.some("base", object.base.map(|base| self.name(base)));
        let members = object.members.iter().enumerate().map(|(index, member)| {
            let owner = declarer(self.schema, id, index);
            self.member(member, (owner != id).then_some(owner))
        });
        out.set("members", Value::list(members));
        if let Some(variants) = &object.variants {
            out.text("tag", object.members.get(variants.tag).map_or("", |tag| &tag.name));
            out.set("branches", self.branches(variants));
        }
        out.into()
    }

    fn branches(&self, variants: &Variants) -> Value {
        Value::list(variants.branches.iter().map(|branch| {
            let mut out = json::Object::new();
            out.text("name", &branch.name);
            out.set("type", self.name(branch.ty));
            out.flag("added", !branch.explicit);
            out.set("at", self.at(branch.span));
            out.some("if", condition(&branch.cond));
            out.into()
        }))
    }

    fn member(&self, member: &Member, inherited: Option<TypeId>) -> Value {
        let mut out = json::Object::new();
        out.text("name", &member.name);
        out.set("type", self.name(member.ty));
        out.flag("optional", member.optional);
        out.some("inherited-from", inherited.map(|owner| self.name(owner)));
        out.set("at", self.at(member.span));
        out.some("if", condition(&member.cond));
        out.nonempty("features", member.features.iter().map(feature).collect());
        out.some("doc", member.doc.as_deref().map(Value::str));
        out.into()
    }

    fn command(&self, command: &Command) -> Value {
        let mut out = self.info("command", &command.info);
        out.some("arguments", command.arg.map(|ty| self.name(ty)));
        out.some("returns", command.ret.map(|ty| self.name(ty)));
        out.flag("boxed", command.boxed);
        out.flag("raw-arguments", !command.generated);
        out.flag("no-success-response", !command.success_response);
        out.flag("allow-oob", command.allow_oob);
        out.flag("allow-preconfig", command.allow_preconfig);
        out.flag("coroutine", command.coroutine);
        out.into()
    }

    fn event(&self, event: &Event) -> Value {
        let mut out = self.info("event", &event.info);
        out.some("data", event.arg.map(|ty| self.name(ty)));
        out.flag("boxed", event.boxed);
        out.into()
    }
}

/// The type in which member `index` of object `id` is written: `id` itself or one of its bases.
pub(crate) fn declarer(schema: &Schema, id: TypeId, index: usize) -> TypeId {
    let mut id = id;
    // A base has fewer bases than what it is the base of, so this ends.
    while let TypeKind::Object(object) = &schema.ty(id).kind
        && let Some(base) = object.base
        && index < object.members.len() - object.local.len()
    {
        id = base;
    }
    id
}

fn feature(feature: &Feature) -> Value {
    match condition(&feature.cond) {
        None => Value::str(&feature.name),
        Some(cond) => Value::Dict(vec![("name".to_owned(), Value::str(&feature.name)), ("if".to_owned(), cond)]),
    }
}

/// A condition as the schema language spells it from 6.2 on; `None` if there is none.
fn condition(cond: &Cond) -> Option<Value> {
    let single = |key: &str, value| Some(Value::Dict(vec![(key.to_owned(), value)]));
    // Only a whole condition can be absent; inside one, everything is written.
    let inner = |cond: &Cond| condition(cond).unwrap_or(Value::Bool(true));
    match cond {
        Cond::True => None,
        Cond::Symbol(name) => Some(Value::str(name)),
        Cond::All(conds) => single("all", Value::list(conds.iter().map(inner))),
        Cond::Any(conds) => single("any", Value::list(conds.iter().map(inner))),
        Cond::Not(cond) => single("not", inner(cond)),
    }
}

fn doc(doc: &Doc) -> Value {
    let mut out = json::Object::new();
    let pairs = |pairs: &[(String, String)], key: &str| {
        let pair = |(name, text): &(String, String)| {
            Value::Dict(vec![(key.to_owned(), Value::str(name)), ("text".to_owned(), Value::str(text))])
        };
        pairs.iter().map(pair).collect::<Vec<_>>()
    };
    out.text("body", &doc.body);
    out.nonempty("features", pairs(&doc.features, "name"));
    out.nonempty("sections", pairs(&doc.sections, "tag"));
    out.into()
}

/// What the type is in JSON text.
pub(crate) fn json_type(builtin: Builtin) -> &'static str {
    match builtin {
        Builtin::Str => "string",
        Builtin::Number => "number",
        Builtin::Bool => "boolean",
        Builtin::Any => "any",
        Builtin::Null => "null",
        Builtin::Int
        | Builtin::Int8
        | Builtin::Int16
        | Builtin::Int32
        | Builtin::Int64
        | Builtin::Uint8
        | Builtin::Uint16
        | Builtin::Uint32
        | Builtin::Uint64
        | Builtin::Size => "integer",
    }
}
