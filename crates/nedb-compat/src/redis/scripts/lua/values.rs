//! Values of Lua and replies of commands, each as the other.
//!
//! | reply | in Lua | after `redis.setresp(3)` |
//! |---|---|---|
//! | number | number | the same |
//! | bulk | string | the same |
//! | word | table with `ok` | the same |
//! | error | table with `err` | the same |
//! | none | `false` | `nil` |
//! | array, pairs | table | table, of tables of two for pairs |
//! | map | table with keys and values in turn | table with `map` |
//! | set | table | table with `set` |
//! | float | string | table with `double` |
//!
//! Back, numbers lose what is behind the point, `false` and `nil` are none, and a table ends before its first `nil`.

use mlua::{Lua, Table, Value};
use nedb::{Error, Result};

use super::digits::{OF_TEXT, OF_WORDS, general};
use super::watch::{VALUE_STEPS, Watch};
use crate::redis::number::{double_text, float};
use crate::redis::refusal::refused;
use crate::redis::reply::Reply;

/// How deep tables of an answer may be within each other.
const DEPTH_MAX: usize = 128;

/// What a value costs in an answer beside its bytes.
const VALUE_BYTES: usize = 32;

/// A number, or a string that is one.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "every number of Lua is a float")]
        Value::Integer(number) => Some(*number as f64),
        Value::Number(number) => Some(*number),
        Value::String(text) => float(text.as_bytes().trim_ascii()),
        _ => None,
    }
}

/// A string, or a number as Lua prints it.
pub(super) fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.as_bytes().to_vec()),
        Value::Integer(_) | Value::Number(_) => number(value).map(|number| general(number, OF_TEXT).into_bytes()),
        _ => None,
    }
}

/// A word of a command: a string, or a number with all of its digits.
pub(super) fn word(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.as_bytes().to_vec()),
        Value::Integer(_) | Value::Number(_) => number(value).map(|number| general(number, OF_WORDS).into_bytes()),
        _ => None,
    }
}

fn string(lua: &Lua, bytes: impl AsRef<[u8]>) -> mlua::Result<Value> {
    lua.create_string(bytes.as_ref()).map(Value::String)
}

fn with_field(lua: &Lua, field: &str, value: Value) -> mlua::Result<Value> {
    let table = lua.create_table()?;
    table.raw_set(field, value)?;
    Ok(Value::Table(table))
}

/// What a script gets for a reply, in the version of the protocol that it asked for.
pub(super) fn of_reply(lua: &Lua, reply: &Reply, is_three: bool) -> mlua::Result<Value> {
    let list = |replies: &mut dyn Iterator<Item = &Reply>| -> mlua::Result<Value> {
        let table = lua.create_table()?;
        for (place, reply) in replies.enumerate() {
            table.raw_set(place + 1, of_reply(lua, reply, is_three)?)?;
        }
        Ok(Value::Table(table))
    };
    match reply {
        Reply::Nil | Reply::NilArray if is_three => Ok(Value::Nil),
        Reply::Nil | Reply::NilArray => Ok(Value::Boolean(false)),
        #[expect(clippy::cast_precision_loss, reason = "every number of Lua is a float")]
        Reply::Int(number) => Ok(Value::Number(*number as f64)),
        Reply::Bool(is_true) => Ok(Value::Boolean(*is_true)),
        Reply::Bulk(bytes) => string(lua, bytes),
        Reply::Simple(word) => with_field(lua, "ok", string(lua, word.as_bytes())?),
        Reply::Error(_) => with_field(lua, "err", string(lua, reply.error_text().unwrap_or_default())?),
        Reply::Double(number) if is_three => with_field(lua, "double", Value::Number(*number)),
        Reply::Double(number) => string(lua, double_text(*number)),
        Reply::Set(replies) if is_three => {
            let set = lua.create_table()?;
            for member in replies {
                set.raw_set(of_reply(lua, member, is_three)?, true)?;
            }
            with_field(lua, "set", Value::Table(set))
        }
        Reply::Array(replies) | Reply::Set(replies) => list(&mut replies.iter()),
        Reply::Map(pairs) | Reply::PairMap(pairs) if is_three => {
            let map = lua.create_table()?;
            for (key, value) in pairs {
                map.raw_set(of_reply(lua, key, is_three)?, of_reply(lua, value, is_three)?)?;
            }
            with_field(lua, "map", Value::Table(map))
        }
        Reply::Pairs(pairs) | Reply::PairMap(pairs) if is_three || matches!(reply, Reply::PairMap(_)) => {
            let table = lua.create_table()?;
            for (place, (key, value)) in pairs.iter().enumerate() {
                table.raw_set(place + 1, list(&mut [key, value].into_iter())?)?;
            }
            Ok(Value::Table(table))
        }
        Reply::Map(pairs) | Reply::Pairs(pairs) | Reply::PairMap(pairs) => {
            list(&mut pairs.iter().flat_map(|(key, value)| [key, value]))
        }
    }
}

/// What the caller of a script gets for the value that it returned.
///
/// Tables may stand in others several times, so that a small script could make an answer of any size: it has a bound.
pub(super) fn to_reply(value: &Value, is_three: bool, bytes_max: usize, watch: &Watch) -> Result<Reply> {
    Answer { is_three, bytes_left: bytes_max, bytes_max, watch }.reply(value, 0)
}

struct Answer<'w> {
    is_three: bool,
    bytes_left: usize,
    bytes_max: usize,
    watch: &'w Watch,
}

/// A field of a table, without asking its metatable.
fn field(table: &Table, name: &str) -> Value {
    // A field that cannot be read is none.
    table.raw_get(name).unwrap_or(Value::Nil)
}

impl Answer<'_> {
    fn take(&mut self, bytes: usize) -> Result<()> {
        self.bytes_left = self.bytes_left.checked_sub(bytes + VALUE_BYTES).ok_or_else(|| {
            refused(format!("OOM the script answered more than {} bytes, the limit query_memory", self.bytes_max))
        })?;
        self.watch.spend(VALUE_STEPS + bytes / 32).map_err(unreadable)
    }

    fn reply(&mut self, value: &Value, depth: usize) -> Result<Reply> {
        if depth > DEPTH_MAX {
            return Err(refused("ERR reached lua stack limit"));
        }
        self.take(if let Value::String(text) = value { text.as_bytes().len() } else { 0 })?;
        Ok(match value {
            Value::String(text) => Reply::bulk(text.as_bytes().to_vec()),
            Value::Integer(_) | Value::Number(_) => Reply::Int(whole(number(value).unwrap_or_default())),
            Value::Boolean(is_true) if self.is_three => Reply::Bool(*is_true),
            Value::Boolean(true) => Reply::Int(1),
            Value::Table(table) => return self.table(table, depth),
            _ => Reply::Nil,
        })
    }

    fn table(&mut self, table: &Table, depth: usize) -> Result<Reply> {
        if let Value::String(why) = field(table, "err") {
            self.take(why.as_bytes().len())?;
            return Ok(Reply::Error(refused(why.to_string_lossy())));
        }
        if let Value::String(word) = field(table, "ok") {
            self.take(word.as_bytes().len())?;
            return Ok(Reply::Simple(word.to_string_lossy().into()));
        }
        if let Value::Integer(_) | Value::Number(_) = field(table, "double") {
            return Ok(Reply::Double(number(&field(table, "double")).unwrap_or_default()));
        }
        if let Value::Table(map) = field(table, "map") {
            let mut pairs = Vec::new();
            for pair in map.pairs::<Value, Value>() {
                let (key, value) = pair.map_err(unreadable)?;
                pairs.push((self.reply(&key, depth + 1)?, self.reply(&value, depth + 1)?));
            }
            return Ok(Reply::Map(pairs));
        }
        if let Value::Table(set) = field(table, "set") {
            let mut members = Vec::new();
            for pair in set.pairs::<Value, Value>() {
                let (member, _) = pair.map_err(unreadable)?;
                members.push(self.reply(&member, depth + 1)?);
            }
            return Ok(Reply::Set(members));
        }
        let mut replies = Vec::new();
        loop {
            let value: Value = table.raw_get(replies.len() + 1).map_err(unreadable)?;
            if value.is_nil() {
                return Ok(Reply::Array(replies));
            }
            replies.push(self.reply(&value, depth + 1)?);
        }
    }
}

/// A number without what is behind its point; too great ones become the least, as processors do it.
pub(super) fn whole(number: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "what is behind the point goes by intent")]
    let whole = number as i64;
    if whole == i64::MAX || number.is_nan() { i64::MIN } else { whole }
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err wants")]
fn unreadable(error: mlua::Error) -> Error {
    refused(format!("ERR the answer of the script cannot be read: {error}"))
}
