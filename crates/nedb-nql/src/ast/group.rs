//! GROUP BY, the aggregates, and the columns that their rows have.

use nedb_types::FieldPath;

use crate::print::column_name;

/// Puts rows together and counts or sums them; `C` is the condition after HAVING.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Aggregate, Grouping};
/// use nedb_types::FieldPath;
///
/// let by_miner = Grouping {
///     by: vec![FieldPath::field("miner")],
///     aggregates: vec![Aggregate::Sum(FieldPath::field("fee"))],
///     having: (),
/// };
/// assert_eq!(by_miner.columns(), ["miner", "count", "sum_fee"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping<C> {
    /// The fields whose values make a group; none makes one group of all rows.
    pub by: Vec<FieldPath>,
    /// What is computed of each group, in the order of writing.
    pub aggregates: Vec<Aggregate>,
    /// Which groups stay.
    pub having: C,
}

impl<C> Grouping<C> {
    /// Returns the names of the columns of a row, in order.
    ///
    /// The group fields come first under their paths, then `count` if there are group fields or COUNT was written, then the
    /// other aggregates as they were written.
    pub fn columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = self.by.iter().map(column_name).collect();
        if self.has_count() {
            columns.push(Aggregate::Count.column());
        }
        columns.extend(self.measures().map(Aggregate::column));
        columns
    }

    /// Returns whether rows have the column `count`.
    pub fn has_count(&self) -> bool {
        !self.by.is_empty() || self.aggregates.contains(&Aggregate::Count)
    }

    /// Goes over the aggregates other than COUNT.
    pub fn measures(&self) -> impl Iterator<Item = &Aggregate> {
        self.aggregates.iter().filter(|aggregate| **aggregate != Aggregate::Count)
    }
}

/// Is one figure of a group.
///
/// # Examples
///
/// ```
/// use nedb_nql::Aggregate;
/// use nedb_types::FieldPath;
///
/// assert_eq!(Aggregate::Avg(FieldPath::field("fee")).column(), "avg_fee");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aggregate {
    /// Counts the rows.
    Count,
    /// Counts the rows in which a field is there and not null.
    CountOf(FieldPath),
    /// Adds the numbers of a field; 0 when there are none.
    Sum(FieldPath),
    /// Divides the sum by how many numbers there are; null when there are none.
    Avg(FieldPath),
    /// Takes the least value that is not null, in the total order.
    Min(FieldPath),
    /// Takes the greatest value that is not null, in the total order.
    Max(FieldPath),
}

impl Aggregate {
    /// Returns the name of its column.
    pub fn column(&self) -> String {
        match self.path() {
            Some(path) => format!("{}_{}", self.word().to_lowercase(), column_name(path)),
            None => self.word().to_lowercase(),
        }
    }

    /// Returns the keyword.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Count | Self::CountOf(_) => "COUNT",
            Self::Sum(_) => "SUM",
            Self::Avg(_) => "AVG",
            Self::Min(_) => "MIN",
            Self::Max(_) => "MAX",
        }
    }

    /// Returns the field that it reads.
    pub const fn path(&self) -> Option<&FieldPath> {
        match self {
            Self::Count => None,
            Self::CountOf(path) | Self::Sum(path) | Self::Avg(path) | Self::Min(path) | Self::Max(path) => Some(path),
        }
    }
}
