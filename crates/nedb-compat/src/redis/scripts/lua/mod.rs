//! Lua as scripts of Redis know it: machines, what they call, and how values go from one language to the other.

mod bits;
mod digits;
mod json;
mod machine;
mod pack;
mod random;
mod structs;
mod values;

use mlua::{Lua, MultiValue, Value};
use nedb::Result;

use super::{Call, Scripts};
use crate::redis::reply::Reply;
use crate::redis::tx::Tx;
use machine::Machine;
pub(super) use machine::Machines;

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
    /// Lua itself failed, for want of memory.
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

/// The arguments of a function, with the words in which their errors are told.
struct Arguments {
    function: &'static str,
    values: Vec<Value>,
    /// How many bytes an answer may have.
    bytes_max: usize,
}

impl Arguments {
    fn get(&self, place: usize) -> Option<&Value> {
        self.values.get(place)
    }

    fn wrong(&self, place: usize, why: &str) -> Wrong {
        Wrong::Text(format!("bad argument #{} to '{}' ({why})", place + 1, self.function))
    }

    fn not_a(&self, place: usize, wanted: &str) -> Wrong {
        let given = self.get(place).map_or("no value", Value::type_name);
        // Lua has one type of numbers.
        let given = if given == "integer" { "number" } else { given };
        self.wrong(place, &format!("{wanted} expected, got {given}"))
    }

    fn number(&self, place: usize) -> std::result::Result<f64, Wrong> {
        let number = self.get(place).and_then(values::number);
        number.ok_or_else(|| self.not_a(place, "number"))
    }

    fn number_or(&self, place: usize, default: f64) -> std::result::Result<f64, Wrong> {
        match self.get(place) {
            None | Some(Value::Nil) => Ok(default),
            Some(_) => self.number(place),
        }
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

impl Raised {
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

impl std::fmt::Display for Raised {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for Raised {}

/// Where the function that is running was called, as Lua begins its errors.
fn position(lua: &Lua) -> String {
    let found = lua.inspect_stack(1, |debug| {
        let source = debug.source().short_src.map(std::borrow::Cow::into_owned).unwrap_or_default();
        debug.current_line().map(|line| format!("{source}:{line}: "))
    });
    found.flatten().unwrap_or_default()
}

/// Makes a function that Lua calls.
fn native(
    lua: &Lua,
    function: &'static str,
    bytes_max: usize,
    call: impl Fn(&Lua, &Arguments) -> Answer + Send + 'static,
) -> mlua::Result<mlua::Function> {
    lua.create_function(move |lua, values: MultiValue| {
        match call(lua, &Arguments { function, values: values.into_iter().collect(), bytes_max }) {
            Ok(values) => Ok(values.into_iter().collect::<MultiValue>()),
            Err(Wrong::Text(text)) => Err(Raised::error(position(lua) + &text, false)),
            Err(Wrong::Lua(error)) => Err(error),
        }
    })
}
