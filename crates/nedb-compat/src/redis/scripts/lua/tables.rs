//! `table.concat` and `table.sort`, which Lua's own code does in one go however long it takes: here they look at the clock meanwhile.

use std::sync::Arc;

use mlua::{Function, Lua, Table, Value};

use super::calls::Calls;
use super::watch::{VALUE_STEPS, Watch};
use super::{Answer, Arguments, PRELUDE_NAME, Raised, Wrong, native, type_name, values};

/// Gives the prelude the functions, with what they need.
pub(super) fn add_to(natives: &Table, lua: &Lua, bytes_max: usize, watch: &Arc<Watch>) -> mlua::Result<()> {
    natives.raw_set("table_concat", native(lua, "concat", bytes_max, watch, concat)?)?;
    let sorter = Sorter {
        calls: Calls::new(lua)?,
        sort: lua.globals().get::<Table>("table")?.get("sort")?,
        less: lua.load("local a, b = ... return a < b").set_name(PRELUDE_NAME).into_function()?,
    };
    let sort = move |_lua: &Lua, arguments: &Arguments| sorter.sort(arguments);
    natives.raw_set("table_sort", native(lua, "sort", bytes_max, watch, sort)?)
}

/// Puts the elements of a table together.
pub(super) fn concat(lua: &Lua, arguments: &Arguments) -> Answer {
    let separator = match arguments.get(1) {
        None | Some(Value::Nil) => lua.create_string("")?,
        Some(_) => arguments.string(lua, 1)?,
    };
    let Some(Value::Table(table)) = arguments.get(0) else { return Err(arguments.not_a(0, "table")) };
    #[expect(clippy::cast_possible_truncation, reason = "Lua takes the low 32 bits")]
    let first = arguments.integer_or(lua, 2, 1)? as i32;
    #[expect(clippy::cast_possible_truncation, reason = "Lua takes the low 32 bits")]
    let last = arguments.integer_or(lua, 3, i64::try_from(table.raw_len()).unwrap_or(i64::MAX))? as i32;
    let mut out = Vec::new();
    for place in first..=last {
        let value: Value = table.raw_get(place)?;
        match &value {
            Value::String(text) => out.extend_from_slice(&text.as_bytes()),
            Value::Integer(_) | Value::Number(_) => out.extend(values::bytes(&value).unwrap_or_default()),
            _ => {
                let given = type_name(&value);
                return Err(format!("invalid value ({given}) at index {place} in table for 'concat'").into());
            }
        }
        if place < last {
            out.extend_from_slice(&separator.as_bytes());
        }
        arguments.bound(&out)?;
        arguments.spend(VALUE_STEPS)?;
    }
    Ok(vec![Value::String(lua.create_string(out)?)])
}

struct Sorter {
    calls: Calls,
    /// The one of Lua's own code.
    sort: Function,
    /// Compares as that one does without a function, but in instructions that look at the clock.
    less: Function,
}

impl Sorter {
    fn sort(&self, arguments: &Arguments) -> Answer {
        let Some(Value::Table(table)) = arguments.get(0) else { return Err(arguments.not_a(0, "table")) };
        let less = match arguments.get(1) {
            None | Some(Value::Nil) => &self.less,
            Some(Value::Function(less)) => less,
            Some(_) => return Err(arguments.not_a(1, "function")),
        };
        match self.calls.call(&self.sort, vec![Value::Table(table.clone()), Value::Function(less.clone())]) {
            Ok(_nothing) => Ok(Vec::new()),
            Err(Wrong::Lua(error)) => Err(told(error)),
            Err(other) => Err(other),
        }
    }
}

/// An error as it would be without what stands between the script and Lua's own code.
fn told(error: mlua::Error) -> Wrong {
    match Raised::of(&error) {
        Some(raised) if raised.text == "invalid order function for sorting" => Wrong::Text(raised.text.clone()),
        Some(raised) => match raised.text.strip_prefix("redis:1: ") {
            Some(text) => Wrong::Lua(Raised::error(text, false)),
            None => Wrong::Lua(error),
        },
        None => Wrong::Lua(error),
    }
}
