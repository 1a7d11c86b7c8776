//! What becomes of conditions and of the features `deprecated` and `unstable`.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use crate::emit::Gate;
use crate::ir::Cond;

/// What becomes of conditions (`'if'`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConditionMode {
    /// Decided now: the symbols given are true, all others false, and what is left out is not generated.
    #[default]
    Resolve,
    /// Decided by whoever compiles the generated code: `CONFIG_ZSTD` becomes `#[cfg(feature = "config-zstd")]`.
    /// Symbols given are true without a feature.
    ///
    /// The package that compiles the code declares the features; [`Output::features`](crate::Output::features) lists
    /// them, a generated package declares them all, and rustc warns of those that are missing. A server's
    /// implementation repeats the `#[cfg]` of the methods it implements.
    Features,
    /// Everything is generated; the documentation names the conditions.
    KeepAll,
}

/// What becomes of something the schema marks as deprecated, or as unstable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Policy {
    /// It is generated like everything else. Deprecated things carry `#[deprecated]`.
    #[default]
    Expose,
    /// It is not generated.
    Hide,
    /// It is generated behind this cargo feature.
    Gate(String),
}

impl Policy {
    /// Reads `expose`, `hide`, `gate` (behind a feature named `usual`) or `gate=FEATURE`.
    pub(super) fn parse(text: &str, usual: &str) -> Option<Self> {
        match text.split_once('=') {
            None if text == "expose" => Some(Self::Expose),
            None if text == "hide" => Some(Self::Hide),
            None if text == "gate" => Some(Self::Gate(usual.to_owned())),
            Some(("gate", feature)) if is_feature(feature) => Some(Self::Gate(feature.to_owned())),
            _ => None,
        }
    }
}

/// A text that names no [`ConditionMode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected resolve, features or keep-all")]
pub struct UnknownMode;

impl FromStr for ConditionMode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        match text {
            "resolve" => Ok(Self::Resolve),
            "features" => Ok(Self::Features),
            "keep-all" => Ok(Self::KeepAll),
            _ => Err(UnknownMode),
        }
    }
}

/// How conditions are read: the mode, and what is known about symbols.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Conditions {
    pub(crate) mode: ConditionMode,
    /// Every condition holds, negated ones too.
    pub(super) all: bool,
    /// Symbols that are true.
    pub(super) defined: BTreeSet<String>,
    /// Cargo features for symbols, where the usual name does not do.
    pub(super) features: BTreeMap<String, String>,
}

impl Conditions {
    /// When `cond` holds.
    pub(crate) fn gate(&self, cond: &Cond) -> Gate {
        if self.all || self.mode == ConditionMode::KeepAll || *cond == Cond::True {
            return Gate::Always;
        }
        match cond {
            Cond::True => Gate::Always,
            Cond::Symbol(name) if self.defined.contains(name) => Gate::Always,
            Cond::Symbol(_) if self.mode == ConditionMode::Resolve => Gate::Never,
            Cond::Symbol(name) => Gate::Feature(self.feature(name)),
            Cond::All(list) => list.iter().fold(Gate::Always, |gate, cond| gate.and(self.gate(cond))),
            Cond::Any(list) => list.iter().fold(Gate::Never, |gate, cond| gate.or(self.gate(cond))),
            Cond::Not(cond) => self.gate(cond).not(),
        }
    }

    /// True when `cond` holds whatever features are on.
    #[cfg(feature = "cli")]
    pub(crate) fn holds(&self, cond: &Cond) -> bool {
        self.gate(cond) == Gate::Always
    }

    /// The cargo feature that stands for a symbol: the one given, else `config-zstd` for `CONFIG_ZSTD`.
    fn feature(&self, symbol: &str) -> String {
        let usual = |c: char| match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => c,
            _ => '-',
        };
        self.features.get(symbol).cloned().unwrap_or_else(|| {
            let name: String = symbol.chars().map(usual).collect();
            // A feature's name begins with a letter, a digit or `_`.
            if name.starts_with('-') { format!("_{name}") } else { name }
        })
    }
}

/// True for what cargo takes as the name of a feature.
pub(super) fn is_feature(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-+.".contains(c))
}

#[cfg(test)]
mod tests {
    use crate::Settings;
    use crate::ir::Cond;

    use super::*;

    fn symbol(name: &str) -> Cond {
        Cond::Symbol(name.to_owned())
    }

    #[test]
    fn all_makes_negated_conditions_true() {
        let negated = Cond::Not(Box::new(symbol("CONFIG_X")));
        let holds = |settings: Settings| settings.conditions.gate(&negated) == Gate::Always;
        assert!(holds(Settings::new()));
        assert!(!holds(Settings::new().cfg("CONFIG_X")));
        assert!(holds(Settings::new().cfg("all")));
        assert!(holds(Settings::new().cfg("CONFIG_X").conditions(ConditionMode::KeepAll)));
    }

    #[test]
    fn symbols_become_features() {
        let settings = Settings::new()
            .conditions(ConditionMode::Features)
            .cfg("CONFIG_LINUX")
            .map("CONFIG_X", "x")
            .map("__Y", "why");
        for (cond, text) in [
            (symbol("CONFIG_VNC_SASL"), "feature = \"config-vnc-sasl\""),
            (symbol("CONFIG_X"), "feature = \"x\""),
            (symbol("CONFIG_LINUX"), "all()"),
            (symbol("_Z > 1"), "feature = \"_-z---1\""),
            (Cond::Not(Box::new(symbol("__Y"))), "not(feature = \"why\")"),
            (
                Cond::All(vec![symbol("CONFIG_LINUX"), symbol("A"), symbol("B")]),
                "all(feature = \"a\", feature = \"b\")",
            ),
            (Cond::Any(vec![symbol("CONFIG_LINUX"), symbol("A")]), "all()"),
        ] {
            assert_eq!(settings.conditions.gate(&cond).to_string(), text);
        }
    }
}
