//! What a request must do: refused with a code, answered from memory, or these operations appended.
//!
//! The rules are those of the engine's documentation, written a second time over the plain list of operations.

use nedb::{Cause, Collection, Digest, DocId, Entry, EntryKind, ErrorCode, Expected, NodeRef, Outcome, Provenance};
use nedb::{Relation, Seq, Timestamp};
use nedb_crypto::sha256;
use nedb_types::{Client, key};

use super::{Logged, Oracle, Remembered};
use crate::{
    intent::{Act, DocKey, EdgeKey, Intent, Life, Step, Subject},
    violation::{Verdict, Violation},
};

/// The client under whose name expired documents are deleted.
pub const SWEEPER: &str = "nedb.sweeper";

/// What the engine must answer.
#[derive(Clone, Debug)]
pub enum Predicted {
    /// An error with this code; nothing happens.
    Refused(ErrorCode),
    /// The answer to an earlier request; nothing happens.
    Known(Box<Remembered>),
    /// These operations are appended (perhaps none), with these outcomes.
    Logs(Vec<Logged>, Vec<Outcome>),
}

/// What one step writes, before it has a seq.
struct Draft<'a> {
    step: &'a Step,
    changed: bool,
    seq: u64,
    nonce: u64,
    is_last: bool,
    /// The digest of the request's key, at its first operation.
    idempotency: Option<Digest>,
    committed_us: i64,
    now_us: i64,
}

/// The digest that an entry keeps of an idempotency key: section 6 of docs/format.md.
fn digest_of_key(client: &str, key: &str) -> Digest {
    let length = u8::try_from(client.len()).unwrap_or(u8::MAX);
    sha256(&[&[0x05, length], client.as_bytes(), key.as_bytes()])
}

impl Oracle {
    /// Predicts the outcome of a request at a clock time.
    pub fn predict(&self, intent: &Intent, now_us: i64) -> Verdict<Predicted> {
        if let Some(code) = self.unknown_version(intent) {
            return Ok(Predicted::Refused(code));
        }
        if let Some(known) = self.known(intent) {
            let is_retry = known.intent.asks_the_same(intent);
            let conflict = Predicted::Refused(ErrorCode::IdempotencyConflict);
            return Ok(if is_retry { Predicted::Known(Box::new(known.clone())) } else { conflict });
        }
        if self.has_stale_nonce(intent) {
            return Ok(Predicted::Refused(ErrorCode::StaleNonce));
        }
        let committed_us = now_us.max(self.last_time_us());
        if intent.steps.iter().any(|step| !self.is_as_expected(step, committed_us)) {
            return Ok(Predicted::Refused(ErrorCode::PreconditionFailed));
        }
        self.lay_out(intent, now_us, committed_us)
    }

    fn known(&self, intent: &Intent) -> Option<&Remembered> {
        let key = intent.key.as_ref()?;
        self.remembered.iter().find(|old| old.intent.client == intent.client && old.intent.key.as_ref() == Some(key))
    }

    /// A restore must name a version of its document that has content.
    fn unknown_version(&self, intent: &Intent) -> Option<ErrorCode> {
        intent.steps.iter().find_map(|step| {
            let Act::Restore(doc, version) = &step.act else { return None };
            let is_version = self.at(version.get()).is_some_and(|logged| {
                logged.subject == Some(Subject::Document(*doc)) && !matches!(logged.entry.kind, EntryKind::Delete)
            });
            (!is_version).then_some(ErrorCode::UnknownVersion)
        })
    }

    fn has_stale_nonce(&self, intent: &Intent) -> bool {
        let mut last = self.last_nonce(intent.client);
        for step in &intent.steps {
            match step.nonce {
                Some(nonce) if last.is_some_and(|last| nonce <= last) => return true,
                Some(nonce) => last = Some(nonce),
                None => last = Some(last.unwrap_or(0) + 1),
            }
        }
        false
    }

    fn is_as_expected(&self, step: &Step, time_us: i64) -> bool {
        let visible = self.newest(&step.subject()).filter(|seq| self.is_live(*seq, time_us));
        match step.expected {
            None => true,
            Some(Expected::Missing) => visible.is_none(),
            Some(Expected::Seq(seq)) => visible == Some(seq.get()),
        }
    }

    fn newest(&self, subject: &Subject) -> Option<u64> {
        self.versions_of(subject).last().copied()
    }

    fn lay_out(&self, intent: &Intent, now_us: i64, committed_us: i64) -> Verdict<Predicted> {
        let mut after = self.clone_tail();
        let (mut nonce, mut outcomes) = (self.last_nonce(intent.client).unwrap_or(0), Vec::new());
        let changes = self.changes(intent, now_us, committed_us);
        let logs = |changed: bool| changed || intent.key.is_some();
        let last = changes.iter().rposition(|changed| logs(*changed));
        let mut places: Vec<Option<u64>> = Vec::new();
        for (position, (step, changed)) in intent.steps.iter().zip(&changes).enumerate() {
            let seq = self.size() + after.added.len() as u64;
            let Some(causes) = causes_of(step, seq, &places) else {
                return Ok(Predicted::Refused(ErrorCode::UnknownCause));
            };
            if !logs(*changed) {
                places.push(None);
                outcomes.push(Outcome { changed: false, seq: None });
                continue;
            }
            nonce = step.nonce.unwrap_or(nonce + 1);
            let is_last = last == Some(position);
            let idempotency = intent.key.as_deref().filter(|_| after.added.is_empty());
            let idempotency = idempotency.map(|key| digest_of_key(intent.client, key));
            let draft = Draft { step, changed: *changed, seq, nonce, is_last, idempotency, committed_us, now_us };
            let logged = self.write(&after, &draft, intent.client, causes)?;
            after.added.push(logged);
            places.push(Some(seq));
            outcomes.push(Outcome { changed: *changed, seq: Some(Seq::new(seq)) });
        }
        Ok(Predicted::Logs(after.added, outcomes))
    }

    /// Which steps change anything, each seeing those before it.
    fn changes(&self, intent: &Intent, now_us: i64, committed_us: i64) -> Vec<bool> {
        let mut seen: Vec<(Subject, bool)> = Vec::new();
        let mut changes = Vec::new();
        for step in &intent.steps {
            let subject = step.subject();
            let before = seen.iter().rev().find(|(other, _)| *other == subject).map(|(_, live)| *live);
            let is_live =
                before.unwrap_or_else(|| self.newest(&subject).is_some_and(|seq| self.is_live(seq, committed_us)));
            let changed = match step.act {
                Act::Put(..) | Act::Restore(..) => true,
                Act::Link(_) => !is_live,
                Act::Delete(_) | Act::Unlink(_) | Act::Expire(_) => is_live,
            };
            let lives = match step.act {
                Act::Delete(_) | Act::Unlink(_) => false,
                _ => expiry_of(step, now_us).is_none_or(|at_us| at_us > committed_us),
            };
            seen.push((subject, if changed { lives } else { is_live }));
            changes.push(changed);
        }
        changes
    }

    fn write(&self, after: &Tail, draft: &Draft<'_>, client: &str, causes: Vec<Seq>) -> Verdict<Logged> {
        let (step, subject) = (draft.step, draft.step.subject());
        let previous = after.newest(self, &subject).filter(|_| draft.changed);
        let kind = if draft.changed { self.kind_of(after, step, previous)? } else { EntryKind::Noop };
        let (collection, id) = match subject {
            Subject::Document(doc) => (doc.collection, doc.id),
            Subject::Edge(edge) => (edge.from.collection, edge.from.id),
        };
        let entry = Entry {
            seq: Seq::new(draft.seq),
            committed_at: Timestamp::from_micros(draft.committed_us),
            kind,
            collection: Collection::new(collection)?,
            id: DocId::new(id)?,
            client: Client::new(client)?,
            nonce: draft.nonce,
            idempotency: draft.idempotency,
            previous: previous.map(Seq::new),
            expires_at: expiry_of(step, draft.now_us).map(Timestamp::from_micros),
            provenance: Provenance {
                causes,
                evidence: step.evidence.map(str::to_owned),
                confidence: step.confidence,
                valid_from: step.valid_from.map(str::to_owned),
                valid_to: None,
            },
            is_last_in_transaction: draft.is_last,
        };
        Ok(Logged { entry, subject: draft.changed.then_some(subject) })
    }

    fn kind_of(&self, after: &Tail, step: &Step, previous: Option<u64>) -> Verdict<EntryKind> {
        Ok(match &step.act {
            Act::Put(_, body) => EntryKind::Put(body.clone()),
            Act::Restore(_, version) => match self.content_of(version.get()).map(|entry| &entry.kind) {
                Some(EntryKind::Put(body)) => EntryKind::Put(body.clone()),
                other => return Err(Violation::new(format!("the oracle cannot restore from {other:?}"))),
            },
            Act::Delete(_) => EntryKind::Delete,
            Act::Expire(_) => {
                let newest = previous.and_then(|seq| after.at(self, seq)).map(|logged| (&logged.entry.kind, logged));
                match newest {
                    Some((EntryKind::Expire { content }, _)) => EntryKind::Expire { content: *content },
                    Some((_, logged)) => EntryKind::Expire { content: logged.entry.seq },
                    None => return Err(Violation::new("the oracle cannot expire what was never written")),
                }
            }
            Act::Link(edge) => EntryKind::Link { relation: Relation::new(edge.relation)?, to: node(edge)? },
            Act::Unlink(edge) => EntryKind::Unlink { relation: Relation::new(edge.relation)?, to: node(edge)? },
        })
    }

    /// Predicts what a sweep at a clock time deletes.
    pub fn predict_sweep(&self, now_us: i64) -> Verdict<Vec<Logged>> {
        let now_us = now_us.max(self.last_time_us());
        let mut expired: Vec<(Vec<u8>, DocKey)> = Vec::new();
        for (subject, versions) in &self.versions {
            let (Subject::Document(doc), Some(newest)) = (subject, versions.last()) else { continue };
            let Some(entry) = self.at(*newest).map(|logged| &logged.entry) else { continue };
            let is_content = super::is_live(entry, i64::MIN);
            if let Some(at) = entry.expires_at.filter(|at| is_content && at.as_micros() <= now_us) {
                let place = key::document_key(&Collection::new(doc.collection)?, &DocId::new(doc.id)?);
                expired.push((key::expiry_key(at, &place), *doc));
            }
        }
        expired.sort();
        let mut after = self.clone_tail();
        let (mut nonce, count) = (self.last_nonce(SWEEPER).unwrap_or(0), expired.len());
        for (position, (_, doc)) in expired.into_iter().enumerate() {
            nonce += 1;
            let step = Step::new(Act::Delete(doc));
            let seq = self.size() + after.added.len() as u64;
            let is_last = position + 1 == count;
            let (changed, idempotency, committed_us) = (true, None, now_us);
            let draft = Draft { step: &step, changed, seq, nonce, is_last, idempotency, committed_us, now_us };
            let logged = self.write(&after, &draft, SWEEPER, Vec::new())?;
            after.added.push(logged);
        }
        Ok(after.added)
    }

    fn clone_tail(&self) -> Tail {
        Tail { from: self.size(), added: Vec::new() }
    }
}

/// Operations of the request under construction, behind the history.
struct Tail {
    from: u64,
    added: Vec<Logged>,
}

impl Tail {
    fn newest(&self, oracle: &Oracle, subject: &Subject) -> Option<u64> {
        let own = self.added.iter().rev().find(|logged| logged.subject == Some(*subject));
        own.map(|logged| logged.entry.seq.get()).or_else(|| oracle.newest(subject))
    }

    fn at<'a>(&'a self, oracle: &'a Oracle, seq: u64) -> Option<&'a Logged> {
        match seq.checked_sub(self.from) {
            Some(own) => self.added.get(usize::try_from(own).ok()?),
            None => oracle.at(seq),
        }
    }
}

fn node(edge: &EdgeKey) -> Verdict<NodeRef> {
    Ok(NodeRef::new(Collection::new(edge.to.collection)?, DocId::new(edge.to.id)?))
}

fn expiry_of(step: &Step, now_us: i64) -> Option<i64> {
    match step.life {
        Life::Unlimited => None,
        Life::Micros(ttl_us) => Some(now_us.saturating_add_unsigned(ttl_us)),
        Life::Until(at_us) => Some(at_us),
    }
}

/// The seqs of a step's causes, ascending; `None` when one cannot be a cause.
fn causes_of(step: &Step, own: u64, places: &[Option<u64>]) -> Option<Vec<Seq>> {
    let mut causes = Vec::new();
    for cause in &step.causes {
        causes.push(match *cause {
            Cause::Seq(seq) if seq.get() < own => seq,
            Cause::Seq(_) => return None,
            Cause::Position(position) => Seq::new((*places.get(position)?)?),
        });
    }
    causes.sort_unstable();
    causes.dedup();
    Some(causes)
}
