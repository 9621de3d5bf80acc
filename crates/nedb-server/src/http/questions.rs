//! Questions: NQL, SQL, and calls of the Mongo interface.

use nedb::{Object, Params, QueryRow, Result, Rows, Seq, Value};
use nedb_compat::mongo;
use nedb_compat::sql::{self, SqlAnswer, SqlParams, SqlRows};
use nedb_types::document::value_to_json;

use super::answer::{Answer, with_head};
use super::body::{Field, Kind, Request, invalid, optional, required};
use super::documents::listed;
use super::fields::AS_OF_ANY;
use crate::rights::Right;
use crate::slow::{Asked, Begun, Timed};

pub(super) const QUERY: &[Field] = &[
    required("nql", Kind::Word, "the question"),
    optional("params", Kind::Object, "values for the parameters by their names"),
    AS_OF_ANY,
];

pub(super) const SLOW: &[Field] =
    &[optional("limit", Kind::Count, "so many at most; all that are kept when nothing is said")];

pub(super) const SQL: &[Field] = &[
    required("sql", Kind::Word, "one statement"),
    optional("params", Kind::Params, "values for the placeholders: a list for ?, an object for names"),
];

pub(super) const MONGO: &[Field] = &[
    required("collection", Kind::Word, "the collection"),
    required(
        "op",
        Kind::Word,
        "find findOne count distinct aggregate insertOne insertMany updateOne updateMany replaceOne deleteOne deleteMany",
    ),
    optional("filter", Kind::Object, "which documents"),
    optional("projection", Kind::Object, "which of their fields"),
    optional("sort", Kind::Object, "in which order"),
    optional("skip", Kind::Any, "how many to leave out"),
    optional("limit", Kind::Any, "how many at most"),
    optional("key", Kind::Text, "the field of distinct"),
    optional("pipeline", Kind::List, "the stages of aggregate"),
    optional("document", Kind::Object, "what insertOne inserts"),
    optional("documents", Kind::List, "what insertMany inserts"),
    optional("update", Kind::Any, "what an update changes"),
    optional("replacement", Kind::Object, "what replaceOne writes"),
    optional("upsert", Kind::Any, "whether to insert what is not found"),
    AS_OF_ANY,
    optional("maxTimeMS", Kind::Any, "after how many milliseconds to give up"),
    optional("keys", Kind::Object, "the fields of createIndex"),
];

/// The calls of the Mongo interface that only read.
const MONGO_READS: [&str; 5] = ["find", "findOne", "count", "distinct", "aggregate"];

/// The calls of the Mongo interface that change more than documents.
const MONGO_ADMIN: [&str; 2] = ["drop", "createIndex"];

pub(super) fn query(request: &mut Request) -> Result<Answer> {
    let as_of = request.as_of()?;
    let served = request.served()?;
    let (mut params, mut names) = (Params::new(), Vec::new());
    for (name, value) in request.maybe_object("params").unwrap_or_default().iter() {
        params.insert(name.to_owned(), value.clone());
        names.push(name.to_owned());
    }
    let nql = request.text("nql");
    let begun = Begun::new(&served.slow, &served.name, Asked::new("nql", &request.identity.name, &nql, names));
    let options = request.bounds().params(params);
    // The question is answered as it would have been then: a later moment that it names is that one.
    let snapshot = served.db.snapshot_at(as_of)?;
    let rows = snapshot.query(&nql, &options).inspect_err(|_| begun.answered())?;
    let rows = timed(request, Timed::new(begun, rows, Rows::course));
    let rows = rows.map(|row| row.and_then(|row: QueryRow| row.to_json()));
    listed(request, rows, snapshot.seq(), &served)
}

/// Lines are sent while they are made, to a reader who may be slow.
fn timed<I>(request: &Request, rows: Timed<I>) -> Timed<I> {
    if request.form.is_lines() { rows.without_reader() } else { rows }
}

pub(super) fn sql(request: &mut Request) -> Result<Answer> {
    let statement = request.text("sql");
    if sql::is_write(&statement)? {
        request.demand(Right::Write)?;
    }
    let params = match request.take("params") {
        None => SqlParams::None,
        Some(Value::Array(values)) => SqlParams::List(values),
        Some(Value::Object(values)) => {
            SqlParams::Named(values.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect())
        }
        Some(_) => return Err(invalid("params is neither a list nor an object")),
    };
    let served = request.served()?;
    let seq = served.db.head().seq();
    let names = match &params {
        SqlParams::Named(values) => values.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let begun = Begun::new(&served.slow, &served.name, Asked::new("sql", &request.identity.name, &statement, names));
    let answer =
        sql::exec_with(&served.db, &statement, &params, &request.bounds()).inspect_err(|_| begun.answered())?;
    match answer {
        SqlAnswer::Rows(rows) => {
            let rows = timed(request, Timed::new(begun, rows, SqlRows::course));
            let rows = rows.map(|row| row.and_then(|row| row.as_document().to_json()));
            listed(request, rows, seq, &served)
        }
        SqlAnswer::Written(written) => {
            let ids = written.ids.iter().map(nedb::DocId::to_value).collect();
            let mut answer = Object::new();
            answer.insert("ok", true);
            answer.insert("rowcount", written.rowcount);
            answer.insert("ids", Value::Array(ids));
            with_head(&mut answer, written.seq, &served.db.head());
            Answer::object(answer)
        }
    }
}

pub(super) fn slow(request: &mut Request) -> Result<Answer> {
    let limit = request.maybe_count("limit")?.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let served = request.served()?;
    let rows =
        served.slow.newest(limit).into_iter().map(|question| value_to_json(&Value::Object(question.to_object())));
    listed(request, rows, served.db.head().seq(), &served)
}

pub(super) fn forget_slow(request: &mut Request) -> Result<Answer> {
    let served = request.served()?;
    served.slow.clear();
    Answer::done(&served, Vec::new())
}

pub(super) fn mongo(request: &mut Request) -> Result<Answer> {
    let call = super::documents::all(request, MONGO);
    let op = call.get("op").and_then(Value::as_str).unwrap_or_default();
    request.demand(match op {
        op if MONGO_READS.contains(&op) => Right::Read,
        op if MONGO_ADMIN.contains(&op) => Right::Admin,
        _ => Right::Write,
    })?;
    let served = request.served()?;
    let is_act = MONGO_ADMIN.contains(&op);
    let act = is_act.then(|| request.begin_act(format!("mongo {op}"), call.iter())).transpose()?;
    // What was looked for stands in the call alone: its filter has the values.
    let collection = call.get("collection").and_then(Value::as_str).unwrap_or_default();
    let asked = Asked::new("mongo", &request.identity.name, &format!("{collection}.{op}"), Vec::new());
    let begun = Begun::new(&served.slow, &served.name, asked);
    let answered = mongo::run_with(&served.db, &call, &request.bounds());
    begun.answered();
    if let Some(act) = act {
        act.end(answered.as_ref().err());
    }
    let mut answer = answered?;
    if answer.get("seq").is_none() {
        answer.insert("seq", Seq::number_of(served.db.head().seq()));
    }
    Answer::object(answer)
}
