//! From the rows of a plan to the rows of a statement: names that AS gives, the fields of `t.*`, and SUM of nothing.
//!
//! This is the face's own: a plan names its columns by itself, and its SUM of no number is 0 where SQL's is null.

use std::{cmp::Ordering, collections::BTreeMap, mem::take};

use nedb::Rows;
use nedb_nql::{OrderKey, column_name, order_rows};
use nedb_types::{DocumentBuf, DocumentRef, Object, Result, Value, ValueRef, document::DocumentBuilder};

use super::answer::SqlRows;

/// How a row is made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shape {
    /// What it shows; none when it is the row of the plan as it is.
    pub(super) columns: Option<Vec<Shown>>,
    /// The columns of sums, each with the column of the mean, which is null when there was nothing to add.
    pub(super) sums: BTreeMap<String, String>,
}

/// One column of a row, or several.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shown {
    /// The column of the plan under a name.
    Column { from: String, name: String },
    /// The fields of the document in a column of the plan.
    Fields { from: String },
}

impl Shape {
    /// The row of the statement.
    pub(super) fn row(&self, row: DocumentBuf) -> Result<DocumentBuf> {
        let Some(columns) = &self.columns else { return Ok(row) };
        let document = row.as_document();
        if columns.iter().any(|shown| matches!(shown, Shown::Fields { .. })) {
            return self.spread(&document, columns);
        }
        let mut builder = DocumentBuilder::new();
        builder.begin_object()?;
        for shown in columns {
            if let Shown::Column { from, name } = shown {
                builder.key(name)?;
                builder.value(&self.value(&document, from)?)?;
            }
        }
        builder.end()?;
        builder.finish()
    }

    /// A row in which documents lie open: a column that is named takes the place of a field of that name.
    fn spread(&self, document: &DocumentRef<'_>, columns: &[Shown]) -> Result<DocumentBuf> {
        let mut row = Object::new();
        for shown in columns {
            if let Shown::Fields { from } = shown
                && let Some(ValueRef::Object(fields)) = document.get(from)?
            {
                for field in fields.iter() {
                    let (name, value) = field?;
                    row.insert(name, value.to_value()?);
                }
            }
        }
        for shown in columns {
            if let Shown::Column { from, name } = shown {
                row.insert(name.as_str(), self.value(document, from)?);
            }
        }
        DocumentBuf::from_object(&row)
    }

    /// The value of a column of the plan, as SQL means it.
    fn value(&self, document: &DocumentRef<'_>, from: &str) -> Result<Value> {
        if let Some(mean) = self.sums.get(from)
            && matches!(document.get(mean)?, Some(ValueRef::Null))
        {
            return Ok(Value::Null);
        }
        document.get(from)?.map_or(Ok(Value::Null), |value| value.to_value())
    }

    /// Takes the order out of a plan that would take a sum of nothing for 0, and with it the bounds behind it.
    pub(super) fn hold(&self, order: &mut Vec<OrderKey>, offset: &mut u64, limit: &mut Option<u64>) -> Option<Held> {
        let is_by_sum = order.iter().any(|key| self.sums.contains_key(&column_name(&key.path)));
        is_by_sum.then(|| Held { order: take(order), offset: take(offset), limit: limit.take() })
    }

    /// The rows of the statement; those that were held are put in order first.
    pub(super) fn rows(self, mut rows: Rows, held: Option<Held>) -> Result<SqlRows> {
        let Some(Held { order, offset, limit }) = held else { return Ok(SqlRows::of(rows, self)) };
        let mut ranked = Vec::new();
        for row in rows.by_ref() {
            let row = row?;
            let document = row.document().as_document();
            let keys = order.iter().map(|key| self.value(&document, &column_name(&key.path)));
            ranked.push((keys.collect::<Result<Vec<_>>>()?, row));
        }
        ranked.sort_by(|(a, _), (b, _)| {
            let mut orders = a.iter().zip(b).zip(&order).map(|((a, b), key)| order_rows(a, b, key.direction));
            orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
        let bound = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let sorted = ranked.into_iter().skip(bound(offset)).take(limit.map_or(usize::MAX, bound));
        Ok(SqlRows::held(sorted.map(|(_, row)| row).collect(), rows.course(), self))
    }
}

/// What the face does in the place of the plan.
pub(super) struct Held {
    order: Vec<OrderKey>,
    offset: u64,
    limit: Option<u64>,
}
