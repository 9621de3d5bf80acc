//! A database of each format that was frozen opens, answers as on the day it was made, verifies, and takes new writes.

//!
//! `tests/formats/README.md` says what lies there and how it was made.
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::script::{self, Directory, nedb};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn check(format: &Path) {
    let directory = Directory::new();
    let dir = directory.path();
    copy(&format.join("db"), &dir.join("db"));

    let expected_head = fs::read_to_string(format.join("head")).unwrap();
    let checker = root().join("tools/nedb_check.py");
    output(Command::new("python3").arg(checker).args(["verify", "db"]).current_dir(dir));
    output(nedb(dir).args(["verify", "db", "--deep", "--expect-head", expected_head.trim()]));
    let entries = output(nedb(dir).args(["log", "db", "--json"]));
    assert_eq!(entries, fs::read_to_string(format.join("log.ndjson")).unwrap(), "{}", format.display());

    println!("{}: {} entries", format.display(), entries.lines().count());
    for name in ["questions.cli", "witnesses.cli"] {
        run_script(format, &format.join(name));
    }
}

fn run_script(format: &Path, path: &Path) {
    let directory = Directory::new();
    copy(&format.join("db"), &directory.path().join("db"));
    let expected = fs::read_to_string(path).unwrap();
    let (actual, commands) = script::run(&expected, directory.path());
    if actual != expected && std::env::var_os("NEDB_UPDATE").is_some() {
        fs::write(path, &actual).unwrap();
    }
    assert_eq!(actual, expected, "{}", path.display());
    println!("{}: {commands} commands", path.display());
}

#[test]
fn each_frozen_format_opens_answers_and_verifies() {
    let formats: Vec<PathBuf> = fs::read_dir(root().join("tests/formats"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    assert!(!formats.is_empty(), "there is no frozen database");
    for format in &formats {
        check(format);
    }
}
