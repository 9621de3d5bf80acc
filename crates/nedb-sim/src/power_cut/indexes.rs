//! Indexes that come and go during a life: which definitions must be there, and that what they show is what the list shows.
//!
//! A definition that was acknowledged under the safest mode survives everything. Others may be there or not; what a recovery
//! finds is from then on known.

use std::collections::BTreeMap;

use nedb::{AsOf, Database, Durability, IndexKind, IndexOrigin, QueryOptions, Seq, Snapshot, Value, ValueRange};

use super::life::Life;
use crate::{
    check::is_same,
    oracle::{Moment, Oracle, Sight},
    violation::{Verdict, Violation, expect_equal},
};

/// A collection and a field of its documents.
pub type Place = (&'static str, &'static str);

/// Whether an index is there; `None` when nobody knows.
pub(crate) type Indexes = BTreeMap<Place, Option<bool>>;

/// Fields that documents of the workload have: numbers, and texts that are longer than an index key.
pub(crate) const FIELDS: [&str; 2] = ["n", "t"];

impl Life {
    /// Makes an index or drops it.
    pub(super) fn change_index(&mut self, db: &Database, place: Place, is_made: bool) -> Verdict {
        // A definition is a commit without operations, and times of commits never go back: nor do the clocks, further than here.
        self.oracle.created_us = self.oracle.created_us.max(self.now_us());
        let changed = if is_made {
            db.create_index(place.0, place.1, IndexKind::Ordered).map(|_| true)
        } else {
            db.drop_index(place.0, place.1, None)
        };
        // Where nothing was dropped nothing is learned: a definition whose commit failed may still come to light.
        if !matches!(changed, Ok(false)) {
            let is_certain = changed.is_ok() && self.durability == Durability::Sync;
            self.indexes.insert(place, is_certain.then_some(is_made));
        }
        let changed = changed.map(|_| ());
        self.tolerate("a change of the indexes", changed)
    }

    /// Compares the definitions that a recovery found, and what each index shows.
    pub(super) fn compare_indexes(&mut self, db: &Database) -> Verdict {
        let infos = db.indexes();
        for (place, known) in &mut self.indexes {
            let is_it = |info: &nedb::IndexInfo| {
                info.origin == IndexOrigin::Explicit && (info.collection.as_str(), info.field.as_str()) == *place
            };
            let is_there = infos.iter().any(is_it);
            if let Some(known) = known {
                expect_equal(format!("whether there is an index on {place:?}"), &is_there, known)?;
            }
            *known = Some(is_there);
        }
        for (place, _) in self.indexes.iter().filter(|(_, known)| **known == Some(true)) {
            db.wait_for_index(place.0, place.1, IndexKind::Ordered, &mut |_| ())?;
            let during = |wrong: Violation| wrong.during(format!("the index on {place:?}"));
            let head = self.oracle.head(nedb_io::Clock::wall_us(self.machine.clock.as_ref()));
            self.tally.indexes += 1;
            compare_index(&db.snapshot(), &self.oracle, head, *place).map_err(during)?;
            let seq = self.dice.below(self.oracle.size() + 1);
            let snapshot = db.snapshot_at(AsOf::Seq(Seq::new(seq)))?;
            compare_index(&snapshot, &self.oracle, self.oracle.after(seq, head.time_us), *place).map_err(during)?;
        }
        Ok(())
    }
}

/// Walks an index from end to end and asks a query about its upper half.
fn compare_index(snapshot: &Snapshot, oracle: &Oracle, moment: Moment, (collection, field): Place) -> Verdict {
    let mut expected = Vec::new();
    for sight in oracle.rows(collection, moment) {
        let value = sight.document.as_document().to_value()?;
        let value = value.as_object().and_then(|document| document.get(field)).cloned().unwrap_or_default();
        expected.push((value, sight));
    }
    expected.sort_by(|(a, one), (b, other)| a.cmp_total(b).then_with(|| one.id.cmp(other.id)));
    let Some(rows) = snapshot.index_scan(collection, field, &ValueRange::all())? else {
        return Err(Violation::new("it is not there after it was waited for"));
    };
    let mut shown = 0;
    for (row, sight) in rows.zip(expected.iter().map(Some).chain(std::iter::repeat(None))) {
        let row = row?;
        match sight {
            Some((_, sight)) if is_same(&row, sight)? => shown += 1,
            other => return Err(Violation::new(format!("it shows {row:?} where {other:?} is expected"))),
        }
    }
    expect_equal("documents that it shows", &shown, &expected.len())?;
    let Some((middle, _)) = expected.get(expected.len() / 2) else { return Ok(()) };
    compare_query(snapshot, (collection, field), middle, &expected)
}

fn compare_query(
    snapshot: &Snapshot,
    (collection, field): Place,
    low: &Value,
    expected: &[(Value, Sight<'_>)],
) -> Verdict {
    let nql = format!("FROM `{collection}` WHERE {field} >= $low ORDER BY {field} SELECT _id");
    let rows = snapshot.query(&nql, &QueryOptions::new().param("low", low.clone()))?;
    let found: Vec<Option<u64>> =
        rows.map(|row| row.map(|row| row.seq().map(Seq::get))).collect::<nedb::Result<_>>()?;
    let above = expected.iter().filter(|(value, _)| value.cmp_total(low).is_ge());
    expect_equal(&nql, &found, &above.map(|(_, sight)| Some(sight.seq)).collect())
}
