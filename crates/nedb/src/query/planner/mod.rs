//! The choice of the way to the documents.
//!
//! Promises: every way shows at least the documents that the filter keeps, once each, and in the order that the query needs
//! where it says so; the filter judges each of them again. So the answer is the same whatever is chosen. Leaves to others:
//! what the ways do.

mod access;
mod cost;
mod ids;
mod range;
mod search;
mod union;

use std::collections::BTreeMap;

use nedb_index::KeyRange;
use nedb_nql::{Plan, Predicate, SortDirection};
use nedb_types::{FieldPath, Result, Value, key};

use self::{access::Joined, cost::Fractions, range::Asked};
pub(crate) use self::{
    access::{Access, IndexRanges},
    ids::is_id,
    range::ValueRange,
    search::{SearchChoice, SearchWay, choose_search},
};
use super::{guard::Guard, operator::scan::ScanOrder};
use crate::{read::Snapshot, secondary::Wished};

/// How many ranges of one index are estimated one by one; more are taken to be like these.
const ESTIMATED_RANGES_MAX: usize = 64;

/// Most lists of ids that are merged: each is a scan of its own with some kilobytes.
const MERGED_LISTS_MAX: usize = 64;

/// What was chosen.
pub(crate) struct Choice {
    pub(crate) access: Access,
    /// How many documents the filter is expected to keep, where indexes know each of its conditions.
    pub(crate) kept: Option<u64>,
    /// The field whose index would have spared a scan.
    pub(crate) wish: Option<Wished>,
}

/// In which order the documents are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// By id.
    Id { is_descending: bool },
    /// By the keys of ORDER BY; what comes otherwise is sorted.
    Order,
    /// In none.
    Any,
}

impl Need {
    fn of(plan: &Plan) -> Self {
        if plan.grouping.is_some() || !plan.steps.is_empty() {
            return Self::Any;
        }
        match plan.order.first() {
            None => Self::Id { is_descending: false },
            Some(key) if is_id(&key.path) => Self::Id { is_descending: key.direction == SortDirection::Descending },
            Some(_) => Self::Order,
        }
    }
}

impl Need {
    /// Whether the ids of these ranges can be merged one by one as the rows are needed.
    fn can_merge(self, indexes: &[IndexRanges]) -> bool {
        let lists: usize = indexes.iter().map(|index| index.ranges.len()).sum();
        self == (Self::Id { is_descending: false })
            && lists <= MERGED_LISTS_MAX
            && indexes.iter().all(IndexRanges::is_of_single_values)
    }
}

/// Chooses the way.
pub(crate) fn choose(snapshot: &Snapshot, plan: &Plan, guard: &Guard) -> Result<Choice> {
    let certain = |access, kept| Choice { access, kept, wish: None };
    let fields = asked_fields(&plan.filter);
    let need = Need::of(plan);
    let is_impossible = |asked: &Asked| match asked {
        Asked::Points(values) => values.is_empty(),
        Asked::Range(range) => range.is_empty(),
    };
    if plan.filter.is_never() || fields.values().any(is_impossible) {
        return Ok(certain(Access::Nothing, Some(0)));
    }
    if let Some((_, Asked::Points(values))) = fields.iter().find(|(path, _)| is_id(path)) {
        let mut nodes = ids::nodes(&plan.collection, values);
        if need == (Need::Id { is_descending: true }) {
            nodes.reverse();
        }
        return Ok(certain(Access::Keys(nodes), None));
    }
    Planner { snapshot, plan, guard, need, fields }.cheapest()
}

/// What the conditions that must all hold ask of each field.
fn asked_fields(filter: &Predicate) -> BTreeMap<&FieldPath, Asked> {
    let mut fields = BTreeMap::new();
    for asked in filter.conjuncts().iter().filter_map(Predicate::index_use) {
        let keys = Asked::of(asked.keys);
        let together = match fields.remove(asked.path) {
            Some(before) => keys.and(before),
            None => keys,
        };
        fields.insert(asked.path, together);
    }
    fields
}

/// Weighs the ways of one query.
struct Planner<'p> {
    snapshot: &'p Snapshot,
    plan: &'p Plan,
    guard: &'p Guard,
    need: Need,
    fields: BTreeMap<&'p FieldPath, Asked>,
}

impl Planner<'_> {
    fn cheapest(self) -> Result<Choice> {
        let mut indexes = Vec::new();
        for (path, asked) in self.fields.iter().filter(|(path, _)| !is_id(path)) {
            indexes.extend(self.index(path, asked.ranges())?);
        }
        let unions = self.unions()?;
        let documents = self.documents(&indexes);
        let fractions = Fractions::new(documents.max(1), &self.plan.filter, &indexes, &unions);
        let kept = fractions.kept();
        let scan = self.scan(documents);
        let mut best = (fractions.scan_cost(self.plan, self.need), scan);
        let mut offer = |cost: f64, access: Access| {
            if cost < best.0 {
                best = (cost, access);
            }
        };
        if let Some((cost, access)) = self.index_order(&fractions)? {
            offer(cost, access);
        }
        indexes.sort_by_key(|index| index.estimated);
        let mut indexes = indexes.into_iter();
        if let Some(first) = indexes.next() {
            let single = fractions.index_cost(&first, self.plan, self.need);
            match indexes.next() {
                Some(second) if fractions.intersection_cost(&first, &second) < single => {
                    let cost = fractions.intersection_cost(&first, &second);
                    offer(cost, self.ids(vec![first, second]));
                }
                _ => offer(single, self.single(first)),
            }
        }
        for union in unions {
            offer(fractions.union_cost(&union, self.plan, self.need), self.united(union.indexes));
        }
        let access = best.1;
        let wish = matches!(access, Access::Scan { .. }).then(|| self.wish()).flatten().map(Wished::Field);
        Ok(Choice { access, kept, wish })
    }

    /// How many documents the collection has. Of the past it is known that no operation makes more than one, and what indexes say.
    fn documents(&self, indexes: &[IndexRanges]) -> u64 {
        let at_least = indexes.iter().map(|index| index.estimated).max().unwrap_or(0);
        self.snapshot.engine().live_documents(&self.plan.collection).max(at_least).min(self.snapshot.size())
    }

    /// The index on a field, asked for these ranges.
    fn index(&self, path: &FieldPath, ranges: Vec<ValueRange>) -> Result<Option<IndexRanges>> {
        let Some(reader) = self.snapshot.ordered(&self.plan.collection, path, &|| self.guard.check())? else {
            return Ok(None);
        };
        let mut estimated = 0;
        for range in ranges.iter().take(ESTIMATED_RANGES_MAX) {
            estimated += reader.estimate(range.keys())?;
        }
        if ranges.len() > ESTIMATED_RANGES_MAX {
            estimated = estimated * ranges.len() as u64 / ESTIMATED_RANGES_MAX as u64;
        }
        Ok(Some(IndexRanges { path: path.clone(), reader, ranges, estimated }))
    }

    fn scan(&self, documents: u64) -> Access {
        let mut range = KeyRange::prefix(&key::document_prefix(&self.plan.collection));
        let mut documents = Some(documents);
        for (_, asked) in self.fields.iter().filter(|(path, _)| is_id(path)) {
            if let Asked::Range(values) = asked {
                range = ids::narrowed(range, &self.plan.collection, values);
                documents = None;
            }
        }
        let order = match self.need {
            Need::Id { is_descending: false } => ScanOrder::Id,
            Need::Id { is_descending: true } => ScanOrder::IdReverse,
            Need::Order | Need::Any => ScanOrder::Any,
        };
        Access::Scan { range, order, documents }
    }

    /// One index, by id where that is needed and the index does not give it.
    fn single(&self, index: IndexRanges) -> Access {
        let is_by_id = matches!(index.ranges.as_slice(), [range] if range.is_one_key());
        match self.need {
            Need::Id { .. } if !is_by_id && self.need.can_merge(std::slice::from_ref(&index)) => {
                Access::Merge { indexes: vec![index] }
            }
            Need::Id { is_descending } if is_descending || !is_by_id => self.ids(vec![index]),
            _ => Access::Index { index, order: None },
        }
    }

    fn ids(&self, indexes: Vec<IndexRanges>) -> Access {
        self.gathered(indexes, Joined::All)
    }

    fn gathered(&self, indexes: Vec<IndexRanges>, joined: Joined) -> Access {
        Access::Ids { indexes, joined, is_descending: self.need == Need::Id { is_descending: true } }
    }

    /// The documents that any of the indexes shows.
    fn united(&self, indexes: Vec<IndexRanges>) -> Access {
        if self.need.can_merge(&indexes) { Access::Merge { indexes } } else { self.gathered(indexes, Joined::Any) }
    }

    /// The index that gives the rows in the order that is asked for.
    fn index_order(&self, fractions: &Fractions) -> Result<Option<(f64, Access)>> {
        let (Need::Order, [key]) = (self.need, self.plan.order.as_slice()) else { return Ok(None) };
        // Ranges ascend with null first; null and missing belong to the end ASC, and to the beginning DESC.
        let null = ValueRange::point(&Value::Null);
        let mut ranges = match self.fields.get(&key.path) {
            Some(asked) => asked.ranges(),
            None => vec![null.clone(), ValueRange::not_null()],
        };
        if ranges.first() == Some(&null) {
            ranges.rotate_left(1);
        }
        if key.direction == SortDirection::Descending {
            ranges.reverse();
        }
        let Some(index) = self.index(&key.path, ranges)? else { return Ok(None) };
        let cost = fractions.order_cost(&index, self.plan);
        Ok(Some((cost, Access::Index { index, order: Some(key.clone()) })))
    }

    /// The field whose index would spare the scan: one that single values are asked of, else a range, else the order.
    fn wish(&self) -> Option<FieldPath> {
        let mut fields: Vec<_> = self.fields.iter().filter(|(path, _)| !path_is_system(path)).collect();
        fields.sort_by_key(|(_, asked)| matches!(asked, Asked::Range(_)));
        if let Some((path, _)) = fields.first() {
            return Some((**path).clone());
        }
        let order = self.plan.order.first().filter(|key| self.need == Need::Order && !path_is_system(&key.path));
        order.filter(|_| self.plan.limit.is_some() && self.plan.filter.is_always()).map(|key| key.path.clone())
    }
}

/// Whether a path leads to a field that the engine makes, which no index has.
fn path_is_system(path: &FieldPath) -> bool {
    super::field::system_name(path).is_some()
}
