//! The table of routes.

use axum::routing::MethodFilter;
use nedb::Result;
use nedb_wire::stream::SUBPROTOCOL;

use super::answer::Answer;
use super::body::{Field, Request};
use super::shape::{self, Shape};
use super::socket::Talk;
use super::writing::Pending;
use super::{
    all_events, documents, events, figures, health, history, live, openapi, proofs, questions, relations, service,
    stream, upkeep,
};
use crate::rights::Right;

/// What is done to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Delete,
}

impl Verb {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }

    pub(super) const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// What carries out a request.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// Makes the answer, and may take its time.
    Answers(fn(&mut Request) -> Result<Answer>),
    /// Makes a batch, which is committed together with those of other requests.
    Writes(fn(&mut Request) -> Result<Pending>),
    /// Makes what speaks on a WebSocket, which the connection becomes.
    Sockets(fn(&mut Request) -> Result<Talk>),
}

/// One thing that can be asked over HTTP.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub(super) verb: Verb,
    /// Where, with `{names}` for parts that vary. `{db}` is a database: the caller needs the right on it.
    pub(super) path: &'static str,
    /// The right that is needed; none for what everybody may know.
    pub(super) right: Option<Right>,
    /// The parameters behind `?`.
    pub(super) parameters: &'static [Field],
    /// The fields of the JSON body; none when there is no body.
    pub(super) body: Option<&'static [Field]>,
    /// Whether it is answered also when as many requests as allowed are under way: what tells how the daemon is.
    pub(super) is_prompt: bool,
    /// Whether a request that took long is kept by this route: questions are with their texts, and looks at what is kept are not.
    pub(super) is_kept: bool,
    /// The subprotocol of a WebSocket that speaks one of its own, and only that.
    pub(super) protocol: Option<&'static str>,
    /// What comes back when it did what it was asked for.
    pub(super) shape: Shape,
    /// What it does, in one sentence.
    pub(super) summary: &'static str,
    pub(super) handler: Handler,
}

impl Route {
    /// Whether it changes what takes the right to administrate: such acts are written down.
    pub(super) fn is_act(&self) -> bool {
        self.right == Some(Right::Admin) && self.verb != Verb::Get
    }

    /// The verb and the path.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.verb.as_str(), self.path)
    }

    /// A route that reads; its rows are listed, unless it gives something else.
    pub(super) const fn get(path: &'static str, right: Right, summary: &'static str, handler: Handler) -> Self {
        Self {
            verb: Verb::Get,
            path,
            right: Some(right),
            parameters: &[],
            body: None,
            is_prompt: false,
            is_kept: true,
            protocol: None,
            shape: shape::ROWS,
            summary,
            handler,
        }
    }

    const fn delete(path: &'static str, right: Right, summary: &'static str, handler: Handler) -> Self {
        Self { verb: Verb::Delete, ..Self::get(path, right, summary, handler) }
    }

    const fn post(
        path: &'static str,
        right: Right,
        body: &'static [Field],
        summary: &'static str,
        handler: Handler,
    ) -> Self {
        Self { verb: Verb::Post, body: Some(body), ..Self::get(path, right, summary, handler) }
    }

    const fn with(self, parameters: &'static [Field]) -> Self {
        Self { parameters, ..self }
    }

    const fn gives(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    const fn prompt(self) -> Self {
        Self { is_prompt: true, ..self }
    }

    const fn not_kept(self) -> Self {
        Self { is_kept: false, ..self }
    }

    const fn speaking(self, protocol: &'static str) -> Self {
        Self { protocol: Some(protocol), ..self }
    }

    const fn open(self) -> Self {
        Self { right: None, ..self }
    }
}

use Handler::{Answers, Sockets, Writes};
use Right::{Admin, Read, Verify, Write};

/// Every route.
#[rustfmt::skip]
pub(super) const ROUTES: &[Route] = &[
    Route::get("/", Verify, "Says that the daemon lives, with what /health says", Answers(health::alive)).gives(shape::ALIVE).open().prompt(),
    Route::get("/health", Verify, "Says whether the daemon is ready, and why not, with status 503", Answers(health::health)).gives(shape::HEALTH).open().prompt(),
    Route::get("/openapi.json", Verify, "Describes these routes as an OpenAPI document", Answers(openapi::document)).gives(shape::OPENAPI).open(),
    Route::get("/metrics", Verify, "Gives figures of the daemon in the text format of Prometheus", Answers(figures::metrics)).gives(shape::METRICS).prompt(),
    Route::get("/events", Read, "Sends every operation of all databases that the caller may read as a server-sent event", Answers(all_events::events)).gives(shape::EVENTS).with(all_events::EVENTS).open(),
    Route::get("/v1/databases", Verify, "Lists the databases that the caller has a right on", Answers(service::databases)).gives(shape::DATABASES).open(),
    Route::post("/v1/databases", Admin, service::CREATE, "Makes a database, with indexes, documents and relations", Answers(service::create)).gives(shape::CREATED),
    Route::get("/v1/databases/{db}", Verify, "Describes a database", Answers(service::database)).gives(shape::DATABASE).with(service::DATABASE),
    Route::delete("/v1/databases/{db}", Admin, "Removes a database with its history", Answers(service::drop_database)).gives(shape::DROPPED),
    Route::post("/v1/databases/{db}/query", Read, questions::QUERY, "Answers a question in NQL", Answers(questions::query)).not_kept(),
    Route::post("/v1/databases/{db}/sql", Read, questions::SQL, "Carries out an SQL statement; one that writes needs the right to write", Answers(questions::sql)).gives(shape::SQL).not_kept(),
    Route::post("/v1/databases/{db}/mongo", Read, questions::MONGO, "Carries out a call of the Mongo interface; one that writes needs the right to write", Answers(questions::mongo)).gives(shape::MONGO).not_kept(),
    Route::post("/v1/databases/{db}/put", Write, documents::PUT, "Writes a new version of a document", Writes(documents::put)).gives(shape::DOCUMENT),
    Route::post("/v1/databases/{db}/tx", Write, documents::TX, "Writes operations, all or none", Writes(documents::tx)).gives(shape::OPERATIONS),
    Route::post("/v1/databases/{db}/batch", Write, documents::TX, "Writes operations, all or none; another name of tx", Writes(documents::tx)).gives(shape::OPERATIONS),
    Route::get("/v1/databases/{db}/rows/{coll}/{id}", Read, "Reads a document", Answers(documents::get)).gives(shape::DOCUMENT).with(documents::GET),
    Route::delete("/v1/databases/{db}/rows/{coll}/{id}", Write, "Deletes a document; its history stays", Writes(documents::delete)).gives(shape::DELETED).with(documents::DELETE),
    Route::get("/v1/databases/{db}/rows/{coll}", Read, "Reads documents in the order of their ids", Answers(documents::scan)).with(documents::SCAN),
    Route::post("/v1/databases/{db}/link", Write, relations::LINK, "Makes a relation between two documents", Writes(relations::link)).gives(shape::CHANGED),
    Route::post("/v1/databases/{db}/unlink", Write, relations::LINK, "Ends a relation between two documents", Writes(relations::unlink)).gives(shape::CHANGED),
    Route::get("/v1/databases/{db}/stream", Write, "Takes many writes on a WebSocket, each acknowledged by its id (docs/stream.md)", Sockets(stream::begin)).gives(shape::SOCKET).speaking(SUBPROTOCOL),
    Route::post("/v1/databases/{db}/neighbors", Read, relations::NEIGHBORS, "Lists the documents that a relation leads to, or comes from", Answers(relations::neighbors)).gives(shape::NEIGHBORS),
    Route::get("/v1/databases/{db}/log", Read, "Lists the last operations, the newest first", Answers(history::log)).with(history::LOG),
    Route::get("/v1/databases/{db}/since", Read, "Lists operations after a seq", Answers(history::since)).with(history::SINCE),
    Route::get("/v1/databases/{db}/history/{coll}/{id}", Read, "Lists the versions of a document, the newest first", Answers(history::versions)).with(documents::GET),
    Route::get("/v1/databases/{db}/diff", Read, "Lists what is different between two moments", Answers(history::diff)).with(history::DIFF),
    Route::get("/v1/databases/{db}/events", Read, "Sends every operation as a server-sent event, from a seq on", Answers(events::events)).gives(shape::EVENTS).with(events::EVENTS),
    Route::get("/v1/databases/{db}/live", Read, "Follows the rows of queries, on a WebSocket", Sockets(live::live)).gives(shape::SOCKET),
    Route::get("/v1/databases/{db}/verify", Verify, "Verifies the database", Answers(proofs::verify)).gives(shape::VERDICT).with(proofs::VERIFY),
    Route::get("/v1/databases/{db}/proof/{seq}", Verify, "Proves that an operation is in the history, as a C2SP tlog-proof", Answers(proofs::proof)).gives(shape::TEXT),
    Route::get("/v1/databases/{db}/content/{seq}", Read, "Gives the bytes that an operation commits to, with which its proof shows its content", Answers(proofs::content)).gives(shape::CONTENT),
    Route::get("/v1/databases/{db}/verifier-key", Verify, "Gives the key that checks the signatures of the database, as a C2SP signed-note has it", Answers(proofs::verifier_key)).gives(shape::TEXT),
    Route::get("/v1/databases/{db}/consistency", Verify, "Proves that one size of the history continues another", Answers(proofs::consistency)).gives(shape::CONSISTENCY).with(proofs::CONSISTENCY),
    Route::get("/v1/databases/{db}/checkpoint", Verify, "Gives a signed checkpoint of the history", Answers(proofs::checkpoint)).gives(shape::TEXT),
    Route::post("/v1/databases/{db}/checkpoint", Admin, &[], "Writes a checkpoint of the indexes", Answers(upkeep::checkpoint)).gives(shape::DONE),
    Route::post("/v1/databases/{db}/sweep", Admin, &[], "Deletes expired documents", Answers(upkeep::sweep)).gives(shape::SWEPT),
    Route::post("/v1/databases/{db}/index", Admin, upkeep::INDEX, "Makes an index on a field", Answers(upkeep::create_index)).gives(shape::INDEX),
    Route::delete("/v1/databases/{db}/index/{coll}/{field}", Admin, "Drops the indexes on a field", Answers(upkeep::drop_index)).gives(shape::INDEX_DROPPED).with(upkeep::KIND),
    Route::get("/v1/databases/{db}/stats", Read, "Says how large the database and its parts are", Answers(upkeep::stats)).gives(shape::STATS),
    Route::get("/v1/databases/{db}/tile/{*path}", Verify, "Reads a file of the history's C2SP tlog-tiles; the checkpoint beside it is N/checkpoint", Answers(proofs::tile)).gives(shape::BYTES),
    Route::get("/v1/databases/{db}/slow", Admin, "Lists what took long last, the newest first", Answers(questions::slow)).with(questions::SLOW).not_kept(),
    Route::delete("/v1/databases/{db}/slow", Admin, "Forgets what took long", Answers(questions::forget_slow)).gives(shape::DONE).not_kept(),
];

/// How many there are.
pub(crate) const ROUTE_COUNT: usize = ROUTES.len();
