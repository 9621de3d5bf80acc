//! A request that passed *admit*: encoded, hashed and within every limit, waiting to be sequenced.

use nedb_index::KeyHash;
use nedb_log::PayloadUnit;
use nedb_types::{Client, Digest, Seq};

use crate::{
    keys::Key,
    request::{Cause, Expected},
    secondary::CatalogueChange,
};

/// What an admitted operation does to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Put,
    Delete,
    /// A deletion of this version, when it is the newest one and has expired.
    Sweep(Seq),
    Expire,
    /// Nothing: only the precondition of the operation counts.
    Check,
    Link,
    Unlink,
}

/// The idempotency key of a request and the digest of what it asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyed {
    pub(crate) key: Digest,
    pub(crate) request: Digest,
}

/// One operation, ready to become a record.
#[derive(Debug)]
pub(crate) struct AdmittedOp {
    pub(crate) effect: Effect,
    pub(crate) key: Key,
    pub(crate) index_key: Vec<u8>,
    pub(crate) hash: KeyHash,
    pub(crate) causes: Vec<Cause>,
    pub(crate) confidence: Option<f64>,
    pub(crate) valid_from_us: Option<i64>,
    pub(crate) valid_to_us: Option<i64>,
    pub(crate) expiry_us: Option<i64>,
    pub(crate) expected: Option<Expected>,
    pub(crate) nonce: Option<u64>,
}

/// A whole request: its operations succeed or fail together.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) ops: Vec<AdmittedOp>,
    /// The payload of each operation, beside them so that all are hashed in one go.
    pub(crate) payloads: Vec<PayloadUnit>,
    pub(crate) client: Client,
    pub(crate) keyed: Option<Keyed>,
    /// A change of the definitions; such a request has no operations.
    pub(crate) catalogue: Option<CatalogueChange>,
    /// The most bytes its records can take in a frame.
    pub(crate) record_bytes_max: u64,
}

impl Request {
    /// A change of the definitions alone.
    pub(crate) fn of_catalogue(change: CatalogueChange) -> Self {
        Self {
            ops: Vec::new(),
            payloads: Vec::new(),
            client: Client::local(),
            keyed: None,
            catalogue: Some(change),
            record_bytes_max: 0,
        }
    }
}
