//! What a feed tells.

use nedb::{Collection, DocId, Error, Object, Result, Seq, Timestamp};
use nedb_types::document::json_to_value;

use super::frames::Frame;
use crate::failure;
use crate::fields::{Fields, id_of, strange};

/// What happened in a database.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// An operation became durable.
    Operation(Operation),
    /// The database was dropped. One that is made under its name later is another one, told from its first operation on.
    Dropped {
        /// Its name.
        database: String,
    },
    /// The database cannot be read at present. The daemon tries it again, and the feed goes on in it where it was; the others go on.
    Unavailable {
        /// Its name.
        database: String,
        /// Why.
        error: Error,
    },
}

impl Event {
    /// The name of the database.
    pub fn database(&self) -> &str {
        match self {
            Self::Operation(Operation { database, .. })
            | Self::Dropped { database }
            | Self::Unavailable { database, .. } => database,
        }
    }

    /// The operation, if it is one.
    pub fn operation(&self) -> Option<&Operation> {
        match self {
            Self::Operation(operation) => Some(operation),
            Self::Dropped { .. } | Self::Unavailable { .. } => None,
        }
    }

    /// Reads a frame that tells something, of this database if it does not say of which.
    pub(super) fn read(frame: &Frame, own: Option<&str>) -> Result<Self> {
        let value = json_to_value(frame.data.as_bytes()).map_err(|error| strange(&error).with_source(error))?;
        let fields = Fields::of(value)?;
        let database = match own {
            Some(own) => own,
            None => fields.text("database")?,
        };
        let database = database.to_owned();
        Ok(match frame.name.as_str() {
            "dropped" => Self::Dropped { database },
            "unavailable" => {
                let error = failure::told(&fields).ok_or_else(|| strange("an error without a code"))?;
                Self::Unavailable { database, error }
            }
            _operation => Self::Operation(Operation::read(database, fields)?),
        })
    }
}

/// An operation of a database.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Operation {
    /// The name of the database.
    pub database: String,
    /// Its seq there.
    pub seq: Seq,
    /// What it did: `put`, `delete`, `expire`, `link`, `unlink`, or `noop` for the trace of a request with an idempotency key.
    pub kind: String,
    /// When it was committed.
    pub committed_at: Timestamp,
    /// The collection of the document (of an edge: of where it starts).
    pub collection: Collection,
    /// The document's id.
    pub id: DocId,
    /// All that is told of it, as [`Database::since`](crate::Database::since) has it: a `put` has its `document`.
    pub fields: Object,
}

impl Operation {
    fn read(database: String, mut fields: Fields) -> Result<Self> {
        fields.0.remove("database");
        Ok(Self {
            database,
            seq: Seq::new(fields.number("seq")?),
            kind: fields.text("kind")?.to_owned(),
            committed_at: fields.parsed("ts")?,
            collection: Collection::new(fields.text("coll")?)?,
            id: id_of(fields.0.get("id").ok_or_else(|| strange("an operation without an id"))?)?,
            fields: fields.0,
        })
    }
}
