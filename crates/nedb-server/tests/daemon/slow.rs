//! What took long is kept with who asked and how it was answered: questions without the values of their parameters, commands with their words.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nedb_compat::redis::Reply;
use nedb_io::{Clock, Io};
use serde_json::Value;

use super::client::{Http, Resp};
use super::daemon::Daemon;
use super::trouble::Trouble;

/// So many rows take longer than a millisecond on any machine.
const MANY: u64 = 20_000;

/// A daemon that keeps what takes a millisecond, with a database `shop` that has many documents.
fn with_many_rows() -> Daemon {
    let daemon = Daemon::start(&["--slow-ms", "1", "--durability", "none"]);
    let mut http = daemon.http();
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    let ops: Vec<String> =
        (0..MANY).map(|id| format!(r#"{{"op":"put","coll":"c","id":"{id}","doc":{{"n":{id}}}}}"#)).collect();
    assert_eq!(http.post("/v1/databases/shop/tx", &format!(r#"{{"ops":[{}]}}"#, ops.join(","))).status, 200);
    daemon
}

/// The newest that is kept of a kind. On a busy machine others take a millisecond as well.
fn newest(http: &mut Http, kind: &str) -> Value {
    let kept = http.get("/v1/databases/shop/slow");
    let rows = kept.json()["rows"].as_array().unwrap().clone();
    rows.into_iter().find(|row| row["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {}", kept.body))
}

fn steps(row: &Value) -> Vec<&str> {
    row["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect()
}

/// What SLOWLOG tells of the newest command whose first word this is: its words, the address and the name of its client.
fn slowlog(resp: &mut Resp, name: &str) -> (Vec<String>, String, String) {
    let Reply::Array(entries) = resp.run("SLOWLOG GET -1") else { panic!("no list") };
    let text = |reply: &Reply| match reply {
        Reply::Bulk(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        other => panic!("{other:?} is no text"),
    };
    let told = |entry: &Reply| {
        let Reply::Array(fields) = entry else { panic!("no entry") };
        let [Reply::Int(_), Reply::Int(_), Reply::Int(us), Reply::Array(words), address, client] = &fields[..] else {
            panic!("{fields:?}")
        };
        assert!(*us >= 1_000, "{fields:?}");
        (words.iter().map(text).collect::<Vec<_>>(), text(address), text(client))
    };
    let mut entries = entries.iter().map(told);
    entries.find(|(words, ..)| words[0] == name).unwrap_or_else(|| panic!("no {name} in SLOWLOG"))
}

#[test]
fn a_slow_question_is_kept_without_the_values_of_its_parameters() {
    let daemon = with_many_rows();
    let (mut http, mut resp) = (daemon.http(), daemon.resp());
    let question = r#"{"nql":"FROM c WHERE n > $least ORDER BY n DESC LIMIT 3","params":{"least":-4711}}"#;
    assert_eq!(http.post("/v1/databases/shop/query", question).json()["count"], 3);
    let row = newest(&mut http, "nql");
    assert_eq!(row["text"], "FROM c WHERE n > $least ORDER BY n DESC LIMIT 3");
    assert_eq!(
        (&row["by"], &row["params"][0], &row["rows"], &row["way"]),
        (&"anybody".into(), &"least".into(), &3.into(), &"scan".into())
    );
    assert_eq!(row["scanned"], MANY);
    assert_eq!(steps(&row), ["scan", "filter", "sort"]);
    assert_eq!(row["steps"][2]["rows"], 3, "{row}");
    assert!(row["steps"][2]["ms"].as_u64().is_some_and(|ms| ms <= row["ms"].as_u64().unwrap()), "{row}");
    let statement = r#"{"sql":"SELECT * FROM c WHERE n > ? ORDER BY n","params":[-4711]}"#;
    assert_eq!(http.post("/v1/databases/shop/sql", statement).json()["count"], MANY);
    assert_eq!(steps(&newest(&mut http, "sql")).len(), 3);
    let call = r#"{"collection":"c","op":"count","filter":{"n":{"$gt":-4711}}}"#;
    assert_eq!(http.post("/v1/databases/shop/mongo", call).json()["count"], MANY);
    assert_eq!(newest(&mut http, "mongo")["text"], "c.count");
    resp.run("SELECT shop");
    resp.run("NEDB.QUERY \"FROM c WHERE n > $least ORDER BY n\" least -4711");
    let (words, address, name) = slowlog(&mut resp, "FROM c WHERE n > $least ORDER BY n");
    assert_eq!((words.len(), name.as_str()), (1, ""));
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let row = newest(&mut http, "nql");
    assert_eq!((&row["rows"], &row["scanned"]), (&MANY.into(), &MANY.into()), "{row}");
    assert_eq!(steps(&row), ["scan", "filter", "sort"], "{row}");
    assert!(!http.get("/v1/databases/shop/slow").body.contains("4711"), "a value is kept");
}

#[test]
fn a_slow_join_is_kept_with_the_steps_of_its_inputs() {
    let daemon = with_many_rows();
    let mut http = daemon.http();
    let statement = r#"{"sql":"SELECT COUNT(*) AS n FROM c AS a JOIN c AS b ON a.n = b.n WHERE a.n >= 0"}"#;
    assert_eq!(http.post("/v1/databases/shop/sql", statement).json()["rows"][0]["n"], MANY);
    let row = newest(&mut http, "sql");
    assert_eq!(steps(&row), ["scan", "filter", "scan", "join", "group"], "{row}");
    assert_eq!((&row["scanned"], &row["steps"][4]["rows"]), (&(2 * MANY).into(), &1.into()), "{row}");
}

#[test]
fn slow_commands_and_scripts_are_kept_with_their_words_as_far_as_redis_keeps_them() {
    let daemon = with_many_rows();
    let (mut http, mut resp) = (daemon.http(), daemon.resp());
    assert_eq!(resp.run("SELECT shop"), Reply::ok());
    assert_eq!(resp.run("CLIENT SETNAME ada"), Reply::ok());
    let Reply::Array(keys) = resp.run("KEYS *") else { panic!("no list") };
    assert_eq!(keys.len() as u64, MANY);
    let (words, address, name) = slowlog(&mut resp, "KEYS");
    assert_eq!((words, name.as_str()), (vec!["KEYS".to_owned(), "*".to_owned()], "ada"));
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let script = format!("--{}\nlocal n = 0 for i = 1, 1000000 do n = n + i end return n", "x".repeat(126));
    let words = ["EVAL", &script, "0"].map(|word| word.as_bytes().to_vec());
    resp.send(&words).unwrap();
    assert_eq!(resp.receive().unwrap(), Reply::Int(500_000_500_000));
    let row = newest(&mut http, "redis");
    let kept = format!("--{}... ({} more bytes)", "x".repeat(126), script.len() - 128);
    assert_eq!(row["args"], serde_json::json!(["EVAL", kept, "0"]), "{row}");
    assert_eq!((&row["by"], &row["name"], &row["together"]), (&"anybody".into(), &"ada".into(), &1.into()), "{row}");
    let many: Vec<String> = (0..MANY).map(|n| format!("m{n}")).collect();
    resp.run(&format!("SADD s {}", many.join(" ")));
    let Reply::Array(members) = resp.run("SMEMBERS s") else { panic!("no list") };
    assert_eq!(members.len() as u64, MANY);
    assert_eq!(slowlog(&mut resp, "SADD").0[31], format!("... ({} more arguments)", MANY + 2 - 31));
    assert_eq!(slowlog(&mut resp, "SMEMBERS").0, ["SMEMBERS", "s"]);
    let kept = http.get("/v1/databases/shop/slow");
    assert!(kept.body.contains(r#""text":"POST /v1/databases/{db}/tx""#), "{}", kept.body);
}

#[test]
fn slowlog_lists_ten_or_as_many_as_are_wanted_and_forgets_them() {
    let daemon = with_many_rows();
    let (mut http, mut resp) = (daemon.http(), daemon.resp());
    assert_eq!(resp.run("SELECT shop"), Reply::ok());
    for _ in 0..12 {
        resp.run("KEYS *");
    }
    let count = |resp: &mut Resp, line: &str| match resp.run(line) {
        Reply::Array(entries) => entries.len(),
        Reply::Int(count) => usize::try_from(count).unwrap(),
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!((count(&mut resp, "SLOWLOG GET"), count(&mut resp, "SLOWLOG GET 3")), (10, 3));
    assert!(count(&mut resp, "SLOWLOG LEN") >= 12);
    assert!(count(&mut resp, "SLOWLOG GET -1") >= 12);
    assert!(resp.run("SLOWLOG GET -2").error_text().unwrap().contains("greater than or equal to -1"));
    assert_eq!(resp.run("SLOWLOG RESET"), Reply::ok());
    let Reply::Array(left) = resp.run("SLOWLOG GET -1") else { panic!("no list") };
    assert!(left.len() < 12, "{left:?}");
    resp.run("KEYS *");
    assert_eq!(http.send("DELETE", "/v1/databases/shop/slow", "", "").status, 200);
    assert!(count(&mut resp, "SLOWLOG LEN") < 12);
    let settings = ["slowlog-log-slower-than", "1000", "slowlog-max-len", "128"].map(Reply::bulk);
    assert_eq!(resp.run("CONFIG GET slowlog-*"), Reply::Array(settings.to_vec()));
}

/// A clock that goes on by two milliseconds whenever somebody looks, so that whatever is timed by it takes long.
#[derive(Debug, Default)]
struct Leaping(AtomicU64);

impl Clock for Leaping {
    fn wall_us(&self) -> i64 {
        1_800_000_000_000_000
    }

    fn monotonic_us(&self) -> u64 {
        self.0.fetch_add(2_000, Ordering::Relaxed)
    }
}

#[test]
fn tokens_are_never_kept_whatever_is_slow() {
    let io = Io { clock: Arc::new(Leaping::default()), ..Io::real() };
    let daemon = Daemon::start_in(io, &["--slow-ms", "1", "--token", "a secret token"]);
    let mut resp = daemon.resp();
    assert!(resp.run("AUTH \"a wrong token\"").error_text().is_some());
    assert_eq!(resp.run("AUTH root \"a secret token\""), Reply::ok());
    assert_eq!(resp.run("SET a 1"), Reply::ok());
    // Again now that the database, whose log it is, is open.
    assert_eq!(resp.run("AUTH root \"a secret token\""), Reply::ok());
    resp.run("HELLO 2 AUTH root \"a secret token\"");
    resp.run("AUHT root \"a secret token\"");
    assert_eq!(resp.run("SELECT db0"), Reply::ok());
    assert_eq!(resp.run("GET a"), Reply::bulk("1"));
    let kept: Vec<String> = ["GET", "SELECT"].map(|name| slowlog(&mut resp, name).0.join(" ")).into();
    assert_eq!(kept, ["GET a", "SELECT db0"]);
    assert!(!format!("{:?}", resp.run("SLOWLOG GET -1")).contains("token"));
    let kept = daemon.http().with_token("a secret token").get("/v1/databases/db0/slow");
    assert!(kept.body.contains("GET a") && !kept.body.contains("token"), "{}", kept.body);
}

#[test]
fn nothing_is_kept_when_that_is_off() {
    let daemon = Daemon::start(&["--slow-ms", "0"]);
    let mut resp = daemon.resp();
    resp.run("SET a 1");
    resp.run("EVAL \"FROM a\" 0");
    resp.run("EVAL \"local n = 0 for i = 1, 1000000 do n = n + i end return n\" 0");
    assert_eq!(resp.run("SLOWLOG LEN"), Reply::Int(0));
}

#[test]
fn of_puts_that_a_disk_held_up_together_one_is_kept() {
    let trouble = Trouble::on("/shop/");
    let daemon = Daemon::start_in(trouble.io(), &["--slow-ms", "1", "--durability", "sync"]);
    let mut http = daemon.http();
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    assert_eq!(http.send("DELETE", "/v1/databases/shop/slow", "", "").status, 200);
    let held = trouble.hold_syncs();
    std::thread::scope(|threads| {
        for id in 0..4 {
            let mut http = daemon.http();
            threads.spawn(move || {
                let body = format!(r#"{{"coll":"c","id":"{id}","doc":{{}}}}"#);
                assert_eq!(http.post("/v1/databases/shop/put", &body).status, 200);
            });
        }
        while !http.get("/metrics").body.contains("nedbd_requests_under_way 4\n") {}
        std::thread::sleep(std::time::Duration::from_millis(2));
        drop(held);
    });
    let kept = http.get("/v1/databases/shop/slow").json();
    let puts = kept["rows"].as_array().unwrap().iter().filter(|row| row["kind"] == "http");
    assert_eq!(puts.count(), 1, "{kept}");
}
