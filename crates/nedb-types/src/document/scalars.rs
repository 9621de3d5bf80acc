//! The builder's calls for values that have no parts.

use super::DocumentBuilder;
use super::builder::too_large;
use super::tag;
use super::width::Width;
use crate::limits::{DOCUMENT_BYTES_MAX, INTEGER_BYTES_MAX};
use crate::{Decimal, Error, ErrorCode, Float, Result, Timestamp, WideInteger};
use num_bigint::{BigInt, Sign};

impl DocumentBuilder {
    /// Writes null.
    pub fn null(&mut self) -> Result<()> {
        self.tagged(tag::NULL, &[])
    }

    /// Writes true or false.
    pub fn bool(&mut self, value: bool) -> Result<()> {
        self.tagged(if value { tag::TRUE } else { tag::FALSE }, &[])
    }

    /// Writes an integer in the fewest of 1, 2, 4 or 8 bytes.
    pub fn i64(&mut self, value: i64) -> Result<()> {
        if let Ok(value) = i8::try_from(value) {
            return self.tagged(tag::I8, &value.to_le_bytes());
        }
        if let Ok(value) = i16::try_from(value) {
            return self.tagged(tag::I16, &value.to_le_bytes());
        }
        if let Ok(value) = i32::try_from(value) {
            return self.tagged(tag::I32, &value.to_le_bytes());
        }
        self.tagged(tag::I64, &value.to_le_bytes())
    }

    /// Writes an integer beyond 64 bits.
    pub fn wide_integer(&mut self, value: &WideInteger) -> Result<()> {
        self.before_value()?;
        self.out.push(tag::BIG_INT);
        self.magnitude(value.get())?;
        self.value_done()
    }

    /// Writes an integer of any size.
    pub fn integer(&mut self, value: BigInt) -> Result<()> {
        match i64::try_from(&value) {
            Ok(value) => self.i64(value),
            Err(_too_large) => match WideInteger::new(value) {
                Some(value) => self.wide_integer(&value),
                None => Ok(()),
            },
        }
    }

    /// Writes a float.
    pub fn float(&mut self, value: Float) -> Result<()> {
        self.tagged(tag::F64, &value.get().to_bits().to_le_bytes())
    }

    /// Writes a decimal number.
    pub fn decimal(&mut self, value: &Decimal) -> Result<()> {
        self.before_value()?;
        self.out.push(tag::DECIMAL);
        self.out.extend_from_slice(&value.scale().to_le_bytes());
        self.magnitude(value.coefficient())?;
        self.value_done()
    }

    /// Writes text.
    pub fn string(&mut self, value: &str) -> Result<()> {
        self.sized(tag::STRING, value.as_bytes())
    }

    /// Writes binary data.
    pub fn bytes(&mut self, value: &[u8]) -> Result<()> {
        self.sized(tag::BYTES, value)
    }

    /// Writes a moment.
    pub fn date_time(&mut self, value: Timestamp) -> Result<()> {
        self.tagged(tag::DATE_TIME, &value.as_micros().to_le_bytes())
    }

    /// Writes a UUID.
    pub fn uuid(&mut self, value: &[u8; 16]) -> Result<()> {
        self.tagged(tag::UUID, value)
    }

    /// Writes an object id.
    pub fn object_id(&mut self, value: &[u8; 12]) -> Result<()> {
        self.tagged(tag::OBJECT_ID, value)
    }

    fn tagged(&mut self, tag: u8, body: &[u8]) -> Result<()> {
        self.before_value()?;
        self.out.push(tag);
        self.out.extend_from_slice(body);
        self.value_done()
    }

    fn sized(&mut self, first_tag: u8, body: &[u8]) -> Result<()> {
        self.before_value()?;
        if body.len() > DOCUMENT_BYTES_MAX {
            return Err(too_large(body.len()));
        }
        let (width, length) =
            Width::of(body.len()).zip(u32::try_from(body.len()).ok()).ok_or_else(|| too_large(body.len()))?;
        self.out.push(first_tag + width.tag_step());
        width.push(&mut self.out, length);
        self.out.extend_from_slice(body);
        self.value_done()
    }

    fn magnitude(&mut self, value: &BigInt) -> Result<()> {
        let (sign, mut magnitude) = value.to_bytes_le();
        if sign == Sign::NoSign {
            magnitude.clear();
        }
        if magnitude.len() > INTEGER_BYTES_MAX {
            let length = magnitude.len();
            let message = format!("an integer of {length} bytes exceeds the limit of {INTEGER_BYTES_MAX}");
            return Err(Error::new(ErrorCode::InvalidValue, message));
        }
        self.out.push(u8::from(sign == Sign::Minus));
        let length = u32::try_from(magnitude.len()).unwrap_or(u32::MAX);
        self.out.extend_from_slice(&length.to_le_bytes());
        self.out.extend_from_slice(&magnitude);
        Ok(())
    }
}
