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
            let numbers = self.gates.iter().copied().enumerate();
            text.list(format_args!("const KEPT: &[usize] = &["), numbers, "];");
            open!(text, "match KEPT.get({position})");
        } else {
            open!(text, "match {position}");
        }
    }

    /// The pattern for entry `number`.
    pub(crate) fn pattern(&self, number: usize) -> String {
        if self.conditional { format!("Some({number})") } else { number.to_string() }
    }

    /// Where entry `number` stands if it exists, as a constant expression.
    pub(crate) fn position(&self, number: usize) -> String {
        let before = self.gates.iter().take(number);
        let sure = before.clone().filter(|gate| !gate.is_conditional()).count();
        let mut sum = sure.to_string();
        for gate in before.filter(|gate| gate.is_conditional()) {
            sum.push_str(&format!(" + {} as usize", gate.expression()));
        }
        sum
    }

    /// When no entry exists at all.
    pub(crate) fn nothing(&self) -> Gate {
        self.gates.iter().fold(Gate::Never, |gate, entry| gate.or((*entry).clone())).not()
    }
}
