//! The choice of the way to the documents of a SEARCH.
//!
//! ```text
//! no index of this rule, or nothing that must be there ──> every text of the collection
//! ORDER BY _score DESC LIMIT k                         ──> postings, by rank; k documents are read
//! a filter that leaves fewer documents than the words  ──> its documents, each sought in the postings
//! else                                                 ──> postings, by id
//! ```
//! Promises: whatever is chosen, the same documents get the same scores. Leaves to others: walking postings.

use nedb_index::TextMatches;
use nedb_nql::{OrderKey, Plan, SearchQuery, SortDirection};
use nedb_types::{DocId, FieldPath, PathStep, Result};

use super::{Access, choose, cost};
use crate::{
    query::{
        guard::Guard,
        operator::{
            Source,
            texts::{IndexedSearch, TextsAmong, TextsById, TextsByRank},
        },
    },
    read::Snapshot,
    secondary::{IndexOrigin, SearchRule},
};

/// What was chosen.
pub(crate) struct SearchChoice {
    /// What is searched, and how words are cut.
    pub(crate) rule: SearchRule,
    /// The way over an index; without one every text is looked at.
    pub(crate) way: Option<SearchWay>,
    /// Whether an index could have spared the look at every text.
    pub(crate) is_wished: bool,
}

/// The way to the documents over an index of words.
pub(crate) struct SearchWay {
    search: IndexedSearch,
    matches: TextMatches,
    order: SearchOrder,
    text: String,
    is_automatic: bool,
}

enum SearchOrder {
    Id,
    /// The best so many, and more when some of them are no rows.
    Rank(u64),
    /// Those of these documents that have the words.
    Among(Vec<DocId>),
}

/// Chooses the way.
pub(crate) fn choose_search(
    snapshot: &Snapshot,
    plan: &Plan,
    search: &SearchQuery,
    guard: &Guard,
) -> Result<SearchChoice> {
    let rule = snapshot.search_rule(&plan.collection);
    let query = rule.query(search);
    if query.required.is_empty() {
        return Ok(SearchChoice { rule, way: None, is_wished: false });
    }
    let Some(reader) = snapshot.texts(&plan.collection, &rule, &|| guard.check())? else {
        let is_wished = rule == SearchRule::EVERY;
        return Ok(SearchChoice { rule, way: None, is_wished });
    };
    let is_automatic = reader.origin() == IndexOrigin::Automatic;
    let search_in = IndexedSearch { reader, query };
    let matches = search_in.matches(guard)?;
    let rows = ranked_rows(plan);
    let order = match among(snapshot, plan, &matches, guard)? {
        Some(ids) => SearchOrder::Among(ids),
        None => rows.map_or(SearchOrder::Id, SearchOrder::Rank),
    };
    let text = search.to_string();
    let way = SearchWay { search: search_in, matches, order, text, is_automatic };
    Ok(SearchChoice { rule, way: Some(way), is_wished: false })
}

/// How many rows are wanted, when they are wanted by rank.
fn ranked_rows(plan: &Plan) -> Option<u64> {
    let is_ranked = match plan.order.as_slice() {
        [OrderKey { path, direction: SortDirection::Descending }] => is_score(path),
        _ => false,
    };
    let limit = plan.limit.filter(|_| is_ranked && plan.grouping.is_none() && plan.steps.is_empty())?;
    Some(limit.saturating_add(plan.offset))
}

fn is_score(path: &FieldPath) -> bool {
    matches!(path.steps(), [PathStep::Field(name)] if name == "_score")
}

/// The documents that the filter leaves by what an index or an id tells, when seeking them is cheaper than all postings.
fn among(snapshot: &Snapshot, plan: &Plan, matches: &TextMatches, guard: &Guard) -> Result<Option<Vec<DocId>>> {
    if plan.filter.is_always() {
        return Ok(None);
    }
    let mut filtered = plan.clone();
    (filtered.search, filtered.order, filtered.limit, filtered.offset) = (None, Vec::new(), None, 0);
    (filtered.steps, filtered.grouping) = (Vec::new(), None);
    let access = choose(snapshot, &filtered, guard)?.access;
    if matches!(access, Access::Scan { .. }) {
        return Ok(None);
    }
    let candidates = access.estimated().unwrap_or(u64::MAX);
    if cost::of_seeks(candidates, matches.list_count()) > cost::of_postings(matches.estimate(), matches.list_count()) {
        return Ok(None);
    }
    access.into_ids(guard).map(Some)
}

impl SearchWay {
    /// The name of the step.
    pub(crate) const fn operator(&self) -> &'static str {
        match self.order {
            SearchOrder::Id | SearchOrder::Rank(_) => "search index",
            SearchOrder::Among(_) => "search intersection",
        }
    }

    /// What the step works on.
    pub(crate) fn detail(&self, rule: &SearchRule, plan: &Plan) -> String {
        let order = match &self.order {
            SearchOrder::Id => "by _id".to_owned(),
            SearchOrder::Rank(rows) => format!("by rank, the best {rows}"),
            SearchOrder::Among(ids) => format!("among {} documents of the filter, by _id", ids.len()),
        };
        let origin = if self.is_automatic { " (automatic)" } else { "" };
        format!("{} in {rule} of {}{origin}, {order}", self.text, plan.collection)
    }

    /// How many documents there are at most.
    pub(crate) fn estimated(&self) -> u64 {
        match &self.order {
            SearchOrder::Id | SearchOrder::Rank(_) => self.matches.estimate(),
            SearchOrder::Among(ids) => self.matches.estimate().min(ids.len() as u64),
        }
    }

    /// Whether rows come in the order that the query asks for.
    pub(crate) fn is_ordered(&self) -> bool {
        matches!(self.order, SearchOrder::Rank(_))
    }

    /// The documents on this way.
    pub(crate) fn source(self, snapshot: &Snapshot, plan: &Plan) -> Box<dyn Source> {
        self.search.reader.note_use();
        let (collection, found) = (&plan.collection, (self.search, self.matches));
        match self.order {
            SearchOrder::Id => Box::new(TextsById::new(snapshot, collection, found.0, found.1)),
            SearchOrder::Rank(rows) => Box::new(TextsByRank::new(snapshot, collection, found, rows)),
            SearchOrder::Among(ids) => Box::new(TextsAmong::new(snapshot, collection, found, ids)),
        }
    }
}
