-- What stands between a script and the machine that runs it: the globals that it sees, and how its errors are told.
--
-- Promises: a script leaves nothing behind. Every table that outlives it shows its contents through a proxy that cannot be
-- written; what it makes itself goes with it. An error that ends it for its time is caught by no pcall.
--
-- Takes the functions that are made in Rust, by name, and gives back two functions: one that prepares a script which was
-- compiled, and one that runs it.

local native = ...
local error, pcall, xpcall, type, tostring, select, unpack, pairs, rawset, setfenv, setmetatable, loadstring =
  error, pcall, xpcall, type, tostring, select, unpack, pairs, rawset, setfenv, setmetatable, loadstring
local resume, create, concat, count = coroutine.resume, coroutine.create, table.concat, collectgarbage
local READ_ONLY = "Attempt to modify a readonly table"

-- The proxies of tables that outlive a script.
local proxies = setmetatable({}, { __mode = "k" })

local function refuse_write()
  error(READ_ONLY, 2)
end

local function proxy_of(contents)
  local proxy = setmetatable({}, { __index = contents, __newindex = refuse_write, __metatable = false })
  proxies[proxy] = true
  return proxy
end

-- The functions of a library that are made in Rust. What scripts call directly is: a Lua function in a tail call would take the place
-- of its caller, and nobody could tell where an error came.
local function library(names, prefix)
  local contents = {}
  for name in names:gmatch("%S+") do
    contents[name] = native[prefix .. name]
  end
  return contents
end

-- Ends the script again when its time is over, whatever it caught.
local function still(...)
  if native.is_over() then
    error("the script was ended", 0)
  end
  return ...
end

-- Errors of commands and libraries are values of Rust; whoever catches one gets its text.
local function caught(is_well, ...)
  if is_well then
    return true, ...
  end
  local wrong = ...
  if type(wrong) == "userdata" then
    wrong = native.text(wrong)
  end
  if type(wrong) == "table" and wrong.err ~= nil then
    wrong = wrong.err
  end
  return false, wrong
end

-- The globals of the script that runs.
local globals

local redis = {
  LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3,
  REPL_NONE = 0, REPL_AOF = 1, REPL_SLAVE = 2, REPL_REPLICA = 2, REPL_ALL = 3,
  REDIS_VERSION = native.redis_version, REDIS_VERSION_NUM = native.redis_version_number,
}

local function one_string(count, text)
  return count == 1 and type(text) == "string"
end

function redis.error_reply(...)
  if not one_string(select("#", ...), ...) then
    return { err = "ERR wrong number or type of arguments" }
  end
  return { err = ((...):gsub("^%-", "", 1)) }
end

function redis.status_reply(...)
  if not one_string(select("#", ...), ...) then
    return { err = "ERR wrong number or type of arguments" }
  end
  return { ok = (...) }
end

redis.sha1hex, redis.setresp = native.sha1hex, native.setresp

function redis.log(...)
  local level = ...
  if select("#", ...) < 2 then
    error({ err = "ERR redis.log() requires two arguments or more." })
  end
  if type(level) ~= "number" then
    error({ err = "ERR First argument must be a number (log level)." })
  end
  if level < 0 or level > 3 then
    error({ err = "ERR Invalid log level." })
  end
  local words = {}
  for place = 2, select("#", ...) do
    words[#words + 1] = tostring((select(place, ...)))
  end
  native.log(level, concat(words, " "))
end

-- What a script changed is written as a whole: how it would reach replicas is no question.
function redis.replicate_commands()
  return true
end

function redis.set_repl() end

function redis.breakpoint()
  return false
end

function redis.debug() end

function redis.acl_check_cmd()
  error({ err = "ERR redis.acl_check_cmd is not supported: the rights of a caller are on databases, not on commands" })
end

-- The settings of these libraries would outlast the script.
local cjson = library("encode decode", "cjson_")
cjson._NAME, cjson._VERSION, cjson.null = "cjson", "2.1.0", native.null
for name in ("new encode_sparse_array encode_max_depth decode_max_depth encode_number_precision encode_keep_buffer " ..
  "encode_invalid_numbers decode_invalid_numbers"):gmatch("%S+") do
  cjson[name] = function()
    error("cjson." .. name .. " is not supported: the settings of cjson stand", 2)
  end
end

local cmsgpack = library("pack unpack unpack_one unpack_limit", "cmsgpack_")
cmsgpack._NAME, cmsgpack._VERSION = "cmsgpack", "lua-cmsgpack 0.4.0"

local bit = library("tobit bnot band bor bxor lshift rshift arshift rol ror bswap tohex", "bit_")
local struct = library("pack unpack size", "struct_")

string.dump = nil
for name, text_function in pairs(library("find match gmatch gsub rep reverse lower upper char format", "string_")) do
  string[name] = text_function
end
string.gfind = string.gmatch
for name, table_function in pairs(library("concat sort", "table_")) do
  table[name] = table_function
end
getmetatable("").__metatable = false
math.random, math.randomseed, math.max, math.min = native.random, native.randomseed, native.math_max, native.math_min

local threads = { create = create, running = coroutine.running, status = coroutine.status, yield = coroutine.yield }

function threads.resume(...)
  return still(caught(resume(...)))
end

function threads.wrap(work)
  local thread = create(work)
  local function pass(is_well, ...)
    if is_well then
      return ...
    end
    error((...), 0)
  end
  return function(...)
    return pass(still(caught(resume(thread, ...))))
  end
end

-- What all scripts see.
local shared = {
  redis = proxy_of(redis), cjson = proxy_of(cjson), cmsgpack = proxy_of(cmsgpack), bit = proxy_of(bit), struct = proxy_of(struct),
  string = proxy_of(string), table = proxy_of(table), math = proxy_of(math), coroutine = proxy_of(threads),
  os = proxy_of({ clock = native.clock }), _VERSION = _VERSION,
}
for name in ("assert error getmetatable ipairs next pairs rawequal rawget select setmetatable tonumber tostring type unpack")
  :gmatch("%S+") do
  shared[name] = _G[name]
end

function shared.rawset(table, key, value)
  if proxies[table] then
    error(READ_ONLY, 2)
  end
  return rawset(table, key, value)
end

function shared.pcall(...)
  return still(caught(pcall(...)))
end

-- The handler runs behind the error and not within it, where no clock could end it.
function shared.xpcall(work, handler)
  local function handled(is_well, ...)
    if is_well then
      return true, ...
    end
    return false, handler(...)
  end
  return handled(still(caught(pcall(work))))
end

-- The memory of the machine is bounded and collected without the script.
function shared.collectgarbage(what)
  return what == "count" and count("count") or 0
end

function shared.gcinfo()
  return count("count")
end

-- Lua compiles without looking at the clock.
local LOADED_BYTES_MAX = 2 ^ 20

-- Text only: compiled chunks could do anything.
function shared.loadstring(text, name)
  if type(text) ~= "string" or text:byte() == 27 then
    return nil, "only text can be loaded"
  end
  if #text > LOADED_BYTES_MAX then
    return nil, "more than " .. LOADED_BYTES_MAX .. " bytes cannot be loaded"
  end
  local chunk, wrong = loadstring(text, name or text)
  return chunk and setfenv(chunk, globals), wrong
end

function shared.load(reader, name)
  local pieces = {}
  while true do
    local piece = reader()
    if piece == nil or piece == "" then
      return shared.loadstring(concat(pieces), name or "=(load)")
    end
    pieces[#pieces + 1] = piece
  end
end

-- What only the script that runs sees, in front of what all see.
local own = setmetatable({}, {
  __index = setmetatable(shared, {
    __index = function(_, name)
      error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
    end,
  }),
})
globals = proxy_of(own)
own._G = globals

-- Adds to an error where the script was when it came.
local function told(wrong)
  local is_reply
  if type(wrong) == "userdata" then
    wrong, is_reply = native.text(wrong)
  end
  if is_reply then
    wrong = { err = wrong }
  elseif type(wrong) ~= "table" then
    wrong = { err = "ERR " .. tostring(wrong) }
  end
  local text = wrong.err
  return { type(text) == "string" and text or "ERR unknown error", native.place() }
end

local function prepare(script)
  setfenv(script, globals)
end

local function run(script, caller, catching_caller, keys, arguments)
  redis.call, redis.pcall, own.KEYS, own.ARGV = caller, catching_caller, keys, arguments
  local is_well, value = xpcall(script, told)
  redis.call, redis.pcall, own.KEYS, own.ARGV = nil, nil, nil, nil
  return is_well, value
end

return prepare, run
