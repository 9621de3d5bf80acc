//! Documents: written, read, deleted, walked over.

use nedb::{
    AsOf, Database, Error, ErrorCode, Head, Object, Outcome, Receipt, Result, Row, ScanRange, Seq, Value, WriteBatch,
};
use nedb_types::document::value_to_json;

use super::answer::{Answer, with_head};
use super::body::{Field, Form, Kind, Request, optional, required};
use super::fields::{AS_OF, CAUSED_BY, CLIENT, COLL, CONFIDENCE, EVIDENCE, ID, IDEM, IF_SEQ, NONCE, TTL_S};
use super::held::Growing;
use super::operation::{Fields, Written, brings_back, operations};
use super::writing::Pending;
use crate::databases::Served;

pub(super) const PUT: &[Field] = &[
    COLL,
    ID,
    required("doc", Kind::Object, "the document"),
    CLIENT,
    NONCE,
    IDEM,
    TTL_S,
    CAUSED_BY,
    EVIDENCE,
    CONFIDENCE,
    optional("valid_from", Kind::Text, "from when on it holds in the world, ISO 8601"),
    optional("valid_to", Kind::Text, "until when it holds in the world, ISO 8601"),
    IF_SEQ,
];

pub(super) const TX: &[Field] = &[
    required("ops", Kind::Operations, "operations: {op: put|delete|expire|restore|check|link|unlink, ...}"),
    CLIENT,
    IDEM,
    RECEIPT,
];

const RECEIPT: Field =
    optional("receipt", Kind::Flag, "answers with the outcome of each operation, size and ts, not with documents");

pub(super) const GET: &[Field] = &[AS_OF];

pub(super) const DELETE: &[Field] =
    &[CLIENT, NONCE, IDEM, optional("if_seq", Kind::Integer, "the seq that the document must have now")];

pub(super) const SCAN: &[Field] = &[
    AS_OF,
    optional("prefix", Kind::Text, "only ids that begin so"),
    optional("start", Kind::Text, "only ids from this one on"),
    optional("end", Kind::Text, "only ids below this one"),
    optional("limit", Kind::Count, "so many at most; 1000 when nothing is said"),
    optional("reverse", Kind::Flag, "from the greatest id to the least"),
];

/// How many documents a walk gives when nothing is said.
const SCAN_ROWS: u64 = 1_000;

pub(super) fn put(request: &mut Request) -> Result<Pending> {
    let served = request.served()?;
    let mut fields = Fields::new("", all(request, PUT));
    let (op, written) = fields.put()?;
    let batch = fields.of_whole(WriteBatch::new().op(op))?;
    Ok(Pending::new(served, batch, move |db, receipt| {
        let seq = receipt.seq();
        let doc = stored(db, &written, seq)?;
        Ok(done(receipt, seq, vec![("doc", doc)]))
    }))
}

pub(super) fn tx(request: &mut Request) -> Result<Pending> {
    let served = request.served()?;
    let (ops, is_receipt) = (request.list("ops"), request.flag("receipt"));
    let may_be_long = ops.iter().any(brings_back);
    let operations = operations(ops)?;
    let mut fields = Fields::new("", all(request, TX));
    let (mut batch, mut written) = (fields.of_whole(WriteBatch::with_capacity(operations.len()))?, Vec::new());
    for (op, document) in operations {
        batch.push(op);
        written.push(document);
    }
    let pending = Pending::new(served, batch, move |db, receipt| {
        if is_receipt {
            return Ok(with_outcomes(receipt));
        }
        let result = |(written, outcome): (&Written, &Outcome)| match written {
            Some(_) => stored(db, written, outcome.seq),
            None => Ok(Value::Bool(outcome.changed)),
        };
        let results: Vec<Value> = written.iter().zip(&receipt.outcomes).map(result).collect::<Result<_>>()?;
        let count = results.len() as u64;
        Ok(done(receipt, receipt.last_seq, vec![("results", Value::Array(results)), ("count", Value::from(count))]))
    });
    Ok(pending.may_be_long(may_be_long))
}

/// The receipt as it is.
fn with_outcomes(receipt: &Receipt) -> Object {
    let outcomes = receipt.outcomes.iter().map(|outcome| {
        let mut one = Object::new();
        one.insert("changed", outcome.changed);
        one.insert("seq", Seq::number_of(outcome.seq));
        Value::Object(one)
    });
    let (size, ts) = (Value::from(receipt.size), Value::String(receipt.committed_at.to_string()));
    let fields = vec![("outcomes", Value::Array(outcomes.collect())), ("size", size), ("ts", ts)];
    done(receipt, receipt.last_seq, fields)
}

pub(super) fn delete(request: &mut Request) -> Result<Pending> {
    let served = request.served()?;
    let (collection, id) = (request.part("coll").to_owned(), request.part("id").to_owned());
    let mut fields = all(request, DELETE);
    fields.insert("coll", collection);
    fields.insert("id", id);
    let mut fields = Fields::new("", fields);
    let op = fields.delete()?;
    let batch = fields.of_whole(WriteBatch::new().op(op))?;
    Ok(Pending::new(served, batch, |_db, receipt| {
        Ok(done(receipt, receipt.seq(), vec![("deleted", Value::Bool(receipt.changed()))]))
    }))
}

pub(super) fn get(request: &mut Request) -> Result<Answer> {
    let as_of = request.as_of()?;
    let served = request.served()?;
    let snapshot = served.db.snapshot_at(as_of)?;
    let (collection, id) = (request.part("coll"), request.part("id"));
    let Some(row) = snapshot.get(collection, id)? else {
        return Err(Error::new(ErrorCode::NotFound, format!("{collection} has no document {id:?}")));
    };
    let mut answer = Object::new();
    answer.insert("ok", true);
    answer.insert("doc", document(&row)?);
    answer.insert("seq", Seq::number_of(Some(row.seq())));
    answer.insert("head", served.db.head().hex());
    Answer::object(answer)
}

pub(super) fn scan(request: &mut Request) -> Result<Answer> {
    let as_of = request.as_of()?;
    let mut range = match request.maybe_text("prefix") {
        Some(prefix) => ScanRange::prefix(prefix),
        None => ScanRange::all(),
    };
    if let Some(start) = request.maybe_text("start") {
        range = range.from(start);
    }
    if let Some(end) = request.maybe_text("end") {
        range = range.to(end);
    }
    let range = range.limit(request.maybe_count("limit")?.unwrap_or(SCAN_ROWS));
    let range = if request.flag("reverse") { range.reverse() } else { range };
    let served = request.served()?;
    let snapshot = served.db.snapshot_at(as_of)?;
    let rows = snapshot.scan(request.part("coll"), &range)?;
    let rows = rows.map(|row| row.and_then(|row| value_to_json(&document(&row)?)));
    listed(request, rows, snapshot.seq(), &served)
}

/// Rows as one object, or line by line.
pub(super) fn listed(
    request: &Request,
    rows: impl Iterator<Item = Result<String>> + Send + 'static,
    seq: Option<Seq>,
    served: &Served,
) -> Result<Answer> {
    match request.form {
        Form::Json => {}
        Form::Lines => return Ok(Answer::Lines(Box::new(rows))),
        Form::LinesToEnd => return Ok(Answer::Lines(Box::new(to_end(rows, seq, served.db.head())))),
    }
    let (mut json, mut count) = (Growing::new(&request.shared, "{\"rows\":["), 0_u64);
    for row in rows {
        if count > 0 {
            json.push(",")?;
        }
        json.push(&row?)?;
        count += 1;
    }
    let rest = rest(count, seq, &served.db.head())?;
    json.push("],")?;
    json.push(rest.strip_prefix('{').unwrap_or_default())?;
    Ok(json.into_answer())
}

/// What an answer has beside its rows.
fn rest(count: u64, seq: Option<Seq>, head: &Head) -> Result<String> {
    let mut rest = Object::new();
    rest.insert("count", count);
    with_head(&mut rest, seq, head);
    value_to_json(&Value::Object(rest))
}

/// Rows, and behind them the line that says that these were all.
fn to_end(
    mut rows: impl Iterator<Item = Result<String>>,
    seq: Option<Seq>,
    head: Head,
) -> impl Iterator<Item = Result<String>> {
    let (mut count, mut is_over) = (0, false);
    std::iter::from_fn(move || {
        let row = rows.next();
        match &row {
            Some(_) => count += 1,
            None if is_over => {}
            None => {
                is_over = true;
                return Some(rest(count, seq, &head));
            }
        }
        row
    })
}

/// The document of a row with its mirrored fields.
pub(super) fn document(row: &Row) -> Result<Value> {
    row.mirrored()?.as_document().to_value()
}

/// The version that an operation wrote, as it is read back; null when it was over as soon as it was written.
fn stored(db: &Database, written: &Written, seq: Option<Seq>) -> Result<Value> {
    let (Some((collection, id)), Some(seq)) = (written, seq) else { return Ok(Value::Null) };
    let row = db.snapshot_at(AsOf::Seq(seq))?.get(collection, id)?;
    row.as_ref().map_or(Ok(Value::Null), document)
}

/// `{"ok", ...fields, "seq", "head"}` as the receipt of a write has them.
pub(super) fn done(receipt: &Receipt, seq: Option<Seq>, fields: Vec<(&str, Value)>) -> Object {
    let mut answer = Object::new();
    answer.insert("ok", true);
    for (name, value) in fields {
        answer.insert(name, value);
    }
    answer.insert("seq", Seq::number_of(seq));
    answer.insert("head", receipt.root.to_string());
    if receipt.replayed {
        answer.insert("replayed", true);
    }
    answer
}

/// What the request says, as the fields of an operation.
pub(super) fn all(request: &mut Request, fields: &[Field]) -> Object {
    let mut object = Object::new();
    for field in fields {
        if let Some(value) = request.take(field.name) {
            object.insert(field.name, value);
        }
    }
    object
}
