//! Calls on an open file of the simulated machine: reads, writes, lengths, syncs.
//!
//! A write that fails or meets the cut may leave a part from its front. Names and space freed by removal are left to
//! `state`.

use std::{
    io::{self, ErrorKind},
    path::Path,
};

use super::{
    content::BLOCK_LEN,
    faults::{Call, Failure},
    gate::{Verdict, power_cut},
    names::{NodeId, missing},
    node::FileNode,
    state::State,
};
use crate::explain::{explain, refuse};

/// Far beyond what a test writes, and small enough that a wild offset cannot exhaust the memory.
const FILE_BYTES_MAX: u64 = 1 << 36;

impl State {
    pub(super) fn sync_file(&mut self, node: NodeId, path: &Path) -> io::Result<()> {
        let verdict = self.gate.admit(Call::SyncFile, path, format_args!(""))?;
        let file = self.files.get_mut(&node).ok_or_else(|| missing("sync", path))?;
        match verdict {
            Verdict::Proceed if self.faults.is_file_sync_lying => Ok(()),
            Verdict::Proceed => {
                file.sync();
                Ok(())
            }
            Verdict::Fail(failure) => {
                file.fail_sync();
                Err(explain("sync", path, failure.to_error()))
            }
            Verdict::Cut => Err(power_cut()),
        }
    }

    pub(super) fn read(&mut self, node: NodeId, path: &Path, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let verdict = self.gate.admit(Call::Read, path, format_args!(" {offset}+{}", buf.len()))?;
        if let Verdict::Fail(failure) = verdict {
            return Err(explain("read", path, failure.to_error()));
        }
        let mut len = buf.len();
        if self.faults.interrupts_per_mille > 0 && self.random.has_chance(self.faults.interrupts_per_mille) {
            return Err(explain("read", path, Failure::Interrupted.to_error()));
        }
        if len > 1 && self.faults.short_reads_per_mille > 0 && self.random.has_chance(self.faults.short_reads_per_mille)
        {
            len = 1 + usize::try_from(self.random.below(len as u64 - 1)).unwrap_or(0);
        }
        let file = self.files.get(&node).ok_or_else(|| missing("read", path))?;
        Ok(file.seen.read(buf.get_mut(..len).unwrap_or_default(), offset))
    }

    pub(super) fn write(&mut self, node: NodeId, path: &Path, buf: &[u8], offset: u64) -> io::Result<()> {
        let verdict = self.gate.admit(Call::Write, path, format_args!(" {offset}+{}", buf.len()))?;
        if offset.checked_add(buf.len() as u64).is_none_or(|end| end > FILE_BYTES_MAX) {
            return Err(refuse(ErrorKind::FileTooLarge, "write", path, "the write ends beyond the largest file"));
        }
        self.gate.counts.bytes_written += buf.len() as u64;
        match verdict {
            Verdict::Proceed => self.write_what_fits(node, path, buf, offset),
            Verdict::Fail(failure) => {
                let front = self.any_front(buf);
                self.write_what_fits(node, path, front, offset)?;
                Err(explain("write", path, failure.to_error()))
            }
            Verdict::Cut => {
                let front = if self.random.has_chance(500) { buf } else { self.any_front(buf) };
                self.write_what_fits(node, path, front, offset)?;
                Err(power_cut())
            }
        }
    }

    pub(super) fn set_len(&mut self, node: NodeId, path: &Path, len_bytes: u64) -> io::Result<()> {
        if len_bytes > FILE_BYTES_MAX {
            return Err(refuse(ErrorKind::FileTooLarge, "set the length of", path, "it is beyond the largest file"));
        }
        self.change_file(node, path, |file| file.set_len(len_bytes))
    }

    /// A part of a write from its front, of random length.
    fn any_front<'a>(&mut self, buf: &'a [u8]) -> &'a [u8] {
        let count = usize::try_from(self.random.below(buf.len() as u64 + 1)).unwrap_or(0);
        buf.get(..count).unwrap_or(buf)
    }

    /// Writes all bytes, or those before the first block that has no space.
    fn write_what_fits(&mut self, node: NodeId, path: &Path, buf: &[u8], offset: u64) -> io::Result<()> {
        let file = self.files.get(&node).ok_or_else(|| missing("write", path))?;
        let mut fits = buf;
        if let Some(bytes_max) = self.faults.space_bytes_max {
            let free = (bytes_max / BLOCK_LEN).saturating_sub(self.pages_used);
            while file.seen.pages_needed(offset, fits.len() as u64) > free {
                // The last block of the range is given up, whole or begun.
                let end = offset + fits.len() as u64;
                let cut = end - ((end - 1) / BLOCK_LEN * BLOCK_LEN).max(offset);
                fits = fits.get(..fits.len() - usize::try_from(cut).unwrap_or(fits.len())).unwrap_or_default();
            }
        }
        let is_whole = fits.len() == buf.len();
        self.change_file(node, path, |file| file.write(offset, fits))?;
        if is_whole { Ok(()) } else { Err(explain("write", path, Failure::NoSpace.to_error())) }
    }

    fn change_file(&mut self, node: NodeId, path: &Path, change: impl FnOnce(&mut FileNode)) -> io::Result<()> {
        let file = self.files.get_mut(&node).ok_or_else(|| missing("change", path))?;
        let before = file.seen.pages_used();
        change(file);
        self.pages_used = self.pages_used + file.seen.pages_used() - before;
        Ok(())
    }
}
