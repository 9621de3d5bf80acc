//! Requests that write: a batch on its way, and what its receipt is made into.
//!
//! ```text
//! body ──> batch ──> the next round of the database ──> receipt ──> answer
//! short ones here, others on a thread that may wait        │
//!                    one sync for all requests that came meanwhile
//! ```
//!
//! Promises: a request waits for its commit without a thread of its own; a short one never changes threads.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use nedb::{Database, MemoryShare, Object, Receipt, Result, WriteBatch};

use super::answer::Answer;
use super::body::Request;
use super::encoding::Coding;
use crate::databases::Served;
use crate::doorman::on_thread;
use crate::server::Shared;
use crate::together::Joined;
use crate::writes::Held;

/// A body up to this size is read, and its answer made, in less time than a thread takes to be woken.
pub(super) const SHORT_BYTES: usize = 8 << 10;

type Then = Box<dyn FnOnce(&Database, &Receipt) -> Result<Object> + Send>;

/// A batch that is to be written, and how its receipt becomes the answer.
pub(super) struct Pending {
    served: Arc<Served>,
    batch: WriteBatch,
    then: Then,
    /// Whether it may write more than the request said.
    may_be_long: bool,
}

impl Pending {
    pub(super) fn new(
        served: Arc<Served>,
        batch: WriteBatch,
        then: impl FnOnce(&Database, &Receipt) -> Result<Object> + Send + 'static,
    ) -> Self {
        Self { served, batch, then: Box::new(then), may_be_long: false }
    }

    /// Says that it may write more than the request said, as operations do that bring content back.
    pub(super) fn may_be_long(mut self, may_be_long: bool) -> Self {
        self.may_be_long = may_be_long;
        self
    }

    /// Brings it to the next round, behind what is there already.
    ///
    /// Errors: `busy` when too much waits.
    pub(super) fn begin(self, held: Held) -> Result<Begun> {
        let Self { served, batch, then, may_be_long } = self;
        let joined = served.writes.join(batch, held)?;
        Ok(Begun { served, joined, then, may_be_long })
    }
}

/// A batch in a round.
pub(super) struct Begun {
    served: Arc<Served>,
    joined: Joined<Result<Receipt>>,
    then: Then,
    may_be_long: bool,
}

impl Begun {
    /// Waits until it is written, as durably as the daemon's mode says.
    pub(super) async fn written(self) -> Result<Written> {
        let Self { served, joined, then, may_be_long } = self;
        let receipt = joined.answer().await??;
        Ok(Written { served, receipt, then, may_be_long })
    }
}

/// A batch that is written.
pub(super) struct Written {
    served: Arc<Served>,
    receipt: Receipt,
    then: Then,
    may_be_long: bool,
}

impl Written {
    /// Whether its answer may have more than the request said, and so take its time.
    pub(super) fn may_be_long(&self) -> bool {
        self.may_be_long
    }

    /// What is answered.
    pub(super) fn answer(self) -> Result<Object> {
        (self.then)(&self.served.db, &self.receipt)
    }
}

/// What is known of a request before its body is read.
pub(super) struct Terms {
    /// Whether nothing about it can take long: a short body as it is, to a database that is open.
    pub(super) is_short: bool,
    /// How the answer may be compressed.
    pub(super) accepted: Option<Coding>,
}

/// Carries out a request that writes. Its place and memory are given back when it is written, also when its client has gone.
pub(super) async fn carry_out(
    shared: &Arc<Shared>,
    terms: Terms,
    read: impl FnOnce() -> Result<(Request, MemoryShare, usize)> + Send + 'static,
    make: fn(&mut Request) -> Result<Pending>,
) -> Result<Response<Body>> {
    let place = shared.doorman.request()?;
    let prepare = move || {
        let (mut request, account, bytes) = read()?;
        make(&mut request).map(|pending| (pending, Held::new(place, account, bytes)))
    };
    let (pending, held) = if terms.is_short { prepare()? } else { on_thread(prepare).await? };
    let written = pending.begin(held)?.written().await?;
    let is_prompt = terms.is_short && !written.may_be_long();
    let shared = Arc::clone(shared);
    let answer =
        move || Answer::object(written.answer()?).map(|answer| answer.counted(&shared).into_response(terms.accepted));
    if is_prompt { answer() } else { on_thread(answer).await }
}
