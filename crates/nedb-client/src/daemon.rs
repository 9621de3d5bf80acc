//! A daemon: what it says about itself, and the databases that it serves.

use std::sync::Arc;

use nedb::{Object, Result};

use crate::database::Database;
use crate::encode;
use crate::feed::{Begin, Feed};
use crate::options::Options;
use crate::retry::Again;
use crate::transport::{Call, Transport};

/// The status with which a daemon tells that it opens its databases still, or ends.
const NOT_READY: u16 = 503;

/// A `nedbd` that is reached over HTTP. Copies share its connections; threads may share it.
///
/// ```no_run
/// use nedb_client::{Daemon, Options};
/// # fn main() -> nedb_client::Result<()> {
/// let daemon = Daemon::at("https://db.example:7070", Options::new().token("secret"))?;
/// println!("{:?}", daemon.health()?.get("version"));
/// let shop = daemon.database("shop");
/// # drop(shop);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Daemon {
    transport: Arc<Transport>,
}

impl Daemon {
    /// Prepares to reach the daemon at an address such as `http://127.0.0.1:7070`; nothing is sent yet.
    ///
    /// Errors: `invalid_argument` for an address or certificates that are none, `not_found` where this machine trusts no certificate.
    pub fn at(url: &str, options: Options) -> Result<Self> {
        Transport::new(url, options).map(|transport| Self { transport: Arc::new(transport) })
    }

    /// The address.
    pub fn url(&self) -> &str {
        &self.transport.url
    }

    /// The database of this name; whether there is one is found out by the first call.
    pub fn database(&self, name: &str) -> Database {
        Database::new(Arc::clone(&self.transport), name)
    }

    /// What the daemon tells about itself: `ok service version encrypted ready`, and the databases that the token may know. One that
    /// is not ready says so, which is no error.
    pub fn health(&self) -> Result<Object> {
        let call = Call { also: Some(NOT_READY), ..Call::get("/health".to_owned()) };
        self.transport.object(&call).map(|fields| fields.0)
    }

    /// The page of figures for Prometheus. It takes the right `verify` on all databases.
    pub fn metrics(&self) -> Result<String> {
        self.transport.text(&Call::get("/metrics".to_owned()))
    }

    /// The databases that the token has a right on: objects with `name seq head rows collections`.
    pub fn databases(&self) -> Result<Vec<Object>> {
        let mut answer = self.transport.object(&Call::get("/v1/databases".to_owned()))?;
        answer.list("databases")?.into_iter().map(|one| crate::fields::Fields::of(one).map(|fields| fields.0)).collect()
    }

    /// Follows the operations of these databases, or, when none is named, of all that the token may read: at least one, and 200 at most.
    ///
    /// Those that are named need not be there yet. Errors: those of the daemon, among them `denied`, and `invalid_argument` for a position that
    /// is none.
    pub fn subscribe(&self, begin: Begin, databases: &[&str]) -> Result<Feed> {
        Feed::of_all(Arc::clone(&self.transport), begin, databases)
    }

    /// Makes an empty database. It takes the right `admin`; `already_exists` when there is one of that name.
    pub fn create_database(&self, name: &str) -> Result<Database> {
        let mut body = Object::new();
        body.insert("name", name);
        self.transport.object(&Call::post("/v1/databases".to_owned(), encode::body(body)?, Again::Undone))?;
        Ok(self.database(name))
    }

    /// Removes a database with its history. It takes the right `admin`.
    pub fn drop_database(&self, name: &str) -> Result<()> {
        self.transport.object(&Call::delete(encode::path(&["v1", "databases", name]))).map(drop)
    }
}
