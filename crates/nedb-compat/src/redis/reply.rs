//! What a command answers, in the shapes that the Redis protocol has.
//!
//! Promises: every shape says enough for both versions of the protocol: a map, a set, pairs and a double are what they are in
//! version 3, and what version 2 makes of them follows from the shape. Leaves to others: bytes on a wire, values of a language.

use std::borrow::Cow;

use nedb::{Error, ErrorCode};

/// The answer to one command.
///
/// | shape | RESP3 | RESP2 |
/// |---|---|---|
/// | `Nil`, `NilArray` | null | null bulk, null array |
/// | `Map` | map | flat array |
/// | `Set` | set | array |
/// | `Pairs` | array of arrays of two | flat array |
/// | `PairMap` | map | array of arrays of two |
/// | `Bool` | boolean | 1, or null |
/// | `Double` | double | bulk with [`double_text`](super::double_text) |
/// | `Error` | error with [`Reply::error_text`] | the same |
///
/// ```
/// use nedb_compat::redis::{Commands, Reply};
/// # fn main() -> nedb::Result<()> {
/// let session = Commands::new(&nedb::Database::in_memory()?).session();
/// assert_eq!(session.execute(&[b"SET", b"greeting", b"hello"]), Reply::ok());
/// assert_eq!(session.execute(&[b"GET", b"greeting"]), Reply::bulk("hello"));
/// assert_eq!(session.execute(&[b"LPUSH", b"greeting", b"x"]).error_text().as_deref(),
///     Some("WRONGTYPE Operation against a key holding the wrong kind of value"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub enum Reply {
    /// There is no value.
    Nil,
    /// There is no array: the answer of a command that gives an array when there is something.
    NilArray,
    /// A word such as `OK`.
    Simple(Cow<'static, str>),
    /// A number.
    Int(i64),
    /// Yes or no, as scripts say it to clients of version 3.
    Bool(bool),
    /// A float.
    Double(f64),
    /// A byte string.
    Bulk(Vec<u8>),
    /// A list of answers.
    Array(Vec<Reply>),
    /// Answers without an order and without duplicates.
    Set(Vec<Reply>),
    /// Answers under keys, in order.
    Map(Vec<(Reply, Reply)>),
    /// Answers two by two, such as members with their scores.
    Pairs(Vec<(Reply, Reply)>),
    /// Answers under keys, such as entries under the streams they are from.
    PairMap(Vec<(Reply, Reply)>),
    /// The command was refused or failed.
    Error(Error),
}

impl Reply {
    /// The answer `OK`.
    pub const fn ok() -> Self {
        Self::Simple(Cow::Borrowed("OK"))
    }

    /// A byte string.
    pub fn bulk(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Bulk(bytes.into())
    }

    /// A byte string, or nothing.
    pub(super) fn bulk_or_nil(bytes: Option<Vec<u8>>) -> Self {
        bytes.map_or(Self::Nil, Self::Bulk)
    }

    /// A list of byte strings.
    pub(super) fn bulks<B: Into<Vec<u8>>>(bytes: impl IntoIterator<Item = B>) -> Self {
        Self::Array(bytes.into_iter().map(Self::bulk).collect())
    }

    /// 1 or 0.
    pub(super) fn flag(is_true: bool) -> Self {
        Self::Int(i64::from(is_true))
    }

    /// A number of things in memory.
    pub(super) fn count(count: usize) -> Self {
        Self::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// How many bytes it takes, about.
    ///
    /// ```
    /// use nedb_compat::redis::Reply;
    /// let large = Reply::Array(vec![Reply::bulk(vec![0; 1000]), Reply::Nil]);
    /// assert!((1000..1200).contains(&large.bytes()));
    /// ```
    pub fn bytes(&self) -> usize {
        let of_pair = |(key, value): &(Self, Self)| key.bytes() + value.bytes();
        size_of::<Self>()
            + match self {
                Self::Nil | Self::NilArray | Self::Int(_) | Self::Bool(_) | Self::Double(_) => 0,
                Self::Simple(text) => text.len(),
                Self::Bulk(bytes) => bytes.len(),
                Self::Array(replies) | Self::Set(replies) => replies.iter().map(Self::bytes).sum(),
                Self::Map(pairs) | Self::Pairs(pairs) | Self::PairMap(pairs) => pairs.iter().map(of_pair).sum(),
                Self::Error(error) => error.message().len(),
            }
    }

    /// The text of an error as clients see it, its prefix first; `None` for every other answer.
    pub fn error_text(&self) -> Option<String> {
        match self {
            Self::Error(error) => Some(error_text(error)),
            _ => None,
        }
    }
}

/// The line that Redis clients get for an error: its prefix, then what happened.
fn error_text(error: &Error) -> String {
    let text = match error.code() {
        ErrorCode::RedisCommand | ErrorCode::RedisUnsupported => error.message().to_owned(),
        code => format!("{} {error}", code.resp_prefix()),
    };
    text.replace(['\r', '\n'], " ")
}

impl PartialEq for Reply {
    /// Errors are equal when clients see the same text.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nil, Self::Nil) | (Self::NilArray, Self::NilArray) => true,
            (Self::Simple(a), Self::Simple(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Double(a), Self::Double(b)) => a.to_bits() == b.to_bits(),
            (Self::Bulk(a), Self::Bulk(b)) => a == b,
            (Self::Array(a), Self::Array(b)) | (Self::Set(a), Self::Set(b)) => a == b,
            (Self::Map(a), Self::Map(b)) | (Self::Pairs(a), Self::Pairs(b)) | (Self::PairMap(a), Self::PairMap(b)) => {
                a == b
            }
            (Self::Error(a), Self::Error(b)) => error_text(a) == error_text(b),
            _ => false,
        }
    }
}

impl From<nedb::Result<Reply>> for Reply {
    fn from(answer: nedb::Result<Self>) -> Self {
        answer.unwrap_or_else(Self::Error)
    }
}
