//! One change of a file that no sync has confirmed, and what a power cut makes of it.
//!
//! A write survives whole, not at all, or torn. Which of many effects survive, and in which order, follows from the
//! random sequence alone.

use std::sync::Arc;

use super::{
    content::{Content, is_zero},
    faults::{Faults, Tear},
    power::Survival,
};
use crate::random::Sequence;

/// What a medium writes in one piece.
const SECTOR_BYTES: u64 = 512;

#[derive(Clone, Debug)]
pub(super) enum FileEffect {
    Write { offset: u64, bytes: Arc<[u8]> },
    Zeros { offset: u64, len_bytes: u64 },
    SetLen(u64),
}

impl FileEffect {
    pub(super) fn write(offset: u64, bytes: &[u8]) -> Self {
        if is_zero(bytes) {
            Self::Zeros { offset, len_bytes: bytes.len() as u64 }
        } else {
            Self::Write { offset, bytes: bytes.into() }
        }
    }

    pub(super) fn apply(&self, content: &mut Content) {
        self.apply_range(content, 0, u64::MAX);
    }

    /// The bytes that the effect changes, as offset and length; a new length changes none.
    pub(super) fn extent(&self) -> Option<(u64, u64)> {
        match self {
            Self::Write { offset, bytes } => Some((*offset, bytes.len() as u64)),
            Self::Zeros { offset, len_bytes } => Some((*offset, *len_bytes)),
            Self::SetLen(_) => None,
        }
    }

    /// Applies only the part of the write between two positions of the file.
    fn apply_range(&self, content: &mut Content, from: u64, to: u64) {
        let Some((offset, len_bytes)) = self.extent() else {
            if let Self::SetLen(len_bytes) = self {
                content.set_len(*len_bytes);
            }
            return;
        };
        let start = offset.max(from);
        let end = (offset + len_bytes).min(to);
        if start >= end {
            return;
        }
        match self {
            Self::Write { bytes, .. } => {
                let skip = usize::try_from(start - offset).unwrap_or(usize::MAX);
                let count = usize::try_from(end - start).unwrap_or(0);
                content.write(start, bytes.get(skip..skip.saturating_add(count)).unwrap_or_default());
            }
            Self::Zeros { .. } => content.write_zeros(start, end - start),
            Self::SetLen(_) => {}
        }
    }

    fn apply_torn(&self, content: &mut Content, tear: Tear, random: &mut Sequence) {
        let Some((offset, len_bytes)) = self.extent() else {
            if random.has_chance(500) {
                self.apply(content);
            }
            return;
        };
        let end = offset + len_bytes;
        match tear {
            Tear::Never => {
                if random.has_chance(500) {
                    self.apply(content);
                }
            }
            Tear::Arbitrary if random.has_chance(500) => {
                let (one, other) = (offset + random.below(len_bytes + 1), offset + random.below(len_bytes + 1));
                match random.below(3) {
                    0 => self.apply_range(content, offset, one),
                    1 => self.apply_range(content, one, end),
                    _ => self.apply_range(content, one.min(other), one.max(other)),
                }
            }
            Tear::Sectors | Tear::Arbitrary => self.apply_sectors(content, offset, end, random),
        }
    }

    /// Either a run of sectors from the front, or each sector by its own chance.
    fn apply_sectors(&self, content: &mut Content, offset: u64, end: u64, random: &mut Sequence) {
        let first = offset / SECTOR_BYTES;
        let last = end.div_ceil(SECTOR_BYTES);
        if random.has_chance(500) {
            let kept = first + random.below(last - first + 1);
            return self.apply_range(content, 0, kept * SECTOR_BYTES);
        }
        for sector in first..last {
            if random.has_chance(500) {
                self.apply_range(content, sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
            }
        }
    }
}

/// Applies what survives of a file's effects to its durable bytes.
///
/// Independent chances alone would almost never keep the first thirty of forty writes, which is what most real cuts
/// do; so the shape of the loss is drawn first.
pub(super) fn settle(
    content: &mut Content,
    effects: &[FileEffect],
    survival: Survival,
    faults: &Faults,
    random: &mut Sequence,
) {
    let keep_first = |content: &mut Content, count: usize| {
        effects.iter().take(count).for_each(|effect| effect.apply(content));
    };
    match survival {
        Survival::Nothing => return,
        Survival::Everything => return keep_first(content, effects.len()),
        Survival::Random => {}
    }
    match random.below(8) {
        0 | 1 => keep_first(content, effects.len()),
        2 => {}
        3 | 4 => {
            let count = usize::try_from(random.below(effects.len() as u64 + 1)).unwrap_or(0);
            keep_first(content, count);
            if let Some(torn) = effects.get(count) {
                torn.apply_torn(content, faults.tear, random);
            }
        }
        _ => settle_each(content, effects, faults, random),
    }
}

fn settle_each(content: &mut Content, effects: &[FileEffect], faults: &Faults, random: &mut Sequence) {
    let mut order: Vec<&FileEffect> = effects.iter().collect();
    if faults.has_reordering && random.has_chance(500) {
        for index in (1..order.len()).rev() {
            order.swap(index, usize::try_from(random.below(index as u64 + 1)).unwrap_or(index));
        }
    }
    for effect in order {
        match random.below(4) {
            0 => {}
            1 => effect.apply_torn(content, faults.tear, random),
            _ => effect.apply(content),
        }
    }
}
