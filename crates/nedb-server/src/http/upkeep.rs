//! Indexes and maintenance.

use axum::http::StatusCode;
use nedb::{IndexKind, Result, Value};
use nedb_types::document::json_to_value;

use super::answer::Answer;
use super::body::{Field, Kind, Request, optional, required};

pub(super) const INDEX: &[Field] = &[
    required("coll", Kind::Word, "the collection"),
    required("field", Kind::Word, "the field, dotted"),
    optional("kind", Kind::Text, "eq, ordered or search; eq when nothing is said"),
];

pub(super) const KIND: &[Field] = &[optional("kind", Kind::Text, "only the index of this kind")];

pub(super) fn create_index(request: &mut Request) -> Result<Answer> {
    let kind = request.maybe_text("kind").map_or(Ok(IndexKind::Eq), |kind| kind.parse())?;
    let (collection, field) = (request.text("coll"), request.text("field"));
    let served = request.served()?;
    let index = served.db.create_index(&collection, &field, kind)?;
    Answer::done(&served, vec![("index", json_to_value(index.to_json()?.as_bytes())?)])
}

pub(super) fn drop_index(request: &mut Request) -> Result<Answer> {
    let kind = request.maybe_text("kind").map(|kind| kind.parse()).transpose()?;
    let served = request.served()?;
    let dropped = served.db.drop_index(request.part("coll"), request.part("field"), kind)?;
    Answer::done(&served, vec![("dropped", Value::Bool(dropped))])
}

pub(super) fn checkpoint(request: &mut Request) -> Result<Answer> {
    let served = request.served()?;
    served.db.checkpoint()?;
    Answer::done(&served, Vec::new())
}

pub(super) fn sweep(request: &mut Request) -> Result<Answer> {
    let served = request.served()?;
    let swept = served.db.sweep()?;
    Answer::done(&served, vec![("swept", Value::from(swept))])
}

pub(super) fn stats(request: &mut Request) -> Result<Answer> {
    request.served()?.db.stats()?.to_json().map(|json| Answer::Json(StatusCode::OK, json))
}
