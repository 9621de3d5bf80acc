//! The ways to the documents, and the source of each.

use nedb_index::KeyRange;
use nedb_nql::{OrderKey, Plan, column_name};
use nedb_types::{DocId, FieldPath, NodeRef, Result};

use super::range::ValueRange;
use crate::{
    query::{
        guard::Guard,
        operator::{
            Source,
            index::{IndexScan, intersect, sorted_ids, united_ids},
            keys::KeyLookup,
            merge::IndexMerge,
            scan::{CollectionScan, ScanOrder, Visited},
        },
    },
    read::Snapshot,
    secondary::{IndexOrigin, OrderedReader},
};

/// The way to the documents.
pub(crate) enum Access {
    /// The filter holds for nothing.
    Nothing,
    /// Single documents by their ids, in this order.
    Keys(Vec<NodeRef>),
    /// The documents of a collection whose ids lie in a range; how many the collection has, when it is all of them.
    Scan { range: KeyRange, order: ScanOrder, documents: Option<u64> },
    /// The documents of an index in its order; `order` says that the query asks for it.
    Index { index: IndexRanges, order: Option<OrderKey> },
    /// The documents of an index, or those that are in two, or in any of several, by id; all ids are gathered first.
    Ids { indexes: Vec<IndexRanges>, joined: Joined, is_descending: bool },
    /// The documents with any of several single values, of one index or of several, by id.
    Merge { indexes: Vec<IndexRanges> },
}

/// How several indexes go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joined {
    /// A document must be in all of them.
    All,
    /// It is enough to be in one.
    Any,
}

/// Ranges of one index.
pub(crate) struct IndexRanges {
    pub(crate) path: FieldPath,
    pub(crate) reader: OrderedReader,
    pub(crate) ranges: Vec<ValueRange>,
    pub(crate) estimated: u64,
}

impl Access {
    /// The documents on this way.
    pub(crate) fn source(
        self,
        snapshot: &Snapshot,
        plan: &Plan,
        guard: &Guard,
        visited: &Visited,
    ) -> Result<Box<dyn Source>> {
        self.note_uses();
        Ok(match self {
            Self::Nothing => Box::new(KeyLookup::new(snapshot, Vec::new())),
            Self::Keys(nodes) => Box::new(KeyLookup::new(snapshot, nodes)),
            Self::Scan { range, order, .. } => {
                Box::new(CollectionScan::over(snapshot, &range, order)?.counting(visited.clone()))
            }
            Self::Index { index, order } => {
                Box::new(IndexScan::new(snapshot, &plan.collection, index.reader, index.ranges, order))
            }
            Self::Merge { indexes } => Box::new(IndexMerge::new(snapshot, &plan.collection, &indexes)?),
            Self::Ids { indexes, joined, is_descending } => {
                let mut ids = joined.ids(&indexes, guard)?;
                if is_descending {
                    ids.reverse();
                }
                let nodes = ids.into_iter().map(|id| NodeRef::new(plan.collection.clone(), id));
                Box::new(KeyLookup::new(snapshot, nodes.collect()))
            }
        })
    }

    /// The ids on this way in ascending order, without a look at the documents; none for a scan, which knows none before.
    pub(crate) fn into_ids(self, guard: &Guard) -> Result<Vec<DocId>> {
        self.note_uses();
        match self {
            Self::Nothing | Self::Scan { .. } => Ok(Vec::new()),
            Self::Keys(nodes) => {
                let mut ids: Vec<DocId> = nodes.into_iter().map(|node| node.id().clone()).collect();
                ids.sort_unstable();
                Ok(ids)
            }
            Self::Index { index, .. } => Joined::All.ids(&[index], guard),
            Self::Ids { indexes, joined, .. } => joined.ids(&indexes, guard),
            Self::Merge { indexes } => Joined::Any.ids(&indexes, guard),
        }
    }

    fn note_uses(&self) {
        match self {
            Self::Index { index, .. } => index.reader.note_use(),
            Self::Ids { indexes, .. } | Self::Merge { indexes } => {
                for index in indexes {
                    index.reader.note_use();
                }
            }
            Self::Nothing | Self::Keys(_) | Self::Scan { .. } => {}
        }
    }

    /// The name of the step.
    pub(crate) fn operator(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Keys(_) => "look up",
            Self::Scan { .. } => "scan",
            Self::Index { order: Some(_), .. } => "index order",
            Self::Ids { indexes, joined: Joined::All, .. } if indexes.len() > 1 => "index intersection",
            Self::Ids { indexes, .. } | Self::Merge { indexes } if indexes.len() > 1 => "index union",
            Self::Index { order: None, .. } | Self::Ids { .. } | Self::Merge { .. } => "index range",
        }
    }

    /// What the step works on.
    pub(crate) fn detail(&self, snapshot: &Snapshot, plan: &Plan) -> String {
        let collection = &plan.collection;
        let texts = |indexes: &[IndexRanges], between: &str| {
            let texts: Vec<String> = indexes.iter().map(|index| index.text(snapshot, plan)).collect();
            format!("{}, by _id", texts.join(between))
        };
        match self {
            Self::Nothing => "the filter holds for nothing".to_owned(),
            Self::Keys(_) => format!("{collection} by _id"),
            Self::Scan { order, documents, .. } => {
                let part = if documents.is_some() { "all documents" } else { "a range of _id" };
                let order = match order {
                    ScanOrder::Any => "in the order of the log",
                    ScanOrder::Id => "by _id",
                    ScanOrder::IdReverse => "by _id descending",
                };
                format!("{collection}, {part}, {order}")
            }
            Self::Index { index, order } => match order {
                Some(key) => format!("{} in the order {key}", index.text(snapshot, plan)),
                None => index.text(snapshot, plan),
            },
            Self::Ids { indexes, joined: Joined::All, .. } => texts(indexes, " and "),
            Self::Ids { indexes, .. } | Self::Merge { indexes } => texts(indexes, " or "),
        }
    }

    /// How many rows the step is expected to give at most, where an index, the collection or the query tells.
    pub(crate) fn estimated(&self) -> Option<u64> {
        match self {
            Self::Nothing => Some(0),
            Self::Keys(nodes) => Some(nodes.len() as u64),
            Self::Scan { documents, .. } => *documents,
            Self::Index { index, .. } => Some(index.estimated),
            Self::Ids { indexes, joined: Joined::All, .. } => indexes.iter().map(|index| index.estimated).min(),
            Self::Ids { indexes, .. } | Self::Merge { indexes } => {
                Some(indexes.iter().map(|index| index.estimated).sum())
            }
        }
    }

    /// Whether rows come in the order that the query asks for.
    pub(crate) fn is_ordered(&self, plan: &Plan) -> bool {
        let is_by_id = plan.order.first().is_some_and(|key| super::ids::is_id(&key.path));
        match self {
            Self::Nothing => true,
            Self::Index { order, .. } => order.is_some(),
            Self::Scan { order, .. } => is_by_id && *order != ScanOrder::Any,
            Self::Keys(_) | Self::Ids { .. } | Self::Merge { .. } => is_by_id,
        }
    }
}

impl Joined {
    fn ids(self, indexes: &[IndexRanges], guard: &Guard) -> Result<Vec<DocId>> {
        match (self, indexes) {
            (Self::Any, _) => united_ids(indexes, guard),
            (Self::All, []) => Ok(Vec::new()),
            (Self::All, [first, others @ ..]) => {
                let mut ids = sorted_ids(first, guard)?;
                for other in others {
                    ids = intersect(ids, &sorted_ids(other, guard)?);
                }
                Ok(ids)
            }
        }
    }
}

impl IndexRanges {
    /// Whether each range is of one value, so that its ids ascend.
    pub(super) fn is_of_single_values(&self) -> bool {
        self.ranges.iter().all(ValueRange::is_one_key)
    }

    fn text(&self, snapshot: &Snapshot, plan: &Plan) -> String {
        let field = column_name(&self.path);
        let infos = snapshot.engine().index_infos();
        let is_automatic = infos.iter().any(|info| {
            info.collection == plan.collection.as_str()
                && info.field == self.path.to_string()
                && info.origin == IndexOrigin::Automatic
        });
        let origin = if is_automatic { " (automatic)" } else { "" };
        let ranges = match self.ranges.len() {
            1 => String::new(),
            count => format!(", {count} ranges"),
        };
        format!("{}.{field}{origin}{ranges}", plan.collection)
    }
}
