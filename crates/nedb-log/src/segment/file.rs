//! One open segment file, and a window through which its bytes are walked.

use super::{SegmentHeader, segment_name};
use crate::check::Seed;
use crate::{Address, ReadMode};
use nedb_io::{File, Map, MapAdvice};
use nedb_types::{DatabaseId, Result};
use std::io;
use std::sync::Arc;

/// How much is read at once when a segment is walked: large enough to hide the call, small enough for the cache.
const WINDOW_BYTES: usize = 1 << 20;

/// An open segment.
#[derive(Debug)]
pub(crate) struct Segment {
    header: SegmentHeader,
    seed: Seed,
    file: Arc<dyn File>,
    map: Option<Map>,
}

impl Segment {
    /// Wraps an open file whose header was checked.
    pub(crate) fn new(file: Arc<dyn File>, header: SegmentHeader, read: ReadMode) -> Result<Self> {
        let map = match read {
            ReadMode::Map => file.map(u64::from(header.segment_bytes), MapAdvice::Random)?,
            ReadMode::Pread => None,
        };
        Ok(Self { header, seed: header.seed(), file, map })
    }

    pub(crate) fn first(&self) -> Address {
        self.header.first
    }

    /// Returns the address behind the segment's last byte.
    pub(crate) fn logical_end(&self) -> Address {
        self.header.first.plus(u64::from(self.header.segment_bytes))
    }

    #[inline]
    pub(crate) const fn seed(&self) -> Seed {
        self.seed
    }

    pub(crate) const fn database(&self) -> DatabaseId {
        self.header.database
    }

    pub(crate) const fn file(&self) -> &Arc<dyn File> {
        &self.file
    }

    #[inline]
    pub(crate) const fn map(&self) -> Option<&Map> {
        self.map.as_ref()
    }

    pub(crate) fn name(&self) -> String {
        segment_name(self.header.first)
    }
}

/// Holds a stretch of one segment in memory; bytes beyond the end of the file read as zero.
#[derive(Debug, Default)]
pub(crate) struct Window {
    bytes: Vec<u8>,
    first: Address,
    offset: u64,
    len: usize,
    /// The offset behind the last byte that the file really had.
    present_end: u64,
}

impl Window {
    /// Returns `len` bytes of a segment from `offset` on.
    pub(crate) fn bytes(&mut self, segment: &Segment, offset: u64, len: usize) -> io::Result<&[u8]> {
        let is_held = self.first == segment.first()
            && offset >= self.offset
            && offset + len as u64 <= self.offset + self.len as u64;
        if !is_held {
            self.fill(segment, offset, len)?;
        }
        let start = usize::try_from(offset - self.offset).unwrap_or(usize::MAX);
        let held = self.bytes.get(start..start.saturating_add(len));
        held.ok_or_else(|| io::Error::other("the window does not hold what was just read into it"))
    }

    /// Tells whether the file really has all bytes before an offset inside the stretch that was just asked for.
    pub(crate) fn has_all_before(&self, offset: u64) -> bool {
        offset <= self.present_end
    }

    /// Forgets what is held, so that the next look reads the file again.
    pub(crate) fn forget(&mut self) {
        self.len = 0;
    }

    fn fill(&mut self, segment: &Segment, offset: u64, len: usize) -> io::Result<()> {
        self.len = 0;
        let rest = segment.logical_end().bytes_after(segment.first().plus(offset));
        let wanted = len.max(WINDOW_BYTES.min(usize::try_from(rest).unwrap_or(usize::MAX)));
        self.bytes.resize(wanted, 0);
        let mut filled = 0;
        while let Some(rest) = self.bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match segment.file().read_at(rest, offset + filled as u64) {
                Ok(0) => {
                    rest.fill(0);
                    break;
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        (self.first, self.offset, self.len) = (segment.first(), offset, wanted);
        self.present_end = offset + filled as u64;
        Ok(())
    }
}
