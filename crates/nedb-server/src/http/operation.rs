//! Operations in JSON: what a put, or an entry of a transaction, says.
//!
//! ```text
//! {"op": "put", "coll": c, "id": i, "doc": {..}}      put delete expire restore check: coll id, and doc, ttl_s or seq
//! {"op": "link", "frm": n, "rel": r, "to": m}         link unlink
//! ```
//!
//! Each may have `if_seq`, `nonce` and provenance as well; what it does not take is refused by name.

use nedb::{Body, Cause, Expected, Object, Op, Result, Seq, Value, WriteBatch};

use super::body::{Field, Kind, invalid, required};
use super::documents::PUT;
use super::fields::{CAUSED_BY, COLL, CONFIDENCE, EVIDENCE, ID, IF_SEQ, NONCE, TTL_S};
use super::relations::LINK;

/// Microseconds in a second.
const SECOND_US: f64 = 1e6;

/// The longest lifetime in seconds: what a time in microseconds holds.
const TTL_S_MAX: f64 = 9.2e12;

/// What there is, with the fields of each; those of a request as a whole are not among them.
pub(super) const OPERATIONS: &[(&[&str], &[Field])] = &[
    (&["put"], PUT),
    (&["delete", "check"], &[COLL, ID, NONCE, CAUSED_BY, EVIDENCE, CONFIDENCE, IF_SEQ]),
    (&["expire"], &[COLL, ID, TTL_S, NONCE, CAUSED_BY, EVIDENCE, CONFIDENCE, IF_SEQ]),
    (&["restore"], &[COLL, ID, SEQ, NONCE, CAUSED_BY, EVIDENCE, CONFIDENCE, IF_SEQ]),
    (&["link", "unlink"], LINK),
];

/// The seq of the version that a restore brings back.
const SEQ: Field = required("seq", Kind::Count, "the seq of the version that comes back");

/// What belongs to a request as a whole.
pub(super) const OF_WHOLE: [&str; 2] = ["client", "idem"];

/// The fields of an operation, taken one by one; what is left over is not known.
pub(super) struct Fields {
    place: String,
    left: Object,
}

impl Fields {
    pub(super) fn new(place: impl Into<String>, object: Object) -> Self {
        Self { place: place.into(), left: object }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !matches!(value, Value::Null))
    }

    fn wrong(&self, name: &str, wanted: &str) -> nedb::Error {
        invalid(format!("{}{name} is not {wanted}", self.place))
    }

    fn maybe_text(&mut self, name: &str) -> Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a text")),
        }
    }

    fn text(&mut self, name: &str) -> Result<String> {
        self.maybe_text(name)?.ok_or_else(|| invalid(format!("{}{name} is missing", self.place)))
    }

    /// The collection and id; a number as an id is its text.
    fn key(&mut self) -> Result<(String, String)> {
        let collection = self.text("coll")?;
        let id = match self.take("id") {
            Some(Value::String(id)) => id,
            Some(Value::I64(id)) => id.to_string(),
            Some(_) => return Err(self.wrong("id", "a text or a whole number")),
            None => return Err(invalid(format!("{}id is missing", self.place))),
        };
        Ok((collection, id))
    }

    fn maybe_count(&mut self, name: &str) -> Result<Option<u64>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::I64(number)) if number >= 0 => Ok(Some(number.unsigned_abs())),
            Some(_) => Err(self.wrong(name, "a whole number from 0 on")),
        }
    }

    fn maybe_number(&mut self, name: &str) -> Result<Option<f64>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::F64(number)) => Ok(Some(number.get())),
            Some(Value::I64(number)) => Ok(number.to_string().parse().ok()),
            Some(_) => Err(self.wrong(name, "a number")),
        }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the bounds are checked before")]
    fn maybe_ttl_us(&mut self) -> Result<Option<u64>> {
        match self.maybe_number("ttl_s")? {
            None => Ok(None),
            Some(seconds) if seconds > 0.0 && seconds <= TTL_S_MAX => Ok(Some((seconds * SECOND_US).round() as u64)),
            Some(_) => Err(self.wrong("ttl_s", "a positive number of seconds")),
        }
    }

    fn causes(&mut self) -> Result<Vec<Cause>> {
        match self.take("caused_by") {
            None => Ok(Vec::new()),
            Some(Value::Array(causes)) => causes.iter().map(|cause| self.cause(cause)).collect(),
            Some(cause) => Ok(vec![self.cause(&cause)?]),
        }
    }

    /// A seq, or in a transaction `"#0"` for its first operation, and so on.
    fn cause(&self, cause: &Value) -> Result<Cause> {
        match cause {
            Value::I64(seq) if *seq >= 0 => Ok(Cause::Seq(Seq::new(seq.unsigned_abs()))),
            Value::String(text) => {
                let position = text.strip_prefix('#').and_then(|position| position.parse().ok());
                position
                    .map(Cause::Position)
                    .ok_or_else(|| self.wrong("caused_by", "a seq or the place of an operation, such as \"#0\""))
            }
            _ => Err(self.wrong("caused_by", "a seq or the place of an operation, such as \"#0\"")),
        }
    }

    fn expected(&mut self) -> Result<Option<Expected>> {
        match self.take("if_seq") {
            None => Ok(None),
            Some(Value::I64(-1)) => Ok(Some(Expected::Missing)),
            Some(Value::I64(seq)) if seq >= 0 => Ok(Some(Expected::Seq(Seq::new(seq.unsigned_abs())))),
            Some(_) => Err(self.wrong("if_seq", "a seq, or -1 for a document that must not exist")),
        }
    }

    /// Adds what every operation may say.
    fn about(&mut self, mut op: Op) -> Result<Op> {
        for cause in self.causes()? {
            op = op.caused_by(cause);
        }
        if let Some(expected) = self.expected()? {
            op = op.if_seq(expected);
        }
        if let Some(nonce) = self.maybe_count("nonce")? {
            op = op.nonce(nonce);
        }
        if let Some(evidence) = self.maybe_text("evidence")? {
            op = op.evidence(evidence);
        }
        if let Some(confidence) = self.maybe_number("confidence")? {
            op = op.confidence(confidence);
        }
        Ok(op)
    }

    /// Adds what a put may say beside.
    fn about_put(&mut self, op: Op) -> Result<Op> {
        let mut op = self.about(op)?;
        if let Some(ttl_us) = self.maybe_ttl_us()? {
            op = op.ttl_us(ttl_us);
        }
        if let Some(from) = self.maybe_text("valid_from")? {
            op = op.valid_from(from);
        }
        if let Some(to) = self.maybe_text("valid_to")? {
            op = op.valid_to(to);
        }
        Ok(op)
    }

    /// The client and the idempotency key of a request.
    pub(super) fn of_whole(&mut self, mut batch: WriteBatch) -> Result<WriteBatch> {
        if let Some(client) = self.maybe_text("client")? {
            batch = batch.client(client);
        }
        if let Some(key) = self.maybe_text("idem")? {
            batch = batch.idempotency_key(key);
        }
        Ok(batch)
    }

    /// A put, and what it writes.
    pub(super) fn put(&mut self) -> Result<(Op, Written)> {
        let (collection, id) = self.key()?;
        let Some(Value::Object(document)) = self.take("doc") else { return Err(self.wrong("doc", "an object")) };
        let op = self.about_put(Op::put(&collection, &id, Body::from(document)))?;
        Ok((op, Some((collection, id))))
    }

    pub(super) fn delete(&mut self) -> Result<Op> {
        let (collection, id) = self.key()?;
        self.about(Op::delete(collection, id))
    }

    /// A relation that is made or ended.
    pub(super) fn edge(&mut self, change: impl Fn(String, String, String) -> Op) -> Result<Op> {
        let (from, relation, to) = (self.text("frm")?, self.text("rel")?, self.text("to")?);
        self.about(change(from, relation, to))
    }

    fn operation(&mut self) -> Result<(Op, Written)> {
        let kind = self.text("op")?;
        let (op, written) = match kind.as_str() {
            "put" => self.put()?,
            "restore" => {
                let (collection, id) = self.key()?;
                let seq = self.maybe_count("seq")?.ok_or_else(|| self.wrong("seq", "a seq"))?;
                (self.about(Op::restore(&collection, &id, Seq::new(seq)))?, Some((collection, id)))
            }
            "delete" => (self.delete()?, None),
            "check" => {
                let (collection, id) = self.key()?;
                (self.about(Op::check(collection, id))?, None)
            }
            "expire" => {
                let (collection, id) = self.key()?;
                let op = match self.maybe_ttl_us()? {
                    Some(ttl_us) => Op::expire(collection, id).ttl_us(ttl_us),
                    None => Op::expire(collection, id),
                };
                (self.about(op)?, None)
            }
            "link" => (self.edge(Op::link)?, None),
            "unlink" => (self.edge(Op::unlink)?, None),
            other => return Err(invalid(format!("{}there is no op {other:?}", self.place))),
        };
        self.end(&kind)?;
        Ok((op, written))
    }

    /// Refuses what was not taken.
    pub(super) fn end(&self, kind: &str) -> Result<()> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) if OF_WHOLE.contains(&name) => {
                Err(invalid(format!("{}{name} belongs to the request, not to one operation", self.place)))
            }
            Some(name) => Err(invalid(format!("{}{kind} takes no {name:?}", self.place))),
        }
    }
}

/// The document that an operation writes.
pub(super) type Written = Option<(String, String)>;

/// Whether an operation writes content that it does not say itself.
pub(super) fn brings_back(op: &Value) -> bool {
    op.as_object().and_then(|op| op.get("op")).and_then(Value::as_str) == Some("restore")
}

/// Reads the operations of a transaction.
pub(super) fn operations(ops: Vec<Value>) -> Result<Vec<(Op, Written)>> {
    let read = |(position, op): (usize, Value)| match op {
        Value::Object(object) => Fields::new(format!("ops[{position}]: "), object).operation(),
        _ => Err(invalid(format!("ops[{position}] is not an object"))),
    };
    ops.into_iter().enumerate().map(read).collect()
}
