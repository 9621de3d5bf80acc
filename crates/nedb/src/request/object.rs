//! A request as an object: the form in which the daemon's routes take it, so that a client says what a caller of the engine says.
//!
//! Promises: what the daemon reads from the object is the request that it was made of; what its routes do not take stands there under
//! its name, so that they refuse it by name. Leaves to others: whether the request is one that can be carried out.

use nedb_types::{DocId, Error, ErrorCode, Object, Result, Seq, Value, document::json_to_document};

use super::{Body, Cause, Expected, Op, WriteBatch, op::Action, op::Lifetime};

/// Microseconds in a second.
const SECOND_US: f64 = 1e6;

impl WriteBatch {
    /// The batch as the daemon's route `tx` takes it: `{"ops": [..], "client"?, "idem"?}`.
    ///
    /// A body that is no document is refused as a write would refuse it (`invalid_json`, `invalid_value`).
    ///
    /// ```
    /// use nedb::{Body, WriteBatch};
    /// let batch = WriteBatch::new().client("till-7").put("sales", "2041", Body::json(r#"{"total": 1990}"#));
    /// let object = batch.to_object()?;
    /// assert_eq!(object.get("client").and_then(|client| client.as_str()), Some("till-7"));
    /// # Ok::<(), nedb::Error>(())
    /// ```
    pub fn to_object(&self) -> Result<Object> {
        let ops = self.ops.iter().map(|op| op.to_object().map(Value::Object));
        let mut object = Object::new();
        object.insert("ops", Value::Array(ops.collect::<Result<_>>()?));
        for (name, text) in [("client", &self.client), ("idem", &self.idempotency_key)] {
            if let Some(text) = text {
                object.insert(name, text.as_str());
            }
        }
        Ok(object)
    }
}

impl Op {
    fn to_object(&self) -> Result<Object> {
        let mut object = self.action.to_object()?;
        match self.lifetime {
            Lifetime::Unlimited => {}
            Lifetime::Micros(ttl_us) => drop(object.insert("ttl_s", Value::float(seconds(ttl_us))?)),
            Lifetime::Until(at) => drop(object.insert("expires_at", at.to_string())),
        }
        match self.expected {
            None => {}
            Some(Expected::Missing) => drop(object.insert("if_seq", -1_i64)),
            Some(Expected::Seq(seq)) => drop(object.insert("if_seq", seq.get())),
        }
        if let Some(nonce) = self.nonce {
            object.insert("nonce", nonce);
        }
        if !self.causes.is_empty() {
            let causes = self.causes.iter().map(|cause| match cause {
                Cause::Seq(seq) => Value::from(seq.get()),
                Cause::Position(position) => Value::String(format!("#{position}")),
            });
            object.insert("caused_by", Value::Array(causes.collect()));
        }
        if let Some(confidence) = self.confidence {
            object.insert("confidence", Value::float(confidence)?);
        }
        let texts = [("evidence", &self.evidence), ("valid_from", &self.valid_from), ("valid_to", &self.valid_to)];
        for (name, text) in texts {
            if let Some(text) = text {
                object.insert(name, text.as_str());
            }
        }
        Ok(object)
    }
}

impl Action {
    fn to_object(&self) -> Result<Object> {
        let mut object = Object::new();
        match self {
            Self::Put { collection, id, body } => {
                keyed(&mut object, "put", collection, id)?;
                object.insert("doc", body.to_value()?);
            }
            Self::Restore { collection, id, version } => {
                keyed(&mut object, "restore", collection, id)?;
                object.insert("seq", Seq::number_of(Some(*version)));
            }
            Self::Delete { collection, id } => keyed(&mut object, "delete", collection, id)?,
            Self::Expire { collection, id } => keyed(&mut object, "expire", collection, id)?,
            Self::Check { collection, id } => keyed(&mut object, "check", collection, id)?,
            Self::Link { from, relation, to } => edge(&mut object, "link", [from, relation, to]),
            Self::Unlink { from, relation, to } => edge(&mut object, "unlink", [from, relation, to]),
            Self::Sweep { .. } => {
                return Err(Error::new(ErrorCode::Unsupported, "a sweep is the engine's own and no part of a request"));
            }
        }
        Ok(object)
    }
}

impl Body {
    fn to_value(&self) -> Result<Value> {
        match self {
            Self::Document(document) => document.as_document().to_value(),
            Self::Value(value) => Ok(value.clone()),
            Self::Json(json) => json_to_document(json)?.as_document().to_value(),
        }
    }
}

fn keyed(object: &mut Object, op: &str, collection: &str, id: &[u8]) -> Result<()> {
    object.insert("op", op);
    object.insert("coll", collection);
    object.insert("id", DocId::new(id)?.to_value());
    Ok(())
}

fn edge(object: &mut Object, op: &str, parts: [&String; 3]) {
    object.insert("op", op);
    for (name, part) in ["frm", "rel", "to"].into_iter().zip(parts) {
        object.insert(name, part.as_str());
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a lifetime that long, 285 years, is exact to a microsecond all the same"
)]
fn seconds(us: u64) -> f64 {
    us as f64 / SECOND_US
}
