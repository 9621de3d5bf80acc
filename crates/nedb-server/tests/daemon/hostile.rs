//! Bytes that are no protocol, and clients that mean no good: the daemon goes on answering honest ones.

use std::time::{Duration, Instant};

use nedb_compat::redis::Reply;
use nedb_io::{Random, SeededRandom};

use super::client::{Http, Resp};
use super::daemon::{Daemon, Process};
use super::temp_dir::TempDir;

/// So many connections to each port send random bytes; `NEDB_CASES` asks for more.
const ROUNDS: u64 = 300;

/// What a daemon may occupy beside what it did after a tenth of the rounds.
#[cfg(target_os = "linux")]
const GROWTH_BYTES_MAX: u64 = 16 << 20;

#[test]
fn random_bytes_to_both_ports_do_no_harm() {
    let rounds = std::env::var("NEDB_CASES").map_or(ROUNDS, |cases| cases.parse().unwrap());
    let dir = TempDir::new("daemon");
    let daemon = Process::start(dir.path(), &[]);
    let starts: [&[u8]; 8] = [
        b"",
        b"*3\r\n$3\r\nSET\r\n",
        b"*1\r\n$4\r\n",
        b"HELLO 3 ",
        b"GET / HTTP/1.1\r\n",
        b"POST /v1/databases/db0/put HTTP/1.1\r\ncontent-length: 40\r\n\r\n{",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\"a",
    ];
    #[cfg(target_os = "linux")]
    let mut settled = u64::MAX;
    for round in 0..rounds {
        #[cfg(target_os = "linux")]
        if round == rounds / 10 {
            settled = daemon.resident_bytes();
        }
        let random = SeededRandom::new(round);
        let mut bytes = vec![0; usize::try_from(round % 200).unwrap()];
        random.fill(&mut bytes);
        let start = starts[usize::try_from(round).unwrap() % starts.len()];
        for address in [daemon.http, daemon.resp] {
            let mut client = Resp::connect(address);
            // It may be closed in the middle of it.
            let _sent = client.write(start).and_then(|()| client.write(&bytes));
        }
    }
    assert_eq!(Http::connect(daemon.http).get("/health").status, 200);
    assert_eq!(Resp::connect(daemon.resp).run("PING"), Reply::Simple("PONG".into()));
    #[cfg(target_os = "linux")]
    {
        let grown = daemon.resident_bytes().saturating_sub(settled);
        println!("{rounds} connections to each port, {grown} bytes more than after a tenth of them");
        assert!(grown < GROWTH_BYTES_MAX, "{grown}");
    }
    #[cfg(unix)]
    assert!(daemon.end());
}

#[test]
fn declared_lengths_and_slow_clients_take_no_place_from_honest_ones() {
    let daemon = Daemon::start(&["--connections-max", "40"]);
    let mut silent: Vec<Resp> = (0..20).map(|_| daemon.resp()).collect();
    for client in &mut silent {
        client.write(b"*100000\r\n$16777216\r\nx").unwrap();
    }
    let mut slow: Vec<Http> = (0..10).map(|_| daemon.http()).collect();
    for client in &mut slow {
        client.begin("POST", "/v1/databases/db0/put", "content-length: 60000000\r\n", "").unwrap();
    }
    assert_eq!(daemon.resp().run("SET a 1"), Reply::ok());
    assert_eq!(daemon.http().get("/health").status, 200);
    drop(silent);
    drop(slow);
}

#[test]
fn a_connection_without_a_place_is_told_so() {
    let daemon = Daemon::start(&["--connections-max", "2"]);
    let mut first = daemon.resp();
    let mut second = daemon.resp();
    assert_eq!((first.run("PING"), second.run("PING")), (Reply::Simple("PONG".into()), Reply::Simple("PONG".into())));
    let mut third = daemon.resp();
    assert_eq!(third.receive().unwrap().error_text().unwrap(), "ERR max number of clients reached");
}

/// What a small machine has for the daemon.
const RESIDENT_BYTES_MAX: u64 = 256 << 20;

#[cfg(target_os = "linux")]
#[test]
fn bodies_that_never_end_fill_their_memory_and_no_more_while_others_are_served() {
    let dir = TempDir::new("daemon");
    let daemon = Process::start(dir.path(), &["--memory-mb", "32", "--query-memory-mb", "64"]);
    let piece = vec![b' '; 1 << 20];
    let mut uploads: Vec<Http> = (0..40).map(|_| Http::connect(daemon.http)).collect();
    let mut calls: Vec<Resp> = (0..40).map(|_| Resp::connect(daemon.resp)).collect();
    for upload in &mut uploads {
        upload.begin("POST", "/v1/databases/db0/put", "content-length: 60000000\r\n", "").unwrap();
    }
    for call in &mut calls {
        call.write(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$16000000\r\n").unwrap();
    }
    for _ in 0..6 {
        // Those that were refused are closed.
        for upload in &mut uploads {
            drop(upload.write(&piece));
        }
        for call in &mut calls {
            drop(call.write(&piece));
        }
    }
    let mut honest = Resp::connect(daemon.resp);
    let mut http = Http::connect(daemon.http);
    for number in 0..50 {
        assert_eq!(honest.run(&format!("SET k{number} v")), Reply::ok());
        assert_eq!(http.post("/v1/databases/db0/put", r#"{"coll":"c","id":"1","doc":{}}"#).status, 200);
    }
    let page = http.get("/metrics").body;
    let refused = page.lines().find_map(|line| line.strip_prefix("nedbd_refused_total{limit=\"memory\"} "));
    assert!(refused.unwrap().parse::<u64>().unwrap() >= 10, "{refused:?}");
    let resident = daemon.resident_bytes();
    assert!(resident < RESIDENT_BYTES_MAX, "{resident}");
    daemon.kill();
}

#[test]
fn answers_count_in_the_memory_that_all_share() {
    let daemon = Daemon::start(&["--memory-mb", "4", "--durability", "none"]);
    let mut http = daemon.http();
    assert_eq!(http.post("/v1/databases", r#"{"name":"db0"}"#).status, 201);
    for piece in 0..4 {
        let ops = (0..1_000).map(|n| {
            let text = "y".repeat(2_000);
            format!(r#"{{"op":"put","coll":"rows","id":"{piece}-{n}","doc":{{"n":{n},"text":"{text}"}}}}"#)
        });
        let body = format!(r#"{{"ops":[{}]}}"#, ops.collect::<Vec<_>>().join(","));
        assert_eq!(http.post("/v1/databases/db0/tx", &body).status, 200);
    }
    for nql in ["FROM rows", "FROM rows ORDER BY text LIMIT 3000"] {
        let refused = http.post("/v1/databases/db0/query", &format!(r#"{{"nql":"{nql}"}}"#));
        assert_eq!((refused.status, refused.json()["code"].as_str()), (429, Some("busy")), "{nql}: {}", refused.body);
    }
    let sorted = http.post("/v1/databases/db0/mongo", r#"{"collection":"rows","op":"find","sort":{"text":1}}"#);
    assert_eq!(sorted.json()["code"], "busy", "{}", sorted.status);
    // What was refused holds nothing any more; and what is made as it is read holds little.
    let some = http.post("/v1/databases/db0/query", r#"{"nql":"FROM rows LIMIT 1000"}"#);
    assert_eq!(some.json()["count"], 1_000);
    let lines =
        http.send("POST", "/v1/databases/db0/query", "accept: application/x-ndjson\r\n", r#"{"nql":"FROM rows"}"#);
    assert_eq!(lines.body.lines().count(), 4_000);
}

#[test]
fn a_write_that_is_done_is_never_told_to_come_again() {
    let daemon = Daemon::start(&["--memory-mb", "1", "--durability", "none"]);
    let mut http = daemon.http();
    assert_eq!(http.post("/v1/databases", r#"{"name":"db0"}"#).status, 201);
    let call = format!(r#"{{"collection":"c","op":"insertMany","documents":[{}]}}"#, vec!["{}"; 60_000].join(","));
    let answer = http.post("/v1/databases/db0/mongo", &call);
    assert!(answer.body.len() > 1 << 20, "{} bytes have no room", answer.body.len());
    assert_eq!(answer.json()["insertedIds"].as_array().map(Vec::len), Some(60_000), "{}", answer.status);
    let stands = http.post("/v1/databases/db0/sql", r#"{"sql":"SELECT COUNT(*) AS n FROM c"}"#).json();
    assert_eq!(stands["rows"][0]["n"], 60_000, "{stands}");
}

#[test]
fn a_reply_that_nobody_leaves_memory_for_is_taken_at_once_or_not_at_all() {
    let daemon = Daemon::start(&["--memory-mb", "4", "--durability", "none"]);
    let mut resp = daemon.resp();
    assert_eq!(resp.run("SETRANGE big 4718591 x"), Reply::Int(4_718_592));
    for _ in 0..3 {
        assert!(matches!(resp.run("GET big"), Reply::Bulk(value) if value.len() == 4_718_592));
    }
    let mut away = daemon.resp();
    away.write("GET big\r\n".repeat(8).as_bytes()).unwrap();
    std::thread::sleep(Duration::from_secs(9));
    let taken = (0..8).take_while(|_| away.receive().is_ok()).count();
    assert!(taken < 8, "who does not take it in time is cut off");
    let page = daemon.http().get("/metrics").body;
    assert!(page.contains("nedbd_request_memory_bytes 0\n"), "{page}");
}

#[test]
fn heads_that_come_byte_by_byte_end_and_resting_connections_stay() {
    let daemon = Daemon::start(&["--keep-alive-s", "30"]);
    let mut resting = daemon.http();
    assert_eq!(resting.get("/health").status, 200);
    let mut slow = daemon.http();
    slow.write(b"GET /health HTTP/1.1\r\n").unwrap();
    // The daemon ends it: nothing is to be read any more, long before the rest of a connection is over.
    assert!(slow.line().is_err());
    assert_eq!(resting.get("/health").status, 200);
}

#[cfg(target_os = "linux")]
#[test]
fn replies_of_a_pipeline_are_made_as_they_are_read() {
    let dir = TempDir::new("daemon");
    let daemon = Process::start(dir.path(), &[]);
    let mut client = Resp::connect(daemon.resp);
    let value = Reply::bulk("x".repeat(4 << 20));
    let Reply::Bulk(bytes) = &value else { panic!("a byte string") };
    client.send(&[b"SET".to_vec(), b"big".to_vec(), bytes.clone()]).unwrap();
    assert_eq!(client.receive().unwrap(), Reply::ok());
    // Four times what the daemon may occupy.
    client.write("GET big\r\n".repeat(256).as_bytes()).unwrap();
    for number in 0..256 {
        assert_eq!(client.receive().unwrap(), value);
        let resident = daemon.resident_bytes();
        assert!(resident < RESIDENT_BYTES_MAX, "{resident} after {number} replies");
    }
    // Who goes before he has read them all takes nobody else with him.
    client.write("GET big\r\n".repeat(256).as_bytes()).unwrap();
    drop(client);
    assert_eq!(Resp::connect(daemon.resp).run("PING"), Reply::Simple("PONG".into()));
    daemon.kill();
}

/// A send waits a minute for a client that takes nothing; the end of the daemon waits ten seconds.
#[test]
fn a_client_that_takes_no_replies_does_not_hold_up_the_end() {
    let dir = TempDir::new("daemon");
    let daemon = Process::start(dir.path(), &[]);
    let mut client = Resp::connect(daemon.resp);
    client.send(&[b"SET".to_vec(), b"big".to_vec(), vec![b'x'; 4 << 20]]).unwrap();
    assert_eq!(client.receive().unwrap(), Reply::ok());
    client.write("GET big\r\n".repeat(64).as_bytes()).unwrap();
    // The first of the replies are on their way, so the daemon is in the middle of them.
    assert!(client.receive().is_ok());
    let begun = Instant::now();
    assert!(daemon.end(), "it ends with 0");
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(40), "{waited:?}");
    drop(client);
}

#[test]
fn who_is_still_sending_hears_why_the_body_is_refused() {
    let daemon = Daemon::start(&["--body-mb-max", "1", "--token", "the-right-one"]);
    // More than the buffers of the system take.
    let body = format!(r#"{{"coll":"c","id":"1","doc":{{"t":"{}"}}}}"#, "x".repeat(6 << 20));
    for _ in 0..5 {
        let mut known = daemon.http().with_token("the-right-one");
        assert_eq!(known.post("/v1/databases/db0/put", &body).status, 413);
        let mut unknown = daemon.http();
        assert_eq!(unknown.post("/v1/databases/db0/put", &body).status, 401);
    }
}
