//! Lua as scripts of Redis know it: machines, what they call, and how values go from one language to the other.

mod bits;
mod calls;
mod digits;
mod json;
mod machine;
mod numbers;
mod pack;
mod patterns;
mod random;
mod structs;
mod tables;
mod texts;
mod values;
mod watch;

use std::sync::Arc;

use mlua::{Lua, LuaString, MultiValue, Value};
use nedb::Result;

use super::{Call, Scripts};
use crate::redis::reply::Reply;
use crate::redis::tx::Tx;
use machine::Machine;
pub(super) use machine::Machines;
use watch::Watch;

/// The name of what stands between a script and the machine.
const PRELUDE_NAME: &str = "=redis";

/// Runs a script within a transaction.
pub(super) fn run(scripts: &Scripts, tx: &mut Tx<'_>, call: &Call<'_>) -> Result<Reply> {
    scripts.machines.with(&scripts.bounds, |machine: &mut Machine| machine.run(tx, call))
}

/// Compiles a script, so that its errors are known before it is run.
pub(super) fn compile(scripts: &Scripts, text: &[u8], sha1: &str) -> Result<()> {
    scripts.machines.with(&scripts.bounds, |machine: &mut Machine| machine.compile(text, sha1).map(drop))
}

/// What a function of a library gives back: its values, or the text of an error.
type Answer = std::result::Result<Vec<Value>, Wrong>;

/// Why a function of a library failed.
enum Wrong {
    /// The script did something wrong, and may catch it.
    Text(String),
    /// An argument, by its place from 0, is not what the function takes.
    Argument(usize, String),
    /// Lua itself failed, for want of memory or time, or what the function called did.
    Lua(mlua::Error),
}

impl From<String> for Wrong {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Wrong {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<mlua::Error> for Wrong {
    fn from(error: mlua::Error) -> Self {
        Self::Lua(error)
    }
}

/// A function of a library.
type Native = fn(&Lua, &Arguments) -> Answer;

/// The arguments of a function.
struct Arguments {
    function: &'static str,
    values: Vec<Value>,
    /// How many bytes an answer may have.
    bytes_max: usize,
    watch: Arc<Watch>,
}

impl Arguments {
    fn get(&self, place: usize) -> Option<&Value> {
        self.values.get(place)
    }

    #[expect(clippy::unused_self, reason = "it speaks of one of them")]
    fn wrong(&self, place: usize, why: &str) -> Wrong {
        Wrong::Argument(place, why.to_owned())
    }

    fn not_a(&self, place: usize, wanted: &str) -> Wrong {
        let given = self.get(place).map_or("no value", type_name);
        self.wrong(place, &format!("{wanted} expected, got {given}"))
    }

    fn number(&self, place: usize) -> std::result::Result<f64, Wrong> {
        self.spend_on(place)?;
        let number = self.get(place).and_then(values::number);
        number.ok_or_else(|| self.not_a(place, "number"))
    }

    fn number_or(&self, place: usize, default: f64) -> std::result::Result<f64, Wrong> {
        match self.get(place) {
            None | Some(Value::Nil) => Ok(default),
            Some(_) => self.number(place),
        }
    }

    /// A string that is not copied; a number counts as one.
    fn string(&self, lua: &Lua, place: usize) -> std::result::Result<LuaString, Wrong> {
        match self.get(place) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(value @ (Value::Integer(_) | Value::Number(_))) => {
                lua.coerce_string(value.clone())?.ok_or_else(|| self.not_a(place, "string"))
            }
            _ => Err(self.not_a(place, "string")),
        }
    }

    /// A number, or a string that Lua reads as one.
    fn read_number(&self, lua: &Lua, place: usize) -> std::result::Result<f64, Wrong> {
        self.spend_on(place)?;
        let number = match self.get(place) {
            Some(value @ (Value::Integer(_) | Value::Number(_) | Value::String(_))) => {
                lua.coerce_number(value.clone())?
            }
            _ => None,
        };
        number.ok_or_else(|| self.not_a(place, "number"))
    }

    /// A number without what is behind its point; a string that is one counts as one.
    fn integer(&self, lua: &Lua, place: usize) -> std::result::Result<i64, Wrong> {
        match self.get(place) {
            Some(Value::Integer(number)) => Ok(*number),
            _ => self.read_number(lua, place).map(values::whole),
        }
    }

    fn integer_or(&self, lua: &Lua, place: usize, default: i64) -> std::result::Result<i64, Wrong> {
        match self.get(place) {
            None | Some(Value::Nil) => Ok(default),
            Some(_) => self.integer(lua, place),
        }
    }

    /// Counts what it takes to read a number.
    fn spend_on(&self, place: usize) -> std::result::Result<(), Wrong> {
        match self.get(place) {
            Some(Value::String(text)) => self.spend(text.as_bytes().len() / 8),
            _ => Ok(()),
        }
    }

    /// Counts steps of work, and fails when the time of the script is over.
    fn spend(&self, steps: usize) -> std::result::Result<(), Wrong> {
        Ok(self.watch.spend(steps)?)
    }

    /// Refuses an answer that has grown too long.
    fn bound(&self, out: &[u8]) -> std::result::Result<(), Wrong> {
        if out.len() > self.bytes_max {
            return Err(format!("more than {} bytes, the limit query_memory", self.bytes_max).into());
        }
        Ok(())
    }

    /// A string; a number counts as one.
    fn bytes(&self, place: usize) -> std::result::Result<Vec<u8>, Wrong> {
        let bytes = self.get(place).and_then(values::bytes);
        bytes.ok_or_else(|| self.not_a(place, "string"))
    }
}

/// An error that a function raises, until the prelude makes text of it.
#[derive(Debug)]
struct Raised {
    text: String,
    /// Whether it is a reply already, with its prefix.
    is_reply: bool,
}

/// An error of the script's own that a function passes on, when it is more than a text.
#[derive(Debug)]
struct Passed(Value);

impl std::fmt::Display for Passed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.0.type_name())
    }
}

impl std::error::Error for Passed {}

impl Raised {
    /// The error that a call of the script's code ended with, once more.
    fn again(wrong: Value) -> mlua::Error {
        match &wrong {
            Value::Error(error) => return (**error).clone(),
            // Most errors are texts, and those need not keep a reference.
            Value::String(text) => {
                if let Ok(text) = text.to_str() {
                    return Self::error(&*text, false);
                }
            }
            _ => {}
        }
        mlua::Error::external(Passed(wrong))
    }

    fn error(text: impl Into<String>, is_reply: bool) -> mlua::Error {
        mlua::Error::external(Self { text: text.into(), is_reply })
    }

    /// What was raised, below what Lua put around it.
    fn of(error: &mlua::Error) -> Option<&Self> {
        match error {
            mlua::Error::CallbackError { cause, .. } => Self::of(cause),
            other => other.downcast_ref(),
        }
    }
}

impl Passed {
    fn of(error: &mlua::Error) -> Option<&Self> {
        match error {
            mlua::Error::CallbackError { cause, .. } => Self::of(cause),
            other => other.downcast_ref(),
        }
    }
}

impl std::fmt::Display for Raised {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for Raised {}

/// The type of a value, as Lua calls it.
fn type_name(value: &Value) -> &'static str {
    match value.type_name() {
        // Lua has one type of numbers, and one of what is not its own.
        "integer" => "number",
        "lightuserdata" | "error" => "userdata",
        name => name,
    }
}

/// Where the function that is running was called, as Lua begins its errors.
fn position(lua: &Lua) -> String {
    let mut level = 1;
    loop {
        let found = lua.inspect_stack(level, |debug| {
            let source = debug.source();
            let is_prelude = source.source.as_deref() == Some(PRELUDE_NAME);
            let name = source.short_src.map(std::borrow::Cow::into_owned).unwrap_or_default();
            (is_prelude, debug.current_line().map(|line| format!("{name}:{line}: ")))
        });
        match found {
            Some((true, _)) => level += 1,
            found => return found.and_then(|(_, text)| text).unwrap_or_default(),
        }
    }
}

/// The text of an error about an argument. The object of a method is none of its arguments.
fn argument_text(lua: &Lua, place: usize, why: &str) -> String {
    let found = lua.inspect_stack(0, |debug| {
        let names = debug.names();
        (names.name.map(std::borrow::Cow::into_owned), names.name_what == Some("method"))
    });
    let (name, is_method) = found.unwrap_or_default();
    let name = name.unwrap_or_else(|| "?".to_owned());
    match place.checked_sub(usize::from(is_method)) {
        Some(place) => format!("bad argument #{} to '{name}' ({why})", place + 1),
        None => format!("calling '{name}' on bad self ({why})"),
    }
}

/// Makes a function that Lua calls. It looks at the clock: a script may do nothing else.
fn native(
    lua: &Lua,
    function: &'static str,
    bytes_max: usize,
    watch: &Arc<Watch>,
    call: impl Fn(&Lua, &Arguments) -> Answer + Send + 'static,
) -> mlua::Result<mlua::Function> {
    let watch = Arc::clone(watch);
    lua.create_function(move |lua, values: MultiValue| {
        watch.look()?;
        let values = values.into_iter().collect();
        match call(lua, &Arguments { function, values, bytes_max, watch: Arc::clone(&watch) }) {
            Ok(values) => Ok(values.into_iter().collect::<MultiValue>()),
            Err(Wrong::Text(text)) => Err(Raised::error(position(lua) + &text, false)),
            Err(Wrong::Argument(place, why)) => {
                Err(Raised::error(position(lua) + &argument_text(lua, place, &why), false))
            }
            Err(Wrong::Lua(error)) => Err(error),
        }
    })
}
