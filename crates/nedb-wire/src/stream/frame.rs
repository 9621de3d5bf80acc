//! The frames of a stream: requests of clients, and what a server says.

use nedb_types::codec::{Reader, Writer};
use nedb_types::document::{decode_message, encode_message};
use nedb_types::{Error, ErrorCode, Object, Result, Value};

use super::VERB_BYTES_MAX;

/// What the first byte of a message says.
mod kind {
    pub(super) const REQUEST: u8 = 0x01;
    pub(super) const GREETING: u8 = 0x81;
    pub(super) const DONE: u8 = 0x82;
    pub(super) const FAILED: u8 = 0x83;
}

/// Bytes before the fields of a request at most: kind, id, length of the verb, verb.
const HEAD_BYTES_MAX: usize = 1 + 10 + 1 + VERB_BYTES_MAX;

/// An answer is made by the server, which bounds it by what was asked.
const REPLY_BYTES_MAX: usize = 1 << 30;

/// One write: its id on this connection, the verb, and the fields that the verb has over HTTP.
///
/// ```
/// use nedb_types::Object;
/// use nedb_wire::stream::Request;
/// let mut fields = Object::new();
/// fields.insert("coll", "c");
/// let request = Request { id: 300, verb: "put".to_owned(), fields };
/// let bytes = request.encode(1 << 20)?;
/// assert_eq!(bytes[..7], [0x01, 0xac, 0x02, 3, b'p', b'u', b't']);
/// assert_eq!(Request::decode(&bytes), Ok(request));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The id, which no other request in flight has.
    pub id: u64,
    /// What is done.
    pub verb: String,
    /// What it is done with.
    pub fields: Object,
}

impl Request {
    /// Writes the message.
    ///
    /// Errors: `batch_too_large` when it is longer than that, `invalid_argument` for a verb that is empty or too long; else those of values.
    pub fn encode(&self, bytes_max: usize) -> Result<Vec<u8>> {
        Draft::new(&self.verb, &self.fields, bytes_max).map(|draft| draft.message(self.id))
    }

    /// Reads a message.
    ///
    /// Errors: what it should be; the stream ends with [`Ending::BadFrame`](super::Ending::BadFrame).
    pub fn decode(bytes: &[u8]) -> std::result::Result<Self, String> {
        Self::read(bytes).map_err(|error| bad(&error))
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes, "request");
        if reader.u8()? != kind::REQUEST {
            return Err(reader.corrupt("its first byte is not 1"));
        }
        let id = reader.varint()?;
        let verb_bytes = reader.varint()?;
        if !(1..=VERB_BYTES_MAX as u64).contains(&verb_bytes) {
            return Err(reader.corrupt(format_args!("a verb of {verb_bytes} bytes")));
        }
        let verb = text(&reader.clone(), reader.bytes(verb_bytes)?)?;
        Ok(Self { id, verb, fields: decode_message(reader.rest())? })
    }
}

/// A request that has no id yet: what takes time is done, so that ids can be given in the order of sending.
#[derive(Clone, Debug)]
pub struct Draft {
    verb: String,
    fields: Vec<u8>,
}

impl Draft {
    /// Writes the fields.
    ///
    /// Errors: those of [`Request::encode`].
    pub fn new(verb: &str, fields: &Object, bytes_max: usize) -> Result<Self> {
        if verb.is_empty() || verb.len() > VERB_BYTES_MAX {
            return Err(Error::new(ErrorCode::InvalidArgument, format!("{verb:?} is no verb of a stream")));
        }
        let fields = encode_message(fields, bytes_max.saturating_sub(HEAD_BYTES_MAX))?;
        Ok(Self { verb: verb.to_owned(), fields })
    }

    /// How long its message is at most.
    pub fn bytes_max(&self) -> u64 {
        (HEAD_BYTES_MAX + self.fields.len()) as u64
    }

    /// The message under an id.
    pub fn message(&self, id: u64) -> Vec<u8> {
        let mut writer = Writer::with_capacity(HEAD_BYTES_MAX + self.fields.len());
        writer.u8(kind::REQUEST);
        writer.varint(id);
        writer.varint(self.verb.len() as u64);
        writer.bytes(self.verb.as_bytes());
        writer.bytes(&self.fields);
        writer.into_bytes()
    }
}

/// How much may be in flight.
///
/// ```
/// use nedb_wire::stream::Credit;
/// let credit = Credit { operations_max: 2, bytes_max: 100, message_bytes_max: 500 };
/// assert!(credit.has_room(0, 0, 300), "alone, a long message has room");
/// assert!(credit.has_room(1, 60, 40) && !credit.has_room(1, 60, 41) && !credit.has_room(2, 2, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// How many requests may be in flight.
    pub operations_max: u64,
    /// How many bytes of messages may be in flight. A longer message travels alone.
    pub bytes_max: u64,
    /// How long a message may be.
    pub message_bytes_max: u64,
}

impl Credit {
    /// Whether a message of so many bytes may be sent beside so many requests with so many bytes.
    pub const fn has_room(&self, operations: u64, in_flight_bytes: u64, bytes: u64) -> bool {
        operations == 0 || operations < self.operations_max && in_flight_bytes.saturating_add(bytes) <= self.bytes_max
    }
}

/// What a server allows, and who it is.
///
/// ```
/// use nedb_wire::stream::{Credit, Reply, Terms};
/// let credit = Credit { operations_max: 64, bytes_max: 1 << 20, message_bytes_max: 1 << 20 };
/// let terms = Terms { server: "nedbd/0.1.0".into(), database: "shop".into(), credit };
/// let greeting = Reply::Greeting(terms.clone());
/// assert_eq!(Reply::decode(&greeting.encode()?), Ok(Reply::Greeting(terms)));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The program and its version.
    pub server: String,
    /// The database that is written to.
    pub database: String,
    /// How much may be in flight.
    pub credit: Credit,
}

impl Terms {
    fn to_object(&self) -> Object {
        let mut object = Object::new();
        object.insert("server", self.server.as_str());
        object.insert("database", self.database.as_str());
        object.insert("operations_max", self.credit.operations_max);
        object.insert("bytes_max", self.credit.bytes_max);
        object.insert("message_bytes_max", self.credit.message_bytes_max);
        object
    }

    /// Reads the terms; fields of a later server are passed over.
    fn of_object(object: &Object) -> Result<Self> {
        let text = |name: &str| {
            let text = object.get(name).and_then(Value::as_str).map(str::to_owned);
            text.ok_or_else(|| Error::corrupt(format!("greeting: no text {name}")))
        };
        let positive = |name: &str| {
            let number = object.get(name).and_then(Value::as_i64).and_then(|number| u64::try_from(number).ok());
            let number = number.filter(|number| *number > 0);
            number.ok_or_else(|| Error::corrupt(format!("greeting: no number {name} above 0")))
        };
        let credit = Credit {
            operations_max: positive("operations_max")?,
            bytes_max: positive("bytes_max")?,
            message_bytes_max: positive("message_bytes_max")?,
        };
        Ok(Self { server: text("server")?, database: text("database")?, credit })
    }
}

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Once, before everything else.
    Greeting(Terms),
    /// A request was carried out: the object that HTTP answers with the status 200.
    Done {
        /// The id of the request.
        id: u64,
        /// The answer.
        answer: Object,
    },
    /// A request was refused, and did nothing, unless its code is `io` or `poisoned`, after which nobody knows: the object that HTTP answers
    /// with another status.
    Failed {
        /// The id of the request.
        id: u64,
        /// The error: `error`, `code`, `kind`, `remedy`, and `at` where there is one.
        error: Object,
    },
}

impl Reply {
    /// Writes the message.
    ///
    /// Errors: those of values that cannot be written, such as one nested too deep.
    pub fn encode(&self) -> Result<Vec<u8>> {
        match self {
            Self::Greeting(terms) => reply(kind::GREETING, 0, &terms.to_object()),
            Self::Done { id, answer } => reply(kind::DONE, *id, answer),
            Self::Failed { id, error } => reply(kind::FAILED, *id, error),
        }
    }

    /// Reads a message.
    ///
    /// Errors: what it should be.
    pub fn decode(bytes: &[u8]) -> std::result::Result<Self, String> {
        Self::read(bytes).map_err(|error| bad(&error))
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes, "reply");
        let (kind, id) = (reader.u8()?, reader.varint()?);
        match kind {
            kind::GREETING if id == 0 => Terms::of_object(&decode_message(reader.rest())?).map(Self::Greeting),
            kind::DONE => Ok(Self::Done { id, answer: decode_message(reader.rest())? }),
            kind::FAILED => Ok(Self::Failed { id, error: decode_message(reader.rest())? }),
            _ => Err(reader.corrupt(format_args!("there is none of kind {kind:#04x} with the id {id}"))),
        }
    }
}

fn reply(kind: u8, id: u64, object: &Object) -> Result<Vec<u8>> {
    let object = encode_message(object, REPLY_BYTES_MAX)?;
    let mut writer = Writer::with_capacity(11 + object.len());
    writer.u8(kind);
    writer.varint(id);
    writer.bytes(&object);
    Ok(writer.into_bytes())
}

fn text(at: &Reader<'_>, bytes: &[u8]) -> Result<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(at.corrupt("its verb is not UTF-8").with_source(error)),
    }
}

fn bad(error: &Error) -> String {
    let offset = error.place().and_then(|place| place.offset);
    offset.map_or_else(|| error.message().to_owned(), |offset| format!("{} at {offset}", error.message()))
}
