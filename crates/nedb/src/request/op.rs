//! One operation of a write: what it does to which key, under which condition, and why.

use std::sync::Arc;

use nedb_types::{Seq, Timestamp};

use super::Body;

/// An earlier operation that made this one happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An operation already in the log.
    Seq(Seq),
    /// An operation before this one in the same batch, by its position from 0.
    Position(usize),
}

impl From<Seq> for Cause {
    fn from(seq: Seq) -> Self {
        Self::Seq(seq)
    }
}

/// The state a key must be in for the write to go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// No live version: never written, deleted, or expired.
    Missing,
    /// The newest version is live and has this seq.
    Seq(Seq),
}

/// What an operation does.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Put { collection: String, id: Arc<[u8]>, body: Body },
    Restore { collection: String, id: Arc<[u8]>, version: Seq },
    Delete { collection: String, id: Arc<[u8]> },
    Sweep { collection: String, id: Arc<[u8]>, version: Seq },
    Expire { collection: String, id: Arc<[u8]> },
    Check { collection: String, id: Arc<[u8]> },
    Link { from: String, relation: String, to: String },
    Unlink { from: String, relation: String, to: String },
}

/// When the written version stops being visible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// It stays until another operation replaces it.
    #[default]
    Unlimited,
    /// That many microseconds after it is admitted.
    Micros(u64),
    /// At that instant.
    Until(Timestamp),
}

/// One operation of a [`WriteBatch`](crate::WriteBatch): an action on one key with its conditions and provenance.
///
/// Names and values are checked when the batch is written, all at once, before anything happens.
///
/// ```
/// use nedb::{Body, Expected, Op};
/// let op = Op::put("beliefs", "rain", Body::json(r#"{"p": 0.8}"#))
///     .if_seq(Expected::Missing)
///     .evidence("inference")
///     .confidence(0.8);
/// # let _op: Op = op;
/// ```
#[derive(Clone, Debug)]
pub struct Op {
    pub(crate) action: Action,
    pub(crate) expected: Option<Expected>,
    pub(crate) nonce: Option<u64>,
    pub(crate) lifetime: Lifetime,
    pub(crate) causes: Vec<Cause>,
    pub(crate) evidence: Option<String>,
    pub(crate) confidence: Option<f64>,
    pub(crate) valid_from: Option<String>,
    pub(crate) valid_to: Option<String>,
}

impl Op {
    fn new(action: Action) -> Self {
        Self {
            action,
            expected: None,
            nonce: None,
            lifetime: Lifetime::default(),
            causes: Vec::new(),
            evidence: None,
            confidence: None,
            valid_from: None,
            valid_to: None,
        }
    }

    /// Writes a new version of a document.
    pub fn put(collection: impl Into<String>, id: impl AsRef<[u8]>, body: impl Into<Body>) -> Self {
        let (collection, id) = (collection.into(), id.as_ref().into());
        Self::new(Action::Put { collection, id, body: body.into() })
    }

    /// Writes the content of an earlier version of a document again, as a new version.
    pub fn restore(collection: impl Into<String>, id: impl AsRef<[u8]>, version: Seq) -> Self {
        let (collection, id) = (collection.into(), id.as_ref().into());
        Self::new(Action::Restore { collection, id, version })
    }

    /// Deletes a document; without effect when it does not exist.
    pub fn delete(collection: impl Into<String>, id: impl AsRef<[u8]>) -> Self {
        let (collection, id) = (collection.into(), id.as_ref().into());
        Self::new(Action::Delete { collection, id })
    }

    /// Deletes one expired version: only when it still is the newest one, although no read sees it any more.
    pub(crate) fn sweep(collection: &str, id: &[u8], version: Seq) -> Self {
        Self::new(Action::Sweep { collection: collection.to_owned(), id: id.into(), version })
    }

    /// Gives an existing document a lifetime, set with [`Op::ttl_us`] or [`Op::expires_at`], or takes it away when neither is
    /// called; without effect when the document does not exist.
    ///
    /// Content and its provenance stay; what this operation says about itself is told by history and feed.
    pub fn expire(collection: impl Into<String>, id: impl AsRef<[u8]>) -> Self {
        let (collection, id) = (collection.into(), id.as_ref().into());
        Self::new(Action::Expire { collection, id })
    }

    /// Changes nothing and is never logged by itself: it makes the batch depend on the state of a document that the batch does
    /// not write, which [`Op::if_seq`] names. Under an idempotency key it is logged as an operation without effect.
    ///
    /// ```
    /// use nedb::{Body, Database, ErrorCode, Expected, Op, WriteBatch};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let read = db.put("rates", "eur", Body::json(r#"{"usd": 1.09}"#))?.seq().expect("a put has a seq");
    /// db.put("rates", "eur", Body::json(r#"{"usd": 1.12}"#))?;
    /// let sale = WriteBatch::new()
    ///     .op(Op::check("rates", "eur").if_seq(Expected::Seq(read)))
    ///     .put("sales", "1", Body::json(r#"{"usd": 109}"#));
    /// assert_eq!(db.write(sale).unwrap_err().code(), ErrorCode::PreconditionFailed);
    /// # Ok(())
    /// # }
    /// ```
    pub fn check(collection: impl Into<String>, id: impl AsRef<[u8]>) -> Self {
        let (collection, id) = (collection.into(), id.as_ref().into());
        Self::new(Action::Check { collection, id })
    }

    /// Adds an edge between two nodes, each written `collection:id`; without effect when it exists.
    pub fn link(from: impl Into<String>, relation: impl Into<String>, to: impl Into<String>) -> Self {
        let (from, relation, to) = (from.into(), relation.into(), to.into());
        Self::new(Action::Link { from, relation, to })
    }

    /// Removes an edge; without effect when it does not exist.
    pub fn unlink(from: impl Into<String>, relation: impl Into<String>, to: impl Into<String>) -> Self {
        let (from, relation, to) = (from.into(), relation.into(), to.into());
        Self::new(Action::Unlink { from, relation, to })
    }

    /// Refuses the whole batch unless the key is in this state before the batch.
    #[must_use]
    pub fn if_seq(mut self, expected: Expected) -> Self {
        self.expected = Some(expected);
        self
    }

    /// Numbers the operation for its client: one that is not greater than the client's last is refused as stale.
    /// Without it the client's last number plus one is taken.
    #[must_use]
    pub fn nonce(mut self, nonce: u64) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// Lets the written version expire this many microseconds from now.
    #[must_use]
    pub fn ttl_us(mut self, ttl_us: u64) -> Self {
        self.lifetime = Lifetime::Micros(ttl_us);
        self
    }

    /// Lets the written version expire at this instant.
    #[must_use]
    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.lifetime = Lifetime::Until(at);
        self
    }

    /// Names an operation that caused this one; may be called many times.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Says what the write rests on: a short text, by custom one of `user_message`, `inference`, `tool_result`,
    /// `correction`, `external`.
    #[must_use]
    pub fn evidence(mut self, evidence: impl Into<String>) -> Self {
        self.evidence = Some(evidence.into());
        self
    }

    /// Says how certain the writer is, from 0.0 to 1.0.
    #[must_use]
    pub fn confidence(mut self, confidence: f64) -> Self {
        self.confidence = Some(confidence);
        self
    }

    /// Says from when on the content holds in the world, as an ISO 8601 date or time (inclusive).
    #[must_use]
    pub fn valid_from(mut self, text: impl Into<String>) -> Self {
        self.valid_from = Some(text.into());
        self
    }

    /// Says until when the content holds in the world, as an ISO 8601 date or time (exclusive).
    #[must_use]
    pub fn valid_to(mut self, text: impl Into<String>) -> Self {
        self.valid_to = Some(text.into());
        self
    }
}
