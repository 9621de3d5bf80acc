//! What was written last when: by collection and relation, for all live queries of a database together.
//!
//! Promises: what was written between two sizes of the history is found in the log once, whoever asks; who is so far behind that this
//! would take long is told that everything was written. Nothing is done while nobody asks. The lock covers memory only: the log is read
//! before it is taken, perhaps by two who find the same.

use std::collections::BTreeMap;

use nedb_io::Mutex;
use nedb_log::{LogStore, OpKind, Record};
use nedb_types::{Collection, Relation, Result, Seq};

use super::inputs::Inputs;
use crate::engine::Engine;

/// How many operations are looked at in one go: further behind, answering again costs less than looking.
const OPERATIONS_AT_ONCE_MAX: u64 = 1 << 16;

/// How many names are kept apart; beyond them all are forgotten and count as written to.
const NAMES_MAX: usize = 1 << 14;

/// The touches of one database.
#[derive(Debug, Default)]
pub(crate) struct Touches(Mutex<Touched>);

/// Sizes of the history straight after the last operation of each kind.
#[derive(Debug, Default)]
struct Touched {
    /// How far the history was looked at.
    size: u64,
    /// Up to here everything counts as written to.
    floor: u64,
    /// Documents of any collection.
    documents: u64,
    collections: BTreeMap<Collection, u64>,
    relations: BTreeMap<Relation, u64>,
}

impl Touches {
    /// Whether anything that the inputs name was written after this size.
    pub(super) fn is_touched(&self, engine: &Engine, inputs: &Inputs, after_size: u64) -> Result<bool> {
        self.catch_up(engine)?;
        Ok(self.0.lock().last(inputs) > after_size)
    }

    /// Looks at what was committed since somebody asked last.
    fn catch_up(&self, engine: &Engine) -> Result<()> {
        let (head, seen) = (engine.published.size(), self.0.lock().size);
        let count = head.saturating_sub(seen);
        if count == 0 {
            return Ok(());
        }
        let mut new = Touched { size: head, ..Touched::default() };
        if count > OPERATIONS_AT_ONCE_MAX {
            new.floor = head;
        } else {
            engine.walk(&engine.log.reader(), Seq::new(seen), count, |record| {
                new.note(record)?;
                Ok(true)
            })?;
        }
        self.0.lock().take_in(new);
        Ok(())
    }
}

impl Touched {
    fn note(&mut self, record: &Record<'_>) -> Result<()> {
        let size = record.seq.get() + 1;
        match record.entry.kind() {
            OpKind::Put | OpKind::Delete | OpKind::Expire => {
                self.documents = size;
                match self.collections.get_mut(record.entry.collection()) {
                    Some(last) => *last = size,
                    None => drop(self.collections.insert(Collection::new(record.entry.collection())?, size)),
                }
            }
            OpKind::Link | OpKind::Unlink => {
                if let Some(edge) = record.payload.and_then(|payload| payload.relation()) {
                    self.relations.insert(Relation::new(edge.relation)?, size);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes in what was found behind it, perhaps by several at once.
    fn take_in(&mut self, new: Self) {
        self.size = self.size.max(new.size);
        self.floor = self.floor.max(new.floor);
        self.documents = self.documents.max(new.documents);
        take_newest(&mut self.collections, new.collections);
        take_newest(&mut self.relations, new.relations);
        if self.collections.len() + self.relations.len() > NAMES_MAX {
            self.floor = self.size;
            self.collections.clear();
            self.relations.clear();
        }
    }

    /// The size straight after the last operation that the inputs name.
    fn last(&self, inputs: &Inputs) -> u64 {
        let last = match inputs {
            Inputs::Collection(collection) => self.collections.get(collection).copied().unwrap_or_default(),
            Inputs::Relation(relation) => self.documents.max(self.relations.get(relation).copied().unwrap_or_default()),
            Inputs::Everything => self.size,
        };
        last.max(self.floor)
    }
}

fn take_newest<K: Ord>(into: &mut BTreeMap<K, u64>, new: BTreeMap<K, u64>) {
    for (name, size) in new {
        let last = into.entry(name).or_default();
        *last = size.max(*last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collection(name: &str) -> Collection {
        Collection::new(name).unwrap()
    }

    #[test]
    fn names_beyond_the_limit_are_forgotten_and_count_as_written_to() {
        let mut touched = Touched::default();
        let names = (0..NAMES_MAX as u64).map(|number| (collection(&number.to_string()), number + 1));
        touched.take_in(Touched { size: 20_000, collections: names.collect(), ..Touched::default() });
        assert_eq!(touched.last(&Inputs::Collection(collection("6"))), 7);
        assert_eq!(touched.last(&Inputs::Collection(collection("none"))), 0);
        let one_more = BTreeMap::from([(collection("more"), 20_001)]);
        touched.take_in(Touched { size: 20_001, collections: one_more, ..Touched::default() });
        assert_eq!(touched.last(&Inputs::Collection(collection("none"))), 20_001);
    }

    #[test]
    fn what_two_found_at_once_is_the_newest_of_both() {
        let mut touched = Touched::default();
        let of = |size| Touched { size, collections: BTreeMap::from([(collection("c"), size)]), ..Touched::default() };
        touched.take_in(of(9));
        touched.take_in(of(5));
        assert_eq!((touched.size, touched.last(&Inputs::Collection(collection("c")))), (9, 9));
    }
}
