//! The random circumstances of a life: disk, sizes, durability, checkpoints.

use nedb::{CheckpointPolicy, Durability, LogOptions, Options};
use nedb_io::simulate::{Faults, Survival, Tear};

use crate::{dice::Dice, machine::Machine};

const PAGE_BYTES: u32 = 4 << 10;
/// The smallest segment, so that a life rolls often.
const SEGMENT_BYTES: u32 = 64 << 10;

/// How the disk tears what was not synced.
pub(super) fn faults(dice: &mut Dice) -> Faults {
    Faults {
        tear: dice.pick_or(&[Tear::Sectors, Tear::Arbitrary], Tear::Sectors),
        has_reordering: !dice.one_in(4),
        short_reads_per_mille: if dice.one_in(8) { 100 } else { 0 },
        interrupts_per_mille: if dice.one_in(8) { 50 } else { 0 },
        ..Faults::default()
    }
}

/// What a power cut leaves of un-synced effects.
pub(super) fn survival(dice: &mut Dice) -> Survival {
    match dice.below(8) {
        0 => Survival::Everything,
        1 => Survival::Nothing,
        _ => Survival::Random,
    }
}

/// How a database is opened.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// When a write is acknowledged.
    pub durability: Durability,
    /// Sizes of the log's files.
    pub log: LogOptions,
    /// When checkpoints are taken.
    pub checkpoint: CheckpointPolicy,
    /// How often expired documents are swept.
    pub sweep_interval_us: u64,
}

impl Circumstances {
    /// Small files, every write synced, checkpoints and sweeps only on demand.
    pub fn plain() -> Self {
        Self {
            durability: Durability::Sync,
            log: LogOptions {
                segment_bytes: SEGMENT_BYTES,
                first_segment_bytes: 4 * PAGE_BYTES,
                grow_step_bytes_max: 4 * PAGE_BYTES,
                ..LogOptions::default()
            },
            checkpoint: CheckpointPolicy::manual(),
            sweep_interval_us: 0,
        }
    }

    /// Anything.
    pub(super) fn random(dice: &mut Dice) -> Self {
        let durability = match dice.below(4) {
            0 => Durability::Group { interval_us: 1 + dice.below(200_000) },
            1 => Durability::None,
            _ => Durability::Sync,
        };
        let log = LogOptions {
            segment_bytes: dice.pick_or(&[1, 1, 1, 4], 1) * SEGMENT_BYTES,
            first_segment_bytes: dice.pick_or(&[2, 3, 4, 8, 16], 16) * PAGE_BYTES,
            grow_step_bytes_max: dice.pick_or(&[1, 2, 4, 16], 16) * PAGE_BYTES,
            ..LogOptions::default()
        };
        let checkpoint = CheckpointPolicy {
            records: dice.pick_or(&[3, 10, 40, u64::MAX, u64::MAX], u64::MAX),
            bytes: dice.pick_or(&[8 << 10, 64 << 10, u64::MAX, u64::MAX], u64::MAX),
            interval_us: dice.pick_or(&[500_000, u64::MAX], u64::MAX),
            on_close: dice.one_in(2),
        };
        Self { durability, log, checkpoint, sweep_interval_us: dice.pick_or(&[0, 100_000, 1_000_000], 0) }
    }

    /// The options that say so.
    pub fn options(&self, machine: &Machine) -> Options {
        Options::new()
            .io(machine.io())
            .durability(self.durability)
            .log(self.log)
            .checkpoints(self.checkpoint)
            .sweep_interval_us(self.sweep_interval_us)
    }
}
