//! The nodes of the Merkle tree, read for proofs: levels 8 and up are stored, lower ones come from the entries.
//!
//! Promises: only nodes inside the tree of a durable size are handed out; a proof leaves this file only after it was
//! checked against the root that the log names, so damaged derived state gives an error, never a wrong proof.

use std::{cell::RefCell, sync::Arc};

use nedb_crypto::{
    Domain, Message, NodeSource, consistency_proof, inclusion_proof, node_hash, sha256, sha256_many, subtree_root,
    verify_consistency, verify_inclusion,
};
use nedb_log::{FrameHeader, LogReader, LogStore, canonical_entry};
use nedb_types::{Digest, Error, ErrorCode, Place, Result, Seq};

use super::tree_proof::{ConsistencyProof, InclusionProof};
use crate::{engine::Engine, state::STORED_LEVEL_MIN};

/// Leaves under one node of the lowest stored level.
pub(crate) const BLOCK_LEAVES: u64 = 1 << STORED_LEVEL_MIN;

/// The tree over the first `size` operations of a database.
pub(crate) struct LogNodes<'e> {
    engine: &'e Engine,
    reader: Arc<LogReader>,
    size: u64,
    root: Digest,
    /// The leaves of the block that was asked for last: one proof asks for many nodes of one block.
    newest: RefCell<Option<(u64, Vec<Digest>)>>,
}

impl<'e> LogNodes<'e> {
    /// The tree over everything that is durable and applied.
    pub(crate) fn at_durable_end(engine: &'e Engine) -> Result<Self> {
        let (size, root) = provable_head(engine);
        Self::of_head(engine, size, root)
    }

    /// The tree of a size that is known durable, and its root as the log names it.
    pub(crate) fn of_head(engine: &'e Engine, size: u64, root: Digest) -> Result<Self> {
        engine.check_open()?;
        Ok(Self { engine, reader: engine.log.reader(), size, root, newest: RefCell::new(None) })
    }

    /// The number of operations in the tree.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The canonical entries of the block with this number: 256, or fewer at the end.
    pub(crate) fn entries_of_block(&self, block: u64) -> Result<Vec<Vec<u8>>> {
        let first = block.saturating_mul(BLOCK_LEAVES);
        self.entries(first, self.size.saturating_sub(first).min(BLOCK_LEAVES))
    }

    /// The canonical entry of one operation.
    pub(crate) fn entry(&self, seq: Seq) -> Result<Vec<u8>> {
        self.entries(seq.get(), 1)?.pop().ok_or_else(|| self.outside(seq.get()))
    }

    fn entries(&self, first: u64, count: u64) -> Result<Vec<Vec<u8>>> {
        let mut entries = Vec::new();
        let mut frame: Option<FrameHeader> = None;
        self.engine.walk(&self.reader, Seq::new(first), count, |record| {
            let header = match frame.filter(|header| header.address == record.frame) {
                Some(header) => header,
                None => *frame.insert(self.reader.frame(record.frame)?),
            };
            entries.push(canonical_entry(self.engine.id, &header, record));
            Ok(true)
        })?;
        if entries.len() as u64 == count {
            return Ok(entries);
        }
        let found = first.saturating_add(entries.len() as u64);
        Err(Error::corrupt(format!("the log ends before seq {found}, which is below its size"))
            .at(Place::at_seq(found)))
    }

    /// Proves that an operation is in the tree of a size.
    pub(crate) fn inclusion(&self, seq: Seq, size: u64) -> Result<InclusionProof> {
        self.check_size(size)?;
        let hashes = inclusion_proof(self, seq.get(), size)?;
        let leaf = self.node(0, seq.get())?;
        let root = self.root_at(size)?;
        verify_inclusion(&leaf, seq.get(), size, &hashes, &root).map_err(|error| damaged(&error))?;
        Ok(InclusionProof { seq, size, leaf, root, hashes })
    }

    /// Proves that the tree of one size continues that of another.
    pub(crate) fn consistency(&self, from_size: u64, to_size: u64) -> Result<ConsistencyProof> {
        self.check_size(to_size)?;
        let hashes = consistency_proof(self, from_size, to_size)?;
        let (from_root, to_root) = (self.root_at(from_size)?, self.root_at(to_size)?);
        let proof = ConsistencyProof { from_size, from_root, to_size, to_root, hashes };
        proof.verify().map_err(|error| damaged(&error))?;
        Ok(proof)
    }

    /// The root at a size, after checking that the tree whose root the log names continues it.
    pub(crate) fn root_at(&self, size: u64) -> Result<Digest> {
        self.check_size(size)?;
        let root = self.joined_peaks(size)?;
        let proof = consistency_proof(self, size, self.size)?;
        verify_consistency(size, &root, self.size, &self.root, &proof).map_err(|error| damaged(&error))?;
        Ok(root)
    }

    /// The root over the perfect subtrees that the set bits of the size name.
    fn joined_peaks(&self, size: u64) -> Result<Digest> {
        let (mut peaks, mut start) = (Vec::new(), 0_u64);
        for level in (0..64_u8).rev().filter(|level| size >> level & 1 == 1) {
            peaks.push(self.node(level, start >> level)?);
            start += 1 << level;
        }
        let root = peaks.into_iter().rev().reduce(|right, left| node_hash(&left, &right));
        Ok(root.unwrap_or_else(|| sha256(&[])))
    }

    fn check_size(&self, size: u64) -> Result<()> {
        if size <= self.size {
            return Ok(());
        }
        let message = format!("no proof for a tree of {size} operations: {} are durable", self.size);
        Err(Error::new(ErrorCode::UnknownProofSeq, message))
    }

    fn outside(&self, seq: u64) -> Error {
        let message = format!("no proof for seq {seq}: {} operations are durable", self.size);
        Error::new(ErrorCode::UnknownProofSeq, message)
    }

    /// The root over leaves `first..first + count`, which lie in one block.
    fn low_node(&self, first: u64, count: u64) -> Result<Digest> {
        let block = first / BLOCK_LEAVES;
        let mut newest = self.newest.borrow_mut();
        let leaves = match newest.take() {
            Some((number, leaves)) if number == block => leaves,
            _ => leaf_hashes(&self.entries_of_block(block)?),
        };
        let offset = usize::try_from(first % BLOCK_LEAVES).unwrap_or(usize::MAX);
        let width = usize::try_from(count).unwrap_or(usize::MAX);
        let part = leaves.get(offset..).and_then(|leaves| leaves.get(..width));
        let root = part.map(subtree_root).ok_or_else(|| self.outside(first));
        *newest = Some((block, leaves));
        root
    }
}

impl NodeSource for LogNodes<'_> {
    fn node(&self, level: u8, index: u64) -> Result<Digest> {
        let width = 1_u64.checked_shl(u32::from(level));
        let range = width.and_then(|width| {
            let first = index.checked_mul(width)?;
            (first.checked_add(width)? <= self.size).then_some((first, width))
        });
        let Some((first, width)) = range else { return Err(self.outside(index)) };
        if level >= STORED_LEVEL_MIN {
            return self.engine.tree.read().node(level, index);
        }
        self.low_node(first, width)
    }
}

/// Hashes entries to leaves, side by side.
pub(crate) fn leaf_hashes(entries: &[Vec<u8>]) -> Vec<Digest> {
    let messages: Vec<Message<'_>> =
        entries.iter().map(|entry| Message::tagged(Domain::Leaf, [entry.as_slice()])).collect();
    let mut leaves = vec![Digest::ZERO; messages.len()];
    sha256_many(&messages, &mut leaves);
    leaves
}

/// The greatest head that is durable and whose derived state is complete: a frame is durable a moment before it is applied.
pub(crate) fn provable_head(engine: &Engine) -> (u64, Digest) {
    let head = engine.published.head();
    let durable = engine.log.durable();
    if head.size <= durable.size { (head.size, head.root) } else { (durable.size, durable.root) }
}

fn damaged(error: &Error) -> Error {
    let message =
        format!("the stored nodes of the tree do not lead to the root that the log names: {}", error.message());
    Error::corrupt(message).at(Place::in_file("index"))
}
