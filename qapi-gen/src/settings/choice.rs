//! Options by name: what the macro and the command line share.

use super::conditions::is_feature;
use super::{MODULE, Policy, RUNTIME, Settings, is_module, is_path};
use crate::dialect::Dialect;

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
        name: "conditions",
        form: Form::Text,
        metavar: "MODE",
        help: "resolve them now (the default), as cargo features, or keep-all: everything is generated",
    },
    Choice {
        name: "map",
        form: Form::Texts,
        metavar: "SYMBOL=FEATURE",
        help: "cargo feature for a symbol (default: config-zstd for CONFIG_ZSTD)",
    },
    Choice {
        name: "deprecated",
        form: Form::Text,
        metavar: "POLICY",
        help: "expose (the default), hide, gate or gate=FEATURE what is deprecated",
    },
    Choice { name: "unstable", form: Form::Text, metavar: "POLICY", help: "the same for what is unstable" },
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
            ("conditions", Setting::Text(mode)) => match mode.parse() {
                Ok(mode) => taken.conditions(mode),
                Err(_) => return Err(refused(choice.name, mode, "expected resolve, features or keep-all")),
            },
            ("map", Setting::Text(pair)) => match pair.split_once('=') {
                Some((symbol, feature)) if is_feature(feature) => taken.map(symbol, feature),
                _ => return Err(refused(choice.name, pair, "expected SYMBOL=FEATURE, a cargo feature")),
            },
            (name @ ("deprecated" | "unstable"), Setting::Text(text)) => match Policy::parse(&text, name) {
                Some(policy) if name == "deprecated" => taken.deprecated(policy),
                Some(policy) => taken.unstable(policy),
                None => return Err(refused(choice.name, text, "expected expose, hide, gate or gate=FEATURE")),
            },
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_can_be_set() {
        for choice in CHOICES {
            let mut settings = Settings::new();
            let value = match (choice.name, choice.form) {
                ("dialect", _) => Setting::Text("7.2".to_owned()),
                ("conditions", _) => Setting::Text("features".to_owned()),
                ("map", _) => Setting::Text("CONFIG_X=x".to_owned()),
                ("deprecated" | "unstable", _) => Setting::Text("gate=old".to_owned()),
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
            ("conditions", text("maybe"), "resolve, features or keep-all"),
            ("map", text("CONFIG_X"), "expected SYMBOL=FEATURE"),
            ("map", text("CONFIG_X=a b"), "expected SYMBOL=FEATURE"),
            ("unstable", text("gate="), "expected expose, hide, gate"),
        ] {
            let message = settings.set(name, value).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert_eq!(settings, Settings::new(), "{name} changed something");
        }
    }
}
