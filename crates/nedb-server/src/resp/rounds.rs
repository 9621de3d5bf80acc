//! Rounds of the Redis protocol: the calls of all connections to one database that came while the disk was busy, committed together.
//!
//! Leaves to others: what the calls do (`nedb_compat::redis`), and who waits for whom (`together.rs`).

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use nedb::CacheFigures;
use nedb_compat::redis::{Commands, Reply, RoundCalls, Session};
use nedb_wire::resp::Batch;

use super::connected::Client;
use super::slow_calls::{self, Part};
use crate::metrics::Metrics;
use crate::slow::SlowLog;
use crate::together::{LastHere, Together, Work};
use crate::traces::Traces;

/// Calls of one connection: those at these positions of its batch.
struct Calls {
    client: Arc<Client>,
    session: Arc<Session>,
    batch: Arc<Batch>,
    wanted: Range<usize>,
    is_short: bool,
}

impl Calls {
    fn words(&self) -> Vec<Vec<&[u8]>> {
        self.wanted.clone().filter_map(|at| self.batch.call(at)).collect()
    }
}

struct Carrier {
    database: String,
    commands: Commands,
    metrics: Arc<Metrics>,
    traces: Arc<Traces>,
    slow: Arc<SlowLog>,
}

impl Work for Carrier {
    type Item = Calls;
    type Answer = Vec<Reply>;

    fn is_short(&self, item: &Calls) -> bool {
        item.is_short
    }

    fn is_held_up(&self) -> bool {
        self.commands.is_held_up()
    }

    fn round(&self, items: &mut Vec<Calls>) -> Vec<Vec<Reply>> {
        let mut round: Vec<RoundCalls<'_>> =
            items.iter().map(|calls| RoundCalls::new(&calls.session, calls.words())).collect();
        let calls = items.iter().map(|calls| calls.wanted.len()).sum();
        self.metrics.round(calls);
        let span = self.traces.round(&self.database, calls);
        self.commands.round(&mut round);
        span.end();
        round.iter_mut().map(RoundCalls::take_replies).collect()
    }

    fn took(&self, items: &[Calls], time: Duration) {
        let time_us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let is_slow = self.slow.is_slow(time_us);
        let mut parts = Vec::new();
        for item in items {
            // Whether it is kept or not: the next round has questions of its own.
            let course = if item.is_short { None } else { item.session.take_first_course() };
            if is_slow {
                parts.push(Part { client: &item.client, calls: item.words(), course });
            }
        }
        if is_slow {
            slow_calls::keep((&self.slow, &self.database), &parts, time_us);
        }
    }
}

/// The rounds of one database.
pub(crate) struct Rounds {
    together: Arc<Together<Carrier>>,
}

impl Rounds {
    pub(crate) fn new(
        database: &str,
        commands: Commands,
        (metrics, traces, slow): (Arc<Metrics>, Arc<Traces>, Arc<SlowLog>),
        last_here: LastHere,
    ) -> Self {
        let carrier = Carrier { database: database.to_owned(), commands, metrics, traces, slow };
        Self { together: Together::new(carrier, last_here) }
    }

    /// How many bytes of calls wait for their round.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.together.waiting_bytes()
    }

    /// How often a script that was called by its digest was kept.
    pub(crate) fn script_figures(&self) -> CacheFigures {
        self.together.work().commands.script_figures()
    }

    /// What one connection talks to, by whose number it is known.
    pub(crate) fn session(&self, id: i64) -> Arc<Session> {
        Arc::new(self.together.work().commands.session_of(id))
    }

    /// Carries out calls, which may all be short, in the next round and returns their replies, one for each.
    pub(super) async fn carry_out(
        &self,
        (client, session): (&Arc<Client>, &Arc<Session>),
        (batch, is_short): (&Arc<Batch>, bool),
        wanted: Range<usize>,
    ) -> Vec<Reply> {
        let (count, bytes) = (wanted.len(), batch.bytes());
        let (client, batch) = (Arc::clone(client), Arc::clone(batch));
        let calls = Calls { client, session: Arc::clone(session), batch, wanted, is_short };
        let replies = self.together.carry_out(calls, bytes).await;
        replies.unwrap_or_else(|error| {
            session.refuse();
            vec![Reply::Error(error); count]
        })
    }
}
