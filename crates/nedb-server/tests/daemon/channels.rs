//! Channels: who listens gets what is said, in its order; who says it waits for nobody.

use nedb_compat::redis::Reply;

use super::daemon::Daemon;

fn bulks(words: &[&str]) -> Reply {
    Reply::Array(words.iter().map(|word| Reply::bulk(*word)).collect())
}

fn told(word: &str, channel: &str, count: i64) -> Reply {
    Reply::Array(vec![Reply::bulk(word), Reply::bulk(channel), Reply::Int(count)])
}

fn text(reply: &Reply) -> String {
    reply.error_text().unwrap_or_else(|| panic!("{reply:?} is no error"))
}

#[test]
fn a_message_reaches_those_who_listen_by_name_and_by_pattern() {
    let daemon = Daemon::start(&[]);
    let (mut listener, mut speaker) = (daemon.resp(), daemon.resp());
    listener.send(&super::words::words("SUBSCRIBE news sport")).unwrap();
    assert_eq!(listener.receive().unwrap(), told("subscribe", "news", 1));
    assert_eq!(listener.receive().unwrap(), told("subscribe", "sport", 2));
    assert_eq!(listener.run("PSUBSCRIBE n*"), told("psubscribe", "n*", 3));
    assert_eq!(listener.run("SSUBSCRIBE news"), told("ssubscribe", "news", 1));
    assert_eq!(speaker.run("PUBLISH news hello"), Reply::Int(2));
    assert_eq!(speaker.run("SPUBLISH news shard"), Reply::Int(1));
    assert_eq!(speaker.run("PUBLISH other hello"), Reply::Int(0));
    assert_eq!(listener.receive().unwrap(), bulks(&["message", "news", "hello"]));
    assert_eq!(listener.receive().unwrap(), bulks(&["pmessage", "n*", "news", "hello"]));
    assert_eq!(listener.receive().unwrap(), bulks(&["smessage", "news", "shard"]));
    assert_eq!(speaker.run("PUBSUB CHANNELS"), bulks(&["news", "sport"]));
    assert_eq!(speaker.run("PUBSUB CHANNELS s*"), bulks(&["sport"]));
    assert_eq!(
        speaker.run("PUBSUB NUMSUB news none"),
        Reply::Array(vec![Reply::bulk("news"), Reply::Int(1), Reply::bulk("none"), Reply::Int(0)])
    );
    assert_eq!(speaker.run("PUBSUB NUMPAT"), Reply::Int(1));
    assert_eq!(speaker.run("PUBSUB SHARDCHANNELS"), bulks(&["news"]));
    drop(listener);
    // The end of a connection shows when it is looked at.
    while speaker.run("PUBSUB CHANNELS") != Reply::Array(Vec::new()) {}
}

#[test]
fn a_connection_of_version_2_does_little_else_while_it_listens() {
    let daemon = Daemon::start(&[]);
    let mut resp = daemon.resp();
    assert_eq!(resp.run("UNSUBSCRIBE"), Reply::Array(vec![Reply::bulk("unsubscribe"), Reply::Nil, Reply::Int(0)]));
    assert_eq!(resp.run("SUBSCRIBE a"), told("subscribe", "a", 1));
    assert!(text(&resp.run("GET k")).starts_with("ERR Can't execute 'get': only (P|S)SUBSCRIBE"));
    assert_eq!(resp.run("PING"), bulks(&["pong", ""]));
    assert_eq!(resp.run("PING x"), bulks(&["pong", "x"]));
    assert_eq!(resp.run("UNSUBSCRIBE a"), told("unsubscribe", "a", 0));
    assert_eq!(resp.run("PING"), Reply::Simple("PONG".into()));
    assert_eq!(resp.run("SUBSCRIBE a"), told("subscribe", "a", 1));
    assert_eq!(resp.run("RESET"), Reply::Simple("RESET".into()));
    assert_eq!(resp.run("GET k"), Reply::Nil);
}

#[test]
fn a_connection_of_version_3_gets_messages_between_its_replies() {
    let daemon = Daemon::start(&[]);
    let mut resp = daemon.resp();
    resp.run("HELLO 3");
    assert_eq!(resp.run("SUBSCRIBE a"), told("subscribe", "a", 1));
    assert_eq!(resp.run("PING"), Reply::Simple("PONG".into()));
    assert_eq!(resp.run("PUBLISH a self"), Reply::Int(1));
    assert_eq!(resp.receive().unwrap(), bulks(&["message", "a", "self"]));
    assert!(text(&resp.run("SELECT 1")).contains("unsubscribe before SELECT"));
}

#[test]
fn a_message_goes_out_with_its_commit_or_not_at_all() {
    let daemon = Daemon::start(&[]);
    let (mut listener, mut speaker) = (daemon.resp(), daemon.resp());
    assert_eq!(listener.run("SUBSCRIBE a"), told("subscribe", "a", 1));
    let fails = r#"EVAL "redis.call('publish', 'a', 'undone') error('no')" 0"#;
    assert!(text(&speaker.run(fails)).contains("user_script:1: no"));
    for line in ["MULTI", "PUBLISH a 1", "SET k v", "PUBLISH a 2"] {
        speaker.run(line);
    }
    assert_eq!(speaker.run("EXEC"), Reply::Array(vec![Reply::Int(1), Reply::ok(), Reply::Int(1)]));
    assert_eq!(speaker.run(r#"EVAL "return redis.call('publish', 'a', '3')" 0"#), Reply::Int(1));
    for said in ["1", "2", "3"] {
        assert_eq!(listener.receive().unwrap(), bulks(&["message", "a", said]));
    }
}

#[test]
fn channels_belong_to_a_database() {
    let daemon = Daemon::start(&[]);
    let (mut listener, mut other) = (daemon.resp(), daemon.resp());
    assert_eq!(other.run("SELECT 1"), Reply::ok());
    assert_eq!(listener.run("SUBSCRIBE a"), told("subscribe", "a", 1));
    assert_eq!(other.run("PUBLISH a hello"), Reply::Int(0));
}

#[test]
fn a_listener_that_never_reads_loses_its_connection_and_holds_up_nobody() {
    let daemon = Daemon::start(&[]);
    let (mut listener, mut speaker) = (daemon.resp(), daemon.resp());
    assert_eq!(listener.run("SUBSCRIBE a"), told("subscribe", "a", 1));
    let payload = "x".repeat(1 << 20);
    // What the sockets hold, and the mailbox of 32 MiB: then nobody listens any more, or the connection is ending.
    for _ in 0..80 {
        speaker.run(&format!("PUBLISH a {payload}"));
    }
    assert_eq!(speaker.run("PING"), Reply::Simple("PONG".into()));
    let mut received = 0;
    while listener.receive().is_ok() {
        received += 1;
    }
    assert!(received < 80, "{received}");
}
