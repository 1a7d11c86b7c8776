//! Writes structs and enumerations out as generated code does.

/// Defines an enumeration as generated code does.
macro_rules! enum_of {
    ($type:ident: $first:ident = $first_name:literal $(, $value:ident = $name:literal)*) => {
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub(crate) enum $type {
            #[default]
            $first,
            $($value,)*
            Unknown(Box<str>),
        }

        impl ::qapi_runtime::Enum for $type {
            const NAMES: &'static [&'static str] = &[$first_name $(, $name)*];

            fn from_index(i: usize) -> Self {
                [$type::$first $(, $type::$value)*][i].clone()
            }

            fn from_unknown(name: &str) -> Self {
                $type::Unknown(name.into())
            }

            fn as_str(&self) -> &str {
                match self {
                    $type::$first => $first_name,
                    $($type::$value => $name,)*
                    $type::Unknown(name) => name,
                }
            }
        }

        ::qapi_runtime::enumeration!($type);
    };
}

/// Defines a struct as generated code does: the mask of mandatory members, then the members.
macro_rules! struct_of {
    ($type:ident, $required:literal: $($i:literal $field:ident: $member:ty = $name:literal),*) => {
        #[derive(Debug, Clone, PartialEq, Default)]
        pub(crate) struct $type {
            $(pub(crate) $field: $member,)*
        }

        impl ::qapi_runtime::Object for $type {
            fn shape(&self) -> &'static ::qapi_runtime::Shape {
                static SHAPE: ::qapi_runtime::Shape = ::qapi_runtime::Shape { names: &[$($name),*], required: &[$required], tag: usize::MAX };
                &SHAPE
            }

            fn load(&mut self, i: usize, d: &mut ::qapi_runtime::Decoder<'_>) -> ::qapi_runtime::Outcome {
                match i {
                    $($i => ::qapi_runtime::Visit::get(&mut self.$field, d),)*
                    _ => Err(::qapi_runtime::Failed),
                }
            }

            fn store(&self, e: &mut ::qapi_runtime::Encoder) {
                $(e.member($name, &self.$field);)*
            }
        }
    };
}
