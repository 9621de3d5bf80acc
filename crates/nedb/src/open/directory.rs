//! What lies at the path: a database, nothing, or something else that is named in the refusal.

use std::path::Path;

use nedb_io::PathKind;
use nedb_types::{Error, ErrorCode, Result};

use super::{HEAD_FILE, INDEX_DIR, create};
use crate::options::{Access, Options};

/// Files by which the directories of the earlier packages are known.
const OLD_FORMATS: [(&str, &str); 5] = [
    ("log.aof", "the append-only log of nedb-engine 1.x"),
    ("objects", "the object store of nedb-engine 2.x to 12.x"),
    ("MANIFEST.json", "the object store of nedb-engine 2.x to 12.x"),
    ("key.enc", "an encrypted log of nedb-engine 1.x"),
    ("nadb.db", "a NADB key-value store"),
];

/// Makes sure that there is a database in the directory, creating it where the options allow.
pub(crate) fn prepare(dir: &Path, options: &Options) -> Result<()> {
    let disk = &options.io.disk;
    match disk.kind(dir)? {
        Some(PathKind::Directory) => {}
        Some(PathKind::Other) => {
            return Err(not_a_database(dir, "it is a symbolic link or a device, and neither is followed"));
        }
        Some(_) => return Err(not_a_database(dir, "it is not a directory")),
        None if options.create => return create::create(dir, options),
        None => return Err(Error::new(ErrorCode::NotADatabase, format!("there is no database at {}", dir.display()))),
    }
    if disk.kind(&dir.join(HEAD_FILE))?.is_some() {
        // Who created it may have died, or failed, before its name was on the disk: a power cut would take all of it.
        return if options.access == Access::Write { create::make_name_durable(dir, options) } else { Ok(()) };
    }
    let names = disk.list(dir)?;
    for (name, format) in OLD_FORMATS {
        if names.iter().any(|found| found == name) {
            let message = format!(
                "{} holds {format} ({name}), which this version does not read: export it with the version that wrote it, and \
                 import the export",
                dir.display()
            );
            return Err(Error::new(ErrorCode::OldFormat, message));
        }
    }
    match names.first() {
        None if options.create => create::create(dir, options),
        None => Err(not_a_database(dir, "it is empty")),
        Some(first) => Err(not_a_database(dir, &format!("it has no HEAD, but for example {first:?}"))),
    }
}

/// Makes the directory of the indexes again when somebody deleted it: it holds derived data only.
pub(crate) fn ensure_index(dir: &Path, options: &Options) -> Result<()> {
    let index = dir.join(INDEX_DIR);
    if options.access == Access::Write && options.io.disk.kind(&index)?.is_none() {
        options.io.disk.create_dir(&index)?;
        options.io.disk.sync_dir(dir)?;
    }
    Ok(())
}

fn not_a_database(dir: &Path, why: &str) -> Error {
    Error::new(ErrorCode::NotADatabase, format!("{} is not a database: {why}", dir.display()))
}
