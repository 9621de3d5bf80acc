//! What is told about an index.

use nedb_types::{Result, Value};

use super::definition::IndexKind;
use crate::proof::JsonFields;

/// Who wanted an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexOrigin {
    /// Somebody who called [`Database::create_index`](crate::Database::create_index); the log knows it.
    Explicit,
    /// The engine, after queries that would have profited; see [`Options::auto_index`](crate::Options::auto_index).
    Automatic,
}

impl IndexOrigin {
    /// The name that outputs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::Automatic => "automatic",
        }
    }
}

/// Whether queries use an index already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexState {
    /// It is being built from the log; queries go without it.
    Building {
        /// Operations that it covers so far.
        done: u64,
        /// Operations of the database.
        total: u64,
    },
    /// Queries use it.
    Ready,
}

/// An index and how it stands.
///
/// ```
/// use nedb::{Body, Database, IndexKind, IndexOrigin, IndexState};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("blocks", "a", Body::json(r#"{"height": 7}"#))?;
/// db.create_index("blocks", "height", IndexKind::Ordered)?;
/// let info = db.wait_for_index("blocks", "height", IndexKind::Ordered, &mut |_| ())?;
/// assert_eq!((info.origin, info.state), (IndexOrigin::Explicit, IndexState::Ready));
/// assert_eq!((info.entries, info.position), (1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexInfo {
    /// The collection.
    pub collection: String,
    /// The path, or the paths of a search divided by commas; `*` for every string.
    pub field: String,
    /// The kind, by the word that was asked for.
    pub kind: IndexKind,
    /// Who wanted it.
    pub origin: IndexOrigin,
    /// Whether queries use it.
    pub state: IndexState,
    /// Entries and the ends of entries, the past included.
    pub entries: u64,
    /// Bytes in memory; mapped files are not in it.
    pub memory_bytes: u64,
    /// Bytes of its files.
    pub disk_bytes: u64,
    /// Operations that it covers. A query catches up with the rest when it needs to.
    pub position: u64,
}

impl IndexInfo {
    /// The facts as one JSON object.
    pub fn to_json(&self) -> Result<String> {
        self.fields().finish()
    }

    pub(crate) fn to_value(&self) -> Value {
        self.fields().into_value()
    }

    fn fields(&self) -> JsonFields {
        let (state, built) = match self.state {
            IndexState::Ready => ("ready", None),
            IndexState::Building { done, total } => ("building", Some((done, total))),
        };
        JsonFields::new()
            .text("collection", &self.collection)
            .text("field", &self.field)
            .text("kind", self.kind)
            .text("origin", self.origin.as_str())
            .text("state", state)
            .maybe_number("done", built.map(|(done, _)| done))
            .maybe_number("total", built.map(|(_, total)| total))
            .number("entries", self.entries)
            .number("memory_bytes", self.memory_bytes)
            .number("disk_bytes", self.disk_bytes)
            .number("position", self.position)
    }
}
