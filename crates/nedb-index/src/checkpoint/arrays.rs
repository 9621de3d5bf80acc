//! The arrays of an image as numbered lists of fixed-size elements.
//!
//! Promises: array 0 is the samples, array 1 + i is the i-th stored level of the tree. Leaves to others: files.

use nedb_types::codec::{Reader, Writer};
use nedb_types::{Digest, Result};

use super::image::CheckpointImage;

/// Most arrays: the samples and one level of the tree for each bit of a seq.
pub(crate) const ARRAYS_MAX: usize = 65;

/// Returns the length of an element in bytes.
pub(crate) const fn element_bytes(array: usize) -> u64 {
    if array == 0 { 8 } else { 32 }
}

/// Returns the length of each array.
pub(crate) fn lengths(image: &CheckpointImage) -> Vec<u64> {
    let levels = image.tree_nodes.iter().map(Vec::len);
    std::iter::once(image.seq_samples.len()).chain(levels).map(|length| length as u64).collect()
}

/// Writes the elements from `start` on.
pub(crate) fn put(writer: &mut Writer, image: &CheckpointImage, array: usize, start: u64) {
    let skipped = usize::try_from(start).unwrap_or(usize::MAX);
    match array.checked_sub(1) {
        None => image.seq_samples.iter().skip(skipped).for_each(|sample| writer.u64(*sample)),
        Some(level) => {
            let nodes = image.tree_nodes.get(level).into_iter().flatten();
            nodes.skip(skipped).for_each(|node| writer.bytes(node.as_bytes()));
        }
    }
}

/// Reads `count` elements and appends them.
pub(crate) fn take(reader: &mut Reader<'_>, image: &mut CheckpointImage, array: usize, count: u64) -> Result<()> {
    let bytes = reader.bytes(count.saturating_mul(element_bytes(array)))?;
    match array.checked_sub(1) {
        None => {
            let (samples, _) = bytes.as_chunks();
            image.seq_samples.extend(samples.iter().map(|sample| u64::from_le_bytes(*sample)));
        }
        Some(level) => {
            if image.tree_nodes.len() <= level {
                image.tree_nodes.resize(level + 1, Vec::new());
            }
            let (nodes, _) = bytes.as_chunks();
            if let Some(place) = image.tree_nodes.get_mut(level) {
                place.extend(nodes.iter().map(|node| Digest::from_bytes(*node)));
            }
        }
    }
    Ok(())
}
