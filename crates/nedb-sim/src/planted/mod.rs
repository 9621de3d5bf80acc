//! Bugs that are planted between the engine and the simulated disk, so that the simulation can show that it finds them.
//!
//! The engine has no back doors: every bug is a disk, a lock or a source of randomness that misbehaves as a wrong engine
//! would make it.

mod catch;
mod disk;
mod file;

use std::sync::Arc;

use nedb_io::{Disk, Random, SeededRandom};

pub use self::catch::{Caught, catch};

/// A planted bug.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plant {
    /// None: the engine as it is.
    #[default]
    None,
    /// No file is ever synced.
    NoSync,
    /// The log is not synced; everything else is.
    NoLogSync,
    /// No directory is ever synced.
    NoDirSync,
    /// A failed sync is taken for a success.
    SwallowedSyncError,
    /// A failed sync is tried again, and the second answer believed.
    RetriedSync,
    /// Writes are acknowledged before the sync, which follows with the next write.
    AckBeforeSync,
    /// The log is synced only after HEAD was.
    HeadBeforeLog,
    /// The log is synced only after a checkpoint took its name.
    CheckpointBeforeLog,
    /// HEAD is never written again after the creation.
    StaleHead,
    /// HEAD is written over its only good copy.
    HeadInOneSlot,
    /// Files get their final names before their bytes are synced.
    RenameBeforeSync,
    /// New files of the log are not synced before they get their names.
    SegmentBeforeSync,
    /// The torn tail is not zeroed.
    TailNotZeroed,
    /// Every 40th write lands a sector further on.
    MisdirectedWrite,
    /// Every 40th write leaves its last bytes out.
    ShortWrite,
    /// Every 40th write is dropped.
    LostWrite,
    /// Every 400th read has a bit turned over.
    RottenRead,
    /// A read that is cut short is taken for a whole one.
    ShortReadBelieved,
    /// Everybody gets the lock.
    LockIgnored,
    /// Names and salts are the same every time.
    RepeatedRandom,
    /// Checkpoints are not written whole: their last page is lost.
    CheckpointCutShort,
}

impl Plant {
    /// Every planted bug.
    pub const ALL: [Self; 21] = [
        Self::NoSync,
        Self::NoLogSync,
        Self::NoDirSync,
        Self::SwallowedSyncError,
        Self::RetriedSync,
        Self::AckBeforeSync,
        Self::HeadBeforeLog,
        Self::CheckpointBeforeLog,
        Self::StaleHead,
        Self::HeadInOneSlot,
        Self::RenameBeforeSync,
        Self::SegmentBeforeSync,
        Self::TailNotZeroed,
        Self::MisdirectedWrite,
        Self::ShortWrite,
        Self::LostWrite,
        Self::RottenRead,
        Self::ShortReadBelieved,
        Self::LockIgnored,
        Self::RepeatedRandom,
        Self::CheckpointCutShort,
    ];

    /// The disk as the engine sees it.
    pub(crate) fn around(self, disk: Arc<dyn Disk>) -> Arc<dyn Disk> {
        match self {
            Self::None | Self::RepeatedRandom => disk,
            plant => Arc::new(disk::PlantedDisk::new(disk, plant)),
        }
    }

    /// The randomness that the engine draws from.
    pub(crate) fn randomness(self, seed: u64) -> Arc<dyn Random> {
        match self {
            Self::RepeatedRandom => Arc::new(Repeated),
            _ => Arc::new(SeededRandom::new(seed)),
        }
    }
}

#[derive(Debug)]
struct Repeated;

impl Random for Repeated {
    fn fill(&self, buf: &mut [u8]) {
        buf.fill(0x5A);
    }
}
