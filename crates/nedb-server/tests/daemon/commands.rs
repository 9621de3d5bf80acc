//! COMMAND tells of every command that a connection has, whoever carries it out.

use std::collections::BTreeSet;

use nedb_compat::redis::Reply;

use super::daemon::Daemon;
use super::temp_dir::TempDir;

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

#[test]
fn every_command_with_subcommands_tells_how_they_are_called() {
    let daemon = Daemon::start(&[]);
    let mut resp = daemon.resp();
    for name in ["CLIENT", "CONFIG", "COMMAND", "OBJECT", "PUBSUB", "SCRIPT", "SLOWLOG", "XGROUP", "XINFO"] {
        let Reply::Array(lines) = resp.run(&format!("{name} HELP")) else { panic!("{name} HELP gives no list") };
        let head = format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
        assert_eq!(lines.first(), Some(&Reply::Simple(head.into())));
        let line = |text: &'static str| Reply::Simple(text.into());
        assert!(lines.contains(&line("HELP")), "{lines:?}");
        // No subcommand that is told is unknown.
        let called = |line: &Reply| match line {
            Reply::Simple(text) if !text.starts_with(' ') => text.split(' ').next().map(str::to_owned),
            _ => None,
        };
        for subcommand in lines.iter().skip(1).filter_map(called) {
            let error = resp.run(&format!("{name} {subcommand}")).error_text().unwrap_or_default();
            assert!(!error.contains("unknown subcommand '"), "{name} {subcommand}: {error}");
        }
    }
    let Reply::Array(lines) = resp.run("CLIENT HELP") else { panic!("a list") };
    assert!(lines.contains(&Reply::Simple("REPLY ON|OFF|SKIP".into())), "{lines:?}");
}

#[test]
fn what_the_server_tells_of_itself_is_counted_and_true() {
    let daemon = Daemon::start(&["--connections-max", "50"]);
    let mut resp = daemon.resp();
    let info = |reply: Reply| match reply {
        Reply::Bulk(bytes) => String::from_utf8(bytes).unwrap(),
        other => panic!("{other:?} is no page"),
    };
    let figure = |page: &str, name: &str| -> u64 {
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("{name} is not in {page}")).parse().unwrap()
    };
    let before = info(resp.run("INFO stats"));
    assert!(before.starts_with("# Stats\r\n") && !before.contains("# Server"), "{before}");
    let mut other = daemon.resp();
    for line in ["SET k v", "GET k", "CLIENT ID"] {
        other.run(line);
    }
    let after = info(resp.run("INFO STATS"));
    let more = |name: &str| figure(&after, name) - figure(&before, name);
    assert_eq!((more("total_connections_received"), more("total_commands_processed")), (1, 4));
    assert_eq!(figure(&after, "rejected_connections"), 0);
    assert_eq!(resp.run("CONFIG RESETSTAT"), Reply::ok());
    let anew = info(resp.run("INFO STATS"));
    assert_eq!((figure(&anew, "total_connections_received"), figure(&anew, "total_commands_processed")), (0, 1));
    let server = info(resp.run("INFO server"));
    let port = daemon.resp_address().port();
    assert_eq!(figure(&server, "tcp_port"), u64::from(port));
    assert!(figure(&server, "uptime_in_seconds") < 3_600, "{server}");
    let pair = |name: &str, value: &str| (Reply::bulk(name), Reply::bulk(value));
    for (name, value) in
        [("port", port.to_string().as_str()), ("bind", "127.0.0.1"), ("maxclients", "50"), ("save", "")]
    {
        let answer = resp.run(&format!("CONFIG GET {name}"));
        let (key, value) = pair(name, value);
        assert_eq!(answer, Reply::Array(vec![key, value]), "{name}");
    }
    assert_eq!(resp.run("CONFIG GET dir"), Reply::Array(Vec::new()), "no path of the server goes out");
}

#[test]
fn the_keys_of_each_database_that_the_caller_may_know_are_in_info() {
    let dir = TempDir::new("daemon");
    let hash = nedb_crypto::sha256(&[b"token of shop"]);
    let tokens = dir.join("tokens.toml");
    std::fs::write(
        &tokens,
        format!("[[token]]\nname = \"shop\"\nsha256 = \"{hash}\"\ndatabases = {{ shop = \"verify\" }}\n"),
    )
    .unwrap();
    let daemon = Daemon::start(&["--token", "the root of all", "--tokens", tokens.to_str().unwrap()]);
    let (mut http, mut resp, mut other) = (daemon.http().with_token("the root of all"), daemon.resp(), daemon.resp());
    assert_eq!(resp.run("AUTH root \"the root of all\""), Reply::ok());
    assert_eq!(resp.run("INFO keyspace"), Reply::bulk("# Keyspace\r\n"));
    for line in
        ["SET a 1", "SET b 2 EX 1000", "RPUSH l 1 2 3", "HSET user:1 name ada", "SADD s x", "EXPIRE s 1000", "DEL a"]
    {
        resp.run(line);
    }
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop","init":{"seed":{"c":[{"_id":"1"}]}}}"#).status, 201);
    let lines = "# Keyspace\r\ndb0:keys=4,expires=2,avg_ttl=0\r\nshop:keys=1,expires=0,avg_ttl=0\r\n";
    assert_eq!(resp.run("INFO Keyspace"), Reply::bulk(lines));
    let Reply::Bulk(page) = resp.run("INFO") else { panic!("no page") };
    assert!(String::from_utf8(page).unwrap().ends_with(lines));
    assert_eq!(other.run("AUTH shop \"token of shop\""), Reply::ok());
    assert_eq!(other.run("INFO keyspace"), Reply::bulk("# Keyspace\r\nshop:keys=1,expires=0,avg_ttl=0\r\n"));
}
