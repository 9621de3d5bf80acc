//! A client of the daemon `nedbd`: the engine's calls over HTTP, for programs in Rust.
//!
//! ```
//! use nedb_client::{Body, Daemon, Options, Params};
//!
//! # fn main() -> nedb_client::Result<()> {
//! # let dir = std::env::temp_dir().join(format!("nedb-client-doc-{}", std::process::id()));
//! # let words = ["nedbd", "--port", "0", "--resp2-port", "off", "--data", dir.to_str().unwrap_or("nedb-data")];
//! # let config = nedb_server::Config::read(&nedb_server::command().get_matches_from(words))?;
//! # let server = nedb_server::Server::start(config)?;
//! # let url = format!("http://{}", server.http_address());
//! let daemon = Daemon::at(&url, Options::new())?; // such as http://127.0.0.1:7070
//! let shop = daemon.create_database("shop")?;
//! let ordered = shop.put("orders", "17", Body::json(r#"{"state": "ordered"}"#))?;
//! shop.put("orders", "17", Body::json(r#"{"state": "paid"}"#))?;
//!
//! let then = shop.get_at("orders", "17", ordered.seq().expect("a put has a seq"))?.expect("it existed");
//! assert_eq!(then.get("state").and_then(|state| state.as_str()), Some("ordered"));
//! for row in shop.query("FROM orders WHERE state = $state", &Params::new().with("state", "paid"))? {
//!     assert_eq!(row?.get("_id").and_then(|id| id.as_str()), Some("17"));
//! }
//! # server.stop()?;
//! # let _cleaned = std::process::Command::new("rm").arg("-r").arg(&dir).status();
//! # Ok(())
//! # }
//! ```
//!
//! Requests, receipts and reports are the types of `nedb`; rows are objects of `nedb-types`. Calls wait for their answer.
//!
//! Promises: an error is one of the one table, with the code that the daemon answered; what the network did is `io`. A write may be sent
//! twice and is done once, because it has an idempotency key (docs/decisions/0046). Rows are read while they come, and a last one is
//! never mistaken for the end of a broken answer. With a [`Pin`] a document is believed when it is proved.
//! Leaves to others: what a request means, which the daemon decides; the bytes of HTTP, TLS and WebSocket (`ureq`, `rustls`, `tungstenite`);
//! proofs (`nedb`); the frames of writes in flight (`nedb-wire`).
//!
//! | to | look at |
//! |---|---|
//! | reach a daemon: token, certificates, time limits, retries | [`Daemon`], [`Options`], [`Address`] |
//! | write and read | [`Database`] |
//! | have many writes in flight on one connection | [`Writer`], [`Pending`] |
//! | take rows while they come | [`Rows`], [`End`] |
//! | follow the rows of a query | [`Database::live`], [`LiveQuery`], [`LiveChange`] |
//! | follow the operations of one database, or of all | [`Database::subscribe`], [`Daemon::subscribe`], [`Feed`], [`Event`] |
//! | believe nothing | [`Pin`] |

mod address;
mod daemon;
mod database;
mod encode;
mod failure;
mod feed;
mod fields;
mod live;
mod options;
mod pin;
mod report;
mod retry;
mod rows;
mod socket;
mod sql;
mod tls;
mod transport;
mod writer;

pub use address::Address;
pub use daemon::Daemon;
pub use database::{Database, Tree};
pub use feed::{Begin, Event, Feed, FeedCloser, Operation};
pub use live::{LiveChange, LiveQuery};
pub use nedb::{
    AsOf, Body, Cause, Collection, CollectionInfo, ConsistencyProof, Digest, Direction, DocId, Error, ErrorCode,
    ErrorKind, Expected, ExpectedHead, IndexInfo, IndexKind, IndexState, Neighbor, Object, Op, Outcome, Params,
    Receipt, Result, ScanRange, Seq, Timestamp, Value, VerifierKey, VerifyReport, WriteBatch,
};
pub use options::Options;
pub use pin::Pin;
pub use rows::{End, Rows};
pub use sql::{SqlAnswer, SqlWritten};
pub use writer::{Pending, Writer};
