//! The history: versions, operations and those to come, differences, causes. Each row is the object that every face prints.

use std::sync::Arc;

use nedb::{AsOf, Params, Result, Seq};
use nedb_nql::Query;
use nedb_types::Collection;

use super::Database;
use crate::encode::{id_text, moment, moment_or_last, with_parameters};
use crate::feed::Feed;
use crate::rows::Rows;

/// The daemon lists so many operations at most in one answer.
const ENTRIES_MAX: u64 = 100_000;

impl Database {
    /// The versions of a document up to a moment, newest first: `seq kind ts client nonce document`, and what the write said about itself.
    pub fn history(&self, collection: &str, id: impl AsRef<[u8]>, as_of: impl Into<AsOf>) -> Result<Rows> {
        let path = self.path(&["history", Collection::new(collection)?.as_str(), &id_text(id)?]);
        self.get_rows(with_parameters(path, [("as_of", moment(as_of.into()))]))
    }

    /// The operations behind a seq, in order: `seq kind ts coll id client nonce`, and what belongs to the kind.
    ///
    /// So many at most, and never more than 100,000; the seq of the last one goes on from there.
    pub fn since(&self, after: Option<Seq>, limit: u64) -> Result<Rows> {
        let parameters = [
            ("after_seq", Some(Seq::number_of(after).to_string())),
            ("limit", Some(limit.min(ENTRIES_MAX).to_string())),
        ];
        self.get_rows(with_parameters(self.path(&["since"]), parameters))
    }

    /// Follows the operations behind a seq (`None`: all).
    ///
    /// ```no_run
    /// use nedb_client::{Daemon, Event, Options};
    /// # fn main() -> nedb_client::Result<()> {
    /// let shop = Daemon::at("http://127.0.0.1:7070", Options::new())?.database("shop");
    /// let last = shop.head()?.seq();
    /// for event in shop.subscribe(last)? {
    ///     if let Event::Operation(told) = event? {
    ///         println!("{} {} {}", told.seq, told.kind, told.collection);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn subscribe(&self, after: Option<Seq>) -> Result<Feed> {
        Feed::of_one(Arc::clone(&self.transport), self.path(&["events"]), &self.name, after)
    }

    /// The last operations, the newest first; never more than 100,000.
    pub fn log(&self, limit: u64) -> Result<Rows> {
        let limit = limit.min(ENTRIES_MAX).to_string();
        self.get_rows(with_parameters(self.path(&["log"]), [("limit", Some(limit))]))
    }

    /// The documents that differ between two moments: `coll id change before after`.
    pub fn diff(&self, from: impl Into<AsOf>, to: impl Into<AsOf>, collection: Option<&str>) -> Result<Rows> {
        let [from, to] = [from.into(), to.into()].map(|moment| Some(moment_or_last(moment)));
        let collection = collection.map(Collection::new).transpose()?.map(|collection| collection.as_str().to_owned());
        self.get_rows(with_parameters(self.path(&["diff"]), [("from", from), ("to", to), ("coll", collection)]))
    }

    /// The versions that were the causes of a document's newest one, and their causes: rows of a question that TRACEs them.
    pub fn trace(&self, collection: &str, id: &str) -> Result<Rows> {
        self.traced(collection, id, "")
    }

    /// The versions that a document's newest one was a cause of, and what these led to.
    pub fn trace_reverse(&self, collection: &str, id: &str) -> Result<Rows> {
        self.traced(collection, id, " REVERSE")
    }

    fn traced(&self, collection: &str, id: &str, direction: &str) -> Result<Rows> {
        let from = Query::all_of(Collection::new(collection)?);
        self.query(&format!("{from} WHERE _id = $id TRACE caused_by{direction}"), &Params::new().with("id", id))
    }
}
