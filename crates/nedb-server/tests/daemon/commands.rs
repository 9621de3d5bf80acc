//! COMMAND tells of every command that a connection has, whoever carries it out.

use std::collections::BTreeSet;

use nedb_compat::redis::Reply;

use super::daemon::Daemon;

fn names(reply: Reply) -> Vec<String> {
    let Reply::Array(names) = reply else { panic!("{reply:?} is no list") };
    let name = |reply: Reply| match reply {
        Reply::Bulk(bytes) => String::from_utf8(bytes).unwrap(),
        other => panic!("{other:?} is no name"),
    };
    names.into_iter().map(name).collect()
}

#[test]
fn commands_of_the_connection_are_listed_beside_those_of_the_database() {
    let daemon = Daemon::start(&[]);
    let mut resp = daemon.resp();
    let listed = names(resp.run("COMMAND LIST"));
    let all: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    assert_eq!(all.len(), listed.len(), "no name twice");
    assert_eq!(resp.run("COMMAND COUNT"), Reply::Int(i64::try_from(listed.len()).unwrap()));
    for name in ["hello", "auth", "client", "subscribe", "pubsub", "select", "quit", "get", "time", "eval"] {
        assert!(all.contains(name), "{name}");
    }
    for name in &listed {
        // None is unknown, and none is refused by its name.
        let error = daemon.resp().run(name).error_text().unwrap_or_default();
        assert!(!error.contains("unknown command") && !error.contains("is refused"), "{name}: {error}");
    }
    assert_eq!(names(resp.run("COMMAND LIST FILTERBY PATTERN *subscribe")).len(), 6);
}

#[test]
fn what_is_told_of_them_is_what_redis_tells() {
    let daemon = Daemon::start(&[]);
    let mut resp = daemon.resp();
    let Reply::Array(rows) = resp.run("COMMAND INFO SUBSCRIBE Hello none") else { panic!("a list") };
    let head = |row: &Reply| match row {
        Reply::Array(fields) => fields[..6].to_vec(),
        other => vec![other.clone()],
    };
    let words =
        |words: &[&str]| Reply::Array(words.iter().map(|word| Reply::Simple((*word).to_owned().into())).collect());
    let row = |name: &str, arity: i64, flags: &[&str]| {
        vec![Reply::bulk(name), Reply::Int(arity), words(flags), Reply::Int(0), Reply::Int(0), Reply::Int(0)]
    };
    assert_eq!(head(&rows[0]), row("subscribe", -2, &["pubsub", "noscript"]));
    assert_eq!(head(&rows[1]), row("hello", -1, &["fast", "noscript"]));
    assert_eq!(rows[2], Reply::NilArray);
    let docs = format!("{:?}", resp.run("COMMAND DOCS hello subscribe"));
    for word in ["summary", "since", "6.0.0", "connection", "pubsub"] {
        let word = format!("{:?}", Reply::bulk(word));
        assert!(docs.contains(&word), "{word} is not in {docs}");
    }
    let error = resp.run("COMMAND GETKEYS HELLO 3").error_text();
    assert_eq!(error.as_deref(), Some("ERR The command has no key arguments"));
    resp.run("MULTI");
    assert!(resp.run("SELECT 1").error_text().is_some_and(|text| text.contains("before MULTI")));
    assert_eq!(resp.run("EXEC"), Reply::Array(Vec::new()), "the transaction is still there");
    assert_eq!(resp.run("COMMAND GETKEYS GET a"), Reply::Array(vec![Reply::bulk("a")]));
    assert_eq!(resp.run("AUTH a b c").error_text().as_deref(), Some("ERR syntax error"));
    assert_eq!(
        resp.run("RESET now").error_text().as_deref(),
        Some("ERR wrong number of arguments for 'reset' command")
    );
}
