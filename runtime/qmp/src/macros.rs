//! The macros that generated code calls, once per type, to make a [`Visit`](crate::Visit) of what is no
//! [`Object`](crate::Object).
//!
//! Functions are marked for inlining, so that no code is made of them where a type is defined, but where it is used.

/// Makes an [`Enum`](crate::Enum) visitable, printable and parseable by its wire names: `enumeration!(Colour);`.
#[macro_export]
macro_rules! enumeration {
    ($type:ty) => {
        impl $crate::Visit for $type {
            #[inline]
            fn get(&mut self, d: &mut $crate::Decoder<'_>) -> $crate::Outcome {
                *self = d.tag()?;
                ::core::result::Result::Ok(())
            }

            #[inline]
            fn put(&self, e: &mut $crate::Encoder) {
                e.str($crate::Enum::as_str(self))
            }
        }

        impl ::core::fmt::Display for $type {
            #[inline]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad($crate::Enum::as_str(self))
            }
        }

        impl ::core::str::FromStr for $type {
            type Err = $crate::UnknownValue;

            #[inline]
            fn from_str(name: &str) -> ::core::result::Result<Self, $crate::UnknownValue> {
                $crate::parse_enum(name)
            }
        }
    };
}

/// Makes an [`Alternate`](crate::Alternate) visitable, boxed or not: `alternate!(BlockdevRef);`.
#[macro_export]
macro_rules! alternate {
    ($type:ty) => {
        impl $crate::Visit for $type {
            #[inline]
            fn get(&mut self, d: &mut $crate::Decoder<'_>) -> $crate::Outcome {
                d.alternate(self)
            }

            #[inline]
            fn put(&self, e: &mut $crate::Encoder) {
                $crate::Alternate::put_branch(self, e)
            }
        }

        impl $crate::Visit for ::std::boxed::Box<$type> {
            #[inline]
            fn get(&mut self, d: &mut $crate::Decoder<'_>) -> $crate::Outcome {
                d.alternate(&mut **self)
            }

            #[inline]
            fn put(&self, e: &mut $crate::Encoder) {
                $crate::Alternate::put_branch(&**self, e)
            }
        }
    };
}

/// Makes a tuple struct of one visitable field look exactly like that field on the wire: `transparent!(BlockdevAdd);`.
#[macro_export]
macro_rules! transparent {
    ($type:ty) => {
        impl $crate::Visit for $type {
            #[inline]
            fn get(&mut self, d: &mut $crate::Decoder<'_>) -> $crate::Outcome {
                $crate::Visit::get(&mut self.0, d)
            }

            #[inline]
            fn put(&self, e: &mut $crate::Encoder) {
                $crate::Visit::put(&self.0, e)
            }
        }
    };
}
