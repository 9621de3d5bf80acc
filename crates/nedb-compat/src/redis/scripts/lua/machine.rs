//! A machine: one state of Lua with the libraries of Redis, which runs scripts one after the other.
//!
//! Promises: a script sees nothing of those before it; it ends when its time is over, whatever it catches; what it keeps, writes and
//! answers is bounded, each for itself. Leaves to others: what commands do, and whether what was written is committed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use mlua::chunk::ChunkMode;
use mlua::{Function, HookTriggers, Lua, LuaOptions, MultiValue, Scope, StdLib, Table, Value, VmState};
use nedb::{Error, ErrorCode, Result};
use nedb_io::Mutex;

use super::watch::Watch;
use super::{
    Answer, Arguments, Native, PRELUDE_NAME, Passed, Raised, bits, json, native, numbers, pack, patterns, random,
    structs, tables, texts, values,
};
use crate::redis::refusal::refused;
use crate::redis::reply::Reply;
use crate::redis::scripts::{Call, ScriptBounds, sha1};
use crate::redis::session::answer_in_script;
use crate::redis::table::Access;
use crate::redis::tx::Tx;

/// How many machines are kept for the next scripts; more run at once only where many threads do.
const KEPT_MAX: usize = 4;

/// How many scripts a machine keeps compiled; then a new one takes its place.
const COMPILED_MAX: usize = 512;

/// A machine that still holds so much behind a script is not kept.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// How many instructions are carried out at most between two looks at the clock: some microseconds.
const INSTRUCTIONS_MAX: usize = 256;

/// How many bytes they may go through together: each of them all memory that is in use, at some nanoseconds a byte.
const INSTRUCTIONS_BYTES: usize = 128 << 20;

/// The name of a script in its errors.
const SCRIPT_NAME: &str = "@user_script";

/// The version of Redis whose scripts run.
const REDIS_VERSION: (&str, i64) = ("7.4.0", 0x0007_0400);

/// The machines of one database.
#[derive(Debug, Default)]
pub(in crate::redis::scripts) struct Machines {
    idle: Mutex<Vec<Machine>>,
}

impl Machines {
    /// Does work with a machine that nobody else uses.
    pub(super) fn with<T>(&self, bounds: &ScriptBounds, work: impl FnOnce(&mut Machine) -> Result<T>) -> Result<T> {
        let idle = self.idle.lock().pop();
        let mut machine = match idle {
            Some(machine) => machine,
            None => Machine::new(bounds).map_err(|error| broken(&error))?,
        };
        let done = work(&mut machine);
        if machine.is_fit() {
            let mut idle = self.idle.lock();
            if idle.len() < KEPT_MAX {
                idle.push(machine);
            }
        }
        done
    }

    /// Forgets all machines, and the scripts that they have compiled.
    pub(in crate::redis::scripts) fn clear(&self) {
        self.idle.lock().clear();
    }
}

/// An error of Lua that is no script's.
fn broken(error: &mlua::Error) -> Error {
    Error::new(ErrorCode::RedisCommand, format!("ERR Lua failed: {error}"))
}

/// Whether errors of commands are raised or given back.
#[derive(Clone, Copy)]
enum Catching {
    No,
    Yes,
}

#[derive(Debug)]
pub(super) struct Machine {
    lua: Lua,
    watch: Arc<Watch>,
    /// The version of the protocol whose replies the script gets.
    version: Arc<AtomicU8>,
    bounds: ScriptBounds,
    prepare: Function,
    run: Function,
    compiled: BTreeMap<String, (Function, Flags)>,
}

/// What the first line of a script said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    is_reading: bool,
}

impl Machine {
    fn new(bounds: &ScriptBounds) -> mlua::Result<Self> {
        let libraries = StdLib::STRING | StdLib::TABLE | StdLib::MATH;
        let lua = Lua::new_with(libraries, LuaOptions::new().catch_rust_panics(false))?;
        lua.set_memory_limit(bounds.memory_bytes_max)?;
        let watch = Arc::new(Watch::new(Arc::clone(&bounds.clock)));
        let version = Arc::new(AtomicU8::new(2));
        let natives = natives(&lua, bounds, &watch, &version)?;
        let prelude = lua.load(include_str!("prelude.lua")).set_name(PRELUDE_NAME);
        let (prepare, run) = prelude.call::<(Function, Function)>(natives)?;
        set_hook(&lua, &watch, pace(0))?;
        Ok(Self { lua, watch, version, bounds: bounds.clone(), prepare, run, compiled: BTreeMap::new() })
    }

    /// Whether it may run another script.
    fn is_fit(&mut self) -> bool {
        if self.compiled.len() >= COMPILED_MAX || self.watch.is_over() {
            return false;
        }
        let kept_max = KEPT_BYTES_MAX.min(self.bounds.memory_bytes_max / 4);
        if self.lua.used_memory() > kept_max && self.lua.gc_collect().is_err() {
            return false;
        }
        self.lua.used_memory() <= kept_max
    }

    /// Compiles a script, unless it has it already.
    pub(super) fn compile(&mut self, text: &[u8], sha1: &str) -> Result<(Function, Flags)> {
        if let Some(compiled) = self.compiled.get(sha1) {
            return Ok(compiled.clone());
        }
        let (flags, body) = first_line(text)?;
        self.watch.begin(self.bounds.timeout_us);
        let chunk = self.lua.load(body).set_name(SCRIPT_NAME).set_mode(ChunkMode::Text);
        let function = chunk.into_function().map_err(|error| match error {
            mlua::Error::SyntaxError { message, .. } => {
                refused(format!("ERR Error compiling script (new function): {message}"))
            }
            mlua::Error::MemoryError(_) => self.out_of_memory(),
            other => broken(&other),
        })?;
        self.prepare.call::<()>(&function).map_err(|error| broken(&error))?;
        self.compiled.insert(sha1.to_owned(), (function.clone(), flags));
        Ok((function, flags))
    }

    /// Runs a script in a transaction.
    pub(super) fn run(&mut self, tx: &mut Tx<'_>, call: &Call<'_>) -> Result<Reply> {
        let (function, flags) = self.compile(&call.text, &call.sha1)?;
        let access = if flags.is_reading { Access::Read } else { call.access };
        self.watch.begin(self.bounds.timeout_us);
        self.version.store(2, Ordering::Relaxed);
        let tx = RefCell::new(tx);
        let ended = self.lua.scope(|scope| {
            let caller = self.caller(scope, &tx, access, Catching::No)?;
            let catching = self.caller(scope, &tx, access, Catching::Yes)?;
            let (keys, arguments) = (strings(&self.lua, call.keys)?, strings(&self.lua, call.arguments)?);
            self.run.call::<(bool, Value)>((function, caller, catching, keys, arguments))
        });
        let answered = match ended {
            Ok((true, value)) => values::to_reply(&value, self.is_three(), self.bounds.memory_bytes_max, &self.watch),
            Ok((false, told)) => Err(self.failed(&told, &call.sha1)),
            Err(mlua::Error::MemoryError(_)) => Err(self.out_of_memory()),
            Err(error) => Err(broken(&error)),
        };
        if self.watch.is_over() {
            let (ms, name) = (self.bounds.timeout_us / 1_000, "script_timeout");
            return Err(refused(format!(
                "BUSY the script ran for {ms} ms, the limit {name}_ms: it was ended, and nothing of it stays"
            )));
        }
        answered
    }

    fn is_three(&self) -> bool {
        self.version.load(Ordering::Relaxed) == 3
    }

    /// The function through which a script carries out commands.
    fn caller<'scope, 'env: 'scope>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        tx: &'env RefCell<&'env mut Tx<'_>>,
        access: Access,
        catching: Catching,
    ) -> mlua::Result<Function> {
        let (watch, bytes_max) = (&self.watch, self.bounds.memory_bytes_max);
        let before = tx.borrow().written_bytes();
        scope.create_function(move |lua, words: mlua::Variadic<Value>| {
            watch.look()?;
            let failed = |text: &str| match catching {
                Catching::No => Err(Raised::error(text, true)),
                Catching::Yes => values::of_reply(lua, &Reply::Error(refused(text)), self.is_three()),
            };
            if words.is_empty() {
                return failed("ERR Please specify at least one argument for this redis lib call");
            }
            let text_bytes =
                words.iter().map(|word| if let Value::String(text) = word { text.as_bytes().len() } else { 0 });
            if text_bytes.sum::<usize>() > bytes_max {
                return failed(&format!(
                    "OOM the words of a command have more than {bytes_max} bytes, the limit query_memory"
                ));
            }
            let Some(words) = words.iter().map(values::word).collect::<Option<Vec<Vec<u8>>>>() else {
                return failed("ERR Lua redis lib command arguments must be strings or integers");
            };
            let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            // A command calls no script, so the transaction is not in use.
            let Ok(mut tx) = tx.try_borrow_mut() else { return failed("ERR a command called a script") };
            let reply = answer_in_script(&mut tx, &words, access);
            if tx.written_bytes() - before > bytes_max {
                return failed(&format!("OOM the script wrote more than {bytes_max} bytes, the limit query_memory"));
            }
            match reply.error_text() {
                Some(text) => failed(&text),
                None => values::of_reply(lua, &reply, self.is_three()),
            }
        })
    }

    /// The error of a script: what it said, and where.
    fn failed(&self, told: &Value, sha1: &str) -> Error {
        if let Value::Error(error) = told
            && let mlua::Error::MemoryError(_) = **error
        {
            return self.out_of_memory();
        }
        if values::bytes(told).is_some_and(|text| text.ends_with(OUT_OF_MEMORY.as_bytes())) {
            return self.out_of_memory();
        }
        let Value::Table(told) = told else { return refused(format!("ERR unknown error script: {sha1}.")) };
        let part = |place: i64| told.raw_get::<Value>(place).ok().as_ref().and_then(values::bytes);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let message = part(1).map(text).unwrap_or_default();
        if message.ends_with(OUT_OF_MEMORY) {
            return self.out_of_memory();
        }
        match (part(2), part(3)) {
            (Some(source), Some(line)) => {
                refused(format!("{message} script: {sha1}, on {}:{}.", text(source), text(line)))
            }
            _ => refused(format!("{message} script: {sha1}.")),
        }
    }

    fn out_of_memory(&self) -> Error {
        let bytes = self.bounds.memory_bytes_max;
        refused(format!("OOM the script needs more than {bytes} bytes, the limit query_memory: nothing of it stays"))
    }
}

/// How many instructions are carried out between two looks at the clock while so much memory is in use; it changes in few steps.
fn pace(memory_bytes: usize) -> u32 {
    let instructions = (INSTRUCTIONS_BYTES / memory_bytes.max(1)).clamp(1, INSTRUCTIONS_MAX);
    1 << instructions.ilog2()
}

/// Lets the machine look at the clock while it carries out instructions, and before each call: a function of Lua's own looks at none.
fn set_hook(lua: &Lua, watch: &Arc<Watch>, instructions: u32) -> mlua::Result<()> {
    let watch = Arc::clone(watch);
    let triggers = HookTriggers::new().every_nth_instruction(instructions).on_calls();
    lua.set_global_hook(triggers, move |lua, _debug| {
        watch.look()?;
        let wanted = pace(lua.used_memory());
        if wanted != instructions {
            set_hook(lua, &watch, wanted)?;
        }
        Ok(VmState::Continue)
    })
}

/// A table of words, made one by one: Lua keeps a bounded number of values for us at once.
fn strings(lua: &Lua, words: &[&[u8]]) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(words.len(), 0)?;
    for (place, word) in words.iter().enumerate() {
        table.raw_set(place + 1, lua.create_string(word)?)?;
    }
    Ok(table)
}

/// Reads `#!lua flags=...`, and gives the script without it: what is left of the line keeps its number.
fn first_line(text: &[u8]) -> Result<(Flags, &[u8])> {
    let mut flags = Flags::default();
    if !text.starts_with(b"#!") {
        return Ok((flags, text));
    }
    let Some(end) = text.iter().position(|byte| *byte == b'\n') else {
        return Err(refused("ERR Invalid script shebang"));
    };
    let (line, body) = text.split_at(end);
    let line = String::from_utf8_lossy(line).into_owned();
    let mut words = line.split_ascii_whitespace();
    let engine = words.next().unwrap_or_default();
    if engine != "#!lua" {
        return Err(refused(format!("ERR Unexpected engine in script shebang: {engine}")));
    }
    for word in words {
        let Some(given) = word.strip_prefix("flags=") else {
            return Err(refused(format!("ERR Unknown lua shebang option: {word}")));
        };
        for flag in given.split(',').filter(|flag| !flag.is_empty()) {
            match flag {
                "no-writes" => flags.is_reading = true,
                // There is always room, no stale replica and no cluster.
                "allow-oom" | "allow-stale" | "no-cluster" | "allow-cross-slot-keys" => {}
                _ => return Err(refused(format!("ERR Unexpected flag in script shebang: {flag}"))),
            }
        }
    }
    Ok((flags, body))
}

/// The functions of the libraries.
const NATIVES: &[(&str, &str, Native)] = &[
    ("cjson_encode", "encode", json::encode),
    ("cjson_decode", "decode", json::decode),
    ("cmsgpack_pack", "pack", pack::pack),
    ("cmsgpack_unpack", "unpack", pack::unpack),
    ("cmsgpack_unpack_one", "unpack_one", pack::unpack_one),
    ("cmsgpack_unpack_limit", "unpack_limit", pack::unpack_limit),
    ("struct_pack", "pack", structs::pack),
    ("struct_unpack", "unpack", structs::unpack),
    ("struct_size", "size", structs::size),
    ("bit_tobit", "tobit", bits::tobit),
    ("bit_bnot", "bnot", bits::bnot),
    ("bit_band", "band", bits::band),
    ("bit_bor", "bor", bits::bor),
    ("bit_bxor", "bxor", bits::bxor),
    ("bit_lshift", "lshift", bits::lshift),
    ("bit_rshift", "rshift", bits::rshift),
    ("bit_arshift", "arshift", bits::arshift),
    ("bit_rol", "rol", bits::rol),
    ("bit_ror", "ror", bits::ror),
    ("bit_bswap", "bswap", bits::bswap),
    ("bit_tohex", "tohex", bits::tohex),
    ("string_rep", "rep", texts::rep),
    ("string_reverse", "reverse", texts::reverse),
    ("string_lower", "lower", texts::lower),
    ("string_upper", "upper", texts::upper),
];

/// What the prelude is given.
fn natives(lua: &Lua, bounds: &ScriptBounds, watch: &Arc<Watch>, version: &Arc<AtomicU8>) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    for (key, function, call) in NATIVES {
        table.raw_set(*key, native(lua, function, bounds.memory_bytes_max, watch, *call)?)?;
    }
    numbers::add_to(&table, lua, bounds.memory_bytes_max, watch)?;
    patterns::add_to(&table, lua, bounds.memory_bytes_max, watch)?;
    tables::add_to(&table, lua, bounds.memory_bytes_max, watch)?;
    let generator = Arc::new(random::Generator::new());
    let drawn = Arc::clone(&generator);
    let draw = move |_lua: &Lua, arguments: &Arguments| -> Answer { drawn.draw(arguments) };
    table.raw_set("random", native(lua, "random", 0, watch, draw)?)?;
    let seed = move |_lua: &Lua, arguments: &Arguments| -> Answer { generator.seed(arguments) };
    table.raw_set("randomseed", native(lua, "randomseed", 0, watch, seed)?)?;
    table.raw_set("null", Value::NULL)?;
    table.raw_set("redis_version", REDIS_VERSION.0)?;
    table.raw_set("redis_version_number", REDIS_VERSION.1)?;
    let looked = Arc::clone(watch);
    let sha1hex = move |_lua: &Lua, words: mlua::Variadic<Value>| looked.look().and_then(|()| sha1hex(&words));
    table.raw_set("sha1hex", lua.create_function(sha1hex)?)?;
    table.raw_set("text", lua.create_function(|lua, wrong: Value| text(lua, &wrong))?)?;
    let asked = Arc::clone(version);
    let setresp = move |_lua: &Lua, wanted: mlua::Variadic<Value>| set_version(&asked, &wanted);
    table.raw_set("setresp", lua.create_function(setresp)?)?;
    let over = Arc::clone(watch);
    table.raw_set("is_over", lua.create_function(move |_lua, _arguments: MultiValue| Ok(over.is_over()))?)?;
    let clock = Arc::clone(&bounds.clock);
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds since the start fit the 53 bits of a float for centuries"
    )]
    let seconds = move |_lua: &Lua, _arguments: MultiValue| Ok(clock.monotonic_us() as f64 / 1e6);
    table.raw_set("clock", lua.create_function(seconds)?)?;
    let log = bounds.log;
    table.raw_set(
        "log",
        lua.create_function(move |_lua, (level, text): (i64, mlua::LuaString)| {
            log(level, &text.to_string_lossy());
            Ok(())
        })?,
    )?;
    table.raw_set("place", lua.create_function(|lua, _arguments: MultiValue| place(lua))?)?;
    Ok(table)
}

fn sha1hex(words: &[Value]) -> mlua::Result<String> {
    match words {
        [word] => Ok(sha1::hex(&values::bytes(word).unwrap_or_default())),
        _ => Err(Raised::error("ERR wrong number of arguments", true)),
    }
}

fn set_version(version: &AtomicU8, wanted: &[Value]) -> mlua::Result<()> {
    let [wanted] = wanted else { return Err(Raised::error("ERR redis.setresp() requires one argument.", true)) };
    let number = match values::number(wanted) {
        Some(2.0) => 2,
        Some(3.0) => 3,
        _ => return Err(Raised::error("ERR RESP version must be 2 or 3.", true)),
    };
    version.store(number, Ordering::Relaxed);
    Ok(())
}

/// What an error says, and whether it is a reply already; what is no error of Rust is itself.
fn text(lua: &Lua, wrong: &Value) -> mlua::Result<(Value, bool)> {
    let Value::Error(error) = wrong else { return Ok((wrong.clone(), false)) };
    match (Raised::of(error), Passed::of(error)) {
        (Some(raised), _) => Ok((Value::String(lua.create_string(&raised.text)?), raised.is_reply)),
        (None, Some(Passed(value))) => Ok((value.clone(), false)),
        (None, None) if is_out_of_memory(error) => Ok((Value::String(lua.create_string(OUT_OF_MEMORY)?), false)),
        (None, None) => Ok((Value::String(lua.create_string(error.to_string())?), false)),
    }
}

/// What Lua says when its memory is over.
const OUT_OF_MEMORY: &str = "not enough memory";

fn is_out_of_memory(error: &mlua::Error) -> bool {
    match error {
        mlua::Error::CallbackError { cause, .. } => is_out_of_memory(cause),
        mlua::Error::MemoryError(_) => true,
        _ => false,
    }
}

/// Where the script is: the name of its chunk and the line.
fn place(lua: &Lua) -> mlua::Result<MultiValue> {
    let mut level = 0;
    loop {
        let found = lua.inspect_stack(level, |debug| {
            let source = debug.source().source.map(std::borrow::Cow::into_owned).unwrap_or_default();
            (source, debug.current_line())
        });
        let Some((source, line)) = found else { return Ok(MultiValue::new()) };
        if let Some(line) = line.filter(|_| source != PRELUDE_NAME) {
            let values =
                [Value::String(lua.create_string(source)?), Value::String(lua.create_string(line.to_string())?)];
            return Ok(values.into_iter().collect());
        }
        level += 1;
    }
}
