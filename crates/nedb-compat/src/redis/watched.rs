//! What WATCH remembers of a key, and whether anybody touched the key since.
//!
//! ```text
//! WATCH k (nothing lies there)      SET k 1      DEL k      EXEC
//!         seq 7                     seq 8        seq 9      nothing lies there again, but its newest versions say 8 and 9
//! ```
//!
//! Promises: a key that lay there is untouched only at the version that was seen; one that was missing only when nothing was
//! written under it, however short it lived. The deletion of what had expired before WATCH touches nothing. The log answers,
//! so it does not matter who wrote: another session, another handle, or `put` of the engine.

use nedb::{Result, Seq, Snapshot, VersionKind};

use super::layout::DocKey;
use super::tx::Tx;

/// One key as WATCH saw it.
#[derive(Debug)]
pub(super) struct Watched {
    /// The versions of both documents that may lie under it.
    seen: [(DocKey, Option<Seq>); 2],
    /// The last operation that WATCH could see.
    since: Option<Seq>,
}

impl Watched {
    pub(super) fn look(snapshot: &Snapshot, key: &[u8]) -> Result<Self> {
        let see = |place: DocKey| -> Result<(DocKey, Option<Seq>)> {
            let version = snapshot.last_seq(&place.collection, &place.id)?;
            Ok((place, version))
        };
        Ok(Self { seen: [see(DocKey::value(key))?, see(DocKey::hash(key))?], since: snapshot.seq() })
    }

    /// Whether the key is as it was seen; the commit of the transaction demands that it still is.
    pub(super) fn is_untouched(&self, tx: &mut Tx<'_>) -> Result<bool> {
        for (place, version) in &self.seen {
            if !tx.demand(place, *version)? || (version.is_none() && self.was_put(tx.snapshot(), place)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a document that is missing, as it was, came and went meanwhile.
    fn was_put(&self, snapshot: &Snapshot, place: &DocKey) -> Result<bool> {
        for version in snapshot.history(&place.collection, &place.id)? {
            let version = version?;
            if Some(version.seq) <= self.since {
                break;
            }
            if version.kind != VersionKind::Delete {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
