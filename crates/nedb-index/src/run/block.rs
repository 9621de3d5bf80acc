//! Key blocks: sorted keys with front coding, and their values in packed bits.
//!
//! ```text
//! keys u16 | pages u8 | value bits u8 | entries length u32 | least value u64
//! | offset of each restart u16 ... | entries ... | values, value bits each, less the least value
//! entry = shared (high 4 bits), rest (low 4 bits) | [shared - 15 varint] | [rest - 15 varint] | rest bytes
//! ```
//! Every 32nd entry is a restart: it shares nothing, so that a search may begin there. A block fills one page; only a
//! single key that is longer than that takes more.
//! Promises: decoding checks every length, so that no bytes make it fail other than with `corrupt`. Leaves to others:
//! pages and their checks.

use nedb_types::codec::{Reader, Writer};
use nedb_types::{Error, Result};

use super::page::BODY_BYTES;
use crate::delta::shared_length;
use crate::entry::Packed;
use crate::number::{u16_from, u32_from};

/// Keys from one restart to the next: more saves bytes, fewer saves time in a search.
pub(crate) const RESTART_KEYS: usize = 32;

const HEADER_BYTES: usize = 16;
/// Lengths below this stand in four bits.
const SHORT_MAX: usize = 15;

/// Collects keys until a block is full.
#[derive(Debug, Default)]
pub(crate) struct BlockBuilder {
    entries: Writer,
    restarts: Vec<u16>,
    values: Vec<u64>,
    first: Vec<u8>,
    last: Vec<u8>,
    least: u64,
    greatest: u64,
}

impl BlockBuilder {
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(crate) fn first_key(&self) -> &[u8] {
        &self.first
    }

    pub(crate) fn last_key(&self) -> &[u8] {
        &self.last
    }

    /// Adds a key that is greater than all before; returns false, and adds nothing, when the block is full.
    pub(crate) fn push(&mut self, key: &[u8], value: Packed) -> bool {
        let is_restart = self.values.len().is_multiple_of(RESTART_KEYS);
        let shared = if is_restart { 0 } else { shared_length(&self.last, key) };
        let rest = key.get(shared..).unwrap_or_default();
        let word = value.word();
        let (least, greatest) =
            if self.is_empty() { (word, word) } else { (self.least.min(word), self.greatest.max(word)) };
        let entry_bytes_max = 1 + 2 * 3 + rest.len();
        let restarts = self.restarts.len() + usize::from(is_restart);
        let values_bytes = packed_bytes(self.values.len() + 1, bits(greatest - least));
        let total = HEADER_BYTES + 2 * restarts + self.entries.position() + entry_bytes_max + values_bytes;
        if total > BODY_BYTES && !self.is_empty() {
            return false;
        }
        if is_restart {
            self.restarts.push(u16_from(self.entries.position()));
        }
        if self.is_empty() {
            self.first.clear();
            self.first.extend_from_slice(key);
        }
        put_entry(&mut self.entries, shared, rest);
        self.values.push(word);
        (self.least, self.greatest) = (least, greatest);
        self.last.truncate(shared);
        self.last.extend_from_slice(rest);
        true
    }

    /// Returns the block's bytes and begins the next one.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        let width = bits(self.greatest - self.least);
        let length =
            HEADER_BYTES + 2 * self.restarts.len() + self.entries.position() + packed_bytes(self.values.len(), width);
        let pages = length.div_ceil(BODY_BYTES);
        let mut block = Writer::with_capacity(length);
        block.u16(u16_from(self.values.len()));
        block.u8(u8::try_from(pages).expect("a key of the index is far shorter than 255 pages"));
        block.u8(width);
        block.u32(u32_from(self.entries.position()));
        block.u64(self.least);
        for restart in &self.restarts {
            block.u16(*restart);
        }
        block.bytes(self.entries.as_bytes());
        put_packed(&mut block, self.values.iter().map(|word| word - self.least), width);
        self.entries.clear();
        self.restarts.clear();
        self.values.clear();
        block.into_bytes()
    }
}

/// Returns how many pages the block takes whose first page has this body.
pub(crate) fn pages_of(body: &[u8]) -> Option<u32> {
    body.get(2).map(|pages| u32::from(*pages)).filter(|pages| *pages > 0)
}

/// The lengths of a block, checked against its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BlockShape {
    pub(crate) count: usize,
    width: u8,
    least: u64,
    restarts: usize,
    entries: (usize, usize),
}

impl BlockShape {
    pub(crate) fn read(block: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(block, "key block");
        let (count, _pages, width) = (usize::from(reader.u16()?), reader.u8()?, reader.u8()?);
        let entries_length = reader.u32()?;
        let least = reader.u64()?;
        let restarts = count.div_ceil(RESTART_KEYS);
        reader.take(2 * restarts)?;
        let start = reader.position();
        reader.bytes(u64::from(entries_length))?;
        let end = reader.position();
        if count == 0 || u32::from(width) > u64::BITS {
            return Err(reader.corrupt("a block has no keys or too wide values"));
        }
        reader.take(packed_bytes(count, width))?;
        Ok(Self { count, width, least, restarts, entries: (start, end) })
    }

    pub(crate) fn restarts(&self) -> usize {
        self.restarts
    }

    /// Returns the value of a key by its place in the block.
    #[inline]
    pub(crate) fn value(&self, block: &[u8], index: usize) -> Option<Packed> {
        let values = block.get(self.entries.1..)?;
        let word = take_packed(values, index, self.width)?;
        Packed::from_word(self.least.checked_add(word)?)
    }

    /// Returns where the entry of a restart begins in the block.
    pub(crate) fn restart_at(&self, block: &[u8], restart: usize) -> Option<usize> {
        let offset = block.get(HEADER_BYTES + 2 * restart..).filter(|_| restart < self.restarts)?.first_chunk()?;
        Some(self.entries.0 + usize::from(u16::from_le_bytes(*offset)))
    }

    /// Returns the whole key of a restart.
    pub(crate) fn restart_key<'a>(&self, block: &'a [u8], restart: usize) -> Result<&'a [u8]> {
        let mut reader = self.reader_at(block, restart)?;
        let (shared, rest) = take_entry(&mut reader)?;
        if shared != 0 {
            return Err(reader.corrupt("a restart shares bytes with the key before"));
        }
        Ok(rest)
    }

    /// Decodes the keys from one restart to the next.
    pub(crate) fn decode(&self, block: &[u8], restart: usize, keys: &mut DecodedKeys) -> Result<()> {
        keys.clear();
        let mut reader = self.reader_at(block, restart)?;
        let first = restart * RESTART_KEYS;
        for _ in first..self.count.min(first + RESTART_KEYS) {
            let (shared, rest) = take_entry(&mut reader)?;
            if !keys.push(shared, rest) {
                return Err(reader.corrupt("a key shares more bytes than the key before has"));
            }
        }
        Ok(())
    }

    fn reader_at<'a>(&self, block: &'a [u8], restart: usize) -> Result<Reader<'a>> {
        let start = self.restart_at(block, restart);
        let entries = start.and_then(|start| block.get(start..self.entries.1));
        entries
            .map(|entries| Reader::new(entries, "key block entries"))
            .ok_or_else(|| Error::corrupt("key block: a restart lies outside the entries"))
    }
}

/// The whole keys of one restart interval.
#[derive(Debug, Default)]
pub(crate) struct DecodedKeys {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl DecodedKeys {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    #[inline]
    pub(crate) fn key(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)? as usize;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        self.bytes.get(start..end)
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Makes room for more keys.
    pub(crate) fn reserve(&mut self, keys: usize, bytes: usize) {
        self.ends.reserve(keys);
        self.bytes.reserve(bytes);
    }

    #[inline]
    pub(crate) fn push(&mut self, shared: usize, rest: &[u8]) -> bool {
        let start = match self.ends.len() {
            0 | 1 => 0,
            count => self.ends.get(count - 2).map_or(0, |end| *end as usize),
        };
        if start + shared > self.bytes.len() {
            return false;
        }
        self.bytes.extend_from_within(start..start + shared);
        self.bytes.extend_from_slice(rest);
        self.ends.push(u32_from(self.bytes.len()));
        true
    }
}

pub(crate) fn put_entry(writer: &mut Writer, shared: usize, rest: &[u8]) {
    let short = |length: usize| u8::try_from(length.min(SHORT_MAX)).unwrap_or_default();
    writer.u8(short(shared) << 4 | short(rest.len()));
    for length in [shared, rest.len()] {
        if length >= SHORT_MAX {
            writer.varint((length - SHORT_MAX) as u64);
        }
    }
    writer.bytes(rest);
}

#[inline]
pub(crate) fn take_entry<'a>(reader: &mut Reader<'a>) -> Result<(usize, &'a [u8])> {
    let lengths = reader.u8()?;
    let mut shared = usize::from(lengths >> 4);
    let mut rest = u64::from(lengths & 0x0f);
    if shared == SHORT_MAX {
        let more = reader.varint()?;
        shared = usize::try_from(more).unwrap_or(usize::MAX).saturating_add(shared).min(u32::MAX as usize);
    }
    if rest == SHORT_MAX as u64 {
        rest = reader.varint()?.saturating_add(rest);
    }
    Ok((shared, reader.bytes(rest)?))
}

/// Returns the bits that hold a number.
pub(crate) fn bits(number: u64) -> u8 {
    u8::try_from(u64::BITS - number.leading_zeros()).unwrap_or_default()
}

pub(crate) fn packed_bytes(count: usize, width: u8) -> usize {
    (count * usize::from(width)).div_ceil(8)
}

pub(crate) fn put_packed(writer: &mut Writer, numbers: impl Iterator<Item = u64>, width: u8) {
    let (mut pending, mut filled) = (0_u128, 0_u32);
    for number in numbers {
        pending |= u128::from(number) << filled;
        filled += u32::from(width);
        while filled >= 8 {
            let [low, ..] = pending.to_le_bytes();
            writer.u8(low);
            pending >>= 8;
            filled -= 8;
        }
    }
    if filled > 0 {
        let [low, ..] = pending.to_le_bytes();
        writer.u8(low);
    }
}

#[inline]
pub(crate) fn take_packed(bytes: &[u8], index: usize, width: u8) -> Option<u64> {
    let start = index * usize::from(width);
    let tail = bytes.get(start / 8..)?;
    let mask = (1_u128 << width) - 1;
    if let Some(wide) = tail.first_chunk() {
        // Most values have 16 bytes behind their first one: no copy.
        return u64::try_from(u128::from_le_bytes(*wide) >> (start % 8) & mask).ok();
    }
    let needed = (start % 8 + usize::from(width)).div_ceil(8);
    let mut wide = [0; 16];
    wide.get_mut(..needed)?.copy_from_slice(tail.get(..needed)?);
    u64::try_from(u128::from_le_bytes(wide) >> (start % 8) & mask).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, KeyState};

    fn block_of(keys: &[Vec<u8>]) -> Vec<u8> {
        let mut builder = BlockBuilder::default();
        for (number, key) in (1..).zip(keys) {
            let state = if number % 3 == 0 { KeyState::Tombstone } else { KeyState::Live };
            assert!(builder.push(key, Packed::new(Address::new(number * 160), state)));
        }
        builder.finish()
    }

    fn read_all(block: &[u8]) -> Result<Vec<(Vec<u8>, Option<Packed>)>> {
        let shape = BlockShape::read(block)?;
        let (mut keys, mut all) = (DecodedKeys::default(), Vec::new());
        for restart in 0..shape.restarts() {
            shape.decode(block, restart, &mut keys)?;
            assert_eq!(Some(shape.restart_key(block, restart)?), keys.key(0));
            for index in 0..keys.len() {
                all.push((keys.key(index).unwrap().to_vec(), shape.value(block, all.len())));
            }
        }
        Ok(all)
    }

    #[test]
    fn a_block_gives_back_its_keys_and_values() {
        let keys: Vec<Vec<u8>> = (0..150).map(|n| format!("{}{n:05}", "x".repeat(n / 50 * 14)).into_bytes()).collect();
        let mut keys = keys;
        keys.sort();
        let block = block_of(&keys);
        let all = read_all(&block).unwrap();
        assert_eq!(all.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(), keys);
        for (number, (_, value)) in (1..).zip(&all) {
            let value = value.unwrap();
            assert_eq!(value.address().get(), number * 160);
            assert_eq!(value.state() == KeyState::Tombstone, number % 3 == 0);
        }
    }

    #[test]
    fn the_bytes_of_a_block_are_fixed() {
        let block = block_of(&[b"aa1".to_vec(), b"aa22".to_vec(), b"ab".to_vec()]);
        let text = crate::tests::hex(&block);
        assert_eq!(text, "030001060900000014000000000000000000036161312232321162009502");
    }

    #[test]
    fn a_full_block_takes_no_more_and_fits_its_page() {
        let mut builder = BlockBuilder::default();
        let mut count = 0_u64;
        while builder
            .push(format!("{count:08}").as_bytes(), Packed::new(Address::new(16 + count * 7919 * 16), KeyState::Live))
        {
            count += 1;
        }
        let block = builder.finish();
        assert!(block.len() <= BODY_BYTES && block.len() > BODY_BYTES - 64, "{}", block.len());
        assert_eq!(read_all(&block).unwrap().len() as u64, count);
    }

    #[test]
    fn a_cut_or_changed_block_never_panics() {
        let keys: Vec<Vec<u8>> = (0..70).map(|n| format!("key-{n:03}").into_bytes()).collect();
        let block = block_of(&keys);
        for length in 0..block.len() {
            assert!(read_all(&block[..length]).is_err() || length + 8 > block.len(), "cut at {length}");
        }
        for bit in 0..block.len() * 8 {
            let mut changed = block.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            drop(read_all(&changed));
        }
    }
}
