//! A group of consumers of a stream: how far it has read, who belongs to it, and what was given out and not acknowledged.
//!
//! ```text
//! _group     container name               {token, last, read}
//! _consumer  container token consumer     {seen}
//! _pending   container token id           {consumer, given, times}
//! ```
//!
//! The token is a random number, so that a group that was destroyed leaves nothing to a later one of its name. Every change of a group
//! writes the header of its stream, which is what preconditions and WATCH go by.

use nedb::{Object, Result, Value};

use super::layout::{self, CONSUMER, CONTAINER_BYTES, DocKey, GROUP, PENDING};
use super::refusal::wrong_type;
use super::stream_id::StreamId;
use super::tx::{Record, Span, Tx};

#[derive(Clone, Debug)]
pub(super) struct Group {
    container: Vec<u8>,
    pub(super) name: Vec<u8>,
    token: Vec<u8>,
    /// The last entry that was given out.
    pub(super) last: StreamId,
    /// How many entries of the stream were read, where that is known.
    pub(super) read: Option<u64>,
}

/// An entry that was given out.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) consumer: Vec<u8>,
    /// When, in milliseconds.
    pub(super) given_ms: i64,
    /// How often.
    pub(super) times: i64,
}

impl Group {
    pub(super) fn new(tx: &Tx<'_>, container: &[u8], name: &[u8], last: StreamId, read: Option<u64>) -> Self {
        Self { container: container.to_vec(), name: name.to_vec(), token: tx.new_container().to_vec(), last, read }
    }

    pub(super) fn find(tx: &Tx<'_>, container: &[u8], name: &[u8]) -> Result<Option<Self>> {
        let record = tx.get(&DocKey::part(GROUP, container, name))?;
        record.map(|record| Self::of(container, name, &record)).transpose()
    }

    fn of(container: &[u8], name: &[u8], record: &Record) -> Result<Self> {
        let value = record.document.as_document().to_value()?;
        let field = |name: &str| value.as_object().and_then(|object| object.get(name));
        let last = field("last").and_then(Value::as_str).and_then(|digits| StreamId::of_digits(digits.as_bytes()));
        let token = field("token").and_then(Value::as_str);
        Ok(Self {
            container: container.to_vec(),
            name: name.to_vec(),
            token: token.ok_or_else(wrong_type)?.as_bytes().to_vec(),
            last: last.ok_or_else(wrong_type)?,
            read: field("read").and_then(Value::as_i64).and_then(|read| u64::try_from(read).ok()),
        })
    }

    /// All groups of a stream, in the order of their names.
    pub(super) fn all(tx: &Tx<'_>, container: &[u8]) -> Result<Vec<Self>> {
        let groups = tx.walk(&Span::prefix(GROUP, container))?;
        let group = |found: Result<(Vec<u8>, Record)>| {
            let (id, record) = found?;
            Self::of(container, id.get(CONTAINER_BYTES..).unwrap_or_default(), &record)
        };
        groups.map(group).collect()
    }

    pub(super) fn save(&self, tx: &mut Tx<'_>) -> Result<()> {
        let mut object = Object::new();
        object.insert("token", String::from_utf8_lossy(&self.token).into_owned());
        object.insert("last", self.last.digits());
        if let Some(read) = self.read {
            object.insert("read", read);
        }
        tx.put(DocKey::part(GROUP, &self.container, &self.name), &object, None)
    }

    /// What the ids of a group's parts begin with.
    fn prefix(&self) -> Vec<u8> {
        [self.container.as_slice(), &self.token].concat()
    }

    fn part(&self, collection: &'static str, part: &[u8]) -> DocKey {
        DocKey::part(collection, &self.prefix(), part)
    }

    /// The parts of the group in a collection, from one of them on.
    fn walk<'t>(
        &self,
        tx: &Tx<'t>,
        collection: &'static str,
        from: &[u8],
    ) -> Result<impl Iterator<Item = Result<(Vec<u8>, Record)>> + use<'t>> {
        let prefix = self.prefix();
        let (from, start) = ([prefix.as_slice(), from].concat(), prefix.len());
        let walk = tx.walk(&Span { from: Some(&from), ..Span::prefix(collection, &prefix) })?;
        Ok(walk.map(move |found| found.map(|(id, record)| (id.get(start..).unwrap_or_default().to_vec(), record))))
    }

    /// Deletes the group with all that belongs to it.
    pub(super) fn destroy(self, tx: &mut Tx<'_>) -> Result<()> {
        for collection in [CONSUMER, PENDING] {
            let parts: Vec<Vec<u8>> = self.walk(tx, collection, b"")?.map(|part| Ok(part?.0)).collect::<Result<_>>()?;
            for part in parts {
                tx.delete(self.part(collection, &part));
            }
        }
        tx.delete(DocKey::part(GROUP, &self.container, &self.name));
        Ok(())
    }

    /// Notes that a consumer was seen; `true` when it is new.
    pub(super) fn see(&self, tx: &mut Tx<'_>, consumer: &[u8], now_ms: i64) -> Result<bool> {
        let place = self.part(CONSUMER, consumer);
        let is_new = tx.get(&place)?.is_none();
        let mut object = Object::new();
        object.insert("seen", now_ms);
        tx.put(place, &object, None)?;
        Ok(is_new)
    }

    pub(super) fn has_consumer(&self, tx: &Tx<'_>, consumer: &[u8]) -> Result<bool> {
        Ok(tx.get(&self.part(CONSUMER, consumer))?.is_some())
    }

    pub(super) fn forget(&self, tx: &mut Tx<'_>, consumer: &[u8]) {
        tx.delete(self.part(CONSUMER, consumer));
    }

    /// The consumers with the moment at which each was seen, in the order of their names.
    pub(super) fn consumers(&self, tx: &Tx<'_>) -> Result<Vec<(Vec<u8>, i64)>> {
        let seen = |record: &Record| {
            let value = record.document.as_document().to_value()?;
            let seen = value.as_object().and_then(|object| object.get("seen")).and_then(Value::as_i64);
            seen.ok_or_else(wrong_type)
        };
        self.walk(tx, CONSUMER, b"")?.map(|found| found.and_then(|(name, record)| Ok((name, seen(&record)?)))).collect()
    }

    pub(super) fn pending(&self, tx: &Tx<'_>, id: StreamId) -> Result<Option<Pending>> {
        tx.get(&self.part(PENDING, id.digits().as_bytes()))?.map(|record| Pending::of(&record)).transpose()
    }

    /// What is pending from an id on.
    pub(super) fn pending_from<'t>(
        &self,
        tx: &Tx<'t>,
        from: StreamId,
    ) -> Result<impl Iterator<Item = Result<(StreamId, Pending)>> + use<'t>> {
        let pending = self.walk(tx, PENDING, from.digits().as_bytes())?;
        Ok(pending.map(|found| {
            let (digits, record) = found?;
            let id = digits.get(..StreamId::DIGITS).and_then(StreamId::of_digits).ok_or_else(wrong_type)?;
            Ok((id, Pending::of(&record)?))
        }))
    }

    pub(super) fn give(&self, tx: &mut Tx<'_>, id: StreamId, pending: &Pending) -> Result<()> {
        let mut object = Object::new();
        object.insert("consumer", layout::value_of(&pending.consumer));
        object.insert("given", pending.given_ms);
        object.insert("times", pending.times);
        tx.put(self.part(PENDING, id.digits().as_bytes()), &object, None)
    }

    pub(super) fn settle(&self, tx: &mut Tx<'_>, id: StreamId) {
        tx.delete(self.part(PENDING, id.digits().as_bytes()));
    }
}

impl Pending {
    fn of(record: &Record) -> Result<Self> {
        let value = record.document.as_document().to_value()?;
        let field = |name: &str| value.as_object().and_then(|object| object.get(name)).ok_or_else(wrong_type);
        Ok(Self {
            consumer: layout::bytes_of(field("consumer")?)?,
            given_ms: field("given")?.as_i64().ok_or_else(wrong_type)?,
            times: field("times")?.as_i64().ok_or_else(wrong_type)?,
        })
    }
}
