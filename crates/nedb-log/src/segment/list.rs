//! Opening all segments of a log.
//!
//! Promises: the files are exactly the segments 0, 1, 2, ... of this database; a missing, foreign, oversized or damaged
//! one is an error that names it.

use super::name::{self, LOG_DIR, SegmentName};
use super::{Segment, SegmentHeader, SegmentTable, segment_name};
use crate::layout::SEGMENT_HEADER_BYTES;
use crate::{Address, ReadMode};
use nedb_io::{Access, File, Io};
use nedb_types::{DatabaseId, Error, ErrorCode, Place, Result};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What all segments of one log have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    pub(crate) database: DatabaseId,
    pub(crate) segment_bytes: u32,
}

/// Opens the segments; for writing, leftovers of segments that were never used are removed.
pub(crate) fn open_segments(
    io: &Io,
    dir: &Path,
    expected: Expected,
    access: Access,
    read: ReadMode,
) -> Result<SegmentTable> {
    let log = dir.join(LOG_DIR);
    let table = SegmentTable::new();
    for file_name in io.disk.list(&log).map_err(|error| Error::from(error).context("listing the log"))? {
        match name::parse(&file_name) {
            SegmentName::Segment(first) => {
                check_order(first, table.count(), expected.segment_bytes)?;
                let path = log.join(&file_name);
                let located = |error: Error| {
                    let file = format!("{LOG_DIR}/{file_name}");
                    let seq = error.place().and_then(|place| place.seq);
                    error.at(Place { file: Some(file), offset: Some(0), seq })
                };
                let file = match io.disk.open(&path, access) {
                    // A writer that recovers removes the files behind the log's end, the last one first.
                    Err(error) if access == Access::Read && error.kind() == io::ErrorKind::NotFound => break,
                    opened => opened.map_err(|error| located(Error::from(error)))?,
                };
                let header = read_header(&file, first, expected).map_err(located)?;
                table.push(Segment::new(file, header, read)?);
            }
            SegmentName::Unfinished if access == Access::Write => {
                io.disk.remove(&log.join(&file_name))?;
            }
            SegmentName::Unfinished => {}
            SegmentName::Foreign => {
                let text = format!("{file_name:?} does not belong into the log's directory");
                return Err(Error::corrupt(text).at(Place::in_file(format!("{LOG_DIR}/{file_name}"))));
            }
        }
    }
    if table.count() == 0 {
        return Err(missing(Address::ZERO));
    }
    Ok(table)
}

fn check_order(first: Address, number: u64, segment_bytes: u32) -> Result<()> {
    let wanted = Address::new(number.saturating_mul(u64::from(segment_bytes)));
    if first == wanted { Ok(()) } else { Err(missing(wanted)) }
}

fn missing(first: Address) -> Error {
    let file = format!("{LOG_DIR}/{}", segment_name(first));
    Error::corrupt(format!("the segment file {file} is missing")).at(Place::in_file(file))
}

fn read_header(file: &Arc<dyn File>, first: Address, expected: Expected) -> Result<SegmentHeader> {
    let mut bytes = vec![0; SEGMENT_HEADER_BYTES];
    match file.read_exact_at(&mut bytes, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(Error::corrupt("the file is shorter than a segment's header").with_source(error));
        }
        Err(error) => return Err(error.into()),
    }
    let header = SegmentHeader::decode(&bytes)?;
    if header.database != expected.database {
        let text = format!("the segment belongs to database {}, not {}", header.database, expected.database);
        return Err(Error::new(ErrorCode::WrongDatabase, text));
    }
    if header.first != first || header.segment_bytes != expected.segment_bytes {
        let text = format!("the segment's header names address {} and size {}", header.first, header.segment_bytes);
        return Err(Error::corrupt(text));
    }
    let length = file.len_bytes()?;
    if length > u64::from(expected.segment_bytes) {
        return Err(Error::corrupt(format!("the file has {length} bytes, more than a segment")));
    }
    Ok(header)
}
