//! What the difference between two schemas means to programs written for the older one.
//!
//! The comparison follows the wire: it starts at commands and events and goes from there through the
//! types, so that it knows what a type is used for. The same change means different things in
//! arguments and in replies; `rules` holds every such decision. Names of types do not matter.
//!
//! | change | in arguments | in replies and events |
//! |---|---|---|
//! | optional member added | breaks servers: they must handle it | compatible |
//! | mandatory member added, or optional made mandatory | breaks clients and servers | breaks servers: they must provide it |
//! | mandatory member made optional | breaks servers | breaks clients |
//! | member removed | breaks clients and servers | breaks clients and servers |
//! | value or branch added | breaks servers | breaks strict clients |
//! | value or branch removed | breaks clients and servers | breaks servers: they may send it |
//! | JSON type added to an alternate | breaks servers | breaks clients |
//! | type has more values, as `int` has over `uint8` | breaks servers | breaks clients; a `str` over an enum strict ones only |
//! | type has fewer values | breaks clients and servers | breaks servers |
//!
//! | change of the entity | meaning |
//! |---|---|
//! | command added | breaks servers: the trait has a new method |
//! | command or event removed | breaks clients and servers |
//! | event added, feature added, `deprecated` or `unstable` set or taken away | compatible |
//! | feature removed, `allow-preconfig` taken away | breaks clients |
//! | `allow-oob` taken away, `success-response` changed | breaks clients and servers |
//! | `allow-oob` set, `gen` changed | breaks servers: the handler is of another kind |

mod compare;
mod objects;
mod render;
mod rules;
mod scalars;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

use crate::source::{Loader, Location};
use crate::{Analysis, Diagnostics, Settings, analyse};

/// What a change means to clients that were written for the old schema and talk to a server of the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Clients {
    /// They go on working.
    #[default]
    Fine,
    /// They may receive a value that the old schema does not list. Clients that expect such values go
    /// on working, as clients made by this compiler do; clients that refuse them fail.
    StrictBreak,
    /// What they send may be refused, or what they rely on is missing from what they receive.
    Break,
}

/// What a change means to both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Verdict {
    /// Clients written for the old schema.
    pub clients: Clients,
    /// True when a server written for the old schema must be changed to offer the new one.
    pub servers: bool,
}

impl Verdict {
    /// True when nobody is broken.
    #[must_use]
    pub fn is_compatible(self) -> bool {
        self == Self::default()
    }

    /// The worse of both, for each side.
    fn and(self, other: Self) -> Self {
        Self { clients: self.clients.max(other.clients), servers: self.servers || other.servers }
    }
}

impl fmt::Display for Verdict {
    /// `compatible`, or what breaks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.clients, self.servers) {
            (Clients::Fine, false) => "compatible",
            (Clients::Fine, true) => "breaks servers",
            (Clients::StrictBreak, false) => "breaks strict clients",
            (Clients::StrictBreak, true) => "breaks strict clients, breaks servers",
            (Clients::Break, false) => "breaks clients",
            (Clients::Break, true) => "breaks clients, breaks servers",
        })
    }
}

/// Where on the wire something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Usage {
    /// The entity itself: a command, an event, the name of a type.
    Entity,
    /// Sent by clients, as part of arguments.
    Arguments,
    /// Sent by servers, as part of replies and events.
    Replies,
    /// In a type that nothing in both schemas uses.
    Nowhere,
}

impl Usage {
    /// In one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Entity => "entity",
            Self::Arguments => "arguments",
            Self::Replies => "replies",
            Self::Nowhere => "unused",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What is different.
    pub what: String,
    /// Why this matters, or why it does not.
    pub why: String,
    /// Where on the wire it matters.
    pub usage: Usage,
    /// What it means.
    pub verdict: Verdict,
    /// Place in the old schema.
    pub old: Option<Location>,
    /// Place in the new schema.
    pub new: Option<Location>,
}

/// A command, event or type that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// `command`, `event`, `struct`, `union`, `enum` or `alternate`.
    pub meta: &'static str,
    /// Its name.
    pub name: String,
    /// The worst of its reasons.
    pub verdict: Verdict,
    /// What is different in it.
    pub reasons: Vec<Reason>,
    /// Commands and events that it is a part of; empty for commands and events.
    pub used_by: Vec<String>,
}

/// How many entities there are of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Commands, events and types, present in either schema.
    pub entities: usize,
    /// Those without any difference.
    pub unchanged: usize,
    /// Those whose differences break nobody.
    pub compatible: usize,
    /// Those that break clients.
    pub break_clients: usize,
    /// Those that break strict clients only.
    pub break_strict_clients: usize,
    /// Those that break servers.
    pub break_servers: usize,
}

/// The difference between two schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What is different: commands, then events, then types, each by name.
    pub entities: Vec<Entity>,
    /// Counts.
    pub totals: Totals,
}

impl Report {
    /// The worst of all verdicts.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.entities.iter().fold(Verdict::default(), |verdict, entity| verdict.and(entity.verdict))
    }

    /// For people: what breaks most comes first.
    #[must_use]
    pub fn to_text(&self) -> String {
        render::text(self)
    }

    /// For programs: one JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        render::json(self)
    }
}

/// Compares the schema that starts at `old` with the one that starts at `new`.
///
/// Both are seen under the symbols of `settings`: what these leave out does not exist.
///
/// # Errors
/// Every mistake in the first schema that has one, located.
pub fn diff(old: &Path, new: &Path, settings: &Settings, loader: &dyn Loader) -> Result<Report, Diagnostics> {
    let analysis = |root| {
        let Analysis { sources, result, .. } = analyse(loader, root, settings.dialect);
        result.map(|schema| (schema, sources))
    };
    let (old, new) = (analysis(old)?, analysis(new)?);
    let side = |(schema, sources)| compare::Side::new(schema, sources, &settings.conditions);
    Ok(compare::report(side((&old.0, &old.1)), side((&new.0, &new.1))))
}
