//! Many runs of several subjects, in turns, so that a noisy minute meets all of them.

use std::io::IsTerminal as _;

use crate::{ChildError, Cost};

/// Something that can be run over and over.
pub struct Subject<'a> {
    /// What it is called in the table.
    pub name: String,
    run: Box<dyn FnMut() -> Result<Cost, ChildError> + 'a>,
}

impl<'a> Subject<'a> {
    /// A subject of that name; `run` prepares, runs and gives the cost of the run alone.
    pub fn new(name: &str, run: impl FnMut() -> Result<Cost, ChildError> + 'a) -> Self {
        Self { name: name.to_owned(), run: Box::new(run) }
    }
}

/// What the runs of one subject cost, in the order they were made.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// The subject's name.
    pub name: String,
    /// One per run.
    pub costs: Vec<Cost>,
}

impl Series {
    /// The middle one of what `part` takes from the costs; of an even number the lower of the two.
    pub fn median<T: Ord + Copy>(&self, part: impl Fn(&Cost) -> T) -> Option<T> {
        let mut values: Vec<T> = self.costs.iter().map(part).collect();
        values.sort_unstable();
        values.get(values.len().saturating_sub(1) / 2).copied()
    }

    /// The least of what `part` takes from the costs.
    pub fn least<T: Ord>(&self, part: impl Fn(&Cost) -> T) -> Option<T> {
        self.costs.iter().map(part).min()
    }
}

/// Runs every subject `rounds` times in turns; tells on stderr how far it is.
///
/// A subject that fails is left out from there on, with its reason on stderr.
pub fn interleave(subjects: Vec<Subject<'_>>, rounds: usize) -> Vec<Series> {
    let mut series: Vec<_> = subjects.iter().map(|s| Series { name: s.name.clone(), costs: Vec::new() }).collect();
    let mut subjects: Vec<_> = subjects.into_iter().map(Some).collect();
    for round in 1..=rounds {
        for (slot, series) in subjects.iter_mut().zip(&mut series) {
            let Some(subject) = slot else { continue };
            progress(&format!("round {round} of {rounds}: {}", subject.name));
            match (subject.run)() {
                Ok(cost) => series.costs.push(cost),
                Err(error) => {
                    progress("");
                    eprintln!("skipped: {}: {error}", subject.name);
                    *slot = None;
                }
            }
        }
    }
    progress("");
    series
}

/// Shows `text` instead of what was shown before, to somebody who watches.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn runs_take_turns_and_the_middle_counts() {
        let order = std::cell::RefCell::new(String::new());
        let subject = |name: &'static str, walls: [u64; 3]| {
            let mut walls = walls.into_iter();
            let order = &order;
            Subject::new(name, move || {
                order.borrow_mut().push_str(name);
                let wall = Duration::from_millis(walls.next().unwrap());
                Ok(Cost { wall, cpu: wall, peak: 1 })
            })
        };
        let series = interleave(vec![subject("a", [5, 1, 9]), subject("b", [2, 2, 3])], 3);
        assert_eq!(*order.borrow(), "ababab");
        assert_eq!(series[0].median(|cost| cost.wall), Some(Duration::from_millis(5)));
        assert_eq!(series[0].least(|cost| cost.wall), Some(Duration::from_millis(1)));
        assert_eq!(series[1].median(|cost| cost.wall), Some(Duration::from_millis(2)));
    }
}
