//! One transaction: what its commands read and write before all of it becomes one batch of the engine.
//!
//! Promises: reads see one snapshot and the transaction's own writes; nothing is written before `commit`, which writes all
//! of it under the precondition that every guarded document still is what was read, or nothing (`precondition_failed`).
//! A document written several times in one step gets one version; one that comes and goes within a step gets two when it is the
//! version of a key, so that whoever watches the key learns of it. A transaction is one step unless it is many commands that are
//! only committed together. Leaves to others: what the documents mean.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::sync::Arc;

use nedb::{
    Database, DocumentBuf, Expected, Object, Op, QueryOptions, Result, Row, Scan, ScanRange, Seq, Snapshot, Timestamp,
    Value, WriteBatch,
};
use nedb_io::Random;
use nedb_types::document::DocumentBuilder;

use super::cursors::Cursors;
use super::documents::{Documents, Written};
use super::kept::Kept;
use super::keyspace::Header;
use super::layout::{self, Container, DocKey};
use super::messages::{Listeners, Message};
use super::notices::{Notices, Seen};
use super::scripts::Scripts;
use super::table::Command;
use super::tracking::{Noted, Touches, Trackers};

/// What a write costs in memory beside its document and its key, about.
const WRITE_BYTES: usize = 256;

/// A document as a transaction sees it.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) document: DocumentBuf,
    pub(super) times: Times,
}

impl Record {
    fn of_row(row: &Row) -> Result<Self> {
        Ok(Self { document: DocumentBuf::from(row.document()?), times: Times::of_row(row) })
    }
}

/// When a document ends and when its content holds in the world: what a command that changes a value keeps. Why the
/// version before was written is no reason for the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) expires_at: Option<Timestamp>,
    valid_from: Option<String>,
    valid_to: Option<String>,
}

impl From<Option<Timestamp>> for Times {
    fn from(expires_at: Option<Timestamp>) -> Self {
        Self { expires_at, ..Self::default() }
    }
}

impl Times {
    fn of_row(row: &Row) -> Self {
        let (valid_from, valid_to) = match row.provenance() {
            Some(provenance) => (provenance.valid_from.clone(), provenance.valid_to.clone()),
            None => (None, None),
        };
        Self { expires_at: row.expires_at(), valid_from, valid_to }
    }

    /// The operation with what is kept.
    fn on(self, op: Op) -> Op {
        let mut op = with_expiry(op, self.expires_at);
        if let Some(from) = self.valid_from {
            op = op.valid_from(from);
        }
        if let Some(to) = self.valid_to {
            op = op.valid_to(to);
        }
        op
    }
}

/// A part of one collection: ids that begin with some bytes, in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span<'a> {
    pub(super) collection: &'a str,
    pub(super) prefix: &'a [u8],
    /// Only from this id on.
    pub(super) from: Option<&'a [u8]>,
    /// Only below this id.
    pub(super) to: Option<&'a [u8]>,
    pub(super) is_reverse: bool,
    /// So many documents at most will be asked for; what was written behind them is not looked at.
    pub(super) most: usize,
}

impl<'a> Span<'a> {
    pub(super) fn prefix(collection: &'a str, prefix: &'a [u8]) -> Self {
        Self { collection, prefix, from: None, to: None, is_reverse: false, most: usize::MAX }
    }

    pub(super) fn has(&self, id: &[u8]) -> bool {
        id.starts_with(self.prefix) && self.from.is_none_or(|from| id >= from) && self.to.is_none_or(|to| id < to)
    }
}

/// Where a transaction stood, to go back to when a command fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    journal: usize,
    left_behind: usize,
    messages: usize,
}

/// What the transactions of a database share.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'c> {
    pub(super) random: &'c dyn Random,
    pub(super) cursors: &'c Cursors,
    pub(super) scripts: &'c Scripts,
    pub(super) listeners: Option<&'c dyn Listeners>,
    pub(super) connection_commands: &'c [&'static Command],
    pub(super) notices: Option<&'c Notices>,
    pub(super) trackers: Option<&'c dyn Trackers>,
    /// What bounds an answer.
    pub(super) bounds: &'c QueryOptions,
}

pub(super) struct Tx<'c> {
    snapshot: Snapshot,
    now: Timestamp,
    around: Surroundings<'c>,
    documents: Documents,
    /// What each write of the step under way replaced, for going back.
    journal: Vec<(DocKey, Option<Written>)>,
    /// The documents of the first so many entries of the journal, for those who ask whether the step wrote one.
    of_step: (BTreeSet<DocKey>, usize),
    /// The operations of the steps that ended.
    sealed: WriteBatch,
    /// Containers whose elements are deleted after the commit, because they are many.
    left_behind: Vec<(&'static str, Vec<u8>)>,
    /// What was published.
    messages: Vec<Message>,
    seen: Seen,
    touches: Touches,
    kept: Kept<'c>,
    /// How many bytes the step under way wrote, what it wrote over included.
    written_bytes: usize,
    builder: DocumentBuilder,
    /// The place of the key that was looked for last.
    last_place: Option<DocKey>,
}

impl<'c> Tx<'c> {
    pub(super) fn new(snapshot: Snapshot, around: Surroundings<'c>) -> Result<Self> {
        let now = snapshot.read_time()?;
        Ok(Self {
            snapshot,
            now,
            around,
            documents: Documents::default(),
            journal: Vec::new(),
            of_step: (BTreeSet::new(), 0),
            sealed: WriteBatch::new(),
            left_behind: Vec::new(),
            messages: Vec::new(),
            seen: Seen::default(),
            touches: Touches::new(around.trackers),
            kept: Kept::new(around.bounds),
            written_bytes: 0,
            builder: DocumentBuilder::new(),
            last_place: None,
        })
    }

    /// Makes room for so many steps, before the first.
    pub(super) fn expect_steps(&mut self, count: usize) {
        if self.sealed.is_empty() {
            self.sealed = WriteBatch::with_capacity(count);
        }
    }

    /// Says under which keys the next commands will look.
    pub(super) fn expect_keys(&self, keys: &[&[u8]]) {
        if keys.len() > 1 {
            // Whoever reads learns what is wrong.
            let _hint = self.snapshot.prefetch(layout::KV, keys);
        }
    }

    /// What the transaction reads beneath its own writes.
    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Where scans go on.
    pub(super) fn cursors(&self) -> &'c Cursors {
        self.around.cursors
    }

    /// The scripts of the database.
    pub(super) fn scripts(&self) -> &'c Scripts {
        self.around.scripts
    }

    /// Those who listen to channels, where there are connections.
    pub(super) fn listeners(&self) -> Option<&'c dyn Listeners> {
        self.around.listeners
    }

    /// The commands that whoever has the connections carries out.
    pub(super) fn connection_commands(&self) -> &'c [&'static Command] {
        self.around.connection_commands
    }

    /// The notifications that are told; `None` where they are off.
    pub(super) fn notices(&self) -> Option<&'c Notices> {
        self.around.notices
    }

    /// Which keys were read and written.
    pub(super) fn touches(&mut self) -> &mut Touches {
        &mut self.touches
    }

    /// What is kept for answers.
    pub(super) fn kept(&self) -> &Kept<'c> {
        &self.kept
    }

    /// Keeps so many bytes more for the answer of the command under way, or refuses to.
    pub(super) fn keep(&self, bytes: usize) -> Result<()> {
        self.kept.keep(&self.snapshot, bytes)
    }

    /// What the command under way has seen.
    pub(super) fn seen(&mut self) -> &mut Seen {
        &mut self.seen
    }

    /// Whether something that the transaction wrote lies under a key.
    pub(super) fn has_written(&self, key: &[u8]) -> bool {
        let is_there = |place| self.documents.written(&place).is_some_and(|written| written.record().is_some());
        is_there(DocKey::value(key)) || is_there(DocKey::hash(key))
    }

    /// Keeps a message until what is written with it is certain.
    pub(super) fn publish(&mut self, message: Message) {
        let bytes = message.channel.len() + message.payload.len() + WRITE_BYTES;
        self.written_bytes = self.written_bytes.saturating_add(bytes);
        self.messages.push(message);
    }

    /// What was published.
    pub(super) fn take_messages(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.messages)
    }

    /// The moment by which lifetimes are judged.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// A random number below a bound that is not 0.
    pub(super) fn random_below(&self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.around.random.fill(&mut bytes);
        let wide = u128::from(u64::from_le_bytes(bytes)) * (bound as u128);
        usize::try_from(wide >> 64).unwrap_or_default()
    }

    /// A name that no container has.
    pub(super) fn new_container(&self) -> Container {
        let mut bytes = [0; 8];
        self.around.random.fill(&mut bytes);
        *layout::sortable(u64::from_le_bytes(bytes)).as_bytes()
    }

    /// Where the string or the header of a key lies: commands look for a key and write it, and next commands are often on the same.
    pub(super) fn value_place(&mut self, key: &[u8]) -> DocKey {
        match &self.last_place {
            Some(place) if place.is_value_of(key) => place.clone(),
            _ => self.last_place.insert(DocKey::value(key)).clone(),
        }
    }

    /// The header that the transaction wrote last at a place.
    pub(super) fn written_header(&self, place: &DocKey) -> Option<&Header> {
        match self.documents.written(place)? {
            Written::Put(_, header) => header.as_deref(),
            Written::Expiry(_) | Written::Deleted => None,
        }
    }

    /// Reads a document that other documents depend on: the commit fails when it changed meanwhile.
    pub(super) fn get_guarded(&mut self, key: &DocKey) -> Result<Option<Record>> {
        if let Some(written) = self.documents.written(key) {
            return Ok(written.record().cloned());
        }
        let row = self.snapshot.get(&key.collection, &key.id)?;
        self.documents.note_seen(key, row.as_ref().map(Row::seq));
        row.as_ref().map(Record::of_row).transpose()
    }

    /// Reads a document that is guarded by another one.
    pub(super) fn get(&self, key: &DocKey) -> Result<Option<Record>> {
        match self.documents.written(key) {
            Some(written) => Ok(written.record().cloned()),
            None => self.snapshot.get(&key.collection, &key.id)?.as_ref().map(Record::of_row).transpose(),
        }
    }

    /// Demands that a document still is at the version that was seen earlier; `false` when it is not.
    pub(super) fn demand(&mut self, key: &DocKey, seen: Option<Seq>) -> Result<bool> {
        let is_same = self.snapshot.last_seq(&key.collection, &key.id)? == seen;
        self.documents.demand(key, seen);
        Ok(is_same)
    }

    /// How many bytes the step under way wrote: what bounds a script.
    #[cfg_attr(not(feature = "lua"), expect(dead_code, reason = "only the machine asks for it"))]
    pub(super) fn written_bytes(&self) -> usize {
        self.written_bytes
    }

    fn write(&mut self, key: DocKey, written: Written) {
        let document_bytes = written.record().map_or(0, |record| record.document.as_bytes().len());
        self.written_bytes = self.written_bytes.saturating_add(document_bytes + WRITE_BYTES + key.id.len());
        let before = self.documents.write(&key, written);
        self.journal.push((key, before));
    }

    /// Writes a document; one that has expired already is deleted.
    pub(super) fn put(&mut self, key: DocKey, object: &Object, times: impl Into<Times>) -> Result<()> {
        self.put_built(key, times.into(), None, |builder| builder.object(object))
    }

    /// Writes the document that holds one byte string, as `put` does.
    pub(super) fn put_value(&mut self, key: DocKey, value: &[u8], times: impl Into<Times>) -> Result<()> {
        self.put_built(key, times.into(), None, |builder| layout::build_value(builder, value))
    }

    /// Writes the record of a field of a large hash.
    pub(super) fn put_field(&mut self, key: DocKey, value: &Value) -> Result<()> {
        self.put_built(key, Times::default(), None, |builder| {
            builder.begin_object()?;
            builder.key(layout::VALUE)?;
            builder.value(value)?;
            builder.end()
        })
    }

    /// Writes the header of a value, as `put` does.
    pub(super) fn put_header(&mut self, key: DocKey, header: &Header) -> Result<()> {
        let shared = Some(Arc::new(header.clone()));
        self.put_built(key, header.times.clone(), shared, |builder| header.build(builder))
    }

    fn put_built(
        &mut self,
        key: DocKey,
        times: Times,
        header: Option<Arc<Header>>,
        build: impl FnOnce(&mut DocumentBuilder) -> Result<()>,
    ) -> Result<()> {
        if times.expires_at.is_some_and(|at| at <= self.now) {
            self.delete(key);
            return Ok(());
        }
        // What did not come to its end may lie there.
        self.builder.clear();
        build(&mut self.builder)?;
        let document = self.builder.finish()?;
        self.write(key, Written::Put(Record { document, times }, header));
        Ok(())
    }

    /// Writes a document as another one is.
    pub(super) fn put_record(&mut self, key: DocKey, record: Record) {
        self.write(key, Written::Put(record, None));
    }

    /// Gives a document that exists another end of its lifetime.
    pub(super) fn set_expiry(&mut self, key: DocKey, record: Record, expires_at: Option<Timestamp>) {
        let record = Record { document: record.document, times: Times { expires_at, ..record.times } };
        // What this step wrote has no version yet whose lifetime could be another.
        let is_of_step = matches!(self.documents.written(&key), Some(Written::Put(..))) && self.is_of_step(&key);
        let written = if is_of_step { Written::Put(record, None) } else { Written::Expiry(record) };
        self.write(key, written);
    }

    /// Whether the step under way wrote a document. Each entry of the journal is looked at once.
    fn is_of_step(&mut self, key: &DocKey) -> bool {
        let (documents, known) = &mut self.of_step;
        documents.extend(self.journal.iter().skip(*known).map(|(touched, _)| touched.clone()));
        *known = self.journal.len();
        documents.contains(key)
    }

    pub(super) fn delete(&mut self, key: DocKey) {
        self.write(key, Written::Deleted);
    }

    /// Leaves the elements of a container to be deleted after the commit.
    pub(super) fn leave_behind(&mut self, collection: &'static str, container: &[u8]) {
        self.left_behind.push((collection, container.to_vec()));
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { journal: self.journal.len(), left_behind: self.left_behind.len(), messages: self.messages.len() }
    }

    /// Undoes what was written since the mark.
    pub(super) fn go_back(&mut self, mark: Mark) {
        self.left_behind.truncate(mark.left_behind);
        self.messages.truncate(mark.messages);
        if self.of_step.1 > mark.journal {
            self.of_step = (BTreeSet::new(), 0);
        }
        for (key, before) in self.journal.drain(mark.journal..).rev() {
            self.documents.restore(&key, before);
        }
    }

    /// The collections that may have documents, those that only this transaction wrote included, by name.
    pub(super) fn collections(&self) -> Result<Vec<String>> {
        let names = self.snapshot.collection_names()?;
        let mut names: Vec<String> = names.iter().map(|name| name.as_str().to_owned()).collect();
        names.extend(self.documents.collections().map(str::to_owned));
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Walks documents in the order of their ids, with the transaction's writes.
    pub(super) fn walk(&self, span: &Span<'_>) -> Result<Walk> {
        let mut range = ScanRange::prefix(span.prefix);
        if let Some(from) = span.from {
            range = range.from(from);
        }
        if let Some(to) = span.to {
            range = range.to(to);
        }
        if span.is_reverse {
            range = range.reverse();
        }
        if span.from.zip(span.to).is_some_and(|(from, to)| from >= to) {
            range = range.limit(0);
        }
        let stored = self.snapshot.scan(span.collection, &range)?.peekable();
        let written = self.documents.written_in(span);
        Ok(Walk { stored, written: written.into_iter().peekable(), is_reverse: span.is_reverse })
    }

    /// Ends a step of the transaction: what was written since the last end becomes versions of its own, so that of many commands
    /// that are committed together each has its own versions.
    pub(super) fn seal(&mut self) {
        let mut journal = std::mem::take(&mut self.journal);
        self.of_step = (BTreeSet::new(), 0);
        self.written_bytes = 0;
        // What was written to one document stays in its order.
        journal.sort_by(|(one, _), (other, _)| one.cmp(other));
        for touched in journal.chunk_by(|(one, _), (other, _)| one == other) {
            self.seal_document(touched);
        }
        self.touches.end_step();
        journal.clear();
        self.journal = journal;
    }

    /// Makes operations of what a step wrote to one document, given what each write replaced.
    fn seal_document(&mut self, touched: &[(DocKey, Option<Written>)]) {
        let Some((key, first)) = touched.first() else { return };
        let Some((written, seen)) = self.documents.seal(key, first.is_none()) else { return };
        self.touches.wrote(key, matches!(written, Written::Deleted));
        let was_missing = match first {
            Some(before) => before.record().is_none(),
            None => seen == Some(None),
        };
        let (collection, id) = (&*key.collection, &key.id);
        let op = match written {
            Written::Put(record, _) => record.times.clone().on(Op::put(collection, id, record.document.clone())),
            // The content stays, and with it what was said about it.
            Written::Expiry(record) => with_expiry(Op::expire(collection, id), record.times.expires_at),
            Written::Deleted => match passing(touched, was_missing) {
                None => Op::delete(collection, id),
                Some(record) => {
                    let put = Op::put(collection, id, record.document.clone());
                    self.sealed.push(put.if_seq(Expected::Missing));
                    self.sealed.push(Op::delete(collection, id));
                    return;
                }
            },
        };
        self.sealed.push(match seen {
            Some(seen) => op.if_seq(expected(seen)),
            None => op,
        });
    }

    /// Writes everything as one batch.
    pub(super) fn commit(mut self, db: &Database, client: &str) -> Result<Committed> {
        self.seal();
        let noted = Noted::of(&mut self);
        let Self { documents, sealed, left_behind, .. } = self;
        if sealed.is_empty() {
            return Ok(Committed { left_behind, noted, last_seq: None });
        }
        let mut batch = sealed.client(client);
        for (key, seen) in documents.into_demands() {
            batch.push(Op::check(&*key.collection, &key.id).if_seq(expected(seen)));
        }
        let last_seq = db.write(batch)?.last_seq;
        Ok(Committed { left_behind, noted, last_seq })
    }
}

/// What a transaction leaves behind.
pub(super) struct Committed {
    /// The containers whose elements are to be deleted.
    pub(super) left_behind: Vec<(&'static str, Vec<u8>)>,
    pub(super) noted: Noted,
    /// The last operation, if there was any.
    pub(super) last_seq: Option<Seq>,
}

/// The document of a key that a step made and deleted again, as it was last: without a version nobody could tell that it had
/// been there.
fn passing(touched: &[(DocKey, Option<Written>)], was_missing: bool) -> Option<&Record> {
    let (key, _) = touched.first().filter(|_| was_missing)?;
    key.key()?;
    touched.iter().rev().find_map(|(_, before)| match before {
        Some(Written::Put(record, _)) => Some(record),
        _ => None,
    })
}

fn with_expiry(op: Op, expires_at: Option<Timestamp>) -> Op {
    match expires_at {
        Some(at) => op.expires_at(at),
        None => op,
    }
}

fn expected(seen: Option<Seq>) -> Expected {
    seen.map_or(Expected::Missing, Expected::Seq)
}

/// Documents in order: those of the snapshot, each replaced by what the transaction made of it.
pub(super) struct Walk {
    stored: Peekable<Scan>,
    written: Peekable<std::vec::IntoIter<(Vec<u8>, Option<Record>)>>,
    is_reverse: bool,
}

impl Walk {
    fn step(&mut self) -> Result<Option<(Vec<u8>, Record)>> {
        loop {
            let takes_written = match (self.stored.peek(), self.written.peek()) {
                (None, Some(_)) => true,
                (_, None) | (Some(Err(_)), Some(_)) => false,
                (Some(Ok(row)), Some((id, _))) if row.id_bytes() == id => {
                    // The written one stands for it.
                    drop(self.stored.next());
                    true
                }
                (Some(Ok(row)), Some((id, _))) => (id.as_slice() < row.id_bytes()) != self.is_reverse,
            };
            if takes_written {
                match self.written.next() {
                    Some((id, Some(record))) => return Ok(Some((id, record))),
                    _ => continue,
                }
            }
            let Some(row) = self.stored.next().transpose()? else { return Ok(None) };
            return Ok(Some((row.id_bytes().to_vec(), Record::of_row(&row)?)));
        }
    }
}

impl Iterator for Walk {
    type Item = Result<(Vec<u8>, Record)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
