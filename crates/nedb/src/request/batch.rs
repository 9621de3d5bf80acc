//! A list of operations that happens as a whole or not at all.

use super::{Body, Op};

/// Operations that are committed together: all of them become visible and durable at once, or none does.
///
/// Limits: 65,536 operations and 32 MiB after encoding (`batch_too_large`).
///
/// ```
/// use nedb::{Body, Database, Op, WriteBatch};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// let receipt = db.write(
///     WriteBatch::new()
///         .client("till-7")
///         .idempotency_key("sale-2041")
///         .put("sales", "2041", Body::json(r#"{"total": 1990}"#))
///         .op(Op::link("sales:2041", "sold_by", "staff:ada")),
/// )?;
/// assert_eq!(receipt.outcomes.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct WriteBatch {
    pub(crate) ops: Vec<Op>,
    pub(crate) client: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

impl WriteBatch {
    /// Begins an empty batch of the client `local`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins an empty batch with room for this many operations.
    pub fn with_capacity(ops: usize) -> Self {
        Self { ops: Vec::with_capacity(ops), ..Self::default() }
    }

    /// Names the client whose nonces and idempotency keys apply; `local` unless named.
    ///
    /// The name `nedb.sweeper` is reserved for the engine: a batch under it is refused (`invalid_name`).
    #[must_use]
    pub fn client(mut self, client: impl Into<String>) -> Self {
        self.client = Some(client.into());
        self
    }

    /// Makes the batch safe to retry: a second batch of the same client with the same key and content has no effect and
    /// is answered with the first one's outcomes; with other content it is refused (`idempotency_conflict`).
    ///
    /// The content is what the operations say: keys, documents, lifetimes as given, preconditions and provenance. Nonces
    /// are no part of it, because a known key is looked at before any nonce: a retry that numbers its operations anew, or
    /// not at all, is still the same request, is answered, and uses up no number.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Appends an operation.
    #[must_use]
    pub fn op(mut self, op: Op) -> Self {
        self.ops.push(op);
        self
    }

    /// Appends a put.
    #[must_use]
    pub fn put(self, collection: impl Into<String>, id: impl AsRef<[u8]>, body: impl Into<Body>) -> Self {
        self.op(Op::put(collection, id, body))
    }

    /// Appends a delete.
    #[must_use]
    pub fn delete(self, collection: impl Into<String>, id: impl AsRef<[u8]>) -> Self {
        self.op(Op::delete(collection, id))
    }

    /// Appends an operation to a batch built in a loop.
    pub fn push(&mut self, op: Op) {
        self.ops.push(op);
    }

    /// The number of operations so far.
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Whether no operation was added.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }
}

impl From<Op> for WriteBatch {
    fn from(op: Op) -> Self {
        Self { ops: vec![op], ..Self::default() }
    }
}
