//! What each kind of change means, by where it happens: the only place that decides.

use super::{Clients, Usage, Verdict};

/// A kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    CommandRemoved,
    CommandAdded,
    EventRemoved,
    EventAdded,
    MemberRemoved,
    MemberAdded {
        optional: bool,
    },
    /// Optional before.
    MemberMandatory,
    /// Mandatory before.
    MemberOptional,
    ValueRemoved,
    ValueAdded,
    BranchRemoved,
    BranchAdded,
    /// A JSON type of an alternate.
    AlternativeRemoved,
    AlternativeAdded,
    /// Another type.
    Type(Values),
    /// Another member selects the branch of a union.
    Tag,
    OobRemoved,
    OobAdded,
    PreconfigRemoved,
    PreconfigAdded,
    /// `success-response`, one way or the other.
    Reply,
    /// `gen`, one way or the other.
    RawArguments,
    FeatureRemoved,
    FeatureAdded,
    Deprecated,
    Unstable,
    /// No longer deprecated or unstable.
    Promised,
    /// The name of a type, or what no wire shows.
    Invisible,
}

/// How the values of the new type compare with those of the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Values {
    /// Every old value is a new value.
    pub(super) keeps: bool,
    /// Every new value is an old value.
    pub(super) adds_none: bool,
    /// Values were listed and are any string now.
    pub(super) opens: bool,
}

/// Verdict and words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effect {
    clients: (Clients, &'static str),
    servers: (bool, &'static str),
}

impl Effect {
    pub(super) fn verdict(&self) -> Verdict {
        Verdict { clients: self.clients.0, servers: self.servers.0 }
    }

    /// Why, in words.
    pub(super) fn why(&self) -> String {
        match (self.clients.1, self.servers.1) {
            (one, "") | ("", one) => one.to_owned(),
            (clients, servers) => format!("{clients}; {servers}"),
        }
    }
}

fn both(clients: (Clients, &'static str), servers: (bool, &'static str)) -> Effect {
    Effect { clients, servers }
}

fn fine(why: &'static str) -> Effect {
    both((Clients::Fine, why), (false, ""))
}

const REFUSED: (Clients, &str) = (Clients::Break, "clients that send it are refused");
const GONE: (Clients, &str) = (Clients::Break, "clients that rely on it no longer get it");
const SEND_OLD: (Clients, &str) = (Clients::Fine, "what clients send is still taken");
const READ_OLD: (Clients, &str) = (Clients::Fine, "clients can read it as before");
const NEVER_SENT: (Clients, &str) = (Clients::Fine, "clients just do not meet it any more");
const HANDLER: (bool, &str) = (true, "the handler's arguments change");
const HANDLE: (bool, &str) = (true, "servers must handle it");
const PROVIDE: (bool, &str) = (true, "servers must provide it");
const STOP: (bool, &str) = (true, "servers must no longer send it");

/// What `change` means at `usage`.
pub(super) fn effect(change: Change, usage: Usage) -> Effect {
    if usage == Usage::Nowhere {
        return fine("nothing that both schemas have uses it");
    }
    entity(change).unwrap_or_else(|| if usage == Usage::Replies { sent(change) } else { taken(change) })
}

/// Changes that mean the same everywhere.
fn entity(change: Change) -> Option<Effect> {
    let break_ = |why| (Clients::Break, why);
    Some(match change {
        Change::CommandRemoved => {
            both(break_("clients that execute it get an error"), (true, "the server trait no longer has it"))
        }
        Change::CommandAdded => both((Clients::Fine, "clients do not know it"), (true, "servers must implement it")),
        Change::EventRemoved => both(break_("clients that wait for it wait forever"), STOP),
        Change::EventAdded => fine("clients ignore events that they do not know"),
        Change::Tag => {
            both(break_("clients and server disagree about the branch"), (true, "the type is another one for servers"))
        }
        Change::OobRemoved => {
            both(break_("clients that execute it out of band get an error"), (true, "its handler is of another kind"))
        }
        Change::OobAdded => both(
            (Clients::Fine, "clients execute it as before"),
            (true, "its handler is of another kind: it must not block"),
        ),
        Change::PreconfigRemoved => {
            both(break_("clients that execute it before the machine exists get an error"), (false, ""))
        }
        Change::PreconfigAdded => fine("clients execute it when they did before"),
        Change::Reply => both(
            break_("clients and server disagree about whether there is a reply"),
            (true, "its handler is of another kind"),
        ),
        Change::RawArguments => {
            both((Clients::Fine, "the same arguments are described"), (true, "its handler is of another kind"))
        }
        Change::FeatureRemoved => both(break_("clients that look for it take the server for unable"), (false, "")),
        Change::FeatureAdded => fine("clients that do not know it ignore it"),
        Change::Deprecated => fine("it still works, but is going to be removed"),
        Change::Unstable => fine("it still works, but may change without notice"),
        Change::Promised => fine("it can be relied on now"),
        Change::Invisible => fine("the wire does not show it"),
        _ => return None,
    })
}

/// Changes in what clients send.
fn taken(change: Change) -> Effect {
    match change {
        Change::MemberRemoved | Change::ValueRemoved | Change::BranchRemoved | Change::AlternativeRemoved => {
            both(REFUSED, HANDLER)
        }
        Change::MemberAdded { optional: false } | Change::MemberMandatory => {
            both((Clients::Break, "clients that leave it out are refused"), HANDLER)
        }
        Change::MemberAdded { optional: true } => {
            both((Clients::Fine, "clients that do not know it may leave it out"), HANDLE)
        }
        Change::MemberOptional => both(SEND_OLD, (true, "servers must do without it")),
        Change::Type(Values { keeps: true, adds_none: true, .. }) => fine("it has the same values"),
        Change::Type(Values { keeps: true, .. }) => both(SEND_OLD, HANDLER),
        Change::Type(_) => both((Clients::Break, "what clients send may be refused"), HANDLER),
        _ => both(SEND_OLD, HANDLE),
    }
}

/// Changes in what servers send.
fn sent(change: Change) -> Effect {
    let unknown = (Clients::StrictBreak, "clients that refuse values they do not know fail");
    match change {
        Change::MemberRemoved => both(GONE, STOP),
        Change::MemberAdded { optional: true } => {
            both((Clients::Fine, "clients ignore members that they do not know"), (false, "servers may leave it out"))
        }
        Change::MemberAdded { optional: false } => {
            both((Clients::Fine, "clients ignore members that they do not know"), PROVIDE)
        }
        Change::MemberMandatory => both(READ_OLD, PROVIDE),
        Change::MemberOptional => {
            both((Clients::Break, "clients that rely on it may not get it"), (false, "servers may go on to send it"))
        }
        Change::ValueRemoved | Change::BranchRemoved | Change::AlternativeRemoved => both(NEVER_SENT, STOP),
        Change::ValueAdded | Change::BranchAdded => both(unknown, (false, "servers need not send it")),
        Change::AlternativeAdded => {
            both((Clients::Break, "clients do not expect this JSON type"), (false, "servers need not send it"))
        }
        Change::Type(Values { keeps: true, adds_none: true, .. }) => fine("it has the same values"),
        Change::Type(Values { keeps, adds_none, opens }) => {
            let clients = match (adds_none, opens) {
                (true, _) => READ_OLD,
                (false, true) => unknown,
                (false, false) => (Clients::Break, "clients do not expect these values"),
            };
            both(clients, if keeps { (false, "servers may send what they did") } else { PROVIDE })
        }
        _ => fine(""),
    }
}
