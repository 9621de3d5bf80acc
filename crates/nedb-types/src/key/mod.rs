//! Keys of the ordered indexes: byte strings whose order is the order of their components.
//!
//! ```text
//! key       = space component* last
//! space     = 0 document | 1 edge forward | 2 edge reverse | 3 expiry
//! component = bytes with 00 written as 00 FF, then the end mark 00 01
//! last      = bytes as they are
//! ```
//!
//! The end mark sorts below every continuation of a component, so a shorter component precedes its extensions,
//! and no component's bytes can be taken for the next one's. Keys of values are made by [`value_key`].

mod ordered;

pub use ordered::{VALUE_KEY_BYTES_MAX, has_whole_value, stored_value_key_into, value_key, value_key_into};

use crate::codec::Reader;
use crate::{Collection, DocId, NodeRef, Relation, Result, Timestamp};

/// Is the first byte of the key of a document.
pub const SPACE_DOCUMENT: u8 = 0;
/// Is the first byte of the key of an edge, ordered by its start.
pub const SPACE_EDGE: u8 = 1;
/// Is the first byte of the key of an edge, ordered by its end.
pub const SPACE_EDGE_REVERSE: u8 = 2;
/// Is the first byte of the key of an expiry, ordered by its moment.
pub const SPACE_EXPIRY: u8 = 3;

const ZERO_ESCAPE: u8 = 0xff;
const END_MARK: u8 = 0x01;

/// Makes the key of a document.
///
/// # Examples
///
/// ```
/// use nedb_types::{Collection, DocId, key};
///
/// let key = key::document_key(&Collection::new("c")?, &DocId::new("1")?);
/// assert_eq!(key, [0, b'c', 0, 1, b'1']);
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn document_key(collection: &Collection, id: &DocId) -> Vec<u8> {
    let mut key = Vec::with_capacity(3 + collection.as_bytes().len() + id.as_bytes().len());
    document_key_into(&mut key, collection, id);
    key
}

/// Appends the key of a document to a buffer that the caller reuses.
pub fn document_key_into(key: &mut Vec<u8>, collection: &Collection, id: &DocId) {
    key.push(SPACE_DOCUMENT);
    push_component(key, collection.as_bytes());
    key.extend_from_slice(id.as_bytes());
}

/// Appends the key of a document whose names are not checked yet: the way of a point read, which needs nothing else.
///
/// # Errors
///
/// Those of [`Collection::new`] and [`DocId::new`]; nothing was appended then.
///
/// # Examples
///
/// ```
/// use nedb_types::{Collection, DocId, key};
///
/// let mut key = Vec::new();
/// key::checked_document_key_into(&mut key, "c", b"1")?;
/// assert_eq!(key, key::document_key(&Collection::new("c")?, &DocId::new("1")?));
/// assert!(key::checked_document_key_into(&mut key, "a:b", b"1").is_err());
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn checked_document_key_into(key: &mut Vec<u8>, collection: &str, id: &[u8]) -> Result<()> {
    Collection::check(collection)?;
    DocId::check(id)?;
    key.reserve(4 + collection.len() + id.len());
    key.push(SPACE_DOCUMENT);
    push_component(key, collection.as_bytes());
    key.extend_from_slice(id);
    Ok(())
}

/// Returns what the key of a document consists of, for whoever needs no more than its hash.
///
/// # Errors
///
/// Those of [`Collection::new`] and [`DocId::new`].
///
/// # Examples
///
/// ```
/// use nedb_types::{Collection, DocId, key};
///
/// let parts = key::checked_document_key_parts("c", b"1")?;
/// assert_eq!(parts.concat(), key::document_key(&Collection::new("c")?, &DocId::new("1")?));
/// assert!(key::checked_document_key_parts("a:b", b"1").is_err());
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[inline]
pub fn checked_document_key_parts<'a>(collection: &'a str, id: &'a [u8]) -> Result<[&'a [u8]; 4]> {
    Collection::check(collection)?;
    DocId::check(id)?;
    // The name has no zero byte that would be written otherwise.
    Ok([&[SPACE_DOCUMENT], collection.as_bytes(), &[0, END_MARK], id])
}

/// Appends an id that is not checked yet to the [`document_prefix`] of its collection, which many keys share.
///
/// # Errors
///
/// Those of [`DocId::new`]; nothing was appended then.
///
/// # Examples
///
/// ```
/// use nedb_types::{Collection, DocId, key};
///
/// let collection = Collection::new("c")?;
/// let mut key = key::document_prefix(&collection);
/// key::push_checked_id(&mut key, b"1")?;
/// assert_eq!(key, key::document_key(&collection, &DocId::new("1")?));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[inline]
pub fn push_checked_id(key: &mut Vec<u8>, id: &[u8]) -> Result<()> {
    DocId::check(id)?;
    key.extend_from_slice(id);
    Ok(())
}

/// Makes the prefix that exactly the documents of a collection share.
pub fn document_prefix(collection: &Collection) -> Vec<u8> {
    prefix(SPACE_DOCUMENT, &[collection.as_bytes()])
}

/// Divides the key of a document into its collection and id.
///
/// # Errors
///
/// `corrupt` when the bytes are not such a key.
pub fn split_document_key(key: &[u8]) -> Result<(Collection, DocId)> {
    let mut parts = Parts::new(key, SPACE_DOCUMENT, "document key")?;
    let collection = parts.name(Collection::new)?;
    Ok((collection, parts.last_id()?))
}

/// Makes the key of an edge, ordered by start, relation, end.
pub fn edge_key(from: &NodeRef, relation: &Relation, to: &NodeRef) -> Vec<u8> {
    whole_edge_key(SPACE_EDGE, from, relation, to)
}

/// Makes the key of an edge, ordered by end, relation, start.
pub fn reverse_edge_key(from: &NodeRef, relation: &Relation, to: &NodeRef) -> Vec<u8> {
    whole_edge_key(SPACE_EDGE_REVERSE, to, relation, from)
}

/// Makes the prefix that exactly the edges from a node share.
pub fn edge_node_prefix(from: &NodeRef) -> Vec<u8> {
    prefix(SPACE_EDGE, &node_parts(from))
}

/// Makes the prefix that exactly the edges from a node by one relation share.
pub fn edge_prefix(from: &NodeRef, relation: &Relation) -> Vec<u8> {
    let [collection, id] = node_parts(from);
    prefix(SPACE_EDGE, &[collection, id, relation.as_bytes()])
}

/// Makes the prefix that exactly the reverse keys of the edges to a node share.
pub fn reverse_edge_node_prefix(to: &NodeRef) -> Vec<u8> {
    prefix(SPACE_EDGE_REVERSE, &node_parts(to))
}

/// Makes the prefix that exactly the reverse keys of the edges to a node by one relation share.
pub fn reverse_edge_prefix(to: &NodeRef, relation: &Relation) -> Vec<u8> {
    let [collection, id] = node_parts(to);
    prefix(SPACE_EDGE_REVERSE, &[collection, id, relation.as_bytes()])
}

/// Is an edge: two nodes and the relation that leads from the first to the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The start.
    pub from: NodeRef,
    /// The relation.
    pub relation: Relation,
    /// The end.
    pub to: NodeRef,
}

/// Divides a forward edge key.
///
/// # Errors
///
/// `corrupt` when the bytes are not such a key.
pub fn split_edge_key(key: &[u8]) -> Result<Edge> {
    let (from, relation, to) = split_whole_edge_key(key, SPACE_EDGE)?;
    Ok(Edge { from, relation, to })
}

/// Divides a reverse edge key; the result has the edge's own direction.
///
/// # Errors
///
/// `corrupt` when the bytes are not such a key.
pub fn split_reverse_edge_key(key: &[u8]) -> Result<Edge> {
    let (to, relation, from) = split_whole_edge_key(key, SPACE_EDGE_REVERSE)?;
    Ok(Edge { from, relation, to })
}

/// Makes the key of an expiry: the moment first, then the key of what expires.
pub fn expiry_key(at: Timestamp, key: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(9 + key.len());
    bytes.push(SPACE_EXPIRY);
    bytes.extend_from_slice(&ordered_moment(at));
    bytes.extend_from_slice(key);
    bytes
}

/// Makes the bound below which lie exactly the expiries before a moment.
pub fn expiry_bound(at: Timestamp) -> Vec<u8> {
    expiry_key(at, &[])
}

/// Divides the key of an expiry into the moment and the key of what expires.
///
/// # Errors
///
/// `corrupt` when the bytes are not such a key.
pub fn split_expiry_key(key: &[u8]) -> Result<(Timestamp, &[u8])> {
    let mut parts = Parts::new(key, SPACE_EXPIRY, "expiry key")?;
    let moment = i64::from_be_bytes(parts.reader.array()?) ^ i64::MIN;
    Ok((Timestamp::from_micros(moment), parts.reader.rest()))
}

/// Returns the least byte string above every string with this prefix, or `None` if there is no such string.
///
/// # Examples
///
/// ```
/// use nedb_types::key::prefix_successor;
///
/// assert_eq!(prefix_successor(b"ab"), Some(b"ac".to_vec()));
/// assert_eq!(prefix_successor(&[1, 0xff]), Some(vec![2]));
/// assert_eq!(prefix_successor(&[0xff]), None);
/// ```
pub fn prefix_successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut successor = prefix.to_vec();
    while let Some(last) = successor.pop() {
        if let Some(next) = last.checked_add(1) {
            successor.push(next);
            return Some(successor);
        }
    }
    None
}

fn whole_edge_key(space: u8, near: &NodeRef, relation: &Relation, far: &NodeRef) -> Vec<u8> {
    let [collection, id] = node_parts(near);
    let mut key = prefix(space, &[collection, id, relation.as_bytes(), far.collection().as_bytes()]);
    key.extend_from_slice(far.id().as_bytes());
    key
}

fn split_whole_edge_key(key: &[u8], space: u8) -> Result<(NodeRef, Relation, NodeRef)> {
    let mut parts = Parts::new(key, space, "edge key")?;
    let near = NodeRef::new(parts.name(Collection::new)?, parts.id()?);
    let relation = parts.name(Relation::new)?;
    let far = NodeRef::new(parts.name(Collection::new)?, parts.last_id()?);
    Ok((near, relation, far))
}

fn node_parts(node: &NodeRef) -> [&[u8]; 2] {
    [node.collection().as_bytes(), node.id().as_bytes()]
}

fn prefix(space: u8, components: &[&[u8]]) -> Vec<u8> {
    let length: usize = components.iter().map(|component| component.len() + 2).sum();
    let mut key = Vec::with_capacity(1 + length);
    key.push(space);
    for component in components {
        push_component(&mut key, component);
    }
    key
}

fn push_component(key: &mut Vec<u8>, component: &[u8]) {
    if component.contains(&0) {
        for &byte in component {
            key.push(byte);
            if byte == 0 {
                key.push(ZERO_ESCAPE);
            }
        }
    } else {
        key.extend_from_slice(component);
    }
    key.extend_from_slice(&[0, END_MARK]);
}

/// Writes a moment so that the order of the bytes is the order of time, before the epoch as well.
fn ordered_moment(at: Timestamp) -> [u8; 8] {
    (at.as_micros() ^ i64::MIN).to_be_bytes()
}

/// Reads the components of a key one after the other.
struct Parts<'a> {
    reader: Reader<'a>,
}

impl<'a> Parts<'a> {
    fn new(key: &'a [u8], space: u8, structure: &'static str) -> Result<Self> {
        let mut reader = Reader::new(key, structure);
        let found = reader.u8()?;
        if found != space {
            return Err(reader.corrupt(format_args!("space byte is {found}, expected {space}")));
        }
        Ok(Self { reader })
    }

    fn component(&mut self) -> Result<Vec<u8>> {
        let mut component = Vec::new();
        loop {
            let byte = self.reader.u8()?;
            if byte == 0 {
                match self.reader.u8()? {
                    END_MARK => return Ok(component),
                    ZERO_ESCAPE => {}
                    other => {
                        return Err(self.reader.corrupt(format_args!("a zero byte is followed by {other}")));
                    }
                }
            }
            component.push(byte);
        }
    }

    fn name<T>(&mut self, make: impl FnOnce(&str) -> Result<T>) -> Result<T> {
        let component = self.component()?;
        let text = std::str::from_utf8(&component);
        let text = text.map_err(|error| self.reader.corrupt("a name is not UTF-8").with_source(error))?;
        make(text).map_err(|error| self.reader.corrupt(error.message()))
    }

    fn id(&mut self) -> Result<DocId> {
        let component = self.component()?;
        DocId::new(component).map_err(|error| self.reader.corrupt(error.message()))
    }

    fn last_id(&self) -> Result<DocId> {
        DocId::new(self.reader.rest()).map_err(|error| self.reader.corrupt(error.message()))
    }
}
