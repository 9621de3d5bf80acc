//! Whether a live query is due: asked by any thread, while another one answers it.

use std::{
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use nedb_index::{KeyRange, KeyState};
use nedb_io::Mutex;
use nedb_nql::Plan;
use nedb_types::{Collection, Result, Timestamp, key};

use super::inputs::Inputs;
use crate::{engine::Engine, read::Snapshot, secondary::SearchRule};

/// How many ends of lifetimes are looked at in one go.
const LIFETIMES_AT_ONCE_MAX: usize = 64;

/// Tells whether a live query has to be answered again.
///
/// ```
/// use nedb::{Body, Database, QueryOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// let mut live = db.live("FROM users", &QueryOptions::new())?;
/// let watch = live.watch();
/// live.try_next()?;
/// db.put("orders", "17", Body::json("{}"))?;
/// assert!(!watch.is_due()?, "it does not read orders");
/// db.put("users", "ada", Body::json("{}"))?;
/// assert!(watch.is_due()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LiveWatch {
    engine: Arc<Engine>,
    reads: Arc<Reads>,
}

/// What a query reads, and which state of it was answered.
struct Reads {
    inputs: Inputs,
    /// Of a query with SEARCH: what that means may be defined anew.
    searched: Option<Collection>,
    /// The size of the history that the last answer saw, one more; 0 before the first.
    answered: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lifetime: Lifetime,
    rule: Option<SearchRule>,
}

/// When the next lifetime ends that the query may notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Lifetime {
    /// None that is known.
    #[default]
    Endless,
    /// One of its documents then.
    EndsAt(i64),
    /// None before then: look again.
    LastsTo(i64),
}

impl std::fmt::Debug for LiveWatch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LiveWatch").field("inputs", &self.reads.inputs).finish_non_exhaustive()
    }
}

impl LiveWatch {
    pub(super) fn new(engine: Arc<Engine>, plan: &Plan) -> Self {
        let reads = Reads {
            inputs: Inputs::of(plan),
            searched: plan.search.as_ref().map(|_| plan.collection.clone()),
            answered: AtomicU64::new(0),
            state: Mutex::default(),
        };
        Self { engine, reads: Arc::new(reads) }
    }

    /// Whether something was written, or ended, since the last answer that may change it; always before the first one.
    ///
    /// Errors: `closed`, damage.
    pub fn is_due(&self) -> Result<bool> {
        self.engine.check_open()?;
        let Some(size) = self.reads.answered.load(Ordering::Acquire).checked_sub(1) else { return Ok(true) };
        if self.has_lifetime_ended()? {
            return Ok(true);
        }
        if self.engine.published.size() == size {
            return Ok(false);
        }
        if let Some(collection) = &self.reads.searched {
            let rule = Snapshot::head(Arc::clone(&self.engine)).search_rule(collection);
            if self.reads.state.lock().rule.as_ref() != Some(&rule) {
                return Ok(true);
            }
        }
        self.engine.touches.is_touched(&self.engine, &self.reads.inputs, size)
    }

    /// In how many microseconds a lifetime may end that the query notices; `None` when only a commit can make it due.
    pub fn due_in_us(&self) -> Option<u64> {
        match self.reads.state.lock().lifetime {
            Lifetime::Endless => None,
            Lifetime::EndsAt(at_us) | Lifetime::LastsTo(at_us) => {
                Some(u64::try_from(at_us.saturating_sub(self.engine.read_time_us())).unwrap_or(0))
            }
        }
    }

    /// Notes that the query was answered at this moment.
    pub(super) fn answered(&self, snapshot: &Snapshot) -> Result<()> {
        let lifetime = self.lifetime_after(snapshot.read_time_us()?)?;
        let rule = self.reads.searched.as_ref().map(|collection| snapshot.search_rule(collection));
        *self.reads.state.lock() = State { lifetime, rule };
        self.reads.answered.store(snapshot.size() + 1, Ordering::Release);
        Ok(())
    }

    /// Whether a lifetime has ended that the last answer may show.
    fn has_lifetime_ended(&self) -> Result<bool> {
        loop {
            let known = self.reads.state.lock().lifetime;
            let now_us = self.engine.read_time_us();
            match known {
                Lifetime::EndsAt(at_us) => return Ok(at_us <= now_us),
                Lifetime::LastsTo(at_us) if at_us <= now_us => {
                    let next = self.lifetime_after(at_us.saturating_sub(1))?;
                    let mut state = self.reads.state.lock();
                    // An answer that came meanwhile knows better.
                    if state.lifetime == known {
                        state.lifetime = next;
                    }
                }
                Lifetime::Endless | Lifetime::LastsTo(_) => return Ok(false),
            }
        }
    }

    /// The next lifetime that ends after a time, of documents that the query reads.
    fn lifetime_after(&self, time_us: i64) -> Result<Lifetime> {
        let prefix = self.reads.inputs.document_prefix();
        let start = Bound::Included(key::expiry_bound(Timestamp::from_micros(time_us.saturating_add(1))));
        let mut keys = self.engine.keys.scan(&KeyRange { start, ..KeyRange::prefix(&[key::SPACE_EXPIRY]) })?;
        let mut looked_at = 0;
        while let Some(entry) = keys.next()? {
            let (at, document) = key::split_expiry_key(entry.key)?;
            if entry.state == KeyState::Live && document.starts_with(&prefix) {
                return Ok(Lifetime::EndsAt(at.as_micros()));
            }
            looked_at += 1;
            // Those of the same microsecond are looked at together: the next look begins at it again.
            if looked_at >= LIFETIMES_AT_ONCE_MAX && at.as_micros() > time_us.saturating_add(1) {
                return Ok(Lifetime::LastsTo(at.as_micros()));
            }
        }
        Ok(Lifetime::Endless)
    }
}
