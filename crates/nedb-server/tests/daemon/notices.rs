//! Keyspace notifications: the events of Redis, in its order, and nothing of what did not happen.

use nedb_compat::redis::Reply;

use super::client::Resp;
use super::daemon::Daemon;
use super::words::words;

/// What a redis-server told: a command on each line, and under it its events with their keys.
const OF_REDIS: &str = include_str!("notices.txt");

const ALL: [&str; 2] = ["--notify-keyspace-events", "KEAnm"];

/// A connection that listens to a pattern, and to `done`.
fn listener(daemon: &Daemon, pattern: &str) -> Resp {
    let mut listener = daemon.resp();
    listener.run(&format!("PSUBSCRIBE {pattern}"));
    listener.run("SUBSCRIBE done");
    listener
}

/// The channel and the text of the next message; `None` when it is the mark.
fn next(listener: &mut Resp) -> Option<(String, String)> {
    let Reply::Array(parts) = listener.receive().unwrap() else { panic!("a message is an array") };
    let text = |part: &Reply| match part {
        Reply::Bulk(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        other => panic!("{other:?} is no text"),
    };
    match parts.as_slice() {
        [_kind, _pattern, channel, payload] => Some((text(channel), text(payload))),
        _ => None,
    }
}

/// All that was told before a mark which somebody else sets now.
fn told(daemon: &Daemon, listener: &mut Resp) -> Vec<(String, String)> {
    assert_eq!(daemon.resp().run("PUBLISH done now"), Reply::Int(1));
    std::iter::from_fn(|| next(listener)).collect()
}

fn pair(channel: &str, payload: &str) -> (String, String) {
    (channel.to_owned(), payload.to_owned())
}

#[test]
fn the_events_of_commands_are_those_of_redis() {
    let daemon = Daemon::start(&ALL);
    let (mut listener, mut speaker) = (listener(&daemon, "__keyevent@0__:*"), daemon.resp());
    let mut lines = OF_REDIS.lines().peekable();
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wanted: Vec<&str> =
            std::iter::from_fn(|| lines.next_if(|line| line.starts_with("  "))).map(str::trim_start).collect();
        speaker.run(line);
        let event = |(channel, key): (String, String)| format!("{} {key}", channel.replace("__keyevent@0__:", ""));
        let events: Vec<String> = told(&daemon, &mut listener).into_iter().map(event).collect();
        assert_eq!(events, wanted, "{line}");
    }
}

#[test]
fn who_listens_to_a_key_hears_what_happens_to_it() {
    let daemon = Daemon::start(&ALL);
    let mut speaker = daemon.resp();
    speaker.run("SELECT 3");
    let mut listener = daemon.resp();
    listener.run("SELECT 3");
    listener.run("SUBSCRIBE __keyspace@3__:a");
    for line in ["SET b 1", "SET a 1", "RENAME a b", "DEL b", "LPUSH a x"] {
        speaker.run(line);
    }
    for event in ["new", "set", "rename_from", "new", "lpush"] {
        let wanted = ["message", "__keyspace@3__:a", event].map(Reply::bulk).to_vec();
        assert_eq!(listener.receive().unwrap(), Reply::Array(wanted));
    }
}

#[test]
fn a_database_with_a_name_is_called_by_it_and_flags_choose_what_is_told() {
    let daemon = Daemon::start(&["--notify-keyspace-events", "K$"]);
    assert_eq!(daemon.http().post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    let (mut listener, mut speaker) = (daemon.resp(), daemon.resp());
    for resp in [&mut listener, &mut speaker] {
        assert_eq!(resp.run("SELECT shop"), Reply::ok());
    }
    listener.run("PSUBSCRIBE *");
    for line in ["LPUSH l x", "SET a 1", "DEL a", "INCR b"] {
        speaker.run(line);
    }
    assert_eq!(next(&mut listener), Some(pair("__keyspace@shop__:a", "set")));
    assert_eq!(next(&mut listener), Some(pair("__keyspace@shop__:b", "incrby")));
    let flags = Reply::Array(vec![Reply::bulk("notify-keyspace-events"), Reply::bulk("$K")]);
    assert_eq!(speaker.run("CONFIG GET notify-keyspace-events"), flags);
}

#[test]
fn nothing_is_told_when_nothing_was_asked_for_or_nothing_happened() {
    let daemon = Daemon::start(&[]);
    let mut silent = listener(&daemon, "__key*");
    daemon.resp().run("SET a 1");
    assert_eq!(told(&daemon, &mut silent), []);

    let daemon = Daemon::start(&ALL);
    let (mut listener, mut speaker) = (listener(&daemon, "__keyspace*"), daemon.resp());
    speaker.run(r#"EVAL "redis.call('SET', 'a', 1) error('no')" 0"#);
    for line in ["MULTI", "SET a 1", "DISCARD", "GET", "LPUSH", "SET l x"] {
        speaker.run(line);
    }
    assert_eq!(told(&daemon, &mut listener), [pair("__keyspace@0__:l", "new"), pair("__keyspace@0__:l", "set")]);
    speaker.run("LPUSH l x");
    assert_eq!(told(&daemon, &mut listener), []);
}

#[test]
fn the_end_of_a_lifetime_is_told_when_it_is_swept_and_writes_of_other_interfaces_too() {
    let daemon = Daemon::start(&["--notify-keyspace-events", "EA", "--sweep-s", "0"]);
    let (mut listener, mut speaker) = (listener(&daemon, "__key*"), daemon.resp());
    let mut http = daemon.http();
    speaker.run("SET short x PX 1");
    speaker.run("HSET c:7 f v");
    speaker.run("FLUSHDB");
    speaker.run("SET short x PX 1");
    while speaker.run("GET short") != Reply::Nil {}
    assert_eq!(http.post("/v1/databases/db0/sweep", "").status, 200);
    assert_eq!(http.post("/v1/databases/db0/put", r#"{"coll":"c","id":"1","doc":{}}"#).status, 200);
    assert_eq!(http.post("/v1/databases/db0/sql", r#"{"sql":"DELETE FROM c"}"#).status, 200);
    let mut events = Vec::new();
    while events.len() < 8 {
        events.push(next(&mut listener).unwrap());
    }
    let event = |name: &str, key: &str| pair(&format!("__keyevent@0__:{name}"), key);
    let wanted = [
        event("set", "short"),
        event("expire", "short"),
        event("hset", "c:7"),
        event("set", "short"),
        event("expire", "short"),
        event("expired", "short"),
        event("hset", "c:1"),
        event("del", "c:1"),
    ];
    assert_eq!(events, wanted);
}

#[test]
fn a_value_that_is_restored_and_one_that_ends_at_once_say_so() {
    let daemon = Daemon::start(&ALL);
    let (mut listener, mut speaker) = (listener(&daemon, "__keyevent*"), daemon.resp());
    speaker.run("SET a 1");
    let Reply::Bulk(dump) = speaker.run("DUMP a") else { panic!("bytes") };
    told(&daemon, &mut listener);
    let events = |listener: &mut Resp| -> Vec<String> {
        let strip =
            |(channel, key): (String, String)| format!("{} {key}", channel.trim_start_matches("__keyevent@0__:"));
        told(&daemon, listener).into_iter().map(strip).collect()
    };
    let mut restore = words("RESTORE b 100000");
    restore.push(dump);
    speaker.send(&restore).unwrap();
    assert_eq!(speaker.receive().unwrap(), Reply::ok());
    assert_eq!(events(&mut listener), ["new b", "restore b"]);
    speaker.run("SET c 1 EXAT 1");
    assert_eq!(events(&mut listener), ["set c", "expire c", "expired c"]);
}
