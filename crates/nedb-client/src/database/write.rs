//! Writes: each is one transaction on one route, so that one rule holds for all of them.

use nedb::{Body, Object, Op, Outcome, Receipt, Result, Seq, WriteBatch};
use nedb_types::hex;
use nedb_wire::stream::SUBPROTOCOL;

use super::Database;
use crate::fields::Fields;
use crate::retry::Again;
use crate::writer::Writer;

/// Bytes of a key that is drawn: enough that no two are the same.
const KEY_BYTES: usize = 16;

impl Database {
    /// Writes a new version of a document.
    pub fn put(&self, collection: &str, id: impl AsRef<[u8]>, body: impl Into<Body>) -> Result<Receipt> {
        self.write(Op::put(collection, id, body))
    }

    /// Deletes a document.
    pub fn delete(&self, collection: &str, id: impl AsRef<[u8]>) -> Result<Receipt> {
        self.write(Op::delete(collection, id))
    }

    /// Writes the content of an earlier version of a document again.
    pub fn restore(&self, collection: &str, id: impl AsRef<[u8]>, version: Seq) -> Result<Receipt> {
        self.write(Op::restore(collection, id, version))
    }

    /// Adds an edge between two nodes, each written `collection:id`.
    pub fn link(&self, from: &str, relation: &str, to: &str) -> Result<Receipt> {
        self.write(Op::link(from, relation, to))
    }

    /// Removes an edge.
    pub fn unlink(&self, from: &str, relation: &str, to: &str) -> Result<Receipt> {
        self.write(Op::unlink(from, relation, to))
    }

    /// Writes operations, all or none. A batch without an idempotency key gets one, and is sent again where no answer came: it is done
    /// once, and the answer is that of the first time.
    pub fn write(&self, batch: impl Into<WriteBatch>) -> Result<Receipt> {
        let mut body = batch.into().to_object()?;
        if body.get("idem").is_none() {
            let mut drawn = [0; KEY_BYTES];
            self.transport.options.io.random.fill(&mut drawn);
            body.insert("idem", hex::encode(&drawn));
        }
        self.send(body, Again::Always)
    }

    /// Writes operations as they are. Without a key of the caller's they are sent again only when the daemon surely saw nothing of them;
    /// after any other failure nobody knows whether they were done.
    ///
    /// It is for operations that may be repeated in any case, such as a delete, where the trace that a key leaves is not wanted.
    pub fn write_as_given(&self, batch: impl Into<WriteBatch>) -> Result<Receipt> {
        let body = batch.into().to_object()?;
        let again = if body.get("idem").is_some() { Again::Always } else { Again::Undone };
        self.send(body, again)
    }

    /// Opens a connection on which many writes are in flight, each with a receipt of its own.
    ///
    /// It is for writes that come one by one and wait for none before: they share the syncs of the disk. A few operations that belong
    /// together are a batch, and a great many that are there already are batches of thousands.
    ///
    /// Errors: what a refused connection says, such as `denied` and `not_found`.
    ///
    /// ```no_run
    /// use nedb_client::{Body, Daemon, Options};
    /// # fn main() -> nedb_client::Result<()> {
    /// let shop = Daemon::at("http://127.0.0.1:7070", Options::new())?.database("shop");
    /// let writer = shop.writer()?;
    /// for number in 0..10_000 {
    ///     writer.put("events", number.to_string(), Body::json(r#"{"kind": "seen"}"#))?;
    /// }
    /// let last = writer.put("events", "last", Body::json("{}"))?.wait()?;
    /// writer.close()?; // every one of them is on the disk
    /// # drop(last);
    /// # Ok(())
    /// # }
    /// ```
    pub fn writer(&self) -> Result<Writer> {
        self.socket("stream", Some(SUBPROTOCOL)).and_then(Writer::open)
    }

    fn send(&self, mut body: Object, again: Again) -> Result<Receipt> {
        body.insert("receipt", true);
        receipt(self.post_object(&["tx"], body, again)?)
    }
}

pub(crate) fn receipt(mut answer: Fields) -> Result<Receipt> {
    let outcomes = answer.list("outcomes")?.into_iter().map(|outcome| {
        let outcome = Fields::of(outcome)?;
        Ok(Outcome { changed: outcome.flag("changed"), seq: outcome.maybe_seq("seq") })
    });
    Ok(Receipt {
        outcomes: outcomes.collect::<Result<_>>()?,
        last_seq: answer.maybe_seq("seq"),
        size: answer.number("size")?,
        root: answer.parsed("head")?,
        committed_at: answer.parsed("ts")?,
        replayed: answer.flag("replayed"),
    })
}
