//! Series as a table of text.

use std::fmt;
use std::time::Duration;

use crate::Series;

/// Rows under a title.
#[derive(Debug, Clone, Default)]
pub struct Table {
    title: String,
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    series: Series,
    /// CPU time as a part of the rival's.
    ratio: Option<f64>,
    goal: String,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    /// Adds a row, unless the series has no figures; `rival` is what its CPU time is compared with.
    pub fn row(&mut self, series: &Series, rival: Option<&Series>, goal: &str) {
        if series.costs.is_empty() {
            return;
        }
        let cpu = |series: &Series| series.median(|cost| cost.cpu).map(|cpu| cpu.as_secs_f64());
        let ratio = rival.and_then(cpu).zip(cpu(series)).map(|(theirs, ours)| ours / theirs);
        self.rows.push(Row { series: series.clone(), ratio, goal: goal.to_owned() });
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.series.name.chars().count()).max().unwrap_or(0);
        writeln!(f, "{}", self.title)?;
        writeln!(
            f,
            "{:width$} {:>10} {:>10} {:>10} {:>10} {:>9} {:>5} {:>9}  goal",
            "", "wall ms", "least", "CPU ms", "least", "peak MiB", "runs", "CPU ratio"
        )?;
        for Row { series, ratio, goal } in &self.rows {
            let ms =
                |time: Option<Duration>| time.map_or_else(String::new, |t| format!("{:.1}", t.as_secs_f64() * 1e3));
            let peak = series.median(|cost| cost.peak).unwrap_or(0);
            let line = format!(
                "{:width$} {:>10} {:>10} {:>10} {:>10} {:>9} {:>5} {:>9}  {goal}",
                series.name,
                ms(series.median(|cost| cost.wall)),
                ms(series.least(|cost| cost.wall)),
                ms(series.median(|cost| cost.cpu)),
                ms(series.least(|cost| cost.cpu)),
                format!("{}.{}", peak / 1024, peak % 1024 * 10 / 1024),
                series.costs.len(),
                ratio.map_or_else(String::new, |ratio| format!("{ratio:.3}")),
            );
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cost;

    #[test]
    fn a_row_shows_medians_and_the_ratio_to_its_rival() {
        let series = |name: &str, ms: u64| {
            let time = Duration::from_millis(ms);
            Series { name: name.to_owned(), costs: vec![Cost { wall: time, cpu: time, peak: 1536 }] }
        };
        let (ours, theirs, absent) = (series("ours", 10), series("theirs", 40), Series::default());
        let mut table = Table::new("title");
        table.row(&ours, Some(&theirs), "15 ms");
        table.row(&theirs, Some(&absent), "");
        table.row(&absent, None, "never shown");
        let text = table.to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        let words: Vec<_> = lines[2].split_whitespace().collect();
        assert_eq!(words, ["ours", "10.0", "10.0", "10.0", "10.0", "1.5", "1", "0.250", "15", "ms"]);
        assert!(lines[3].ends_with("1.5     1"), "{text}");
    }
}
