//! Mapped files and prefetch.
//!
//! It promises that no access leaves the mapping. It leaves to the callers that they read only below the file's
//! length and only bytes that have been published and are never changed again; each block below says where that
//! matters.

use std::{fs, io};

use memmap2::{Advice, Mmap, MmapOptions};

use crate::MapAdvice;

/// Length of the cache lines of nearly every processor; a wrong guess only loads lines twice or leaves some out.
const LINE_BYTES: usize = 64;

/// A read-only view of a file's first bytes.
///
/// The file may be shorter than the view, so that a growing file is mapped once. The holder keeps two rules: it asks
/// only for bytes below the present length of the file (beyond it the system ends the process with `SIGBUS`), and only
/// for bytes that are final, as all bytes of a log below its published end are.
///
/// ```
/// use std::path::Path;
/// use nedb_io::{Disk, MapAdvice, RealDisk};
///
/// let path = std::env::temp_dir().join(format!("nedb-io-map-example-{}", std::process::id()));
/// let disk = RealDisk::new();
/// let file = disk.create_new(&path)?;
/// file.write_all_at(b"published", 0)?;
/// if let Some(map) = file.map(1 << 20, MapAdvice::Random)? {
///     assert_eq!(map.bytes(0, 9), Some(b"published".as_slice()));
///     assert_eq!(map.bytes(1 << 20, 1), None);
/// }
/// disk.remove(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Map {
    mapping: Mmap,
}

impl Map {
    pub(crate) fn open(file: &fs::File, len_bytes: u64, advice: MapAdvice) -> io::Result<Self> {
        let len = usize::try_from(len_bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        // SAFETY: the view is read-only and lives as long as `Mmap`. A view of bytes that change would be unsound; the
        // holder's two rules in the type's documentation exclude it: files of a database are locked against other
        // writers, published bytes are never written again, and files are never shortened below the published end.
        let mapping = unsafe { MmapOptions::new().len(len).map(file)? };
        #[cfg(unix)]
        mapping.advise(match advice {
            MapAdvice::Random => Advice::Random,
            MapAdvice::Normal => Advice::Normal,
        })?;
        Ok(Self { mapping })
    }

    /// Returns `len` bytes at the offset, or `None` when they do not lie inside the view.
    #[inline]
    pub fn bytes(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset).ok()?;
        self.mapping.get(start..start.checked_add(len)?)
    }

    /// Returns the length of the view, which may exceed the file's.
    #[inline]
    pub fn len_bytes(&self) -> u64 {
        self.mapping.len() as u64
    }

    /// Asks the processor to load the cache line at the offset; does nothing outside the view.
    ///
    /// It never faults, not even beyond the end of the file, and is a no-op on processors without the instruction.
    #[inline]
    pub fn prefetch(&self, offset: u64) {
        if let Some(byte) = usize::try_from(offset).ok().and_then(|start| self.mapping.get(start..)?.first()) {
            prefetch_line(std::ptr::from_ref(byte));
        }
    }

    /// As [`prefetch`](Self::prefetch), for every cache line of so many bytes.
    #[inline]
    pub fn prefetch_range(&self, offset: u64, len: usize) {
        let Ok(start) = usize::try_from(offset) else { return };
        // A mapping begins at a page, so that its lines begin at multiples of their length.
        let end = start.saturating_add(len).min(self.mapping.len());
        let lines = self.mapping.get(start / LINE_BYTES * LINE_BYTES..end).unwrap_or_default();
        for line in lines.chunks(LINE_BYTES) {
            prefetch_line(line.as_ptr());
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn prefetch_line(address: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: PREFETCHT0 is part of every x86-64 processor, reads nothing into the program and cannot fault.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast::<i8>()) };
}

#[cfg(target_arch = "aarch64")]
#[inline]
fn prefetch_line(address: *const u8) {
    // SAFETY: PRFM is a hint: it changes no register and no memory, and cannot fault.
    unsafe { std::arch::asm!("prfm pldl1keep, [{0}]", in(reg) address, options(nostack, readonly, preserves_flags)) };
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline]
fn prefetch_line(_address: *const u8) {}
