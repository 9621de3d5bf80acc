//! What a database answers to every question that the targets ask.
//!
//! Promises: each answer stands alone, so that an error in one place does not hide another answer.

use nedb::{Database, Direction, QueryOptions, Result, ScanRange, Seq, Snapshot, Value, ValueRange};

const COLLECTIONS: [&str; 2] = ["a", "b"];
const IDS: [&str; 5] = ["x", "y", "z", "t", "u"];
/// More rows than the planted database has; a forged one could claim any number.
const ROWS_MAX: usize = 100;

/// An answer as text; `None` where the database answered with an error.
pub type Answer = Option<String>;

/// Asks everything.
pub fn answers(db: &Database) -> Vec<Answer> {
    let mut answers =
        vec![Some(format!("{:?}", db.head())), db.snapshot().collections().ok().map(|all| format!("{all:?}"))];
    for collection in COLLECTIONS {
        for range in [ScanRange::all(), ScanRange::all().reverse()] {
            answers.push(rows(db, collection, &range).ok());
        }
        for id in IDS {
            answers.push(row(db, collection, id).ok());
            answers.push(history(db, collection, id).ok());
        }
    }
    for (node, direction) in [("a:x", Direction::Outbound), ("b:x", Direction::Inbound)] {
        answers.push(db.neighbors(node, "to", direction).ok().map(|all| format!("{all:?}")));
    }
    for seq in 0..db.head().size.min(ROWS_MAX as u64) {
        let past = db.get_at("a", "x", Seq::new(seq)).and_then(|row| row.map(|row| row.to_json()).transpose());
        answers.push(past.ok().map(|row| format!("{row:?}")));
        answers.push(db.snapshot_at(Seq::new(seq)).and_then(|snapshot| by_field(&snapshot)).ok());
        answers.push(db.committed_payload(Seq::new(seq)).ok().map(|payload| format!("{payload:?}")));
    }
    answers
}

fn rows(db: &Database, collection: &str, range: &ScanRange) -> Result<String> {
    let mut text = String::new();
    for row in db.snapshot().scan(collection, range)?.take(ROWS_MAX) {
        let row = row?;
        text += &format!("{:?} {} {}\n", row.id_bytes(), row.seq(), row.mirrored()?.as_document().to_json()?);
    }
    Ok(text)
}

/// The documents in the order of a field: as the index shows them or, while there is none, as a query sorts them.
fn by_field(snapshot: &Snapshot) -> Result<String> {
    let numbers = ValueRange::all().from(Value::from(0));
    let seqs: Vec<Option<Seq>> = match snapshot.index_scan("a", "v", &numbers)? {
        Some(rows) => rows.take(ROWS_MAX).map(|row| row.map(|row| Some(row.seq()))).collect::<Result<_>>()?,
        None => {
            let rows = snapshot.query("FROM a WHERE v >= 0 ORDER BY v", &QueryOptions::new())?;
            rows.map(|row| row.map(|row| row.seq())).collect::<Result<_>>()?
        }
    };
    Ok(format!("{seqs:?}"))
}

fn row(db: &Database, collection: &str, id: &str) -> Result<String> {
    match db.get(collection, id)? {
        Some(row) => Ok(format!("{} {}", row.seq(), row.to_json()?)),
        None => Ok("none".to_owned()),
    }
}

fn history(db: &Database, collection: &str, id: &str) -> Result<String> {
    let mut text = String::new();
    for version in db.snapshot().history(collection, id)?.take(ROWS_MAX) {
        text += &format!("{:?}\n", version?);
    }
    Ok(text)
}
