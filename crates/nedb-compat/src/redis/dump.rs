//! DUMP and RESTORE: a value as bytes, in a form of our own.
//!
//! ```text
//! "NEDBDUMP"  version 1  type  content                                             CRC-32C, little-endian
//!                        string   bytes                                            of all before it
//!                        hash     a document with its fields
//!                        list     number, then each element: length, bytes
//!                        set      number, then each member: length, bytes
//!                        zset     number, then each member: length, bytes, score as 64 bits
//! ```
//!
//! Lengths and numbers are varints. Promises: what was dumped is restored with its types, whatever of its layout changed meanwhile;
//! bytes that do not check, those that a Redis dumped among them, are refused and write nothing. Lifetimes are not part of it.

use nedb::{DocumentBuf, Object, Result, Value};
use nedb_types::codec::{Reader, Writer};

use super::args::Args;
use super::command_keys::Keys;
use super::hash_value::Hash;
use super::keyspace::{Found, Header, Kind};
use super::layout;
use super::lifetime::Unit;
use super::list_value::{End, List};
use super::notices::Class;
use super::refusal::{refused, syntax, unsupported};
use super::reply::Reply;
use super::sets;
use super::sorted_value::{Scored, SortedSet};
use super::string_value::{bytes, write};
use super::table::{Command, Handler};
use super::tx::Tx;

pub(super) const COMMANDS: &[Command] = &[
    Command::read("DUMP", 2, Keys::ONE, Handler::Data(dump))
        .says("2.6.0", "DUMP key | Gives a value as bytes for RESTORE; those of Redis are others."),
    Command::write("RESTORE", -4, Keys::ONE, Handler::Data(restore)).grows().says(
        "2.6.0",
        "RESTORE key milliseconds bytes [REPLACE] [ABSTTL] | Writes a value that DUMP gave; 0 milliseconds are for ever.",
    ),
];

const MAGIC: &[u8] = b"NEDBDUMP";
const VERSION: u8 = 1;

/// Bytes of the checksum at the end.
const CHECKSUM_BYTES: usize = 4;

/// What a dump has of a value.
#[derive(Debug, PartialEq)]
enum Content {
    String(Vec<u8>),
    Hash(Object),
    List(Vec<Vec<u8>>),
    Set(Vec<Vec<u8>>),
    Sorted(Vec<Scored>),
}

impl Content {
    /// What lies under a key.
    fn of(tx: &mut Tx<'_>, key: &[u8], found: &Found) -> Result<Self> {
        Ok(match found {
            Found::String(record) => Self::String(bytes(record)?),
            Found::Hash(_) => Self::Hash(Hash::open(tx, key)?.into_object(tx)?),
            Found::Header(header, _) => match header.kind {
                Kind::String => Self::String(Vec::new()),
                Kind::Hash => Self::Hash(Hash::open(tx, key)?.into_object(tx)?),
                Kind::Set => Self::Set(sets::members(tx, Some(header))?),
                Kind::List => {
                    let list = List::open(tx, key)?;
                    Self::List(list.elements(tx, End::Left)?.map(|element| Ok(element?.value)).collect::<Result<_>>()?)
                }
                Kind::Stream => return Err(unsupported("DUMP of a stream is not supported")),
                Kind::Sorted => {
                    Self::Sorted(SortedSet::open(tx, key)?.walk(tx, false, usize::MAX)?.collect::<Result<_>>()?)
                }
            },
        })
    }

    fn encode(&self) -> Result<Vec<u8>> {
        let mut writer = Writer::with_capacity(64);
        writer.bytes(MAGIC);
        writer.u8(VERSION);
        match self {
            Self::String(value) => {
                writer.u8(0);
                writer.bytes(value);
            }
            Self::Hash(object) => {
                writer.u8(1);
                writer.bytes(DocumentBuf::from_object(object)?.as_bytes());
            }
            Self::List(elements) => encode_elements(&mut writer, 2, elements),
            Self::Set(members) => encode_elements(&mut writer, 3, members),
            Self::Sorted(members) => {
                writer.u8(4);
                writer.varint(members.len() as u64);
                for (member, score) in members {
                    encode_bytes(&mut writer, member);
                    writer.u64(score.to_bits());
                }
            }
        }
        let checksum = crc32c::crc32c(writer.as_bytes());
        writer.u32(checksum);
        Ok(writer.into_bytes())
    }

    fn decode(dump: &[u8]) -> Result<Self> {
        let wrong = || refused("ERR DUMP payload version or checksum are wrong");
        let (body, checksum) = dump.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(wrong)?;
        let content = body.strip_prefix(MAGIC).and_then(|rest| rest.strip_prefix(&[VERSION])).ok_or_else(wrong)?;
        if crc32c::crc32c(body) != u32::from_le_bytes(*checksum) {
            return Err(wrong());
        }
        decode_content(content).map_err(|error| refused("ERR Bad data format").with_source(error))
    }

    /// Writes it under a key where nothing lies.
    fn write(self, tx: &mut Tx<'_>, key: &[u8]) -> Result<()> {
        match self {
            Self::String(value) => write(tx, key, &value, None),
            Self::Hash(object) => {
                let mut hash = Hash::open(tx, key)?;
                for (name, value) in object {
                    hash.set(tx, &layout::field_of_name(&name), value)?;
                }
                hash.save(tx)
            }
            Self::List(elements) => {
                let mut list = List::open(tx, key)?;
                for element in elements {
                    list.push(tx, End::Right, &element)?;
                }
                list.save(tx)
            }
            Self::Set(members) => {
                let mut header = Header::new(tx, Kind::Set);
                for member in members {
                    sets::add(tx, &mut header, &member)?;
                }
                header.save(tx, key)
            }
            Self::Sorted(members) => {
                let mut set = SortedSet::open(tx, key)?;
                for (member, score) in members {
                    let old = set.score(tx, &member)?;
                    set.set(tx, &member, score, old)?;
                }
                set.save(tx)
            }
        }
    }
}

fn encode_bytes(writer: &mut Writer, bytes: &[u8]) {
    writer.varint(bytes.len() as u64);
    writer.bytes(bytes);
}

fn encode_elements(writer: &mut Writer, kind: u8, elements: &[Vec<u8>]) {
    writer.u8(kind);
    writer.varint(elements.len() as u64);
    for element in elements {
        encode_bytes(writer, element);
    }
}

fn decode_content(content: &[u8]) -> Result<Content> {
    let mut reader = Reader::new(content, "a dumped value");
    let kind = reader.u8()?;
    let content = match kind {
        0 => return Ok(Content::String(reader.rest().to_vec())),
        1 => match DocumentBuf::from_bytes(reader.rest().to_vec())?.as_document().to_value()? {
            Value::Object(object) => return Ok(Content::Hash(object)),
            _ => return Err(reader.corrupt("a hash is an object")),
        },
        2 => Content::List(decode_elements(&mut reader)?),
        3 => Content::Set(decode_elements(&mut reader)?),
        4 => {
            let mut members = Vec::new();
            for _ in 0..reader.varint()? {
                let member = decode_bytes(&mut reader)?;
                let score = f64::from_bits(reader.u64()?);
                if score.is_nan() {
                    return Err(reader.corrupt("a score is a number"));
                }
                members.push((member, score));
            }
            Content::Sorted(members)
        }
        _ => return Err(reader.corrupt("a type is 0 to 4")),
    };
    reader.finish()?;
    Ok(content)
}

fn decode_bytes(reader: &mut Reader<'_>) -> Result<Vec<u8>> {
    let length = reader.varint()?;
    Ok(reader.bytes(length)?.to_vec())
}

fn decode_elements(reader: &mut Reader<'_>) -> Result<Vec<Vec<u8>>> {
    (0..reader.varint()?).map(|_| decode_bytes(reader)).collect()
}

fn dump(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let Some(found) = tx.find(args.at(0))? else { return Ok(Reply::Nil) };
    Content::of(tx, args.at(0), &found)?.encode().map(Reply::Bulk)
}

fn restore(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (key, mut unit, mut replaces) = (args.at(0), Unit::Milliseconds, false);
    let mut options = args.options(3);
    while let Some(word) = options.next_word() {
        match word.as_slice() {
            b"REPLACE" => replaces = true,
            b"ABSTTL" => unit = Unit::AtMilliseconds,
            b"IDLETIME" | b"FREQ" => {
                return Err(unsupported(
                    "RESTORE with IDLETIME or FREQ is refused: nobody notes when or how often a value is read",
                ));
            }
            _ => return Err(syntax()),
        }
    }
    if !replaces && tx.find(key)?.is_some() {
        return Err(refused("BUSYKEY Target key name already exists."));
    }
    let lifetime_ms = args.integer(1)?;
    if lifetime_ms < 0 {
        return Err(refused("ERR Invalid TTL value, must be >= 0"));
    }
    let content = Content::decode(args.at(2))?;
    let end = if lifetime_ms > 0 {
        let end = unit.end(tx.now(), lifetime_ms);
        Some(end.ok_or_else(|| refused("ERR Invalid TTL value, must be >= 0"))?)
    } else {
        None
    };
    if end.is_some_and(|end| end <= tx.now()) {
        tx.remove_and_tell(key)?;
        return Ok(Reply::ok());
    }
    tx.remove(key)?;
    content.write(tx, key)?;
    if end.is_some()
        && let Some(found) = tx.find(key)?
    {
        tx.set_key_expiry(key, &found, end);
    }
    tx.tell_new(key);
    tx.tell(Class::Generic, "restore", key);
    Ok(Reply::ok())
}

#[cfg(test)]
mod tests {
    use nedb::Object;

    use super::Content;

    fn examples() -> Vec<Content> {
        let mut object = Object::new();
        object.insert("name", "Ada");
        object.insert("age", 36);
        vec![
            Content::String(b"a\xff".to_vec()),
            Content::Hash(object),
            Content::List(vec![b"a".to_vec(), Vec::new()]),
            Content::Set(vec![b"x".to_vec()]),
            Content::Sorted(vec![(b"m".to_vec(), -1.5), (b"n".to_vec(), f64::INFINITY)]),
        ]
    }

    #[test]
    fn what_is_decoded_is_what_was_encoded() {
        for content in examples() {
            assert_eq!(Content::decode(&content.encode().expect("it is small")).expect("it checks"), content);
        }
    }

    #[test]
    fn the_form_stays_as_it_is() {
        let dump = Content::List(vec![b"a".to_vec(), b"bc".to_vec()]).encode().expect("it is small");
        assert_eq!(dump, b"NEDBDUMP\x01\x02\x02\x01a\x02bc\x84\xee\x43\x92");
    }

    #[test]
    fn a_dump_that_was_cut_or_changed_is_refused() {
        for content in examples() {
            let dump = content.encode().expect("it is small");
            for length in 0..dump.len() {
                assert!(Content::decode(dump.get(..length).unwrap_or_default()).is_err());
            }
            for bit in 0..dump.len() * 8 {
                let mut changed = dump.clone();
                changed.iter_mut().skip(bit / 8).take(1).for_each(|byte| *byte ^= 1 << (bit % 8));
                assert!(Content::decode(&changed).is_err(), "bit {bit}");
            }
        }
    }
}
