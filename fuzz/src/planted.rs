//! The small database whose files the targets replace.
//!
//! Promises: the same bytes in every run. It holds versions, a deletion, relations, provenance, an expiry, a keyed request, an
//! index on a field, and a checkpoint with runs of every kind; `early` is a copy of it from before its last writes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use nedb::{Access, Body, CheckpointPolicy, Database, IndexKind, LogOptions, Op, Options, Result, Seq, WriteBatch};
use nedb_io::{Io, ManualClock, ManualScheduler, MemoryDisk, PathKind, SeededRandom};

/// Where the database lies.
pub const DIR: &str = "/db";
/// The only segment of its log.
pub const SEGMENT: &str = "/db/log/0000000000000000.seg";
/// Its HEAD.
pub const HEAD: &str = "/db/HEAD";
/// The logical size of a segment: the smallest, so that a search of all positions is short.
pub const SEGMENT_BYTES: u32 = 64 << 10;

/// What the files of one input may hold together: more would be memory that an input should not command.
const DISK_BYTES_MAX: u64 = 32 << 20;
const NOW_US: i64 = 1_700_000_000_000_000;

/// The files of a database by their paths.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The database at two moments.
pub struct Planted {
    /// Only the frame with the catalogue: HEAD names its end.
    pub empty: Files,
    /// Some writes, and a checkpoint of them.
    pub early: Files,
    /// More writes behind the checkpoint.
    pub late: Files,
    /// The key that verifies its signatures.
    pub verifier_key: String,
    /// The proof of one of its operations.
    pub proof: String,
}

/// Returns the database, which is written at the first call.
pub fn planted() -> &'static Planted {
    static PLANTED: LazyLock<Planted> = LazyLock::new(|| plant().expect("the planted database can be written"));
    &PLANTED
}

/// Returns a machine of its own whose disk holds these files.
pub fn machine(files: &Files) -> Io {
    let io = bare_machine();
    for dir in [DIR, "/db/log", "/db/index", "/db/keys"] {
        io.disk.create_dir(Path::new(dir)).expect("the directory is new");
    }
    for (path, bytes) in files {
        let file = io.disk.create_new(Path::new(path)).expect("the file is new");
        file.write_all_at(bytes, 0).expect("the disk has room for the file");
    }
    io
}

/// Opens the database on a machine.
pub fn open(io: &Io, access: Access) -> Result<Database> {
    let log = LogOptions { segment_bytes: SEGMENT_BYTES, first_segment_bytes: 16 << 10, ..LogOptions::default() };
    let options = Options::new().io(io.clone()).log(log).checkpoints(CheckpointPolicy::manual()).sweep_interval_us(0);
    let options = options.origin("example.org/fuzz").create(false);
    Database::open(DIR, if access == Access::ReadOnly { options.read_only() } else { options })
}

/// Returns a machine whose disk is empty and whose clock stands still.
pub fn bare_machine() -> Io {
    Io {
        disk: Arc::new(MemoryDisk::new(DISK_BYTES_MAX)),
        clock: Arc::new(ManualClock::new(NOW_US)),
        random: Arc::new(SeededRandom::new(1)),
        scheduler: Arc::new(ManualScheduler::new()),
    }
}

fn plant() -> Result<Planted> {
    let io = bare_machine();
    let log = LogOptions { segment_bytes: SEGMENT_BYTES, first_segment_bytes: 16 << 10, ..LogOptions::default() };
    let options = Options::new().io(io.clone()).log(log).checkpoints(CheckpointPolicy::manual());
    let db = Database::open(DIR, options.sweep_interval_us(0).origin("example.org/fuzz"))?;
    let (verifier_key, empty) = (db.verifier_key()?, close(db, &io)?);
    let db = open(&io, Access::Write)?;
    write_early(&db)?;
    db.checkpoint()?;
    let early = close(db, &io)?;
    let db = open(&io, Access::Write)?;
    write_late(&db)?;
    let proof = db.proof(Seq::new(2))?;
    Ok(Planted { empty, early, late: close(db, &io)?, verifier_key, proof })
}

fn write_early(db: &Database) -> Result<()> {
    db.put("a", "x", Body::json(r#"{"v":1}"#))?;
    db.put("a", "x", Body::json(r#"{"v":2}"#))?;
    db.put("a", "y", Body::json("{}"))?;
    let keyed = WriteBatch::new().client("c").idempotency_key("k").put("b", "x", Body::json(r#"{"w":[1]}"#));
    db.write(keyed)?;
    db.link("a:x", "to", "b:x")?;
    db.create_index("a", "v", IndexKind::Ordered)?;
    db.wait_for_index("a", "v", IndexKind::Ordered, &mut |_| ())?;
    Ok(())
}

fn write_late(db: &Database) -> Result<()> {
    db.delete("a", "y")?;
    let reasoned = Op::put("a", "z", Body::json("{}")).caused_by(Seq::new(1)).evidence("seen").confidence(0.5);
    db.write(WriteBatch::new().op(reasoned.valid_from("2020-01-01")).op(Op::put("b", "t", Body::json("{}"))))?;
    db.write(WriteBatch::new().op(Op::put("b", "u", Body::json("{}")).ttl_us(1_000_000)))?;
    db.restore("a", "x", Seq::new(0))?;
    Ok(())
}

fn close(db: Database, io: &Io) -> Result<Files> {
    db.close()?;
    drop(db);
    let mut files = Files::new();
    for dir in [DIR, "/db/log", "/db/index", "/db/keys"] {
        for name in io.disk.list(Path::new(dir))? {
            let path = format!("{dir}/{name}");
            if let Some(PathKind::File { len_bytes }) = io.disk.kind(Path::new(&path))? {
                let mut bytes = vec![0; usize::try_from(len_bytes).expect("the files are small")];
                io.disk.open(Path::new(&path), nedb_io::Access::Read)?.read_exact_at(&mut bytes, 0)?;
                files.insert(path, bytes);
            }
        }
    }
    Ok(files)
}
