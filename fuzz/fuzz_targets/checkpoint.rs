//! Fuzzes the files of a checkpoint beside a valid log.
//!
//! The first byte chooses the checkpoint, a run or a part; the second says whether the others are the whole file or patches
//! (offset in two bytes, length in one, bytes), and whether the checks are computed again. Checks that nothing panics, and that a
//! damaged file never changes an answer: each is the one that the log alone gives, or an error. A file whose checks were
//! computed again is no damage but a forgery, which checkpoints are not built to withstand: there only panics count.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nedb::Access;
use nedb_fuzz::answers::{Answer, answers};
use nedb_fuzz::planted::{Files, machine, open, planted};
use nedb_fuzz::seal::{seal_checkpoint, seal_digest, seal_run};
use nedb_fuzz::visit::visit;

const SEALED: u8 = 1;
const WHOLE_FILE: u8 = 2;
const INDEX: &str = "/db/index/";

fuzz_target!(|bytes: &[u8]| {
    let [which, mode, bytes @ ..] = bytes else {
        return;
    };
    let mut files = planted().late.clone();
    let paths: Vec<String> = files.keys().filter(|path| path.starts_with(INDEX)).cloned().collect();
    let path = &paths[usize::from(*which) % paths.len()];
    let file = if mode & WHOLE_FILE != 0 { bytes.to_vec() } else { patched(&files[path], bytes) };
    let mut forged = files.clone();
    forged.insert(path.clone(), file.clone());
    seal(&mut forged, path);
    let is_forgery = forged[path] == file && planted().late[path] != file;
    files.insert(path.clone(), file);
    if mode & SEALED != 0 {
        visit(&forged);
    } else if !is_forgery {
        let (read, write) = visit(&files);
        for found in [read, write] {
            compare(&found.expect("a damaged checkpoint keeps no database from opening"));
        }
    }
});

fn compare(found: &[Answer]) {
    static EXPECTED: LazyLock<Vec<Answer>> = LazyLock::new(|| {
        let mut files = planted().late.clone();
        files.retain(|path, _| !path.starts_with(INDEX));
        answers(&open(&machine(&files), Access::ReadOnly).expect("the planted log is sound"))
    });
    assert_eq!(found.len(), EXPECTED.len(), "every question has an answer");
    for (found, expected) in found.iter().zip(EXPECTED.iter()) {
        assert!(found.is_none() || found == expected, "the checkpoint says {found:?}, the log says {expected:?}");
    }
}

fn patched(file: &[u8], mut patches: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    while let [low, high, length, rest @ ..] = patches {
        let (bytes, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        let at = usize::from(u16::from_le_bytes([*low, *high])).min(file.len());
        let end = (at + bytes.len()).min(file.len());
        file[at..end].copy_from_slice(&bytes[..end - at]);
        patches = rest;
    }
    file
}

/// Computes the checks of one file again, and names its new digest in every checkpoint.
fn seal(files: &mut Files, path: &str) {
    let original = &planted().late[path];
    let file = files.get_mut(path).expect("the file was put in");
    let (old, new) = if path.ends_with(".nck") {
        seal_checkpoint(file);
        return;
    } else if path.ends_with(".run") {
        (seal_run(&mut original.clone()), seal_run(file))
    } else {
        (seal_digest(&mut original.clone()), seal_digest(file))
    };
    let (Some(old), Some(new), length) = (old, new, file.len() as u64) else {
        return;
    };
    for (_, checkpoint) in files.iter_mut().filter(|(path, _)| path.ends_with(".nck")) {
        if let Some(at) = checkpoint.windows(32).position(|window| window == old.as_bytes()) {
            checkpoint[at..at + 32].copy_from_slice(new.as_bytes());
            checkpoint[at - 8..at].copy_from_slice(&length.to_le_bytes());
            seal_checkpoint(checkpoint);
        }
    }
}
