//! A naive model of the database: the list of operations and nothing else.
//!
//! Every answer is found by walking the list. It shares no code with the engine beyond the types of answers, predicts
//! each request's outcome before the engine is asked, and can be cut back to a prefix as a power cut cuts the log.

mod plan;
mod state;

use std::collections::BTreeMap;

use nedb::{Digest, Entry, EntryKind, Outcome, Receipt, Seq};

pub use self::plan::{Predicted, SWEEPER};
pub use self::state::{Moment, Sight};
use crate::intent::{Intent, Subject};

/// One operation of the history.
#[derive(Clone, Debug)]
pub struct Logged {
    /// What the engine must tell about it.
    pub entry: Entry,
    /// What it is a version of; `None` for a no-op.
    pub subject: Option<Subject>,
}

/// A request with an idempotency key that is part of the history.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// What was asked.
    pub intent: Intent,
    /// The seq of its first operation.
    pub first: u64,
    /// What it did.
    pub outcomes: Vec<Outcome>,
    /// The answer, when one was received.
    pub receipt: Option<Receipt>,
}

/// The model.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    /// Every operation in order.
    pub history: Vec<Logged>,
    /// The roots that the engine told, by size.
    pub roots: BTreeMap<u64, Digest>,
    /// The latest time of a commit without operations, of the creation at first; 0 before. Clocks go back no further.
    pub created_us: i64,
    versions: BTreeMap<Subject, Vec<u64>>,
    clients: BTreeMap<String, Vec<u64>>,
    /// Requests with keys, oldest first.
    pub remembered: Vec<Remembered>,
}

impl Oracle {
    /// Number of operations.
    pub fn size(&self) -> u64 {
        self.history.len() as u64
    }

    /// One operation.
    pub fn at(&self, seq: u64) -> Option<&Logged> {
        self.history.get(usize::try_from(seq).ok()?)
    }

    /// Everything that was ever written about.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.versions.keys()
    }

    /// Every client that ever wrote.
    pub fn clients(&self) -> impl Iterator<Item = &str> {
        self.clients.keys().map(String::as_str)
    }

    /// Commit time of the newest operation.
    pub fn last_time_us(&self) -> i64 {
        self.history.last().map_or(self.created_us, |logged| logged.entry.committed_at.as_micros())
    }

    /// The client's last nonce.
    pub fn last_nonce(&self, client: &str) -> Option<u64> {
        let seq = self.clients.get(client)?.last()?;
        self.at(*seq).map(|logged| logged.entry.nonce)
    }

    /// The versions of a subject, oldest first.
    pub fn versions_of(&self, subject: &Subject) -> &[u64] {
        self.versions.get(subject).map_or(&[], Vec::as_slice)
    }

    /// Appends operations.
    pub fn push(&mut self, logged: Vec<Logged>) {
        for one in logged {
            let seq = self.size();
            if let Some(subject) = one.subject {
                self.versions.entry(subject).or_default().push(seq);
            }
            let client = one.entry.client.as_str();
            match self.clients.get_mut(client) {
                Some(seqs) => seqs.push(seq),
                None => {
                    self.clients.insert(client.to_owned(), vec![seq]);
                }
            }
            self.history.push(one);
        }
    }

    /// Remembers a request that has a key and was just appended.
    pub fn remember(&mut self, intent: &Intent, outcomes: &[Outcome], receipt: Option<&Receipt>) {
        let Some(first) = outcomes.first().and_then(|outcome| outcome.seq) else { return };
        if intent.key.is_some() {
            let (intent, outcomes, receipt) = (intent.clone(), outcomes.to_vec(), receipt.cloned());
            self.remembered.push(Remembered { intent, first: first.get(), outcomes, receipt });
        }
    }

    /// Forgets everything from a size on.
    pub fn truncate(&mut self, size: u64) {
        self.history.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let cut = |seqs: &mut Vec<u64>| {
            seqs.truncate(seqs.partition_point(|seq| *seq < size));
            !seqs.is_empty()
        };
        self.versions.retain(|_, seqs| cut(seqs));
        self.clients.retain(|_, seqs| cut(seqs));
        self.remembered.retain(|remembered| remembered.first < size);
        let _lost = self.roots.split_off(&(size + 1));
    }

    /// Whether a history may end here: only between transactions.
    pub fn is_boundary(&self, size: u64) -> bool {
        size == 0 || self.at(size - 1).is_some_and(|logged| logged.entry.is_last_in_transaction)
    }

    /// Whether an operation is a live version at a time.
    pub fn is_live(&self, seq: u64, time_us: i64) -> bool {
        self.at(seq).is_some_and(|logged| is_live(&logged.entry, time_us))
    }

    /// The operation that holds the content of a version.
    pub fn content_of(&self, seq: u64) -> Option<&Entry> {
        let entry = &self.at(seq)?.entry;
        match entry.kind {
            EntryKind::Expire { content } => self.at(content.get()).map(|logged| &logged.entry),
            _ => Some(entry),
        }
    }
}

/// Whether an entry makes its subject visible at a time.
pub(crate) fn is_live(entry: &Entry, time_us: i64) -> bool {
    matches!(entry.kind, EntryKind::Put(_) | EntryKind::Link { .. } | EntryKind::Expire { .. })
        && entry.expires_at.is_none_or(|at| at.as_micros() > time_us)
}

/// The seq before a size.
pub(crate) fn last_of(size: u64) -> Option<Seq> {
    size.checked_sub(1).map(Seq::new)
}
