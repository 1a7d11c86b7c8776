//! Longer words about every rule: what it asks for, a schema that breaks it, and one that does not.

#[cfg(test)]
mod tests;
mod texts;

pub use texts::EXPLANATIONS;

use std::fmt;

/// Width of the text, in letters.
const WIDTH: usize = 90;

/// What `qapi-gen explain` tells about a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Identifier of the [`Rule`](super::Rule).
    pub id: &'static str,
    /// Release whose dialect the examples are in; empty for the newest.
    pub dialect: &'static str,
    /// What is wrong, why the rule exists, and what to do.
    pub meaning: &'static str,
    /// A schema that breaks the rule; empty where no short text can.
    pub example: &'static str,
    /// The same schema, mended; empty where the mistake is not in the schema itself.
    pub mended: &'static str,
}

/// The explanation of rule `id`.
#[must_use]
pub fn explain(id: &str) -> Option<&'static Explanation> {
    EXPLANATIONS.iter().find(|explanation| explanation.id == id)
}

/// The rule whose identifier is most like `id`, if one is close.
#[must_use]
pub fn nearest(id: &str) -> Option<&'static str> {
    super::similar(id, EXPLANATIONS.iter().map(|explanation| explanation.id))
}

impl fmt::Display for Explanation {
    /// Writes the whole explanation, ended by a newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.id)?;
        let mut column = 0;
        for word in self.meaning.split(' ') {
            let gap = match column {
                0 => "",
                _ if column + 1 + word.len() > WIDTH => "\n",
                _ => " ",
            };
            column = if gap == "\n" { word.len() } else { column + gap.len() + word.len() };
            write!(f, "{gap}{word}")?;
        }
        writeln!(f)?;
        let dialect = if self.dialect.is_empty() { String::new() } else { format!(" (QEMU {})", self.dialect) };
        for (title, text) in [("Wrong", self.example), ("Right", self.mended)] {
            if !text.is_empty() {
                writeln!(f, "\n{title}{dialect}:\n")?;
                text.lines().try_for_each(|line| writeln!(f, "{}", format!("    {line}").trim_end()))?;
            }
        }
        Ok(())
    }
}
