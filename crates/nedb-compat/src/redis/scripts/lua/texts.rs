//! Functions of `string` that Lua's own code does byte by byte: here they are quick, and refuse what would be too long before they make it.

use mlua::{Lua, Value};

use super::{Answer, Arguments, Wrong};

/// Writes a text several times.
pub(super) fn rep(lua: &Lua, arguments: &Arguments) -> Answer {
    let text = arguments.string(lua, 0)?;
    let text = text.as_bytes();
    #[expect(clippy::cast_possible_truncation, reason = "Lua takes the low 32 bits")]
    let count = usize::try_from(arguments.integer(lua, 1)? as i32).unwrap_or_default();
    if text.len().checked_mul(count).is_none_or(|len| len > arguments.bytes_max) {
        return Err(Wrong::Lua(mlua::Error::MemoryError(String::new())));
    }
    Ok(vec![Value::String(lua.create_string(text.repeat(count))?)])
}

pub(super) fn reverse(lua: &Lua, arguments: &Arguments) -> Answer {
    let text = arguments.string(lua, 0)?;
    arguments.spend(text.as_bytes().len() / 8)?;
    let reversed: Vec<u8> = text.as_bytes().iter().rev().copied().collect();
    Ok(vec![Value::String(lua.create_string(reversed)?)])
}

pub(super) fn lower(lua: &Lua, arguments: &Arguments) -> Answer {
    let text = arguments.string(lua, 0)?;
    arguments.spend(text.as_bytes().len() / 8)?;
    Ok(vec![Value::String(lua.create_string(text.as_bytes().to_ascii_lowercase())?)])
}

pub(super) fn upper(lua: &Lua, arguments: &Arguments) -> Answer {
    let text = arguments.string(lua, 0)?;
    arguments.spend(text.as_bytes().len() / 8)?;
    Ok(vec![Value::String(lua.create_string(text.as_bytes().to_ascii_uppercase())?)])
}
