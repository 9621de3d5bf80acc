//! The history: operations, versions, differences.

use nedb::{AsOf, Entry, Result, Seq, Value};
use nedb_types::document::value_to_json;

use super::answer::Answer;
use super::body::{Field, Kind, Request, moment, optional, required};
use super::documents::listed;

pub(super) const LOG: &[Field] = &[optional("limit", Kind::Count, "so many at most; 100 when nothing is said")];

pub(super) const SINCE: &[Field] = &[
    optional("after_seq", Kind::Integer, "operations after this one; -1, and nothing, for all"),
    optional("limit", Kind::Count, "so many at most; 1000 when nothing is said"),
];

pub(super) const DIFF: &[Field] = &[
    required("from", Kind::Word, "the earlier moment: a seq, or an ISO 8601 time"),
    required("to", Kind::Word, "the later moment"),
    optional("coll", Kind::Text, "only documents of this collection"),
];

/// How many of the last operations are listed when nothing is said.
const LOG_ENTRIES: u64 = 100;
/// How many operations are listed when nothing is said.
const SINCE_ENTRIES: u64 = 1_000;
/// How many operations are listed at most; a feed gives the rest.
const ENTRIES_MAX: u64 = 100_000;

pub(super) fn log(request: &mut Request) -> Result<Answer> {
    let limit = request.maybe_count("limit")?.unwrap_or(LOG_ENTRIES).min(ENTRIES_MAX);
    let served = request.served()?;
    let head = served.db.head();
    let after = head.size.saturating_sub(limit).checked_sub(1).map(Seq::new);
    let count = usize::try_from(limit.min(head.size)).unwrap_or(usize::MAX);
    let mut entries: Vec<Result<String>> =
        served.db.since(after).take(count).map(|entry| entry.and_then(|entry| entry_json(&entry))).collect();
    entries.reverse();
    listed(request, entries.into_iter(), head.seq(), &served)
}

pub(super) fn since(request: &mut Request) -> Result<Answer> {
    let after = match request.take("after_seq") {
        Some(Value::I64(seq)) => u64::try_from(seq).ok().map(Seq::new),
        _ => None,
    };
    let limit = request.maybe_count("limit")?.unwrap_or(SINCE_ENTRIES).min(ENTRIES_MAX);
    let served = request.served()?;
    let seq = served.db.head().seq();
    let entries = served.db.since(after).take(usize::try_from(limit).unwrap_or(usize::MAX));
    let entries = entries.map(|entry| entry.and_then(|entry| entry_json(&entry)));
    listed(request, entries, seq, &served)
}

pub(super) fn versions(request: &mut Request) -> Result<Answer> {
    let as_of = request.as_of()?;
    let served = request.served()?;
    let snapshot = served.db.snapshot_at(as_of)?;
    let versions = snapshot.history(request.part("coll"), request.part("id"))?;
    let versions = versions.map(|version| value_to_json(&Value::Object(version?.to_object()?)));
    listed(request, versions, snapshot.seq(), &served)
}

pub(super) fn diff(request: &mut Request) -> Result<Answer> {
    let bound =
        |request: &mut Request, name: &str| -> Result<AsOf> { moment(name, &request.take(name).unwrap_or_default()) };
    let (from, to) = (bound(request, "from")?, bound(request, "to")?);
    let collection = request.maybe_text("coll");
    let served = request.served()?;
    let changes = served.db.diff(from, to, collection.as_deref())?;
    let changes = changes.map(|change| value_to_json(&Value::Object(change?.to_object()?)));
    listed(request, changes, served.db.head().seq(), &served)
}

/// An operation as JSON.
pub(super) fn entry_json(entry: &Entry) -> Result<String> {
    value_to_json(&Value::Object(entry.to_object()?))
}
