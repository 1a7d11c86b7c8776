//! When generated code exists: never, always, or under cargo features.

use std::fmt;

use super::text::quoted;

/// A formula over cargo features. [`Gate::Never`] and [`Gate::Always`] stand alone, and only features are negated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gate {
    /// Not part of the generated code.
    Never,
    /// Unconditional.
    Always,
    /// This cargo feature is on.
    Feature(String),
    /// This cargo feature is off.
    Without(String),
    /// All of these hold; sorted, at least two.
    All(Vec<Gate>),
    /// One of these holds; sorted, at least two.
    Any(Vec<Gate>),
}

/// Steps that a comparison of two formulas may take. Those of real schemas need a few; giving up on others only costs
/// a shorter spelling.
const EFFORT: u32 = 1000;

impl Gate {
    /// Both hold.
    pub(crate) fn and(self, other: Self) -> Self {
        if self.implies(&other) || self == Self::Never {
            return self;
        }
        if other.implies(&self) || other == Self::Never {
            return other;
        }
        if self.implies(&other.clone().not()) {
            return Self::Never;
        }
        let mut parts = Vec::new();
        for gate in [self, other] {
            match gate {
                Self::All(list) => parts.extend(list),
                gate => parts.push(gate),
            }
        }
        parts.sort();
        parts.dedup();
        Self::All(parts)
    }

    /// One of them holds.
    pub(crate) fn or(self, other: Self) -> Self {
        // Nothing to work out in the common case.
        if self == Self::Always || other == Self::Always {
            return Self::Always;
        }
        self.not().and(other.not()).not()
    }

    /// It does not hold.
    pub(crate) fn not(self) -> Self {
        let inverted = |list: Vec<Self>| {
            let mut list: Vec<_> = list.into_iter().map(Self::not).collect();
            list.sort();
            list
        };
        match self {
            Self::Never => Self::Always,
            Self::Always => Self::Never,
            Self::Feature(name) => Self::Without(name),
            Self::Without(name) => Self::Feature(name),
            Self::All(list) => Self::Any(inverted(list)),
            Self::Any(list) => Self::All(inverted(list)),
        }
    }

    /// True when `other` is known to hold wherever this holds.
    pub(crate) fn implies(&self, other: &Self) -> bool {
        self.leads_to(other, &mut EFFORT.clone())
    }

    fn leads_to(&self, other: &Self, effort: &mut u32) -> bool {
        if self == other || *self == Self::Never || *other == Self::Always {
            return true;
        }
        *effort = effort.saturating_sub(1);
        if *effort == 0 {
            return false;
        }
        match (self, other) {
            (Self::Any(list), _) => list.iter().all(|gate| gate.leads_to(other, effort)),
            (_, Self::All(list)) => list.iter().all(|gate| self.leads_to(gate, effort)),
            _ => {
                matches!(self, Self::All(list) if list.iter().any(|gate| gate.leads_to(other, effort)))
                    || matches!(other, Self::Any(list) if list.iter().any(|gate| self.leads_to(gate, effort)))
            }
        }
    }

    /// True when it depends on cargo features.
    pub(crate) fn is_conditional(&self) -> bool {
        !matches!(self, Self::Never | Self::Always)
    }

    /// The truth of it where exactly `enabled` are on.
    pub(crate) fn holds(&self, enabled: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::Feature(name) => enabled(name),
            Self::Without(name) => !enabled(name),
            Self::All(list) => list.iter().all(|gate| gate.holds(enabled)),
            Self::Any(list) => list.iter().any(|gate| gate.holds(enabled)),
        }
    }

    /// Calls `each` with every cargo feature that it names.
    pub(crate) fn features(&self, each: &mut dyn FnMut(&str)) {
        match self {
            Self::Never | Self::Always => {}
            Self::Feature(name) | Self::Without(name) => each(name),
            Self::All(list) | Self::Any(list) => list.iter().for_each(|gate| gate.features(each)),
        }
    }

    /// As a Rust expression of type `bool`.
    pub(crate) fn expression(&self) -> String {
        match self {
            Self::Never => "false".to_owned(),
            Self::Always => "true".to_owned(),
            _ => format!("cfg!({self})"),
        }
    }
}

/// The predicate of a `cfg` attribute.
impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = |word: &str, list: &[Self]| {
            write!(f, "{word}(")?;
            for (nth, gate) in list.iter().enumerate() {
                write!(f, "{}{gate}", if nth > 0 { ", " } else { "" })?;
            }
            f.write_str(")")
        };
        match self {
            Self::Never => f.write_str("any()"),
            Self::Always => f.write_str("all()"),
            Self::Feature(name) => write!(f, "feature = {}", quoted(name)),
            Self::Without(name) => write!(f, "not(feature = {})", quoted(name)),
            Self::All(list) => all("all", list),
            Self::Any(list) => all("any", list),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(name: &str) -> Gate {
        Gate::Feature(name.to_owned())
    }

    #[test]
    fn formulas_stay_short() {
        let (a, b, c) = (on("a"), on("b"), on("c"));
        for (gate, text) in [
            (a.clone().and(Gate::Always), "feature = \"a\""),
            (a.clone().and(a.clone().not()), "any()"),
            (a.clone().or(a.clone().not()), "all()"),
            (a.clone().and(b.clone()).and(a.clone()), "all(feature = \"a\", feature = \"b\")"),
            (a.clone().or(a.clone().and(b.clone())), "feature = \"a\""),
            (b.clone().or(a.clone()).not(), "all(not(feature = \"a\"), not(feature = \"b\"))"),
            (a.clone().and(b.clone().or(c)), "all(feature = \"a\", any(feature = \"b\", feature = \"c\"))"),
            (a.clone().or(b.clone()).and(a.clone().not().and(b.not())), "any()"),
            (a.and(Gate::Never), "any()"),
        ] {
            assert_eq!(gate.to_string(), text);
        }
    }

    /// Whatever is simplified, the truth stays, under every set of features.
    #[test]
    fn simplifying_keeps_the_truth() {
        let names = ["a", "b", "c"];
        let mut gates: Vec<(Gate, u8)> = vec![(Gate::Always, 0xff), (Gate::Never, 0)];
        for (bit, name) in names.iter().enumerate() {
            let truth = (0..8u8).filter(|set| set >> bit & 1 == 1).fold(0, |mask, set| mask | 1 << set);
            gates.push((on(name), truth));
        }
        for round in 0..2 {
            for i in 0..gates.len() {
                for j in 0..gates.len().min(12 + round) {
                    let ((x, tx), (y, ty)) = (gates[i].clone(), gates[j].clone());
                    gates.push((x.clone().and(y.clone()), tx & ty));
                    gates.push((x.clone().or(y.clone().not()), tx | !ty));
                    assert!(!x.implies(&y) || tx & !ty == 0, "{x} does not imply {y}");
                }
            }
            gates.sort();
            gates.dedup();
            gates.truncate(200);
        }
        for (gate, truth) in gates {
            for set in 0..8u8 {
                let enabled = |name: &str| names.iter().position(|n| *n == name).is_some_and(|bit| set >> bit & 1 == 1);
                assert_eq!(gate.holds(&enabled), truth >> set & 1 == 1, "{gate} under {set:b}");
            }
        }
    }
}
