//! `math.max`, `math.min`, `string.char` and `string.format`: one call may read thousands of numbers from texts of any length, and Lua's own code
//! does it in one go. Here the clock is looked at in between.

use std::sync::Arc;

use mlua::{Function, Lua, Table, Value};

use super::calls::Calls;
use super::watch::{VALUE_STEPS, Watch};
use super::{Answer, Arguments, Raised, Wrong, native};

/// Texts up to here are read quickly, so many a call may have.
const LONG_BYTES: usize = 256;

/// Gives the prelude the functions, with what they need.
pub(super) fn add_to(natives: &Table, lua: &Lua, bytes_max: usize, watch: &Arc<Watch>) -> mlua::Result<()> {
    natives.raw_set("math_max", native(lua, "max", bytes_max, watch, max)?)?;
    natives.raw_set("math_min", native(lua, "min", bytes_max, watch, min)?)?;
    natives.raw_set("string_char", native(lua, "char", bytes_max, watch, char)?)?;
    let formatter = Formatter { calls: Calls::new(lua)?, format: lua.globals().get::<Table>("string")?.get("format")? };
    let format = move |lua: &Lua, arguments: &Arguments| formatter.format(lua, arguments);
    natives.raw_set("string_format", native(lua, "format", bytes_max, watch, format)?)
}

fn max(lua: &Lua, arguments: &Arguments) -> Answer {
    chosen(lua, arguments, |number, best| number > best)
}

fn min(lua: &Lua, arguments: &Arguments) -> Answer {
    chosen(lua, arguments, |number, best| number < best)
}

/// The best of some numbers; one that is none at all stays if it is the first.
fn chosen(lua: &Lua, arguments: &Arguments, is_better: impl Fn(f64, f64) -> bool) -> Answer {
    let mut best = arguments.read_number(lua, 0)?;
    for place in 1..arguments.values.len() {
        let number = arguments.read_number(lua, place)?;
        if is_better(number, best) {
            best = number;
        }
    }
    Ok(vec![Value::Number(best)])
}

/// A text of bytes.
fn char(lua: &Lua, arguments: &Arguments) -> Answer {
    let mut text = Vec::with_capacity(arguments.values.len());
    for place in 0..arguments.values.len() {
        #[expect(clippy::cast_possible_truncation, reason = "Lua takes the low 32 bits")]
        let code = arguments.integer(lua, place)? as i32;
        text.push(u8::try_from(code).map_err(|_error| arguments.wrong(place, "invalid value"))?);
    }
    Ok(vec![Value::String(lua.create_string(text)?)])
}

struct Formatter {
    calls: Calls,
    /// The one of Lua's own code.
    format: Function,
}

impl Formatter {
    /// Reads long texts that stand for numbers, and leaves the rest to Lua's own code.
    fn format(&self, lua: &Lua, arguments: &Arguments) -> Answer {
        let mut values = arguments.values.clone();
        if values.iter().skip(1).any(is_long)
            && let Some(Value::String(text)) = arguments.get(0)
        {
            for place in number_places(&text.as_bytes()) {
                if arguments.get(place).is_some_and(is_long)
                    && let (Some(value), Ok(number)) = (values.get_mut(place), arguments.read_number(lua, place))
                {
                    *value = Value::Number(number);
                }
                arguments.spend(VALUE_STEPS)?;
            }
        }
        self.calls.call(&self.format, values).map(|text| vec![text]).map_err(told)
    }
}

fn is_long(value: &Value) -> bool {
    matches!(value, Value::String(text) if text.as_bytes().len() > LONG_BYTES)
}

/// Which arguments a format prints as numbers.
fn number_places(format: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let (mut rest, mut place) = (format, 0);
    std::iter::from_fn(move || {
        loop {
            let percent = rest.iter().position(|byte| *byte == b'%')?;
            rest = rest.get(percent + 1..)?;
            let end = rest.iter().position(|byte| !b"-+ #0123456789.".contains(byte))?;
            let kind = *rest.get(end)?;
            rest = rest.get(end + 1..)?;
            if kind == b'%' {
                continue;
            }
            place += 1;
            if b"cdiouxXeEfgG".contains(&kind) {
                return Some(place);
            }
        }
    })
}

/// An error as it would be without what stands between the script and Lua's own code.
fn told(wrong: Wrong) -> Wrong {
    let Wrong::Lua(error) = &wrong else { return wrong };
    let Some(text) = Raised::of(error).map(|raised| raised.text.as_str()) else { return wrong };
    let argument = || {
        let (place, why) = text.strip_prefix("bad argument #")?.split_once(" to '?' (")?;
        Some(Wrong::Argument(place.parse::<usize>().ok()?.checked_sub(1)?, why.strip_suffix(')')?.to_owned()))
    };
    argument().unwrap_or_else(|| Wrong::Text(text.to_owned()))
}
