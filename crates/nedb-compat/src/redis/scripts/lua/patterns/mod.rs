//! `string.find`, `match`, `gmatch` and `gsub` as Lua 5.1 has them, in Rust: Lua's own code looks at no clock while it matches.
//!
//! Promises: the answers and the errors of Lua 5.1; a match that takes long ends with its script. Leaves to others: matching
//! (`matcher.rs`) and what single bytes are compared with (`class.rs`).

mod class;
mod matcher;

use std::sync::Arc;

use mlua::{Function, Lua, LuaString, Table, Value};

use super::calls::Calls;
use super::watch::Watch;
use super::{Answer, Arguments, Native, Wrong, native, values};
use class::Pattern;
use matcher::{Captured, Matcher};

/// Makes the iterator of `gmatch`. It keeps the text and the pattern where Lua counts their memory, and where they are in it.
const ITERATOR: &str = "
local step = ...
return function(text, pattern)
  local at = 0
  local function pass(next, ...)
    at = next
    return ...
  end
  return function()
    return pass(step(text, pattern, at))
  end
end";

/// Gives the prelude the functions, with what they need.
pub(super) fn add_to(natives: &Table, lua: &Lua, bytes_max: usize, watch: &Arc<Watch>) -> mlua::Result<()> {
    let add = |function: &'static str, call: Native| native(lua, function, bytes_max, watch, call);
    natives.raw_set("string_find", add("find", |lua, arguments| find(lua, arguments, Wanted::Places))?)?;
    natives.raw_set("string_match", add("match", |lua, arguments| find(lua, arguments, Wanted::Captures))?)?;
    let chunk = lua.load(ITERATOR).set_name(super::PRELUDE_NAME);
    let iterator: Function = chunk.call(add("gmatch", next)?)?;
    let gmatch = move |lua: &Lua, arguments: &Arguments| -> Answer {
        let (text, pattern) = (arguments.string(lua, 0)?, arguments.string(lua, 1)?);
        Ok(vec![iterator.call((text, pattern))?])
    };
    natives.raw_set("string_gmatch", native(lua, "gmatch", bytes_max, watch, gmatch)?)?;
    let calls = Calls::new(lua)?;
    let gsub = move |lua: &Lua, arguments: &Arguments| gsub(lua, arguments, &calls);
    natives.raw_set("string_gsub", native(lua, "gsub", bytes_max, watch, gsub)?)
}

/// What a search answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Places,
    Captures,
}

fn find(lua: &Lua, arguments: &Arguments, wanted: Wanted) -> Answer {
    let watch = &*arguments.watch;
    let (text, pattern) = (arguments.string(lua, 0)?, arguments.string(lua, 1)?);
    let (text, needle) = (&*text.as_bytes(), &*pattern.as_bytes());
    let mut start = first_place(arguments.integer_or(lua, 2, 1)?, text.len());
    let (pattern, is_plain) =
        (Pattern::new(needle, watch)?, !matches!(arguments.get(3), None | Some(Value::Nil | Value::Boolean(false))));
    if wanted == Wanted::Places && (is_plain || !pattern.has_specials()) {
        return Ok(match plain(text, needle, start, watch)? {
            Some(at) => vec![number(at + 1), number(at + needle.len())],
            None => vec![Value::Nil],
        });
    }
    let is_anchored = pattern.at(0) == b'^';
    let mut matcher = Matcher::new(text, pattern, watch);
    loop {
        if let Some(end) = matcher.end(start, usize::from(is_anchored))? {
            return match wanted {
                Wanted::Places => {
                    let mut found = vec![number(start + 1), number(end)];
                    if matcher.len() > 0 {
                        found.extend(captures(lua, &matcher, start, end)?);
                    }
                    Ok(found)
                }
                Wanted::Captures => captures(lua, &matcher, start, end),
            };
        }
        start += 1;
        if start > text.len() || is_anchored {
            return Ok(vec![Value::Nil]);
        }
    }
}

/// Where a search begins: a negative place counts from the end.
fn first_place(place: i64, len: usize) -> usize {
    let signed_len = i64::try_from(len).unwrap_or(i64::MAX);
    let place = if place < 0 { place.saturating_add(signed_len).saturating_add(1) } else { place };
    usize::try_from(place - 1).map_or(0, |place| place.min(len))
}

/// Where some bytes stand in a text, from a place on.
fn plain(text: &[u8], needle: &[u8], start: usize, watch: &Watch) -> Result<Option<usize>, Wrong> {
    let Some((first, others)) = needle.split_first() else { return Ok(Some(start)) };
    let Some(last) = text.len().checked_sub(needle.len()) else { return Ok(None) };
    let mut at = start;
    while at <= last {
        /// How many bytes are looked through at once for the first one.
        const WINDOW: usize = 1024;
        let window = text.get(at..=last.min(at + WINDOW)).unwrap_or_default();
        watch.spend(window.len() / 8 + 1)?;
        let Some(place) = window.iter().position(|byte| byte == first) else {
            at += window.len();
            continue;
        };
        at += place;
        watch.spend(others.len() / 32)?;
        if text.get(at + 1..at + needle.len()) == Some(others) {
            return Ok(Some(at));
        }
        at += 1;
    }
    Ok(None)
}

/// The next match of `gmatch`, behind the place where the one after it begins; without one that place alone.
fn next(lua: &Lua, arguments: &Arguments) -> Answer {
    let (text, pattern) = (arguments.string(lua, 0)?, arguments.string(lua, 1)?);
    let (text, pattern) = (&*text.as_bytes(), &*pattern.as_bytes());
    let pattern = Pattern::new(pattern, &arguments.watch)?;
    let first = usize::try_from(arguments.integer_or(lua, 2, 0)?).unwrap_or_default();
    let mut matcher = Matcher::new(text, pattern, &arguments.watch);
    for start in first..=text.len() {
        if let Some(end) = matcher.end(start, 0)? {
            let mut found = vec![number(end + usize::from(end == start))];
            found.extend(captures(lua, &matcher, start, end)?);
            return Ok(found);
        }
    }
    Ok(vec![number(first)])
}

/// All captures of a match, or all of it.
fn captures(lua: &Lua, matcher: &Matcher<'_>, start: usize, end: usize) -> Answer {
    (0..matcher.len().max(1)).map(|place| capture(lua, matcher, place, start, end)).collect()
}

fn capture(lua: &Lua, matcher: &Matcher<'_>, place: usize, start: usize, end: usize) -> Result<Value, Wrong> {
    Ok(match matcher.captured(place, start, end)? {
        Captured::Bytes(bytes) => Value::String(lua.create_string(bytes)?),
        Captured::Place(place) => number(place),
    })
}

fn number(place: usize) -> Value {
    Value::Integer(i64::try_from(place).unwrap_or(i64::MAX))
}

/// What takes the place of a match.
enum Replacement {
    Text(LuaString),
    Table(Table),
    Function(Function),
}

fn gsub(lua: &Lua, arguments: &Arguments, calls: &Calls) -> Answer {
    let (text, pattern) = (arguments.string(lua, 0)?, arguments.string(lua, 1)?);
    let (text, pattern) = (&*text.as_bytes(), &*pattern.as_bytes());
    let pattern = Pattern::new(pattern, &arguments.watch)?;
    #[expect(clippy::cast_possible_truncation, reason = "Lua takes the low 32 bits")]
    let most = arguments.integer_or(lua, 3, i64::try_from(text.len() + 1).unwrap_or(i64::MAX))? as i32;
    let replacement = match arguments.get(2) {
        Some(Value::Table(table)) => Replacement::Table(table.clone()),
        Some(Value::Function(function)) => Replacement::Function(function.clone()),
        Some(Value::String(_) | Value::Integer(_) | Value::Number(_)) => Replacement::Text(arguments.string(lua, 2)?),
        _ => return Err(arguments.wrong(2, "string/function/table expected")),
    };
    let is_anchored = pattern.at(0) == b'^';
    let mut matcher = Matcher::new(text, pattern, &arguments.watch);
    let (mut out, mut at, mut count) = (Vec::new(), 0, 0);
    while count < most {
        let end = matcher.end(at, usize::from(is_anchored))?;
        if let Some(end) = end {
            count += 1;
            let found = Found { lua, matcher: &matcher, whole: text.get(at..end).unwrap_or_default(), start: at, end };
            replacement.add(&mut out, &found, calls)?;
            arguments.bound(&out)?;
        }
        match (end, text.get(at)) {
            (Some(end), _) if end > at => at = end,
            (_, Some(byte)) => {
                out.push(*byte);
                at += 1;
            }
            (_, None) => break,
        }
        if is_anchored {
            break;
        }
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    arguments.bound(&out)?;
    Ok(vec![Value::String(lua.create_string(out)?), Value::Integer(count.into())])
}

/// One match of `gsub`.
struct Found<'f> {
    lua: &'f Lua,
    matcher: &'f Matcher<'f>,
    whole: &'f [u8],
    start: usize,
    end: usize,
}

impl Replacement {
    /// Adds to a text what takes the place of a match: the match itself where that is `nil` or `false`.
    fn add(&self, out: &mut Vec<u8>, found: &Found<'_>, calls: &Calls) -> Result<(), Wrong> {
        let Found { lua, matcher, whole, start, end } = *found;
        let value = match self {
            Self::Text(text) => return expand(out, &text.as_bytes(), found),
            Self::Table(table) => {
                let key = capture(lua, matcher, 0, start, end)?;
                match table.metatable() {
                    None => table.raw_get(key)?,
                    Some(_) => calls.index(table, key)?,
                }
            }
            Self::Function(function) => calls.call(function, captures(lua, matcher, start, end)?)?,
        };
        match value {
            Value::Nil | Value::Boolean(false) => out.extend_from_slice(whole),
            Value::String(text) => out.extend_from_slice(&text.as_bytes()),
            Value::Integer(_) | Value::Number(_) => out.extend(values::bytes(&value).unwrap_or_default()),
            other => return Err(format!("invalid replacement value (a {})", super::type_name(&other)).into()),
        }
        Ok(())
    }
}

/// Adds a text in which `%1` stands for a capture and `%0` for all of the match.
fn expand(out: &mut Vec<u8>, text: &[u8], found: &Found<'_>) -> Result<(), Wrong> {
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        // Behind the last sign Lua reads the zero that ends every text.
        match bytes.next().unwrap_or_default() {
            b'0' => out.extend_from_slice(found.whole),
            digit @ b'1'..=b'9' => match found.matcher.captured(usize::from(digit - b'1'), found.start, found.end)? {
                Captured::Bytes(bytes) => out.extend_from_slice(bytes),
                Captured::Place(place) => out.extend_from_slice(place.to_string().as_bytes()),
            },
            other => out.push(other),
        }
    }
    Ok(())
}
