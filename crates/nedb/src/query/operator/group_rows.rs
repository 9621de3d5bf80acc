//! HAVING and ORDER BY over groups, and groups as rows.

use std::cmp::Ordering;

use nedb_nql::{FieldRef, Fields, Grouping, OrderKey, Predicate, column_name, order_rows};
use nedb_types::{FieldPath, Result, Value};

use super::project::Projection;
use crate::query::QueryRow;

/// One group with the names of its columns.
struct GroupRow<'g> {
    columns: &'g [String],
    values: &'g [Value],
}

impl Fields for GroupRow<'_> {
    fn field(&self, path: &FieldPath) -> Result<Option<FieldRef<'_>>> {
        Ok(self.column(path).map(FieldRef::Built))
    }
}

impl<'g> GroupRow<'g> {
    fn column(&self, path: &FieldPath) -> Option<&'g Value> {
        let name = column_name(path);
        let position = self.columns.iter().position(|column| *column == name)?;
        self.values.get(position)
    }
}

/// The rows of those groups that HAVING keeps, in the order of ORDER BY; equal ones stay in the order of the groups.
pub(crate) fn rows(
    order: &[OrderKey],
    grouping: &Grouping<Predicate>,
    groups: Vec<Vec<Value>>,
    projection: &Projection,
) -> Result<Vec<QueryRow>> {
    let columns = grouping.columns();
    let mut kept = Vec::with_capacity(groups.len());
    for values in groups {
        if grouping.having.matches(&GroupRow { columns: &columns, values: &values })? {
            kept.push(values);
        }
    }
    kept.sort_by(|a, b| compare(&columns, order, a, b));
    kept.into_iter().map(|values| projection.group_row(&columns, values).map(QueryRow::made)).collect()
}

fn compare(columns: &[String], order: &[OrderKey], a: &[Value], b: &[Value]) -> Ordering {
    let column = |values, by: &OrderKey| GroupRow { columns, values }.column(&by.path).unwrap_or(&Value::Null);
    let mut orders = order.iter().map(|by| order_rows(column(a, by), column(b, by), by.direction));
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
