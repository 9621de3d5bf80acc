//! Slot indexes: hashes to log records, without keys and without order.
//!
//! They use the slots of run files and the tiers of the key index. See [`SlotIndex`].

mod merge;
mod record;
mod slot_index;
mod slot_run;
mod slot_set;

pub use record::SlotEntry;
pub use slot_index::{FrozenSlots, SlotFound, SlotIndex};
pub use slot_set::SlotRunSet;
