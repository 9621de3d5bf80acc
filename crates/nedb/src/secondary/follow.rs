//! How indexes follow the log.
//!
//! ```text
//! log      0 ------------------ P ----------- s ------ head
//! indexes  covered              | read by the next query, or in the background before it
//! ```
//! Promises: an index changes for a whole range of records or not at all, so that an error on the way leaves it as it was;
//! it is a function of the log alone, whoever reads the records and in however many steps. Leaves to others: when to
//! follow, and which moment a reader sees.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use nedb_index::TextWords;
use nedb_log::{LogReader, LogStore, OpKind, Record, Scratch};
use nedb_types::{DocumentRef, Result, Seq, ValueRef, key::stored_value_key_into};

use super::{
    causes,
    change_list::{ChangeList, text_key},
    definition::Subject,
    index::Index,
    versions::{Puts, document_of},
};
use crate::engine::Engine;

/// Says whether a query may go on.
pub(crate) type Look<'l> = dyn Fn() -> Result<()> + 'l;

/// Records that are read before their changes are applied: enough to be quick, few enough to hold in memory.
pub(super) const FOLLOW_STEP_OPS: u64 = 16_384;

/// Records after which others that want the processor come first: a build reads for seconds, and where it has taken one of
/// two processors, a write would wait for the end of its time slice.
const GIVE_WAY_OPS: u64 = 64;

/// Bytes of changes after which a step ends earlier: long texts take as much again for their old words.
const FOLLOW_STEP_BYTES: usize = 16 << 20;

impl Engine {
    /// Brings the ready indexes up to a size, which is at most that of the log.
    pub(crate) fn catch_up(&self, size: u64) -> Result<()> {
        self.catch_up_within(size, &|| Ok(()))
    }

    /// As [`catch_up`](Self::catch_up) for a query, which may end it before each step. Others may follow between the steps.
    pub(crate) fn catch_up_within(&self, size: u64, look: &Look<'_>) -> Result<()> {
        while self.secondary.followed.load(Ordering::Acquire) < size {
            look()?;
            let _following = self.secondary.following.lock();
            self.catch_up_step(size)?;
        }
        Ok(())
    }

    /// As [`catch_up`](Self::catch_up), for who follows already.
    pub(super) fn catch_up_alone(&self, size: u64) -> Result<()> {
        while self.secondary.followed.load(Ordering::Acquire) < size {
            self.catch_up_step(size)?;
        }
        Ok(())
    }

    /// Brings all ready indexes a step further, together.
    fn catch_up_step(&self, size: u64) -> Result<()> {
        let from = self.secondary.followed.load(Ordering::Acquire);
        if from < size {
            let ready: Vec<_> = self.secondary.all().into_iter().filter(|index| index.is_ready()).collect();
            let end = self.follow(&ready, from, size)?;
            self.secondary.followed.store(end, Ordering::Release);
        }
        Ok(())
    }

    /// Applies operations from `from` on, to `size` at most, to indexes that cover those before; returns how far it came.
    pub(super) fn follow(&self, indexes: &[Arc<Index>], from: u64, size: u64) -> Result<u64> {
        if indexes.is_empty() || from >= size {
            return Ok(size);
        }
        let reader = self.log.reader();
        let mut follower = Follower::new(&reader, indexes);
        let mut end = size.min(from.saturating_add(FOLLOW_STEP_OPS));
        self.walk(&reader, Seq::new(from), end - from, |record| {
            follower.record(record)?;
            if record.seq.get().is_multiple_of(GIVE_WAY_OPS) {
                std::thread::yield_now();
            }
            let is_full = follower.changes.iter().map(ChangeList::len_bytes).sum::<usize>() > FOLLOW_STEP_BYTES;
            if is_full {
                end = record.seq.get() + 1;
            }
            Ok(!is_full)
        })?;
        for (index, changes) in indexes.iter().zip(&follower.changes) {
            if !changes.is_empty() {
                index.apply(changes);
            }
        }
        Ok(end)
    }
}

/// Works out what records change in indexes.
struct Follower<'a> {
    reader: &'a LogReader,
    indexes: &'a [Arc<Index>],
    /// The indexes of each collection, by position.
    of_collection: BTreeMap<&'a str, Vec<usize>>,
    changes: Vec<ChangeList>,
    buffers: Buffers,
}

/// What is reused from record to record.
#[derive(Default)]
struct Buffers {
    scratch: Scratch,
    new: Vec<u8>,
    old: Vec<u8>,
    before: Vec<u8>,
    words: TextWords,
}

impl<'a> Follower<'a> {
    fn new(reader: &'a LogReader, indexes: &'a [Arc<Index>]) -> Self {
        let mut of_collection: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let of_one = |(_, index): &(usize, &Arc<Index>)| index.definition.subject != Subject::Causes;
        for (position, index) in indexes.iter().enumerate().filter(of_one) {
            of_collection.entry(index.definition.collection.as_str()).or_default().push(position);
        }
        let changes = indexes.iter().map(|_| ChangeList::default()).collect();
        Self { reader, indexes, of_collection, changes, buffers: Buffers::default() }
    }

    fn record(&mut self, record: &Record<'_>) -> Result<()> {
        self.note_causes(record)?;
        // A new lifetime keeps the content.
        if !matches!(record.entry.kind(), OpKind::Put | OpKind::Delete) {
            return Ok(());
        }
        let Self { reader, indexes, of_collection, changes, buffers } = self;
        let Some(positions) = of_collection.get(record.entry.collection()) else { return Ok(()) };
        let document = if record.entry.kind() == OpKind::Put { Some(document_of(record)?) } else { None };
        for position in positions {
            let (Some(index), Some(changes)) = (indexes.get(*position), changes.get_mut(*position)) else { continue };
            let subject = &index.definition.subject;
            buffers.new.clear();
            if let Some(document) = &document {
                put_key(subject, document, &mut buffers.words, &mut buffers.new)?;
            }
            Change { reader, subject, record }.write(buffers, changes)?;
        }
        Ok(())
    }
}

impl Follower<'_> {
    /// Tells the list of causes, if there is one.
    fn note_causes(&mut self, record: &Record<'_>) -> Result<()> {
        for (index, changes) in self.indexes.iter().zip(&mut self.changes) {
            if index.definition.subject == Subject::Causes {
                causes::note(self.reader, record, &mut self.buffers.scratch, changes)?;
            }
        }
        Ok(())
    }
}

/// The change of one index by one record.
struct Change<'a, 'r> {
    reader: &'a LogReader,
    subject: &'a Subject,
    record: &'a Record<'r>,
}

impl Change<'_, '_> {
    /// Compares the key that the record gives with the one of the put before; an empty key stands for no document.
    fn write(&self, buffers: &mut Buffers, changes: &mut ChangeList) -> Result<()> {
        let Buffers { scratch, new, old, before, words } = buffers;
        let (id, seq) = (self.record.id(), self.record.seq);
        let mut puts = Puts::before(self.reader, self.record);
        let mut since = None;
        old.clear();
        puts.step(scratch, |seq, document| {
            since = Some(seq);
            put_key(self.subject, document, words, old)
        })?;
        if let Some(since) = since {
            if old == new {
                return Ok(());
            }
            let since = self.first_with(puts, since, old, (scratch, before, words))?;
            changes.remove(old, id, since, seq);
        }
        if !new.is_empty() {
            changes.add(new, id, seq);
        }
        Ok(())
    }

    /// The first of the puts in a row that gave this key. Each row is walked once, when it ends.
    fn first_with(
        &self,
        mut puts: Puts<'_>,
        mut since: Seq,
        key: &[u8],
        (scratch, before, words): (&mut Scratch, &mut Vec<u8>, &mut TextWords),
    ) -> Result<Seq> {
        let mut at = since;
        loop {
            before.clear();
            let found = puts.step(scratch, |seq, document| {
                at = seq;
                put_key(self.subject, document, words, before)
            })?;
            if !found || before != key {
                return Ok(since);
            }
            since = at;
        }
    }
}

/// The key under which a document stands. A field that is missing sorts like null; the words of a text are one key.
fn put_key(subject: &Subject, document: &DocumentRef<'_>, words: &mut TextWords, key: &mut Vec<u8>) -> Result<()> {
    match subject {
        Subject::Value { path, .. } => {
            stored_value_key_into(key, &document.get_path(path)?.unwrap_or(ValueRef::Null))?;
        }
        Subject::Words(rule) => {
            rule.read_words(document, words)?;
            text_key(words.as_bytes(), key);
        }
        // It does not depend on documents.
        Subject::Causes => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, Database, Options};

    #[test]
    fn following_stops_at_16_mib_of_changes_and_goes_on_from_there() {
        const TEXTS: u64 = 90;
        let db = Database::in_memory_with(Options::new().sweep_interval_us(0), 1 << 30).unwrap();
        let text = "some quite common words ".repeat(10_000);
        for n in 0..TEXTS {
            db.put("c", format!("{n:03}"), Body::json(format!("{{\"t\":\"{text}\"}}").as_str())).unwrap();
        }
        db.create_index("c", "t", "search".parse().unwrap()).unwrap();
        let engine = db.engine();
        let defined = engine.secondary.all().remove(0);
        let index = Index::new(defined.id, defined.definition.clone());
        let mut ends = vec![0];
        while let Some(from) = ends.last().copied().filter(|end| *end < TEXTS) {
            ends.push(engine.follow(std::slice::from_ref(&index), from, TEXTS).unwrap());
        }
        // Each text is one change with all of its words.
        let bytes_per_text = text.len() as u64;
        let steps: Vec<u64> = ends.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(steps.len() > 1, "one step of {TEXTS} texts of {bytes_per_text} bytes: {ends:?}");
        for step in &steps {
            let beyond = (step - 1) * bytes_per_text / 2;
            assert!(*step > 1 && beyond <= FOLLOW_STEP_BYTES as u64, "a step of {step} texts: {ends:?}");
        }
        let all = engine.index_anew(&defined, TEXTS).unwrap();
        assert_eq!(index.entries().entry_count(), all.entries().entry_count(), "nothing is left out between steps");
        db.wait_for_index("c", "t", "search".parse().unwrap(), &mut |_| ()).unwrap();
        assert_eq!(db.query("FROM c SEARCH \"common\"").unwrap().count() as u64, TEXTS);
    }
}
