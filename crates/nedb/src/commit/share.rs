//! Admitting a large batch on several threads.
//!
//! Promises: the result is that of one thread, the first error of the batch included. Everything that depends on an order
//! (time, salts) is taken beforehand, in the order of the operations, and batches that read the log are not divided, so
//! a simulated run depends on no thread.

use std::sync::LazyLock;

use nedb_io::Mutex;
use nedb_log::PayloadUnit;
use nedb_types::{Digest, Result};

use super::{
    admit::{Admission, Salt, in_batch},
    request::AdmittedOp,
};
use crate::{
    engine::Engine,
    request::{Action, Op},
};

/// The fewest operations that a thread is begun for: beginning one costs as much as admitting about fifty.
const SHARE_OPS_MIN: usize = 250;

/// Threads for one batch: what follows is done by one committer, which more would only wait for.
const THREADS_MAX: usize = 4;

/// The processors of this machine; asking for them reads files.
static PROCESSORS: LazyLock<usize> = LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));

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
    let now_us = engine.io.clock.wall_us();
    let count = share_count(&ops);
    let mut shares = divide(engine, ops, count);
    if let Some(first) = shares.first_mut() {
        first.request = request;
    }
    if let [_] = shares.as_slice() {
        return shares
            .into_iter()
            .map(|share| share.admit(engine, now_us))
            .next()
            .unwrap_or_else(|| Ok(Admitted::default()));
    }
    let shares: Vec<Mutex<Option<Share>>> = shares.into_iter().map(|share| Mutex::new(Some(share))).collect();
    let parts = nedb_io::scoped(shares.len(), shares.len(), |number| {
        let share = shares.get(number).and_then(|share| share.lock().take());
        share.map_or_else(|| Ok(Admitted::default()), |share| share.admit(engine, now_us))
    });
    let mut admitted = Admitted::default();
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
    worthwhile.min(*PROCESSORS)
}

fn divide(engine: &Engine, mut ops: Vec<Op>, count: usize) -> Vec<Share> {
    let mut salts = vec![Salt::default(); ops.len()];
    for salt in &mut salts {
        engine.io.random.fill(salt);
    }
    let each = ops.len().div_ceil(count);
    let mut shares = Vec::with_capacity(count);
    for number in (0..count).rev() {
        let first = (number * each).min(ops.len());
        let (ops, salts) = (ops.split_off(first), salts.split_off(first));
        shares.push(Share { first, ops, salts, request: None });
    }
    shares.reverse();
    shares
}

impl Share {
    fn admit(self, engine: &Engine, now_us: i64) -> Result<Admitted> {
        let mut admission = Admission::new(engine, now_us);
        let (mut ops, mut payloads) = (Vec::with_capacity(self.ops.len()), Vec::with_capacity(self.ops.len()));
        let mut request = self.request;
        for (position, (op, salt)) in (self.first..).zip(self.ops.into_iter().zip(self.salts)) {
            let (op, payload) = admission.op(op, salt, request.take()).map_err(|error| in_batch(error, position))?;
            ops.push(op);
            payloads.push(payload);
        }
        nedb_log::commit_many(&mut payloads);
        Ok((ops, payloads))
    }
}
