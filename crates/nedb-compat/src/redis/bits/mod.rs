//! Commands on the bits of strings. Bit 0 is the highest bit of the first byte.
//!
//! Each costs the size of the strings that it reads, and a change writes its string again, as APPEND does.

mod field;

use nedb::Result;

use super::args::Args;
use super::command_keys::Keys;
use super::notices::Class;
use super::number;
use super::refusal::{self, not_an_integer, refused, syntax};
use super::reply::Reply;
use super::string_value::{STRING_BYTES_MAX, replace, string, string_to_read, write};
use super::table::{Command, Handler};
use super::tx::Tx;

pub(super) const COMMANDS: &[Command] = &[
    Command::write("SETBIT", 4, Keys::ONE, Handler::Data(setbit))
        .grows()
        .says("2.2.0", "SETBIT key offset 0\\|1 | Writes a bit and answers the one before; rewrites the string."),
    Command::read("GETBIT", 3, Keys::ONE, Handler::Data(getbit)).fast().says("2.2.0", "GETBIT key offset | Reads a bit."),
    Command::read("BITCOUNT", -2, Keys::ONE, Handler::Data(bitcount))
        .says("2.6.0", "BITCOUNT key [start end [BYTE\\|BIT]] | Counts the bits that are 1."),
    Command::read("BITPOS", -3, Keys::ONE, Handler::Data(bitpos))
        .says("2.8.7", "BITPOS key 0\\|1 [start [end [BYTE\\|BIT]]] | Finds the first such bit; -1 when there is none."),
    Command::write("BITOP", -4, Keys::At { first: 2, last: -1, step: 1 }, Handler::Data(bitop)).grows().says(
        "2.6.0",
        "BITOP AND\\|OR\\|XOR\\|NOT destination key [key ...] | Writes strings put together bit by bit, shorter ones filled up with 0.",
    ),
    Command::write("BITFIELD", -2, Keys::ONE, Handler::Data(field::bitfield)).grows().says(
        "3.2.0",
        "BITFIELD key [GET type offset] [OVERFLOW WRAP\\|SAT\\|FAIL] [SET type offset n] [INCRBY type offset n] ... | Reads and writes integers of 1 to 64 bits.",
    ),
    Command::read("BITFIELD_RO", -2, Keys::ONE, Handler::Data(field::bitfield_ro))
        .fast()
        .says("6.0.0", "BITFIELD_RO key [GET type offset ...] | Reads integers of 1 to 64 bits."),
];

/// The highest bit that Redis takes for one: that of a string of 512 MiB.
const OFFSET_MAX: u64 = (1 << 32) - 1;

/// A bit's place as a word gives it.
fn offset(word: &[u8]) -> Result<u64> {
    let offset = number::integer(word).and_then(|offset| u64::try_from(offset).ok());
    offset.filter(|offset| *offset <= OFFSET_MAX).ok_or_else(bad_offset)
}

fn bad_offset() -> nedb::Error {
    refused("ERR bit offset is not an integer or out of range")
}

/// The byte in which a bit lies, and which of its bits it is.
fn place(offset: u64) -> (usize, u8) {
    let mask = 0x80_u8 >> (offset % 8);
    (usize::try_from(offset / 8).unwrap_or(usize::MAX), mask)
}

fn bit(value: &[u8], offset: u64) -> bool {
    let (byte, mask) = place(offset);
    value.get(byte).is_some_and(|byte| byte & mask != 0)
}

/// Makes room for the bits below an end; refuses what is too long for a string.
fn grow(value: &mut Vec<u8>, end: u64) -> Result<()> {
    let bytes = end.div_ceil(8);
    if bytes > STRING_BYTES_MAX {
        return Err(refusal::string_too_long());
    }
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    if value.len() < bytes {
        value.resize(bytes, 0);
    }
    Ok(())
}

fn set_bit(value: &mut [u8], offset: u64, is_set: bool) {
    let (byte, mask) = place(offset);
    if let Some(byte) = value.get_mut(byte) {
        *byte = if is_set { *byte | mask } else { *byte & !mask };
    }
}

fn setbit(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let offset = offset(args.at(1))?;
    let is_set = match args.at(2) {
        b"0" => false,
        b"1" => true,
        _ => return Err(refused("ERR bit is not an integer or out of range")),
    };
    let (mut value, times) = string(tx, args.at(0))?.unwrap_or_default();
    let (old, old_bytes) = (bit(&value, offset), value.len());
    grow(&mut value, offset + 1)?;
    set_bit(&mut value, offset, is_set);
    write(tx, args.at(0), &value, times)?;
    if old != is_set || old_bytes != value.len() {
        tx.tell(Class::String, "setbit", args.at(0));
    }
    Ok(Reply::flag(old))
}

fn getbit(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let offset = offset(args.at(1))?;
    let value = string(tx, args.at(0))?.map(|(value, _)| value);
    Ok(Reply::flag(value.is_some_and(|value| bit(&value, offset))))
}

/// The bits from one end to another, given in bytes or bits as BITCOUNT and BITPOS take them, the last one included.
fn bit_range(start: i64, end: i64, is_bits: bool, len: usize) -> std::ops::Range<u64> {
    let unit = if is_bits { 1 } else { 8 };
    let len = (len as u64).saturating_mul(8 / unit);
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let from_end = |index: i64| if index < 0 { index.saturating_add(len).max(0) } else { index };
    let (start, end) = (from_end(start), from_end(end).min(len - 1));
    if start > end { 0..0 } else { start.unsigned_abs() * unit..(end.unsigned_abs() + 1) * unit }
}

/// Reads BYTE or BIT behind both ends of a range.
fn is_bits(args: Args<'_>, position: usize) -> Result<bool> {
    match args.get(position).map(<[u8]>::to_ascii_uppercase).as_deref() {
        None | Some(b"BYTE") => Ok(false),
        Some(b"BIT") => Ok(true),
        Some(_) => Err(syntax()),
    }
}

fn bitcount(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let Some((value, _)) = string(tx, args.at(0))? else { return Ok(Reply::Int(0)) };
    let range = match args.len() {
        1 => 0..value.len() as u64 * 8,
        3 | 4 => {
            let (start, end) = (args.integer(1)?, args.integer(2)?);
            // Two ends before the beginning, the first of them later, name nothing here; BITPOS moves both to the beginning.
            if start < 0 && end < 0 && start > end {
                return Ok(Reply::Int(0));
            }
            bit_range(start, end, is_bits(args, 3)?, value.len())
        }
        _ => return Err(syntax()),
    };
    Ok(Reply::Int(i64::from(count_ones(&value, range))))
}

/// How many bits of a range are 1.
fn count_ones(value: &[u8], range: std::ops::Range<u64>) -> u32 {
    if range.is_empty() {
        return 0;
    }
    let (first, last) = (place(range.start).0, place(range.end - 1).0);
    let whole: u32 = value.get(first..=last).unwrap_or_default().iter().map(|byte| byte.count_ones()).sum();
    let outside = (first as u64 * 8..range.start).chain(range.end..(last as u64 + 1) * 8);
    let outside = outside.filter(|offset| bit(value, *offset)).count();
    whole.saturating_sub(u32::try_from(outside).unwrap_or_default())
}

fn bitpos(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let wanted = match number::integer(args.at(1)).ok_or_else(not_an_integer)? {
        0 => false,
        1 => true,
        _ => return Err(refused("ERR The bit argument must be 1 or 0.")),
    };
    let Some((value, _)) = string(tx, args.at(0))? else { return Ok(Reply::Int(if wanted { -1 } else { 0 })) };
    let range = match args.len() {
        2 => 0..value.len() as u64 * 8,
        3..=5 => {
            let start = args.integer(2)?;
            let is_bits = is_bits(args, 4)?;
            bit_range(start, if args.len() > 3 { args.integer(3)? } else { -1 }, is_bits, value.len())
        }
        _ => return Err(syntax()),
    };
    if range.is_empty() {
        return Ok(Reply::Int(-1));
    }
    let behind = range.end;
    let found = first_bit(&value, range, wanted);
    // A string goes on with zeros for ever, unless the call says where it ends.
    let found = found.or((!wanted && args.len() < 4).then_some(behind));
    Ok(Reply::Int(found.map_or(-1, |offset| i64::try_from(offset).unwrap_or(i64::MAX))))
}

/// The first bit of a range that is as wanted.
fn first_bit(value: &[u8], range: std::ops::Range<u64>, wanted: bool) -> Option<u64> {
    let without = if wanted { 0x00 } else { 0xff };
    let mut offset = range.start;
    while offset < range.end {
        let is_whole = offset.is_multiple_of(8) && value.get(place(offset).0) == Some(&without);
        if is_whole {
            offset += 8;
        } else if bit(value, offset) == wanted {
            return Some(offset);
        } else {
            offset += 1;
        }
    }
    None
}

/// What BITOP does with two bytes.
type Operation = fn(u8, u8) -> u8;

fn bitop(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (destination, sources) = (args.at(1), args.from(2));
    let operation: Option<Operation> = match args.at(0).to_ascii_uppercase().as_slice() {
        b"AND" => Some(|left, right| left & right),
        b"OR" => Some(|left, right| left | right),
        b"XOR" => Some(|left, right| left ^ right),
        b"NOT" => None,
        _ => return Err(syntax()),
    };
    if operation.is_none() && sources.len() != 1 {
        return Err(refused("ERR BITOP NOT must be called with a single source key."));
    }
    let mut values = Vec::with_capacity(sources.len());
    for key in sources {
        values.push(string_to_read(tx, key)?.map(|(value, _)| value).unwrap_or_default());
    }
    let longest = values.iter().map(Vec::len).max().unwrap_or_default();
    let mut values = values.into_iter();
    let mut result = values.next().unwrap_or_default();
    result.resize(longest, 0);
    match operation {
        None => result.iter_mut().for_each(|byte| *byte = !*byte),
        Some(operation) => {
            for value in values {
                let bytes = value.into_iter().chain(std::iter::repeat(0));
                result.iter_mut().zip(bytes).for_each(|(left, right)| *left = operation(*left, right));
            }
        }
    }
    if result.is_empty() {
        tx.remove_and_tell(destination)?;
    } else {
        replace(tx, destination, &result, None)?;
        tx.tell(Class::String, "set", destination);
    }
    Ok(Reply::count(result.len()))
}

#[cfg(test)]
mod tests {
    use super::{bit, bit_range, count_ones, first_bit, grow, set_bit};

    #[test]
    fn bits_are_counted_from_the_highest_of_the_first_byte() {
        let mut value = Vec::new();
        grow(&mut value, 11).expect("two bytes are not too many");
        for offset in [0, 7, 10] {
            set_bit(&mut value, offset, true);
        }
        assert_eq!(value, [0b1000_0001, 0b0010_0000]);
        assert!(bit(&value, 7) && !bit(&value, 8) && !bit(&value, 99));
        for start in 0..16 {
            for end in start..=16 {
                let slow: Vec<u64> = (start..end).filter(|offset| bit(&value, *offset)).collect();
                assert_eq!(count_ones(&value, start..end) as usize, slow.len(), "{start}..{end}");
                assert_eq!(first_bit(&value, start..end, true), slow.first().copied(), "{start}..{end}");
            }
        }
    }

    #[test]
    fn ranges_are_those_of_bytes_or_of_bits() {
        assert_eq!(bit_range(0, -1, false, 3), 0..24);
        assert_eq!(bit_range(-2, 100, false, 3), 8..24);
        assert_eq!(bit_range(5, -3, true, 2), 5..14);
        assert!(bit_range(2, 1, false, 3).is_empty() && bit_range(-1, -2, true, 3).is_empty());
        assert_eq!(bit_range(-8, -9, false, 3), 0..8);
        assert!(bit_range(0, -1, false, 0).is_empty());
    }
}
