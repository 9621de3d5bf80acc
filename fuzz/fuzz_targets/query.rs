//! Fuzzes the executor: any statement over a small database, with indexes and without.
//!
//! The input is the text of a statement, then, behind zero bytes, `name=JSON` for each parameter. Checks beyond the absence of
//! panics: the answer is the same on both databases, or the same error; no statement runs longer than its deadline and a
//! moment or holds more than its budget; and an error of the database's integrity never comes of a question.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use nedb::{Body, Database, ErrorKind, IndexKind, LogOptions, Op, Options, QueryOptions, Seq, WriteBatch};
use nedb_fuzz::planted::{DIR, SEGMENT_BYTES, bare_machine};
use nedb_io::{Clock, Io, RealClock};
use nedb_types::document::json_to_value;

/// Rows that are taken; a database of this size has fewer, and a walk over histories no more than this.
const ROWS_MAX: usize = 10_000;
const MEMORY_BYTES_MAX: u64 = 4 << 20;
const DEADLINE_US: u64 = 500_000;
/// What may pass between the deadline and the end: the work between two looks at the clock, on a machine with other work.
const MOMENT_US: u64 = 4_500_000;
/// What the wall shows.
const NOW_US: i64 = 1_767_225_600_000_000;
/// Documents of the collection that has indexes.
const DOCUMENTS: u64 = 200;

/// Time passes, so that deadlines come; the wall stands still, so that both databases have the same times.
#[derive(Debug)]
struct HalfClock(RealClock);

impl Clock for HalfClock {
    fn wall_us(&self) -> i64 {
        NOW_US
    }

    fn monotonic_us(&self) -> u64 {
        self.0.monotonic_us()
    }
}

struct Databases {
    plain: Database,
    indexed: Database,
}

fuzz_target!(|bytes: &[u8]| {
    static DATABASES: LazyLock<Databases> = LazyLock::new(|| Databases { plain: filled(false), indexed: filled(true) });
    let Ok(input) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut parts = input.split('\0');
    let text = parts.next().unwrap_or_default();
    let mut options = QueryOptions::new().memory_bytes_max(MEMORY_BYTES_MAX).deadline_us(DEADLINE_US);
    for (name, json) in parts.filter_map(|part| part.split_once('=')) {
        if let Ok(value) = json_to_value(json.as_bytes()) {
            options = options.param(name, value);
        }
    }
    let plain = answer(&DATABASES.plain, text, &options);
    let indexed = answer(&DATABASES.indexed, text, &options);
    // Another way may hold more or less at a time, and tells something else about itself.
    let is_about_the_way = text.trim_start().to_ascii_uppercase().starts_with("EXPLAIN");
    let is_refused = |answer: &Answer| matches!(answer, Err(kind) if *kind == ErrorKind::Limit);
    if !is_about_the_way && !is_refused(&plain) && !is_refused(&indexed) {
        assert_eq!(plain, indexed, "{text:?}");
    }
});

type Answer = Result<Vec<String>, ErrorKind>;

fn answer(db: &Database, text: &str, options: &QueryOptions) -> Answer {
    let clock = RealClock::new();
    let answer = asked(db, text, options);
    let elapsed_us = clock.monotonic_us();
    assert!(elapsed_us < DEADLINE_US + MOMENT_US, "{elapsed_us} µs: {text:?}");
    answer
}

fn asked(db: &Database, text: &str, options: &QueryOptions) -> Answer {
    let rows = db.query_with(text, options).map_err(|error| error.kind())?;
    let json = |row: nedb::Result<nedb::QueryRow>| row.and_then(|row| row.to_json()).map_err(|error| error.kind());
    let answer: Answer = rows.take(ROWS_MAX).map(json).collect();
    assert_ne!(answer, Err(ErrorKind::Integrity), "{text:?}");
    answer
}

/// The same history each time: values of every type, nested ones, texts, dense links with cycles, causes of causes, deletions, valid times.
fn filled(has_indexes: bool) -> Database {
    let io = Io { clock: Arc::new(HalfClock(RealClock::new())), ..bare_machine() };
    let log = LogOptions { segment_bytes: SEGMENT_BYTES, first_segment_bytes: 16 << 10, ..LogOptions::default() };
    let options = Options::new().io(io).log(log).sweep_interval_us(0);
    let db = Database::open(DIR, options).expect("an empty disk takes a database");
    // What SEARCH means is defined on both, from the beginning; the words are indexed on one.
    let search: IndexKind = "search:english".parse().expect("it is a kind");
    db.create_index("c", "t", search).expect("the path is sound");
    let values = ["null", "true", "1", "1.0", "2.5", "\"a\"", "\"ab\"", "[1]", "{\"p\":1}", "{\"$decimal\":\"1.0\"}"];
    for n in 0..DOCUMENTS {
        let value = values[usize::try_from(n % 10).expect("small")];
        let text = ["old trees", "running river", "tree by the rivers", "été"][usize::try_from(n % 4).expect("small")];
        let body = format!("{{\"n\":{},\"x\":{value},\"o\":{{\"p\":[{value}]}},\"t\":\"{text}\"}}", n * 7 % 50);
        db.put("c", format!("k{n:03}"), Body::json(body)).expect("the document is small");
    }
    for n in 0..20_u64 {
        for hop in 1..8 {
            let next = (n + hop) % 20;
            db.link(&format!("c:k{n:03}"), "r", &format!("c:k{next:03}")).expect("links are taken");
        }
        let op = Op::put("d", format!("k{n:03}"), Body::json("{\"n\":1}")).caused_by(Seq::new(n));
        let before = db.head().seq().expect("something was written");
        db.write(WriteBatch::new().op(op.caused_by(before).valid_from("2020-01-01"))).expect("the write is sound");
    }
    for n in 0..30 {
        db.delete("c", format!("k{:03}", n * 6)).expect("deletions are taken");
    }
    if has_indexes {
        for field in ["n", "x", "t", "o.p[0]"] {
            db.create_index("c", field, IndexKind::Ordered).expect("the path is sound");
            db.wait_for_index("c", field, IndexKind::Ordered, &mut |_| ()).expect("it can be built");
        }
        db.wait_for_index("c", "t", search, &mut |_| ()).expect("it can be built");
    }
    db
}
