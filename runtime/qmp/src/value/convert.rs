//! Conversions into [`Value`].

use super::{Dict, Null, Number, Str, Value};

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}

impl From<Number> for Value {
    fn from(n: Number) -> Self {
        Value::Number(n)
    }
}

macro_rules! from_number {
    ($wide:ty: $($narrow:ty)*) => {$(
        impl From<$narrow> for Value {
            fn from(n: $narrow) -> Self {
                Value::Number(<$wide>::from(n).into())
            }
        }
    )*};
}
from_number!(i64: i8 i16 i32 i64);
from_number!(u64: u8 u16 u32 u64);
from_number!(f64: f32 f64);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::String(text.into())
    }
}

impl From<Str> for Value {
    fn from(text: Str) -> Self {
        Value::String(text)
    }
}

impl From<Dict> for Value {
    fn from(dict: Dict) -> Self {
        Value::Dict(dict)
    }
}

impl From<Null> for Value {
    fn from(_: Null) -> Self {
        Value::Null
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(list: Vec<T>) -> Self {
        list.into_iter().collect()
    }
}

impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(list: I) -> Self {
        Value::List(list.into_iter().map(Into::into).collect())
    }
}
