//! Indexes, checkpoints, figures.

use nedb::{Error, ErrorCode, IndexInfo, IndexKind, IndexOrigin, IndexState, Object, Result};

use super::{Database, Tree};
use crate::encode::with_parameters;
use crate::fields::{Fields, strange};
use crate::retry::{Again, wait};
use crate::transport::Call;

/// Between two looks at an index that is being built.
const LOOK_AGAIN_US: u64 = 100_000;

impl Database {
    /// Sizes and state of the database, as [`nedb::Stats`] prints them.
    pub fn stats(&self) -> Result<Object> {
        self.get_object(self.path(&["stats"])).map(|fields| fields.0)
    }

    /// What took long, the newest first, so many at most or all that is kept: objects with `id at kind by ms`, the text and its parameters or the words of a
    /// command, and what is known of the way. It takes the right `admin`.
    pub fn slow(&self, limit: Option<u64>) -> Result<Vec<Object>> {
        let path = with_parameters(self.path(&["slow"]), [("limit", limit.map(|limit| limit.to_string()))]);
        let rows = self.get_object(path)?.list("rows")?;
        rows.into_iter().map(|row| Fields::of(row).map(|fields| fields.0)).collect()
    }

    /// Forgets what took long. It takes the right `admin`.
    pub fn forget_slow(&self) -> Result<()> {
        self.transport.object(&Call::delete(self.path(&["slow"]))).map(drop)
    }

    /// Makes an index on a field; queries use it when it is built. It takes the right `admin`, as all that follows does.
    pub fn create_index(&self, collection: &str, field: &str, kind: IndexKind) -> Result<IndexInfo> {
        let mut body = Object::new();
        body.insert("coll", collection);
        body.insert("field", field);
        body.insert("kind", kind.to_string());
        index(&self.post_object(&["index"], body, Again::Always)?.object("index")?)
    }

    /// Waits until an index that [`create_index`](Self::create_index) made is built; `told` hears now and then how far it is.
    pub fn wait_for_index(&self, made: &IndexInfo, told: &mut dyn FnMut(&IndexInfo)) -> Result<IndexInfo> {
        loop {
            let is_it = |info: &IndexInfo| {
                (&info.collection, &info.field, info.kind) == (&made.collection, &made.field, made.kind)
            };
            let info = self.indexes()?.into_iter().find(is_it).ok_or_else(|| {
                let message = format!("{} has no {} index on {} any more", made.collection, made.kind, made.field);
                Error::new(ErrorCode::Cancelled, message)
            })?;
            if info.state == IndexState::Ready {
                return Ok(info);
            }
            told(&info);
            wait(&self.transport.options.io, LOOK_AGAIN_US);
        }
    }

    /// Drops the indexes on a field, or only the one of a kind; whether there were any.
    pub fn drop_index(&self, collection: &str, field: &str, kind: Option<IndexKind>) -> Result<bool> {
        let path =
            with_parameters(self.path(&["index", collection, field]), [("kind", kind.map(|kind| kind.to_string()))]);
        Ok(self.transport.object(&Call::delete(path))?.flag("dropped"))
    }

    /// The indexes, automatic ones and those being built included.
    pub fn indexes(&self) -> Result<Vec<IndexInfo>> {
        let listed = self.get_object(self.path(&[]))?.object("database")?.list("indexes")?;
        listed.into_iter().map(|info| index(&Fields::of(info)?)).collect()
    }

    /// Writes a checkpoint of the indexes, from which the daemon's next start begins; gives the head.
    pub fn checkpoint(&self) -> Result<Tree> {
        Tree::of(&self.post_object(&["checkpoint"], Object::new(), Again::Always)?)
    }

    /// Deletes the documents whose lifetime has ended, and says how many.
    pub fn sweep(&self) -> Result<u64> {
        self.post_object(&["sweep"], Object::new(), Again::Undone)?.number("swept")
    }
}

fn index(fields: &Fields) -> Result<IndexInfo> {
    let state = match fields.text("state")? {
        "ready" => IndexState::Ready,
        "building" => IndexState::Building { done: fields.number("done")?, total: fields.number("total")? },
        other => return Err(strange(format!("an index that is {other:?}"))),
    };
    let origin = if fields.text("origin")? == IndexOrigin::Automatic.as_str() {
        IndexOrigin::Automatic
    } else {
        IndexOrigin::Explicit
    };
    Ok(IndexInfo {
        collection: fields.text("collection")?.to_owned(),
        field: fields.text("field")?.to_owned(),
        kind: fields.parsed("kind")?,
        origin,
        state,
        entries: fields.number("entries")?,
        memory_bytes: fields.number("memory_bytes")?,
        disk_bytes: fields.number("disk_bytes")?,
        position: fields.number("position")?,
    })
}
