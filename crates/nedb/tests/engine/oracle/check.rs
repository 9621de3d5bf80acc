//! Every read of the engine beside the model's, at every moment.

use std::collections::BTreeMap;

use nedb::{AsOf, Database, Direction, Entry, EntryKind, Row, ScanRange, Seq, Snapshot, Timestamp};

use super::{
    model::{Key, Model, Version},
    run::Difference,
    step::{COLLECTIONS, IDS, NODES, RELATIONS},
};

/// A moment as the model sees it: how many operations, and the time by which lifetimes are judged.
#[derive(Clone, Copy, Debug)]
struct Moment {
    size: u64,
    now_us: i64,
}

type Checked = Result<(), Difference>;

/// Compares every read at the head and at three earlier seqs: quick enough for every restart.
pub fn now(db: &Database, model: &Model, clock_us: i64) -> Checked {
    let (size, now_us) = (model.size(), model.now_us(clock_us));
    at(&db.snapshot(), model, Moment { size, now_us })?;
    for seq in [size / 3, size / 2, size.saturating_sub(2)] {
        let Some(logged) = model.log.get(usize::try_from(seq).expect("small")) else { continue };
        let moment = Moment { size: seq + 1, now_us: logged.time_us };
        at(&view(db, AsOf::Seq(Seq::new(seq)))?, model, moment).map_err(|found| format!("as of {seq}: {found}"))?;
    }
    Ok(())
}

/// Compares every read at the head, at every seq, at the times around every commit, and the whole history.
pub fn everything(db: &Database, model: &Model, clock_us: i64) -> Checked {
    let now_us = model.now_us(clock_us);
    let size = model.size();
    equal("size", &db.head().size, &size)?;
    at(&db.snapshot(), model, Moment { size, now_us })?;
    at(&view(db, AsOf::Empty)?, model, Moment { size: 0, now_us: i64::MIN })?;
    at(&view(db, AsOf::Seq(Seq::new(size + 5)))?, model, Moment { size, now_us })?;
    for (seq, logged) in model.log.iter().enumerate() {
        let moment = Moment { size: seq as u64 + 1, now_us: logged.time_us };
        at(&view(db, AsOf::Seq(Seq::new(seq as u64)))?, model, moment)
            .map_err(|found| format!("as of {seq}: {found}"))?;
    }
    times(db, model, now_us)?;
    since(db, model)?;
    replay(db, model)?;
    diffs(db, model)
}

fn view(db: &Database, as_of: AsOf) -> Result<Snapshot, Difference> {
    db.snapshot_at(as_of).map_err(|error| format!("{as_of:?}: {error}"))
}

fn times(db: &Database, model: &Model, now_us: i64) -> Checked {
    let mut times: Vec<i64> =
        model.log.iter().flat_map(|logged| [logged.time_us - 1, logged.time_us, logged.time_us + 1]).collect();
    times.extend([now_us, now_us + 1]);
    times.dedup();
    for time_us in times {
        let as_of = AsOf::Time(Timestamp::from_micros(time_us));
        if time_us > now_us {
            let refused = db.snapshot_at(as_of).map_err(|error| error.code().as_str()).map(|_| ());
            equal("the future", &refused, &Err("future_timestamp"))?;
            continue;
        }
        let size = model.log.iter().filter(|logged| logged.time_us <= time_us).count() as u64;
        at(&view(db, as_of)?, model, Moment { size, now_us: time_us })
            .map_err(|found| format!("as of {time_us} us: {found}"))?;
    }
    Ok(())
}

/// Compares every read at one moment.
fn at(view: &Snapshot, model: &Model, moment: Moment) -> Checked {
    equal("size", &view.size(), &moment.size)?;
    let mut counts = Vec::new();
    for collection in COLLECTIONS {
        let expected = documents(model, collection, moment);
        scans(view, collection, &expected)?;
        points(view, collection, model, moment)?;
        if !expected.is_empty() {
            counts.push((collection.to_owned(), expected.len() as u64));
        }
    }
    let collections = view.collections().map_err(text)?;
    let collections: Vec<_> = collections.into_iter().map(|found| (found.name.to_string(), found.documents)).collect();
    equal("collections", &collections, &counts)?;
    for node in NODES {
        for relation in RELATIONS {
            neighbors(view, model, moment, node, relation)?;
        }
    }
    Ok(())
}

type Shown = (Vec<u8>, u64, String, Option<i64>);

fn shown(row: &Row) -> Shown {
    let json = row.to_json().expect("a stored document prints");
    (row.id_bytes().to_vec(), row.seq().get(), json, row.expires_at().map(Timestamp::as_micros))
}

fn shown_version(id: &[u8], version: &Version) -> Shown {
    let json = version.document.clone().expect("a live version has content");
    (id.to_vec(), version.seq, json, version.expires_us)
}

fn documents(model: &Model, collection: &str, moment: Moment) -> Vec<Shown> {
    let in_it = |key: &Key| matches!(key, Key::Document(name, _) if name == collection);
    let visible = |key: &Key| {
        let Key::Document(_, id) = key else { return None };
        model.visible(key, moment.size, moment.now_us).map(|version| shown_version(id, version))
    };
    model.versions.keys().filter(|key| in_it(key)).filter_map(visible).collect()
}

fn scan(view: &Snapshot, collection: &str, range: &ScanRange) -> Result<Vec<Shown>, Difference> {
    let rows = view.scan(collection, range).map_err(text)?;
    rows.map(|row| row.as_ref().map(shown).map_err(Clone::clone)).collect::<Result<_, _>>().map_err(text)
}

fn scans(view: &Snapshot, collection: &str, expected: &[Shown]) -> Checked {
    equal("scan", &scan(view, collection, &ScanRange::all())?, &expected.to_vec())?;
    let reversed: Vec<Shown> = expected.iter().rev().cloned().collect();
    equal("reverse scan", &scan(view, collection, &ScanRange::all().reverse())?, &reversed)?;
    equal(
        "limited scan",
        &scan(view, collection, &ScanRange::all().limit(2))?,
        &expected.iter().take(2).cloned().collect(),
    )?;
    let limited: Vec<Shown> = reversed.iter().take(2).cloned().collect();
    equal("limited reverse scan", &scan(view, collection, &ScanRange::all().reverse().limit(2))?, &limited)?;
    for id in IDS {
        let prefixed: Vec<Shown> = expected.iter().filter(|shown| shown.0.starts_with(id)).cloned().collect();
        equal("prefix scan", &scan(view, collection, &ScanRange::prefix(id))?, &prefixed)?;
        let from: Vec<Shown> = expected.iter().filter(|shown| shown.0.as_slice() >= id).cloned().collect();
        equal("scan from", &scan(view, collection, &ScanRange::all().from(id))?, &from)?;
        let to: Vec<Shown> = reversed.iter().filter(|shown| shown.0.as_slice() < id).cloned().collect();
        equal("reverse scan to", &scan(view, collection, &ScanRange::all().to(id).reverse())?, &to)?;
    }
    Ok(())
}

fn points(view: &Snapshot, collection: &str, model: &Model, moment: Moment) -> Checked {
    let expected = |id: &[u8]| {
        let key = Key::Document(collection.to_owned(), id.to_vec());
        model.visible(&key, moment.size, moment.now_us).map(|version| shown_version(id, version))
    };
    let wanted: Vec<Option<Shown>> = IDS.iter().map(|id| expected(id)).collect();
    let many = view.multi_get(collection, &IDS).map_err(text)?;
    equal("multi_get", &many.iter().map(|row| row.as_ref().map(shown)).collect(), &wanted)?;
    for (id, wanted) in IDS.iter().zip(&wanted) {
        let row = view.get(collection, id).map_err(text)?;
        equal("get", &row.as_ref().map(shown), wanted)?;
        let last = view.last_seq(collection, id).map_err(text)?.map(Seq::get);
        equal("last_seq", &last, &wanted.as_ref().map(|shown| shown.1))?;
        history(view, collection, id, model, moment)?;
    }
    Ok(())
}

fn history(view: &Snapshot, collection: &str, id: &[u8], model: &Model, moment: Moment) -> Checked {
    let versions = view.history(collection, id).map_err(text)?;
    let mut actual = Vec::new();
    for version in versions {
        let version = version.map_err(text)?;
        let json = version.document.map(|document| document.as_document().to_json().expect("it prints"));
        let client = version.client.to_string();
        let times = (version.committed_at.as_micros(), version.expires_at.map(Timestamp::as_micros));
        actual.push((version.seq.get(), version.kind.as_str(), json, client, version.nonce, times));
    }
    let key = Key::Document(collection.to_owned(), id.to_vec());
    let all = model.versions.get(&key).map_or(&[][..], Vec::as_slice);
    let expected = all.iter().rev().filter(|version| version.seq < moment.size).map(|version| {
        let times = (version.time_us, version.expires_us);
        (version.seq, version.kind, version.document.clone(), version.client.to_owned(), version.nonce, times)
    });
    equal("history", &actual, &expected.collect())
}

fn neighbors(view: &Snapshot, model: &Model, moment: Moment, node: &str, relation: &str) -> Checked {
    for direction in [Direction::Outbound, Direction::Inbound] {
        let mut expected = Vec::new();
        for key in model.versions.keys() {
            let Key::Edge(from, name, to) = key else { continue };
            let (own, other) = if direction == Direction::Outbound { (from, to) } else { (to, from) };
            if own == node
                && name == relation
                && let Some(version) = model.visible(key, moment.size, moment.now_us)
            {
                expected.push((version.seq, other.clone()));
            }
        }
        expected.sort();
        let found = view.neighbors(node, relation, direction).map_err(text)?;
        let found: Vec<_> = found.into_iter().map(|found| (found.seq.get(), found.node.to_string())).collect();
        equal("neighbors", &found, &expected)?;
    }
    Ok(())
}

fn since(db: &Database, model: &Model) -> Checked {
    let entries: Vec<Entry> = db.since(None).collect::<Result<_, _>>().map_err(text)?;
    equal("operations", &entries.len(), &model.log.len())?;
    for (seq, (entry, logged)) in entries.iter().zip(&model.log).enumerate() {
        let key = match &entry.kind {
            EntryKind::Link { relation, to } | EntryKind::Unlink { relation, to } => {
                Key::Edge(format!("{}:{}", entry.collection, entry.id), relation.to_string(), to.to_string())
            }
            _ => Key::Document(entry.collection.to_string(), entry.id.as_bytes().to_vec()),
        };
        let is_noop = logged.kind == "noop";
        if !is_noop {
            equal("key", &key, &logged.key)?;
        }
        equal("seq", &entry.seq.get(), &(seq as u64))?;
        let previous = entry.previous.map(Seq::get);
        let actual = (
            entry.kind.as_str(),
            entry.client.as_str(),
            entry.nonce,
            entry.committed_at.as_micros(),
            entry.is_last_in_transaction,
        );
        equal("entry", &actual, &(logged.kind, logged.client, logged.nonce, logged.time_us, logged.is_last))?;
        equal("previous", &previous, &logged.previous)?;
    }
    let middle = model.size() / 2;
    let rest: Vec<Entry> = db.since(Some(Seq::new(middle))).collect::<Result<_, _>>().map_err(text)?;
    equal("since", &rest.as_slice(), &entries.get(usize::try_from(middle).expect("small") + 1..).unwrap_or(&[]))
}

/// A second oracle, made of nothing but the feed: the documents after each operation, replayed one by one.
fn replay(db: &Database, model: &Model) -> Checked {
    let mut state: BTreeMap<(String, Vec<u8>), (String, Option<i64>)> = BTreeMap::new();
    for entry in db.since(None) {
        let entry = entry.map_err(text)?;
        let key = (entry.collection.to_string(), entry.id.as_bytes().to_vec());
        let expires_us = entry.expires_at.map(Timestamp::as_micros);
        match &entry.kind {
            EntryKind::Put(document) => {
                state.insert(key, (document.as_document().to_json().map_err(text)?, expires_us));
            }
            EntryKind::Delete => drop(state.remove(&key)),
            EntryKind::Expire { .. } => state.entry(key).or_default().1 = expires_us,
            _ => {}
        }
        let (view, now_us) = (view(db, AsOf::Seq(entry.seq))?, entry.committed_at.as_micros());
        for collection in COLLECTIONS {
            let is_visible = |held: &(String, Option<i64>)| held.1.is_none_or(|expires_us| expires_us > now_us);
            let in_it = state.iter().filter(|(key, held)| key.0 == collection && is_visible(held));
            let expected: Vec<_> =
                in_it.map(|((_, id), (json, expires_us))| (id.clone(), json.clone(), *expires_us)).collect();
            let actual = scan(&view, collection, &ScanRange::all())?;
            let actual: Vec<_> = actual.into_iter().map(|(id, _, json, expires_us)| (id, json, expires_us)).collect();
            equal("replay", &actual, &expected)?;
        }
    }
    equal("history", &db.head().size, &model.size())
}

fn diffs(db: &Database, model: &Model) -> Checked {
    let size = i64::try_from(model.size()).expect("a short history");
    let step = usize::try_from(1 + size / 6).expect("a short history");
    for from in (-1..size).step_by(step) {
        for to in (-1..size).step_by(step) {
            diff(db, model, from, to).map_err(|found| format!("diff {from} {to}: {found}"))?;
        }
    }
    Ok(())
}

fn diff(db: &Database, model: &Model, from: i64, to: i64) -> Checked {
    let moment = |seq: i64| {
        let now_us = usize::try_from(seq).map_or(i64::MIN, |seq| model.log[seq].time_us);
        Moment { size: u64::try_from(seq + 1).expect("at least -1"), now_us }
    };
    let (before, after) = (moment(from), moment(to));
    let (first, end) = (before.size.min(after.size), before.size.max(after.size));
    let mut expected = Vec::new();
    for (key, versions) in &model.versions {
        let Key::Document(collection, id) = key else { continue };
        let is_touched = versions.iter().any(|version| (first..end).contains(&version.seq));
        let side = |moment: Moment| model.visible(key, moment.size, moment.now_us).map(|version| version.seq);
        if is_touched && side(before) != side(after) {
            expected.push((collection.clone(), id.clone(), side(before), side(after)));
        }
    }
    let changes = db.diff(AsOf::from_number(from), AsOf::from_number(to), None).map_err(text)?;
    let mut actual = Vec::new();
    for change in changes {
        let change = change.map_err(text)?;
        let side = |row: Option<Row>| row.map(|row| row.seq().get());
        actual.push((
            change.collection.to_string(),
            change.id.as_bytes().to_vec(),
            side(change.before),
            side(change.after),
        ));
    }
    equal("diff", &actual, &expected)
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, actual: &T, expected: &T) -> Checked {
    if actual == expected {
        return Ok(());
    }
    Err(format!("{what} is\n  {actual:?}, not\n  {expected:?}"))
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where map_err wants a function")]
fn text(error: nedb::Error) -> Difference {
    error.to_string()
}
