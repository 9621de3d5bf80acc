//! The process that is killed.

use std::{io::Write, path::Path, sync::Mutex};

use nedb::{Body, CheckpointPolicy, Database, Durability, LogOptions, Op, Options, WriteBatch};

use crate::support::process;

pub const ROLE: &str = "kill::child::writer";

/// How many threads write.
pub const THREADS: u64 = 4;

/// The options of a round: its durability, small segments and frequent checkpoints.
pub fn options(round: u64) -> Options {
    let durability = match round % 3 {
        0 => Durability::Sync,
        1 => Durability::Group { interval_us: 2_000 },
        _ => Durability::None,
    };
    let checkpoints = CheckpointPolicy { records: 40, ..CheckpointPolicy::default() };
    let log = LogOptions { segment_bytes: 256 << 10, ..LogOptions::default() };
    Options::new().durability(durability).checkpoints(checkpoints).log(log)
}

/// The n-th request of a thread in a round: two documents and an edge, under one key.
pub fn request(round: u64, thread: u64, n: u64) -> WriteBatch {
    let id = format!("{round}-{thread}-{n}");
    let filler = "x".repeat(usize::try_from(n % 7 * 90).expect("small"));
    WriteBatch::new()
        .client(format!("w{thread}"))
        .idempotency_key(&id)
        .op(Op::put("rows", &id, Body::json(format!(r#"{{"n":{n},"filler":"{filler}"}}"#))))
        .op(Op::put("last", thread.to_string(), Body::json(format!(r#"{{"round":{round},"n":{n}}}"#))))
        .op(Op::link(format!("rows:{id}"), "of", format!("writers:{thread}")))
}

#[test]
#[ignore = "the process that the test of kill -9 kills"]
fn writer() {
    let Some(arguments) = process::arguments(ROLE) else { return };
    let round: u64 = arguments[1].parse().expect("a round");
    let db = Database::open(Path::new(&arguments[0]), options(round)).expect("it opens after every kill");
    let pipe = Mutex::new(std::io::stdout());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (db, pipe) = (&db, &pipe);
            scope.spawn(move || {
                for n in 0..100_000 {
                    let receipt = db.write(request(round, thread, n)).expect("a good write is accepted");
                    let seq = receipt.seq().expect("a put has a seq");
                    let mut pipe = pipe.lock().expect("nobody panics");
                    let _parent_gone = writeln!(pipe, "\nack {thread} {n} {seq} end").and_then(|()| pipe.flush());
                }
            });
        }
    });
}
