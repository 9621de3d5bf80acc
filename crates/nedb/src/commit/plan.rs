//! The decision about one request: refuse it, answer it from memory, or which of its operations to log.
//!
//! The order is a contract: a known idempotency key first and nothing else, then nonces, then preconditions, then causes.
//! Nothing is staged before everything was checked, so a refused request leaves no trace.

use nedb_types::{Detail, Error, ErrorCode, PreconditionFailure, Result, Seq};

use super::{
    request::{AdmittedOp, Effect, Request},
    sequence::Sequencer,
};
use crate::{
    keys::Key,
    request::{Cause, Expected, Receipt},
};

/// What to do with one request.
pub(crate) enum Plan {
    /// Its idempotency key is known from the log: the first answer.
    Known(Box<Receipt>),
    /// Its idempotency key is that of an earlier request of this frame.
    SameAs(usize),
    /// Log these operations.
    Log(Vec<PlannedOp>),
}

/// What to do with one operation.
pub(crate) struct PlannedOp {
    /// Its seq and nonce when it is logged.
    pub(crate) place: Option<(Seq, u64)>,
    /// Whether it changes anything; one that does not is logged only under an idempotency key.
    pub(crate) changes: bool,
    /// The seqs of its causes, ascending.
    pub(crate) causes: Vec<Seq>,
}

impl<'r> Sequencer<'_, 'r> {
    /// Decides about a request against the state before it.
    pub(crate) fn plan(&mut self, request: &'r Request) -> Result<Plan> {
        if let Some(keyed) = request.keyed {
            if let Some(known) = self.known_in_frame(&keyed)? {
                return Ok(Plan::SameAs(known));
            }
            if let Some(receipt) = self.engine.remembered(&keyed)? {
                return Ok(Plan::Known(Box::new(receipt)));
            }
        }
        self.load_states(request)?;
        self.check_nonces(request)?;
        self.check_preconditions(request)?;
        let mut planned = self.plan_effects(request);
        self.place(request, &mut planned)?;
        Ok(Plan::Log(planned))
    }

    /// Refuses nonces that are not greater than the client's last one.
    fn check_nonces(&mut self, request: &Request) -> Result<()> {
        let Some(last) = self.last_nonce(&request.client)? else { return Ok(()) };
        let Some(nonce) = request.ops.iter().filter_map(|op| op.nonce).find(|nonce| *nonce <= last) else {
            return Ok(());
        };
        let message = format!("nonce {nonce} of client {} is not greater than its last, {last}", request.client);
        Err(Error::new(ErrorCode::StaleNonce, message).with_detail(Detail::StaleNonce { last }))
    }

    fn check_preconditions(&self, request: &Request) -> Result<()> {
        let mut failures = Vec::new();
        for (index, op) in request.ops.iter().enumerate() {
            let Some(expected) = op.expected else { continue };
            let actual = self.visible(index).map(|state| state.link.seq);
            let wanted = match expected {
                Expected::Missing => None,
                Expected::Seq(seq) => Some(seq),
            };
            if actual != wanted {
                failures.push(failure(index, op, wanted, actual));
            }
        }
        let Some(first) = failures.first() else { return Ok(()) };
        let message = format!(
            "{} of {} preconditions failed, the first for {} {:?}: expected seq {}, found {}",
            failures.len(),
            request.ops.iter().filter(|op| op.expected.is_some()).count(),
            first.collection,
            first.id,
            first.expected,
            first.actual
        );
        Err(Error::new(ErrorCode::PreconditionFailed, message).with_detail(Detail::Preconditions(failures)))
    }

    /// Which operations change anything, each seeing those before it in the request.
    fn plan_effects(&mut self, request: &Request) -> Vec<PlannedOp> {
        let mut planned = Vec::with_capacity(request.ops.len());
        for (position, op) in request.ops.iter().enumerate() {
            let changed = self.has_effect(op, position);
            if changed {
                let is_live = match op.effect {
                    Effect::Put | Effect::Link | Effect::Expire => {
                        op.expiry_us.is_none_or(|at| at > self.commit_time_us)
                    }
                    Effect::Delete | Effect::Sweep(_) | Effect::Unlink | Effect::Check => false,
                };
                self.set_live(position, is_live);
            }
            planned.push(PlannedOp { place: None, changes: changed, causes: Vec::new() });
        }
        planned
    }

    fn has_effect(&self, op: &AdmittedOp, position: usize) -> bool {
        match op.effect {
            Effect::Put => true,
            Effect::Check => false,
            Effect::Link => !self.is_live(position),
            Effect::Delete | Effect::Unlink | Effect::Expire => self.is_live(position),
            Effect::Sweep(version) => {
                let newest = self.newest(position);
                newest.is_some_and(|newest| newest.link.seq == version && newest.is_live && !self.is_live(position))
            }
        }
    }

    /// Gives seqs and nonces to what is logged and resolves causes.
    fn place(&mut self, request: &Request, planned: &mut [PlannedOp]) -> Result<()> {
        let mut next_seq = self.next_seq;
        let mut last_nonce = self.last_nonce(&request.client)?;
        for (position, op) in request.ops.iter().enumerate() {
            let (before, from_here) = planned.split_at_mut(position);
            let Some(planned) = from_here.first_mut() else { break };
            // Its causes come before it.
            let own = next_seq;
            if planned.changes || request.keyed.is_some() {
                let nonce = next_nonce(request, op, last_nonce)?;
                planned.place = Some((Seq::new(next_seq), nonce));
                next_seq += 1;
                last_nonce = Some(nonce);
            }
            planned.causes = resolve_causes(op, own, before)?;
        }
        Ok(())
    }
}

/// The nonce of an operation behind `last`: the one it names, or the next.
fn next_nonce(request: &Request, op: &AdmittedOp, last: Option<u64>) -> Result<u64> {
    match (op.nonce, last) {
        (Some(nonce), Some(last)) if nonce <= last => {
            let message =
                format!("nonce {nonce} follows nonce {last} in one batch of client {}: they must grow", request.client);
            Err(Error::new(ErrorCode::InvalidArgument, message))
        }
        (Some(nonce), _) => Ok(nonce),
        (None, last) => last.unwrap_or(0).checked_add(1).ok_or_else(|| exhausted(request)),
    }
}

fn resolve_causes(op: &AdmittedOp, own: u64, before: &[PlannedOp]) -> Result<Vec<Seq>> {
    let mut causes = Vec::with_capacity(op.causes.len());
    for cause in &op.causes {
        causes.push(match *cause {
            Cause::Seq(seq) if seq.get() < own => seq,
            Cause::Seq(seq) => return Err(unknown_cause(format_args!("seq {seq}"), own)),
            Cause::Position(position) => before
                .get(position)
                .and_then(|planned| planned.place)
                .map(|(seq, _)| seq)
                .ok_or_else(|| unknown_cause(format_args!("operation {position} of the batch"), own))?,
        });
    }
    causes.sort_unstable();
    causes.dedup();
    Ok(causes)
}

fn unknown_cause(cause: std::fmt::Arguments<'_>, own: u64) -> Error {
    let message =
        format!("{cause} cannot be a cause: it must be an operation logged before this one, whose seq is {own}");
    Error::new(ErrorCode::UnknownCause, message)
}

fn exhausted(request: &Request) -> Error {
    let last = u64::MAX;
    let message = format!("client {} has used its last nonce, {last}", request.client);
    Error::new(ErrorCode::StaleNonce, message).with_detail(Detail::StaleNonce { last })
}

fn failure(index: usize, op: &AdmittedOp, wanted: Option<Seq>, actual: Option<Seq>) -> PreconditionFailure {
    let (id, id_bytes) = match &op.key {
        Key::Document { id, .. } => (id.to_string(), id.as_str().is_none().then(|| id.as_bytes().to_vec())),
        Key::Edge { from, relation, to } => (format!("{from} {relation} {to}"), None),
    };
    PreconditionFailure {
        index: index as u64,
        collection: op.key.collection().to_string(),
        id,
        id_bytes,
        expected: Seq::number_of(wanted),
        actual: Seq::number_of(actual),
    }
}
