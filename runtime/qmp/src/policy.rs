//! What becomes of deprecated and unstable interface: QEMU's `-compat`.
//!
//! The schema marks commands, events, members and enumeration values as deprecated or unstable. A management program that
//! wants to know whether it still depends on any of them runs its server under a policy that refuses or hides them.

use crate::visit::{Decoder, Encoder, Failed, Object, Outcome, Shape, Visit};
use crate::{Error, ErrorClass};

/// The marks that the schema put on something, of those that a [`Policy`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Special {
    /// It will go away: feature `deprecated`.
    pub deprecated: bool,
    /// It may change or go away at any time: feature `unstable`.
    pub unstable: bool,
}

impl Special {
    /// No mark.
    pub const NONE: Special = Special { deprecated: false, unstable: false };
    /// Deprecated only.
    pub const DEPRECATED: Special = Special { deprecated: true, unstable: false };
    /// Unstable only.
    pub const UNSTABLE: Special = Special { deprecated: false, unstable: true };
    /// Deprecated and unstable.
    pub const BOTH: Special = Special { deprecated: true, unstable: true };
}

/// What becomes of marked input: commands, arguments, and values of enumerations among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InputPolicy {
    /// It is taken like any other.
    #[default]
    Accept,
    /// The request is refused.
    Reject,
    /// The process aborts, so that a test cannot overlook it.
    Crash,
}

/// What becomes of marked output: events and members of replies and events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputPolicy {
    /// It is sent like any other.
    #[default]
    Accept,
    /// It is left out.
    Hide,
}

/// A server's policy towards marked interface: [`Server::compat`](crate::Server::compat). By default everything passes.
///
/// Reads what QEMU's option `-compat` takes, also as the argument of the same name:
///
/// ```
/// use qapi_runtime::{InputPolicy, Policy, from_option};
/// let policy: Policy = from_option("deprecated-input=reject,unstable-output=hide", None)?;
/// assert_eq!(policy.deprecated_input, InputPolicy::Reject);
/// # Ok::<(), qapi_runtime::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// What becomes of deprecated input.
    pub deprecated_input: InputPolicy,
    /// What becomes of deprecated output.
    pub deprecated_output: OutputPolicy,
    /// What becomes of unstable input.
    pub unstable_input: InputPolicy,
    /// What becomes of unstable output.
    pub unstable_output: OutputPolicy,
}

impl Policy {
    /// Whether input with these marks is taken.
    pub(crate) fn takes(self, special: Special) -> bool {
        self.rules(special).into_iter().all(|(marked, policy, _)| !marked || policy == InputPolicy::Accept)
    }

    /// Whether output with these marks is left out.
    pub(crate) fn hides(self, special: Special) -> bool {
        special.deprecated && self.deprecated_output == OutputPolicy::Hide
            || special.unstable && self.unstable_output == OutputPolicy::Hide
    }

    /// Refuses input with these marks, if the policy says so; `kind` is what the schema calls it.
    pub(crate) fn check(self, special: Special, class: ErrorClass, kind: &str, name: &str) -> Result<(), Error> {
        for (marked, policy, adjective) in self.rules(special) {
            if !marked || policy == InputPolicy::Accept {
                continue;
            }
            let error = Error::new(class, format!("{adjective} {kind} {name} disabled by policy"));
            if policy == InputPolicy::Crash {
                tracing::error!("{error}: aborting, as the policy demands");
                std::process::abort();
            }
            return Err(error);
        }
        Ok(())
    }

    fn rules(self, special: Special) -> [(bool, InputPolicy, &'static str); 2] {
        [(special.deprecated, self.deprecated_input, "Deprecated"), (special.unstable, self.unstable_input, "Unstable")]
    }
}

/// Reads and writes a policy's word.
macro_rules! words {
    ($type:ident: $($value:ident = $word:literal),*) => {
        impl Visit for $type {
            fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
                *self = match &*d.str()? {
                    $($word => $type::$value,)*
                    other => return Err(d.refused_value(other)),
                };
                Ok(())
            }

            fn put(&self, e: &mut Encoder) {
                e.str(match self {
                    $($type::$value => $word,)*
                });
            }
        }
    };
}
words!(InputPolicy: Accept = "accept", Reject = "reject", Crash = "crash");
words!(OutputPolicy: Accept = "accept", Hide = "hide");

impl Object for Policy {
    fn shape(&self) -> &'static Shape {
        static SHAPE: Shape = Shape {
            names: &["deprecated-input", "deprecated-output", "unstable-input", "unstable-output"],
            required: &[0],
            tag: usize::MAX,
        };
        &SHAPE
    }

    fn load(&mut self, i: usize, d: &mut Decoder<'_>) -> Outcome {
        match i {
            0 => self.deprecated_input.get(d),
            1 => self.deprecated_output.get(d),
            2 => self.unstable_input.get(d),
            3 => self.unstable_output.get(d),
            _ => Err(Failed),
        }
    }

    fn store(&self, e: &mut Encoder) {
        e.member("deprecated-input", &self.deprecated_input);
        e.member("deprecated-output", &self.deprecated_output);
        e.member("unstable-input", &self.unstable_input);
        e.member("unstable-output", &self.unstable_output);
    }
}
