//! Admitting a large batch on several threads.
//!
//! Promises: the result is that of one thread, the first error of the batch included. Everything that depends on an order
//! (time, salts) is taken beforehand, in the order of the operations, and batches that read the log are not divided, so
//! a simulated run depends on no thread.

use std::sync::atomic::{AtomicUsize, Ordering};

use nedb_io::Mutex;
use nedb_log::PayloadUnit;
use nedb_types::{Digest, Result};

use super::{
    admit::{Admission, Salt, Terms, in_batch},
    request::AdmittedOp,
};
use crate::{
    engine::Engine,
    request::{Action, Lifetime, Op},
};

/// The fewest operations that a thread is begun for. Beginning one costs as much as admitting about fifty, and where many clients write, their
/// connections need the other processors.
const SHARE_OPS_MIN: usize = 500;

/// Threads for one batch: what follows is done by one committer, which more would only wait for.
const THREADS_MAX: usize = 4;

/// The processors of this machine, or 0 before anybody asked: asking reads files. Several threads may, as one that made it for all could be gone
/// in a forked child.
static PROCESSORS: AtomicUsize = AtomicUsize::new(0);

/// The admitted operations of a batch, or of a share of it, and their payloads.
type Admitted = (Vec<AdmittedOp>, Vec<PayloadUnit>);

/// Consecutive operations of a batch.
struct Share {
    first: usize,
    ops: Vec<Op>,
    salts: Vec<Salt>,
    /// The digest of the keyed request that begins with the first operation.
    request: Option<Digest>,
}

/// Admits all operations; their first one carries the digest of a keyed request.
pub(super) fn admit(engine: &Engine, ops: Vec<Op>, request: Option<Digest>) -> Result<Admitted> {
    // A look at the clock is dear beside the admission of one operation, and most have no lifetime that begins now.
    let has_lifetime = |op: &Op| matches!(op.lifetime, Lifetime::Micros(_));
    let now_us = if ops.iter().any(has_lifetime) { engine.io.clock.wall_us() } else { 0 };
    let terms = Terms { now_us, is_keyed: request.is_some() };
    let draw_salt = || {
        let mut salt = Salt::default();
        engine.io.random.fill(&mut salt);
        salt
    };
    let count = share_count(&ops);
    if count == 1 {
        return admit_in_order(engine, terms, (0, request), ops.into_iter().map(|op| (op, draw_salt())));
    }
    let salts = ops.iter().map(|_| draw_salt()).collect();
    let shares = Share { first: 0, ops, salts, request }.divide(count);
    let shares: Vec<Mutex<Option<Share>>> = shares.into_iter().map(|share| Mutex::new(Some(share))).collect();
    let parts = nedb_io::scoped(shares.len(), shares.len(), |number| {
        let share = shares.get(number).and_then(|share| share.lock().take());
        share.map_or_else(|| Ok(Admitted::default()), |share| share.admit(engine, terms))
    });
    let mut parts = parts.into_iter();
    let mut admitted = parts.next().unwrap_or_else(|| Ok(Admitted::default()))?;
    for part in parts {
        let (ops, payloads) = part?;
        admitted.0.extend(ops);
        admitted.1.extend(payloads);
    }
    Ok(admitted)
}

/// Into how many shares to divide.
fn share_count(ops: &[Op]) -> usize {
    let worthwhile = (ops.len() / SHARE_OPS_MIN).min(THREADS_MAX);
    if worthwhile < 2 || ops.iter().any(|op| matches!(op.action, Action::Restore { .. })) {
        return 1;
    }
    worthwhile.min(processors())
}

fn processors() -> usize {
    let known = PROCESSORS.load(Ordering::Relaxed);
    if known > 0 {
        return known;
    }
    let counted = std::thread::available_parallelism().map_or(1, usize::from);
    PROCESSORS.store(counted, Ordering::Relaxed);
    counted
}

impl Share {
    fn divide(mut self, count: usize) -> Vec<Self> {
        let each = self.ops.len().div_ceil(count);
        let mut shares = Vec::with_capacity(count);
        for number in (1..count).rev() {
            let first = (number * each).min(self.ops.len());
            let (ops, salts) = (self.ops.split_off(first), self.salts.split_off(first));
            shares.push(Self { first, ops, salts, request: None });
        }
        shares.push(self);
        shares.reverse();
        shares
    }

    fn admit(self, engine: &Engine, terms: Terms) -> Result<Admitted> {
        admit_in_order(engine, terms, (self.first, self.request), self.ops.into_iter().zip(self.salts))
    }
}

/// Admits operations one after the other: the position of the first in its batch, and what it carries, come with them.
fn admit_in_order(
    engine: &Engine,
    terms: Terms,
    (first, mut request): (usize, Option<Digest>),
    salted: impl ExactSizeIterator<Item = (Op, Salt)>,
) -> Result<Admitted> {
    let mut admission = Admission::new(engine, terms);
    let (mut ops, mut payloads) = (Vec::with_capacity(salted.len()), Vec::with_capacity(salted.len()));
    for (position, (op, salt)) in (first..).zip(salted) {
        let (op, payload) = admission.op(op, salt, request.take()).map_err(|error| in_batch(error, position))?;
        ops.push(op);
        payloads.push(payload);
    }
    nedb_log::commit_many(&mut payloads);
    Ok((ops, payloads))
}
