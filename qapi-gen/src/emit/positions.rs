//! Positions in tables some of whose entries may be compiled out.
//!
//! A table leaves out what does not exist, so what follows moves up. Generated code keeps counting as the schema does
//! and looks up which of its own numbers stands at a position. Without conditions there is no such table.

use super::gate::Gate;
use super::text::{Text, open};

/// The entries of one table.
#[derive(Debug)]
pub(crate) struct Positions<'g> {
    gates: Vec<&'g Gate>,
    conditional: bool,
}

impl<'g> Positions<'g> {
    /// Entries that exist under these conditions, in order.
    pub(crate) fn new(gates: impl IntoIterator<Item = &'g Gate>) -> Self {
        let gates: Vec<_> = gates.into_iter().collect();
        let conditional = gates.iter().any(|gate| gate.is_conditional());
        Self { gates, conditional }
    }

    /// True when an entry may be compiled out.
    pub(crate) fn conditional(&self) -> bool {
        self.conditional
    }

    /// True when nothing is sure to exist.
    pub(crate) fn may_be_empty(&self) -> bool {
        !self.gates.contains(&&Gate::Always)
    }

    /// Begins a `match` on the entry at `position`; the arms are those of [`Positions::pattern`].
    pub(crate) fn open_match(&self, text: &mut Text, position: &str) {
        if self.conditional {
            text.list(format_args!("const KEPT: &[usize] = &["), self.numbers(), "];");
            open!(text, "match KEPT.get({position})");
        } else {
            open!(text, "match {position}");
        }
    }

    /// The pattern for entry `number`.
    pub(crate) fn pattern(&self, number: usize) -> String {
        if self.conditional { format!("Some({number})") } else { number.to_string() }
    }

    /// The numbers of the entries that exist, as items of a list.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = (usize, &'g Gate)> + '_ {
        self.gates.iter().copied().enumerate()
    }

    /// The numbers of the entries that exist, as an expression; `None` when they are their positions.
    pub(crate) fn kept(&self) -> Option<String> {
        let number = |(number, gate): (usize, &Gate)| match gate {
            gate if gate.is_conditional() => format!("#[cfg({gate})] {number}"),
            _ => number.to_string(),
        };
        self.conditional.then(|| format!("&[{}]", self.numbers().map(number).collect::<Vec<_>>().join(", ")))
    }

    /// When no entry exists at all.
    pub(crate) fn nothing(&self) -> Gate {
        self.gates.iter().fold(Gate::Never, |gate, entry| gate.or((*entry).clone())).not()
    }
}
