//! Blocks that files occupy, as `du` counts them, and the page cache behind them.

use std::path::Path;

use nedb::Result;
use nedb_io::{Io, PathKind};
use rustix::fs::{Advice, Mode, OFlags};

/// Size of the blocks in which `stat` counts, whatever the file system's own are.
const STAT_BLOCK_BYTES: u64 = 512;

/// Bytes that a file or everything below a directory occupies.
pub(crate) fn disk_bytes(io: &Io, path: &Path) -> Result<u64> {
    let mut bytes = 0;
    visit(io, path, &mut |file| {
        let blocks = rustix::fs::stat(file).map_err(std::io::Error::from)?.st_blocks;
        bytes += u64::try_from(blocks).unwrap_or(0) * STAT_BLOCK_BYTES;
        Ok(())
    })?;
    Ok(bytes)
}

/// Asks the system to forget the cached pages of all files below a path; dirty and mapped ones stay.
pub(crate) fn forget_cached(io: &Io, path: &Path) -> Result<()> {
    visit(io, path, &mut |file| {
        let file =
            rustix::fs::open(file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(std::io::Error::from)?;
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).map_err(std::io::Error::from)?;
        Ok(())
    })
}

fn visit(io: &Io, path: &Path, file: &mut dyn FnMut(&Path) -> Result<()>) -> Result<()> {
    match io.disk.kind(path)? {
        Some(PathKind::File { .. }) => file(path),
        Some(PathKind::Directory) => {
            for name in io.disk.list(path)? {
                visit(io, &path.join(name), file)?;
            }
            Ok(())
        }
        Some(PathKind::Other) | None => Ok(()),
    }
}
