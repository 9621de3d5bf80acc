//! The library `struct`: numbers and strings in fields of fixed widths.
//!
//! | letter | field |
//! |---|---|
//! | `<` `>` `=` | little end first, great end first, as the machine has it: little |
//! | `!n` | fields are aligned to their size, at most n |
//! | `b` `h` `l` `T`, capital without a sign | 1, 2, 8, 8 bytes |
//! | `in` `In` | n bytes, 4 without n |
//! | `f` `d` | floats of 4 and 8 bytes |
//! | `s` | a string and a 0 behind it |
//! | `cn` | n bytes; `c0` as many as the number before says, or the whole string |
//! | `x` | one byte of 0 |

use mlua::{Lua, Value};

use super::{Answer, Arguments, Wrong};

/// How wide an integer is at most.
const WIDTH_MAX: usize = 32;

/// A field of a format.
#[derive(Clone, Copy)]
enum Field {
    Integer { width: usize, is_signed: bool },
    Float,
    Double,
    Terminated,
    Bytes(usize),
    Pad,
}

impl Field {
    fn width(self) -> usize {
        match self {
            Self::Integer { width, .. } | Self::Bytes(width) => width,
            Self::Float => 4,
            Self::Double => 8,
            Self::Terminated => 0,
            Self::Pad => 1,
        }
    }

    /// Whether its place depends on the alignment.
    fn is_aligned(self) -> bool {
        matches!(self, Self::Integer { .. } | Self::Float | Self::Double)
    }
}

/// Reads the fields of a format, and keeps how they lie.
struct Format {
    letters: std::vec::IntoIter<u8>,
    function: &'static str,
    is_great_first: bool,
    align: usize,
}

impl Format {
    fn new(arguments: &Arguments) -> Result<Self, Wrong> {
        let letters = arguments.bytes(0)?.into_iter();
        Ok(Self { letters, function: arguments.function, is_great_first: false, align: 1 })
    }

    fn number(&mut self, default: usize) -> Result<usize, Wrong> {
        let digits = self.letters.as_slice().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text: String = self.letters.by_ref().take(digits).map(char::from).collect();
        if text.is_empty() {
            return Ok(default);
        }
        text.parse().map_err(|_too_great: std::num::ParseIntError| "integral size overflow".into())
    }

    fn integer_width(&mut self, default: usize) -> Result<usize, Wrong> {
        let width = self.number(default)?;
        if width == 0 || width > WIDTH_MAX {
            return Err(format!("integral size {width} is larger than limit of {WIDTH_MAX}").into());
        }
        Ok(width)
    }

    /// The next field; what only says how fields lie is done on the way.
    fn next(&mut self) -> Result<Option<Field>, Wrong> {
        loop {
            let Some(letter) = self.letters.next() else { return Ok(None) };
            let integer = |width: usize| Field::Integer { width, is_signed: letter.is_ascii_lowercase() };
            return Ok(Some(match letter {
                b'<' | b'=' => {
                    self.is_great_first = false;
                    continue;
                }
                b'>' => {
                    self.is_great_first = true;
                    continue;
                }
                b'!' => {
                    self.align = self.number(8)?;
                    if !self.align.is_power_of_two() {
                        return Err("alignment is not a power of 2".into());
                    }
                    continue;
                }
                b' ' => continue,
                b'b' | b'B' => integer(1),
                b'h' | b'H' => integer(2),
                b'l' | b'L' => integer(8),
                b'T' => Field::Integer { width: 8, is_signed: false },
                b'i' | b'I' => integer(self.integer_width(4)?),
                b'f' => Field::Float,
                b'd' => Field::Double,
                b's' => Field::Terminated,
                b'c' => Field::Bytes(self.number(1)?),
                b'x' => Field::Pad,
                _ => {
                    let letter = char::from(letter);
                    let function = self.function;
                    return Err(format!("bad argument #1 to '{function}' (invalid format option '{letter}')").into());
                }
            }));
        }
    }

    /// How many bytes stand in front of a field for the sake of its place.
    fn gap(&self, field: Field, at: usize) -> usize {
        let align = field.width().min(self.align);
        if !field.is_aligned() || align < 2 || !align.is_power_of_two() { 0 } else { at.wrapping_neg() & (align - 1) }
    }
}

pub(super) fn pack(lua: &Lua, arguments: &Arguments) -> Answer {
    let (mut format, mut out, mut place) = (Format::new(arguments)?, Vec::new(), 1);
    while let Some(field) = format.next()? {
        if out.len() > arguments.bytes_max {
            return Err(format!("more than {} bytes, the limit query_memory", arguments.bytes_max).into());
        }
        out.resize(out.len() + format.gap(field, out.len()), 0);
        let ends = |mut bytes: Vec<u8>, is_great_first: bool| {
            if is_great_first {
                bytes.reverse();
            }
            bytes
        };
        match field {
            Field::Pad => out.push(0),
            Field::Integer { width, .. } => {
                out.extend(ends(integer_bytes(arguments.number(place)?, width), format.is_great_first));
            }
            Field::Float => {
                #[expect(clippy::cast_possible_truncation, reason = "the field is that short")]
                let short = arguments.number(place)? as f32;
                out.extend(ends(short.to_le_bytes().to_vec(), format.is_great_first));
            }
            Field::Double => out.extend(ends(arguments.number(place)?.to_le_bytes().to_vec(), format.is_great_first)),
            Field::Terminated => {
                out.extend(arguments.bytes(place)?);
                out.push(0);
            }
            Field::Bytes(width) => {
                let bytes = arguments.bytes(place)?;
                let width = if width == 0 { bytes.len() } else { width };
                out.extend(bytes.get(..width).ok_or_else(|| arguments.wrong(place, "string too short"))?);
            }
        }
        place += usize::from(!matches!(field, Field::Pad));
    }
    Ok(vec![Value::String(lua.create_string(out)?)])
}

/// The low bytes of a whole number, the least first.
fn integer_bytes(number: f64, width: usize) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "negative ones were sorted out")]
    let bits = if number < 0.0 { (number as i64).cast_unsigned() } else { number as u64 };
    let sign = if number < 0.0 { 0xFF } else { 0 };
    bits.to_le_bytes().into_iter().chain(std::iter::repeat(sign)).take(width).collect()
}

pub(super) fn unpack(lua: &Lua, arguments: &Arguments) -> Answer {
    let (mut format, bytes) = (Format::new(arguments)?, arguments.bytes(1)?);
    let start = arguments.number_or(2, 1.0)?;
    if start < 1.0 {
        return Err(arguments.wrong(2, "offset must be 1 or greater"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is 1 or greater")]
    let (mut at, mut found) = (start as usize - 1, Vec::<Value>::new());
    while let Some(field) = format.next()? {
        at += format.gap(field, at);
        let short = || arguments.wrong(1, "data string too short");
        let rest = bytes.get(at..).ok_or_else(short)?;
        let width = match field {
            Field::Terminated => rest.iter().position(|byte| *byte == 0).ok_or("unfinished string in data")?,
            Field::Bytes(0) => counted(found.pop().as_ref())?,
            field => field.width(),
        };
        let mut taken = rest.get(..width).ok_or_else(short)?.to_vec();
        at += width + usize::from(matches!(field, Field::Terminated));
        if format.is_great_first && field.is_aligned() {
            taken.reverse();
        }
        match field {
            Field::Pad => {}
            Field::Integer { is_signed, .. } => found.push(Value::Number(integer_of(&taken, is_signed))),
            Field::Float => {
                found.push(Value::Number(f64::from(f32::from_le_bytes(taken.try_into().unwrap_or_default()))));
            }
            Field::Double => found.push(Value::Number(f64::from_le_bytes(taken.try_into().unwrap_or_default()))),
            Field::Terminated | Field::Bytes(_) => found.push(Value::String(lua.create_string(taken)?)),
        }
        if found.len() > 4096 {
            return Err("too many results to unpack".into());
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "no string is that long")]
    found.push(Value::Number((at + 1) as f64));
    Ok(found)
}

/// The length that the number before a `c0` gives.
fn counted(before: Option<&Value>) -> Result<usize, Wrong> {
    match before {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was compared with 0")]
        Some(Value::Number(number)) if *number >= 0.0 => Ok(*number as usize),
        _ => Err("format 'c0' needs a previous size".into()),
    }
}

/// A whole number of its bytes, the least first; those beyond eight do not count.
fn integer_of(bytes: &[u8], is_signed: bool) -> f64 {
    let mut low = [0; 8];
    for (place, byte) in low.iter_mut().zip(bytes) {
        *place = *byte;
    }
    let (bits, width) = (u64::from_le_bytes(low), bytes.len().min(8));
    #[expect(clippy::cast_precision_loss, reason = "every number of Lua is a float")]
    if is_signed && width > 0 {
        let unused = 64 - 8 * width;
        ((bits << unused).cast_signed() >> unused) as f64
    } else {
        bits as f64
    }
}

pub(super) fn size(_lua: &Lua, arguments: &Arguments) -> Answer {
    let (mut format, mut at) = (Format::new(arguments)?, 0_usize);
    while let Some(field) = format.next()? {
        if matches!(field, Field::Terminated | Field::Bytes(0)) {
            return Err(arguments.wrong(0, "variable-size format in struct.size"));
        }
        at = at.saturating_add(format.gap(field, at)).saturating_add(field.width());
    }
    #[expect(clippy::cast_precision_loss, reason = "sizes are small numbers")]
    Ok(vec![Value::Number(at as f64)])
}
