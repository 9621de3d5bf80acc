//! The independent checker (`tools/nedb_check.py`) accepts what the engine wrote and refuses damaged copies of it.
//!
//! It shares no code with the engine and is written from docs/format.md alone, so an agreement of both is worth more than
//! any test of one against itself. They need `python3`, as CONTRIBUTING.md says, and fail without it: a proof that nobody
//! checked must not count as one that passed. `cargo test -- --skip the_checker` leaves them out by name, and counts them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the functions around a test stop at the first surprise too"
)]

use nedb::{Body, Database, Expected, Op, Options, Seq, WriteBatch};
use nedb_io::{Io, PathKind};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory of its own on the real disk, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nedb-checker-{name}-{}", std::process::id()));
        let disk = Io::real().disk;
        if disk.kind(&path).unwrap().is_some() {
            disk.remove_dir_all(&path).unwrap();
        }
        disk.create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _leftover = Io::real().disk.remove_dir_all(&self.0);
    }
}

/// Exit code and output of the checker.
fn checker(arguments: &[&str]) -> (i32, String) {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/nedb_check.py");
    let output = Command::new("python3").arg(tool).args(arguments).output().unwrap_or_else(|error| {
        panic!(
            "the independent checker needs python3, which does not start ({error}): install it, or leave these tests out \
             by name with `cargo test -- --skip the_checker`"
        )
    });
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), text)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn read(path: &Path) -> Vec<u8> {
    Io::real().disk.read_all(path).unwrap()
}

fn write(path: &Path, bytes: &[u8]) {
    let disk = Io::real().disk;
    if disk.kind(path).unwrap().is_some() {
        disk.remove(path).unwrap();
    }
    disk.create_new(path).unwrap().write_all_at(bytes, 0).unwrap();
}

fn flip(path: &Path, offset: usize) {
    let mut bytes = read(path);
    bytes[offset] ^= 0x20;
    write(path, &bytes);
}

fn copy(from: &Path, to: &Path) {
    let disk = Io::real().disk;
    disk.create_dir(to).unwrap();
    for name in disk.list(from).unwrap() {
        match disk.kind(&from.join(&name)).unwrap() {
            Some(PathKind::Directory) => copy(&from.join(&name), &to.join(&name)),
            Some(PathKind::File { .. }) => write(&to.join(&name), &read(&from.join(&name))),
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// A database with operations of every kind, some hundred of them.
fn filled(path: &Path) -> Database {
    let db = Database::open(path, Options::new().origin("example.org/checked").sweep_interval_us(0)).unwrap();
    for number in 0..300_u32 {
        let body =
            format!(r#"{{"number": {number}, "text": "a text of operation {number}", "nested": [1, {{"a": null}}]}}"#);
        db.put("notes", format!("n{}", number % 40), Body::json(body.as_str())).unwrap();
    }
    let keyed = WriteBatch::from(Op::put("users", "ada", Body::json("{}")).evidence("user_message").confidence(0.75))
        .client("import")
        .idempotency_key("first");
    db.write(keyed).unwrap();
    let noted = Op::put("users", "ümläut", Body::json(r#"{"s": "é"}"#))
        .caused_by(Seq::new(3))
        .caused_by(Seq::new(7))
        .valid_from("2024-01-01")
        .ttl_us(3_600_000_000);
    db.write(noted).unwrap();
    db.link("notes:n1", "by", "users:ada").unwrap();
    db.unlink("notes:n1", "by", "users:ada").unwrap();
    db.delete("notes", "n2").unwrap();
    db.write(WriteBatch::from(Op::delete("notes", "n2")).idempotency_key("again")).unwrap();
    db.write(Op::put("notes", "n3", Body::json("{}")).if_seq(Expected::Seq(Seq::new(283)))).unwrap();
    db.write(WriteBatch::new().put("tx", "a", Body::json("{}")).put("tx", "b", Body::json("{}")).delete("tx", "a"))
        .unwrap();
    db
}

#[test]
fn the_checker_verifies_a_real_directory_and_refuses_damaged_copies() {
    let scratch = Scratch::new("verify");
    let path = scratch.0.join("db");
    let db = filled(&path);
    let head = db.head();
    db.close().unwrap();
    drop(db);
    let expected = format!("{}:{}", head.size, head.root);
    let (code, output) = checker(&["verify", text(&path), "--expect-head", &expected, "--json"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains(r#""verdict": "ok""#) && output.contains(&head.root.to_string()), "{output}");
    let wrong = format!("{}:{}", head.size - 1, head.root);
    assert_eq!(checker(&["verify", text(&path), "--expect-head", &wrong]).0, 1);

    let segment = "log/0000000000000000.seg";
    let length = read(&path.join(segment)).len();
    for (number, offset) in [100, 4096 + 70, length / 3, length / 2, length - 700].into_iter().enumerate() {
        let damaged = scratch.0.join(format!("damaged-{number}"));
        copy(&path, &damaged);
        flip(&damaged.join(segment), offset);
        let (code, output) = checker(&["verify", text(&damaged)]);
        assert_eq!(code, 1, "offset {offset}: {output}");
        let report = nedb::verify(&damaged, &nedb::VerifyOptions::new()).unwrap();
        assert!(!report.is_ok(), "offset {offset}: both readers of the format must refuse");
    }
}

#[test]
fn the_checker_checks_real_proofs_and_refuses_changed_ones() {
    let scratch = Scratch::new("proof");
    let db = filled(&scratch.0.join("db"));
    let key = db.verifier_key().unwrap();
    let file = scratch.0.join("record.tlog-proof");
    for seq in [0, 1, 150, 299, 300, 301, db.head().size - 1] {
        let proof = db.proof(Seq::new(seq)).unwrap();
        write(&file, proof.as_bytes());
        let (code, output) = checker(&["proof", text(&file), "--key", &key, "--json"]);
        assert_eq!(code, 0, "seq {seq}: {output}");
        assert!(output.contains(&format!(r#""index": {seq},"#)) && !output.contains("not checked"), "{output}");
    }
    let proof = db.proof(Seq::new(150)).unwrap();
    for (at, line) in proof.lines().enumerate().filter(|(_, line)| line.len() > 12) {
        let changed: Vec<String> = proof
            .lines()
            .enumerate()
            .map(|(number, kept)| if number == at { swap_signs(line) } else { kept.to_owned() })
            .collect();
        write(&file, (changed.join("\n") + "\n").as_bytes());
        let (code, output) = checker(&["proof", text(&file), "--key", &key]);
        assert_eq!(code, 1, "line {at}: {output}");
    }
    let stranger = Database::in_memory_with(Options::new().origin("example.org/checked"), 1 << 26).unwrap();
    write(&file, proof.as_bytes());
    assert_eq!(checker(&["proof", text(&file), "--key", &stranger.verifier_key().unwrap()]).0, 1);
}

/// The line with one letter in its middle changed.
fn swap_signs(line: &str) -> String {
    let mut signs: Vec<char> = line.chars().collect();
    let middle = signs.len() / 2;
    signs[middle] = if signs[middle] == 'A' { 'B' } else { 'A' };
    signs.into_iter().collect()
}

#[test]
fn the_checker_recomputes_real_tiles_and_refuses_changed_ones() {
    let scratch = Scratch::new("tiles");
    let db = filled(&scratch.0.join("db"));
    let (tiles, key) = (scratch.0.join("tiles"), db.verifier_key().unwrap());
    let check = |dir: &Path, size: u64, root: &str| {
        checker(&["tiles", text(dir), "--size", &size.to_string(), "--root", root, "--key", &key])
    };
    let first = db.export_tiles(&tiles).unwrap();
    let (code, output) = check(&tiles, first.size, &first.root.to_string());
    assert_eq!(code, 0, "{output}");
    for number in 0..300 {
        db.put("more", format!("m{number}"), Body::json("{}")).unwrap();
    }
    let second = db.export_tiles(&tiles).unwrap();
    assert!(second.files_kept > 0 && second.size == first.size + 300);
    let (code, output) = check(&tiles, second.size, &second.root.to_string());
    assert_eq!(code, 0, "{output}");
    // Who holds the earlier checkpoint may still ask for this partial tile, so it stays until the full one is there.
    let notes: Vec<_> = output.lines().filter(|line| line.starts_with("note:")).collect();
    assert!(notes.len() == 1 && notes[0].contains("tile/1/000.p/1 "), "{output}");

    for (number, (name, offset)) in
        [("tile/0/000", 100), ("tile/entries/001", 300), ("tile/1/000.p/2", 40), ("checkpoint", 60)]
            .into_iter()
            .enumerate()
    {
        let damaged = scratch.0.join(format!("damaged-{number}"));
        copy(&tiles, &damaged);
        flip(&damaged.join(name), offset);
        let (code, output) = check(&damaged, second.size, &second.root.to_string());
        assert_eq!(code, 1, "{name}: {output}");
    }
    assert_eq!(check(&tiles, second.size, &first.root.to_string()).0, 1);
}
