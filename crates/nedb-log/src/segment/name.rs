//! The names of segment files, and the translation of addresses into file and offset.

use crate::Address;
use nedb_types::{Error, Place};

/// The directory of the segments, in the database's directory.
pub(crate) const LOG_DIR: &str = "log";

const SUFFIX: &str = ".seg";
/// A segment that is being made; it gets its name when its header is durable.
const UNFINISHED_SUFFIX: &str = ".seg.new";
const DIGITS: usize = 16;

/// What a name in the directory of the segments stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SegmentName {
    /// A segment that begins at this address.
    Segment(Address),
    /// The leftover of a segment that was never used.
    Unfinished,
    /// Anything else.
    Foreign,
}

/// Returns the name of the segment that begins at an address.
pub(crate) fn segment_name(first: Address) -> String {
    format!("{:016x}{SUFFIX}", first.get())
}

/// Returns the name of that segment while it is being made.
pub(super) fn unfinished_name(first: Address) -> String {
    format!("{:016x}{UNFINISHED_SUFFIX}", first.get())
}

/// Reads a name.
pub(super) fn parse(name: &str) -> SegmentName {
    let (digits, is_finished) = match (name.strip_suffix(SUFFIX), name.strip_suffix(UNFINISHED_SUFFIX)) {
        (Some(digits), None) => (digits, true),
        (_, Some(digits)) => (digits, false),
        (None, None) => return SegmentName::Foreign,
    };
    let is_hex = digits.len() == DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    match u64::from_str_radix(digits, 16) {
        Ok(first) if is_hex && is_finished => SegmentName::Segment(Address::new(first)),
        Ok(_) if is_hex => SegmentName::Unfinished,
        _ => SegmentName::Foreign,
    }
}

/// Turns the address in an error's place into file and offset; an error that names a file already is left alone.
pub(crate) fn locate(error: Error, segment_bytes: u64) -> Error {
    let Some(Place { file: None, offset: Some(address), seq }) = error.place().cloned() else {
        return error;
    };
    let offset = address % segment_bytes.max(1);
    let file = format!("{LOG_DIR}/{}", segment_name(Address::new(address - offset)));
    error.at(Place { file: Some(file), offset: Some(offset), seq })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sixteen_lower_case_digits_name_a_segment() {
        assert_eq!(parse("0000000000010000.seg"), SegmentName::Segment(Address::new(0x1_0000)));
        assert_eq!(parse(&segment_name(Address::new(u64::MAX))), SegmentName::Segment(Address::new(u64::MAX)));
        assert_eq!(parse(&unfinished_name(Address::new(7))), SegmentName::Unfinished);
        for foreign in ["", ".seg", "000000000001000A.seg", "00000000000010000.seg", "+000000000010000.seg", "notes"] {
            assert_eq!(parse(foreign), SegmentName::Foreign, "{foreign}");
        }
    }

    #[test]
    fn an_address_becomes_file_and_offset() {
        let error = Error::corrupt("x").at(Place::at_offset(0x1_0040).seq(3));
        let located = locate(error, 0x1_0000);
        assert_eq!(located.place().unwrap().to_string(), "log/0000000000010000.seg, offset 64, seq 3");
    }
}
