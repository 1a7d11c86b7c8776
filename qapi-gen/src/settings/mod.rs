//! What a user may choose: one set of options for the macro, build scripts and the command line.

mod choice;
mod conditions;

pub use choice::{CHOICES, Choice, Form, Setting, SettingError};
pub(crate) use conditions::Conditions;
pub use conditions::{ConditionMode, Policy, UnknownMode};

use crate::dialect::Dialect;

/// Choices for one compilation.
///
/// ```no_run
/// qapi_gen::Settings::new().cfg("CONFIG_ZSTD").compile_for_cargo("schema/lamp.json");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub(crate) conditions: Conditions,
    pub(crate) deprecated: Policy,
    pub(crate) unstable: Policy,
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
            conditions: Conditions::default(),
            deprecated: Policy::Expose,
            unstable: Policy::Expose,
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
            self.conditions.all = true;
        } else {
            self.conditions.defined.insert(symbol);
        }
        self
    }

    /// Says what becomes of conditions; without this they are decided now.
    #[must_use]
    pub fn conditions(mut self, mode: ConditionMode) -> Self {
        self.conditions.mode = mode;
        self
    }

    /// Names the cargo feature for a symbol, where conditions become features; the usual name is the symbol in lower
    /// case with hyphens.
    ///
    /// # Panics
    /// When `feature` cannot be the name of a feature.
    #[must_use]
    pub fn map(mut self, symbol: impl Into<String>, feature: impl Into<String>) -> Self {
        let feature = feature.into();
        assert!(conditions::is_feature(&feature), "'{feature}' cannot be the name of a cargo feature");
        self.conditions.features.insert(symbol.into(), feature);
        self
    }

    /// Says what becomes of what the schema marks as deprecated.
    #[must_use]
    pub fn deprecated(mut self, policy: Policy) -> Self {
        self.deprecated = policy;
        self
    }

    /// Says what becomes of what the schema marks as unstable.
    #[must_use]
    pub fn unstable(mut self, policy: Policy) -> Self {
        self.unstable = policy;
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
