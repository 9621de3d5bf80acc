//! Fuzzes Mongo: any call in, an answer or a refusal out.
//!
//! The input is the JSON of a call, or else bytes of which one is made (`src/mongo_calls.rs`). Checks beyond the absence of panics: of two
//! databases of one history, with indexes and without, the answers are the same, and after a write so are all documents; no call runs
//! longer than its deadline and a moment or holds more than its budget; a refused write changes nothing; and an error of the
//! database's integrity never comes of a call.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nedb::{Body, Database, ErrorCode, ErrorKind, IndexKind, LogOptions, Op, Options, QueryOptions, Value, WriteBatch};
use nedb_compat::mongo;
use nedb_fuzz::mongo_calls::call_of;
use nedb_fuzz::planted::{DIR, SEGMENT_BYTES, bare_machine};
use nedb_io::{Clock, RealClock};
use nedb_types::Object;
use nedb_types::document::{json_to_value, value_to_json};

const MEMORY_BYTES_MAX: u64 = 4 << 20;
const DEADLINE_US: u64 = 500_000;
/// What may pass between the deadline and the end, on a machine with other work.
const MOMENT_US: u64 = 4_500_000;
/// Documents of the collection.
const DOCUMENTS: usize = 24;

struct Databases {
    plain: Database,
    indexed: Database,
}

impl Databases {
    fn new() -> Self {
        Self { plain: filled(false), indexed: filled(true) }
    }
}

fuzz_target!(|bytes: &[u8]| {
    static READ: LazyLock<Databases> = LazyLock::new(Databases::new);
    let call = match bytes.first() {
        Some(b'{') => match json_to_value(bytes) {
            Ok(Value::Object(call)) => call,
            _ => return,
        },
        _ => call_of(bytes),
    };
    let reads = ["find", "findOne", "count", "distinct", "aggregate"];
    if call.get("op").and_then(Value::as_str).is_some_and(|op| reads.contains(&op)) {
        compare(&READ, &call);
        return;
    }
    let databases = Databases::new();
    compare(&databases, &call);
    let mut all = Object::new();
    all.insert("op", "find");
    all.insert("collection", "c");
    compare(&databases, &all);
});

type Answer = Result<String, ErrorCode>;

fn compare(databases: &Databases, call: &Object) {
    let [plain, indexed] = [&databases.plain, &databases.indexed].map(|db| answer(db, call));
    // Another way may hold more or less at a time.
    let is_refused = |answer: &Answer| matches!(answer, Err(code) if code.kind() == ErrorKind::Limit);
    if !is_refused(&plain) && !is_refused(&indexed) {
        assert_eq!(plain, indexed, "{call:?}");
    }
}

fn answer(db: &Database, call: &Object) -> Answer {
    let (clock, head) = (RealClock::new(), db.head());
    let bounds = QueryOptions::new().memory_bytes_max(MEMORY_BYTES_MAX).deadline_us(DEADLINE_US);
    let answer = mongo::run_with(db, call, &bounds);
    let elapsed_us = clock.monotonic_us();
    assert!(elapsed_us < DEADLINE_US + MOMENT_US, "{elapsed_us} µs: {call:?}");
    match answer {
        Ok(answer) => value_to_json(&answer.into()).map_err(|error| error.code()),
        Err(error) => {
            assert_ne!(error.kind(), ErrorKind::Integrity, "{call:?}: {error:?}");
            assert_eq!(db.head(), head, "{call:?}: {error:?}");
            Err(error.code())
        }
    }
}

/// The same history each time: values of every type, nested ones, arrays, missing fields, ids of several types, two versions of some.
fn filled(has_indexes: bool) -> Database {
    let log = LogOptions { segment_bytes: SEGMENT_BYTES, first_segment_bytes: 16 << 10, ..LogOptions::default() };
    let options = Options::new().io(bare_machine()).log(log).sweep_interval_us(0);
    let db = Database::open(DIR, options).expect("an empty disk takes a database");
    let values = [
        "null",
        "true",
        "1",
        "1.0",
        "-3",
        "\"a\"",
        "\"ab\"",
        "[1,\"a\",null]",
        "[[1],{\"p\":1}]",
        "{\"p\":1}",
        "{\"p\":[2,{\"p\":3}]}",
        "{\"$decimal\":\"1.0\"}",
        "[]",
        "{}",
        "{\"$datetime\":\"1970-01-01T00:00:00.000001Z\"}",
        "{\"$bytes\":\"/w==\"}",
    ];
    let (mut first, mut second) = (WriteBatch::new(), WriteBatch::new());
    for n in 0..DOCUMENTS {
        let value = values[n % values.len()];
        let id = if n % 3 == 0 { format!("$id:{n}") } else { format!("k{n}") };
        let body = match n % 4 {
            0 => format!("{{\"a\":{value},\"n\":{},\"o\":{{\"p\":{value}}}}}", n % 5),
            1 => format!("{{\"a\":{value},\"l\":[{value},{{\"p\":{n}}}]}}"),
            2 => format!("{{\"b\":{value},\"n\":{n}.5,\"t\":\"text {n}\"}}"),
            _ => format!("{{\"a\":{},\"l\":{value}}}", n % 7),
        };
        first = first.op(Op::put("c", &id, Body::json(body)));
        if n % 5 == 0 {
            second = second.op(Op::put("c", &id, Body::json(format!("{{\"a\":{value},\"n\":1}}"))));
        }
    }
    // Two commits: a database is made for each call that writes.
    for batch in [first, second] {
        db.write(batch).expect("the documents are small");
    }
    if has_indexes {
        for field in ["a", "n", "o.p"] {
            db.create_index("c", field, IndexKind::Ordered).expect("the path is sound");
            db.wait_for_index("c", field, IndexKind::Ordered, &mut |_| ()).expect("it can be built");
        }
    }
    db
}
