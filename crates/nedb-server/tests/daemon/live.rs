//! Live queries over sockets: what is said, in which words, to whom, and how much of it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nedb_io::{Io, ManualClock};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket, client};

use super::client::{Http, socket};
use super::daemon::{Daemon, Process};
use super::temp_dir::TempDir;

/// A client that follows queries.
pub struct Live<S = TcpStream>(WebSocket<S>);

impl Live {
    fn connect(address: SocketAddr) -> Self {
        Self::ask(address, "").unwrap()
    }

    fn ask(address: SocketAddr, token: &str) -> Result<Self, u16> {
        Self::over(socket(address), token)
    }
}

impl<S: Read + Write> Live<S> {
    pub fn over(stream: S, token: &str) -> Result<Self, u16> {
        let mut request = "ws://localhost/v1/databases/shop/live".into_client_request().unwrap();
        if !token.is_empty() {
            let bearer = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
            request.headers_mut().insert("authorization", bearer);
        }
        match client(request, stream) {
            Ok((socket, _answer)) => Ok(Self(socket)),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
                Err(answer.status().as_u16())
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).unwrap();
    }

    /// The next message; a close frame as its code and reason.
    pub fn hear(&mut self) -> String {
        loop {
            match self.0.read().unwrap() {
                Message::Text(text) => return text.to_string(),
                Message::Ping(_) => {}
                Message::Close(frame) => {
                    let frame = frame.expect("a close frame says why");
                    return format!("{} {}", frame.code, frame.reason);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn hear_json(&mut self) -> Value {
        let text = self.hear();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

/// Does to a list what a message says, as the documentation tells it.
fn apply(rows: &mut Vec<Value>, message: &Value) {
    if let Some(all) = message.get("rows") {
        rows.clone_from(all.as_array().unwrap());
        return;
    }
    for at in message["removed"].as_array().unwrap().iter().rev() {
        rows.remove(usize::try_from(at.as_u64().unwrap()).unwrap());
    }
    for inserted in message["inserted"].as_array().unwrap() {
        rows.insert(usize::try_from(inserted[0].as_u64().unwrap()).unwrap(), inserted[1].clone());
    }
}

const PAGE: &str = include_str!("../../../../docs/nedbd.md");

/// Checks that the documentation shows a message.
fn shown(direction: &str, message: &str) {
    let line = format!("\n{direction} {message}\n");
    assert!(PAGE.contains(&line), "docs/nedbd.md does not show {message}");
}

fn shop(daemon: &Daemon) -> Http {
    let mut http = daemon.http();
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    http
}

fn put(http: &mut Http, coll: &str, id: &str, doc: &Value) {
    let answer = http.post("/v1/databases/shop/put", &json!({ "coll": coll, "id": id, "doc": doc }).to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn messages_are_those_of_the_documentation() {
    let daemon = Daemon::start(&[]);
    let mut http = shop(&daemon);
    put(&mut http, "orders", "17", &json!({ "state": "open", "total": 1990 }));
    let mut live = Live::connect(daemon.http_address());
    let asked = r#"{"id": 1, "nql": "FROM orders WHERE state = $s ORDER BY total DESC", "params": {"s": "open"}}"#;
    live.say(asked);
    shown("->", asked);
    shown("<-", &live.hear());
    live.say(r#"{"id": "count", "nql": "FROM orders COUNT"}"#);
    assert_eq!(live.hear(), r#"{"id":"count","seq":0,"rows":[{"count":1}]}"#);
    put(&mut http, "orders", "18", &json!({ "state": "open", "total": 2990 }));
    // Which of two queries is answered first is nobody's business.
    let (count, list): (Vec<String>, Vec<String>) =
        [live.hear(), live.hear()].into_iter().partition(|message| message.contains("count"));
    assert_eq!(count, [r#"{"id":"count","seq":1,"removed":[0],"inserted":[[0,{"count":2}]]}"#]);
    shown("<-", &list.concat());
    live.say(r#"{"id": "count", "stop": true}"#);
    assert_eq!(live.hear(), r#"{"id":"count","stopped":true}"#);
    put(&mut http, "orders", "17", &json!({ "state": "paid", "total": 1990 }));
    shown("<-", &live.hear());
    // The same id again is another query in the place of the one before.
    live.say(r#"{"id": 1, "nql": "FROM orders WHERE state = 'paid' SELECT _id"}"#);
    assert_eq!(live.hear(), r#"{"id":1,"seq":2,"rows":[{"_id":"17"}]}"#);
    put(&mut http, "orders", "18", &json!({ "state": "paid", "total": 2990 }));
    assert_eq!(live.hear(), r#"{"id":1,"seq":3,"removed":[],"inserted":[[1,{"_id":"18"}]]}"#);
    let stop = r#"{"id": 1, "stop": true}"#;
    live.say(stop);
    shown("->", stop);
    shown("<-", &live.hear());
}

#[test]
fn errors_have_their_id_and_code_and_leave_the_socket() {
    let daemon = Daemon::start(&[]);
    let mut http = shop(&daemon);
    let mut live = Live::connect(daemon.http_address());
    for (said, id, code) in [
        (r#"{"id":1,"nql":"FROM"}"#, json!(1), "query_syntax"),
        (r#"{"id":"a","nql":"FROM c WHERE x = $x"}"#, json!("a"), "query_parameter"),
        (r#"{"id":1,"nql":"FROM c AS OF 3"}"#, json!(1), "unsupported"),
        (r#"{"id":1,"nql":"FROM c","limit":3}"#, json!(1), "invalid_argument"),
        (r#"{"id":1,"nql":"FROM c","stop":true}"#, json!(1), "invalid_argument"),
        (r#"{"id":1}"#, json!(1), "invalid_argument"),
        (r#"{"nql":"FROM c"}"#, json!(null), "invalid_argument"),
        (r#"{"id":[1],"nql":"FROM c"}"#, json!(null), "invalid_argument"),
        ("[1]", json!(null), "invalid_json"),
        ("{", json!(null), "invalid_json"),
    ] {
        live.say(said);
        let error = live.hear_json();
        assert_eq!((&error["id"], error["code"].as_str()), (&id, Some(code)), "{said}: {error}");
        assert!(error["error"].is_string() && error["remedy"].is_string(), "{error}");
    }
    live.0.send(Message::binary(vec![1])).unwrap();
    assert_eq!(live.hear_json()["code"], "invalid_argument");
    for id in 0..100 {
        live.say(&json!({ "id": id, "nql": "FROM c COUNT" }).to_string());
        assert_eq!(live.hear_json(), json!({ "id": id, "seq": -1, "rows": [{ "count": 0 }] }));
    }
    live.say(r#"{"id":100,"nql":"FROM c"}"#);
    assert_eq!(live.hear_json()["code"], "busy", "as many as it may");
    live.say(r#"{"id":0,"stop":true}"#);
    assert_eq!(live.hear_json(), json!({ "id": 0, "stopped": true }));
    live.say(r#"{"id":100,"nql":"FROM c SELECT _id"}"#);
    assert_eq!(live.hear_json()["rows"], json!([]));
    put(&mut http, "c", "1", &json!({}));
    let mut told: Vec<u64> = (0..100).map(|_| live.hear_json()["id"].as_u64().unwrap()).collect();
    told.sort_unstable();
    assert_eq!(told, (1..=100).collect::<Vec<u64>>(), "each of them, once");
}

#[test]
fn each_stop_is_told_also_of_a_query_that_is_being_answered() {
    let daemon = Daemon::start(&[]);
    let mut http = shop(&daemon);
    let ops: Vec<Value> =
        (0..2_000).map(|n| json!({"op": "put", "coll": "c", "id": n.to_string(), "doc": {"n": n}})).collect();
    assert_eq!(http.post("/v1/databases/shop/tx", &json!({ "ops": ops }).to_string()).status, 200);
    let mut live = Live::connect(daemon.http_address());
    // While the first is being answered, which takes its time.
    live.say(r#"{"id":1,"nql":"FROM c ORDER BY n DESC"}"#);
    live.say(r#"{"id":1,"stop":true}"#);
    live.say(r#"{"id":1,"nql":"FROM c WHERE n = 1 SELECT n"}"#);
    live.say(r#"{"id":1,"stop":true}"#);
    live.say(r#"{"id":1,"nql":"FROM c WHERE n = 2 SELECT n"}"#);
    let (mut stops, mut last) = (0, Value::Null);
    while last["rows"] != json!([{ "n": 2 }]) {
        last = live.hear_json();
        stops += usize::from(last["stopped"] == true);
    }
    assert_eq!(stops, 2);
}

#[test]
fn a_dropped_database_ends_its_live_queries_and_says_so() {
    let daemon = Daemon::start(&[]);
    let mut http = shop(&daemon);
    let mut live = Live::connect(daemon.http_address());
    live.say(r#"{"id":7,"nql":"FROM c"}"#);
    assert_eq!(live.hear_json()["rows"], json!([]));
    assert_eq!(http.send("DELETE", "/v1/databases/shop", "", "").status, 200);
    let error = live.hear_json();
    assert_eq!((error["id"].as_u64(), error["code"].as_str()), (Some(7), Some("not_found")), "{error}");
    assert!(error["error"].as_str().unwrap().contains("dropped"), "{error}");
    // A new database of the name is not the one of this socket.
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    live.say(r#"{"id":7,"nql":"FROM c"}"#);
    assert_eq!(live.hear_json()["code"], "not_found");
}

#[test]
fn a_lifetime_that_ends_is_told_without_a_commit() {
    let daemon = Daemon::start(&[]);
    let mut http = shop(&daemon);
    let short = r#"{"coll":"c","id":"1","doc":{},"ttl_s":0.5}"#;
    assert_eq!(http.post("/v1/databases/shop/put", short).status, 200);
    let mut live = Live::connect(daemon.http_address());
    live.say(r#"{"id":1,"nql":"FROM c COUNT"}"#);
    assert_eq!(live.hear(), r#"{"id":1,"seq":0,"rows":[{"count":1}]}"#);
    assert_eq!(live.hear_json()["inserted"], json!([[0, { "count": 0 }]]));
}

#[test]
fn the_end_of_a_lifetime_is_told_soon_also_when_the_wall_clock_is_set() {
    const START_US: i64 = 1_767_225_600_000_000;
    let clock = Arc::new(ManualClock::new(START_US));
    let daemon = Daemon::start_in(Io { clock: Arc::clone(&clock) as _, ..Io::real() }, &["--sweep-s", "0"]);
    let mut http = shop(&daemon);
    let long = r#"{"coll":"c","id":"1","doc":{},"ttl_s":86400}"#;
    assert_eq!(http.post("/v1/databases/shop/put", long).status, 200);
    let mut live = Live::connect(daemon.http_address());
    live.say(r#"{"id":1,"nql":"FROM c COUNT"}"#);
    assert_eq!(live.hear(), r#"{"id":1,"seq":0,"rows":[{"count":1}]}"#);
    clock.set_wall_us(START_US + 100_000_000_000);
    assert_eq!(live.hear_json()["inserted"], json!([[0, { "count": 0 }]]));
}

#[test]
fn an_expensive_query_rests_between_its_answers_however_fast_writers_are() {
    let daemon = Daemon::start(&[]);
    let mut http = shop(&daemon);
    for part in 0..8 {
        let put = |n| json!({"op": "put", "coll": "c", "id": format!("{part}-{n}"), "doc": {"n": n}});
        let ops: Vec<Value> = (0..2_000).map(put).collect();
        assert_eq!(http.post("/v1/databases/shop/tx", &json!({ "ops": ops }).to_string()).status, 200);
    }
    let mut live = Live::connect(daemon.http_address());
    live.say(r#"{"id":1,"nql":"FROM c GROUP BY n COUNT ORDER BY n DESC LIMIT 1"}"#);
    live.hear();
    let answers = |http: &mut Http| -> u32 {
        let page = http.get("/metrics").body;
        let line = page.lines().find(|line| line.starts_with("nedbd_database_live_answers_total{database=\"shop\"}"));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap()
    };
    // How long one takes when the query has rested.
    let one = (0..3).map(|round| {
        std::thread::sleep(Duration::from_millis(500));
        let begun = Instant::now();
        put(&mut http, "c", "one", &json!({ "n": 10_000 + round }));
        live.hear();
        begun.elapsed()
    });
    let one = one.min().unwrap();
    let (before, begun) = (answers(&mut http), Instant::now());
    let reader = std::thread::spawn(move || while !live.hear().contains("20000") {});
    while begun.elapsed() < one * 40 {
        put(&mut http, "c", "one", &json!({ "n": 10_001 + begun.elapsed().as_millis() % 9_000 }));
    }
    let (made, elapsed) = (answers(&mut http) - before, begun.elapsed());
    put(&mut http, "c", "one", &json!({ "n": 20_000 }));
    reader.join().unwrap();
    assert!(one * made * 2 <= elapsed + one * 4, "{made} answers of {one:?} in {elapsed:?}");
}

#[test]
fn who_may_read_may_follow_and_nobody_else() {
    let files = TempDir::new("daemon");
    let tokens: Vec<String> = ["verify", "read"]
        .iter()
        .map(|right| {
            let hash = nedb_crypto::sha256(&[format!("token-{right}").as_bytes()]);
            format!("[[token]]\nname = \"{right}er\"\nsha256 = \"{hash}\"\ndatabases = {{ shop = \"{right}\" }}\n")
        })
        .collect();
    let path = files.join("tokens.toml");
    std::fs::write(&path, tokens.concat()).unwrap();
    let daemon = Daemon::start(&["--token", "the root of all", "--tokens", path.to_str().unwrap()]);
    let mut root = daemon.http().with_token("the root of all");
    assert_eq!(root.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    let status = |token| Live::ask(daemon.http_address(), token).map(drop).err();
    assert_eq!((status(""), status("a wrong token")), (Some(401), Some(401)));
    assert_eq!((status("token-verify"), status("token-read")), (Some(403), None));
    assert_eq!(root.send("DELETE", "/v1/databases/shop", "", "").status, 200);
    assert_eq!(status("the root of all"), Some(404), "there is no such database");
}

#[test]
fn a_message_that_asks_at_too_great_length_is_refused_and_the_socket_goes_on() {
    let daemon = Daemon::start(&[]);
    drop(shop(&daemon));
    let mut live = Live::connect(daemon.http_address());
    live.say(&format!(r#"{{"id":1,"nql":"FROM c WHERE t = $t","params":{{"t":"{}"}}}}"#, "x".repeat(256 << 10)));
    let refused = live.hear_json();
    assert_eq!((&refused["id"], &refused["code"]), (&json!(null), &json!("batch_too_large")));
    live.say(r#"{"id":1,"nql":"FROM c COUNT"}"#);
    assert_eq!(live.hear_json()["id"], 1);
}

#[test]
fn a_slow_reader_gets_fewer_and_larger_changes_and_misses_nothing() {
    let daemon = Daemon::start(&["--memory-mb", "64"]);
    let mut http = shop(&daemon);
    let mut live = Live::connect(daemon.http_address());
    live.say(r#"{"id":1,"nql":"FROM c ORDER BY n DESC LIMIT 40"}"#);
    let mut rows = Vec::new();
    apply(&mut rows, &live.hear_json());
    // More than the sockets of both sides hold.
    let text = "x".repeat(200_000);
    for n in 0..300 {
        put(&mut http, "c", &n.to_string(), &json!({ "n": n, "text": text }));
    }
    let mut messages = 0;
    while rows.first().and_then(|row| row["n"].as_u64()) != Some(299) {
        apply(&mut rows, &live.hear_json());
        messages += 1;
    }
    assert!(messages < 250, "{messages} messages for 300 writes");
    let numbers: Vec<u64> = rows.iter().map(|row| row["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (260..300).rev().collect::<Vec<u64>>());
}

#[test]
fn figures_count_live_queries_and_what_does_not_touch_them_costs_no_answer() {
    let daemon = Daemon::start(&[]);
    let mut http = shop(&daemon);
    let mut live = Live::connect(daemon.http_address());
    live.say(r#"{"id":1,"nql":"FROM c"}"#);
    live.hear();
    for id in 0..20 {
        put(&mut http, "other", &id.to_string(), &json!({}));
    }
    put(&mut http, "c", "1", &json!({}));
    assert_eq!(live.hear_json()["seq"], 20);
    let page = http.get("/metrics").body;
    for line in
        ["nedbd_database_live_queries{database=\"shop\"} 1", "nedbd_database_live_answers_total{database=\"shop\"} 2"]
    {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}

#[test]
fn the_end_of_the_daemon_closes_live_queries_with_its_code() {
    let mut daemon = Daemon::start(&[]);
    drop(shop(&daemon));
    let address = daemon.http_address();
    let mut live = Live::connect(address);
    live.say(r#"{"id":1,"nql":"FROM c"}"#);
    live.hear();
    let reader = std::thread::spawn(move || live.hear());
    daemon.restart(&[]);
    assert_eq!(reader.join().unwrap(), "1001 the daemon is ending");
}

#[cfg(target_os = "linux")]
#[test]
fn resting_live_queries_have_no_threads_and_clients_that_never_read_no_memory() {
    let dir = TempDir::new("daemon");
    let daemon = Process::start(dir.path(), &["--memory-mb", "32", "--query-memory-mb", "64"]);
    let mut http = Http::connect(daemon.http);
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    let mut resting: Vec<Live> = (0..200).map(|_| Live::connect(daemon.http)).collect();
    for live in &mut resting {
        for id in 0..3 {
            live.say(&json!({ "id": id, "nql": "FROM resting" }).to_string());
            assert_eq!(live.hear_json()["rows"], json!([]));
        }
    }
    // They are answered again and again, and read none of it.
    let mut deaf: Vec<Live> = (0..30).map(|_| Live::connect(daemon.http)).collect();
    for live in &mut deaf {
        live.say(r#"{"id":1,"nql":"FROM c"}"#);
    }
    let text = "x".repeat(500_000);
    for n in 0..60 {
        put(&mut http, "c", &(n % 8).to_string(), &json!({ "n": n, "text": text }));
        assert!(daemon.resident_bytes() < 512 << 20, "{} bytes", daemon.resident_bytes());
    }
    assert!(daemon.threads() < 60, "{} threads", daemon.threads());
    put(&mut http, "resting", "1", &json!({}));
    for live in &mut resting {
        for _ in 0..3 {
            assert_eq!(live.hear_json()["inserted"], json!([[0, { "_id": "1" }]]));
        }
    }
    drop(deaf);
    assert!(daemon.end(), "it ends with 0");
}
