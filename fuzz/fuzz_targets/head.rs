//! Fuzzes HEAD beside a valid log, through every way of opening a database.
//!
//! The first byte says whether the others are the two slots, with their checks computed again or not, or the whole file.
//! Checks that nothing panics, and that what opened for writing opens again with what was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nedb_fuzz::planted::{HEAD, planted};
use nedb_fuzz::seal::seal_head;
use nedb_fuzz::visit::visit;

const SEALED: u8 = 1;
const WHOLE_FILE: u8 = 2;
const SLOT_STRIDE: usize = 4096;
const SLOT_BYTES: usize = 192;

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, bytes)) = bytes.split_first() else {
        return;
    };
    let mut head = vec![0; 2 * SLOT_STRIDE];
    if mode & WHOLE_FILE != 0 {
        head = bytes.to_vec();
    } else {
        for (slot, bytes) in head.chunks_mut(SLOT_STRIDE).zip(bytes.chunks(SLOT_BYTES)) {
            slot[..bytes.len()].copy_from_slice(bytes);
        }
        if mode & SEALED != 0 {
            seal_head(&mut head);
        }
    }
    let mut files = planted().late.clone();
    files.insert(HEAD.to_owned(), head);
    visit(&files);
});
