//! Keeps the lanes busy: each lane takes the next message as soon as its own has ended.
//!
//! Promises: every job's digest is written once; lanes without a message cost time but touch nothing.
//! Leaves to others: how to cut a message into blocks, and the compression.

use super::compress::{INITIAL, compress};
use super::message::{BLOCK_BYTES, Blocks};
use nedb_types::Digest;
use pulp::{Simd, WithSimd, bytemuck};

/// The greatest number of lanes of any vector type.
const LANES_MAX: usize = 16;

/// The jobs of one call: the blocks of a message and where its digest goes.
pub(super) struct Batch<J> {
    jobs: J,
}

/// A message on its way through one lane.
struct Lane<'m, 'o> {
    blocks: Blocks<'m>,
    out: &'o mut Digest,
}

impl<'m, 'o, J: Iterator<Item = (Blocks<'m>, &'o mut Digest)>> Batch<J> {
    pub(super) fn new(jobs: J) -> Self {
        Self { jobs }
    }
}

impl<'m, 'o, J: Iterator<Item = (Blocks<'m>, &'o mut Digest)>> WithSimd for Batch<J> {
    type Output = ();

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "vector code must end up inside the function that enables the instructions"
    )]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut lanes: [Option<Lane<'m, 'o>>; LANES_MAX] = [const { None }; LANES_MAX];
        let mut state = [simd.splat_u32s(0); 8];
        let mut words = [simd.splat_u32s(0); 16];
        loop {
            let mut busy = 0;
            for (index, lane) in lanes.iter_mut().take(S::U32_LANES).enumerate() {
                if lane.is_none() {
                    *lane = self.jobs.next().map(|(blocks, out)| Lane { blocks, out });
                    start_lane(&mut state, index);
                }
                if let Some(lane) = lane {
                    load_block(&mut lane.blocks, &mut words, index);
                    busy += 1;
                }
            }
            if busy == 0 {
                return;
            }
            compress(simd, &mut state, &mut words);
            for (index, slot) in lanes.iter_mut().take(S::U32_LANES).enumerate() {
                if let Some(lane) = slot.take_if(|lane| lane.blocks.is_done()) {
                    *lane.out = digest_of_lane(&state, index);
                }
            }
        }
    }
}

/// Writes the next block of a message as the sixteen words of its lane.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the row length must be a constant here")]
fn load_block<V: bytemuck::Pod>(blocks: &mut Blocks<'_>, words: &mut [V; 16], lane: usize) {
    let mut block = [0; BLOCK_BYTES];
    blocks.next_into(&mut block);
    let (quads, _) = block.as_chunks::<4>();
    for (vector, quad) in words.iter_mut().zip(quads) {
        set_cell(vector, lane, u32::from_be_bytes(*quad));
    }
}

/// Gives a lane the initial hash value.
fn start_lane<V: bytemuck::Pod>(state: &mut [V; 8], lane: usize) {
    for (vector, value) in state.iter_mut().zip(INITIAL) {
        set_cell(vector, lane, value);
    }
}

fn digest_of_lane<V: bytemuck::Pod>(state: &[V; 8], lane: usize) -> Digest {
    let mut bytes = [0; 32];
    let (quads, _) = bytes.as_chunks_mut::<4>();
    for (quad, vector) in quads.iter_mut().zip(state) {
        if let Some(cell) = bytemuck::cast_slice::<V, u32>(core::slice::from_ref(vector)).get(lane) {
            *quad = cell.to_be_bytes();
        }
    }
    Digest::from_bytes(bytes)
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "the vector's length must be a constant here")]
fn set_cell<V: bytemuck::Pod>(vector: &mut V, lane: usize, value: u32) {
    if let Some(cell) = bytemuck::cast_slice_mut::<V, u32>(core::slice::from_mut(vector)).get_mut(lane) {
        *cell = value;
    }
}
