//! A simulated disk whose faults follow from a seed.
//!
//! [`SimDisk`] keeps two states of everything: what programs see (the page cache) and what a power cut leaves (the
//! medium). Between the two lie the effects that no sync has confirmed. All of it lives in memory and uses no thread,
//! clock or real randomness, so the same seed and the same calls give the same bytes.
//!
//! | file | idea |
//! |---|---|
//! | `content` | the bytes of a file in shared pages |
//! | `effect` | one un-synced change of a file, and how a cut breaks it |
//! | `node` | a file: seen bytes, durable bytes, effects between them |
//! | `names` | directories: seen names, durable names, effects between them |
//! | `faults` | what may go wrong, and errors at chosen calls |
//! | `gate` | counts each call and decides whether it proceeds, fails or meets the cut |
//! | `state`, `transfer` | all of the above as one machine: its names, its open files |
//! | `disk`, `handle` | the traits |
//! | `power` | cut, reboot, restart |
//! | `damage`, `image` | what a failing medium or an attacker does; copies of the whole tree |

mod content;
mod damage;
mod disk;
mod effect;
mod faults;
mod gate;
mod handle;
mod image;
mod names;
mod node;
mod power;
mod state;
mod transfer;

pub use content::BLOCK_BYTES;
pub use disk::SimDisk;
pub use faults::{Call, Failure, Faults, Injection, Tear, Times};
pub use gate::{Counts, is_power_cut};
pub use image::Image;
pub use power::Survival;
