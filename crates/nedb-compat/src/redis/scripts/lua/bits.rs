//! The library `bit`: operations on the low 32 bits of numbers.

use mlua::{Lua, Value};

use super::{Answer, Arguments, Wrong};

/// The low 32 bits of a number, which is rounded to the nearest whole one, the even one of two.
fn low(number: f64) -> i32 {
    /// 2 to the power of 52 and one half: what is added to it loses its fraction, and keeps its low bits.
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    let bits = (number + MAGIC).to_bits();
    #[expect(clippy::cast_possible_truncation, reason = "the low bits are what is asked for")]
    let low = bits as u32;
    low.cast_signed()
}

fn at(arguments: &Arguments, place: usize) -> Result<i32, Wrong> {
    arguments.number(place).map(low)
}

#[expect(clippy::unnecessary_wraps, reason = "what every function of a library gives back")]
fn one(number: i32) -> Answer {
    Ok(vec![Value::Number(f64::from(number))])
}

fn folded(arguments: &Arguments, fold: fn(i32, i32) -> i32) -> Answer {
    let mut result = at(arguments, 0)?;
    for place in 1..arguments.values.len() {
        result = fold(result, at(arguments, place)?);
    }
    one(result)
}

fn shifted(arguments: &Arguments, shift: fn(u32, u32) -> u32) -> Answer {
    let (bits, by) = (at(arguments, 0)?.cast_unsigned(), at(arguments, 1)?.cast_unsigned() & 31);
    one(shift(bits, by).cast_signed())
}

pub(super) fn tobit(_lua: &Lua, arguments: &Arguments) -> Answer {
    one(at(arguments, 0)?)
}

pub(super) fn bnot(_lua: &Lua, arguments: &Arguments) -> Answer {
    one(!at(arguments, 0)?)
}

pub(super) fn band(_lua: &Lua, arguments: &Arguments) -> Answer {
    folded(arguments, |left, right| left & right)
}

pub(super) fn bor(_lua: &Lua, arguments: &Arguments) -> Answer {
    folded(arguments, |left, right| left | right)
}

pub(super) fn bxor(_lua: &Lua, arguments: &Arguments) -> Answer {
    folded(arguments, |left, right| left ^ right)
}

pub(super) fn lshift(_lua: &Lua, arguments: &Arguments) -> Answer {
    shifted(arguments, |bits, by| bits << by)
}

pub(super) fn rshift(_lua: &Lua, arguments: &Arguments) -> Answer {
    shifted(arguments, |bits, by| bits >> by)
}

pub(super) fn arshift(_lua: &Lua, arguments: &Arguments) -> Answer {
    shifted(arguments, |bits, by| (bits.cast_signed() >> by).cast_unsigned())
}

pub(super) fn rol(_lua: &Lua, arguments: &Arguments) -> Answer {
    shifted(arguments, u32::rotate_left)
}

pub(super) fn ror(_lua: &Lua, arguments: &Arguments) -> Answer {
    shifted(arguments, u32::rotate_right)
}

pub(super) fn bswap(_lua: &Lua, arguments: &Arguments) -> Answer {
    one(at(arguments, 0)?.swap_bytes())
}

/// The last digits of a number in hexadecimal ones; large letters where their count is negative.
pub(super) fn tohex(lua: &Lua, arguments: &Arguments) -> Answer {
    let (bits, digits) = (at(arguments, 0)?, low(arguments.number_or(1, 8.0)?));
    let mut text = format!("{bits:08x}");
    if digits < 0 {
        text = text.to_ascii_uppercase();
    }
    let kept = usize::try_from(digits.unsigned_abs()).unwrap_or(8).min(8);
    let text: String = text.chars().skip(8 - kept).collect();
    Ok(vec![Value::String(lua.create_string(text)?)])
}
