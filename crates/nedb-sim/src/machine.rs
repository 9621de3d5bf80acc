//! One simulated machine: a disk that loses what was not synced, a clock, a source of random bytes and a task queue.
//!
//! It promises that two machines from one seed that are called alike behave alike. What happens on it is left to the lives.

use std::{path::Path, sync::Arc};

use nedb_io::{
    Io, ManualClock, ManualScheduler,
    simulate::{Faults, Image, SimDisk, Survival},
};

use crate::{
    planted::Plant,
    violation::{Verdict, Violation},
};

/// Where the database lies on every simulated disk.
pub const DATABASE: &str = "/db";

/// When every simulated life begins.
pub(crate) const START_US: i64 = 1_700_000_000_000_000;

/// Where HEAD keeps what.
const SLOT_BYTES: usize = 4096;
const GENERATION_AT: usize = 32;
const SIZE_AT: usize = 88;

/// A machine that can lose its power.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its disk.
    pub disk: SimDisk,
    /// Its clock, which goes on across restarts.
    pub clock: Arc<ManualClock>,
    /// Its background tasks, which do not.
    pub scheduler: Arc<ManualScheduler>,
    plant: Plant,
    seed: u64,
    boots: u64,
}

impl Machine {
    /// A machine with an empty disk.
    pub fn new(seed: u64, faults: Faults, plant: Plant) -> Self {
        let clock = Arc::new(ManualClock::new(START_US));
        Self::around(SimDisk::new(seed, faults), clock, plant, (seed, 0))
    }

    /// A machine with a given disk.
    pub fn with_disk(disk: SimDisk, seed: u64) -> Self {
        Self::around(disk, Arc::new(ManualClock::new(START_US)), Plant::None, (seed, 0))
    }

    fn around(disk: SimDisk, clock: Arc<ManualClock>, plant: Plant, (seed, boots): (u64, u64)) -> Self {
        Self { disk, clock, scheduler: Arc::new(ManualScheduler::new()), plant, seed, boots }
    }

    /// Where the database lies.
    pub fn database(&self) -> &'static Path {
        Path::new(DATABASE)
    }

    /// The seams of this machine since its last boot.
    pub fn io(&self) -> Io {
        let boot = self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(self.boots);
        Io {
            disk: self.plant.around(Arc::new(self.disk.clone())),
            clock: Arc::clone(&self.clock) as Arc<dyn nedb_io::Clock>,
            random: self.plant.randomness(boot),
            scheduler: Arc::clone(&self.scheduler) as Arc<dyn nedb_io::Scheduler>,
        }
    }

    /// The machine after the power came back.
    #[must_use]
    pub fn after_power_cut(&self, seed: u64, survival: Survival) -> Self {
        let disk = self.disk.reboot_with(seed, survival);
        Self::around(disk, Arc::clone(&self.clock), self.plant, (self.seed, self.boots + 1))
    }

    /// The machine after its process was killed: the page cache is still there.
    #[must_use]
    pub fn after_kill(&self) -> Self {
        let disk = self.disk.restart();
        Self::around(disk, Arc::clone(&self.clock), self.plant, (self.seed, self.boots + 1))
    }
}

/// The size of the tree that HEAD names, as `docs/format.md` says where it stands.
pub(crate) fn head_size(image: &Image) -> Verdict<u64> {
    let bytes = image.file(&Path::new(DATABASE).join("HEAD")).unwrap_or_default();
    let number = |slot: &[u8], at: usize| {
        slot.get(at..).and_then(<[u8]>::first_chunk).map(|bytes: &[u8; 8]| u64::from_le_bytes(*bytes))
    };
    let slots =
        bytes.chunks(SLOT_BYTES).filter_map(|slot| Some((number(slot, GENERATION_AT)?, number(slot, SIZE_AT)?)));
    slots.max().map(|(_, size)| size).ok_or_else(|| Violation::new("there is no HEAD"))
}
