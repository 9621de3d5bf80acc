//! Rebuilding: everything that follows from the log is made of the log again, and takes the place of what was stored.
//!
//! Opening finds damage of derived files by their checks and goes on without them. What this is for is the rest: a file that checks and
//! is wrong all the same, which a deep verification tells of, and the wish to begin with clean files.
//!
//! Promises: the log is read and never written; no stored index or checkpoint is believed; the files that were there go only when what
//! takes their place is on the disk, so that a crash leaves a database that opens. Leaves to others: damage of the log itself,
//! which is refused with its place.

use std::path::Path;

use nedb_index::Merging;
use nedb_types::{Error, ErrorCode, Result};

use crate::{
    database::Database,
    engine::Head,
    open,
    options::{Access, Options},
    proof::JsonFields,
    secondary::{IndexInfo, IndexOrigin},
};

/// What a rebuilding made.
///
/// ```
/// use nedb::{Body, Database, Options, rebuild};
/// # fn main() -> nedb::Result<()> {
/// # let dir = std::env::temp_dir().join(format!("nedb-doc-rebuild-{}", std::process::id()));
/// # let path = dir.join("shop");
/// let db = Database::open(&path, Options::new())?;
/// db.put("orders", "17", Body::json("{}"))?;
/// db.close()?;
/// # drop(db);
///
/// let report = rebuild(&path, Options::new())?;
/// assert_eq!((report.head.size, report.documents), (1, 1));
/// # let _cleaned = std::process::Command::new("rm").arg("-r").arg(&dir).status();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RebuildReport {
    /// The history that everything was made of.
    pub head: Head,
    /// Documents that there are, in all collections.
    pub documents: u64,
    /// The indexes that somebody asked for, each of them ready. Those that make themselves come back with the questions.
    pub indexes: Vec<IndexInfo>,
    /// How long it took.
    pub duration_us: u64,
}

impl RebuildReport {
    /// The report as one JSON object; the root in hex.
    ///
    /// Errors: none that a report of this version could cause.
    pub fn to_json(&self) -> Result<String> {
        JsonFields::new()
            .number("size", self.head.size)
            .text("head", self.head.root)
            .number("documents", self.documents)
            .value("indexes", self.indexes.iter().map(IndexInfo::to_value).collect::<Vec<_>>())
            .number("duration_us", self.duration_us)
            .finish()
    }
}

/// Makes all that follows from the log of a database again, and throws away what was stored of it. Nobody else may have it open for
/// writing. The answers of the database stay what its log says; it takes as long as reading the whole log.
///
/// Errors: `locked`, `not_a_database`, `read_only` for such options; `corrupt` and `rollback` with the place, for
/// damage of the log, and then nothing was changed; `io`, `no_space`.
pub fn rebuild(path: impl AsRef<Path>, options: Options) -> Result<RebuildReport> {
    if options.access == Access::ReadOnly {
        return Err(Error::new(ErrorCode::ReadOnly, "rebuilding writes files, and the options are those of a reader"));
    }
    let (engine, opened) = open::open_from_log(path.as_ref(), options.create(false))?;
    let started_us = engine.io.clock.monotonic_us().saturating_sub(opened.duration_us);
    let db = Database::of(engine, opened);
    let mut indexes = Vec::new();
    for index in db.indexes().into_iter().filter(|index| index.origin == IndexOrigin::Explicit) {
        indexes.push(db.wait_for_index(&index.collection, &index.field, index.kind, &mut |_| ())?);
    }
    // Two checkpoints are kept, so that the second one lets the last of the old files go.
    for _ in 0..2 {
        db.engine().checkpoint_with(Merging::Deep)?;
    }
    let documents = db.snapshot().collections()?.iter().map(|collection| collection.documents).sum();
    let duration_us = db.engine().io.clock.monotonic_us().saturating_sub(started_us);
    let report = RebuildReport { head: db.head(), documents, indexes, duration_us };
    db.close()?;
    Ok(report)
}

#[cfg(test)]
mod tests;
