//! What the ways cost, in units of one document that a scan shows.
//!
//! The figures were measured on a million documents of 150 bytes: a scan reads records one behind the other; a look-up of an id
//! costs some memory accesses more, an entry of an index less. What no index knows is guessed.

use std::collections::BTreeSet;

use nedb_nql::{IndexKeys, Plan, Predicate};

use super::{Need, access::IndexRanges, union::Union};

/// A document that a scan shows by id instead of in the order of the log.
const BY_ID: f64 = 1.5;

/// Beginning to read an index.
const INDEX_START: f64 = 10.0;

/// An entry of an index.
const INDEX_ENTRY: f64 = 0.5;

/// A document that is looked up by its id.
const LOOKUP: f64 = 3.0;

/// A row that is sorted: one that is compared and dismissed, and one that is kept and read again.
const DISMISSED: f64 = 0.3;
const SORTED: f64 = 3.0;

/// A posting that is read behind the one before, and one that is sought, for each list of a search.
const POSTING: f64 = 0.3;
const POSTING_SOUGHT: f64 = 1.0;

/// The part of the documents that a condition is taken to keep.
const KEPT_BY_POINT: f64 = 0.01;
const KEPT_BY_RANGE: f64 = 0.3;
const KEPT_BY_OTHER: f64 = 0.5;

/// How much of a collection each condition keeps.
pub(super) struct Fractions {
    documents: f64,
    /// What all conditions keep together.
    all: f64,
    /// Whether an index told it of each condition, and nothing was guessed.
    is_known: bool,
}

impl Fractions {
    pub(super) fn new(documents: u64, filter: &Predicate, indexes: &[IndexRanges], unions: &[Union]) -> Self {
        let documents = float(documents);
        let (mut all, mut is_known, mut counted) = (1.0, true, BTreeSet::new());
        for (position, conjunct) in filter.conjuncts().iter().enumerate() {
            if let Some(union) = unions.iter().find(|union| union.conjunct == position) {
                all *= part(union.estimated(), documents);
                continue;
            }
            let asked = conjunct.index_use();
            let known = asked.as_ref().and_then(|asked| indexes.iter().find(|index| index.path == *asked.path));
            is_known &= known.is_some();
            all *= match (known, &asked) {
                // What several conditions ask of one field, its index tells of all of them together.
                (Some(index), _) if !counted.insert(&index.path) => 1.0,
                (Some(index), _) => fraction(index, documents),
                (None, Some(asked)) => match &asked.keys {
                    IndexKeys::Points(values) => (KEPT_BY_POINT * float(values.len() as u64)).min(KEPT_BY_OTHER),
                    IndexKeys::Range(_) => KEPT_BY_RANGE,
                },
                (None, None) => KEPT_BY_OTHER,
            };
        }
        Self { documents, all: all.max(1.0 / documents), is_known }
    }

    /// How many documents all conditions keep together, unless a part of it is guessed.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a count, rounded")]
    pub(super) fn kept(&self) -> Option<u64> {
        self.is_known.then(|| (self.documents * self.all).round() as u64)
    }

    /// How many of so many candidates are visited until enough rows were found, when this part of them is kept.
    fn visited(candidates: f64, kept: f64, plan: &Plan, need: Need) -> f64 {
        let is_streamed = matches!(need, Need::Id { .. });
        match plan.limit.filter(|_| is_streamed) {
            Some(limit) => candidates.min(float(limit.saturating_add(plan.offset)) / kept.clamp(1e-9, 1.0)),
            None => candidates,
        }
    }

    pub(super) fn scan_cost(&self, plan: &Plan, need: Need) -> f64 {
        let visited = Self::visited(self.documents, self.all, plan, need);
        match need {
            Need::Id { .. } => visited * BY_ID,
            Need::Order => visited + self.sort_cost(plan),
            Need::Any => visited,
        }
    }

    fn sort_cost(&self, plan: &Plan) -> f64 {
        let rows = self.documents * self.all;
        let kept = plan.limit.map_or(rows, |limit| rows.min(float(limit.saturating_add(plan.offset))));
        rows * DISMISSED + kept * SORTED
    }

    /// The cost of one index that does not give the order of the query.
    pub(super) fn index_cost(&self, index: &IndexRanges, plan: &Plan, need: Need) -> f64 {
        let candidates = float(index.estimated);
        let kept = self.all / fraction(index, self.documents);
        let visited = Self::visited(candidates, kept, plan, need);
        let is_by_id = matches!(index.ranges.as_slice(), [range] if range.is_one_key());
        let is_listed = is_by_id || need.can_merge(std::slice::from_ref(index));
        let is_collected = matches!(need, Need::Id { is_descending } if is_descending || !is_listed);
        let entries = if is_collected { candidates } else { visited };
        let sorting = if need == Need::Order { self.sort_cost(plan) } else { 0.0 };
        sorting + INDEX_START * float(index.ranges.len() as u64) + entries * INDEX_ENTRY + visited * LOOKUP
    }

    /// The cost of the documents that are in both.
    pub(super) fn intersection_cost(&self, first: &IndexRanges, second: &IndexRanges) -> f64 {
        let (a, b) = (float(first.estimated), float(second.estimated));
        let starts = INDEX_START * float((first.ranges.len() + second.ranges.len()) as u64);
        starts + (a + b) * INDEX_ENTRY + a * b / self.documents * LOOKUP
    }

    /// The cost of the documents that are in any of several.
    pub(super) fn union_cost(&self, union: &Union, plan: &Plan, need: Need) -> f64 {
        let candidates = float(union.estimated());
        let visited = Self::visited(candidates, self.all / part(union.estimated(), self.documents), plan, need);
        let starts: usize = union.indexes.iter().map(|index| index.ranges.len()).sum();
        let entries = if need.can_merge(&union.indexes) { visited } else { candidates };
        let sorting = if need == Need::Order { self.sort_cost(plan) } else { 0.0 };
        sorting + INDEX_START * float(starts as u64) + entries * INDEX_ENTRY + visited * LOOKUP
    }

    /// The cost of the index that gives the rows in the order of the query.
    pub(super) fn order_cost(&self, index: &IndexRanges, plan: &Plan) -> f64 {
        let kept = self.all / fraction(index, self.documents);
        let visited = Self::visited(float(index.estimated), kept, plan, Need::Id { is_descending: false });
        INDEX_START * float(index.ranges.len() as u64) + visited * (INDEX_ENTRY + LOOKUP)
    }
}

/// The cost of walking over the postings of a search, of which the shortest list has so many; the rows come on top.
pub(super) fn of_postings(texts: u64, lists: usize) -> f64 {
    float(texts) * (POSTING * float(lists as u64) + LOOKUP)
}

/// The cost of seeking so many documents of an index in each list of a search.
pub(super) fn of_seeks(documents: u64, lists: usize) -> f64 {
    float(documents) * (INDEX_ENTRY + POSTING_SOUGHT * float(lists as u64))
}

fn fraction(index: &IndexRanges, documents: f64) -> f64 {
    part(index.estimated, documents)
}

/// Which part of the documents so many are.
fn part(estimated: u64, documents: f64) -> f64 {
    (float(estimated) / documents).clamp(1.0 / documents, 1.0)
}

#[expect(clippy::cast_precision_loss, reason = "a cost is no exact figure")]
const fn float(count: u64) -> f64 {
    count as f64
}
