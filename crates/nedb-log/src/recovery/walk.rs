//! Walking frames in order, each checked in full and linked to the one before.
//!
//! It reads by positional reads, never through a map: behind the end of the log another process may shorten the file.

use crate::frame::{FrameHeader, FrameLengths, FramePlace};
use crate::layout::{LOCAL_HEADER_BYTES, SEGMENT_HEADER_BYTES};
use crate::segment::{Segment, Window, locate};
use crate::{Address, FrameView, LogPosition, LogReader};
use nedb_types::{Error, ErrorKind, Place, Result};
use std::sync::Arc;

/// The next thing on the way.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// A whole frame that continues the log.
    Frame(FrameView<'a>),
    /// No such frame; the error says why. The walk stays where it is.
    End(Error),
}

/// Walks the frames of a log.
#[derive(Debug)]
pub(crate) struct Walk {
    reader: Arc<LogReader>,
    window: Window,
    next: Address,
    /// What the next frame must continue; none before the first frame of a walk that began in the middle.
    position: Option<LogPosition>,
    /// Whether the state of the catalogue is known; a walk from the middle learns it from the first record it meets.
    is_catalogue_known: bool,
}

impl Walk {
    /// Starts behind a known position; `is_sealed` tells whether its frame sealed the segment.
    pub(crate) fn after(reader: Arc<LogReader>, position: LogPosition, is_sealed: bool) -> Self {
        let segment_bytes = reader.segment_bytes();
        let next = if is_sealed { next_segment(position.frame, segment_bytes) } else { position.end };
        Self { reader, window: Window::default(), next, position: Some(position), is_catalogue_known: true }
    }

    /// Starts at a frame of which nothing else is known; zero stands for the first one.
    pub(crate) fn from_frame(reader: Arc<LogReader>, from: Address) -> Self {
        let first = Address::new(SEGMENT_HEADER_BYTES as u64);
        let position = (from <= first).then(LogPosition::start);
        let is_catalogue_known = position.is_some();
        let mut walk = Self { reader, window: Window::default(), next: from.max(first), position, is_catalogue_known };
        if walk.is_behind_seal() {
            walk.next = next_segment(walk.next, walk.reader.segment_bytes());
        }
        walk
    }

    /// Returns where the next frame is expected.
    pub(crate) const fn next_address(&self) -> Address {
        self.next
    }

    /// Returns the position behind the last frame; none when the walk began in the middle and took no step.
    pub(crate) const fn position(&self) -> Option<&LogPosition> {
        self.position.as_ref()
    }

    /// Forgets what was read ahead, so that a writer's latest bytes are seen.
    pub(crate) fn refresh(&mut self) {
        self.window.forget();
    }

    /// Reads the next frame.
    pub(crate) fn step(&mut self) -> Result<Step<'_>> {
        let at = self.next;
        let segment_bytes = self.reader.segment_bytes();
        let Some(segment) = self.reader.segments().get(at.get() / segment_bytes) else {
            let text = format!("no segment file holds address {at}");
            return Ok(Step::End(Error::corrupt(text).at(Place::at_offset(at.get()))));
        };
        let offset = at.bytes_after(segment.first());
        let found = frame_len(&mut self.window, segment, at).map_err(|error| locate(error, segment_bytes))?;
        let Some((place, len)) = found else {
            return Ok(Step::End(locate(not_a_frame(at), segment_bytes)));
        };
        self.window.bytes(segment, offset, len)?;
        if !self.window.has_all_before(offset + len as u64) {
            return Ok(Step::End(locate(cut_short(at), segment_bytes)));
        }
        let bytes = self.window.bytes(segment, offset, len)?;
        let is_known = self.is_catalogue_known;
        let continued = FrameView::parse(bytes, at, place).and_then(|frame| {
            let position = match &self.position {
                Some(previous) if is_known => frame.position_after(previous)?,
                previous => frame.position_from_middle(previous.as_ref())?,
            };
            Ok((frame, position))
        });
        match continued {
            Ok((frame, position)) => {
                self.is_catalogue_known |= frame.header().catalogue_count > 0;
                self.next = if frame.header().is_seal { next_segment(at, segment_bytes) } else { frame.end() };
                self.position = Some(position);
                Ok(Step::Frame(frame))
            }
            Err(error) if error.kind() == ErrorKind::Integrity => Ok(Step::End(locate(error, segment_bytes))),
            // What checks and is not known here was written by another version: the log does not end there.
            Err(error) => Err(locate(error, segment_bytes)),
        }
    }

    /// Tells whether the walk stands where the rest of the segment is unused because a seal frame ended there.
    fn is_behind_seal(&mut self) -> bool {
        let reader = Arc::clone(&self.reader);
        let Some(segment) = reader.segments().get(self.next.get() / reader.segment_bytes()) else {
            return false;
        };
        let seal = Address::new(self.next.get().saturating_sub(crate::layout::SEAL_FRAME_BYTES));
        matches!(read_header(&mut self.window, segment, seal), Ok(Some(header)) if header.is_seal)
    }
}

/// Reads the headers of the frame at an address; `None` when none begins there.
///
/// Errors: `newer_format` and `unknown_feature` for headers whose check passes and which this program cannot read.
pub(super) fn read_header(window: &mut Window, segment: &Segment, at: Address) -> Result<Option<FrameHeader>> {
    if at < segment.first().plus(SEGMENT_HEADER_BYTES as u64) || at >= segment.logical_end() {
        return Ok(None);
    }
    let (offset, room) = (at.bytes_after(segment.first()), segment.logical_end().bytes_after(at));
    let Some(lengths) = FrameLengths::read(window.bytes(segment, offset, LOCAL_HEADER_BYTES)?, at, room) else {
        return Ok(None);
    };
    let bytes = window.bytes(segment, offset, lengths.headers())?;
    match FrameHeader::parse(bytes, at, segment.seed(), room) {
        Ok(header) => Ok(Some(header)),
        Err(error) if error.kind() == ErrorKind::Integrity => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns place and length of the frame at an address; the length is believed only after the headers' check passed,
/// so that no accident makes the walk read megabytes.
fn frame_len(window: &mut Window, segment: &Segment, at: Address) -> Result<Option<(FramePlace, usize)>> {
    let room = segment.logical_end().bytes_after(at);
    let place = FramePlace { seed: segment.seed(), database: segment.database(), room };
    Ok(read_header(window, segment, at)?.map(|header| (place, header.frame_bytes() as usize)))
}

/// Returns where the first frame of the segment behind the one with this address begins.
pub(crate) fn next_segment(at: Address, segment_bytes: u64) -> Address {
    Address::new((at.get() / segment_bytes + 1) * segment_bytes + SEGMENT_HEADER_BYTES as u64)
}

#[cold]
fn cut_short(at: Address) -> Error {
    Error::corrupt("the file ends inside the frame").at(Place::at_offset(at.get()))
}

#[cold]
fn not_a_frame(at: Address) -> Error {
    Error::corrupt("no whole frame begins here").at(Place::at_offset(at.get()))
}
