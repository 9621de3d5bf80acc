//! Proofs for those who do not trust the daemon.

use axum::http::StatusCode;
use nedb::{ExpectedHead, Object, Result, Value, VerifyOptions};

use super::answer::Answer;
use super::body::{Field, Kind, Request, invalid, optional, required, seq};

pub(super) const VERIFY: &[Field] = &[
    optional("deep", Kind::Flag, "also rebuilds what follows from the log and compares"),
    optional("expect_head", Kind::Text, "SEQ:HASH that the history must contain"),
];

pub(super) const CONSISTENCY: &[Field] =
    &[required("from", Kind::Count, "the earlier size"), required("to", Kind::Count, "the later size")];

pub(super) fn verify(request: &mut Request) -> Result<Answer> {
    let mut options = VerifyOptions::new().deep(request.flag("deep"));
    if let Some(head) = request.maybe_text("expect_head") {
        let head: ExpectedHead =
            head.parse().map_err(|error: nedb::Error| invalid(error.message().to_owned()).with_source(error))?;
        options = options.expect_head(head);
    }
    let served = request.served()?;
    let report = served.db.verify_with(&options)?;
    // The verdict is the answer; that the database is damaged is no failure of the question.
    report.to_json().map(|json| Answer::Json(StatusCode::OK, json))
}

pub(super) fn proof(request: &mut Request) -> Result<Answer> {
    let seq = seq("seq", request.part("seq"))?;
    request.served()?.db.proof(seq).map(Answer::Text)
}

pub(super) fn tile(request: &mut Request) -> Result<Answer> {
    let path = format!("tile/{}", request.part("path"));
    let bytes = request.served()?.db.tile(&path)?;
    // A full tile is the same for ever.
    Ok(Answer::Tile(bytes, !path.contains(".p/")))
}

/// What an operation commits to: the salt and the content, with which the proof of the operation shows the content, too.
pub(super) fn content(request: &mut Request) -> Result<Answer> {
    let seq = seq("seq", request.part("seq"))?;
    let payload = request.served()?.db.committed_payload(seq)?;
    let mut answer = Object::new();
    answer.insert("seq", seq.get());
    answer.insert("payload", payload.map_or(Value::Null, Value::Bytes));
    Answer::object(answer)
}

pub(super) fn verifier_key(request: &mut Request) -> Result<Answer> {
    request.served()?.db.verifier_key().map(Answer::Text)
}

pub(super) fn consistency(request: &mut Request) -> Result<Answer> {
    let (from, to) = (request.maybe_count("from")?.unwrap_or_default(), request.maybe_count("to")?.unwrap_or_default());
    let proof = request.served()?.db.consistency_proof(from, to)?;
    proof.to_json().map(|json| Answer::Json(StatusCode::OK, json))
}

pub(super) fn checkpoint(request: &mut Request) -> Result<Answer> {
    request.served()?.db.signed_checkpoint().map(Answer::Text)
}
