//! Calls of what a script gave to a function in Rust, which may fail with any value: it comes through as it is.

use mlua::{Function, Lua, MultiValue, Table, Value};

use super::{PRELUDE_NAME, Raised, Wrong};

/// What calls code of a script.
pub(super) struct Calls {
    /// The one of Lua, which the prelude hides from scripts.
    pcall: Function,
    /// Reads a field of a table as scripts do.
    index: Function,
}

impl Calls {
    pub(super) fn new(lua: &Lua) -> mlua::Result<Self> {
        let index = lua.load("local table, key = ... return table[key]").set_name(PRELUDE_NAME).into_function()?;
        Ok(Self { pcall: lua.globals().raw_get("pcall")?, index })
    }

    /// The first value that a function gives back.
    pub(super) fn call(&self, function: &Function, arguments: Vec<Value>) -> Result<Value, Wrong> {
        let words: MultiValue = std::iter::once(Value::Function(function.clone())).chain(arguments).collect();
        match self.pcall.call::<(bool, Value)>(words)? {
            (true, value) => Ok(value),
            (false, wrong) => Err(Wrong::Lua(Raised::again(wrong))),
        }
    }

    /// A field of a table, for which its metatable may be asked.
    pub(super) fn index(&self, table: &Table, key: Value) -> Result<Value, Wrong> {
        self.call(&self.index, vec![Value::Table(table.clone()), key])
    }
}
