//! [`Visit`] for the built-in types of the schema language and for what wraps them.

use super::{Decoder, Encoder, Failed, Object, Outcome, Shape, Visit};
use crate::value::{Dict, Null, Str, Value};

impl Visit for bool {
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        *self = d.bool()?;
        Ok(())
    }

    fn put(&self, e: &mut Encoder) {
        e.bool(*self);
    }
}

impl Visit for i64 {
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        *self = d.i64()?;
        Ok(())
    }

    fn put(&self, e: &mut Encoder) {
        e.i64(*self);
    }
}

impl Visit for u64 {
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        *self = d.u64()?;
        Ok(())
    }

    fn put(&self, e: &mut Encoder) {
        e.u64(*self);
    }
}

macro_rules! narrow_integer {
    ($wide:ident: $($type:ident = $name:literal),*) => {$(
        impl Visit for $type {
            fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
                *self = $type::try_from(d.$wide()?).map_err(|_| d.out_of_range($name))?;
                Ok(())
            }

            fn put(&self, e: &mut Encoder) {
                e.$wide($wide::from(*self));
            }
        }
    )*};
}
narrow_integer!(i64: i8 = "int8_t", i16 = "int16_t", i32 = "int32_t");
narrow_integer!(u64: u8 = "uint8_t", u16 = "uint16_t", u32 = "uint32_t");

impl Visit for f64 {
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        *self = d.f64()?;
        Ok(())
    }

    fn put(&self, e: &mut Encoder) {
        e.f64(*self);
    }
}

impl Visit for Str {
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        d.read_str(self)
    }

    fn put(&self, e: &mut Encoder) {
        e.str(self);
    }
}

/// For types written by hand; generated ones hold a [`Str`].
impl Visit for String {
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        *self = d.str()?.into_owned();
        Ok(())
    }

    fn put(&self, e: &mut Encoder) {
        e.str(self);
    }
}

impl Visit for Null {
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        d.null()
    }

    fn put(&self, e: &mut Encoder) {
        e.null();
    }
}

impl Visit for Value {
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        *self = d.any()?;
        Ok(())
    }

    fn put(&self, e: &mut Encoder) {
        e.value(self);
    }
}

impl Visit for Dict {
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        *self = d.dict()?;
        Ok(())
    }

    fn put(&self, e: &mut Encoder) {
        e.dict(self);
    }
}

/// Absence is `None`. Whoever reads an optional member does so because it is present, so `null` is no absence: it is
/// read as a `T`, and refused unless `T` knows it.
impl<T: Visit + Default> Visit for Option<T> {
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        self.insert(T::default()).get(d)
    }

    fn put(&self, e: &mut Encoder) {
        match self {
            Some(value) => value.put(e),
            None => e.null(),
        }
    }

    fn put_member(&self, name: &'static str, e: &mut Encoder) {
        if let Some(value) = self {
            value.put_member(name, e);
        }
    }
}

/// Once for all structs and unions: an implementation for each costs as much to compile as their members do.
impl<T: Object> Visit for T {
    #[inline]
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        d.object(self)
    }

    #[inline]
    fn put(&self, e: &mut Encoder) {
        e.object(self);
    }
}

/// What recursive types hold.
impl<T: Object + ?Sized> Object for Box<T> {
    #[inline]
    fn shape(&self) -> &'static Shape {
        (**self).shape()
    }

    #[inline]
    fn load(&mut self, i: usize, d: &mut Decoder<'_>) -> Outcome {
        (**self).load(i, d)
    }

    #[inline]
    fn store(&self, e: &mut Encoder) {
        (**self).store(e);
    }

    #[inline]
    fn branch(&mut self) -> Option<&mut dyn Object> {
        (**self).branch()
    }
}

impl<T: Visit + Default> Visit for Vec<T> {
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        self.clear();
        d.list(&mut |d| {
            // In its place from the start, since elements may be large.
            self.push(T::default());
            self.last_mut().map_or(Err(Failed), |element| element.get(d))
        })
    }

    fn put(&self, e: &mut Encoder) {
        e.list(self);
    }
}

/// An object without members: the arguments of a command that takes none, the answer of one that returns nothing.
impl Object for () {}
