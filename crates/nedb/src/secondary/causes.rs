//! The causes of operations, turned round: from a seq to the operations that named it.
//!
//! ```text
//! key = cause u64 big-endian | id = effect u64 big-endian | added at the effect, never removed
//! ```
//! Promises: as of a moment it shows the effects below it, for all collections. It is made by itself after a query that had to
//! walk the log for them, is kept by checkpoints, and follows the log like the others. Leaves to others: how a trace goes on.

use nedb_index::{KeyRange, TemporalSnapshot};
use nedb_log::{LogReader, Record, Scratch};
use nedb_types::{Collection, Error, Result, Seq};

use super::{
    change_list::ChangeList,
    definition::{IndexDefinition, Subject},
    follow::Look,
    index::IndexId,
    index_at::IndexAt,
};
use crate::read::Snapshot;

/// The one list of causes; numbers that are drawn never come so far.
pub(super) const CAUSES: IndexId = IndexId::Automatic(1 << 62);

/// What stands where other indexes have their collection: it is of all of them.
const EVERY_COLLECTION: &str = "*";

impl IndexDefinition {
    /// The list of causes.
    pub(super) fn causes() -> Self {
        let collection = Collection::new(EVERY_COLLECTION).expect("a star is a name");
        Self { collection, subject: Subject::Causes }
    }
}

/// Notes which operations a record names as its causes, or its content does.
pub(super) fn note(
    reader: &LogReader,
    record: &Record<'_>,
    scratch: &mut Scratch,
    changes: &mut ChangeList,
) -> Result<()> {
    let mut causes: Vec<Seq> = record.entry.causes().collect();
    if let Some(pointer) = record.payload_pointer {
        causes.extend(reader.record(pointer, scratch)?.entry.causes());
        causes.sort_unstable();
        causes.dedup();
    }
    for cause in causes {
        changes.add(&cause.get().to_be_bytes(), &record.seq.get().to_be_bytes(), record.seq);
    }
    Ok(())
}

/// The effects of operations as of one moment.
pub(crate) struct EffectReader {
    at: IndexAt,
    entries: TemporalSnapshot,
}

impl Snapshot {
    /// The list of what followed from what; `None` when there is none or it is still being built.
    pub(crate) fn effects(&self, look: &Look<'_>) -> Result<Option<EffectReader>> {
        let at = self.index_at(&IndexDefinition::causes(), look)?.inspect(IndexAt::note_use);
        Ok(at.map(|at| EffectReader { entries: at.entries(), at }))
    }
}

impl EffectReader {
    /// Calls `found` with each operation that named this one, ascending.
    pub(crate) fn each(&self, cause: Seq, mut found: impl FnMut(Seq) -> Result<()>) -> Result<()> {
        self.at.checked(self.entries.scan(&KeyRange::prefix(&cause.get().to_be_bytes())).and_then(|mut scan| {
            while let Some(entry) = scan.next()? {
                let effect = entry.id.try_into().map(u64::from_be_bytes);
                let effect = effect.map_err(|_length| Error::corrupt("an entry of the causes has no seq"))?;
                found(Seq::new(effect))?;
            }
            Ok(())
        }))
    }
}
