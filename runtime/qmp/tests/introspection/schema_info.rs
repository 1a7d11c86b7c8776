//! What `query-qmp-schema` answers, as types.

use qapi_runtime::{Decoder, Encoder, Failed, Object, Outcome, Shape, Str, Value, Visit};

enum_of!(MetaType: Builtin = "builtin", Enum = "enum", Array = "array", Object = "object", Alternate = "alternate",
    Command = "command", Event = "event");

struct_of!(Builtin, 0b1: 0 json_type: Str = "json-type");
struct_of!(EnumMember, 0b1: 0 name: Str = "name", 1 features: Option<Vec<Str>> = "features");
struct_of!(Enum, 0b11: 0 members: Vec<EnumMember> = "members", 1 values: Vec<Str> = "values");
struct_of!(Array, 0b1: 0 element_type: Str = "element-type");
struct_of!(ObjectMember, 0b11:
    0 name: Str = "name", 1 type_: Str = "type", 2 default: Option<Value> = "default",
    3 features: Option<Vec<Str>> = "features");
struct_of!(Variant, 0b11: 0 case: Str = "case", 1 type_: Str = "type");
struct_of!(ObjectType, 0b1:
    0 members: Vec<ObjectMember> = "members", 1 tag: Option<Str> = "tag", 2 variants: Option<Vec<Variant>> = "variants");
struct_of!(AlternateMember, 0b1: 0 type_: Str = "type");
struct_of!(Alternate, 0b1: 0 members: Vec<AlternateMember> = "members");
struct_of!(Command, 0b11:
    0 arg_type: Str = "arg-type", 1 ret_type: Str = "ret-type", 2 allow_oob: Option<bool> = "allow-oob");
struct_of!(Event, 0b1: 0 arg_type: Str = "arg-type");

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct SchemaInfo {
    pub(crate) name: Str,
    pub(crate) features: Option<Vec<Str>>,
    pub(crate) u: Branch,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Branch {
    Builtin(Builtin),
    Enum(Enum),
    Array(Array),
    Object(ObjectType),
    Alternate(Alternate),
    Command(Command),
    Event(Event),
    Unknown(Box<str>),
}

impl Default for Branch {
    fn default() -> Self {
        Branch::Builtin(Builtin::default())
    }
}

impl Branch {
    fn parts(&self) -> (&str, Option<&dyn Object>) {
        match self {
            Branch::Builtin(branch) => ("builtin", Some(branch)),
            Branch::Enum(branch) => ("enum", Some(branch)),
            Branch::Array(branch) => ("array", Some(branch)),
            Branch::Object(branch) => ("object", Some(branch)),
            Branch::Alternate(branch) => ("alternate", Some(branch)),
            Branch::Command(branch) => ("command", Some(branch)),
            Branch::Event(branch) => ("event", Some(branch)),
            Branch::Unknown(name) => (name, None),
        }
    }

    fn set_tag(&mut self, d: &mut Decoder<'_>) -> Outcome {
        *self = match d.tag()? {
            MetaType::Builtin => Branch::Builtin(Builtin::default()),
            MetaType::Enum => Branch::Enum(Enum::default()),
            MetaType::Array => Branch::Array(Array::default()),
            MetaType::Object => Branch::Object(ObjectType::default()),
            MetaType::Alternate => Branch::Alternate(Alternate::default()),
            MetaType::Command => Branch::Command(Command::default()),
            MetaType::Event => Branch::Event(Event::default()),
            MetaType::Unknown(name) => Branch::Unknown(name),
        };
        Ok(())
    }
}

impl Object for SchemaInfo {
    fn shape(&self) -> &'static Shape {
        static SHAPE: Shape = Shape { names: &["name", "meta-type", "features"], required: &[0b11], tag: 1 };
        &SHAPE
    }

    fn load(&mut self, i: usize, d: &mut Decoder<'_>) -> Outcome {
        match i {
            0 => self.name.get(d),
            1 => self.u.set_tag(d),
            2 => self.features.get(d),
            _ => Err(Failed),
        }
    }

    fn store(&self, e: &mut Encoder) {
        let (tag, branch) = self.u.parts();
        e.member("name", &self.name);
        e.key("meta-type");
        e.str(tag);
        e.member("features", &self.features);
        if let Some(branch) = branch {
            branch.store(e);
        }
    }

    fn branch(&mut self) -> Option<&mut dyn Object> {
        match &mut self.u {
            Branch::Builtin(branch) => Some(branch),
            Branch::Enum(branch) => Some(branch),
            Branch::Array(branch) => Some(branch),
            Branch::Object(branch) => Some(branch),
            Branch::Alternate(branch) => Some(branch),
            Branch::Command(branch) => Some(branch),
            Branch::Event(branch) => Some(branch),
            Branch::Unknown(_) => None,
        }
    }
}
