//! What scripts in Lua are kept from: time, memory, and each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nedb::Database;
use nedb_compat::redis::{Commands, Reply, ScriptBounds, Session, Setup};
use nedb_io::Clock;

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

fn session() -> Session {
    let db = Database::in_memory().unwrap();
    let scripts = ScriptBounds {
        timeout_us: 50_000,
        memory_bytes_max: 4 << 20,
        clock: Arc::new(TickingClock::default()),
        ..ScriptBounds::default()
    };
    Commands::set_up(&db, Setup { scripts, ..Setup::default() }).session()
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
    let session = session();
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
    let session = session();
    for script in [
        "local t = {} for i = 1, 1e9 do t[i] = 'text ' .. i end",
        "return string.rep('x', 1e9)",
        "local text = string.rep('x', 1e5) for i = 1, 200 do redis.call('set', 'k' .. i, text) end",
        "local t = {} for i = 1, 1000 do t[i] = 'text' end for depth = 1, 4 do local u = {} for i = 1, 1000 do u[i] = t end t = u end return t",
        "local t = {} for i = 1, 100 do t[i] = 'text' end for depth = 1, 5 do local u = {} for i = 1, 100 do u[i] = t end t = u end return cjson.encode(t)",
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
