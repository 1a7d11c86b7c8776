//! Tables of generated code some of whose entries are compiled out under cargo features.
//!
//! A table leaves out what does not exist, so what follows moves up; what is here works out, while compiling, where.

/// The required mask of a [`Shape`](crate::Shape) from one entry per member that exists.
#[must_use]
pub const fn mask<const WORDS: usize>(required: &[bool]) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    let mut i = 0;
    while i < required.len() {
        if required[i] {
            words[i / 64] |= 1 << (i % 64);
        }
        i += 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_have_a_bit_per_required_member() {
        assert_eq!(mask::<1>(&[true, false, true]), [5]);
        let mut many = [false; 66];
        many[65] = true;
        assert_eq!(mask::<2>(&many), [0, 2]);
        assert_eq!(mask::<1>(&[]), [0]);
    }
}
