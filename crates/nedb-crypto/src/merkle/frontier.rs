//! The right edge of a growing tree: its size and its peaks, at most 64 hashes.
//!
//! Promises: the root after each leaf or batch, in memory that does not grow with the log; every inner node is
//! reported once, when it is complete. Leaves to others: storing nodes; a frontier cannot prove anything old.

use crate::digest::{node_hash, sha256};
use crate::lanes::node_hash_many;
use nedb_types::codec::{Reader, Writer};
use nedb_types::{Digest, Result};

/// The greatest size that is read back: no log comes near it, and sums with it cannot overflow.
const SIZE_MAX: u64 = 1 << 62;

/// Grows an append-only tree and knows its root.
///
/// ```
/// use nedb_crypto::{Frontier, leaf_hash, subtree_root};
///
/// let leaves: Vec<_> = (0..1000u32).map(|i| leaf_hash(&[&i.to_le_bytes()])).collect();
/// let mut tree = Frontier::new();
/// tree.push(leaves[0]);
/// tree.extend(&leaves[1..]);
/// assert_eq!(tree.size(), 1000);
/// assert_eq!(tree.root(), subtree_root(&leaves));
/// assert_eq!(Frontier::from_bytes(&tree.to_bytes())?, tree);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// One hash for each set bit of `size`, the largest subtree first.
    peaks: Vec<Digest>,
}

impl Frontier {
    /// Makes the frontier of the empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the root; that of the empty tree is the SHA-256 of nothing (RFC 6962, section 2.1).
    pub fn root(&self) -> Digest {
        let joined = self.peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        joined.unwrap_or_else(|| sha256(&[]))
    }

    /// Appends one leaf.
    pub fn push(&mut self, leaf: Digest) {
        self.push_reporting(leaf, u8::MAX, |_, _, _| {});
    }

    /// Appends leaves in order; a large batch is hashed in lanes and costs far less than single pushes.
    pub fn extend(&mut self, leaves: &[Digest]) {
        self.extend_reporting(leaves, u8::MAX, |_, _, _| {});
    }

    /// Appends leaves like [`extend`](Self::extend) and calls `on_node(level, index, hash)` for every perfect
    /// subtree of `level_min` or higher that these leaves complete, lower levels first, each level in order.
    ///
    /// ```
    /// use nedb_crypto::{Frontier, leaf_hash};
    ///
    /// let leaves: Vec<_> = (0..8u8).map(|i| leaf_hash(&[&[i]])).collect();
    /// let mut completed = Vec::new();
    /// Frontier::new().extend_reporting(&leaves, 2, |level, index, _| completed.push((level, index)));
    /// assert_eq!(completed, [(2, 0), (2, 1), (3, 0)]);
    /// ```
    pub fn extend_reporting(&mut self, leaves: &[Digest], level_min: u8, mut on_node: impl FnMut(u8, u64, Digest)) {
        if let [leaf] = leaves {
            return self.push_reporting(*leaf, level_min, on_node);
        }
        let mut new_peaks = Vec::new();
        let mut completed = leaves.to_vec();
        let mut level = 0;
        while !completed.is_empty() {
            // `completed` are whole subtrees of this level; the old tree had this many of them.
            let before = self.size >> level;
            if level >= level_min {
                for (index, node) in (before..).zip(&completed) {
                    on_node(level, index, *node);
                }
            }
            let left_open = if before & 1 == 1 { self.peaks.pop() } else { None };
            let children = join(left_open, completed);
            completed = vec![Digest::ZERO; children.len() / 2];
            node_hash_many(&children, &mut completed);
            let (_, open) = children.as_chunks::<2>();
            new_peaks.extend_from_slice(open);
            level += 1;
        }
        self.peaks.extend(new_peaks.into_iter().rev());
        self.size += leaves.len() as u64;
    }

    /// Appends one leaf, without the lists that many take.
    fn push_reporting(&mut self, leaf: Digest, level_min: u8, mut on_node: impl FnMut(u8, u64, Digest)) {
        let (mut node, mut level) = (leaf, 0);
        loop {
            let index = self.size >> level;
            if level >= level_min {
                on_node(level, index, node);
            }
            // An even node waits for its sibling; an odd one has it on its left.
            match if index & 1 == 1 { self.peaks.pop() } else { None } {
                Some(left) => node = node_hash(&left, &node),
                None => break,
            }
            level += 1;
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// Writes the frontier as bytes: the size as a little-endian `u64`, then 32 bytes for each set bit of the
    /// size, the largest subtree first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(8 + 32 * self.peaks.len());
        writer.u64(self.size);
        for peak in &self.peaks {
            writer.bytes(peak.as_bytes());
        }
        writer.into_bytes()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// Any other length than the size demands, and a size over 2^62, is `corrupt`. That the hashes are right shows only in the root.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes, "tree frontier");
        let size = reader.u64()?;
        if size > SIZE_MAX {
            return Err(reader.corrupt(format_args!("size {size} over {SIZE_MAX}")));
        }
        let hashes = (0..size.count_ones()).map(|_| reader.array::<32>().map(Digest::from_bytes));
        let peaks = hashes.collect::<Result<_>>()?;
        reader.finish()?;
        Ok(Self { size, peaks })
    }
}

/// Puts the older sibling, if there is one, before the nodes of its level.
fn join(first: Option<Digest>, nodes: Vec<Digest>) -> Vec<Digest> {
    match first {
        None => nodes,
        Some(first) => {
            let mut joined = Vec::with_capacity(nodes.len() + 1);
            joined.push(first);
            joined.extend(nodes);
            joined
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{leaf_hash, subtree_root};
    use nedb_types::ErrorCode;
    use std::collections::BTreeMap;

    fn leaves(count: u32) -> Vec<Digest> {
        (0..count).map(|number| leaf_hash(&[&number.to_le_bytes()])).collect()
    }

    #[test]
    fn pushes_and_batches_of_any_cut_give_the_same_tree() {
        let leaves = leaves(200);
        for cut in 0..=leaves.len() {
            let mut pushed = Frontier::new();
            for leaf in &leaves {
                pushed.push(*leaf);
            }
            let mut batched = Frontier::new();
            batched.extend(&leaves[..cut]);
            assert_eq!(batched.root(), subtree_root(&leaves[..cut]));
            batched.extend(&leaves[cut..]);
            assert_eq!(batched, pushed);
            assert_eq!(batched.root(), subtree_root(&leaves));
        }
    }

    #[test]
    fn every_complete_node_is_reported_once_with_its_hash() {
        let leaves = leaves(150);
        for step in [1, 2, 3, 7, 64, 150] {
            let mut seen = BTreeMap::new();
            let mut tree = Frontier::new();
            for batch in leaves.chunks(step) {
                tree.extend_reporting(batch, 0, |level, index, node| {
                    assert!(seen.insert((level, index), node).is_none(), "({level},{index}) came twice");
                });
            }
            let mut expected = BTreeMap::new();
            for level in 0..8u8 {
                for (index, part) in leaves.chunks_exact(1 << level).enumerate() {
                    expected.insert((level, index as u64), subtree_root(part));
                }
            }
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn stored_bytes_are_little_endian_size_then_peaks() {
        let mut tree = Frontier::new();
        assert_eq!(tree.to_bytes(), [0; 8]);
        let leaves = leaves(3);
        tree.extend(&leaves);
        let mut expected = vec![3, 0, 0, 0, 0, 0, 0, 0];
        expected.extend_from_slice(node_hash(&leaves[0], &leaves[1]).as_bytes());
        expected.extend_from_slice(leaves[2].as_bytes());
        assert_eq!(tree.to_bytes(), expected);
        assert_eq!(Frontier::from_bytes(&expected).unwrap(), tree);
    }

    #[test]
    fn every_truncation_and_every_surplus_byte_is_corrupt() {
        let mut tree = Frontier::new();
        tree.extend(&leaves(77));
        let bytes = tree.to_bytes();
        for end in 0..bytes.len() {
            assert_eq!(Frontier::from_bytes(&bytes[..end]).unwrap_err().code(), ErrorCode::Corrupt);
        }
        let longer: Vec<_> = bytes.iter().copied().chain([0]).collect();
        assert_eq!(Frontier::from_bytes(&longer).unwrap_err().code(), ErrorCode::Corrupt);
    }

    #[test]
    fn the_largest_frontier_grows_on_and_a_larger_one_is_corrupt() {
        let stored = |size: u64| {
            let mut bytes = size.to_le_bytes().to_vec();
            bytes.resize(8 + 32 * size.count_ones() as usize, 7);
            Frontier::from_bytes(&bytes)
        };
        for size in [SIZE_MAX, SIZE_MAX - 1] {
            let mut tree = stored(size).unwrap();
            tree.extend(&leaves(3));
            assert_eq!(tree.size(), size + 3);
            assert_eq!(tree.to_bytes().len(), 8 + 32 * tree.size().count_ones() as usize);
        }
        for size in [SIZE_MAX + 1, u64::MAX] {
            assert_eq!(stored(size).unwrap_err().code(), ErrorCode::Corrupt);
        }
    }

    #[test]
    fn every_flipped_bit_is_refused_or_changes_the_root() {
        let mut tree = Frontier::new();
        tree.extend(&leaves(77));
        let bytes = tree.to_bytes();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(read) = Frontier::from_bytes(&flipped) {
                assert_ne!((read.size(), read.root()), (tree.size(), tree.root()), "bit {bit}");
            }
        }
    }
}
