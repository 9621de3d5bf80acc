//! What a failing medium, a careless operator or an attacker does to the bytes of a file.
//!
//! Damage is durable and seen at once, passes no gate and works also when the machine is off. Blocks are 4 KiB.

use std::{
    io::{self, ErrorKind},
    path::Path,
};

use super::{
    content::{BLOCK_LEN, Content},
    disk::SimDisk,
    names::missing,
    node::FileNode,
};
use crate::explain::refuse;

impl SimDisk {
    /// Returns the bytes of a file as programs see them.
    pub fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.state.lock();
        let node = state.names.find(path)?.ok_or_else(|| missing("read", path))?;
        match state.files.get(&node) {
            Some(file) => Ok(file.seen.to_vec()),
            None => Err(refuse(ErrorKind::IsADirectory, "read", path, "it is a directory")),
        }
    }

    /// Makes a path a file with exactly these bytes, durable at once; its directory must exist.
    pub fn write_file(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state.lock();
        if state.names.find(path)?.is_some_and(|node| state.names.is_directory(node)) {
            return Err(refuse(ErrorKind::IsADirectory, "write", path, "it is a directory"));
        }
        state.put_file(path, Content::from_bytes(bytes))?;
        let (directory, _) = state.names.entry("write", path)?;
        state.names.sync(directory);
        Ok(())
    }

    /// Removes a file, durably.
    pub fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        let (directory, _) = state.names.entry("remove", path)?;
        state.remove(path)?;
        state.names.sync(directory);
        Ok(())
    }

    /// Cuts a file off, or adds zeros.
    pub fn truncate_file(&self, path: &Path, len_bytes: u64) -> io::Result<()> {
        self.damage(path, |content| {
            content.set_len(len_bytes);
            true
        })
    }

    /// Turns one bit of a byte over; `bit` counts from 0, the lowest, to 7.
    pub fn flip_bit(&self, path: &Path, offset: u64, bit: u8) -> io::Result<()> {
        self.damage(path, |content| content.change_byte(offset, |byte| byte ^ (1 << (bit % 8))))
    }

    /// Sets one byte.
    pub fn set_byte(&self, path: &Path, offset: u64, byte: u8) -> io::Result<()> {
        self.damage(path, |content| content.change_byte(offset, |_| byte))
    }

    /// Replaces a block by zeros, as a lost write to a fresh block does.
    pub fn zero_block(&self, path: &Path, block: u64) -> io::Result<()> {
        self.damage(path, |content| {
            let Some(index) = whole_block(content, block) else {
                return false;
            };
            content.set_page(index, None);
            true
        })
    }

    /// Exchanges two blocks.
    pub fn swap_blocks(&self, path: &Path, one: u64, other: u64) -> io::Result<()> {
        self.damage(path, |content| {
            let Some((one, other)) = whole_block(content, one).zip(whole_block(content, other)) else {
                return false;
            };
            let (first, second) = (content.page(one).cloned(), content.page(other).cloned());
            content.set_page(one, second);
            content.set_page(other, first);
            true
        })
    }

    /// Copies a block over another one: a duplicate.
    pub fn copy_block(&self, path: &Path, from: u64, to: u64) -> io::Result<()> {
        self.damage(path, |content| {
            let Some((from, to)) = whole_block(content, from).zip(whole_block(content, to)) else {
                return false;
            };
            let page = content.page(from).cloned();
            content.set_page(to, page);
            true
        })
    }

    /// Puts back what a block held before it was last synced, as a write that the medium lost does.
    ///
    /// Returns false when the block was never overwritten, and changes nothing then.
    pub fn stale_block(&self, path: &Path, block: u64) -> io::Result<bool> {
        let stale = self.with_file(path, |file| {
            let index = whole_block(&file.seen, block)?;
            file.stale_page(index).map(|page| (index, page))
        })?;
        let Some((index, page)) = stale else {
            return Ok(false);
        };
        self.damage(path, |content| {
            content.set_page(index, Some(page.clone()));
            true
        })?;
        Ok(true)
    }

    /// Moves the last write of a block to another block: `to` is overwritten and `from` goes stale.
    ///
    /// Returns false when `from` was never overwritten; `to` is overwritten even then.
    pub fn misdirect_block(&self, path: &Path, from: u64, to: u64) -> io::Result<bool> {
        self.copy_block(path, from, to)?;
        self.stale_block(path, from)
    }

    /// Applies a change to the durable and to the seen bytes; it answers false when the place does not exist.
    fn damage(&self, path: &Path, mut change: impl FnMut(&mut Content) -> bool) -> io::Result<()> {
        let mut state = self.state.lock();
        let node = state.names.find(path)?.ok_or_else(|| missing("damage", path))?;
        let file = state.files.get_mut(&node).ok_or_else(|| missing("damage", path))?;
        let before = file.seen.pages_used();
        if !change(&mut file.seen) {
            return Err(refuse(ErrorKind::InvalidInput, "damage", path, "the place lies beyond the end"));
        }
        // The durable bytes may still be shorter than the seen ones: then there is nothing to damage yet.
        change(&mut file.durable);
        let after = file.seen.pages_used();
        state.pages_used = state.pages_used + after - before;
        Ok(())
    }

    fn with_file<T>(&self, path: &Path, look: impl FnOnce(&FileNode) -> T) -> io::Result<T> {
        let state = self.state.lock();
        let node = state.names.find(path)?.ok_or_else(|| missing("inspect", path))?;
        state.files.get(&node).map(look).ok_or_else(|| missing("inspect", path))
    }
}

/// The index of a block that begins before the end.
fn whole_block(content: &Content, block: u64) -> Option<usize> {
    let is_inside = block.checked_mul(BLOCK_LEN)? < content.len_bytes();
    usize::try_from(block).ok().filter(|_| is_inside)
}
