//! What a reader must see at a moment, found by walking the list of operations.

use std::collections::BTreeSet;

use nedb::{DocumentBuf, Entry, EntryKind, Provenance};

use super::Oracle;
use crate::intent::{DocKey, Subject};

/// A moment of the history: how many operations, and the time against which lifetimes are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Number of operations.
    pub size: u64,
    /// Read time.
    pub time_us: i64,
}

/// A document as a reader sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight<'a> {
    /// Its id.
    pub id: &'a [u8],
    /// Its version.
    pub seq: u64,
    /// Its content.
    pub document: &'a DocumentBuf,
    /// When it expires.
    pub expires_us: Option<i64>,
    /// What its content's write said about itself.
    pub provenance: &'a Provenance,
}

impl Oracle {
    /// The newest state at a clock time.
    pub fn head(&self, now_us: i64) -> Moment {
        Moment { size: self.size(), time_us: now_us.max(self.last_time_us()) }
    }

    /// The state straight after an operation; beyond the end it is the head.
    pub fn after(&self, seq: u64, now_us: i64) -> Moment {
        match self.at(seq) {
            Some(logged) => Moment { size: seq + 1, time_us: logged.entry.committed_at.as_micros() },
            None => self.head(now_us),
        }
    }

    /// The state at a time: everything committed by then.
    pub fn at_time(&self, time_us: i64) -> Moment {
        let size = self.history.partition_point(|logged| logged.entry.committed_at.as_micros() <= time_us);
        Moment { size: size as u64, time_us }
    }

    /// The version of a subject that a moment sees, live or not.
    pub fn version_at(&self, subject: &Subject, moment: Moment) -> Option<u64> {
        let versions = self.versions_of(subject);
        let count = versions.partition_point(|seq| *seq < moment.size);
        versions.get(count.checked_sub(1)?).copied()
    }

    /// The live version of a subject at a moment.
    pub fn live_at(&self, subject: &Subject, moment: Moment) -> Option<u64> {
        self.version_at(subject, moment).filter(|seq| self.is_live(*seq, moment.time_us))
    }

    /// A document at a moment.
    pub fn sight(&self, doc: DocKey, moment: Moment) -> Option<Sight<'_>> {
        let seq = self.live_at(&Subject::Document(doc), moment)?;
        let content = self.content_of(seq)?;
        let EntryKind::Put(document) = &content.kind else { return None };
        let expires_us = self.at(seq)?.entry.expires_at.map(nedb::Timestamp::as_micros);
        Some(Sight { id: doc.id, seq, document, expires_us, provenance: &content.provenance })
    }

    /// All documents of a collection at a moment, in the order of their ids.
    pub fn rows(&self, collection: &str, moment: Moment) -> Vec<Sight<'_>> {
        let documents = self.subjects().filter_map(|subject| match subject {
            Subject::Document(doc) if doc.collection == collection => self.sight(*doc, moment),
            _ => None,
        });
        let mut rows: Vec<Sight<'_>> = documents.collect();
        rows.sort_by_key(|row| row.id);
        rows
    }

    /// Nodes and seqs of the edges at a node, in the order in which they were made.
    pub fn neighbors(&self, node: DocKey, relation: &str, is_outbound: bool, moment: Moment) -> Vec<(DocKey, u64)> {
        let edges = self.subjects().filter_map(|subject| {
            let Subject::Edge(edge) = subject else { return None };
            let (near, far) = if is_outbound { (edge.from, edge.to) } else { (edge.to, edge.from) };
            let is_asked = near == node && edge.relation == relation;
            let seq = is_asked.then(|| self.live_at(subject, moment)).flatten()?;
            Some((far, seq))
        });
        let mut edges: Vec<(DocKey, u64)> = edges.collect();
        edges.sort_by_key(|(_, seq)| *seq);
        edges
    }

    /// Every node that an edge ever started at or led to.
    pub fn nodes(&self) -> BTreeSet<DocKey> {
        let ends = |subject: &Subject| match subject {
            Subject::Edge(edge) => [Some(edge.from), Some(edge.to)],
            Subject::Document(_) => [None, None],
        };
        self.subjects().flat_map(ends).flatten().collect()
    }

    /// The entries of a document's versions at a moment, newest first.
    pub fn versions(&self, doc: DocKey, moment: Moment) -> impl Iterator<Item = &Entry> {
        let versions = self.versions_of(&Subject::Document(doc)).iter().rev();
        versions.filter(move |seq| **seq < moment.size).filter_map(|seq| self.at(*seq)).map(|logged| &logged.entry)
    }
}
