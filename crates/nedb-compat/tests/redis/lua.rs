//! What scripts in Lua are kept from: time, memory, and each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nedb::Database;
use nedb_compat::redis::{Commands, Reply, ScriptBounds, Session, Setup};
use nedb_io::{Clock, RealClock};

/// A clock that goes on by a millisecond whenever it is looked at.
#[derive(Debug, Default)]
struct TickingClock(AtomicU64);

impl Clock for TickingClock {
    fn wall_us(&self) -> i64 {
        0
    }

    fn monotonic_us(&self) -> u64 {
        self.0.fetch_add(1_000, Ordering::SeqCst)
    }
}

fn session(scripts: ScriptBounds) -> Session {
    let db = Database::in_memory().unwrap();
    Commands::set_up(&db, Setup { scripts, ..Setup::default() }).session()
}

/// Scripts end when the clock was looked at fifty times.
fn bounded_in_time() -> Session {
    session(ScriptBounds { timeout_us: 50_000, clock: Arc::new(TickingClock::default()), ..ScriptBounds::default() })
}

fn bounded_in_memory() -> Session {
    session(ScriptBounds { memory_bytes_max: 4 << 20, ..ScriptBounds::default() })
}

fn eval(session: &Session, script: &str) -> Reply {
    session.execute(&[b"EVAL", script.as_bytes(), b"0"])
}

fn error(session: &Session, script: &str) -> String {
    let reply = eval(session, script);
    reply.error_text().unwrap_or_else(|| panic!("{script}: {reply:?}"))
}

#[test]
fn a_script_ends_when_its_time_is_over_whatever_it_catches() {
    let session = bounded_in_time();
    for script in [
        "redis.call('set', 'k', 1) while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "local c = coroutine.wrap(function() while true do end end) while true do pcall(c) end",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        "while true do redis.pcall('set', 'k', 1) end",
        "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) while true do pcall(function() return t[1] end) end",
    ] {
        let text = error(&session, script);
        assert!(text.starts_with("BUSY the script ran for 50 ms, the limit script_timeout"), "{script}: {text}");
    }
    assert_eq!(session.execute(&[b"EXISTS", b"k"]), Reply::Int(0), "nothing of them stays");
    assert_eq!(eval(&session, "return 1"), Reply::Int(1));
}

#[test]
fn what_a_script_keeps_writes_and_answers_is_bounded() {
    let session = bounded_in_memory();
    for script in [
        "local t = {} for i = 1, 1e9 do t[i] = 'text ' .. i end",
        "return string.rep('x', 1e9)",
        "local text = string.rep('x', 1e5) for i = 1, 200 do redis.call('set', 'k' .. i, text) end",
        "local t = {} for i = 1, 1000 do t[i] = 'text' end for depth = 1, 4 do local u = {} for i = 1, 1000 do u[i] = t end t = u end return t",
        "local t = {} for i = 1, 100 do t[i] = 'text' end for depth = 1, 5 do local u = {} for i = 1, 100 do u[i] = t end t = u end return cjson.encode(t)",
        "return ('x'):rep(1e4):gsub('x', ('y'):rep(1e4))",
        "local t = {} for i = 1, 1e4 do t[i] = ('y'):rep(1e4) end return table.concat(t)",
        "local t, s = {}, ('x'):rep(1e6) for i = 1, 1000 do t[i] = s end redis.call('exists', unpack(t))",
        "local t, s = {}, {err = ('x'):rep(1e6)} for i = 1, 1000 do t[i] = s end return t",
        "local t, s = {}, {ok = ('x'):rep(1e6)} for i = 1, 1000 do t[i] = s end return t",
    ] {
        let text = error(&session, script);
        assert!(text.contains("the limit query_memory"), "{script}: {text}");
    }
    assert_eq!(session.execute(&[b"DBSIZE"]), Reply::Int(0));
    let deep = "local t = {} for i = 1, 1000 do t = {t} end return t";
    assert_eq!(error(&session, deep), "ERR reached lua stack limit");
    let endless = error(&session, "local function f() return 1 + f() end return f()");
    assert!(endless.contains("stack overflow") || endless.contains("the limit query_memory"), "{endless}");
}

#[test]
fn what_one_function_does_ends_with_its_script() {
    let session = bounded_in_time();
    for work in [
        "string.find(('a'):rep(30000), '.-.-.-b')",
        "string.find(('a'):rep(25), ('a*'):rep(20) .. 'b')",
        "string.match(('a'):rep(30000), '(.-)(.-)%1%2%1b')",
        "string.match(('(a'):rep(30000), '%b()')",
        "for word in (('a'):rep(30000)):gmatch('.-.-.-b') do end",
        "string.gsub(('a'):rep(30000), '.-.-.-b', 'c')",
        "string.find(('a'):rep(1000), '[' .. ('b'):rep(100000) .. 'c]*d')",
        "string.find(('a'):rep(1000000), ('a'):rep(500000) .. 'b', 1, true)",
        "for i = 1, 1e9 do string.find('', 'a') end",
        "local t = {} for i = 1, 1e5 do t[i] = 0 end while true do table.insert(t, 1, 0) end",
        "local t = {} for i = 1, 1e5 do t[i] = 'x' end while true do table.concat(t) end",
        "local t = {} for i = 1, 1e5 do t[i] = (i * 7919) % 1e5 end while true do table.sort(t) end",
        "local t = ('x'):rep(1e5) while true do t:reverse() end",
        "while true do ('x'):rep(1e6) end",
        "while true do string.rep('', 2^31 - 1) end",
        "local t = {} for i = 1, 1e4 do t[i] = i end while true do cjson.encode(t) end",
    ] {
        let text = error(&session, &format!("redis.call('set', 'k', 1) {work}"));
        assert!(text.starts_with("BUSY the script ran for 50 ms, the limit script_timeout"), "{work}: {text}");
        assert_eq!(session.execute(&[b"EXISTS", b"k"]), Reply::Int(0), "nothing of it stays");
        assert_eq!(session.execute(&[b"SET", b"other", b"1"]), Reply::ok(), "others write on");
    }
}

#[test]
fn functions_that_work_on_much_end_soon_after_their_time() {
    /// Much longer than the limit, for a machine that does other things meanwhile.
    const TOOK_US_MAX: u64 = 2_000_000;
    let scripts = ScriptBounds { timeout_us: 100_000, ..ScriptBounds::default() };
    let (session, clock) = (session(scripts), RealClock::new());
    for work in [
        "local a = {} for i = 1, 1e5 do a[i] = 0 end local b = {} for i = 1, 1000 do b[i] = a end return #cjson.encode(b)",
        "local a = {} for i = 1, 1e5 do a['k' .. i] = 0 end local b = {} for i = 1, 1000 do b[i] = a end return #cjson.encode(b)",
        "return #cjson.encode(('\\1'):rep(4e7))",
        "return #cjson.decode('[' .. ('0,'):rep(1e7) .. '0]')",
        "while true do pcall(cjson.decode, ('1'):rep(200000) .. ('.'):rep(200000)) end",
        "local a = {} for i = 1, 1e5 do a[i] = 0 end local b = {} for i = 1, 1000 do b[i] = a end return #cmsgpack.pack(b)",
        "return #cmsgpack.unpack('\\221' .. struct.pack('>I4', 1e7) .. ('\\0'):rep(1e7))",
        "local a = {} for i = 1, 1e4 do a[i] = 0 end local b = {} for i = 1, 700 do b[i] = a end return b",
        "local s = ('\\n'):rep(1e6) while true do local q = ('%q'):format(s) end",
        "local s = ('1'):rep(1e6) while true do local n = s + 0 end",
        "local t, s = {}, ('1'):rep(1e6) for i = 1, 7000 do t[i] = s end return math.max(unpack(t))",
        "local t, s = {}, ('0'):rep(1e6) for i = 1, 7000 do t[i] = s end return bit.bxor(unpack(t))",
        "local t, s = {}, ('0'):rep(1e6) for i = 1, 7000 do t[i] = s end return string.char(unpack(t))",
        "local t, s = {}, ('0'):rep(1e6) for i = 1, 7000 do t[i] = s end return ('%-5.3d%%'):rep(7000):format(unpack(t))",
    ] {
        let before = clock.monotonic_us();
        let text = error(&session, work);
        let took_us = clock.monotonic_us() - before;
        assert!(text.starts_with("BUSY the script ran for 100 ms, the limit script_timeout"), "{work}: {text}");
        assert!(took_us < TOOK_US_MAX, "{work}: {took_us} us");
    }
}

#[test]
fn a_long_number_of_json_is_read_once() {
    let (session, clock) = (session(ScriptBounds::default()), RealClock::new());
    let before = clock.monotonic_us();
    let text = error(&session, "return cjson.decode(('1'):rep(200000) .. ('.'):rep(200000))");
    assert!(text.contains("Expected the end but found invalid token at character 200002"), "{text}");
    assert!(clock.monotonic_us() - before < 2_000_000);
    for (json, told) in [
        ("1.", "1"),
        ("-.5", "-0.5"),
        ("1e2", "100"),
        ("1E+2", "100"),
        ("25e-1", "2.5"),
        ("0x1F", "31"),
        ("0x1.8p1", "3"),
        ("1e999", "inf"),
        ("-Infinity", "-inf"),
        ("[1,-2]", "table"),
        ("-", "Expected value but found invalid number at character 1"),
        ("--1", "Expected value but found invalid number at character 1"),
        ("1e", "Expected the end but found invalid token at character 2"),
        ("0xg", "Expected the end but found invalid token at character 2"),
        ("1.2.3", "Expected the end but found invalid token at character 4"),
    ] {
        let script = format!("return tostring(select(2, pcall(cjson.decode, '{json}')))");
        let Reply::Bulk(bytes) = eval(&session, &script) else { panic!("{json}: {:?}", eval(&session, &script)) };
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(told), "{json}: {text}");
    }
}

#[test]
fn what_is_compiled_at_run_time_has_a_bound() {
    let session = session(ScriptBounds::default());
    let script = "return {loadstring('return 1 ' .. (' '):rep(1e5))(), select(2, loadstring((' '):rep(2 ^ 20 + 1)))}";
    let refused = Reply::bulk("more than 1048576 bytes cannot be loaded");
    assert_eq!(eval(&session, script), Reply::Array(vec![Reply::Int(1), refused]));
}

#[test]
fn a_pattern_needs_no_stack_and_its_choices_have_a_bound() {
    let session = bounded_in_memory();
    let endless = error(&session, "return string.find(('a'):rep(20000), ('a?'):rep(20000))");
    assert!(endless.contains("user_script:1: pattern too complex"), "{endless}");
    assert_eq!(
        eval(&session, "return {string.find(('a'):rep(16000), ('a?'):rep(16000))}"),
        eval(&session, "return {1, 16000}")
    );
    let calling = "local function f() return (('a'):gsub('a', f)) end return f()";
    assert!(error(&session, calling).contains("overflow"), "{}", error(&session, calling));
}

#[test]
fn as_many_words_as_a_call_has_reach_a_script() {
    let session = bounded_in_memory();
    let mut words: Vec<&[u8]> = vec![b"EVAL", b"return {#KEYS, #ARGV}", b"10000"];
    words.extend(std::iter::repeat_n(&b"x"[..], 30_000));
    assert_eq!(session.execute(&words), Reply::Array(vec![Reply::Int(10_000), Reply::Int(20_000)]));
    let large = "local t = {} for i = 1, 2e4 do t['k' .. i] = {} end return #cmsgpack.pack(t)";
    assert!(matches!(eval(&session, large), Reply::Int(length) if length > 100_000), "{:?}", eval(&session, large));
}

#[test]
fn scripts_of_many_threads_lose_nothing() {
    let commands = Commands::new(&Database::in_memory().unwrap());
    let script = "local n = tonumber(redis.call('get', KEYS[1]) or 0) redis.call('set', KEYS[1], n + 1) redis.call('rpush', 'l', n)";
    let (threads, rounds) = (8, 50);
    nedb_io::scoped(threads, threads, |_thread| {
        let session = commands.session();
        for _ in 0..rounds {
            let reply = session.execute(&[b"EVAL", script.as_bytes(), b"1", b"n"]);
            assert_eq!(reply, Reply::Nil);
        }
    });
    let session = commands.session();
    assert_eq!(session.execute(&[b"GET", b"n"]), Reply::bulk("400"));
    assert_eq!(session.execute(&[b"LLEN", b"l"]), Reply::Int(400));
}

#[test]
fn scripts_within_a_round_are_steps_of_it() {
    let commands = Commands::new(&Database::in_memory().unwrap());
    let (ada, bob) = (commands.session(), commands.session());
    let call: Vec<&[u8]> =
        vec![b"EVAL", b"redis.call('incr', 'n') if ARGV[1] then error('no') end return redis.call('get', 'n')", b"0"];
    let failing: Vec<&[u8]> = call.iter().copied().chain([&b"x"[..]]).collect();
    let mut round = [
        nedb_compat::redis::RoundCalls::new(&ada, vec![call.clone(), failing, call.clone()]),
        nedb_compat::redis::RoundCalls::new(&bob, vec![vec![b"INCR", b"n"], call]),
    ];
    commands.round(&mut round);
    let [ada, bob] = round.each_mut().map(nedb_compat::redis::RoundCalls::take_replies);
    assert_eq!((&ada[0], &ada[2]), (&Reply::bulk("1"), &Reply::bulk("2")));
    assert!(ada[1].error_text().is_some_and(|text| text.contains("user_script:1: no")));
    assert_eq!(bob, [Reply::Int(3), Reply::bulk("4")]);
}
