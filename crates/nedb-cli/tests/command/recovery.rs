//! What the command says when a database was left in disorder: a torn tail, a lost or damaged checkpoint, damage.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use crate::{
    processes::{code, json, run, size},
    script::Directory,
};

/// A database with two documents.
fn made(dir: &Path) {
    assert_eq!(code(&run(dir, &["init", "db"])), 0);
    for id in ["a", "b"] {
        assert_eq!(code(&run(dir, &["put", "db", "c", id, r#"{"text": "as it was"}"#])), 0);
    }
}

fn files(dir: &Path, folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.join("db").join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == extension)).collect();
    files.sort();
    files
}

fn said(output: &std::process::Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_torn_tail_is_cut_by_the_next_writer_who_says_so() {
    let directory = Directory::new();
    let dir = directory.path();
    made(dir);
    let segment = files(dir, "log", "seg").pop().unwrap();
    let whole = fs::metadata(&segment).unwrap().len();
    let tear = || OpenOptions::new().append(true).open(&segment).unwrap().write_all(&[0xAB; 100]).unwrap();
    tear();
    // Who only reads leaves it, and says nothing that would need an answer.
    let read = run(dir, &["get", "db", "c", "b"]);
    assert_eq!((code(&read), said(&read).as_str()), (0, ""));
    assert_eq!(fs::metadata(&segment).unwrap().len(), whole + 100);
    let notice =
        format!("nedb: cut 100 bytes of an unfinished write at log address {whole}; nothing acknowledged was lost\n");
    let written = run(dir, &["put", "db", "c", "x", "{}"]);
    assert_eq!((code(&written), said(&written)), (0, notice));
    assert_eq!(size(dir), 3);
    tear();
    let as_json = run(dir, &["put", "db", "c", "y", "{}", "--json"]);
    assert_eq!((code(&as_json), said(&as_json).as_str()), (0, ""));
    assert_eq!((size(dir), &json(dir, &["verify", "db", "--deep"])["ok"]), (4, &true.into()));
}

#[test]
fn a_damaged_checkpoint_is_rebuilt_from_the_log_with_a_word() {
    let directory = Directory::new();
    let dir = directory.path();
    made(dir);
    assert_eq!(code(&run(dir, &["checkpoint", "db"])), 0);
    for checkpoint in files(dir, "index", "nck") {
        let mut bytes = fs::read(&checkpoint).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&checkpoint, bytes).unwrap();
    }
    let read = run(dir, &["get", "db", "c", "b"]);
    assert_eq!(String::from_utf8_lossy(&read.stdout), "{\"text\":\"as it was\"}\n");
    assert!(said(&read).contains(".nck was not used ("), "{}", said(&read));
    assert!(said(&read).contains(") and is rebuilt from the log\n"), "{}", said(&read));
    // A checkpoint is not the history: writing a new one ends the talk of the old one.
    assert_eq!(code(&run(dir, &["checkpoint", "db"])), 0);
    let again = run(dir, &["get", "db", "c", "b"]);
    assert_eq!((code(&again), said(&again).as_str()), (0, ""));
}

#[test]
fn damage_to_the_history_is_corrupt_and_never_absence() {
    let directory = Directory::new();
    let dir = directory.path();
    made(dir);
    let segment = files(dir, "log", "seg").pop().unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    let place = bytes.windows(9).position(|window| window == b"as it was").unwrap();
    bytes[place] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let verified = run(dir, &["verify", "db"]);
    assert_eq!(code(&verified), 76);
    let text = String::from_utf8(verified.stdout).unwrap();
    assert!(text.starts_with("corrupt"), "{text}");
    assert!(text.contains("\nwrong: "), "{text}");
    let read = run(dir, &["get", "db", "c", "a"]);
    assert_eq!(code(&read), 76, "{}", said(&read));
    assert!(read.stdout.is_empty());
}
