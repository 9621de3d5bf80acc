//! Checkpoints: the image of everything derived from the log at one position.
//!
//! ```text
//! checkpoint-<generation>.nck   small: position, frontier, statistics, and the names of
//!   keys-<random>.run           key runs            \
//!   slots-<random>.run          slot runs            > written once, shared by following checkpoints
//!   temporal-<random>.run       temporal runs       |
//!   part-<random>.part          parts of the arrays /
//! ```
//! Promises: a checkpoint is there as a whole or not at all; the newest good one is used; what it lists is checked
//! before it is used. Leaves to others: taking the image at a durable position, and replaying what follows it.

mod arrays;
mod decode;
mod encode;
mod file_name;
mod image;
mod load;
mod part;
mod sweep;
mod write;

pub use image::{CheckpointImage, EXTRA_SECTION_KIND_MIN, ExtraSection, PartFile};
pub use load::{LoadBounds, Loaded, LoadedCheckpoint, Rejected, load_newest};
pub use write::{CheckpointWritten, write_checkpoint};

#[cfg(test)]
pub(crate) fn encode_for_test(image: &CheckpointImage, generation: u64) -> Vec<u8> {
    encode::encode(image, &image.parts, generation)
}

#[cfg(test)]
pub(crate) fn decode_for_test(bytes: &[u8]) -> nedb_types::Result<CheckpointImage> {
    decode::decode(bytes, crate::tests::DATABASE).map(|(image, _)| image)
}
