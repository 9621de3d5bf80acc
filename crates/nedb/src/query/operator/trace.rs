//! TRACE: the versions that led to a version, or all that followed from it, however many steps away.
//!
//! Causes are seqs and always lie earlier, so there are no cycles. Deletions and links can be causes: the trace leads through
//! them, and they give no row. Backwards each entry names its causes. Forwards the index of causes names what followed; without
//! it the log is walked once from the first start on: an operation follows when one of its causes does.

use std::{collections::BTreeSet, sync::atomic::Ordering};

use nedb_log::{Address, OpKind, Record, Scratch};
use nedb_types::{Error, Result, Seq};

use crate::{
    query::{
        guard::{Guard, Pace},
        view::{DocumentView, Found},
    },
    read::Snapshot,
    secondary::EffectReader,
};

use super::scan::Visited;

/// What a seq costs in a set.
const SEQ_BYTES: usize = 24;

/// Which way causes are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TraceDirection {
    /// To what led to the starts.
    Causes,
    /// To what followed from them.
    Effects,
}

impl TraceDirection {
    /// How the direction is followed, in words.
    pub(crate) const fn text(self, effects: Option<&EffectReader>) -> &'static str {
        match (self, effects) {
            (Self::Causes, _) => "caused_by, from each entry to its causes",
            (Self::Effects, None) => "caused_by reverse, over the log from the first start on",
            (Self::Effects, Some(_)) => "caused_by reverse, by the index of causes",
        }
    }
}

/// The operations from which a trace begins.
#[derive(Debug, Default)]
pub(crate) struct TraceStarts {
    seqs: BTreeSet<Seq>,
    causes: BTreeSet<Seq>,
}

impl TraceStarts {
    /// Adds a version: its own operation, and the one that wrote its content.
    pub(crate) fn add(&mut self, view: &DocumentView<'_>, guard: &Guard) -> Result<()> {
        for record in [view.version, view.content] {
            guard.grow(SEQ_BYTES)?;
            self.seqs.insert(record.seq);
            self.causes.extend(record.entry.causes());
        }
        Ok(())
    }
}

/// A version on the trace, with what its place in the result depends on.
struct Traced {
    id: Vec<u8>,
    collection: String,
    seq: Seq,
    address: Address,
}

/// The traced versions by id, collection and seq.
pub(crate) fn trace(
    snapshot: &Snapshot,
    guard: &Guard,
    starts: TraceStarts,
    (direction, effects): (TraceDirection, Option<&EffectReader>),
    visited: &Visited,
) -> Result<Vec<Found>> {
    let mut traced = match (direction, effects) {
        (TraceDirection::Causes, _) => causes_of(snapshot, guard, starts.causes)?,
        (TraceDirection::Effects, Some(effects)) => listed_effects_of(snapshot, guard, starts.seqs, effects)?,
        (TraceDirection::Effects, None) => effects_of(snapshot, guard, starts.seqs, visited)?,
    };
    traced.sort_by(|a, b| (&a.id, &a.collection, a.seq).cmp(&(&b.id, &b.collection, b.seq)));
    Ok(traced.into_iter().map(|traced| Found { version: traced.address, score: None }).collect())
}

fn causes_of(snapshot: &Snapshot, guard: &Guard, mut open: BTreeSet<Seq>) -> Result<Vec<Traced>> {
    let engine = snapshot.engine();
    let (mut scratch, mut content_scratch, mut traced) = (Scratch::new(), Scratch::new(), Vec::new());
    // The greatest first: whatever it adds lies below it, so that none is visited twice.
    while let Some(seq) = open.pop_last() {
        guard.check()?;
        let missing = || Error::corrupt(format!("seq {seq} is a cause, but the log has no such operation"));
        let address = engine.address_of(snapshot.reader(), seq)?.ok_or_else(missing)?;
        let record = snapshot.reader().record(address, &mut scratch)?;
        let before = open.len();
        open.extend(record.entry.causes());
        if let Some(pointer) = record.payload_pointer {
            open.extend(snapshot.reader().record(pointer, &mut content_scratch)?.entry.causes());
        }
        guard.grow(open.len().saturating_sub(before) * SEQ_BYTES)?;
        push(&mut traced, &record, guard)?;
    }
    Ok(traced)
}

/// As [`effects_of`], from the index of causes.
fn listed_effects_of(
    snapshot: &Snapshot,
    guard: &Guard,
    mut open: BTreeSet<Seq>,
    effects: &EffectReader,
) -> Result<Vec<Traced>> {
    let (mut scratch, mut traced, mut led) = (Scratch::new(), Vec::new(), BTreeSet::new());
    // The least first: whatever it adds lies above it, so that none is visited twice.
    while let Some(seq) = open.pop_first() {
        guard.check()?;
        effects.each(seq, |effect| {
            if led.insert(effect) {
                guard.grow(2 * SEQ_BYTES)?;
                open.insert(effect);
            }
            Ok(())
        })?;
    }
    for seq in led {
        let missing = || Error::corrupt(format!("seq {seq} is listed as an effect, but the log has no such operation"));
        let address = snapshot.engine().address_of(snapshot.reader(), seq)?.ok_or_else(missing)?;
        push(&mut traced, &snapshot.reader().record(address, &mut scratch)?, guard)?;
    }
    Ok(traced)
}

fn effects_of(snapshot: &Snapshot, guard: &Guard, mut led: BTreeSet<Seq>, visited: &Visited) -> Result<Vec<Traced>> {
    let mut traced = Vec::new();
    let Some(first) = led.first().and_then(|first| first.next()) else { return Ok(traced) };
    let (count, mut pace, mut scratch) = (snapshot.size().saturating_sub(first.get()), Pace::default(), Scratch::new());
    visited.fetch_add(count, Ordering::Relaxed);
    snapshot.engine().walk(snapshot.reader(), first, count, |record| {
        pace.row(guard)?;
        let mut follows = record.entry.causes().any(|cause| led.contains(&cause));
        if let Some(pointer) = record.payload_pointer {
            let content = snapshot.reader().record(pointer, &mut scratch)?;
            follows |= content.entry.causes().any(|cause| led.contains(&cause));
        }
        if follows {
            guard.grow(SEQ_BYTES)?;
            led.insert(record.seq);
            push(&mut traced, record, guard)?;
        }
        Ok(true)
    })?;
    Ok(traced)
}

/// Keeps a version that has content.
fn push(traced: &mut Vec<Traced>, record: &Record<'_>, guard: &Guard) -> Result<()> {
    if matches!(record.entry.kind(), OpKind::Put | OpKind::Expire) {
        let (id, collection) = (record.id().to_vec(), record.entry.collection().to_owned());
        guard.grow(size_of::<Traced>() + id.len() + collection.len())?;
        traced.push(Traced { id, collection, seq: record.seq, address: record.address });
    }
    Ok(())
}
