//! The audit log: administrative acts, written down in a database of the daemon's own.
//!
//! ```text
//! act ──> {what, by, .., outcome: "begun"} ──> carried out ──> {.., outcome: "done", or the code of the error}
//! ```
//!
//! Promises: an act that cannot be written down is not carried out, but on a full disk, where it may be what makes room: then the daemon's log
//! has it, and what is read again on SIGHUP, since a token that is taken back must go; the history has what was begun and what came of it, and
//! can be verified like any other. Leaves to others: who may do what, and
//! that nobody writes there but this (`rights.rs`).

use std::sync::Arc;

use nedb::{Body, Error, ErrorCode, Object, Op, Result, Value, WriteBatch};
use nedb_types::hex;

use crate::databases::{AUDIT_DATABASE, Served};
use crate::server::Shared;

/// The collection of the acts.
const ACTS: &str = "acts";

/// The client under whose name they are written.
const CLIENT: &str = "nedbd";

/// What somebody is about to do.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    /// The name of the token, never the token.
    pub(crate) by: String,
    /// The route or the command.
    pub(crate) what: String,
    /// What it was given, as far as it is short.
    pub(crate) said: Object,
}

/// An act that is written down as begun; nowhere, where the disk was full.
pub(crate) struct Begun(Option<Written>);

struct Written {
    served: Arc<Served>,
    id: String,
    document: Object,
}

impl Shared {
    /// Writes an act down before it is carried out.
    ///
    /// Errors: `io` when that fails.
    pub(crate) fn begin_act(&self, act: &Act) -> Result<Begun> {
        match self.write_begin(act) {
            Ok(written) => Ok(Begun(Some(written))),
            Err(error) if error.code() == ErrorCode::NoSpace => {
                tracing::error!(by = act.by, what = act.what, "carried out, and not written down: {error}");
                Ok(Begun(None))
            }
            Err(error) => {
                tracing::error!(
                    by = act.by,
                    what = act.what,
                    "not carried out, because it could not be written down: {error}"
                );
                let message =
                    "the act could not be written down, and was not carried out: the log of the daemon says why";
                Err(Error::new(ErrorCode::Io, message).with_source(error))
            }
        }
    }

    /// Writes an act down that is carried out in any case.
    pub(crate) fn note_act(&self, act: &Act) -> Begun {
        let written = self.write_begin(act).inspect_err(|error| {
            tracing::error!(by = act.by, what = act.what, "carried out, and not written down: {error}");
        });
        Begun(written.ok())
    }

    fn write_begin(&self, act: &Act) -> Result<Written> {
        let served = self.databases.get_or_create(AUDIT_DATABASE)?;
        let mut document = Object::new();
        document.insert("what", act.what.as_str());
        document.insert("by", act.by.as_str());
        document.insert("said", Value::Object(act.said.clone()));
        let written = Written { id: hex::encode(&served.db.new_object_id()), served, document };
        written.put("begun")?;
        Ok(written)
    }
}

impl Begun {
    /// Writes down what came of it.
    pub(crate) fn end(self, error: Option<&Error>) {
        let Self(Some(written)) = self else { return };
        let outcome = error.map_or("done", |error| error.code().as_str());
        if let Err(error) = written.put(outcome) {
            // It has happened; that it was begun is written down.
            tracing::error!(act = written.id, outcome, "the outcome of an act could not be written down: {error}");
        }
    }
}

impl Written {
    fn put(&self, outcome: &str) -> Result<()> {
        let mut document = self.document.clone();
        document.insert("outcome", outcome);
        let put = Op::put(ACTS, &self.id, Body::from(document));
        self.served.db.write(WriteBatch::new().client(CLIENT).op(put)).map(drop)
    }
}
