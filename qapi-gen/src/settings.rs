//! What a user may choose: one set of options for the macro, build scripts and the command line.

use std::collections::BTreeSet;

use crate::check::Dialect;
use crate::ir::Cond;

/// Choices for one compilation.
///
/// ```no_run
/// qapi_gen::Settings::new().cfg("CONFIG_ZSTD").compile_for_cargo("schema/lamp.json");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub(crate) symbols: Symbols,
    pub(crate) dialect: Option<Dialect>,
    pub(crate) module: Option<String>,
    pub(crate) runtime: String,
    pub(crate) server: bool,
    pub(crate) client: bool,
    pub(crate) introspection: bool,
    pub(crate) unmask: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            symbols: Symbols::default(),
            dialect: None,
            module: None,
            runtime: "::qapi_runtime".to_owned(),
            server: true,
            client: true,
            introspection: true,
            unmask: false,
        }
    }
}

/// The symbols that conditions are evaluated over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Symbols {
    all: bool,
    defined: BTreeSet<String>,
}

impl Symbols {
    /// Evaluates a condition; under `all` every condition holds, negated ones too.
    pub(crate) fn holds(&self, cond: &Cond) -> bool {
        self.all || self.evaluate(cond)
    }

    fn evaluate(&self, cond: &Cond) -> bool {
        match cond {
            Cond::True => true,
            Cond::Symbol(name) => self.defined.contains(name),
            Cond::All(conds) => conds.iter().all(|cond| self.evaluate(cond)),
            Cond::Any(conds) => conds.iter().any(|cond| self.evaluate(cond)),
            Cond::Not(cond) => !self.evaluate(cond),
        }
    }
}

/// The form of an option's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One text; a repetition replaces it.
    Text,
    /// Several texts: an array in the macro, a repeated option on the command line.
    Texts,
    /// `true` or `false`; a flag on the command line.
    Switch {
        /// The value when the option is not given. When true, the flag is `--no-NAME`.
        default: bool,
    },
}

/// An option that every front end offers under the same name.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Name, as in the macro; the command line prefixes `--`.
    pub name: &'static str,
    /// What values it takes.
    pub form: Form,
    /// What the value is called in help texts; empty for switches.
    pub metavar: &'static str,
    /// One line of help.
    pub help: &'static str,
}

/// A value for [`Settings::set`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// For [`Form::Text`] and [`Form::Texts`].
    Text(String),
    /// For [`Form::Switch`].
    Switch(bool),
}

/// Why a choice cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No such option.
    #[error("unknown option '{0}'; the options are {list}", list = names())]
    Unknown(String),
    /// A switch was given a text, or the other way round.
    #[error("option '{0}' takes {1}")]
    Form(&'static str, &'static str),
    /// The value is not one the option can take.
    #[error("option '{name}' cannot be '{value}': {reason}")]
    Value {
        /// The option.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is expected.
        reason: &'static str,
    },
}

fn names() -> String {
    let names: Vec<_> = CHOICES.iter().map(|choice| choice.name).collect();
    names.join(", ")
}

/// Every option there is.
pub const CHOICES: &[Choice] = &[
    Choice {
        name: "cfg",
        form: Form::Texts,
        metavar: "SYMBOL",
        help: "define a symbol that conditions name; 'all' makes every condition true",
    },
    Choice {
        name: "dialect",
        form: Form::Text,
        metavar: "VERSION",
        help: "QEMU release whose rules apply (default: the newest that accepts the schema)",
    },
    Choice {
        name: "module",
        form: Form::Text,
        metavar: "NAME",
        help: "name of the generated module (default: from the schema's file name)",
    },
    Choice {
        name: "runtime",
        form: Form::Text,
        metavar: "PATH",
        help: "Rust path of the runtime crate (default: ::qapi_runtime)",
    },
    Choice {
        name: "server",
        form: Form::Switch { default: true },
        metavar: "",
        help: "the server side: traits and dispatch",
    },
    Choice {
        name: "client",
        form: Form::Switch { default: true },
        metavar: "",
        help: "the client side: one type per command",
    },
    Choice {
        name: "introspection",
        form: Form::Switch { default: true },
        metavar: "",
        help: "the answer to query-qmp-schema",
    },
    Choice {
        name: "unmask",
        form: Form::Switch { default: false },
        metavar: "",
        help: "show the schema's type names in the introspection",
    },
];

impl Settings {
    /// The defaults: no symbol defined, both sides generated, dialect found by trying.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Defines a symbol that conditions name; `all` makes every condition true, negated ones too.
    #[must_use]
    pub fn cfg(mut self, symbol: impl Into<String>) -> Self {
        let symbol = symbol.into();
        if symbol == "all" {
            self.symbols.all = true;
        } else {
            self.symbols.defined.insert(symbol);
        }
        self
    }

    /// Fixes the dialect; without this the newest one that accepts the schema is taken.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// Names the generated module; the default is the schema's file name in Rust's form.
    ///
    /// # Panics
    /// When `name` is no identifier.
    #[must_use]
    pub fn module(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        assert!(is_module(&name), "'{name}' cannot be a module: {MODULE}");
        self.module = Some(name);
        self
    }

    /// Sets the Rust path of the runtime crate, for users who rename it; the default is `::qapi_runtime`.
    ///
    /// # Panics
    /// When `path` is no path of identifiers.
    #[must_use]
    pub fn runtime(mut self, path: impl Into<String>) -> Self {
        let path = path.into();
        assert!(is_path(&path), "'{path}' cannot be the runtime: {RUNTIME}");
        self.runtime = path;
        self
    }

    /// Generates the server side (traits and dispatch) or not.
    #[must_use]
    pub fn server(mut self, wanted: bool) -> Self {
        self.server = wanted;
        self
    }

    /// Generates the client side (one type per command) or not.
    #[must_use]
    pub fn client(mut self, wanted: bool) -> Self {
        self.client = wanted;
        self
    }

    /// Generates the answer to `query-qmp-schema` or leaves it an empty array.
    #[must_use]
    pub fn introspection(mut self, wanted: bool) -> Self {
        self.introspection = wanted;
        self
    }

    /// Shows the schema's own type names in the introspection instead of numbers.
    #[must_use]
    pub fn unmask(mut self, wanted: bool) -> Self {
        self.unmask = wanted;
        self
    }

    /// Takes one option of [`CHOICES`] by name, as the macro and the command line do.
    ///
    /// # Errors
    /// When there is no such option, or the value does not suit it.
    pub fn set(&mut self, name: &str, value: Setting) -> Result<(), SettingError> {
        let Some(choice) = CHOICES.iter().find(|choice| choice.name == name) else {
            return Err(SettingError::Unknown(name.to_owned()));
        };
        let taken = self.clone();
        let changed = match (choice.name, value) {
            ("cfg", Setting::Text(symbol)) => taken.cfg(symbol),
            ("dialect", Setting::Text(release)) => match release.parse::<Dialect>() {
                Ok(dialect) => taken.dialect(dialect),
                Err(_) => {
                    return Err(refused(choice.name, release, "expected a QEMU release such as 7.2 or 10.0"));
                }
            },
            ("module", Setting::Text(module)) if is_module(&module) => taken.module(module),
            ("module", Setting::Text(module)) => {
                return Err(refused(choice.name, module, MODULE));
            }
            ("runtime", Setting::Text(path)) if is_path(&path) => taken.runtime(path),
            ("runtime", Setting::Text(path)) => {
                return Err(refused(choice.name, path, RUNTIME));
            }
            ("server", Setting::Switch(wanted)) => taken.server(wanted),
            ("client", Setting::Switch(wanted)) => taken.client(wanted),
            ("introspection", Setting::Switch(wanted)) => taken.introspection(wanted),
            ("unmask", Setting::Switch(wanted)) => taken.unmask(wanted),
            (_, Setting::Text(_)) => return Err(SettingError::Form(choice.name, "true or false")),
            (_, Setting::Switch(_)) => return Err(SettingError::Form(choice.name, "a string")),
        };
        *self = changed;
        Ok(())
    }
}

fn refused(name: &'static str, value: String, reason: &'static str) -> SettingError {
    SettingError::Value { name, value, reason }
}

const MODULE: &str = "expected a Rust identifier";
const RUNTIME: &str = "expected a Rust path such as ::qapi_runtime";

fn is_module(text: &str) -> bool {
    text != "_" && !text.contains(':') && is_path(text)
}

/// True for `::a::b`, `a::b`, `a`.
fn is_path(text: &str) -> bool {
    let path = text.strip_prefix("::").unwrap_or(text);
    path.split("::").all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_can_be_set() {
        for choice in CHOICES {
            let mut settings = Settings::new();
            let value = match (choice.name, choice.form) {
                ("dialect", _) => Setting::Text("7.2".to_owned()),
                (_, Form::Text | Form::Texts) => Setting::Text("name".to_owned()),
                (_, Form::Switch { default }) => Setting::Switch(!default),
            };
            settings.set(choice.name, value).unwrap();
            assert_ne!(settings, Settings::new(), "{} has no effect", choice.name);
        }
    }

    #[test]
    fn wrong_choices_say_why() {
        let mut settings = Settings::new();
        let text = |text: &str| Setting::Text(text.to_owned());
        for (name, value, expected) in [
            ("colour", text("red"), "unknown option 'colour'"),
            ("server", text("yes"), "option 'server' takes true or false"),
            ("module", Setting::Switch(true), "option 'module' takes a string"),
            ("module", text("a b"), "cannot be 'a b'"),
            ("runtime", text("a::"), "cannot be 'a::'"),
            ("dialect", text("seven"), "cannot be 'seven'"),
        ] {
            let message = settings.set(name, value).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert_eq!(settings, Settings::new(), "{name} changed something");
        }
    }

    #[test]
    fn all_makes_negated_conditions_true() {
        let negated = Cond::Not(Box::new(Cond::Symbol("CONFIG_X".to_owned())));
        assert!(Settings::new().symbols.holds(&negated));
        assert!(!Settings::new().cfg("CONFIG_X").symbols.holds(&negated));
        assert!(Settings::new().cfg("all").symbols.holds(&negated));
    }
}
