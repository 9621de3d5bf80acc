//! Fuzzes a segment file beside a valid HEAD, through every way of opening a database.
//!
//! The first byte says what the others are: the frames behind a good header, or the start of the header; whether their checks
//! are computed again; and whether HEAD names the end of the written log or that of the empty one. Checks that nothing panics,
//! that memory stays within the disk's limit, and that what opened for writing opens again with what was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nedb_fuzz::planted::{HEAD, SEGMENT, planted};
use nedb_fuzz::seal::{SEGMENT_HEADER_BYTES, seal_frames, seal_segment_header};
use nedb_fuzz::visit::visit;

const SEALED: u8 = 1;
const IN_HEADER: u8 = 2;
const HEAD_OF_EMPTY: u8 = 4;

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, bytes)) = bytes.split_first() else {
        return;
    };
    let planted = planted();
    // Without its checkpoint the log is all that is known.
    let mut files = planted.late.clone();
    files.retain(|path, _| !path.starts_with("/db/index/"));
    if mode & HEAD_OF_EMPTY != 0 {
        files.insert(HEAD.to_owned(), planted.empty[HEAD].clone());
    }
    let mut segment = planted.late[SEGMENT].clone();
    if mode & IN_HEADER != 0 {
        let length = bytes.len().min(SEGMENT_HEADER_BYTES);
        segment[..length].copy_from_slice(&bytes[..length]);
    } else {
        segment.truncate(SEGMENT_HEADER_BYTES);
        segment.extend(bytes);
    }
    if mode & SEALED != 0 {
        seal_segment_header(&mut segment);
        seal_frames(&mut segment);
    }
    files.insert(SEGMENT.to_owned(), segment);
    visit(&files);
});
