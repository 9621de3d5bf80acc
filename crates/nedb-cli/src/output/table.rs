//! Columns that line up. Widths are counted in characters, so that names in any script keep their place.

/// On which side of its column a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows of cells, printed when all are known.
pub struct Table {
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Begins a table with these columns.
    pub fn new(aligns: &[Align]) -> Self {
        Self { aligns: aligns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(Vec::from(cells));
    }

    /// The lines, each with this indent; a last column on the left is not padded.
    pub fn lines(&self, indent: &str) -> Vec<String> {
        let widths: Vec<usize> = (0..self.aligns.len()).map(|column| self.width(column)).collect();
        self.rows.iter().map(|row| self.aligned(row, &widths, indent)).collect()
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    }

    fn aligned(&self, row: &[String], widths: &[usize], indent: &str) -> String {
        let mut line = String::from(indent);
        for (position, ((cell, width), align)) in row.iter().zip(widths).zip(&self.aligns).enumerate() {
            if position > 0 {
                line.push_str("  ");
            }
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            match align {
                Align::Left => line.extend([cell.as_str(), &padding]),
                Align::Right => line.extend([&padding, cell.as_str()]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_script() {
        let mut table = Table::new(&[Align::Left, Align::Right, Align::Left]);
        table.row(["ä".into(), "1".into(), "x".into()]);
        table.row(["abc".into(), "22".into(), String::new()]);
        assert_eq!(table.lines("  "), ["  ä     1  x", "  abc  22"]);
    }
}
