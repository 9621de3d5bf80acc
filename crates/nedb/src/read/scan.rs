//! Ordered walks over the documents of one collection.

use std::ops::Bound;

use nedb_index::{KeyRange, KeyScan};
use nedb_log::{Address, Scratch};
use nedb_types::{Collection, Error, ErrorCode, Result, key};

use super::{row::Row, snapshot::Snapshot};

/// How many records begin to load before they are read, so that their memory accesses overlap.
const READ_AHEAD: usize = 16;

/// How many keys are taken from the index at once.
const KEYS_AT_ONCE: usize = 128;

/// Which documents of a collection to visit, by id in byte order.
///
/// ```
/// use nedb::ScanRange;
/// let users_a_to_c = ScanRange::all().from("a").to("d").limit(100);
/// let drafts = ScanRange::prefix("draft-").reverse();
/// # drop((users_a_to_c, drafts));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanRange {
    prefix: Vec<u8>,
    from: Option<Vec<u8>>,
    to: Option<Vec<u8>>,
    limit: Option<u64>,
    is_reverse: bool,
}

impl ScanRange {
    /// All documents.
    pub fn all() -> Self {
        Self::default()
    }

    /// Documents whose id begins with these bytes.
    pub fn prefix(prefix: impl AsRef<[u8]>) -> Self {
        Self { prefix: prefix.as_ref().to_vec(), ..Self::default() }
    }

    /// Only from this id on (inclusive).
    #[must_use]
    pub fn from(mut self, id: impl AsRef<[u8]>) -> Self {
        self.from = Some(id.as_ref().to_vec());
        self
    }

    /// Only below this id (exclusive).
    #[must_use]
    pub fn to(mut self, id: impl AsRef<[u8]>) -> Self {
        self.to = Some(id.as_ref().to_vec());
        self
    }

    /// At most this many rows.
    #[must_use]
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// From the greatest id to the least.
    #[must_use]
    pub fn reverse(mut self) -> Self {
        self.is_reverse = true;
        self
    }

    /// The range as the daemon's route takes it: `prefix start end limit reverse`, where something is said about them.
    ///
    /// An id that is no text cannot be told there (`unsupported`).
    ///
    /// ```
    /// use nedb::ScanRange;
    /// let drafts = ScanRange::prefix("draft-").limit(10).to_parameters()?;
    /// assert_eq!(drafts, [("prefix", "draft-".to_owned()), ("limit", "10".to_owned())]);
    /// # Ok::<(), nedb::Error>(())
    /// ```
    pub fn to_parameters(&self) -> Result<Vec<(&'static str, String)>> {
        let prefix = Some(&self.prefix).filter(|prefix| !prefix.is_empty());
        let mut parameters = Vec::new();
        for (name, id) in [("prefix", prefix), ("start", self.from.as_ref()), ("end", self.to.as_ref())] {
            let Some(id) = id else { continue };
            let text = String::from_utf8(id.clone()).map_err(|error| {
                let message = format!("{name} is no text, and a parameter of an address is text");
                Error::new(ErrorCode::Unsupported, message).with_source(error)
            })?;
            parameters.push((name, text));
        }
        parameters.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        parameters.extend(self.is_reverse.then(|| ("reverse", "1".to_owned())));
        Ok(parameters)
    }

    fn keys(&self, collection: &Collection) -> KeyRange {
        let base = key::document_prefix(collection);
        let with = |id: &[u8]| [base.as_slice(), id].concat();
        let whole = KeyRange::prefix(&with(&self.prefix));
        let start = match &self.from {
            Some(from) if *from > self.prefix => Bound::Included(with(from)),
            _ => whole.start,
        };
        let end = match (&self.to, whole.end) {
            (Some(to), Bound::Excluded(end)) => Bound::Excluded(with(to).min(end)),
            (Some(to), _) => Bound::Excluded(with(to)),
            (None, end) => end,
        };
        KeyRange { start, end }
    }
}

impl Snapshot {
    /// Walks the documents of a collection in the byte order of their ids.
    ///
    /// ```
    /// use nedb::{Body, Database, ScanRange};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// for id in ["b", "a", "c"] {
    ///     db.put("letters", id, Body::json("{}"))?;
    /// }
    /// let snapshot = db.snapshot();
    /// let ids: Vec<_> = snapshot
    ///     .scan("letters", &ScanRange::all().limit(2))?
    ///     .map(|row| row.map(|row| row.id_bytes().to_vec()))
    ///     .collect::<Result<_, _>>()?;
    /// assert_eq!(ids, [b"a", b"b"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn scan(&self, collection: &str, range: &ScanRange) -> Result<Scan> {
        let keys = range.keys(&Collection::new(collection)?);
        let index = &self.engine().keys;
        let keys = if range.is_reverse { index.scan_reverse(&keys)? } else { index.scan(&keys)? };
        Ok(Scan {
            snapshot: self.clone(),
            keys,
            addresses: Vec::new(),
            next: 0,
            scratch: Scratch::new(),
            remaining: range.limit.unwrap_or(u64::MAX),
        })
    }

    /// The first collection with a key at or after `from`.
    pub(crate) fn next_collection(&self, from: &[u8]) -> Result<Option<Collection>> {
        let end = Bound::Excluded(vec![key::SPACE_DOCUMENT + 1]);
        let range = KeyRange { start: Bound::Included(from.to_vec()), end };
        let mut keys = self.engine().keys.scan(&range)?;
        match keys.next()? {
            Some(entry) => Ok(Some(key::split_document_key(entry.key)?.0)),
            None => Ok(None),
        }
    }
}

/// The rows of a scan, in order.
#[derive(Debug)]
pub struct Scan {
    snapshot: Snapshot,
    keys: KeyScan,
    /// Records to visit, in order.
    addresses: Vec<Address>,
    /// Place of the next one in `addresses`; those of the next `READ_AHEAD` begin to load.
    next: usize,
    scratch: Scratch,
    remaining: u64,
}

impl Scan {
    fn next_row(&mut self) -> Result<Option<Row>> {
        while self.remaining > 0 {
            if self.next == self.addresses.len() && !self.look_ahead()? {
                return Ok(None);
            }
            let Self { snapshot, scratch, addresses, next, .. } = self;
            if let Some(later) = addresses.get(*next + READ_AHEAD) {
                snapshot.reader().prefetch(*later);
            }
            let Some(address) = addresses.get(*next).copied() else { continue };
            *next += 1;
            let record = snapshot.reader().record(address, scratch)?;
            if let Some(row) = snapshot.with_version(&record, |version| snapshot.row_of(version))? {
                self.remaining -= 1;
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// Takes the next keys and begins to load the first of their records; false at the end.
    fn look_ahead(&mut self) -> Result<bool> {
        self.addresses.clear();
        self.next = 0;
        let wanted = KEYS_AT_ONCE.min(usize::try_from(self.remaining).unwrap_or(KEYS_AT_ONCE));
        self.addresses.reserve(wanted);
        self.keys.addresses(wanted, &mut self.addresses)?;
        for address in self.addresses.iter().take(READ_AHEAD) {
            self.snapshot.reader().prefetch(*address);
        }
        Ok(!self.addresses.is_empty())
    }
}

impl Iterator for Scan {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.next_row().transpose();
        if matches!(row, Some(Err(_)) | None) {
            self.remaining = 0;
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_of_a_scan_are_its_prefix_cut_by_from_and_to() {
        let collection = Collection::new("c").unwrap();
        let key = |id: &str| [key::document_prefix(&collection).as_slice(), id.as_bytes()].concat();
        let range = ScanRange::prefix("b").from("ba").to("c").keys(&collection);
        assert_eq!(range, KeyRange { start: Bound::Included(key("ba")), end: Bound::Excluded(key("c")) });
        let range = ScanRange::prefix("b").from("a").to("bz").keys(&collection);
        assert_eq!(range, KeyRange { start: Bound::Included(key("b")), end: Bound::Excluded(key("bz")) });
    }
}
