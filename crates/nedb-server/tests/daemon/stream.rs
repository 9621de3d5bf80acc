//! The stream of writes as docs/stream.md has it: what HTTP would have done, in the order of sending, within the credit, and ended in order.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use nedb_types::document::{json_to_value, value_to_json};
use nedb_types::{Object, Value};
use nedb_wire::stream::{Ending, Reply, Request, SUBPROTOCOL, Terms};
use tokio_tungstenite::tungstenite::client::{IntoClientRequest, client};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, Error, HandshakeError, Message, WebSocket};

use super::client::socket;
use super::daemon::{Daemon, Process};
use super::temp_dir::TempDir;

/// A connection that says what it is told to.
struct Stream {
    socket: WebSocket<TcpStream>,
    terms: Terms,
}

fn ask(address: SocketAddr, db: &str, headers: &[(&'static str, &str)]) -> tungstenite::Result<WebSocket<TcpStream>> {
    let mut request = format!("ws://localhost:{}/v1/databases/{db}/stream", address.port()).into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
    }
    match client(request, socket(address)) {
        Ok((socket, _response)) => Ok(socket),
        Err(HandshakeError::Failure(error)) => Err(error),
        Err(HandshakeError::Interrupted(_)) => panic!("no answer came"),
    }
}

fn refusal(address: SocketAddr, db: &str, headers: &[(&'static str, &str)]) -> (u16, serde_json::Value) {
    match ask(address, db, headers) {
        Err(Error::Http(response)) => {
            let body = response.body().as_deref().unwrap_or_default();
            (response.status().as_u16(), serde_json::from_slice(body).unwrap())
        }
        other => panic!("{other:?}"),
    }
}

fn object(json: &str) -> Object {
    match json_to_value(json.as_bytes()).unwrap() {
        Value::Object(object) => object,
        other => panic!("{other:?}"),
    }
}

fn json(object: Object) -> serde_json::Value {
    serde_json::from_str(&value_to_json(&Value::Object(object)).unwrap()).unwrap()
}

fn frame(id: u64, verb: &str, fields: &str) -> Message {
    let request = Request { id, verb: verb.to_owned(), fields: object(fields) };
    Message::binary(request.encode(64 << 20).unwrap())
}

impl Stream {
    fn open(address: SocketAddr, db: &str) -> Self {
        Self::open_with(address, db, &[])
    }

    fn open_with(address: SocketAddr, db: &str, headers: &[(&'static str, &str)]) -> Self {
        let headers = [headers, &[("sec-websocket-protocol", SUBPROTOCOL)]].concat();
        let mut socket = ask(address, db, &headers).unwrap();
        loop {
            match socket.read().unwrap() {
                Message::Binary(bytes) => match Reply::decode(&bytes).unwrap() {
                    Reply::Greeting(terms) => return Self { socket, terms },
                    other => panic!("{other:?}"),
                },
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Sends requests in one piece.
    fn send(&mut self, frames: impl IntoIterator<Item = Message>) -> tungstenite::Result<()> {
        for frame in frames {
            self.socket.write(frame)?;
        }
        self.socket.flush()
    }

    /// The next acknowledgement: its id, and the answer or the error; or the code and the reason of the end.
    fn next(&mut self) -> Result<(u64, serde_json::Value), (u16, String)> {
        loop {
            match self.socket.read().unwrap() {
                Message::Binary(bytes) => match Reply::decode(&bytes).unwrap() {
                    Reply::Done { id, answer } => return Ok((id, json(answer))),
                    Reply::Failed { id, error } => return Ok((id, json(error))),
                    other @ Reply::Greeting(_) => panic!("{other:?}"),
                },
                Message::Ping(_) => {}
                Message::Close(Some(close)) => return Err((close.code.into(), close.reason.to_string())),
                other => panic!("{other:?}"),
            }
        }
    }

    fn call(&mut self, id: u64, verb: &str, fields: &str) -> serde_json::Value {
        self.send([frame(id, verb, fields)]).unwrap();
        let (told, answer) = self.next().unwrap();
        assert_eq!(told, id);
        answer
    }

    /// What is told until the end.
    fn rest(&mut self) -> (Vec<(u64, serde_json::Value)>, (u16, String)) {
        let mut told = Vec::new();
        loop {
            match self.next() {
                Ok(one) => told.push(one),
                Err(end) => return (told, end),
            }
        }
    }
}

fn shop(settings: &[&str]) -> Daemon {
    let daemon = Daemon::start(settings);
    assert_eq!(daemon.http().post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    daemon
}

#[test]
fn every_verb_answers_what_its_route_answers() {
    let (over_http, over_stream) = (shop(&[]), shop(&[]));
    let (mut http, mut stream) = (over_http.http(), Stream::open(over_stream.http_address(), "shop"));
    let cases = [
        ("put", r#"{"coll":"c","id":"a","doc":{"n":1,"d":{"$decimal":"1.10"}},"client":"till","nonce":5}"#),
        ("put", r#"{"coll":"c","id":7,"doc":{"b":{"$bytes":"AAE="}},"idem":"k","confidence":0.5}"#),
        ("put", r#"{"coll":"c","id":7,"doc":{"b":{"$bytes":"AAE="}},"idem":"k","confidence":0.5}"#),
        ("put", r#"{"coll":"c","id":7,"doc":{},"idem":"k"}"#),
        ("put", r#"{"coll":"c","id":"a","doc":{},"client":"till","nonce":5}"#),
        ("put", r#"{"coll":"c","id":"a","doc":{},"if_seq":-1}"#),
        ("put", r#"{"coll":"c","id":"a","doc":[]}"#),
        ("put", r#"{"coll":"c","id":"a"}"#),
        ("put", r#"{"coll":"c","id":"a","doc":{},"colour":1}"#),
        ("tx", r#"{"ops":[{"op":"put","coll":"c","id":"b","doc":{}},{"op":"link","frm":"c:a","rel":"r","to":"c:b"}]}"#),
        ("batch", r#"{"ops":[{"op":"restore","coll":"c","id":"a","seq":0}],"receipt":true}"#),
        ("tx", r#"{"ops":[]}"#),
        ("tx", r#"{"ops":[{"op":"put","coll":"c","id":"a","doc":{},"if_seq":99}]}"#),
        ("link", r#"{"frm":"c:a","rel":"likes","to":"c:b"}"#),
        ("unlink", r#"{"frm":"c:a","rel":"likes","to":"c:b"}"#),
        ("link", r#"{"frm":"nonsense","rel":"likes","to":"c:b"}"#),
    ];
    for (id, (verb, fields)) in (0..).zip(cases) {
        let mut wanted = http.post(&format!("/v1/databases/shop/{verb}"), fields).json();
        let mut told = stream.call(id, verb, fields);
        // The histories differ in their times and salts.
        for changing in ["head", "ts"] {
            assert_eq!(wanted[changing].take().is_string(), told[changing].take().is_string());
        }
        assert_eq!(told, wanted, "{verb} {fields}");
    }
    for (path, fields) in [
        ("c/b?client=till&nonce=6", r#"{"coll":"c","id":"b","client":"till","nonce":6}"#),
        ("c/7", r#"{"coll":"c","id":7}"#),
        ("c/7", r#"{"coll":"c","id":"7"}"#),
    ] {
        let wanted = http.send("DELETE", &format!("/v1/databases/shop/rows/{path}"), "", "").json();
        let told = stream.call(100, "delete", fields);
        assert_eq!((&told["deleted"], &told["seq"]), (&wanted["deleted"], &wanted["seq"]), "{path}");
    }
    assert_eq!(stream.call(1, "delete", r#"{"coll":"c"}"#)["code"], "invalid_argument");
    let told = |daemon: &Daemon| daemon.http().get("/v1/databases/shop/rows/c").json()["rows"].clone();
    assert_eq!(told(&over_http), told(&over_stream));
}

#[test]
fn another_verb_is_refused_by_name_and_the_connection_goes_on() {
    let daemon = shop(&[]);
    let mut stream = Stream::open(daemon.http_address(), "shop");
    for (id, verb) in [(0, "query"), (1, "get"), (2, "drop"), (3, "stream")] {
        let error = stream.call(id, verb, r#"{"nql":"FROM c"}"#);
        let text = error["error"].as_str().unwrap();
        assert!(error["code"] == "unsupported" && text.contains(verb) && text.contains("put, tx"), "{error}");
    }
    assert_eq!(stream.call(4, "put", r#"{"coll":"c","id":"a","doc":{}}"#)["ok"], true);
}

#[test]
fn who_may_not_write_is_refused_before_the_upgrade() {
    let digest = nedb_types::hex::encode(nedb_crypto::sha256(&[b"reader"]).as_bytes());
    let files = TempDir::new("daemon");
    let path = files.join("tokens.toml");
    let tokens = format!(
        "[[token]]\nname = \"reader\"\nsha256 = \"{digest}\"\ndatabases = {{ shop = \"read\" }}\n\
         [[token]]\nname = \"writer\"\nsha256 = \"{}\"\ndatabases = {{ \"*\" = \"write\" }}\n",
        nedb_types::hex::encode(nedb_crypto::sha256(&[b"writer"]).as_bytes())
    );
    std::fs::write(&path, tokens).unwrap();
    let daemon = Daemon::start(&["--tokens", path.to_str().unwrap()]);
    let address = daemon.http_address();
    let of =
        |token: &'static str, protocol: &'static str| [("authorization", token), ("sec-websocket-protocol", protocol)];
    for (db, headers, status, code) in [
        ("shop", &[("sec-websocket-protocol", SUBPROTOCOL)][..], 401, "unauthenticated"),
        ("shop", &of("Bearer reader", SUBPROTOCOL), 403, "denied"),
        ("shop", &of("Bearer writer", SUBPROTOCOL), 404, "not_found"),
        ("shop", &of("Bearer writer", "nedb.v1"), 400, "invalid_argument"),
        ("shop", &[("authorization", "Bearer writer")], 400, "invalid_argument"),
        ("nedbd.audit", &of("Bearer writer", SUBPROTOCOL), 403, "denied"),
    ] {
        let (told, error) = refusal(address, db, headers);
        assert!(told == status && error["code"] == code, "{db} {headers:?}: {told} {error}");
    }
    assert_eq!(daemon.http().with_token("writer").get("/v1/databases").status, 200);
}

#[test]
fn requests_take_effect_in_the_order_of_sending_and_are_told_as_they_are_over() {
    const ROUNDS: u64 = 50;
    const EACH: u64 = 100;
    let daemon = shop(&[]);
    let mut stream = Stream::open(daemon.http_address(), "shop");
    let mut overtaken = 0;
    for round in 0..ROUNDS {
        let frames = (0..EACH).map(|n| {
            let n = round * EACH + n;
            // Every tenth is refused before it comes to a commit.
            let field = if n % 10 == 9 { "wrong" } else { "doc" };
            frame(n, "put", &format!(r#"{{"coll":"c","id":"{}","{field}":{{"n":{n}}}}}"#, n % 3))
        });
        stream.send(frames).unwrap();
        let told: Vec<u64> = (0..EACH)
            .map(|_| {
                let (id, answer) = stream.next().unwrap();
                assert_eq!(answer["ok"] == true, id % 10 != 9, "{answer}");
                id
            })
            .collect();
        overtaken += told.windows(2).filter(|pair| pair[0] > pair[1]).count();
    }
    assert!(overtaken > 0, "a refusal is told before writes that came earlier");
    let since = daemon.http().get("/v1/databases/shop/since?limit=10000").json();
    let rows = since["rows"].as_array().unwrap_or_else(|| panic!("{since}"));
    let log: Vec<u64> = rows.iter().map(|op| op["document"]["n"].as_u64().unwrap_or_else(|| panic!("{op}"))).collect();
    let wanted: Vec<u64> = (0..ROUNDS * EACH).filter(|n| n % 10 != 9).collect();
    assert_eq!(log, wanted);
}

#[test]
fn a_message_that_is_no_frame_ends_the_stream_after_what_was_taken() {
    let daemon = shop(&[]);
    let put = |id| frame(id, "put", r#"{"coll":"c","id":"a","doc":{}}"#);
    let frame_of = |bytes: &[u8]| Message::binary(bytes.to_vec());
    for (what, bad, code) in [
        ("text", Message::text("{}"), Ending::BadFrame),
        ("nothing", frame_of(&[]), Ending::BadFrame),
        ("a greeting", frame_of(&[0x81, 0, 0x48, 1, 0]), Ending::BadFrame),
        ("no verb", frame_of(&[1, 1, 0, 0x48, 1, 0]), Ending::BadFrame),
        ("fields that break off", frame_of(&[1, 1, 1, b'p', 0x48, 2, 0]), Ending::BadFrame),
        ("fields that are no object", frame_of(&[1, 1, 1, b'p', 0]), Ending::BadFrame),
        ("an id twice", put(1), Ending::RepeatedId),
    ] {
        let mut stream = Stream::open(daemon.http_address(), "shop");
        stream.send([put(1), bad, put(3)]).unwrap();
        let (told, (closed, reason)) = stream.rest();
        assert_eq!((told.len(), closed), (1, code.code()), "{what}: {reason}");
        assert!(told[0].0 == 1 && told[0].1["ok"] == true && !reason.is_empty(), "{what}: {told:?} {reason}");
    }
}

#[test]
fn who_takes_no_acknowledgements_gets_no_credit_and_holds_up_nobody() {
    let daemon = shop(&["--body-mb-max", "1", "--memory-mb", "8"]);
    let mut greedy = Stream::open(daemon.http_address(), "shop");
    assert_eq!((greedy.terms.credit.bytes_max, greedy.terms.credit.message_bytes_max), (1 << 20, 1 << 20));
    let mut other = Stream::open(daemon.http_address(), "shop");
    let text = "x".repeat(600 << 10);
    // The answers have the documents; without anybody who takes them they fill the buffers of the system, and then the window.
    for id in 0..100 {
        let put = frame(id, "put", &format!(r#"{{"coll":"c","id":"{id}","doc":{{"t":"{text}"}}}}"#));
        if greedy.send([put]).is_err() {
            break;
        }
        let page = daemon.http().get("/metrics").body;
        let line = page.lines().find(|line| line.starts_with("nedbd_request_memory_bytes ")).unwrap();
        let held: usize = line.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(held < 4 << 20, "{held} bytes");
    }
    assert_eq!(other.call(1, "put", r#"{"coll":"c","id":"other","doc":{}}"#)["ok"], true);
    let mut told = 0;
    let end = loop {
        match greedy.socket.read() {
            Ok(Message::Close(close)) => break close.map(|close| u16::from(close.code)),
            Ok(message) => told += usize::from(message.is_binary()),
            // It was cut off before it listened.
            Err(_cut) => break None,
        }
    };
    assert!(told < 100 && end.is_none_or(|code| code == Ending::OverCredit.code()), "{told} {end:?}");
}

#[test]
fn more_bytes_in_flight_than_were_greeted_end_the_stream_by_their_code() {
    let daemon = shop(&["--body-mb-max", "1"]);
    let mut stream = Stream::open(daemon.http_address(), "shop");
    let text = "x".repeat(700 << 10);
    let put = |id| frame(id, "put", &format!(r#"{{"coll":"c","id":"{id}","doc":{{"t":"{text}"}}}}"#));
    let (code, reason) = loop {
        // The second one comes before the first one is told, but for a disk that is quicker than the socket.
        stream.send([put(1), put(2), put(3)]).unwrap();
        let told: Result<Vec<_>, _> = (0..3).map(|_| stream.next()).collect();
        if let Err(end) = told {
            break end;
        }
    };
    assert_eq!(code, Ending::OverCredit.code(), "{reason}");
    let mut alone = Stream::open(daemon.http_address(), "shop");
    assert_eq!(
        alone.call(
            1,
            "tx",
            &format!(r#"{{"ops":[{{"op":"put","coll":"c","id":"a","doc":{{"t":"{text}"}}}}],"receipt":true}}"#)
        )["ok"],
        true
    );
    let _cut = alone.send([frame(2, "put", &format!(r#"{{"coll":"c","id":"a","doc":{{"t":"{text}{text}"}}}}"#))]);
    assert_eq!(alone.rest().1.0, Ending::TooLong.code());
}

#[cfg(unix)]
#[test]
fn a_daemon_that_ends_tells_what_it_took_and_takes_no_more() {
    let dir = TempDir::new("daemon");
    let process = Process::start(dir.path(), &[]);
    let mut http = super::client::Http::connect(process.http);
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    let mut stream = Stream::open(process.http, "shop");
    stream
        .send((0..3000).map(|id| frame(id, "put", &format!(r#"{{"coll":"c","id":"{id:05}","doc":{{"n":{id}}}}}"#))))
        .unwrap();
    let ended = std::thread::spawn(move || process.end());
    let (told, (code, _reason)) = stream.rest();
    assert_eq!(code, Ending::Stopping.code());
    drop(stream);
    assert!(ended.join().unwrap(), "it ends with 0");
    let process = Process::start(dir.path(), &[]);
    let mut http = super::client::Http::connect(process.http);
    let count = http.post("/v1/databases/shop/query", r#"{"nql":"FROM c COUNT"}"#).json();
    assert_eq!(
        count["rows"][0]["count"].as_u64().unwrap(),
        told.len() as u64,
        "told is what was done, and nothing else"
    );
    let last = told.iter().map(|(id, _)| *id).max();
    assert!(last.is_none_or(|last| last + 1 == told.len() as u64), "nothing in between was left out");
    process.kill();
}

#[test]
fn connections_share_commits_and_are_counted_as_requests() {
    const CONNECTIONS: u64 = 16;
    const EACH: u64 = 50;
    let daemon = shop(&[]);
    let address = daemon.http_address();
    std::thread::scope(|threads| {
        for name in 0..CONNECTIONS {
            threads.spawn(move || {
                let mut stream = Stream::open(address, "shop");
                for id in 0..EACH {
                    // One in flight on each: what is shared is shared between connections.
                    let put = format!(r#"{{"coll":"c","id":"{name}-{id}","doc":{{}}}}"#);
                    assert_eq!(stream.call(id, "put", &put)["ok"], true);
                }
                stream.socket.close(None).unwrap();
            });
        }
    });
    let page = daemon.http().get("/metrics").body;
    let figure = |start: &str| -> u64 {
        let line = page.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let writes = CONNECTIONS * EACH;
    let (groups, requests) = (
        figure("nedbd_database_commit_group_requests_count{database=\"shop\"}"),
        figure("nedbd_database_commit_group_requests_sum{database=\"shop\"}"),
    );
    assert!(requests >= writes && groups < requests, "{groups} groups of {requests} requests");
    let route = "{method=\"GET\",route=\"/v1/databases/{db}/stream\"";
    assert_eq!(figure(&format!("nedbd_http_requests_total{route},status=\"2xx\"}}")), writes);
    assert_eq!(figure(&format!("nedbd_http_requests_total{route},status=\"1xx\"}}")), CONNECTIONS);
}

#[test]
fn a_database_that_is_dropped_meanwhile_is_told_as_not_found() {
    let daemon = shop(&[]);
    let mut stream = Stream::open(daemon.http_address(), "shop");
    assert_eq!(daemon.http().send("DELETE", "/v1/databases/shop", "", "").status, 200);
    assert_eq!(stream.call(1, "put", r#"{"coll":"c","id":"a","doc":{}}"#)["code"], "not_found");
    // Another one of its name knows nothing of what was in flight.
    assert_eq!(daemon.http().post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    assert_eq!(stream.call(2, "put", r#"{"coll":"c","id":"a","doc":{}}"#)["code"], "not_found");
    assert_eq!(
        Stream::open(daemon.http_address(), "shop").call(1, "put", r#"{"coll":"c","id":"a","doc":{}}"#)["seq"],
        0
    );
}

#[test]
fn a_resting_stream_is_kept_by_the_pings_that_it_answers() {
    let daemon = shop(&["--keep-alive-s", "1"]);
    let mut stream = Stream::open(daemon.http_address(), "shop");
    stream.socket.get_ref().set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    for _ in 0..5 {
        assert!(matches!(stream.socket.read().unwrap(), Message::Ping(_)));
    }
    assert_eq!(stream.call(1, "put", r#"{"coll":"c","id":"a","doc":{}}"#)["ok"], true);
}

#[test]
fn a_write_that_took_long_is_kept_by_the_route_of_the_stream() {
    let daemon = shop(&["--slow-ms", "1"]);
    let mut stream = Stream::open(daemon.http_address(), "shop");
    let ops: Vec<String> =
        (0..20_000).map(|id| format!(r#"{{"op":"put","coll":"c","id":"{id}","doc":{{"n":{id}}}}}"#)).collect();
    stream.call(1, "tx", &format!(r#"{{"ops":[{}]}}"#, ops.join(",")));
    let kept = daemon.http().get("/v1/databases/shop/slow").json();
    let row = kept["rows"].as_array().unwrap().iter().find(|row| row["kind"] == "stream").unwrap();
    assert_eq!(row["text"], "GET /v1/databases/{db}/stream");
    assert!(row["ms"].as_u64().unwrap() >= 1, "{row}");
}
