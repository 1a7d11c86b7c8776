//! The contract between a saved state and the visitors over it.

use crate::Result;

/// A saved state: a name, a version and its fields in wire order.
///
/// Implement it on a plain struct that holds nothing but what is saved; the device converts to and from it.
pub trait VmState {
    /// QEMU's name of the state (`serial`, `cpu`), or the complete name of a subsection (`cpu/tsc_khz`).
    fn name(&self) -> &'static str;
    /// Version written to the stream.
    fn version(&self) -> u32;
    /// Oldest version that [`fields`](Self::fields) can load.
    fn minimum_version(&self) -> u32 {
        self.version()
    }
    /// Visits every field in wire order, for saving, loading and describing alike. Fields that came with a later version are visited
    /// when [`Fields::stream_version`] has reached it. Subsections come last.
    fn fields(&mut self, v: &mut dyn Fields) -> Result;
}

/// A field as the description of the stream prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldInfo<'a> {
    /// Name of the field.
    pub name: &'a str,
    /// Type as QEMU names it (`uint32`, `bool`, `buffer` ...).
    pub kind: &'static str,
    /// Number of elements when the field is an array of scalars.
    pub array_len: Option<usize>,
}

/// Declares the visitor methods of the integer types: one for a value and one for an array.
macro_rules! integers {
    ($($one:ident, $many:ident, $type:ty, $kind:literal;)*) => {$(
        #[doc = concat!("One `", stringify!($type), "`, big-endian.")]
        fn $one(&mut self, name: &str, value: &mut $type) -> Result {
            let mut image = value.to_be_bytes();
            self.raw(FieldInfo { name, kind: $kind, array_len: None }, &mut image)?;
            *value = <$type>::from_be_bytes(image);
            Ok(())
        }

        #[doc = concat!("An array of `", stringify!($type), "` of fixed length.")]
        fn $many(&mut self, name: &str, values: &mut [$type]) -> Result {
            const SIZE: usize = size_of::<$type>();
            let mut image: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
            self.raw(FieldInfo { name, kind: $kind, array_len: Some(values.len()) }, &mut image)?;
            let (elements, _) = image.as_chunks::<SIZE>();
            for (value, element) in values.iter_mut().zip(elements) {
                *value = <$type>::from_be_bytes(*element);
            }
            Ok(())
        }
    )*};
}

/// A visitor over the fields of a state. Saving and describing leave the values as they are, loading replaces them.
pub trait Fields {
    /// Whether values come from a stream.
    fn loading(&self) -> bool;
    /// Version of the state in the stream; the state's own version when not loading.
    fn stream_version(&self) -> u32;
    /// One field as its bytes on the wire; the typed methods below are made from it.
    fn raw(&mut self, field: FieldInfo<'_>, image: &mut [u8]) -> Result;
    /// A nested state, written in place without a header.
    fn structure(&mut self, name: &str, state: &mut dyn VmState) -> Result;
    /// An array of nested states.
    fn structures(&mut self, name: &str, states: &mut [&mut dyn VmState]) -> Result;
    /// An optional part: saved when `needed`, loaded when the stream has it here. Says whether it was saved or loaded.
    fn subsection(&mut self, needed: bool, state: &mut dyn VmState) -> Result<bool>;

    integers! {
        u8, u8s, u8, "uint8";
        u16, u16s, u16, "uint16";
        u32, u32s, u32, "uint32";
        u64, u64s, u64, "uint64";
        i8, i8s, i8, "int8";
        i16, i16s, i16, "int16";
        i32, i32s, i32, "int32";
        i64, i64s, i64, "int64";
    }

    /// One byte, 0 or 1; any other value loads as true, as in QEMU.
    fn bool(&mut self, name: &str, value: &mut bool) -> Result {
        let mut image = [u8::from(*value)];
        self.raw(FieldInfo { name, kind: "bool", array_len: None }, &mut image)?;
        *value = image != [0];
        Ok(())
    }

    /// Bytes without further structure, of fixed length.
    fn bytes(&mut self, name: &str, value: &mut [u8]) -> Result {
        self.raw(FieldInfo { name, kind: "buffer", array_len: None }, value)
    }

    /// Bytes that older formats used: zeros when saved, ignored when loaded.
    fn unused(&mut self, count: usize) -> Result {
        self.raw(FieldInfo { name: "unused", kind: "unused_buffer", array_len: None }, &mut vec![0; count])
    }
}
