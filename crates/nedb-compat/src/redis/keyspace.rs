//! What lies under a key: a string, a hash, or the header of a value that is made of elements.
//!
//! Promises: the documents read here are guarded, so a transaction that depends on them fails when they change; every
//! change of a value writes the document found here, which therefore is the version of the key. Where both a string or
//! header and a document `coll:id` exist, because another face wrote the document, the string or header counts.

use nedb::{Error, Object, Result, Row, Timestamp, Value, ValueRef};
use nedb_types::document::DocumentBuilder;

use super::hash_value::copy_as_document;
use super::layout::{
    self, CONSUMER, Container, DocKey, FIELD, GROUP, LIST, ORDER, PENDING, SET, SORTED, STREAM, VALUE,
};
use super::notices::Class;
use super::refusal::wrong_type;
use super::stream_id::StreamId;
use super::stream_value::StreamState;
use super::tx::{Record, Span, Times, Tx};

/// Up to so many elements a value is deleted in the same transaction as its header; the rest follows after it.
const ELEMENTS_DELETED_MAX: u64 = 1024;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Hash,
    List,
    Set,
    Sorted,
    Stream,
}

impl Kind {
    /// The name that TYPE gives.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Hash => "hash",
            Self::List => "list",
            Self::Set => "set",
            Self::Sorted => "zset",
            Self::Stream => "stream",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        let kinds = [Self::String, Self::Hash, Self::List, Self::Set, Self::Sorted, Self::Stream];
        kinds.into_iter().find(|kind| kind.name() == name)
    }

    /// Where the elements of such a value lie.
    pub(super) const fn collections(self) -> &'static [&'static str] {
        match self {
            Self::String => &[],
            Self::Hash => &[FIELD],
            Self::List => &[LIST],
            Self::Set => &[SET],
            Self::Sorted => &[SORTED, ORDER],
            Self::Stream => &[STREAM, GROUP, CONSUMER, PENDING],
        }
    }
}

/// The header of a value that is made of elements.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) container: Container,
    /// Number of elements.
    pub(super) count: u64,
    /// For lists: no element lies outside of these positions, and when there are no gaps each holds one.
    pub(super) first: u64,
    pub(super) last: u64,
    /// For sorted sets: no member's place in the order lies below what begins with the one, or above what begins with the
    /// other; empty while there is no member.
    pub(super) low: Vec<u8>,
    pub(super) high: Vec<u8>,
    /// For lists: whether elements lie between whole positions, or positions are empty.
    pub(super) has_gaps: bool,
    /// For sets: how many members were removed from the container, which walks pass.
    pub(super) removed: u64,
    /// For streams: the ids and numbers that entries alone do not tell.
    pub(super) stream: StreamState,
    pub(super) times: Times,
}

impl Header {
    /// The header of a value that comes into being.
    pub(super) fn new(tx: &Tx<'_>, kind: Kind) -> Self {
        let (container, low, high) = (tx.new_container(), Vec::new(), Vec::new());
        Self {
            kind,
            container,
            count: 0,
            first: MIDDLE + 1,
            last: MIDDLE,
            low,
            high,
            has_gaps: false,
            removed: 0,
            stream: StreamState::default(),
            times: Times::default(),
        }
    }

    fn read(record: &Record) -> Result<Self> {
        let value = record.document.as_document().to_value()?;
        let object = value.as_object();
        let field = |name: &str| object.and_then(|object| object.get(name));
        let text = |name: &str| field(name).and_then(Value::as_str);
        let number = |name: &str| field(name).and_then(Value::as_i64).and_then(|number| u64::try_from(number).ok());
        let position = |name: &str| text(name).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let place = |name: &str| layout::bytes_of(field(name)?).ok().filter(|place| place.len() >= layout::SCORE_BYTES);
        let header = || {
            let kind = Kind::of_name(text("type")?)?;
            let (first, last) = if kind == Kind::List { (position("first")?, position("last")?) } else { (0, 0) };
            let (low, high) = if kind == Kind::Sorted { (place("first")?, place("last")?) } else { Default::default() };
            let stream = if kind == Kind::Stream { stream_state(object?)? } else { StreamState::default() };
            let container = text("container")?.as_bytes().try_into().ok()?;
            let has_gaps = field("has_gaps") == Some(&Value::Bool(true));
            Some(Self {
                kind,
                container,
                count: number("count")?,
                first,
                last,
                low,
                high,
                has_gaps,
                removed: number("removed").unwrap_or_default(),
                stream,
                times: record.times.clone(),
            })
        };
        header().ok_or_else(wrong_type)
    }

    /// The container of the header that a row of `_kv` is; `None` for a string.
    pub(super) fn container_of(row: &Row) -> Result<Option<Vec<u8>>> {
        Ok(match row.field("container")? {
            Some(ValueRef::String(container)) => Some(container.as_bytes().to_vec()),
            _ => None,
        })
    }

    /// Writes its document.
    pub(super) fn build(&self, builder: &mut DocumentBuilder) -> Result<()> {
        let container = std::str::from_utf8(&self.container);
        let container = container.map_err(|error| Error::corrupt("a container is no text").with_source(error))?;
        builder.begin_object()?;
        text_field(builder, "type", self.kind.name())?;
        text_field(builder, "container", container)?;
        number_field(builder, "count", self.count)?;
        match self.kind {
            Kind::List => {
                text_field(builder, "first", layout::sortable(self.first).as_str())?;
                text_field(builder, "last", layout::sortable(self.last).as_str())?;
                if self.has_gaps {
                    builder.key("has_gaps")?;
                    builder.bool(true)?;
                }
            }
            Kind::Sorted => {
                builder.key("first")?;
                layout::build_bytes(builder, &self.low)?;
                builder.key("last")?;
                layout::build_bytes(builder, &self.high)?;
            }
            Kind::Stream => {
                let StreamState { first, last, deleted, added } = self.stream;
                text_field(builder, "first", &first.digits())?;
                text_field(builder, "last", &last.digits())?;
                text_field(builder, "deleted", &deleted.digits())?;
                number_field(builder, "added", added)?;
            }
            Kind::Set => {
                if self.removed > 0 {
                    number_field(builder, "removed", self.removed)?;
                }
            }
            Kind::String | Kind::Hash => {}
        }
        builder.end()
    }

    /// Writes the header under a key, or deletes the key when no element is left, unless it is a stream.
    pub(super) fn save(&self, tx: &mut Tx<'_>, key: &[u8]) -> Result<()> {
        let place = tx.value_place(key);
        if self.count == 0 && self.kind != Kind::Stream {
            tx.delete(place);
            tx.tell(Class::Generic, "del", key);
            return Ok(());
        }
        tx.put_header(place, self)
    }
}

fn text_field(builder: &mut DocumentBuilder, name: &str, text: &str) -> Result<()> {
    builder.key(name)?;
    builder.string(text)
}

fn number_field(builder: &mut DocumentBuilder, name: &str, number: u64) -> Result<()> {
    builder.key(name)?;
    builder.value(&Value::from(number))
}

/// What the header of a stream tells of its ids.
fn stream_state(object: &Object) -> Option<StreamState> {
    let id =
        |name: &str| object.get(name).and_then(Value::as_str).and_then(|digits| StreamId::of_digits(digits.as_bytes()));
    let added = object.get("added").and_then(Value::as_i64).and_then(|added| u64::try_from(added).ok())?;
    Some(StreamState { first: id("first")?, last: id("last")?, deleted: id("deleted")?, added })
}

/// The middle of all positions, where lists begin to grow to both sides.
const MIDDLE: u64 = 1 << 63;

/// What lies under a key.
#[derive(Clone, Debug)]
pub(super) enum Found {
    String(Record),
    Header(Box<Header>, Record),
    Hash(Record),
}

impl Found {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::String(_) => Kind::String,
            Self::Hash(_) => Kind::Hash,
            Self::Header(header, _) => header.kind,
        }
    }

    fn record(&self) -> &Record {
        match self {
            Self::String(record) | Self::Hash(record) | Self::Header(_, record) => record,
        }
    }

    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        self.record().times.expires_at
    }

    /// The document that is the version of the key.
    fn place(&self, key: &[u8]) -> DocKey {
        match self {
            Self::String(_) | Self::Header(..) => DocKey::value(key),
            Self::Hash(_) => DocKey::hash(key),
        }
    }
}

impl Tx<'_> {
    /// What lies under a key; both places where it may lie are guarded when nothing is found.
    pub(super) fn find(&mut self, key: &[u8]) -> Result<Option<Found>> {
        let found = self.find_again(key)?;
        if found.is_none() {
            self.note_missing(key);
        }
        Ok(found)
    }

    /// What lies under a key that the command has looked for before: that it is missing is told once.
    pub(super) fn find_again(&mut self, key: &[u8]) -> Result<Option<Found>> {
        let place = self.value_place(key);
        if let Some(record) = self.get_guarded(&place)? {
            let is_string = record.document.as_document().get(VALUE)?.is_some();
            return Ok(Some(if is_string {
                Found::String(record)
            } else {
                Found::Header(Box::new(Header::read(&record)?), record)
            }));
        }
        Ok(self.get_guarded(&DocKey::hash(key))?.map(Found::Hash))
    }

    /// What lies under a key that a command which writes reads: that it is missing is told as of one that reads.
    pub(super) fn find_to_read(&mut self, key: &[u8]) -> Result<Option<Found>> {
        let found = self.find(key)?;
        if found.is_none() {
            self.tell_missed(key);
        }
        Ok(found)
    }

    /// The header of a value of one kind; WRONGTYPE when something else lies there.
    pub(super) fn header(&mut self, key: &[u8], kind: Kind) -> Result<Option<Header>> {
        let place = self.value_place(key);
        if let Some(header) = self.written_header(&place) {
            return if header.kind == kind { Ok(Some(header.clone())) } else { Err(wrong_type()) };
        }
        match self.find(key)? {
            None => Ok(None),
            Some(Found::Header(header, _)) if header.kind == kind => Ok(Some(*header)),
            Some(_) => Err(wrong_type()),
        }
    }

    /// The header of a value, or that of an empty one.
    pub(super) fn header_or_new(&mut self, key: &[u8], kind: Kind) -> Result<Header> {
        Ok(match self.header(key, kind)? {
            Some(header) => header,
            None => Header::new(self, kind),
        })
    }

    /// Deletes what lies under a key; `false` when nothing did.
    pub(super) fn remove(&mut self, key: &[u8]) -> Result<bool> {
        let Some(found) = self.find(key)? else { return Ok(false) };
        if let Found::Header(header, _) = &found {
            self.discard_elements(header)?;
        }
        self.delete_documents(key, &found)?;
        Ok(true)
    }

    /// Deletes what lies under a key, and tells it as DEL does; `false` when nothing did.
    pub(super) fn remove_and_tell(&mut self, key: &[u8]) -> Result<bool> {
        let is_removed = self.remove(key)?;
        if is_removed {
            self.tell(Class::Generic, "del", key);
        }
        Ok(is_removed)
    }

    /// Deletes what lies under a key, and its elements after the commit, however few they are.
    pub(super) fn remove_leaving_elements(&mut self, key: &[u8]) -> Result<()> {
        let Some(found) = self.find(key)? else { return Ok(()) };
        if let Found::Header(header, _) = &found {
            for collection in header.kind.collections() {
                self.leave_behind(collection, &header.container);
            }
        }
        self.delete_documents(key, &found)
    }

    /// Deletes what a string under the key would not replace by itself.
    pub(super) fn make_way(&mut self, key: &[u8], found: Option<&Found>) -> Result<()> {
        match found {
            Some(Found::Header(header, _)) => self.discard_elements(header)?,
            Some(Found::Hash(_)) => self.delete(DocKey::hash(key)),
            Some(Found::String(_)) | None => {}
        }
        Ok(())
    }

    fn delete_documents(&mut self, key: &[u8], found: &Found) -> Result<()> {
        self.delete(found.place(key));
        let hash = DocKey::hash(key);
        // Another face may have written the document of the same name: it must not show in its stead.
        if !matches!(found, Found::Hash(_)) && self.get_guarded(&hash)?.is_some() {
            self.delete(hash);
        }
        Ok(())
    }

    /// Deletes the elements of a value whose header goes: now when they are few, after the commit when they are many.
    pub(super) fn discard_elements(&mut self, header: &Header) -> Result<()> {
        for collection in header.kind.collections() {
            // How much is pending in a stream is not counted.
            if header.count > ELEMENTS_DELETED_MAX || header.kind == Kind::Stream {
                self.leave_behind(collection, &header.container);
                continue;
            }
            let ids: Vec<Vec<u8>> = self
                .walk(&Span::prefix(collection, &header.container))?
                .map(|part| Ok(part?.0))
                .collect::<Result<_>>()?;
            for id in ids {
                self.delete(DocKey::new(*collection, id));
            }
        }
        Ok(())
    }

    /// Gives what lies under a key another end of its lifetime.
    pub(super) fn set_key_expiry(&mut self, key: &[u8], found: &Found, expires_at: Option<Timestamp>) {
        self.set_expiry(found.place(key), found.record().clone(), expires_at);
    }

    /// Moves what lies under one key to another, which has nothing, with its lifetime. Elements stay where they are, unless
    /// the other key names a document, which a hash then becomes.
    pub(super) fn rename(&mut self, from: &[u8], to: &[u8], found: &Found) -> Result<()> {
        match found {
            Found::Header(header, _) if copy_as_document(self, header, to)? => self.discard_elements(header)?,
            _ => self.copy_document(to, found)?,
        }
        self.delete_documents(from, found)
    }

    /// Writes the document of a key under another key: all there is of a string or a small hash.
    pub(super) fn copy_document(&mut self, to: &[u8], found: &Found) -> Result<()> {
        let object = match found.record().document.as_document().to_value()? {
            Value::Object(object) => object,
            _ => Object::new(),
        };
        self.put(found.place(to), &object, found.record().times.clone())
    }
}
