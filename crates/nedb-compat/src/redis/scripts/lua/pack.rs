//! The library `cmsgpack`: values as `MessagePack`.
//!
//! A table whose keys are 1 to n is an array, every other one a map; what has no form there is nil. Tables deeper than 16 are nil.

use mlua::{Lua, Table, Value};

use super::watch::VALUE_STEPS;
use super::{Answer, Arguments, Wrong, values};

/// How deep tables are written.
const DEPTH_MAX: usize = 16;

/// How deep they are read; the library of Redis has no bound but the stack.
const READ_DEPTH_MAX: usize = 128;

pub(super) fn pack(lua: &Lua, arguments: &Arguments) -> Answer {
    if arguments.values.is_empty() {
        return Err("bad argument #0 to 'pack' (MessagePack pack needs input.)".into());
    }
    let mut packer = Packer { out: Vec::new(), arguments };
    for value in &arguments.values {
        packer.value(value, 0)?;
    }
    Ok(vec![Value::String(lua.create_string(packer.out)?)])
}

struct Packer<'a> {
    out: Vec<u8>,
    arguments: &'a Arguments,
}

impl Packer<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Wrong> {
        self.arguments.bound(&self.out)?;
        self.arguments.spend(VALUE_STEPS)?;
        match value {
            Value::String(text) => return self.string(&text.as_bytes()),
            Value::Boolean(is_true) => self.out.push(if *is_true { 0xC3 } else { 0xC2 }),
            Value::Integer(_) | Value::Number(_) => self.number(values::number(value).unwrap_or_default()),
            Value::Table(table) if depth < DEPTH_MAX => return self.table(table, depth),
            _ => self.out.push(0xC0),
        }
        Ok(())
    }

    /// A head with the length in one of several widths: as many as there are, the smallest first.
    fn head(&mut self, len: usize, fixed: (usize, u8), signs: [Option<u8>; 3]) {
        #[expect(clippy::cast_possible_truncation, reason = "each width was compared with the length")]
        match (signs, len) {
            _ if len < fixed.0 => self.out.push(fixed.1 | len as u8),
            ([Some(sign), ..], 0..0x100) => self.out.extend_from_slice(&[sign, len as u8]),
            ([_, Some(sign), _], 0..0x1_0000) => {
                self.out.push(sign);
                self.out.extend_from_slice(&(len as u16).to_be_bytes());
            }
            ([_, _, sign], _) => {
                self.out.push(sign.unwrap_or_default());
                self.out.extend_from_slice(&(len as u32).to_be_bytes());
            }
        }
    }

    fn string(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        self.arguments.spend(bytes.len() / 32)?;
        self.head(bytes.len(), (32, 0xA0), [Some(0xD9), Some(0xDA), Some(0xDB)]);
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn number(&mut self, number: f64) {
        /// The first float that no integer of 64 bits reaches.
        const END: f64 = 9_223_372_036_854_775_808.0;
        if number.fract() != 0.0 || !(-END..END).contains(&number) {
            #[expect(clippy::cast_possible_truncation, reason = "the short form is taken where it loses nothing")]
            let short = number as f32;
            if f64::from(short).to_bits() == number.to_bits() {
                self.out.push(0xCA);
                self.out.extend_from_slice(&short.to_be_bytes());
            } else {
                self.out.push(0xCB);
                self.out.extend_from_slice(&number.to_be_bytes());
            }
            return;
        }
        #[expect(clippy::cast_possible_truncation, reason = "the float is whole and within the range")]
        let number = number as i64;
        let bytes = number.to_be_bytes();
        let (sign, width) = match number {
            -32..128 => return self.out.extend_from_slice(bytes.get(7..).unwrap_or_default()),
            128..0x100 => (0xCC, 1),
            0x100..0x1_0000 => (0xCD, 2),
            0x1_0000..0x1_0000_0000 => (0xCE, 4),
            0x1_0000_0000.. => (0xCF, 8),
            -0x80..-32 => (0xD0, 1),
            -0x8000..-0x80 => (0xD1, 2),
            -0x8000_0000..-0x8000 => (0xD2, 4),
            _ => (0xD3, 8),
        };
        self.out.push(sign);
        self.out.extend_from_slice(bytes.get(8 - width..).unwrap_or_default());
    }

    fn table(&mut self, table: &Table, depth: usize) -> Result<(), Wrong> {
        if let Some(len) = array_len(table, self.arguments)? {
            self.head(len, (16, 0x90), [None, Some(0xDC), Some(0xDD)]);
            for place in 1..=len {
                self.value(&table.raw_get(place)?, depth + 1)?;
            }
            return Ok(());
        }
        // Counted first: Lua keeps a bounded number of values for us at once.
        let mut len = 0;
        for pair in table.pairs::<Value, Value>() {
            pair?;
            self.arguments.spend(VALUE_STEPS)?;
            len += 1;
        }
        self.head(len, (16, 0x80), [None, Some(0xDE), Some(0xDF)]);
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair?;
            self.value(&key, depth + 1)?;
            self.value(&value, depth + 1)?;
        }
        Ok(())
    }
}

/// How many elements a table has whose keys are 1 to that number.
fn array_len(table: &Table, arguments: &Arguments) -> Result<Option<usize>, Wrong> {
    let (mut count, mut greatest) = (0.0_f64, 0.0_f64);
    for pair in table.pairs::<Value, Value>() {
        let (key, _) = pair?;
        arguments.spend(VALUE_STEPS)?;
        let (Value::Integer(_) | Value::Number(_)) = key else { return Ok(None) };
        let key = values::number(&key).unwrap_or_default();
        if key < 1.0 || key.fract() != 0.0 {
            return Ok(None);
        }
        count += 1.0;
        greatest = greatest.max(key);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the number of elements of a table")]
    let len = count as usize;
    Ok((greatest <= count).then_some(len))
}

pub(super) fn unpack(lua: &Lua, arguments: &Arguments) -> Answer {
    let bytes = arguments.bytes(0)?;
    let mut unpacker = Unpacker { lua, arguments, bytes: &bytes, at: 0 };
    unpacker.values(usize::MAX)
}

pub(super) fn unpack_one(lua: &Lua, arguments: &Arguments) -> Answer {
    let (bytes, offset) = (arguments.bytes(0)?, arguments.number_or(1, 0.0)?);
    some(lua, arguments, &bytes, 1.0, offset)
}

pub(super) fn unpack_limit(lua: &Lua, arguments: &Arguments) -> Answer {
    let (bytes, limit, offset) = (arguments.bytes(0)?, arguments.number(1)?, arguments.number_or(2, 0.0)?);
    some(lua, arguments, &bytes, limit, offset)
}

/// Some values from an offset on, and in front of them where the next ones stand: -1 at the end.
fn some(lua: &Lua, arguments: &Arguments, bytes: &[u8], limit: f64, offset: f64) -> Answer {
    let len = bytes.len();
    if limit < 0.0 || offset < 0.0 {
        return Err(format!("Invalid request to unpack with offset of {offset} and limit of {len}.").into());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "negative ones were refused")]
    let (limit, offset) = (limit as usize, offset as usize);
    if offset > len {
        return Err(format!("Start offset {offset} greater than input length {len}.").into());
    }
    let mut unpacker = Unpacker { lua, arguments, bytes, at: offset };
    let found = unpacker.values(if limit == 0 { usize::MAX } else { limit })?;
    let next = if unpacker.at >= len { -1 } else { i64::try_from(unpacker.at).unwrap_or(i64::MAX) };
    Ok(std::iter::once(Value::Integer(next)).chain(found).collect())
}

struct Unpacker<'b> {
    lua: &'b Lua,
    arguments: &'b Arguments,
    bytes: &'b [u8],
    at: usize,
}

impl Unpacker<'_> {
    fn values(&mut self, most: usize) -> Answer {
        /// As many values as Lua takes from a function.
        const VALUES_MAX: usize = 4096;
        let mut found = Vec::new();
        while found.len() < most && self.at < self.bytes.len() {
            if found.len() >= VALUES_MAX {
                return Err(format!("more than {VALUES_MAX} values at once: use unpack_limit").into());
            }
            found.push(self.value(0)?);
        }
        Ok(found)
    }

    fn take(&mut self, len: usize) -> Result<&[u8], Wrong> {
        let end = self.at.checked_add(len);
        let taken = end.and_then(|end| self.bytes.get(self.at..end)).ok_or("Missing bytes in input.")?;
        self.at += len;
        Ok(taken)
    }

    /// A number without a sign of so many bytes.
    fn unsigned(&mut self, width: usize) -> Result<u64, Wrong> {
        Ok(self.take(width)?.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    fn len(&mut self, width: usize) -> Result<usize, Wrong> {
        Ok(usize::try_from(self.unsigned(width)?).unwrap_or(usize::MAX))
    }

    fn signed(&mut self, width: usize) -> Result<i64, Wrong> {
        let unused = 64 - 8 * width;
        Ok((self.unsigned(width)? << unused).cast_signed() >> unused)
    }

    fn string(&mut self, len: usize) -> Result<Value, Wrong> {
        let lua = self.lua;
        self.arguments.spend(len / 32)?;
        Ok(Value::String(lua.create_string(self.take(len)?)?))
    }

    fn array(&mut self, len: usize, depth: usize) -> Result<Value, Wrong> {
        let table = self.lua.create_table()?;
        for place in 1..=len {
            table.raw_set(place, self.value(depth + 1)?)?;
        }
        Ok(Value::Table(table))
    }

    fn map(&mut self, len: usize, depth: usize) -> Result<Value, Wrong> {
        let table = self.lua.create_table()?;
        for _ in 0..len {
            let (key, value) = (self.value(depth + 1)?, self.value(depth + 1)?);
            if matches!(&key, Value::Nil) || matches!(&key, Value::Number(number) if number.is_nan()) {
                return Err("Bad data format in input.".into());
            }
            table.raw_set(key, value)?;
        }
        Ok(Value::Table(table))
    }

    fn value(&mut self, depth: usize) -> Result<Value, Wrong> {
        if depth > READ_DEPTH_MAX {
            return Err(format!("more than {READ_DEPTH_MAX} tables within each other").into());
        }
        self.arguments.spend(VALUE_STEPS)?;
        let sign = self.take(1)?.first().copied().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "every number of Lua is a float")]
        let value = match sign {
            0x00..0x80 => Value::Number(f64::from(sign)),
            0x80..0x90 => self.map(usize::from(sign & 15), depth)?,
            0x90..0xA0 => self.array(usize::from(sign & 15), depth)?,
            0xA0..0xC0 => self.string(usize::from(sign & 31))?,
            0xC0 => Value::Nil,
            0xC2 | 0xC3 => Value::Boolean(sign == 0xC3),
            0xC4 | 0xD9 => self.len(1).and_then(|len| self.string(len))?,
            0xC5 | 0xDA => self.len(2).and_then(|len| self.string(len))?,
            0xC6 | 0xDB => self.len(4).and_then(|len| self.string(len))?,
            0xCA => Value::Number(f64::from(f32::from_bits(u32::try_from(self.unsigned(4)?).unwrap_or_default()))),
            0xCB => Value::Number(f64::from_bits(self.unsigned(8)?)),
            0xCC..0xD0 => Value::Number(self.unsigned(1 << (sign - 0xCC))? as f64),
            0xD0..0xD4 => Value::Number(self.signed(1 << (sign - 0xD0))? as f64),
            0xDC => self.len(2).and_then(|len| self.array(len, depth))?,
            0xDD => self.len(4).and_then(|len| self.array(len, depth))?,
            0xDE => self.len(2).and_then(|len| self.map(len, depth))?,
            0xDF => self.len(4).and_then(|len| self.map(len, depth))?,
            0xE0.. => Value::Number(f64::from(sign.cast_signed())),
            _ => return Err("Bad data format in input.".into()),
        };
        Ok(value)
    }
}
