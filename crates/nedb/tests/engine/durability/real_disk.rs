//! A disk of the machine: one that is really full, a limit on the length of files, and bytes that change under a map.
//!
//! The first two are given to another process by a shell: `mount` in a name space of its own needs a right that not every machine
//! grants, and where it is missing the test says so; `ulimit` works everywhere.

use std::{io::Read, path::Path};

use nedb::{Body, Database, Durability, ErrorCode, ErrorKind, LogOptions, Options, ReadMode, ScanRange};
use nedb_io::{Access, Disk, RealDisk};

use crate::support::{process, temp_dir::TempDir, watchdog::Watchdog};

const FULL_DISK: &str = "durability::real_disk::full_disk";
const SHORT_FILES: &str = "durability::real_disk::short_files";

/// What the small file system holds.
const DISK_BYTES: &str = "4m";
/// What a file may hold, in blocks of 512 bytes.
const FILE_BLOCKS: &str = "1024";

fn options() -> Options {
    let log = LogOptions { segment_bytes: 1 << 20, first_segment_bytes: 64 << 10, ..LogOptions::default() };
    Options::new().durability(Durability::Sync).log(log)
}

fn put(db: &Database, n: u64) -> nedb::Result<()> {
    let filler = "x".repeat(8_000);
    db.put("c", format!("{n:05}"), Body::json(format!(r#"{{"n":{n},"x":"{filler}"}}"#))).map(|_| ())
}

/// Writes until the machine refuses; returns how many were acknowledged, and the refusal.
fn fill(db: &Database, from: u64) -> (u64, nedb::Error) {
    for n in from.. {
        if let Err(error) = put(db, n) {
            return (n, error);
        }
    }
    unreachable!("no machine takes everything")
}

fn check(db: &Database, acknowledged: u64) {
    assert_eq!(db.head().size, acknowledged);
    let rows = db.snapshot().scan("c", &ScanRange::all()).expect("reads go on");
    assert_eq!(rows.collect::<nedb::Result<Vec<_>>>().expect("readable").len() as u64, acknowledged);
    assert!(db.verify().expect("it verifies").is_ok());
}

#[test]
#[ignore = "the process with a small disk of the test below"]
fn full_disk() {
    let Some(arguments) = process::arguments(FULL_DISK) else { return };
    let dir = Path::new(&arguments[0]);
    let ballast = dir.join("ballast");
    let disk = RealDisk::new();
    disk.create_new(&ballast).expect("a file").write_all_at(&vec![1; 1 << 20], 0).expect("there is room for it");
    let db = Database::open(dir.join("db"), options()).expect("there is room for a database");
    let (acknowledged, refused) = fill(&db, 0);
    assert_eq!(refused.code(), ErrorCode::NoSpace, "{refused}");
    assert_eq!(put(&db, acknowledged).expect_err("still full").code(), ErrorCode::NoSpace);
    check(&db, acknowledged);
    disk.remove(&ballast).expect("somebody makes room");
    for n in acknowledged..acknowledged + 20 {
        put(&db, n).unwrap_or_else(|error| panic!("there is room again: {error}"));
    }
    let (acknowledged, refused) = fill(&db, acknowledged + 20);
    assert_eq!(refused.code(), ErrorCode::NoSpace, "{refused}");
    check(&db, acknowledged);
    drop(db);
    let db = Database::open(dir.join("db"), options()).expect("it opens on a full disk");
    check(&db, acknowledged);
    println!("\nacknowledged: {acknowledged}");
}

#[test]
#[ignore = "the process with a limit on files of the test below"]
fn short_files() {
    let Some(arguments) = process::arguments(SHORT_FILES) else { return };
    let db = Database::open(Path::new(&arguments[0]), options()).expect("there is room for a database");
    let (acknowledged, refused) = fill(&db, 0);
    assert_eq!(refused.code(), ErrorCode::Io, "{refused}");
    assert!(refused.message().contains("too large"), "the system's words: {refused}");
    check(&db, acknowledged);
    assert_eq!(put(&db, acknowledged).expect_err("it stays so").code(), ErrorCode::Io, "and does not poison");
    println!("\nacknowledged: {acknowledged}");
}

/// Runs a role under a shell script; returns how many writes it says were acknowledged, or what it said.
fn run(script: &str, role: &str, dir: &Path) -> Result<u64, String> {
    let mut child = process::start_under(script, role, &[dir.to_str().expect("a temporary path is text")]);
    let mut said = String::new();
    child.stdout.take().expect("its output is piped").read_to_string(&mut said).expect("it speaks text");
    let is_good = child.wait().expect("it ends").success();
    let told = said.lines().find_map(|line| line.strip_prefix("acknowledged: ")).and_then(|count| count.parse().ok());
    told.filter(|_| is_good).ok_or(said)
}

#[test]
fn a_file_system_that_is_full_refuses_writes_and_loses_nothing() {
    let _watchdog = Watchdog::seconds("a full file system", 120);
    let dir = TempDir::new("full");
    let path = dir.join("");
    let mount =
        format!("mount -t tmpfs -o size={DISK_BYTES} none '{}' 2>/dev/null || exit 77; exec \"$@\"", path.display());
    let may_mount = |flags: &str| {
        let script = format!("unshare {flags} true 2>/dev/null");
        process::runs(&format!("{script} && unshare {flags} sh -c '{}'", "mount -t tmpfs none /tmp 2>/dev/null"))
    };
    let Some(flags) = ["-m", "-rm"].into_iter().find(|flags| may_mount(flags)) else {
        println!("NOT RUN: this machine lets nobody mount a file system; SimDisk and the limit on files stand for it");
        return;
    };
    let script = format!("exec unshare {flags} sh -c '{}' sh \"$@\"", mount.replace('\'', r"'\''"));
    let acknowledged = run(&script, FULL_DISK, &path).unwrap_or_else(|said| panic!("it says {said}"));
    println!("a full file system: {acknowledged} writes acknowledged");
    assert!(acknowledged > 200, "4 MiB hold {acknowledged} documents of 8 kB");
}

#[test]
fn a_limit_on_files_refuses_writes_and_loses_nothing() {
    let _watchdog = Watchdog::seconds("a limit on files", 120);
    let dir = TempDir::new("short");
    let path = dir.join("db");
    // Without the trap the system would end the process.
    let script = format!("trap '' XFSZ; ulimit -f {FILE_BLOCKS}; exec \"$@\"");
    let acknowledged = run(&script, SHORT_FILES, &path).unwrap_or_else(|said| panic!("it says {said}"));
    println!("a limit on files: {acknowledged} writes acknowledged");
    assert!(acknowledged > 20, "{acknowledged} documents of 8 kB in 512 KiB");
    let db = Database::open(&path, options()).expect("it opens without the limit");
    check(&db, acknowledged);
    for n in acknowledged..acknowledged + 200 {
        put(&db, n).expect("and takes writes again");
    }
    check(&db, acknowledged + 200);
}

/// Reads every document; counts the refusals. What is answered must be right.
fn read_all(db: &Database, documents: u64) -> u64 {
    let read = |n: u64| -> nedb::Result<()> {
        let row = db.get("c", format!("{n:05}"))?.unwrap_or_else(|| panic!("damage made document {n} absent"));
        assert!(row.to_json()?.starts_with(&format!(r#"{{"n":{n},"x":"xxxx"#)), "document {n}");
        Ok(())
    };
    let refused = |outcome: &nedb::Result<()>| {
        outcome.as_ref().is_err_and(|error| {
            assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
            true
        })
    };
    (0..documents).map(read).filter(refused).count() as u64
}

#[test]
fn damage_under_an_open_database_is_refused_whether_its_log_is_mapped_or_read() {
    const DOCUMENTS: u64 = 8;
    for mode in [ReadMode::Map, ReadMode::Pread] {
        let dir = TempDir::new("damaged");
        let db = Database::open(dir.join("db"), options().read_mode(mode)).expect("it opens");
        for n in 0..DOCUMENTS {
            db.put("c", format!("{n:05}"), Body::json(format!(r#"{{"n":{n},"x":"{}"}}"#, "x".repeat(200))))
                .expect("a put");
        }
        let segment = dir.join("db").join("log").join("0000000000000000.seg");
        let file = RealDisk::new().open(&segment, Access::Write).expect("a segment");
        let end = db.stats().expect("figures").log_bytes;
        let mut refusals = 0;
        for offset in (4096..end).step_by(7) {
            let mut byte = [0];
            file.read_exact_at(&mut byte, offset).expect("readable");
            file.write_all_at(&[byte[0] ^ 1 << (offset % 8)], offset).expect("the medium fails");
            refusals += read_all(&db, DOCUMENTS);
            file.write_all_at(&byte, offset).expect("it is mended");
        }
        assert!(refusals > end / 7 / 3, "{mode:?}: {refusals} refusals in {end} bytes");
        assert_eq!(read_all(&db, DOCUMENTS), 0, "{mode:?}");
    }
}
