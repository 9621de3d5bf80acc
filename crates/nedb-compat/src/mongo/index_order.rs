//! The order of one field, read from its index, for a sort of which only the first documents are wanted.
//!
//! The engine's order and MongoDB's agree within numbers, texts, booleans, datetimes and object ids, and null and missing are one in both. So
//! each of these classes is a plan of its own with the engine's ORDER BY, begun when its turn comes. Documents whose path leads to an array or
//! through one, and those with an object or binary data, are found by the index as well, sorted here, and merged with the others.
//!
//! ```text
//! null  numbers  texts  object ids  booleans  datetimes      plans in this order (or its reverse), each ordered by the index
//!   └──────┴───────┴────────┴──────────┴─────────┴──┐
//! arrays, objects, binary: one plan, sorted here ───┴── merged by the value, then by the id ──> documents
//! ```

use std::cmp::Ordering;

use nedb::Params;
use nedb_nql::{
    Cut, Expr, FieldRange, FieldTest, OrderKey, Plan, Polarity, Predicate, Query, SortDirection, Test, ValueClass,
};
use nedb_types::{Collection, FieldPath, Object, Result, Value};

use super::{
    aggregate::{Documents, sorted},
    filter::Filter,
    id,
    narrow::{field_path, narrow, narrow_scalars, outer_paths},
    path::Path,
    read::{Matches, Reader},
    sort::{Direction, SortKeys},
};

/// The classes whose values both orders arrange alike, as MongoDB arranges the classes.
const STREAMED: [ValueClass; 6] = [
    ValueClass::Null,
    ValueClass::Number,
    ValueClass::Text,
    ValueClass::ObjectId,
    ValueClass::Boolean,
    ValueClass::DateTime,
];

/// The classes whose values are sorted here.
const SORTED_HERE: [ValueClass; 4] = [ValueClass::Array, ValueClass::Object, ValueClass::Binary, ValueClass::Uuid];

/// The documents in the order of the keys, of which about so many will be taken; `None` when no index gives that order.
pub(super) fn from_index(
    reader: &Reader,
    collection: &str,
    filter: &Filter,
    keys: &SortKeys,
    wanted: u64,
) -> Result<Option<Documents>> {
    let Some((path, direction)) = keys.only() else { return Ok(None) };
    let Some(field) = field_path(path).filter(|field| reader.has_index(collection, field)) else { return Ok(None) };
    let apart = plan(collection, narrow(filter))?;
    let apart = reader.run(restricted(apart, sorted_here(&field)), filter.clone(), None)?;
    let apart = sorted(Box::new(apart.map(|found| Ok(found?.fields))), keys.clone(), Some(wanted), reader)?;
    let mut classes = STREAMED.to_vec();
    if *direction == Direction::Descending {
        classes.reverse();
    }
    let mut ordered = plan(collection, narrow_scalars(filter, path, &field))?;
    ordered.order = vec![OrderKey { path: field.clone(), direction: engine_direction(*direction) }];
    let streamed = Streamed {
        reader: reader.clone(),
        plan: ordered,
        filter: filter.clone(),
        path: path.clone(),
        field,
        classes: classes.into_iter(),
        wanted,
        current: None,
    };
    let mut merged = Merged { keys: keys.clone(), streamed, apart, next_streamed: None, next_apart: None };
    Ok(Some(Box::new(std::iter::from_fn(move || merged.next().transpose()))))
}

const fn engine_direction(direction: Direction) -> SortDirection {
    match direction {
        Direction::Ascending => SortDirection::Ascending,
        Direction::Descending => SortDirection::Descending,
    }
}

fn plan(collection: &str, condition: Option<Expr>) -> Result<Plan> {
    let mut query = Query::all_of(Collection::new(collection)?);
    query.filter = condition;
    query.plan(&Params::new())
}

/// The plan with one more condition.
fn restricted(mut plan: Plan, condition: Predicate) -> Plan {
    plan.filter = match plan.filter {
        filter if filter.is_never() => filter,
        filter if filter.is_always() => condition,
        Predicate::All(mut parts) => {
            parts.push(condition);
            Predicate::All(parts)
        }
        other => Predicate::All(vec![other, condition]),
    };
    plan
}

/// That a field holds a value of a class.
fn is_of(path: &FieldPath, class: ValueClass) -> Predicate {
    let test = match class {
        ValueClass::Null => Test::Equals(Value::Null),
        class => Test::Within(FieldRange { low: Cut::Class(class), high: class.end() }),
    };
    Predicate::Field(FieldTest { path: path.clone(), test, polarity: Polarity::Holds })
}

fn sorted_here(field: &FieldPath) -> Predicate {
    let mut parts: Vec<Predicate> = SORTED_HERE.into_iter().map(|class| is_of(field, class)).collect();
    for outer in outer_paths(field) {
        parts.push(Predicate::All(vec![is_of(field, ValueClass::Null), is_of(&outer, ValueClass::Array)]));
    }
    Predicate::Any(parts)
}

/// The documents of one class after the other, in the order of the index.
struct Streamed {
    reader: Reader,
    plan: Plan,
    filter: Filter,
    path: Path,
    field: FieldPath,
    /// The classes that are left.
    classes: std::vec::IntoIter<ValueClass>,
    wanted: u64,
    current: Option<(ValueClass, Matches)>,
}

impl Streamed {
    fn next(&mut self) -> Result<Option<Object>> {
        loop {
            let Some((class, matches)) = &mut self.current else {
                let Some(class) = self.classes.next() else { return Ok(None) };
                let plan = restricted(self.plan.clone(), is_of(&self.field, class));
                self.current = Some((class, self.reader.run(plan, self.filter.clone(), Some(self.wanted))?));
                continue;
            };
            match matches.next().transpose()? {
                // A missing value behind an array is one of those that are sorted apart.
                Some(found) if *class == ValueClass::Null && is_through_array(&found.fields, &self.path) => {}
                Some(found) => return Ok(Some(found.fields)),
                None => self.current = None,
            }
        }
    }
}

/// Whether a path leads into an array before its end.
fn is_through_array(document: &Object, path: &Path) -> bool {
    (1..path.parts().len()).any(|length| is_array_at(document, path, length))
}

/// Whether the first parts of a path lead to an array.
fn is_array_at(document: &Object, path: &Path, length: usize) -> bool {
    let mut parts = path.parts().iter().take(length);
    let Some(first) = parts.next().and_then(|part| document.get(&part.name)) else { return false };
    let end = parts.try_fold(first, |value, part| value.as_object()?.get(&part.name));
    end.is_some_and(|value| value.as_array().is_some())
}

/// Two orders that become one.
struct Merged {
    keys: SortKeys,
    streamed: Streamed,
    apart: Documents,
    next_streamed: Option<Object>,
    next_apart: Option<Object>,
}

impl Merged {
    fn next(&mut self) -> Result<Option<Object>> {
        if self.next_streamed.is_none() {
            self.next_streamed = self.streamed.next()?;
        }
        if self.next_apart.is_none() {
            self.next_apart = self.apart.next().transpose()?;
        }
        let is_apart_first = match (&self.next_streamed, &self.next_apart) {
            (Some(streamed), Some(apart)) => self.compare(apart, streamed)?.is_lt(),
            (streamed, _) => streamed.is_none(),
        };
        Ok(if is_apart_first { self.next_apart.take() } else { self.next_streamed.take() })
    }

    /// Ties go by the engine's id, as they do everywhere.
    fn compare(&self, left: &Object, right: &Object) -> Result<Ordering> {
        let by_keys = self.keys.compare(&self.keys.rank(left), &self.keys.rank(right));
        if by_keys.is_ne() {
            return Ok(by_keys);
        }
        let key = |document: &Object| id::key_of(document.get("_id").unwrap_or(&Value::Null));
        Ok(key(left)?.cmp(&key(right)?))
    }
}
