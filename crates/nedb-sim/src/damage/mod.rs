//! Damage to the files of a small database: whatever is done to them, no answer is wrong.
//!
//! A damaged database refuses to open, or reports the damage, or answers everything as before: the damage is dead. What
//! never happens is a wrong answer, an absence, or a panic. Damage that a crash leaves is left to `power_cut`.

mod base;
mod bits;
mod blocks;
mod examine;
mod files;
mod truncate;

pub use self::{
    base::Base,
    bits::{Every, flip_bits},
    blocks::damage_blocks,
    examine::{Counts, Examined},
    files::damage_files,
    truncate::truncate_files,
};
