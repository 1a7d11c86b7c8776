//! Figures of several subjects beside each other: one row per measure, one column per subject.

use std::fmt;

/// Rows of cells under a title; the first column is aligned to the left, the others to the right.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    title: String,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A grid with the names of its columns; that of the first, the measures, is left empty.
    #[must_use]
    pub fn new(title: impl Into<String>, columns: &[&str]) -> Self {
        let header = std::iter::once("").chain(columns.iter().copied()).map(str::to_owned).collect();
        Self { title: title.into(), rows: vec![header] }
    }

    /// Adds a row: the measure's name and its cells, in the order of the columns.
    pub fn row(&mut self, name: &str, cells: impl IntoIterator<Item = String>) {
        self.rows.push(std::iter::once(name.to_owned()).chain(cells).collect());
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows.iter().filter_map(|row: &Vec<String>| row.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        writeln!(f, "{}", self.title)?;
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                match column {
                    0 => line += &format!("{cell:width$}"),
                    _ => line += &format!("  {cell:>width$}"),
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut grid = Grid::new("title", &["one", "two"]);
        grid.row("measure", ["1".to_owned(), "22222".to_owned()]);
        grid.row("m", ["10".to_owned()]);
        assert_eq!(grid.to_string(), "title\n         one    two\nmeasure    1  22222\nm         10\n");
    }
}
