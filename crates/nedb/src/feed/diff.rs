//! What changed between two moments.
//!
//! It reads the operations between the two, so its cost follows the change and not the size of the database. With a
//! collection it still passes the operations of all others in between; it saves their documents.

use std::collections::{BTreeMap, btree_map};

use nedb_log::LogStore;
use nedb_types::{Collection, DocId, Object, Result, Seq};

use crate::{
    database::Database,
    keys::Key,
    query::change_object,
    read::{AsOf, Row, Snapshot},
};

/// What a document that was touched takes beside its names.
const KEY_BYTES: usize = 96;

/// A document that is different at the later moment.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its collection.
    pub collection: Collection,
    /// Its id.
    pub id: DocId,
    /// What it was; `None` when it did not exist.
    pub before: Option<Row>,
    /// What it became; `None` when it no longer exists.
    pub after: Option<Row>,
}

impl Change {
    /// The change as every face prints it: `coll id change before after`.
    pub fn to_object(&self) -> Result<Object> {
        change_object(self)
    }
}

/// The changes between two moments, by collection and id.
#[derive(Debug)]
pub struct Diff {
    before: Snapshot,
    after: Snapshot,
    touched: btree_map::IntoIter<Vec<u8>, (Collection, DocId)>,
}

impl Diff {
    /// The differences of two snapshots of one database.
    pub(crate) fn between(before: Snapshot, after: Snapshot, collection: Option<&Collection>) -> Result<Self> {
        Self::within(before, after, collection, &mut |_| Ok(()))
    }

    /// As [`between`](Self::between) for a query: `pass` is told of each operation how many bytes are kept of it, and may end
    /// the walk.
    pub(crate) fn within(
        before: Snapshot,
        after: Snapshot,
        collection: Option<&Collection>,
        pass: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<Self> {
        let (first, end) = (before.size().min(after.size()), before.size().max(after.size()));
        let mut touched = BTreeMap::new();
        let engine = before.engine();
        engine.walk(&engine.log.reader(), Seq::new(first), end - first, |record| {
            let mut kept_bytes = 0;
            let is_wanted = collection.is_none_or(|wanted| wanted.as_str() == record.entry.collection());
            if is_wanted
                && let Some(key @ Key::Document { .. }) = Key::of(record)?
                && let btree_map::Entry::Vacant(place) = touched.entry(key.index_key())
            {
                kept_bytes = KEY_BYTES + 2 * place.key().len();
                place.insert((key.collection().clone(), key.id().clone()));
            }
            pass(kept_bytes)?;
            Ok(true)
        })?;
        Ok(Self { before, after, touched: touched.into_iter() })
    }

    /// The next change; `pass` is called for each document that was touched, and may end the search for it.
    pub(crate) fn step(&mut self, pass: &mut dyn FnMut() -> Result<()>) -> Result<Option<Change>> {
        for (_, (collection, id)) in self.touched.by_ref() {
            pass()?;
            let before = self.before.get(collection.as_str(), id.as_bytes())?;
            let after = self.after.get(collection.as_str(), id.as_bytes())?;
            if before.as_ref().map(Row::seq) != after.as_ref().map(Row::seq) {
                return Ok(Some(Change { collection, id, before, after }));
            }
        }
        Ok(None)
    }
}

impl Iterator for Diff {
    type Item = Result<Change>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(&mut || Ok(())).transpose()
    }
}

impl Database {
    /// The documents that operations between two moments changed, by collection and id; in one collection or in all.
    ///
    /// It costs a look at every operation between the two, those of other collections included, and two reads for each
    /// document that it tells; what the database holds beside that costs nothing.
    ///
    /// When `to` lies before `from`, the change is that of going back. A lifetime that ends is a change from the sweep on
    /// that makes it an operation.
    ///
    /// ```
    /// use nedb::{AsOf, Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// let before = db.head().seq().expect("something was written");
    /// db.put("users", "bob", Body::json("{}"))?;
    /// let changes: Vec<_> = db.diff(before, AsOf::Head, None)?.collect::<Result<_, _>>()?;
    /// assert_eq!(changes.len(), 1);
    /// assert!(changes[0].before.is_none() && changes[0].after.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn diff(&self, from: impl Into<AsOf>, to: impl Into<AsOf>, collection: Option<&str>) -> Result<Diff> {
        let collection = collection.map(Collection::new).transpose()?;
        Diff::between(self.snapshot_at(from)?, self.snapshot_at(to)?, collection.as_ref())
    }
}
