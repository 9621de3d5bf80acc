//! Edges from a field: `depends:depends` makes the names in a document's `depends` its edges of that relation.
//!
//! The field is the truth for the relation: edges to names that a new version no longer has end with it. So a graph that is
//! imported release by release is right as of each of them.

use std::{collections::BTreeMap, str::FromStr};

use nedb::{AsOf, Direction, Op};
use nedb_types::{Collection, DocId, DocumentRef, Error, ErrorCode, NodeRef, Relation, Result, ValueRef};

use crate::subject::Opened;

/// Which field makes which edges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRule {
    /// The field: an id or an array of ids.
    pub field: String,
    /// The relation of the edges.
    pub relation: Relation,
    /// The collection they lead to; the document's own unless named.
    pub target: Option<Collection>,
}

impl FromStr for LinkRule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.splitn(3, ':');
        let (Some(field), Some(relation)) = (parts.next().filter(|field| !field.is_empty()), parts.next()) else {
            let message = format!("{text:?} is not FIELD:RELATION or FIELD:RELATION:COLLECTION");
            return Err(Error::new(ErrorCode::InvalidArgument, message));
        };
        let target = parts.next().map(Collection::new).transpose()?;
        Ok(Self { field: field.to_owned(), relation: Relation::new(relation)?, target })
    }
}

impl LinkRule {
    /// The nodes that the document's edges lead to, each once, in the order of the field.
    pub fn targets(&self, own: &Collection, document: &DocumentRef<'_>) -> Result<Vec<NodeRef>> {
        let collection = self.target.as_ref().unwrap_or(own);
        let mut targets = Vec::new();
        match document.get(&self.field)? {
            None | Some(ValueRef::Null) => {}
            Some(ValueRef::Array(array)) => {
                for element in array.iter() {
                    self.push(&mut targets, collection, &element?)?;
                }
            }
            Some(single) => self.push(&mut targets, collection, &single)?,
        }
        Ok(targets)
    }

    fn push(&self, targets: &mut Vec<NodeRef>, collection: &Collection, value: &ValueRef<'_>) -> Result<()> {
        let id = match value {
            ValueRef::String(text) => DocId::new(text)?,
            ValueRef::I64(number) => DocId::new(number.to_string())?,
            _ => {
                let message = format!("expected an id or an array of ids in {:?}, the field of --links", self.field);
                return Err(Error::new(ErrorCode::InvalidValue, message));
            }
        };
        let node = NodeRef::new(collection.clone(), id);
        if !targets.contains(&node) {
            targets.push(node);
        }
        Ok(())
    }
}

/// The edges that earlier records of the same transaction leave behind, which a snapshot does not show yet.
#[derive(Default)]
pub struct Pending {
    edges: BTreeMap<(NodeRef, usize), Vec<NodeRef>>,
}

impl Pending {
    /// The operations that turn the node's edges of a rule into these.
    pub fn ops(
        &mut self,
        db: &Opened,
        from: &NodeRef,
        rule: (usize, &LinkRule),
        wanted: &[NodeRef],
    ) -> Result<Vec<Op>> {
        let (index, LinkRule { relation, .. }) = rule;
        let before = match self.edges.insert((from.clone(), index), wanted.to_vec()) {
            Some(before) => before,
            None => present(db, from, relation)?,
        };
        let from = from.to_string();
        let ends = before.iter().filter(|node| !wanted.contains(node));
        let ends = ends.map(|node| Op::unlink(from.as_str(), relation.as_str(), node.to_string()));
        let begins = wanted.iter().filter(|node| !before.contains(node));
        let begins = begins.map(|node| Op::link(from.as_str(), relation.as_str(), node.to_string()));
        Ok(ends.chain(begins).collect())
    }
}

fn present(db: &Opened, from: &NodeRef, relation: &Relation) -> Result<Vec<NodeRef>> {
    let neighbors = db.neighbors(&from.to_string(), relation.as_str(), Direction::Outbound, AsOf::Head)?;
    Ok(neighbors.into_iter().map(|neighbor| neighbor.node).collect())
}

#[cfg(test)]
mod tests {
    use nedb_types::document::json_to_document;

    use super::*;

    #[test]
    fn a_rule_is_a_field_a_relation_and_perhaps_a_collection() {
        let rule: LinkRule = "depends:needs:packages".parse().unwrap();
        assert_eq!((rule.field.as_str(), rule.relation.as_str()), ("depends", "needs"));
        assert_eq!(rule.target.unwrap().as_str(), "packages");
        for wrong in ["depends", "", ":r", "f:", "f:r:"] {
            assert!(wrong.parse::<LinkRule>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn targets_are_the_ids_of_the_field_each_once() {
        let rule: LinkRule = "d:needs".parse().unwrap();
        let own = Collection::new("c").unwrap();
        let targets = |json: &str| {
            let document = json_to_document(json.as_bytes()).unwrap();
            rule.targets(&own, &document.as_document())
                .map(|nodes| nodes.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(targets(r#"{"d":["ä",7,"ä"]}"#).unwrap(), ["c:ä", "c:7"]);
        assert_eq!(targets(r#"{"d":"x"}"#).unwrap(), ["c:x"]);
        assert!(targets(r#"{"d":null}"#).unwrap().is_empty());
        assert!(targets("{}").unwrap().is_empty());
        assert_eq!(targets(r#"{"d":[true]}"#).unwrap_err().code(), ErrorCode::InvalidValue);
        assert_eq!(targets(r#"{"d":[""]}"#).unwrap_err().code(), ErrorCode::InvalidId);
    }
}
