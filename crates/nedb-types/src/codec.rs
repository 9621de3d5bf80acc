//! The one integer codec: every number that reaches disk goes through [`Reader`] and [`Writer`].
//!
//! Fixed-width integers are little-endian. A varint is LEB128 in its shortest form; a longer form is refused, so that
//! one number has one encoding. Every read is checked; what does not fit is a `corrupt` error naming structure and offset.

use crate::{Error, Place, Result};

/// Longest encoding of a 64-bit varint in bytes.
pub const VARINT_BYTES_MAX: usize = 10;

/// Reads a stored structure from its first byte to its last.
///
/// # Examples
///
/// ```
/// use nedb_types::codec::{Reader, Writer};
///
/// let mut writer = Writer::new();
/// writer.u32(7);
/// writer.varint(300);
/// let bytes = writer.into_bytes();
///
/// let mut reader = Reader::new(&bytes, "example");
/// assert_eq!(reader.u32()?, 7);
/// assert_eq!(reader.varint()?, 300);
/// reader.finish()?;
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
    structure: &'static str,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `bytes`; `structure` names what they should be, for error messages.
    pub const fn new(bytes: &'a [u8], structure: &'static str) -> Self {
        Self { rest: bytes, length: bytes.len(), structure }
    }

    /// Returns how many bytes were read so far.
    pub const fn position(&self) -> usize {
        self.length - self.rest.len()
    }

    /// Returns how many bytes are left.
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Returns whether every byte was read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Returns the bytes that are left, without reading them.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Reads the next `count` bytes.
    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        match self.rest.split_at_checked(count) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.too_short(count as u64)),
        }
    }

    /// Reads the next `count` bytes, a length that was itself read from the structure.
    #[inline]
    pub fn bytes(&mut self, count: u64) -> Result<&'a [u8]> {
        match usize::try_from(count) {
            Ok(count) => self.take(count),
            Err(_) => Err(self.too_short(count)),
        }
    }

    /// Reads the next `N` bytes as an array.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.rest.split_first_chunk::<N>() {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(*taken)
            }
            None => Err(self.too_short(N as u64)),
        }
    }

    /// Reads one byte.
    #[inline]
    pub fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_le_bytes)
    }

    /// Reads a 16-bit integer.
    #[inline]
    pub fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Reads a 32-bit integer.
    #[inline]
    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Reads a 64-bit integer.
    #[inline]
    pub fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads a signed 32-bit integer.
    #[inline]
    pub fn i32(&mut self) -> Result<i32> {
        self.array().map(i32::from_le_bytes)
    }

    /// Reads a signed 64-bit integer.
    #[inline]
    pub fn i64(&mut self) -> Result<i64> {
        self.array().map(i64::from_le_bytes)
    }

    /// Reads a varint; only the shortest form of a number is accepted.
    #[inline]
    pub fn varint(&mut self) -> Result<u64> {
        match self.rest.split_first() {
            Some((&byte, rest)) if byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    /// Checks that nothing is left.
    pub fn finish(&self) -> Result<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(self.corrupt(format_args!("{} bytes follow its end", self.rest.len())))
    }

    /// Makes a `corrupt` error at the present position; `what` says what is wrong with the structure.
    #[cold]
    pub fn corrupt(&self, what: impl std::fmt::Display) -> Error {
        Error::corrupt(format!("{}: {what}", self.structure)).at(Place::at_offset(self.position() as u64))
    }

    fn long_varint(&mut self) -> Result<u64> {
        let start = self.clone();
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(start.corrupt("a varint exceeds 64 bits"));
            }
            value |= bits << shift;
            if byte < 0x80 {
                return if byte == 0 { Err(start.corrupt("a varint is not in its shortest form")) } else { Ok(value) };
            }
        }
        Err(start.corrupt("a varint exceeds 64 bits"))
    }

    #[cold]
    fn too_short(&self, wanted: u64) -> Error {
        self.corrupt(format_args!("{wanted} bytes are needed, {} are left", self.rest.len()))
    }
}

/// Writes a stored structure into a growing buffer.
///
/// # Examples
///
/// ```
/// use nedb_types::codec::Writer;
///
/// let mut writer = Writer::with_capacity(12);
/// writer.u16(0x0102);
/// writer.bytes(b"ab");
/// assert_eq!(writer.as_bytes(), [0x02, 0x01, b'a', b'b']);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Writer {
    buffer: Vec<u8>,
}

impl Writer {
    /// Starts with an empty buffer.
    pub const fn new() -> Self {
        Self { buffer: Vec::new() }
    }

    /// Starts with room for `capacity_bytes`.
    pub fn with_capacity(capacity_bytes: usize) -> Self {
        Self { buffer: Vec::with_capacity(capacity_bytes) }
    }

    /// Continues behind the bytes of `buffer`, keeping its capacity.
    pub const fn append_to(buffer: Vec<u8>) -> Self {
        Self { buffer }
    }

    /// Returns how many bytes were written.
    pub const fn position(&self) -> usize {
        self.buffer.len()
    }

    /// Returns the bytes written so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Returns the buffer.
    pub fn into_bytes(self) -> Vec<u8> {
        self.buffer
    }

    /// Forgets what was written and keeps the room.
    pub fn clear(&mut self) {
        self.buffer.clear();
    }

    /// Writes bytes as they are, without their length.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Writes zeros until the position is a multiple of `align_bytes`.
    pub fn pad_to(&mut self, align_bytes: usize) {
        self.buffer.resize(self.buffer.len().next_multiple_of(align_bytes), 0);
    }

    /// Writes one byte.
    #[inline]
    pub fn u8(&mut self, value: u8) {
        self.buffer.push(value);
    }

    /// Writes a 16-bit integer.
    #[inline]
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    /// Writes a 32-bit integer.
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    /// Writes a 64-bit integer.
    #[inline]
    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    /// Writes a signed 32-bit integer.
    #[inline]
    pub fn i32(&mut self, value: i32) {
        self.bytes(&value.to_le_bytes());
    }

    /// Writes a signed 64-bit integer.
    #[inline]
    pub fn i64(&mut self, value: i64) {
        self.bytes(&value.to_le_bytes());
    }

    /// Writes a varint in its shortest form.
    #[inline]
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            let [low, ..] = value.to_le_bytes();
            self.buffer.push(low | 0x80);
            value >>= 7;
        }
        let [low, ..] = value.to_le_bytes();
        self.buffer.push(low);
    }

    /// Overwrites four bytes that were written before, such as a length that is known only at the end.
    ///
    /// # Panics
    ///
    /// If the four bytes at `position` were not written yet, which is a mistake of the calling code.
    pub fn set_u32(&mut self, position: usize, value: u32) {
        let place = self.buffer.get_mut(position..).and_then(|tail| tail.first_chunk_mut::<4>());
        *place.expect("set_u32 overwrites four bytes that were written before") = value.to_le_bytes();
    }
}
