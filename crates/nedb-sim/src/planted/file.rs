//! A file with a planted bug: reads, writes and syncs.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use nedb_io::{File, Map, MapAdvice};

use super::{Plant, disk::Shared};

/// A bug that strikes now and then strikes at every so-manyth call.
const WRITES_BETWEEN: u64 = 40;
const READS_BETWEEN: u64 = 400;
const SECTOR_BYTES: u64 = 512;
const HEAD_SLOT_BYTES: u64 = 4096;

/// What kind of file a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Log,
    NewLog,
    Head,
    NewCheckpoint,
    Index,
    Other,
}

impl Kind {
    fn of(path: &Path) -> Self {
        let name = path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
        match name.rsplit_once('.').map_or(name, |(_, extension)| extension) {
            "seg" => Self::Log,
            "new" => Self::NewLog,
            "HEAD" => Self::Head,
            "tmp" => Self::NewCheckpoint,
            "run" | "part" => Self::Index,
            _ => Self::Other,
        }
    }
}

#[derive(Debug)]
pub(super) struct PlantedFile {
    inner: Arc<dyn File>,
    plant: Plant,
    kind: Kind,
    shared: Arc<Shared>,
    is_owed: AtomicBool,
    is_new_database: bool,
}

impl PlantedFile {
    pub(super) fn new(inner: Arc<dyn File>, plant: Plant, path: &Path, shared: Arc<Shared>) -> Self {
        let is_new_database = path.to_string_lossy().contains(".new-");
        Self { inner, plant, kind: Kind::of(path), shared, is_owed: AtomicBool::new(false), is_new_database }
    }

    fn is_turn(counter: &std::sync::atomic::AtomicU64, between: u64) -> bool {
        counter.fetch_add(1, Ordering::Relaxed) % between == between - 1
    }

    /// Whether a sync of this file is left out.
    fn is_sync_skipped(&self) -> bool {
        match self.plant {
            Plant::NoSync => true,
            Plant::NoLogSync => self.kind == Kind::Log,
            Plant::RenameBeforeSync => matches!(self.kind, Kind::NewCheckpoint | Kind::Index),
            Plant::SegmentBeforeSync => self.kind == Kind::NewLog,
            _ => false,
        }
    }

    fn sync(&self) -> io::Result<()> {
        if self.is_sync_skipped() {
            return Ok(());
        }
        match (self.plant, self.kind) {
            (Plant::SwallowedSyncError, _) => {
                // The bug: whatever the disk says, all is well.
                let _ignored = self.inner.sync_data();
                Ok(())
            }
            (Plant::RetriedSync, _) => self.inner.sync_data().or_else(|_| self.inner.sync_data()),
            (Plant::AckBeforeSync, Kind::Log) => {
                self.is_owed.store(true, Ordering::Relaxed);
                Ok(())
            }
            (Plant::HeadBeforeLog | Plant::CheckpointBeforeLog, Kind::Log) if !self.is_new_database => {
                self.shared.owed.lock().push(Arc::clone(&self.inner));
                Ok(())
            }
            (Plant::HeadBeforeLog, Kind::Head) => {
                self.inner.sync_data()?;
                self.shared.pay()
            }
            _ => self.inner.sync_data(),
        }
    }

    fn is_write_lost(&self, buf: &[u8], offset: u64) -> bool {
        match self.plant {
            Plant::StaleHead => self.kind == Kind::Head && !self.is_new_database,
            Plant::TailNotZeroed => self.kind == Kind::Log && offset > 0 && buf.iter().all(|byte| *byte == 0),
            Plant::LostWrite => Self::is_turn(&self.shared.writes, WRITES_BETWEEN),
            _ => false,
        }
    }
}

impl File for PlantedFile {
    fn len_bytes(&self) -> io::Result<u64> {
        self.inner.len_bytes()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let count = self.inner.read_at(buf, offset)?;
        if self.plant == Plant::RottenRead && Self::is_turn(&self.shared.reads, READS_BETWEEN) {
            let middle = count / 2;
            if let Some(byte) = buf.get_mut(middle) {
                *byte ^= 0x10;
            }
        }
        if self.plant == Plant::ShortReadBelieved && Self::is_turn(&self.shared.reads, READS_BETWEEN) {
            let rest = buf.get_mut(count / 2..count).unwrap_or_default();
            rest.fill(0);
        }
        Ok(count)
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        if self.is_owed.swap(false, Ordering::Relaxed) {
            self.inner.sync_data()?;
        }
        if self.is_write_lost(buf, offset) {
            return Ok(());
        }
        match self.plant {
            Plant::HeadInOneSlot if self.kind == Kind::Head => self.inner.write_all_at(buf, offset % HEAD_SLOT_BYTES),
            Plant::MisdirectedWrite if Self::is_turn(&self.shared.writes, WRITES_BETWEEN) => {
                self.inner.write_all_at(buf, offset + SECTOR_BYTES)
            }
            Plant::ShortWrite if Self::is_turn(&self.shared.writes, WRITES_BETWEEN) => {
                self.inner.write_all_at(buf.get(..buf.len().saturating_sub(24)).unwrap_or(buf), offset)
            }
            Plant::CheckpointCutShort if self.kind == Kind::Index && offset > 0 => Ok(()),
            _ => self.inner.write_all_at(buf, offset),
        }
    }

    fn set_len_bytes(&self, len: u64) -> io::Result<()> {
        self.inner.set_len_bytes(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync()
    }

    fn map(&self, len_bytes: u64, advice: MapAdvice) -> io::Result<Option<Map>> {
        self.inner.map(len_bytes, advice)
    }
}
