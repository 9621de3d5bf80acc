//! A collection is dropped while others write to it, each of them at a chosen moment.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use nedb::{Database, Op, Options, WriteBatch};
use nedb_io::{Io, Random, SeededRandom};

use super::body;

/// Documents of the collection: more than one transaction of a drop takes.
const DOCUMENTS: usize = 5000;

/// Writes from within: *admit* draws a salt for each operation between the look at the collection and the commit.
#[derive(Debug)]
struct Interrupting {
    random: SeededRandom,
    db: OnceLock<Database>,
    /// How many more draws go by before somebody writes.
    draws_left: AtomicU64,
    interruptions: AtomicU64,
}

impl Random for Interrupting {
    fn fill(&self, bytes: &mut [u8]) {
        let wrapped = self.draws_left.fetch_sub(1, Ordering::SeqCst) == 0;
        if wrapped && let Some(db) = self.db.get() {
            let number = self.interruptions.fetch_add(1, Ordering::SeqCst);
            let batch = WriteBatch::new().put("c", "00001", body(7)).put("c", format!("new-{number}"), body(8));
            db.write(batch.op(Op::delete("c", "00002"))).expect("a write of somebody else");
            // Somebody writes before every transaction of the drop.
            self.draws_left.store(DOCUMENTS as u64 / 2, Ordering::SeqCst);
        }
        self.random.fill(bytes);
    }
}

#[test]
fn a_drop_takes_what_was_there_however_others_write() {
    let random = Arc::new(Interrupting {
        random: SeededRandom::new(1),
        db: OnceLock::new(),
        draws_left: AtomicU64::new(u64::MAX),
        interruptions: AtomicU64::new(0),
    });
    let io = Io { random: Arc::clone(&random) as Arc<dyn Random>, ..Io::memory(256 << 20) };
    let db = Database::open("/db", Options::new().io(io).sweep_interval_us(0)).expect("memory");
    let puts = (0..DOCUMENTS).fold(WriteBatch::new(), |batch, n| batch.put("c", format!("{n:05}"), body(0)));
    db.write(puts).expect("puts");
    random.db.set(db.clone()).expect("set once");
    random.draws_left.store(10, Ordering::SeqCst);

    let dropped = db.drop_collection("c").expect("it is dropped");

    let interruptions = random.interruptions.load(Ordering::SeqCst);
    assert!(interruptions >= 2, "others wrote {interruptions} times");
    // One document was deleted by somebody else.
    assert_eq!(dropped, DOCUMENTS as u64 - 1);
    let left = db.snapshot().collections().expect("readable");
    assert!(db.get("c", "00001").expect("readable").is_none(), "what was rewritten is dropped too");
    assert!(db.get("c", "new-0").expect("readable").is_some(), "what is new stays: {left:?}");
}
