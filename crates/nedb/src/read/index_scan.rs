//! Ordered walks over the documents of a collection by the value of a field.

use std::{cmp::Ordering, collections::VecDeque, ops::Bound};

use nedb_types::{
    Collection, DocId, FieldPath, Result, Value,
    key::{has_whole_value, value_key},
};

use super::{row::Row, snapshot::Snapshot};
use crate::secondary::{KeyOrder, Keys, OrderedReader, OrderedScan, Wished};

/// How many rows are fetched at once, so that their memory accesses overlap.
const FETCHED_AT_ONCE: usize = 16;

/// Which documents of a collection to visit, by the value of a field in the total order of values.
///
/// ```
/// use nedb::{Value, ValueRange};
/// let hundreds = ValueRange::all().from(Value::from(100)).below(Value::from(1000));
/// let newest = ValueRange::all().reverse();
/// # drop((hundreds, newest));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ValueRange {
    start: Bound<Value>,
    end: Bound<Value>,
    order: KeyOrder,
}

impl ValueRange {
    /// Every document, those without the field included: they come first, like null.
    pub const fn all() -> Self {
        Self { start: Bound::Unbounded, end: Bound::Unbounded, order: KeyOrder::Ascending }
    }

    /// Only this value.
    pub fn only(value: Value) -> Self {
        Self { start: Bound::Included(value.clone()), end: Bound::Included(value), ..Self::all() }
    }

    /// Only from this value on (inclusive).
    #[must_use]
    pub fn from(mut self, value: Value) -> Self {
        self.start = Bound::Included(value);
        self
    }

    /// Only behind this value (exclusive).
    #[must_use]
    pub fn above(mut self, value: Value) -> Self {
        self.start = Bound::Excluded(value);
        self
    }

    /// Only up to this value (inclusive).
    #[must_use]
    pub fn to(mut self, value: Value) -> Self {
        self.end = Bound::Included(value);
        self
    }

    /// Only below this value (exclusive).
    #[must_use]
    pub fn below(mut self, value: Value) -> Self {
        self.end = Bound::Excluded(value);
        self
    }

    /// From the greatest value to the least; the ids of one value ascend all the same.
    #[must_use]
    pub fn reverse(mut self) -> Self {
        self.order = KeyOrder::Descending;
        self
    }

    /// The keys of the bounds. Keys may be cut, so that they narrow the range and the values decide.
    fn bounds(&self) -> [Bound<Vec<u8>>; 2] {
        [&self.start, &self.end].map(|bound| match bound {
            Bound::Unbounded => Bound::Unbounded,
            Bound::Included(value) | Bound::Excluded(value) => Bound::Included(value_key(value)),
        })
    }

    fn has(&self, value: &Value) -> bool {
        let is_behind_start = match &self.start {
            Bound::Unbounded => true,
            Bound::Included(start) => value.cmp_total(start).is_ge(),
            Bound::Excluded(start) => value.cmp_total(start).is_gt(),
        };
        is_behind_start
            && match &self.end {
                Bound::Unbounded => true,
                Bound::Included(end) => value.cmp_total(end).is_le(),
                Bound::Excluded(end) => value.cmp_total(end).is_lt(),
            }
    }
}

impl Snapshot {
    /// Walks the documents of a collection in the order of a field, by its index; `None` when no index is ready.
    ///
    /// Documents with equal values come by id.
    ///
    /// ```
    /// use nedb::{Body, Database, IndexKind, ValueRange};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// for (id, height) in [("a", 7), ("b", 5), ("c", 9)] {
    ///     db.put("blocks", id, Body::json(format!(r#"{{"height": {height}}}"#)))?;
    /// }
    /// db.create_index("blocks", "height", IndexKind::Ordered)?;
    /// db.wait_for_index("blocks", "height", IndexKind::Ordered, &mut |_| ())?;
    /// let scan = db.snapshot().index_scan("blocks", "height", &ValueRange::all().reverse())?.expect("it is ready");
    /// let ids: Vec<_> = scan.map(|row| row.map(|row| row.id_bytes().to_vec())).collect::<Result<_, _>>()?;
    /// assert_eq!(ids, [b"c", b"a", b"b"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn index_scan(&self, collection: &str, field: &str, range: &ValueRange) -> Result<Option<IndexScan>> {
        let (collection, path) = (Collection::new(collection)?, FieldPath::parse(field)?);
        let Some(reader) = self.ordered(&collection, &path, &|| Ok(()))? else {
            // Who asks will have to visit every document.
            self.engine().wish(&collection, &Wished::Field(path.clone()), self.engine().live_documents(&collection));
            return Ok(None);
        };
        reader.note_use();
        IndexScan::begin(self, reader, (collection, path), range).map(Some)
    }
}

/// The rows of an index in order.
pub struct IndexScan {
    snapshot: Snapshot,
    collection: Collection,
    path: FieldPath,
    range: ValueRange,
    reader: OrderedReader,
    scan: OrderedScan,
    /// An id with its key that was read and belongs behind `ready`.
    read_ahead: Option<(Vec<u8>, DocId)>,
    ready: VecDeque<Row>,
    is_done: bool,
}

impl std::fmt::Debug for IndexScan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("IndexScan")
            .field("collection", &self.collection)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl IndexScan {
    fn begin(
        snapshot: &Snapshot,
        reader: OrderedReader,
        (collection, path): (Collection, FieldPath),
        range: &ValueRange,
    ) -> Result<Self> {
        let scan = reader.scan(Keys::between(&range.bounds()), range.order)?;
        let (snapshot, range) = (snapshot.clone(), range.clone());
        Ok(Self {
            snapshot,
            collection,
            path,
            range,
            reader,
            scan,
            read_ahead: None,
            ready: VecDeque::new(),
            is_done: false,
        })
    }

    /// About how many rows the range has: exact but for recent changes and values that were cut.
    pub fn estimated_rows(&self) -> Result<u64> {
        let bounds = self.range.bounds();
        self.reader.estimate(Keys::between(&bounds))
    }

    fn next_row(&mut self) -> Result<Option<Row>> {
        while self.ready.is_empty() && !self.is_done {
            self.fetch()?;
        }
        Ok(self.ready.pop_front())
    }

    /// Fetches the next rows: a few with whole keys, or all that share one cut key, which only their values can order.
    fn fetch(&mut self) -> Result<()> {
        let mut ids = Vec::with_capacity(FETCHED_AT_ONCE);
        let mut cut: Option<Vec<u8>> = None;
        while cut.is_some() || ids.len() < FETCHED_AT_ONCE {
            let Some((key, id)) = self.next_entry()? else {
                self.is_done = true;
                break;
            };
            let is_whole = has_whole_value(&key);
            let belongs = match &cut {
                Some(cut) => *cut == key,
                None => is_whole || ids.is_empty(),
            };
            if !belongs {
                self.read_ahead = Some((key, id));
                break;
            }
            ids.push(id);
            cut = (!is_whole).then_some(key);
        }
        let mut rows = Vec::with_capacity(ids.len());
        for row in self.snapshot.multi_get(self.collection.as_str(), &ids)?.into_iter().flatten() {
            let value = row.document()?.get_path(&self.path)?.map_or(Ok(Value::Null), |value| value.to_value())?;
            if self.range.has(&value) {
                rows.push((value, row));
            }
        }
        if cut.is_some() {
            rows.sort_by(|(a, row_a), (b, row_b)| {
                self.in_order(a, b).then_with(|| row_a.id_bytes().cmp(row_b.id_bytes()))
            });
        }
        self.ready.extend(rows.into_iter().map(|(_, row)| row));
        Ok(())
    }

    fn in_order(&self, a: &Value, b: &Value) -> Ordering {
        match self.range.order {
            KeyOrder::Ascending => a.cmp_total(b),
            KeyOrder::Descending => b.cmp_total(a),
        }
    }

    fn next_entry(&mut self) -> Result<Option<(Vec<u8>, DocId)>> {
        if let Some(ahead) = self.read_ahead.take() {
            return Ok(Some(ahead));
        }
        match self.scan.next()? {
            Some(entry) => Ok(Some((entry.key.to_vec(), DocId::new(entry.id)?))),
            None => Ok(None),
        }
    }
}

impl Iterator for IndexScan {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.next_row().transpose();
        if matches!(row, Some(Err(_)) | None) {
            self.is_done = true;
        }
        row
    }
}
