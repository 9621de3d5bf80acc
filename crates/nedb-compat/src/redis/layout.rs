//! Where the parts of a Redis value lie: collections, ids, and how keys and members become them.
//!
//! | what | collection | id | document |
//! |---|---|---|---|
//! | a string | `_kv` | the key | `{_v}` |
//! | the header of a list, a set, a sorted set, or a large hash | `_kv` | the key | `{type, container, count, ..}` |
//! | a hash `coll:id` | `coll` | `id` | the fields |
//! | any other hash | `_hash` | the key | the fields |
//! | a field of a large hash | `_field` | container, field | `{_v}` |
//! | an element of a list | `_list` | container, position | `{_v}` |
//! | a member of a set | `_set` | container, member | `{}` |
//! | a member of a sorted set | `_zset` | container, member | `{score}` |
//! | its place in the order | `_zorder` | container, sortable score, member | `{}` |
//! | an entry of a stream | `_stream` | container, id | `{fields}` |
//! | a group of its consumers | `_group` | container, name | `{token, last, read}` |
//! | a consumer | `_consumer` | container, token, name | `{seen}` |
//! | what was given to one | `_pending` | container, token, id | `{consumer, given, times}` |
//!
//! A container is the 16 hexadecimal digits of a random number that a value gets when it comes into being; so RENAME moves
//! one header, and what an expired value leaves behind is never seen by a later one under its key.
//! `docs/decisions/0013-redis-values-are-documents.md` says why.

use std::cmp::Ordering;
use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicU64};

use nedb::{Collection, RESERVED_FIELDS, Value, ValueRef};
use nedb_types::document::DocumentBuilder;
use nedb_types::hex;

use super::number;

pub(super) const KV: &str = "_kv";
pub(super) const HASH: &str = "_hash";
pub(super) const FIELD: &str = "_field";
pub(super) const LIST: &str = "_list";
pub(super) const SET: &str = "_set";
pub(super) const SORTED: &str = "_zset";
pub(super) const ORDER: &str = "_zorder";
pub(super) const STREAM: &str = "_stream";
pub(super) const GROUP: &str = "_group";
pub(super) const CONSUMER: &str = "_consumer";
pub(super) const PENDING: &str = "_pending";

/// The collections that hold parts of values, not keys.
pub(super) const PARTS: [&str; 9] = [FIELD, LIST, SET, SORTED, ORDER, STREAM, GROUP, CONSUMER, PENDING];

/// The field of a string, an element or a field record that holds its bytes.
pub(super) const VALUE: &str = "_v";

/// Bytes of a container's name.
pub(super) const CONTAINER_BYTES: usize = 16;

/// The name of a container: the digits of a number.
pub(super) type Container = [u8; CONTAINER_BYTES];

/// The digits of a score in an id.
pub(super) const SCORE_BYTES: usize = 16;

/// The place of one document. Clones share its names: a transaction notes each of its documents several times.
#[derive(Clone, Debug)]
pub(super) struct DocKey {
    /// Of the id alone: a key has two places with one id at most.
    hash: u64,
    pub(super) collection: CollectionName,
    pub(super) id: Arc<[u8]>,
}

/// In front of what is hashed, 0 before the first: clients choose ids, and nobody who does not know it can choose those that have one hash. No lock
/// is behind it, which a forked child could find taken by a thread that it does not have.
static HASH_SECRET: AtomicU64 = AtomicU64::new(0);

fn hash_of_id(id: &[u8]) -> u64 {
    let known = HASH_SECRET.load(atomic::Ordering::Relaxed);
    let secret = if known == 0 { draw_hash_secret() } else { known };
    let mut hasher = DefaultHasher::new();
    hasher.write_u64(secret);
    hasher.write(id);
    hasher.finish()
}

#[cold]
fn draw_hash_secret() -> u64 {
    let drawn = RandomState::new().hash_one(0) | 1;
    let order = atomic::Ordering::Relaxed;
    HASH_SECRET.compare_exchange(0, drawn, order, order).map_or_else(|known| known, |_none| drawn)
}

impl PartialEq for DocKey {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.cmp(other) == Ordering::Equal
    }
}

impl Eq for DocKey {}

impl Ord for DocKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.collection.cmp(&other.collection).then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for DocKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A collection of the layout, or one whose documents are hashes.
#[derive(Clone, Debug)]
pub(super) enum CollectionName {
    Own(&'static str),
    Users(Arc<str>),
}

impl Deref for CollectionName {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Own(name) => name,
            Self::Users(name) => name,
        }
    }
}

impl Ord for CollectionName {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, two): (&str, &str) = (self, other);
        // Each name of the layout's own lies in one place: that two are the same needs no look at the letters.
        if std::ptr::eq(one, two) { Ordering::Equal } else { one.cmp(two) }
    }
}

impl PartialOrd for CollectionName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for CollectionName {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for CollectionName {}

impl From<&'static str> for CollectionName {
    fn from(name: &'static str) -> Self {
        Self::Own(name)
    }
}

impl From<Arc<str>> for CollectionName {
    fn from(name: Arc<str>) -> Self {
        Self::Users(name)
    }
}

impl DocKey {
    pub(super) fn new(collection: impl Into<CollectionName>, id: impl Into<Arc<[u8]>>) -> Self {
        let id = id.into();
        Self { hash: hash_of_id(&id), collection: collection.into(), id }
    }

    /// By which tables of this program find it.
    pub(super) fn table_hash(&self) -> u64 {
        self.hash
    }

    /// Where the string or the header of a key lies.
    pub(super) fn value(key: &[u8]) -> Self {
        Self::new(KV, id_of_key(key))
    }

    /// Whether it is the place of that key's string or header; not said of those few whose place is spelled otherwise.
    pub(super) fn is_value_of(&self, key: &[u8]) -> bool {
        !matches!(key.first(), None | Some(0)) && *self.id == *key && *self.collection == *KV
    }

    /// Where the hash of a key lies while it is one document.
    pub(super) fn hash(key: &[u8]) -> Self {
        match collection_and_id(key) {
            Some((collection, id)) => Self::new(Arc::<str>::from(collection), id),
            None => Self::new(HASH, id_of_key(key)),
        }
    }

    /// Where a part of a value lies.
    pub(super) fn part(collection: &'static str, container: &[u8], part: &[u8]) -> Self {
        Self::new(collection, container.iter().chain(part).copied().collect::<Arc<[u8]>>())
    }

    /// The key whose string, header or hash lies here; `None` for what belongs to no key.
    pub(super) fn key(&self) -> Option<Vec<u8>> {
        match &*self.collection {
            KV | HASH => Some(key_of_id(&self.id)),
            collection if is_user(collection) => Some([collection.as_bytes(), b":", &self.id].concat()),
            _ => None,
        }
    }
}

/// The id of a key: its bytes. Only the empty key and those that begin with a zero byte get a zero byte in front.
fn id_of_key(key: &[u8]) -> Arc<[u8]> {
    match key.first() {
        None | Some(0) => [&[0], key].concat().into(),
        Some(_) => key.into(),
    }
}

fn key_of_id(id: &[u8]) -> Vec<u8> {
    id.strip_prefix(&[0]).unwrap_or(id).to_vec()
}

/// Whether documents of a collection are hashes: those that begin with `_` belong to the layout.
pub(super) fn is_user(collection: &str) -> bool {
    !collection.starts_with('_')
}

/// The document that a key of the form `coll:id` names.
fn collection_and_id(key: &[u8]) -> Option<(&str, &[u8])> {
    let colon = key.iter().position(|byte| *byte == b':')?;
    let (collection, id) = (key.get(..colon)?, key.get(colon + 1..)?);
    let collection = std::str::from_utf8(collection).ok()?;
    (is_user(collection) && !id.is_empty() && Collection::check(collection).is_ok()).then_some((collection, id))
}

/// The name in a document of a hash field: the field itself, or a zero byte and its hexadecimal digits when it is no
/// UTF-8, begins with a zero byte, or is a name that the engine keeps for itself.
pub(super) fn name_of_field(field: &[u8]) -> String {
    match std::str::from_utf8(field) {
        Ok(name) if !name.starts_with('\0') && !RESERVED_FIELDS.contains(&name) => name.to_owned(),
        _ => format!("\0{}", hex::encode(field)),
    }
}

/// The hash field of a name in a document.
pub(super) fn field_of_name(name: &str) -> Vec<u8> {
    name.strip_prefix('\0').and_then(hex::decode).unwrap_or_else(|| name.as_bytes().to_vec())
}

/// A byte string as a value of a document: text when it is UTF-8.
pub(super) fn value_of(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::String(text.to_owned()),
        Err(_binary) => Value::Bytes(bytes.to_vec()),
    }
}

/// A value of a document as a byte string: text and binary as they are, numbers as they are printed, the rest as JSON.
pub(super) fn bytes_of(value: &Value) -> nedb::Result<Vec<u8>> {
    Ok(match value {
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Bytes(bytes) => bytes.clone(),
        Value::F64(float) => number::double_text(float.get()).into_bytes(),
        other => nedb_types::document::value_to_json(other)?.into_bytes(),
    })
}

/// The byte string of a stored value.
pub(super) fn bytes_of_ref(value: &ValueRef<'_>) -> nedb::Result<Vec<u8>> {
    match value {
        ValueRef::String(text) => Ok(text.as_bytes().to_vec()),
        ValueRef::Bytes(bytes) => Ok(bytes.to_vec()),
        other => bytes_of(&other.to_value()?),
    }
}

/// Writes the document that holds one byte string.
pub(super) fn build_value(builder: &mut DocumentBuilder, bytes: &[u8]) -> nedb::Result<()> {
    builder.begin_object()?;
    builder.key(VALUE)?;
    build_bytes(builder, bytes)?;
    builder.end()
}

/// Writes a byte string as a value of a document: text when it is UTF-8.
pub(super) fn build_bytes(builder: &mut DocumentBuilder, bytes: &[u8]) -> nedb::Result<()> {
    match std::str::from_utf8(bytes) {
        Ok(text) => builder.string(text),
        Err(_binary) => builder.bytes(bytes),
    }
}

/// Hexadecimal digits that sort as their numbers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Digits([u8; 16]);

impl Digits {
    pub(super) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The digits of a number that sort as the number does.
pub(super) fn sortable(number: u64) -> Digits {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    let mut digits = [0; 16];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(number.to_be_bytes()) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
    }
    Digits(digits)
}

/// A number that sorts as a score does.
pub(super) fn rank_of_score(score: f64) -> u64 {
    // Zero has two forms, which are one score.
    let bits = (score + 0.0).to_bits();
    if bits >> 63 == 0 { bits | (1 << 63) } else { !bits }
}

/// The digits of a score that sort as scores do.
pub(super) fn sortable_score(score: f64) -> Digits {
    sortable(rank_of_score(score))
}

/// The score of such digits.
pub(super) fn score_of(digits: &[u8]) -> Option<f64> {
    let bits = u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some(f64::from_bits(if bits >> 63 == 1 { bits & !(1 << 63) } else { !bits }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_keys_have_different_places_and_each_place_tells_its_key() {
        let keys: [&[u8]; 12] = [
            b"",
            b"\0",
            b"\0\0",
            b"a",
            b"user:1",
            b"user:",
            b":1",
            b"_kv:a",
            b"_hash:a",
            b"\xff:1",
            b"a\0b:1",
            "schl\u{fc}ssel".as_bytes(),
        ];
        let mut places = Vec::new();
        for key in keys {
            assert_eq!(DocKey::value(key).key().as_deref(), Some(key));
            assert_eq!(DocKey::hash(key).key().as_deref(), Some(key));
            places.extend([DocKey::value(key), DocKey::hash(key)]);
        }
        let all = places.len();
        places.sort();
        places.dedup();
        assert_eq!(places.len(), all);
        assert_eq!(DocKey::hash(b"user:1"), DocKey::new("user", b"1".as_slice()));
    }

    #[test]
    fn fields_become_names_and_come_back() {
        for field in [b"name".as_slice(), b"", b"\xff\x00", b"\0a", b"_id", b"_v", "\u{e9}".as_bytes()] {
            assert_eq!(field_of_name(&name_of_field(field)), field);
        }
        assert_eq!(name_of_field(b"_v"), "_v");
        assert_ne!(name_of_field(b"_id"), "_id");
    }

    #[test]
    fn scores_sort_by_their_digits() {
        let scores = [f64::NEG_INFINITY, -1e300, -2.5, -1.0, 0.0, 1e-300, 1.0, 2.5, f64::INFINITY];
        let digits: Vec<Digits> = scores.iter().map(|score| sortable_score(*score)).collect();
        assert!(digits.is_sorted());
        let back: Vec<f64> = digits.iter().filter_map(|digits| score_of(digits.as_bytes())).collect();
        assert_eq!(back, scores);
        assert_eq!(sortable_score(-0.0), sortable_score(0.0));
    }
}
