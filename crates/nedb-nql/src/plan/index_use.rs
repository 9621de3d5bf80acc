//! Which values of a field an index must be asked for to answer a test.

use std::cmp::Ordering;

use nedb_types::{FieldPath, Value};

use super::{Cut, FieldRange, FieldTest, Polarity, Predicate, Test, ValueClass};

/// Says how an ordered index on a field can serve a condition.
///
/// Null stands for missing fields too, so an index that is asked for null must list the rows without the field.
///
/// # Examples
///
/// ```
/// use nedb_nql::{BoundStatement, IndexKeys, Params, parse};
///
/// let bound = parse("FROM blocks WHERE height BETWEEN 5 AND 7")?.bind(&Params::new())?;
/// let BoundStatement::Query(plan) = bound else { unreachable!() };
/// let index_use = plan.filter.conjuncts()[0].index_use().unwrap();
/// assert_eq!(index_use.path.to_string(), "height");
/// assert!(index_use.is_exact);
/// assert!(matches!(index_use.keys, IndexKeys::Range(_)));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexUse<'a> {
    /// The field that must be indexed.
    pub path: &'a FieldPath,
    /// The values to look up.
    pub keys: IndexKeys<'a>,
    /// Whether every row found satisfies the condition, so that it need not be tested again.
    pub is_exact: bool,
}

/// Says which values an index is asked for.
///
/// # Examples
///
/// ```
/// use nedb_nql::IndexKeys;
/// use nedb_types::Value;
///
/// let values = [Value::from(1), Value::from(2)];
/// assert_eq!(IndexKeys::Points(&values), IndexKeys::Points(&values));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexKeys<'a> {
    /// Asks for single values, sorted and different.
    Points(&'a [Value]),
    /// Asks for all values between two places.
    Range(FieldRange),
}

impl Predicate {
    /// Returns how an index on one field could serve this condition; `None` when none could.
    pub fn index_use(&self) -> Option<IndexUse<'_>> {
        match self {
            Self::Field(test) => test.index_use(),
            Self::All(_) | Self::Any(_) => None,
        }
    }
}

impl FieldTest {
    /// Returns how an index on the field could serve this test; `None` when it could not.
    pub fn index_use(&self) -> Option<IndexUse<'_>> {
        let (keys, is_exact) = match (&self.test, self.polarity) {
            (Test::Equals(value), Polarity::Holds) => (IndexKeys::Points(std::slice::from_ref(value)), true),
            (Test::OneOf(values), Polarity::Holds) => (IndexKeys::Points(values), true),
            (Test::Within(range), Polarity::Holds) => (IndexKeys::Range(range.clone()), true),
            (Test::Like(pattern), Polarity::Holds) => {
                let prefix = pattern.prefix()?;
                (IndexKeys::Range(prefix_range(&prefix)), pattern.is_prefix_only())
            }
            (Test::Equals(Value::Null), Polarity::Fails) => {
                (IndexKeys::Range(FieldRange { low: ValueClass::Null.end(), high: Cut::End }), true)
            }
            _ => return None,
        };
        Some(IndexUse { path: &self.path, keys, is_exact })
    }
}

/// Returns the range of the texts that begin so.
fn prefix_range(prefix: &str) -> FieldRange {
    let low = Cut::Before(Value::from(prefix));
    let mut next: Vec<char> = prefix.chars().collect();
    while let Some(last) = next.pop() {
        let after = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(after) = after {
            next.push(after);
            return FieldRange { low, high: Cut::Before(Value::String(next.into_iter().collect())) };
        }
    }
    FieldRange { low, high: ValueClass::Text.end() }
}

/// Sorts values in the total order and keeps one of those that are equal.
pub(super) fn sort_values(values: &mut Vec<Value>) {
    values.sort_by(Value::cmp_total);
    values.dedup_by(|later, earlier| later.cmp_total(earlier) == Ordering::Equal);
}
