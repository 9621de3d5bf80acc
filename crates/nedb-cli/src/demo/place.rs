//! The directory of the demonstration: it holds the database and the proof, and is never one that holds anything else.

use std::path::{Path, PathBuf};

use nedb_io::{Disk, Io, PathKind};
use nedb_types::{Error, ErrorCode, Result};

/// Marks a directory that a run made and a later run may replace.
const MARK: &str = "made-by-nedb-demo";

/// The directory's name where none is given.
const DIR: &str = "nedb-demo";

/// The directory.
pub struct Place {
    io: Io,
    dir: PathBuf,
}

impl Place {
    /// Makes the directory; that of an earlier run is replaced unless it is kept.
    pub fn prepare(path: Option<PathBuf>, keeps: bool) -> Result<Self> {
        let dir = path.unwrap_or_else(|| std::env::temp_dir().join(DIR));
        let place = Self { io: Io::real(), dir };
        let disk = &place.io.disk;
        let (is_there, is_ours) = match disk.kind(&place.dir)? {
            None => (false, true),
            Some(PathKind::Directory) => {
                let names = disk.list(&place.dir)?;
                (true, names.is_empty() || names.iter().any(|name| name == MARK))
            }
            Some(_) => (true, false),
        };
        if !is_ours {
            let dir = place.dir.display();
            let message = format!("{dir} was not made by a demo and is left alone: name another --path");
            return Err(Error::new(ErrorCode::AlreadyExists, message));
        }
        if is_there && !keeps {
            disk.remove_dir_all(&place.dir)?;
        }
        if !(is_there && keeps) {
            disk.create_dir(&place.dir)?;
        }
        let mark = place.dir.join(MARK);
        if disk.kind(&mark)?.is_none() {
            disk.create_new(&mark)?;
        }
        Ok(place)
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the database lies.
    pub fn database(&self) -> PathBuf {
        self.dir.join("debian")
    }

    /// Where the proof about a package lies.
    pub fn proof(&self, package: &str) -> PathBuf {
        let safe = |sign: char| if sign.is_alphanumeric() || "+.-".contains(sign) { sign } else { '_' };
        self.dir.join(format!("{}.tlog-proof", package.chars().map(safe).collect::<String>()))
    }

    /// Bytes of the database's parts.
    pub fn sizes(&self) -> Result<Vec<(String, u64)>> {
        let mut sizes = Vec::new();
        for name in self.io.disk.list(&self.database())? {
            let size = size_of(self.io.disk.as_ref(), &self.database().join(&name))?;
            sizes.push((name, size));
        }
        sizes.retain(|(_, size)| *size > 0);
        Ok(sizes)
    }
}

fn size_of(disk: &dyn Disk, path: &Path) -> Result<u64> {
    Ok(match disk.kind(path)? {
        Some(PathKind::File { len_bytes }) => len_bytes,
        Some(PathKind::Directory) => {
            let mut sum = 0;
            for name in disk.list(path)? {
                sum += size_of(disk, &path.join(name))?;
            }
            sum
        }
        _ => 0,
    })
}
