//! `serde` for every type of a schema, although generated code has no part in it.
//!
//! Values go by way of a [`Value`] tree: into files, caches and other protocols, where speed is not the point. What a type
//! refuses, and in which words, is the same as on the monitor.
//!
//! ```
//! # #[derive(Debug, Default, PartialEq)] struct Level { n: i64 }
//! # impl qapi_runtime::Object for Level {
//! #     fn shape(&self) -> &'static qapi_runtime::Shape {
//! #         static SHAPE: qapi_runtime::Shape = qapi_runtime::Shape { names: &["n"], required: &[1], tag: usize::MAX };
//! #         &SHAPE
//! #     }
//! #     fn load(&mut self, _: usize, d: &mut qapi_runtime::Decoder<'_>) -> qapi_runtime::Outcome {
//! #         qapi_runtime::Visit::get(&mut self.n, d)
//! #     }
//! #     fn store(&self, e: &mut qapi_runtime::Encoder) { e.member("n", &self.n) }
//! # }
//! use qapi_runtime::bridge::Bridge;
//!
//! // `Level` is a generated type.
//! assert_eq!(serde_json::to_string(&Bridge(Level { n: 7 }))?, r#"{"n":7}"#);
//! let Bridge(level) = serde_json::from_str::<Bridge<Level>>(r#"{"n":7}"#)?;
//! assert_eq!(level, Level { n: 7 });
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! A field of one's own type takes `#[serde(with = "qapi_runtime::bridge")]`.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use crate::value::Value;
use crate::visit::{Visit, from_value, to_value};

/// A value of a schema type, for serde.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bridge<T>(pub T);

impl<T: Visit> Serialize for Bridge<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, serializer)
    }
}

impl<'de, T: Visit + Default> Deserialize<'de> for Bridge<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer).map(Bridge)
    }
}

/// Serializes a value of a schema type. Doubles that are not finite become null, as on the wire.
///
/// # Errors
/// The serializer's.
pub fn serialize<T: Visit + ?Sized, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    to_value(value).serialize(serializer)
}

/// Deserializes a value of a schema type, from a format that describes itself. Strict: members that the schema does not know
/// are an error.
///
/// # Errors
/// The deserializer's, or what the type refuses.
pub fn deserialize<'de, T: Visit + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    from_value(&value).map_err(D::Error::custom)
}
