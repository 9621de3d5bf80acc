//! Writes of many requests to one database, committed together.
//!
//! Leaves to others: what is written, and who waits for whom (`together.rs`).

use std::sync::Arc;

use nedb::{Database, Receipt, Result, WriteBatch};

use crate::together::{Together, Work};

struct Writer {
    db: Database,
}

impl Work for Writer {
    type Item = WriteBatch;
    type Answer = Result<Receipt>;

    fn round(&self, items: Vec<WriteBatch>) -> Vec<Result<Receipt>> {
        self.db.write_each(items)
    }
}

/// The writes of one database.
pub(crate) struct Writes {
    together: Arc<Together<Writer>>,
}

impl Writes {
    pub(crate) fn new(db: &Database) -> Self {
        Self { together: Together::new(Writer { db: db.clone() }) }
    }

    /// How many bytes of requests wait to be written.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.together.waiting_bytes()
    }

    /// Writes a batch, which came in so many bytes, together with those of others; each is atomic and has its own receipt.
    pub(crate) async fn carry_out(&self, batch: WriteBatch, bytes: usize) -> Result<Receipt> {
        self.together.carry_out(batch, bytes).await?
    }
}
