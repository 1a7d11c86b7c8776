//! Guesses what a misspelt name was meant to be.

/// The candidate that `name` most probably stands for, if one is close enough.
pub(crate) fn similar<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let allowed = (name.len() / 3).clamp(1, 3);
    let near = candidates.filter(|candidate| candidate.len().abs_diff(name.len()) <= allowed);
    let rated = near.map(|candidate| (distance(name, candidate), candidate));
    let best = rated.filter(|(distance, _)| *distance <= allowed).min()?;
    Some(best.1)
}

/// Number of letters to change, insert or remove; case does not count.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(!x.eq_ignore_ascii_case(y));
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
