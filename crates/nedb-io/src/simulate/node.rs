//! A simulated file: what programs see, what is durable, and the effects in between.
//!
//! Seen = durable + effects, except after a failed sync, which forgets the effects but not what is seen: as on Linux,
//! where pages that could not be written are marked clean. Names are left to `names`.

use std::collections::BTreeMap;

use super::{
    content::{BLOCK_LEN, Content, Page, place},
    effect::{FileEffect, settle},
    faults::Faults,
    power::Survival,
};
use crate::random::Sequence;

#[derive(Clone, Debug, Default)]
pub(super) struct FileNode {
    pub(super) seen: Content,
    pub(super) durable: Content,
    effects: Vec<FileEffect>,
    /// What each block held on the medium before it was last synced.
    stale: BTreeMap<usize, Page>,
    /// Whether a name that programs see leads here.
    pub(super) is_linked: bool,
    pub(super) handles: u64,
}

impl FileNode {
    /// A file that is the same on the medium as programs see it.
    pub(super) fn durable(content: Content, handles: u64) -> Self {
        Self { seen: content.clone(), durable: content, is_linked: true, handles, ..Self::default() }
    }

    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let effect = FileEffect::write(offset, bytes);
        effect.apply(&mut self.seen);
        self.effects.push(effect);
    }

    pub(super) fn set_len(&mut self, len_bytes: u64) {
        let effect = FileEffect::SetLen(len_bytes);
        effect.apply(&mut self.seen);
        self.effects.push(effect);
    }

    pub(super) fn sync(&mut self) {
        self.remember_stale();
        for effect in self.effects.drain(..) {
            effect.apply(&mut self.durable);
        }
    }

    /// A sync that failed: what was not durable never will be, and still reads back.
    pub(super) fn fail_sync(&mut self) {
        self.effects.clear();
    }

    /// The file as the medium has it after a power cut.
    pub(super) fn after_cut(&self, survival: Survival, faults: &Faults, random: &mut Sequence) -> Self {
        let mut content = self.durable.clone();
        settle(&mut content, &self.effects, survival, faults, random);
        Self { stale: self.stale.clone(), ..Self::durable(content, 0) }
    }

    /// What the block held before it was last synced: `None` when it was never overwritten.
    pub(super) fn stale_page(&self, block: usize) -> Option<Page> {
        self.stale.get(&block).cloned()
    }

    fn remember_stale(&mut self) {
        let mut last_block = None;
        for (offset, len_bytes) in self.effects.iter().filter_map(FileEffect::extent) {
            for block in place(offset).0..=place(offset + len_bytes - 1).0 {
                // Appends touch the same last block again and again: one look is enough.
                let is_new = last_block.replace(block) != Some(block);
                if is_new && (block as u64) * BLOCK_LEN < self.durable.len_bytes() {
                    self.stale.insert(block, self.durable.page_or_zeros(block));
                }
            }
        }
    }
}
