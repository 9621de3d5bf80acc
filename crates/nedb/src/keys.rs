//! What a version belongs to: a document or an edge.
//!
//! It makes the index key of either and tells whether a record is a version of it. The layout of index keys is left to
//! `nedb_types::key`.

use nedb_log::{OpKind, Record};
use nedb_types::{Collection, DocId, NodeRef, Relation, Result, key};

/// The identity that a chain of versions shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A document of a collection.
    Document { collection: Collection, id: DocId },
    /// A directed, named edge between two nodes.
    Edge { from: NodeRef, relation: Relation, to: NodeRef },
}

impl Key {
    pub(crate) fn document(collection: &str, id: &[u8]) -> Result<Self> {
        Ok(Self::Document { collection: Collection::new(collection)?, id: DocId::new(id)? })
    }

    pub(crate) fn edge(from: &str, relation: &str, to: &str) -> Result<Self> {
        let (from, to) = (NodeRef::parse(from)?, NodeRef::parse(to)?);
        Ok(Self::Edge { from, relation: Relation::new(relation)?, to })
    }

    /// The key that the record's chain belongs to; `None` for a record that is no version of anything.
    pub(crate) fn of(record: &Record<'_>) -> Result<Option<Self>> {
        let Some(payload) = record.payload else { return Ok(None) };
        let collection = record.entry.collection();
        match record.entry.kind() {
            OpKind::Put | OpKind::Delete | OpKind::Expire => Self::document(collection, payload.id).map(Some),
            OpKind::Link | OpKind::Unlink => {
                let Some(target) = payload.relation() else { return Ok(None) };
                Ok(Some(Self::Edge {
                    from: NodeRef::new(Collection::new(collection)?, DocId::new(payload.id)?),
                    relation: Relation::new(target.relation)?,
                    to: NodeRef::new(Collection::new(target.to_collection)?, DocId::new(target.to_id)?),
                }))
            }
            _ => Ok(None),
        }
    }

    /// The bytes under which the key index knows the key.
    pub(crate) fn index_key(&self) -> Vec<u8> {
        match self {
            Self::Document { collection, id } => key::document_key(collection, id),
            Self::Edge { from, relation, to } => key::edge_key(from, relation, to),
        }
    }

    /// The second index key of an edge, ordered by where it leads.
    pub(crate) fn reverse_index_key(&self) -> Option<Vec<u8>> {
        match self {
            Self::Document { .. } => None,
            Self::Edge { from, relation, to } => Some(key::reverse_edge_key(from, relation, to)),
        }
    }

    /// The collection that the entry of a version names.
    pub(crate) fn collection(&self) -> &Collection {
        match self {
            Self::Document { collection, .. } => collection,
            Self::Edge { from, .. } => from.collection(),
        }
    }

    /// The id that the payload of a version names.
    pub(crate) fn id(&self) -> &DocId {
        match self {
            Self::Document { id, .. } => id,
            Self::Edge { from, .. } => from.id(),
        }
    }

    /// Whether the record is a version of this key.
    pub(crate) fn is_of(&self, record: &Record<'_>) -> bool {
        match self {
            Self::Document { collection, id } => is_document_of(record, collection.as_str(), id.as_bytes()),
            Self::Edge { from, relation, to } => is_edge_of(record, from, relation, to),
        }
    }
}

/// Whether the record is a version of that document.
pub(crate) fn is_document_of(record: &Record<'_>, collection: &str, id: &[u8]) -> bool {
    matches!(record.entry.kind(), OpKind::Put | OpKind::Delete | OpKind::Expire)
        && record.payload.is_some_and(|payload| payload.id == id)
        && record.entry.is_in(collection)
}

fn is_edge_of(record: &Record<'_>, from: &NodeRef, relation: &Relation, to: &NodeRef) -> bool {
    let Some(payload) = record.payload else { return false };
    let Some(target) = payload.relation() else { return false };
    matches!(record.entry.kind(), OpKind::Link | OpKind::Unlink)
        && payload.id == from.id().as_bytes()
        && record.entry.is_in(from.collection().as_str())
        && target.relation == relation.as_str()
        && target.to_collection == to.collection().as_str()
        && target.to_id == to.id().as_bytes()
}
