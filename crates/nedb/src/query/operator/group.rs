//! GROUP BY and the aggregates.
//!
//! While rows come in, a group is found by the bytes of its values as they are stored, so that nothing is allocated for a
//! group that is known. At the end the groups are put in order, and those whose values are equal but written differently,
//! such as 1 and 1.0, become one.

use std::cmp::Ordering;

use hashbrown::HashMap;
use nedb_nql::{
    Aggregate, FieldRef, Fields, SortDirection,
    aggregate::{Accumulator, compare_forms},
    order_rows,
};
use nedb_types::{FieldPath, Result, Value, ValueRef, document::encode_value};

use super::collect::Collector;
use crate::query::{field::read_value, guard::Guard, view::DocumentView};

/// One group.
#[derive(Clone, Debug)]
struct Group {
    values: Vec<Value>,
    count: u64,
    figures: Vec<Accumulator>,
}

/// Takes rows in any order and gives one row for each group.
pub(crate) struct Groups {
    by: Vec<FieldPath>,
    measures: Vec<Aggregate>,
    has_count: bool,
    positions: HashMap<Box<[u8]>, usize>,
    found: Vec<Group>,
    /// The key of the row at hand.
    key: Vec<u8>,
}

impl Groups {
    /// Begins without rows; `measures` are the aggregates other than COUNT.
    pub(crate) fn new(by: &[FieldPath], measures: Vec<Aggregate>, has_count: bool) -> Self {
        let (positions, key) = (HashMap::new(), Vec::new());
        let mut groups = Self { by: by.to_vec(), measures, has_count, positions, found: Vec::new(), key };
        if by.is_empty() {
            // Aggregates alone give a row even of nothing.
            groups.positions.insert(Box::default(), 0);
            groups.found.push(groups.empty_group(Vec::new()));
        }
        groups
    }

    fn empty_group(&self, values: Vec<Value>) -> Group {
        Group { values, count: 0, figures: self.measures.iter().map(Accumulator::new).collect() }
    }

    /// Takes one row, be it a document or a joined row.
    pub(crate) fn take(&mut self, row: &impl Fields, guard: &Guard) -> Result<()> {
        self.key.clear();
        for path in &self.by {
            match row.field(path)? {
                Some(FieldRef::Stored(value)) => push_key(&mut self.key, &value)?,
                Some(FieldRef::Built(value)) => push_value_key(&mut self.key, value)?,
                None => push_key(&mut self.key, &ValueRef::Null)?,
            }
        }
        let position = match self.positions.get(self.key.as_slice()) {
            Some(position) => *position,
            None => self.begin_group(row, guard)?,
        };
        let Some(group) = self.found.get_mut(position) else { return Ok(()) };
        group.count += 1;
        for (aggregate, figure) in self.measures.iter().zip(&mut group.figures) {
            if let Some(path) = aggregate.path()
                && let Some(value) = row.field(path)?
            {
                guard.grow(figure.growth_bytes(&value))?;
                figure.add(&value)?;
            }
        }
        Ok(())
    }

    fn begin_group(&mut self, row: &impl Fields, guard: &Guard) -> Result<usize> {
        let values: Vec<Value> = self.by.iter().map(|path| read_value(row, path)).collect::<Result<_>>()?;
        let group = self.empty_group(values);
        let values: usize = group.values.iter().map(Value::memory_bytes).sum();
        guard
            .grow(size_of::<Group>() + values + self.key.len() + 32 + group.figures.len() * size_of::<Accumulator>())?;
        let position = self.found.len();
        self.found.push(group);
        self.positions.insert(self.key.as_slice().into(), position);
        Ok(position)
    }

    /// The rows of the groups in their order: the group's values, the count if it is shown, the other figures.
    pub(crate) fn finish(self) -> Result<Vec<Vec<Value>>> {
        let has_count = self.has_count;
        let mut groups = self.found;
        groups.sort_by(compare_groups);
        let mut joined: Vec<Group> = Vec::with_capacity(groups.len());
        for group in groups {
            match joined.last_mut() {
                Some(last) if compare_groups(last, &group).is_eq() => last.join(group)?,
                _ => joined.push(group),
            }
        }
        Ok(joined.into_iter().map(|group| group.into_row(has_count)).collect())
    }
}

impl Collector for Groups {
    fn add(&mut self, view: &DocumentView<'_>, guard: &Guard) -> Result<()> {
        self.take(view, guard)
    }

    fn join(&mut self, other: Self, _guard: &Guard) -> Result<()> {
        let mut groups: Vec<Option<Group>> = other.found.into_iter().map(Some).collect();
        for (key, position) in other.positions {
            let Some(theirs) = groups.get_mut(position).and_then(Option::take) else { continue };
            if let Some(mine) = self.positions.get(&key).and_then(|mine| self.found.get_mut(*mine)) {
                mine.join(theirs)?;
            } else {
                self.positions.insert(key, self.found.len());
                self.found.push(theirs);
            }
        }
        Ok(())
    }
}

fn compare_groups(a: &Group, b: &Group) -> Ordering {
    let mut orders = a.values.iter().zip(&b.values).map(|(a, b)| order_rows(a, b, SortDirection::Ascending));
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

impl Group {
    fn join(&mut self, other: Self) -> Result<()> {
        self.count += other.count;
        for (mine, theirs) in self.values.iter_mut().zip(other.values) {
            keep_plainer(mine, theirs)?;
        }
        for (mine, theirs) in self.figures.iter_mut().zip(other.figures) {
            mine.join(theirs)?;
        }
        Ok(())
    }

    fn into_row(self, has_count: bool) -> Vec<Value> {
        let mut row = self.values;
        if has_count {
            row.push(Value::from(self.count));
        }
        row.extend(self.figures.into_iter().map(Accumulator::finish));
        row
    }
}

/// Of two values that sort alike, keeps the one whose form comes first, so that the choice depends on no order.
fn keep_plainer(mine: &mut Value, theirs: Value) -> Result<()> {
    if compare_forms(&theirs, mine)?.is_lt() {
        *mine = theirs;
    }
    Ok(())
}

/// Appends a stored value so that different stored values have different keys, and none is the beginning of another.
fn push_key(key: &mut Vec<u8>, value: &ValueRef<'_>) -> Result<()> {
    match value {
        ValueRef::Null => key.push(0),
        ValueRef::Bool(value) => key.push(1 + u8::from(*value)),
        ValueRef::I64(integer) => {
            key.push(3);
            key.extend_from_slice(&integer.to_le_bytes());
        }
        ValueRef::F64(float) => {
            key.push(4);
            key.extend_from_slice(&float.get().to_bits().to_le_bytes());
        }
        ValueRef::String(text) => push_sized(key, 5, text.as_bytes()),
        other => return push_value_key(key, &other.to_value()?),
    }
    Ok(())
}

fn push_value_key(key: &mut Vec<u8>, value: &Value) -> Result<()> {
    push_sized(key, 6, &encode_value(value)?);
    Ok(())
}

fn push_sized(key: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    key.push(tag);
    key.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    key.extend_from_slice(bytes);
}
