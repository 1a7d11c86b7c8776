//! Types as generated code defines them, one of every kind the schema language has.
//!
//! ```text
//! enum Colour: red, green
//! struct Lamp: name: str, *colour: Colour, *level: uint8, *tags: [str], *extra: any
//! enum Driver: raw, null, crypt;  enum Cipher: xor, aes
//! union Node (base driver: Driver, id: str, discriminator driver): raw: RawNode, crypt: CryptNode
//! struct RawNode: file: NodeRef, *offset: int
//! union CryptNode (base cipher: Cipher, *strict: bool, discriminator cipher): aes: AesNode
//! struct AesNode: key: str, *rounds: int32
//! alternate NodeRef: str, Node, null
//! struct Scene: lamps: [Lamp], nodes: [Node], *scale: number, *none: null, *limit: size, *table: [[uint16]]
//! struct Wide: 70 members, m0 and m69 mandatory
//! ```

#[macro_use]
mod macros;

use qapi_runtime::{
    Alternate, Decoder, Encoder, Failed, Kind, Null, Object, Outcome, Shape, Str, Value, Visit, alternate,
};

enum_of!(Colour: Red = "red", Green = "green");
enum_of!(Driver: Raw = "raw", Null = "null", Crypt = "crypt");
enum_of!(Cipher: Xor = "xor", Aes = "aes");

struct_of!(Lamp, 0b1:
    0 name: Str = "name", 1 colour: Option<Colour> = "colour", 2 level: Option<u8> = "level",
    3 tags: Option<Vec<Str>> = "tags", 4 extra: Option<Value> = "extra");
struct_of!(RawNode, 0b1: 0 file: NodeRef = "file", 1 offset: Option<i64> = "offset");
struct_of!(AesNode, 0b1: 0 key: Str = "key", 1 rounds: Option<i32> = "rounds");
struct_of!(Scene, 0b11:
    0 lamps: Vec<Lamp> = "lamps", 1 nodes: Vec<Node> = "nodes", 2 scale: Option<f64> = "scale",
    3 none: Option<Null> = "none", 4 limit: Option<u64> = "limit", 5 table: Option<Vec<Vec<u16>>> = "table");

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Node {
    pub(crate) id: Str,
    pub(crate) u: NodeBranch,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum NodeBranch {
    Raw(RawNode),
    #[default]
    Null,
    Crypt(CryptNode),
    Unknown(Box<str>),
}

impl NodeBranch {
    fn tag(&self) -> &str {
        match self {
            NodeBranch::Raw(_) => "raw",
            NodeBranch::Null => "null",
            NodeBranch::Crypt(_) => "crypt",
            NodeBranch::Unknown(name) => name,
        }
    }

    fn set_tag(&mut self, d: &mut Decoder<'_>) -> Outcome {
        *self = match d.tag()? {
            Driver::Raw => NodeBranch::Raw(RawNode::default()),
            Driver::Null => NodeBranch::Null,
            Driver::Crypt => NodeBranch::Crypt(CryptNode::default()),
            Driver::Unknown(name) => NodeBranch::Unknown(name),
        };
        Ok(())
    }
}

impl Object for Node {
    fn shape(&self) -> &'static Shape {
        static SHAPE: Shape = Shape { names: &["driver", "id"], required: &[0b11], tag: 0 };
        &SHAPE
    }

    fn load(&mut self, i: usize, d: &mut Decoder<'_>) -> Outcome {
        match i {
            0 => self.u.set_tag(d),
            1 => self.id.get(d),
            _ => Err(Failed),
        }
    }

    fn store(&self, e: &mut Encoder) {
        e.key("driver");
        e.str(self.u.tag());
        e.member("id", &self.id);
        match &self.u {
            NodeBranch::Raw(branch) => branch.store(e),
            NodeBranch::Crypt(branch) => branch.store(e),
            NodeBranch::Null | NodeBranch::Unknown(_) => {}
        }
    }

    fn branch(&mut self) -> Option<&mut dyn Object> {
        match &mut self.u {
            NodeBranch::Raw(branch) => Some(branch),
            NodeBranch::Crypt(branch) => Some(branch),
            NodeBranch::Null | NodeBranch::Unknown(_) => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct CryptNode {
    pub(crate) strict: Option<bool>,
    pub(crate) u: CryptBranch,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum CryptBranch {
    #[default]
    Xor,
    Aes(AesNode),
    Unknown(Box<str>),
}

impl Object for CryptNode {
    fn shape(&self) -> &'static Shape {
        static SHAPE: Shape = Shape { names: &["cipher", "strict"], required: &[0b1], tag: 0 };
        &SHAPE
    }

    fn load(&mut self, i: usize, d: &mut Decoder<'_>) -> Outcome {
        match i {
            0 => {
                self.u = match d.tag()? {
                    Cipher::Xor => CryptBranch::Xor,
                    Cipher::Aes => CryptBranch::Aes(AesNode::default()),
                    Cipher::Unknown(name) => CryptBranch::Unknown(name),
                };
                Ok(())
            }
            1 => self.strict.get(d),
            _ => Err(Failed),
        }
    }

    fn store(&self, e: &mut Encoder) {
        e.key("cipher");
        e.str(match &self.u {
            CryptBranch::Xor => "xor",
            CryptBranch::Aes(_) => "aes",
            CryptBranch::Unknown(name) => name,
        });
        e.member("strict", &self.strict);
        if let CryptBranch::Aes(branch) = &self.u {
            branch.store(e);
        }
    }

    fn branch(&mut self) -> Option<&mut dyn Object> {
        match &mut self.u {
            CryptBranch::Aes(branch) => Some(branch),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NodeRef {
    Reference(Str),
    Definition(Box<Node>),
    Null(Null),
}

impl Default for NodeRef {
    fn default() -> Self {
        NodeRef::Reference(Str::default())
    }
}

impl Alternate for NodeRef {
    const NAME: &'static str = "NodeRef";

    fn select(&mut self, kind: Kind) -> bool {
        *self = match kind {
            Kind::String => NodeRef::Reference(Str::default()),
            Kind::Dict => NodeRef::Definition(Box::default()),
            Kind::Null => NodeRef::Null(Null),
            _ => return false,
        };
        true
    }

    fn get_branch(&mut self, d: &mut Decoder<'_>) -> Outcome {
        match self {
            NodeRef::Reference(value) => value.get(d),
            NodeRef::Definition(value) => value.get(d),
            NodeRef::Null(value) => value.get(d),
        }
    }

    fn put_branch(&self, e: &mut Encoder) {
        match self {
            NodeRef::Reference(value) => value.put(e),
            NodeRef::Definition(value) => value.put(e),
            NodeRef::Null(value) => value.put(e),
        }
    }
}

alternate!(NodeRef);

/// More members than one word of a mask has bits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wide {
    pub(crate) members: [Option<i64>; 70],
}

impl Default for Wide {
    fn default() -> Self {
        Self { members: [None; 70] }
    }
}

impl Wide {
    const NAMES: [&'static str; 70] = [
        "m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11", "m12", "m13", "m14", "m15", "m16",
        "m17", "m18", "m19", "m20", "m21", "m22", "m23", "m24", "m25", "m26", "m27", "m28", "m29", "m30", "m31", "m32",
        "m33", "m34", "m35", "m36", "m37", "m38", "m39", "m40", "m41", "m42", "m43", "m44", "m45", "m46", "m47", "m48",
        "m49", "m50", "m51", "m52", "m53", "m54", "m55", "m56", "m57", "m58", "m59", "m60", "m61", "m62", "m63", "m64",
        "m65", "m66", "m67", "m68", "m69",
    ];
}

impl Object for Wide {
    fn shape(&self) -> &'static Shape {
        static SHAPE: Shape = Shape { names: &Wide::NAMES, required: &[1, 1 << 5], tag: usize::MAX };
        &SHAPE
    }

    fn load(&mut self, i: usize, d: &mut Decoder<'_>) -> Outcome {
        self.members.get_mut(i).ok_or(Failed)?.get(d)
    }

    fn store(&self, e: &mut Encoder) {
        for (name, member) in Wide::NAMES.iter().zip(&self.members) {
            e.member(name, member);
        }
    }
}
