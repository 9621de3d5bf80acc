//! How verbs open a database: to read beside whoever writes, or as its one writer.

use std::path::Path;

use nedb::{CheckpointPolicy, Database, Durability, OpenReport, Options};
use nedb_types::Result;

use crate::output::{Output, Progress};

/// Opens an existing database to read; another process may write meanwhile.
pub fn to_read(path: &Path, out: &Output) -> Result<Database> {
    open(path, Options::new().read_only(), out)
}

/// Opens an existing database for a single write. It leaves the checkpoint to a longer visit: the next open replays the
/// little that this one adds.
pub fn to_write(path: &Path, out: &Output) -> Result<Database> {
    let policy = CheckpointPolicy { on_close: false, ..CheckpointPolicy::default() };
    open(path, Options::new().create(false).sweep_interval_us(0).checkpoints(policy), out)
}

/// Opens an existing database for many writes; closing it writes a checkpoint.
pub fn to_load(path: &Path, durability: Durability, out: &Output) -> Result<Database> {
    open(path, Options::new().create(false).sweep_interval_us(0).durability(durability), out)
}

/// Opens a database; without a good checkpoint it replays the whole log, which may take a while.
fn open(path: &Path, options: Options, out: &Output) -> Result<Database> {
    let progress = Progress::waiting(out, "opening");
    let db = Database::open(path, options)?;
    drop(progress);
    announce(db.open_report(), out);
    Ok(db)
}

/// Says what opening repaired or rebuilt; a normal open says nothing.
fn announce(report: &OpenReport, out: &Output) {
    if let Some(cut) = report.cut {
        let (bytes, address) = (cut.bytes, cut.address);
        out.note(format_args!(
            "cut {bytes} bytes of an unfinished write at log address {address}; nothing acknowledged was lost"
        ));
    }
    for rejected in &report.rejected_checkpoints {
        out.note(format_args!(
            "checkpoint {} was not used ({}) and is rebuilt from the log",
            rejected.file, rejected.reason
        ));
    }
}
