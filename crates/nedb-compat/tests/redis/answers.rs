//! Answers have a bound, however often a call names one value.

use nedb::{Database, MemoryPool, QueryOptions};
use nedb_compat::redis::{Commands, Reply, Session, Setup};

const VALUE_BYTES: usize = 100_000;

/// A string, a list, a hash, a set, a stream and what SORT finds, each with large values.
fn session(bounds: QueryOptions) -> Session {
    let db = Database::in_memory().unwrap();
    let session = Commands::set_up(&db, Setup { bounds, ..Setup::default() }).session();
    let value = vec![b'x'; VALUE_BYTES];
    session.execute(&[b"SET", b"string", &value]);
    for n in 0..30 {
        let n = n.to_string();
        session.execute(&[b"RPUSH", b"list", &value]);
        session.execute(&[b"HSET", b"hash", n.as_bytes(), &value]);
        session.execute(&[b"SADD", b"set", n.repeat(300).as_bytes()]);
        session.execute(&[b"XADD", b"stream", b"*", b"field", &value]);
        session.execute(&[b"RPUSH", b"numbers", n.as_bytes()]);
        session.execute(&[b"SET", format!("value:{n}").as_bytes(), &value]);
    }
    session
}

fn call(session: &Session, text: &str) -> Reply {
    let words: Vec<&[u8]> = text.split_ascii_whitespace().map(str::as_bytes).collect();
    session.execute(&words)
}

/// Calls whose answers are some megabytes.
fn large_calls() -> Vec<String> {
    vec![
        format!("MGET {}", "string ".repeat(30)),
        format!("HMGET hash {}", "7 ".repeat(30)),
        "SORT numbers BY nosort GET value:*".to_owned(),
        "LRANGE list 0 -1".to_owned(),
        "XRANGE stream - +".to_owned(),
        "HGETALL hash".to_owned(),
    ]
}

#[test]
fn an_answer_that_would_be_too_large_is_refused() {
    let bounded = session(QueryOptions::new().memory_bytes_max(1 << 20));
    let free = session(QueryOptions::new());
    for text in &large_calls() {
        let refused = call(&bounded, text).error_text().unwrap_or_default();
        assert!(refused.starts_with("OOM memory of the answer"), "{text}: {refused}");
        assert!(call(&free, text).bytes() > 29 * VALUE_BYTES, "{text}");
    }
    assert!(call(&bounded, "MGET string string string").bytes() > 3 * VALUE_BYTES);
    assert!(call(&bounded, "LRANGE list 0 4").bytes() > 5 * VALUE_BYTES);
    assert!(matches!(call(&bounded, "SMEMBERS set"), Reply::Set(members) if members.len() == 30));
}

#[test]
fn answers_are_made_while_others_leave_room_for_them() {
    let pool = MemoryPool::new(1 << 20);
    let session = session(QueryOptions::new().memory_pool(pool.clone()));
    for text in &large_calls() {
        let refused = call(&session, text).error_text().unwrap_or_default();
        assert!(refused.starts_with("BUSY"), "{text}: {refused}");
        assert_eq!(pool.held_bytes(), 0, "{text}");
    }
    // What one transaction answers is kept together; what is refused is not.
    assert_eq!(call(&session, "MULTI"), Reply::ok());
    for _ in 0..30 {
        call(&session, "GET string");
    }
    call(&session, &large_calls()[0]);
    call(&session, "STRLEN string");
    let Reply::Array(answers) = call(&session, "EXEC") else { panic!("no answers") };
    let answered = answers.iter().filter(|answer| matches!(answer, Reply::Bulk(_))).count();
    assert_eq!(answered, 10, "a mebibyte has room for ten");
    let is_busy = |answer: &Reply| answer.error_text().is_some_and(|text| text.starts_with("BUSY"));
    assert!(answers[answered..31].iter().all(is_busy));
    assert_eq!(answers[31], Reply::Int(i64::try_from(VALUE_BYTES).unwrap()), "small answers go on");
    assert_eq!(pool.held_bytes(), 0);
}

#[test]
fn a_refused_command_takes_nothing_out() {
    let session = session(QueryOptions::new().memory_bytes_max(1 << 20));
    assert_eq!(call(&session, "MULTI"), Reply::ok());
    call(&session, "LPOP list 30");
    call(&session, "LLEN list");
    let Reply::Array(answers) = call(&session, "EXEC") else { panic!("no answers") };
    assert!(answers[0].error_text().unwrap_or_default().starts_with("OOM"), "{:?}", answers[0].error_text());
    assert_eq!(answers[1], Reply::Int(30));
}

#[cfg(feature = "lua")]
#[test]
fn a_script_may_read_more_than_one_answer_may_have() {
    let session = session(QueryOptions::new().memory_pool(MemoryPool::new(1 << 20)));
    let script = "local n = 0 for i = 1, 100 do n = n + #redis.call('GET', 'string') end return n";
    let read = session.execute(&[b"EVAL", script.as_bytes(), b"0"]);
    assert_eq!(read, Reply::Int(i64::try_from(100 * VALUE_BYTES).unwrap()));
}
