//! The order of rows under ORDER BY.

use std::cmp::Ordering;

use nedb_types::Value;

use crate::ast::SortDirection;

/// Compares two keys of ORDER BY; a missing field comes as null.
///
/// Values follow their total order, except that null comes last ascending, and so first descending. Ties are for the
/// caller to break by id, ascending in either direction.
///
/// # Examples
///
/// ```
/// use nedb_nql::{SortDirection, order_rows};
/// use nedb_types::Value;
///
/// assert!(order_rows(&Value::from(1), &Value::Null, SortDirection::Ascending).is_lt());
/// assert!(order_rows(&Value::from(1), &Value::Null, SortDirection::Descending).is_gt());
/// ```
pub fn order_rows(left: &Value, right: &Value, direction: SortDirection) -> Ordering {
    let is_null = |value: &Value| *value == Value::Null;
    let ascending = is_null(left).cmp(&is_null(right)).then_with(|| left.cmp_total(right));
    match direction {
        SortDirection::Ascending => ascending,
        SortDirection::Descending => ascending.reverse(),
    }
}
