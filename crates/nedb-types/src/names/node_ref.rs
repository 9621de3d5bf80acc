//! One end of a relation: a document named by its collection and id.

use super::{Collection, DocId};
use crate::{Error, ErrorCode, Result};
use std::fmt;
use std::str::FromStr;

/// Names one end of a relation, in text `collection:id`; the first colon divides them.
///
/// # Examples
///
/// ```
/// use nedb_types::NodeRef;
///
/// let node = NodeRef::parse("file:C:/data")?;
/// assert_eq!(node.collection().as_str(), "file");
/// assert_eq!(node.id().as_bytes(), b"C:/data");
/// assert_eq!(node.to_string(), "file:C:/data");
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeRef {
    collection: Collection,
    id: DocId,
}

impl NodeRef {
    /// Joins a collection and an id.
    pub const fn new(collection: Collection, id: DocId) -> Self {
        Self { collection, id }
    }

    /// Parses `collection:id`.
    ///
    /// # Errors
    ///
    /// `invalid_node` when there is no colon, or a part is not allowed; the limits keep their own codes.
    pub fn parse(text: &str) -> Result<Self> {
        let Some((collection, id)) = text.split_once(':') else {
            return Err(Error::new(ErrorCode::InvalidNode, format!("node {text:?} has no colon")));
        };
        Ok(Self { collection: Collection::new(collection).map_err(as_node)?, id: DocId::new(id).map_err(as_node)? })
    }

    /// Returns the collection.
    pub const fn collection(&self) -> &Collection {
        &self.collection
    }

    /// Returns the document id.
    pub const fn id(&self) -> &DocId {
        &self.id
    }
}

impl FromStr for NodeRef {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.collection, self.id)
    }
}

fn as_node(error: Error) -> Error {
    match error.code() {
        ErrorCode::InvalidName | ErrorCode::InvalidId => {
            Error::new(ErrorCode::InvalidNode, format!("node: {}", error.message()))
        }
        _ => error.context("node"),
    }
}
