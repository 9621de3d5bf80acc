//! What the newest version of a key looks like to the committer.

use nedb_log::{Address, Chain, Link, OpKind, Record};
use nedb_types::Seq;

/// The newest version of one key, logged or staged in the frame under construction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VersionState {
    pub(crate) link: Link,
    pub(crate) chain: Option<Chain>,
    /// Whether it is a put, a link or a new lifetime of one, as opposed to a delete or an unlink.
    pub(crate) is_live: bool,
    pub(crate) expiry_us: Option<i64>,
    /// The record that holds the content: another one when this version only changed the lifetime.
    pub(crate) content_at: Address,
    pub(crate) content_seq: Seq,
}

/// Whether a version shows a document or an edge, and until when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presence {
    pub(crate) is_live: bool,
    pub(crate) expiry_us: Option<i64>,
}

impl VersionState {
    pub(crate) fn of(record: &Record<'_>) -> Self {
        let (entry, link) = (&record.entry, record.link());
        Self {
            link,
            chain: record.chain,
            is_live: matches!(entry.kind(), OpKind::Put | OpKind::Link | OpKind::Expire),
            expiry_us: entry.expiry(),
            content_at: record.payload_pointer.unwrap_or(link.address),
            content_seq: entry.target().unwrap_or(link.seq),
        }
    }

    /// What second indexes and counters need to know of it.
    pub(crate) const fn presence(&self) -> Presence {
        Presence { is_live: self.is_live, expiry_us: self.expiry_us }
    }

    /// Whether a read at that time sees it.
    pub(crate) fn is_visible(&self, now_us: i64) -> bool {
        self.is_live && self.expiry_us.is_none_or(|expiry_us| expiry_us > now_us)
    }
}
