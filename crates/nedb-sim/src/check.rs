//! Compares an open database with the oracle: history, documents now and then, relations, counts, and what is remembered.
//!
//! Every comparison leaves the database as it was. Which part of a history may be missing is decided before.

use nedb::{AsOf, Database, Direction, ErrorCode, Row, ScanRange, Seq, Snapshot, Timestamp};

use crate::{
    dice::Dice,
    intent::{Act, DocKey, Intent, Step},
    oracle::{Moment, Oracle, SWEEPER, Sight},
    violation::{Verdict, Violation, expect_equal},
    workload::{COLLECTIONS, IDS, NODE_IDS, RELATIONS},
};

/// How many moments of the past are compared each time.
const MOMENTS: u64 = 3;
/// How many remembered requests are asked again each time.
const RETRIES: usize = 4;

/// Compares everything that can be compared without writing.
pub fn compare(db: &Database, oracle: &Oracle, now_us: i64, dice: &mut Dice) -> Verdict {
    compare_history(db, oracle)?;
    let head = oracle.head(now_us);
    compare_moment(&db.snapshot(), oracle, head).map_err(|wrong| wrong.during("at the head"))?;
    compare_counts(db, oracle, head)?;
    for _ in 0..MOMENTS {
        let seq = dice.below(oracle.size() + 2);
        let moment = oracle.after(seq, now_us);
        let snapshot = db.snapshot_at(AsOf::Seq(Seq::new(seq)))?;
        compare_some(&snapshot, oracle, moment, dice).map_err(|wrong| wrong.during(format!("as of seq {seq}")))?;
    }
    let time_us = head.time_us.saturating_sub_unsigned(dice.below(5_000_000));
    let snapshot = db.snapshot_at(AsOf::Time(Timestamp::from_micros(time_us)))?;
    let moment = oracle.at_time(time_us);
    compare_some(&snapshot, oracle, moment, dice).map_err(|wrong| wrong.during(format!("as of time {time_us}")))?;
    compare_versions(db, oracle, head, dice)
}

/// Compares a database whose history ends at a size with that part of the oracle.
pub fn compare_prefix(db: &Database, oracle: &Oracle, (size, now_us): (u64, i64), dice: &mut Dice) -> Verdict {
    compare_history_up_to(db, oracle, size)?;
    let last_us = size.checked_sub(1).map_or(oracle.created_us, |last| oracle.after(last, now_us).time_us);
    let moment = Moment { size, time_us: now_us.max(last_us) };
    compare_some(&db.snapshot(), oracle, moment, dice)
}

/// Compares every operation, and the head.
pub fn compare_history(db: &Database, oracle: &Oracle) -> Verdict {
    compare_history_up_to(db, oracle, oracle.size())
}

fn compare_history_up_to(db: &Database, oracle: &Oracle, size: u64) -> Verdict {
    let head = db.head();
    expect_equal("operations in the history", &head.size, &size)?;
    if let Some(root) = oracle.roots.get(&head.size) {
        expect_equal(format!("root at size {}", head.size), &head.root, root)?;
    }
    let mut expected = oracle.history.iter().take(usize::try_from(size).unwrap_or(usize::MAX));
    for entry in db.since(None) {
        let entry = entry?;
        match expected.next() {
            Some(logged) if logged.entry == entry => {}
            other => {
                let expected = other.map(|logged| &logged.entry);
                return Err(Violation::new(format!("the history has {entry:?} where {expected:?} is expected")));
            }
        }
    }
    let durable = db.durable_seq().map_or(0, |seq| seq.get() + 1);
    expect_equal("operations that the feed tells", &(size - expected.len() as u64), &durable)
}

/// Compares all documents and edges at a moment.
pub fn compare_moment(snapshot: &Snapshot, oracle: &Oracle, moment: Moment) -> Verdict {
    parts(snapshot, oracle, moment).collect()
}

/// Compares all documents and edges at a moment, one part after the other.
pub(crate) fn parts(snapshot: &Snapshot, oracle: &Oracle, moment: Moment) -> impl Iterator<Item = Verdict> {
    let scans = COLLECTIONS.iter().map(move |collection| compare_scan(snapshot, oracle, moment, collection));
    let places = COLLECTIONS.iter().flat_map(|collection| IDS.iter().map(move |id| DocKey { collection, id }));
    let documents = places.map(move |doc| compare_document(snapshot, oracle, moment, doc));
    let nodes = oracle.nodes().into_iter();
    scans.chain(documents).chain(nodes.map(move |node| compare_neighbors(snapshot, oracle, moment, node)))
}

/// Compares a part of the documents and edges at a moment.
fn compare_some(snapshot: &Snapshot, oracle: &Oracle, moment: Moment, dice: &mut Dice) -> Verdict {
    expect_equal("operations in the snapshot", &snapshot.size(), &moment.size)?;
    let collection = dice.pick_or(&COLLECTIONS, "p");
    compare_scan(snapshot, oracle, moment, collection)?;
    for _ in 0..4 {
        compare_document(snapshot, oracle, moment, DocKey { collection, id: dice.pick_or(&IDS, b"a") })?;
    }
    let id = dice.pick_or(IDS.get(..NODE_IDS).unwrap_or(&IDS), b"a");
    compare_neighbors(snapshot, oracle, moment, DocKey { collection, id })
}

fn compare_document(snapshot: &Snapshot, oracle: &Oracle, moment: Moment, doc: DocKey) -> Verdict {
    let found = snapshot.get(doc.collection, doc.id)?;
    let expected = oracle.sight(doc, moment);
    let is_same = match (&found, &expected) {
        (Some(row), Some(sight)) => is_same(row, sight)?,
        (None, None) => true,
        _ => false,
    };
    if is_same { Ok(()) } else { Err(Violation::new(format!("{doc:?}: found {found:?}, expected {expected:?}"))) }
}

pub(crate) fn is_same(row: &Row, sight: &Sight<'_>) -> Verdict<bool> {
    Ok(row.id_bytes() == sight.id
        && row.seq().get() == sight.seq
        && row.document()?.as_bytes() == sight.document.as_bytes()
        && row.expires_at().map(Timestamp::as_micros) == sight.expires_us
        && row.provenance().cloned().unwrap_or_default() == *sight.provenance)
}

fn compare_scan(snapshot: &Snapshot, oracle: &Oracle, moment: Moment, collection: &str) -> Verdict {
    let expected = oracle.rows(collection, moment);
    let mut rows = expected.iter();
    for row in snapshot.scan(collection, &ScanRange::all())? {
        let row = row?;
        let sight = rows.next();
        let is_same = match sight {
            Some(sight) => is_same(&row, sight)?,
            None => false,
        };
        if !is_same {
            return Err(Violation::new(format!("a scan of {collection} has {row:?} where {sight:?} is expected")));
        }
    }
    match rows.next() {
        None => Ok(()),
        Some(missing) => Err(Violation::new(format!("a scan of {collection} misses {missing:?}"))),
    }
}

fn compare_neighbors(snapshot: &Snapshot, oracle: &Oracle, moment: Moment, node: DocKey) -> Verdict {
    for relation in RELATIONS {
        for direction in [Direction::Outbound, Direction::Inbound] {
            let found = snapshot.neighbors(&node.node(), relation, direction)?;
            let found: Vec<(String, u64)> =
                found.into_iter().map(|neighbor| (neighbor.node.to_string(), neighbor.seq.get())).collect();
            let expected = oracle.neighbors(node, relation, direction == Direction::Outbound, moment);
            let expected: Vec<(String, u64)> = expected.into_iter().map(|(far, seq)| (far.node(), seq)).collect();
            expect_equal(format!("{direction:?} neighbours of {node:?} by {relation}"), &found, &expected)?;
        }
    }
    Ok(())
}

pub(crate) fn compare_counts(db: &Database, oracle: &Oracle, head: Moment) -> Verdict {
    let found: Vec<(String, u64)> =
        db.snapshot().collections()?.into_iter().map(|info| (info.name.to_string(), info.documents)).collect();
    let mut expected: Vec<(String, u64)> = COLLECTIONS
        .iter()
        .map(|name| ((*name).to_owned(), oracle.rows(name, head).len() as u64))
        .filter(|(_, count)| *count > 0)
        .collect();
    expected.sort();
    expect_equal("collections", &found, &expected)
}

fn compare_versions(db: &Database, oracle: &Oracle, head: Moment, dice: &mut Dice) -> Verdict {
    let doc = crate::workload::document(dice);
    let found: Vec<u64> = db
        .snapshot()
        .history(doc.collection, doc.id)?
        .map(|version| version.map(|version| version.seq.get()))
        .collect::<nedb::Result<_>>()?;
    let expected: Vec<u64> = oracle.versions(doc, head).map(|entry| entry.seq.get()).collect();
    expect_equal(format!("versions of {doc:?}"), &found, &expected)
}

/// Asks again what was answered before, and with numbers that were used before: neither may change anything.
pub fn compare_memory(db: &Database, oracle: &Oracle, dice: &mut Dice) -> Verdict {
    let skipped = dice.index(oracle.remembered.len());
    for remembered in oracle.remembered.iter().cycle().skip(skipped).take(RETRIES.min(oracle.remembered.len())) {
        let receipt = db.write(remembered.intent.to_batch())?;
        expect_equal("outcomes of a retry", &receipt.outcomes, &remembered.outcomes)?;
        expect_equal("a retry says that it is one", &receipt.replayed, &true)?;
        if let Some(first) = &remembered.receipt {
            let as_retry = nedb::Receipt { replayed: true, ..first.clone() };
            expect_equal("the receipt of a retry", &receipt, &as_retry)?;
        }
    }
    for client in oracle.clients() {
        let mut step = Step::new(Act::Delete(DocKey { collection: "p", id: b"a" }));
        step.nonce = oracle.last_nonce(client);
        let batch = Intent { client: "local", key: None, steps: vec![step] }.to_batch().client(client);
        match db.write(batch) {
            Err(error) if error.code() == ErrorCode::StaleNonce && client != SWEEPER => {}
            Err(error) if error.code() == ErrorCode::InvalidName && client == SWEEPER => {}
            Err(error) if error.kind() == nedb::ErrorKind::Integrity => return Err(error.into()),
            other => return Err(Violation::new(format!("the used nonce of {client} was answered with {other:?}"))),
        }
    }
    expect_equal("operations after retries", &db.head().size, &oracle.size())
}
