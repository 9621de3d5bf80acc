//! A database of a daemon: the calls of the engine's handle.
//!
//! | file | what it does |
//! |---|---|
//! | `write` | operations and batches |
//! | `read` | documents, relations, questions |
//! | `history` | versions, operations, differences, causes |
//! | `proofs` | the head, verification, proofs |
//! | `upkeep` | indexes, checkpoints, figures |

mod history;
mod proofs;
mod read;
mod upkeep;
pub(crate) mod write;

use std::sync::Arc;

use nedb::{Object, Result};
use nedb_io::Io;

use crate::encode;
use crate::fields::Fields;
use crate::pin::Pin;
use crate::retry::Again;
use crate::rows::Rows;
use crate::socket::Target;
use crate::transport::{Call, Transport};

pub use proofs::Tree;

/// A database that a daemon serves. Copies share connections; threads may share it.
///
/// The calls are those of [`nedb::Database`], with these differences. A write has an idempotency key when the caller gives none, so that it
/// may be sent again and is done once; with a key, a delete that finds nothing logs a no-op, as it does in process. Documents are objects
/// and have the fields that reads add (`_id`, and where a version comes from). Ids are text.
///
/// ```no_run
/// use nedb_client::{Body, Daemon, Options};
/// # fn main() -> nedb_client::Result<()> {
/// let shop = Daemon::at("http://127.0.0.1:7070", Options::new())?.database("shop");
/// let receipt = shop.put("orders", "17", Body::json(r#"{"state": "paid"}"#))?;
/// assert!(receipt.changed() && shop.get("orders", "17")?.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Database {
    transport: Arc<Transport>,
    name: String,
    pin: Option<Arc<Pin>>,
}

impl Database {
    pub(crate) fn new(transport: Arc<Transport>, name: &str) -> Self {
        Self { transport, name: name.to_owned(), pin: None }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Believes nothing from now on: each document that [`get`](Self::get) and its kin give was checked against the operation's
    /// commitment, that against a signed checkpoint, and that against the last one that was seen, which the pin keeps.
    ///
    /// Rows of scans and queries are not checked: a server can leave rows out, which no proof of the others would show. Errors:
    /// `corrupt` when the file of the pin is none, `wrong_database` when it is that of another key.
    pub fn verified(mut self, pin: Pin) -> Result<Self> {
        pin.load(&self.transport.options.io)?;
        self.pin = Some(Arc::new(pin));
        Ok(self)
    }

    /// A path below the database.
    pub(crate) fn path(&self, parts: &[&str]) -> String {
        encode::path(&[&["v1", "databases", &self.name], parts].concat())
    }

    /// What a socket of a route is opened with.
    pub(crate) fn socket(&self, route: &str, protocol: Option<&'static str>) -> Result<Target> {
        Target::new(Arc::clone(&self.transport), &self.path(&[route]), protocol)
    }

    fn get_object(&self, path: String) -> Result<Fields> {
        self.transport.object(&Call::get(path))
    }

    fn get_text(&self, path: String) -> Result<String> {
        self.transport.text(&Call::get(path))
    }

    fn get_rows(&self, path: String) -> Result<Rows> {
        self.transport.rows(&Call::get(path))
    }

    fn post_object(&self, parts: &[&str], body: Object, again: Again) -> Result<Fields> {
        self.transport.object(&Call::post(self.path(parts), encode::body(body)?, again))
    }

    /// The rows of an answer, or its object where it has none.
    pub(crate) fn post_rows(&self, parts: &[&str], body: String, again: Again) -> Result<Result<Rows, Object>> {
        self.transport.rows_or_object(&Call::post(self.path(parts), body, again))
    }

    /// What files, chance and pauses come from.
    pub(crate) fn io(&self) -> &Io {
        &self.transport.options.io
    }
}
