//! A schema as the text that a server answers with.

use super::model::{At, Entity, Features, Kind, MemberRow, Model, Name};
use crate::visit::Encoder;

pub(super) fn print(model: &Model) -> String {
    let mut printer = Printer { model, out: Encoder::new() };
    printer.out.begin_list();
    for (_, entity) in model.entities().filter(|(_, entity)| !matches!(entity.kind, Kind::Unknown)) {
        printer.out.element();
        printer.entity(entity);
    }
    printer.out.end_list();
    printer.out.into_string()
}

struct Printer<'a> {
    model: &'a Model,
    out: Encoder,
}

impl Printer<'_> {
    fn entity(&mut self, entity: &Entity) {
        self.out.begin_object();
        self.name("name", entity.name);
        self.out.key("meta-type");
        self.out.str(match entity.kind {
            Kind::Builtin(_) => "builtin",
            Kind::Enum { .. } => "enum",
            Kind::Array(_) => "array",
            Kind::Object { .. } => "object",
            Kind::Alternate(_) => "alternate",
            Kind::Command { .. } => "command",
            Kind::Event(_) => "event",
            Kind::Unknown => "",
        });
        self.parts(&entity.kind);
        self.features(&entity.features);
        self.out.end_object();
    }

    fn parts(&mut self, kind: &Kind) {
        let model = self.model;
        match kind {
            Kind::Builtin(json) => {
                self.out.key("json-type");
                self.out.str(json.as_str());
            }
            Kind::Enum { values, listed } => {
                let values = model.members(values);
                if listed.members {
                    self.list("members", values, |printer, value| {
                        printer.out.begin_object();
                        printer.name("name", value.name);
                        printer.features(&value.features);
                        printer.out.end_object();
                    });
                }
                if listed.values {
                    self.list("values", values, |printer, value| printer.out.str(model.names.get(value.name)));
                }
            }
            Kind::Array(element) => self.reference("element-type", *element),
            Kind::Object { members, tag, cases } => {
                self.list("members", model.members(members), Self::member);
                if let Some(tag) = tag {
                    self.name("tag", *tag);
                    self.list("variants", model.cases(cases), |printer, case| {
                        printer.out.begin_object();
                        printer.name("case", case.value);
                        printer.reference("type", case.ty);
                        printer.out.end_object();
                    });
                }
            }
            Kind::Alternate(branches) => self.list("members", model.members(branches), |printer, branch| {
                printer.out.begin_object();
                printer.reference("type", branch.ty);
                printer.out.end_object();
            }),
            Kind::Command { arguments, returns, oob } => {
                self.reference("arg-type", *arguments);
                self.reference("ret-type", *returns);
                if *oob {
                    self.out.key("allow-oob");
                    self.out.bool(true);
                }
            }
            Kind::Event(data) => self.reference("arg-type", *data),
            Kind::Unknown => {}
        }
    }

    fn member(&mut self, member: &MemberRow) {
        self.out.begin_object();
        self.name("name", member.name);
        self.reference("type", member.ty);
        if member.optional {
            self.out.key("default");
            self.out.null();
        }
        self.features(&member.features);
        self.out.end_object();
    }

    fn features(&mut self, features: &Features) {
        if features.is_none() {
            return;
        }
        self.out.key("features");
        self.out.begin_list();
        for feature in self.model.features(features) {
            self.out.element();
            self.out.str(feature);
        }
        self.out.end_list();
    }

    fn list<T>(&mut self, key: &str, items: &[T], put: impl Fn(&mut Self, &T)) {
        self.out.key(key);
        self.out.begin_list();
        for item in items {
            self.out.element();
            put(self, item);
        }
        self.out.end_list();
    }

    fn name(&mut self, key: &str, name: Name) {
        self.out.key(key);
        self.out.str(self.model.names.get(name));
    }

    fn reference(&mut self, key: &str, at: At) {
        self.name(key, self.model.entity(at).name);
    }
}
