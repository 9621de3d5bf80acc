//! Commands that wait: what they wait for, and what they find when they are asked again.

use nedb_compat::redis::{Attempt, Reply, Session, Wait, changed_key};

use super::world::World;

/// Asks for what is not there.
fn waits(session: &Session, line: &str) -> Wait {
    match attempt(session, line) {
        Attempt::Waiting(wait) => wait,
        Attempt::Answered(reply) => panic!("{line} does not wait: {reply:?}"),
    }
}

fn attempt(session: &Session, line: &str) -> Attempt {
    let words = crate::words::words(line);
    session.attempt(&words.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn answer(attempt: Attempt) -> Reply {
    match attempt {
        Attempt::Answered(reply) => reply,
        Attempt::Waiting(wait) => panic!("it still waits for {:?}", wait.keys()),
    }
}

fn list(words: &[&str]) -> Reply {
    Reply::Array(words.iter().map(|word| Reply::bulk(*word)).collect())
}

#[test]
fn what_was_not_there_is_given_to_who_asks_again() {
    let mut world = World::new(1);
    let session = world.commands.session();
    let both = |key: &str| list(&[key, "first"]);
    let calls = [
        ("BLPOP a b 0", "RPUSH b first", both("b")),
        ("BRPOP a b 0", "RPUSH a first", both("a")),
        ("BLMOVE a b LEFT RIGHT 0", "RPUSH a first", Reply::bulk("first")),
        ("BRPOPLPUSH c b 0", "RPUSH c first", Reply::bulk("first")),
        ("BLMPOP 0 2 d a LEFT COUNT 2", "RPUSH a first", Reply::Array(vec![Reply::bulk("a"), list(&["first"])])),
        (
            "BZPOPMIN z 0",
            "ZADD z 1 first",
            Reply::Array(vec![Reply::bulk("z"), Reply::bulk("first"), Reply::Double(1.0)]),
        ),
        (
            "BZPOPMAX z 0",
            "ZADD z 1 first",
            Reply::Array(vec![Reply::bulk("z"), Reply::bulk("first"), Reply::Double(1.0)]),
        ),
    ];
    for (call, change, expected) in calls {
        let wait = waits(&session, call);
        assert!(matches!(session.attempt_again(&wait), Attempt::Waiting(_)), "{call}");
        world.run(change);
        assert_eq!(answer(session.attempt_again(&wait)), expected, "{call}");
        world.run("DEL a b c");
    }
}

#[test]
fn a_wait_names_its_keys_and_its_time() {
    let session = World::new(1).commands.session();
    let wait = waits(&session, "BZMPOP 1.5 2 a b MIN");
    assert_eq!(wait.keys(), [b"a".to_vec(), b"b".to_vec()]);
    assert_eq!(wait.timeout(), Some(std::time::Duration::from_millis(1_500)));
    assert_eq!(waits(&session, "BLMOVE a b LEFT LEFT 0").keys(), [b"a".to_vec()]);
    assert_eq!((waits(&session, "BLPOP a 0").timeout(), wait.timed_out()), (None, Reply::NilArray));
}

#[test]
fn a_value_of_another_type_is_an_error_at_first_and_passed_over_later() {
    let mut world = World::new(1);
    let session = world.commands.session();
    let wait = waits(&session, "BLPOP a b 0");
    world.run("SET a text");
    assert!(matches!(session.attempt_again(&wait), Attempt::Waiting(_)));
    assert!(answer(attempt(&session, "BLPOP a b 0")).error_text().is_some_and(|text| text.starts_with("WRONGTYPE")));
    world.run("RPUSH b first");
    assert_eq!(answer(session.attempt_again(&wait)), list(&["b", "first"]));
}

#[test]
fn an_element_that_has_nowhere_to_go_stays() {
    let mut world = World::new(1);
    let session = world.commands.session();
    let wait = waits(&session, "BLMOVE a b LEFT LEFT 0");
    world.run("SET b text");
    world.run("RPUSH a first");
    assert!(answer(session.attempt_again(&wait)).error_text().is_some_and(|text| text.starts_with("WRONGTYPE")));
    assert_eq!(world.run("LRANGE a 0 -1"), list(&["first"]));
}

#[test]
fn nobody_waits_in_a_transaction_nor_for_what_never_waits() {
    let session = World::new(1).commands.session();
    assert_eq!(answer(attempt(&session, "MULTI")), Reply::ok());
    assert_eq!(answer(attempt(&session, "BLPOP a 0")), Reply::Simple("QUEUED".into()));
    assert_eq!(answer(attempt(&session, "EXEC")), Reply::Array(vec![Reply::NilArray]));
    assert_eq!(answer(attempt(&session, "LPOP a")), Reply::Nil);
}

#[test]
fn a_reader_of_streams_waits_for_what_comes_after_the_first_attempt() {
    let mut world = World::new(1);
    let session = world.commands.session();
    world.run("XADD s 1-1 f old");
    let wait = waits(&session, "XREAD BLOCK 0 STREAMS s t $ $");
    assert_eq!(wait.keys(), [b"s".to_vec(), b"t".to_vec()]);
    world.run("XADD s 2-1 f new");
    let entries = |id: &str, value: &str| Reply::Array(vec![Reply::Array(vec![Reply::bulk(id), list(&["f", value])])]);
    let expected = Reply::PairMap(vec![(Reply::bulk("s"), entries("2-1", "new"))]);
    assert_eq!(answer(session.attempt_again(&wait)), expected);

    world.run("XGROUP CREATE s g $");
    let wait = waits(&session, "XREADGROUP GROUP g ann BLOCK 5 STREAMS s >");
    assert_eq!(wait.timeout(), Some(std::time::Duration::from_millis(5)));
    world.run("XADD s 3-1 f newer");
    let expected = Reply::PairMap(vec![(Reply::bulk("s"), entries("3-1", "newer"))]);
    assert_eq!(answer(session.attempt_again(&wait)), expected);
    assert!(matches!(session.attempt_again(&wait), Attempt::Waiting(_)));
    world.run("DEL s");
    let refused = answer(session.attempt_again(&wait)).error_text();
    assert!(refused.is_some_and(|text| text.starts_with("NOGROUP")));
}

#[test]
fn the_change_feed_tells_of_each_key_that_got_something() {
    let mut world = World::new(1);
    let changes = [
        ("RPUSH l 1 2", "l"),
        ("LMOVE l user:1 LEFT LEFT", "user:1"),
        ("RENAME user:1 m", "m"),
        ("COPY m n", "n"),
        ("SORT l STORE o", "o"),
        ("ZADD z 1 a", "z"),
        ("ZRANGESTORE y z 0 -1", "y"),
        ("HSET user:2 f v", "user:2"),
        ("SET s x", "s"),
        ("XADD x 1-1 f v", "x"),
    ];
    for (line, key) in changes {
        let head = world.db.head().seq();
        world.run(line);
        let entries = world.db.since(head).map(|entry| entry.expect("the log is whole"));
        let changed: Vec<Vec<u8>> =
            entries.filter_map(|entry| changed_key(entry.collection.as_str(), entry.id.as_bytes())).collect();
        assert!(changed.contains(&key.as_bytes().to_vec()), "{line}: {changed:?}");
    }
}

#[test]
fn a_plus_reads_the_newest_entry_and_waits_for_the_first_of_an_empty_stream() {
    let mut world = World::new(1);
    let session = world.commands.session();
    let entry = |id: &str, value: &str| {
        let entry = Reply::Array(vec![Reply::bulk(id), list(&["v", value])]);
        Reply::PairMap(vec![(Reply::bulk("s"), Reply::Array(vec![entry]))])
    };
    let wait = waits(&session, "XREAD BLOCK 0 STREAMS s +");
    world.run("XADD s 1-1 v one");
    assert_eq!(answer(session.attempt_again(&wait)), entry("1-1", "one"));
    world.run("XADD s 2-1 v two");
    world.run("XADD s 3-1 v three");
    assert_eq!(answer(attempt(&session, "XREAD STREAMS s +")), entry("3-1", "three"));
    world.run("XDEL s 3-1");
    assert_eq!(answer(attempt(&session, "XREAD COUNT 5 STREAMS s +")), entry("2-1", "two"));
    world.run("XTRIM s MAXLEN 0");
    let wait = waits(&session, "XREAD BLOCK 0 STREAMS s +");
    world.run("XADD s 4-1 v four");
    assert_eq!(answer(session.attempt_again(&wait)), entry("4-1", "four"));
}
