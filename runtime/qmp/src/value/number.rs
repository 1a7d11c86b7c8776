//! Numbers as QAPI knows them: 64-bit integers of either sign, or double precision.

/// A JSON number. Text becomes the first of these that can hold it: `Int`, then `Uint`, then `Double`.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// A signed 64-bit integer.
    Int(i64),
    /// An integer above `i64::MAX`.
    Uint(u64),
    /// Anything with a fraction or exponent, and integers that 64 bits cannot hold.
    Double(f64),
}

impl Number {
    /// As a signed integer, if it is an integer in range. A double never is, even when whole.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Number::Int(n) => Some(n),
            Number::Uint(n) => i64::try_from(n).ok(),
            Number::Double(_) => None,
        }
    }

    /// As an unsigned integer, if it is an integer and not negative.
    pub fn as_u64(self) -> Option<u64> {
        match self {
            Number::Int(n) => u64::try_from(n).ok(),
            Number::Uint(n) => Some(n),
            Number::Double(_) => None,
        }
    }

    /// As a double; integers beyond 2^53 are rounded.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::Uint(n) => n as f64,
            Number::Double(n) => n,
        }
    }

    /// As an integer that a member of an unsigned type accepts. A negative one wraps around: QEMU has always read
    /// unsigned members so, and clients send -1 for "all ones".
    pub(crate) fn as_wrapping_u64(self) -> Option<u64> {
        match self {
            Number::Int(n) => Some(n as u64),
            Number::Uint(n) => Some(n),
            Number::Double(_) => None,
        }
    }
}

/// Integers compare by value, whichever variant holds them; doubles only with doubles.
impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Number::Double(a), Number::Double(b)) => a == b,
            (Number::Double(_), _) | (_, Number::Double(_)) => false,
            (a, b) => a.as_i64() == b.as_i64() && a.as_u64() == b.as_u64(),
        }
    }
}

impl From<i64> for Number {
    fn from(n: i64) -> Self {
        Number::Int(n)
    }
}

impl From<u64> for Number {
    fn from(n: u64) -> Self {
        i64::try_from(n).map_or(Number::Uint(n), Number::Int)
    }
}

impl From<f64> for Number {
    fn from(n: f64) -> Self {
        Number::Double(n)
    }
}
