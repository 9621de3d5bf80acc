//! What routes answer with when they did what they were asked for, as the `OpenAPI` document says it.
//!
//! Promises: a test asks every route and compares. Leaves to others: making answers (`answer.rs`), and errors, which have one form.

use super::body::Kind;
use crate::metrics;

/// Members that an object has at least.
pub(super) type Members = &'static [(&'static str, Kind)];

/// What an answer is made of.
#[derive(Clone, Copy)]
pub(super) enum Content {
    /// A JSON object with one of these sets of members.
    Json(&'static [Members]),
    /// The same, or a line of JSON for each row.
    JsonOrLines(&'static [Members]),
    /// Something else, of this type.
    Media(&'static str),
}

/// The statuses and the content of an answer.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) statuses: &'static [&'static str],
    pub(super) content: Content,
}

const fn ok(content: Content) -> Shape {
    Shape { statuses: &["200"], content }
}

const OK: (&str, Kind) = ("ok", Kind::Flag);
const COUNT: (&str, Kind) = ("count", Kind::Integer);
const SEQ: (&str, Kind) = ("seq", Kind::Integer);
const HEAD: (&str, Kind) = ("head", Kind::Text);

const ROWS_MEMBERS: Members = &[("rows", Kind::List), COUNT, SEQ, HEAD];

/// Rows, and what stands beside them.
pub(super) const ROWS: Shape = ok(Content::JsonOrLines(&[ROWS_MEMBERS]));
/// The nodes that a relation leads to.
pub(super) const NEIGHBORS: Shape = ok(Content::JsonOrLines(&[&[COUNT, ("neighbors", Kind::List), SEQ, HEAD]]));
/// Rows of a statement, or what it wrote.
pub(super) const SQL: Shape =
    ok(Content::JsonOrLines(&[ROWS_MEMBERS, &[OK, ("rowcount", Kind::Integer), ("ids", Kind::List), SEQ, HEAD]]));
/// An answer of the Mongo interface: what it has follows from the call.
pub(super) const MONGO: Shape = ok(Content::Json(&[&[SEQ]]));

/// That something was done.
pub(super) const DONE: Shape = ok(Content::Json(&[&[OK, SEQ, HEAD]]));
/// A document as it is, or as it was written.
pub(super) const DOCUMENT: Shape = ok(Content::Json(&[&[OK, ("doc", Kind::Any), SEQ, HEAD]]));
/// What operations that were written together gave, or their receipt.
pub(super) const OPERATIONS: Shape = ok(Content::Json(&[
    &[OK, ("results", Kind::List), COUNT, SEQ, HEAD],
    &[OK, ("outcomes", Kind::List), ("size", Kind::Integer), ("ts", Kind::Text), SEQ, HEAD],
]));
/// Whether a document was there.
pub(super) const DELETED: Shape = ok(Content::Json(&[&[OK, ("deleted", Kind::Flag), SEQ, HEAD]]));
/// Whether a relation was changed.
pub(super) const CHANGED: Shape = ok(Content::Json(&[&[OK, ("changed", Kind::Flag), SEQ, HEAD]]));
/// An index that is there now.
pub(super) const INDEX: Shape = ok(Content::Json(&[&[OK, ("index", Kind::Object), SEQ, HEAD]]));
/// Whether there was an index.
pub(super) const INDEX_DROPPED: Shape = ok(Content::Json(&[&[OK, ("dropped", Kind::Flag), SEQ, HEAD]]));
/// How many documents went.
pub(super) const SWEPT: Shape = ok(Content::Json(&[&[OK, ("swept", Kind::Integer), SEQ, HEAD]]));

const HEALTH_MEMBERS: Members = &[
    OK,
    ("service", Kind::Text),
    ("version", Kind::Text),
    ("ready", Kind::Flag),
    ("reasons", Kind::List),
    ("degraded", Kind::List),
];
/// That the daemon lives.
pub(super) const ALIVE: Shape = ok(Content::Json(&[HEALTH_MEMBERS]));
/// That it is ready; with 503, why it is not.
pub(super) const HEALTH: Shape = Shape { statuses: &["200", "503"], content: Content::Json(&[HEALTH_MEMBERS]) };
/// The document of the routes.
pub(super) const OPENAPI: Shape =
    ok(Content::Json(&[&[("openapi", Kind::Text), ("info", Kind::Object), ("paths", Kind::Object)]]));
/// Figures.
pub(super) const METRICS: Shape = ok(Content::Media(metrics::CONTENT_TYPE));
/// Databases.
pub(super) const DATABASES: Shape = ok(Content::Json(&[&[("databases", Kind::List)]]));
/// One database.
pub(super) const DATABASE: Shape = ok(Content::Json(&[&[("database", Kind::Object)]]));
/// A database that was made.
pub(super) const CREATED: Shape =
    Shape { statuses: &["201"], content: Content::Json(&[&[("database", Kind::Object)]]) };
/// The name of a database that is gone.
pub(super) const DROPPED: Shape = ok(Content::Json(&[&[("dropped", Kind::Text)]]));
/// How large it is.
pub(super) const STATS: Shape = ok(Content::Json(&[&[
    ("size", Kind::Integer),
    HEAD,
    ("durable_size", Kind::Integer),
    ("collections", Kind::List),
    ("indexes", Kind::List),
    ("caches", Kind::List),
]]));

/// What verification found.
pub(super) const VERDICT: Shape =
    ok(Content::Json(&[&[("verdict", Kind::Text), OK, ("size", Kind::Integer), HEAD, ("findings", Kind::List)]]));
/// The salt and the content of an operation; null where it has none.
pub(super) const CONTENT: Shape = ok(Content::Json(&[&[SEQ, ("payload", Kind::Any)]]));
/// That one size continues another.
pub(super) const CONSISTENCY: Shape = ok(Content::Json(&[&[
    ("from_size", Kind::Integer),
    ("from_root", Kind::Text),
    ("to_size", Kind::Integer),
    ("to_root", Kind::Text),
    ("hashes", Kind::List),
]]));
/// Text: a proof, a key, a signed checkpoint.
pub(super) const TEXT: Shape = ok(Content::Media("text/plain; charset=utf-8"));
/// Bytes of a tile.
pub(super) const BYTES: Shape = ok(Content::Media("application/octet-stream"));
/// Operations as they happen.
pub(super) const EVENTS: Shape = ok(Content::Media("text/event-stream"));
/// A WebSocket.
pub(super) const SOCKET: Shape = Shape { statuses: &["101"], content: Content::Media("") };
