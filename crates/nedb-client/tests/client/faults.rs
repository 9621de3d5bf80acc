//! What the network and a busy server do to a request: writes are done once, pauses are those that were asked for, and nothing waits for
//! ever.

use std::sync::Arc;
use std::time::Duration;

use nedb_client::{Body, Daemon, Database, ErrorCode, Op, Options, Params, ScanRange, Value, WriteBatch};

use super::daemon::Served;
use super::network::{CuttingProxy, Hurried, Prepared, answer};

const BUSY: &str = r#"{"error":"too much","code":"busy","kind":"busy","remedy":"r"}"#;
const RECEIPT: &str = r#"{"ok":true,"outcomes":[{"changed":true,"seq":0}],"size":1,"ts":"2026-01-01T00:00:00.000000Z","seq":0,"head":"0000000000000000000000000000000000000000000000000000000000000000"}"#;

fn database(url: &str, options: Options) -> Database {
    Daemon::at(url, options).unwrap().database("shop")
}

fn hurried() -> (Arc<Hurried>, Options) {
    let hurried = Arc::new(Hurried::default());
    let options = Options::new().io(hurried.io());
    (hurried, options)
}

#[test]
fn a_write_whose_answer_is_lost_is_done_once() {
    let served = Served::start(&[]);
    let direct = served.database("shop");
    let proxy = CuttingProxy::before(served.address());
    let (pauses, options) = hurried();
    let shop = database(&proxy.url(), options);
    let mut replayed = 0;
    for number in 0..10 {
        let id = number.to_string();
        let batch = WriteBatch::new().put("c", &id, Body::json("{}")).op(Op::link(format!("c:{id}"), "r", "c:x"));
        for receipt in [shop.put("c", &id, Body::json("{}")), shop.write(batch), shop.delete("c", &id)] {
            let receipt = receipt.unwrap();
            assert!(receipt.changed());
            replayed += usize::from(receipt.replayed);
        }
    }
    assert_eq!(direct.head().unwrap().size, 40, "each operation is in the log once");
    assert_eq!((proxy.answers(), replayed, pauses.pauses_us().len()), (60, 30, 30));
    // Reads come twice as well.
    assert!(shop.get("c", "0").unwrap().is_none());
}

#[test]
fn a_statement_without_a_key_is_not_sent_twice() {
    let served = Served::start(&[]);
    let direct = served.database("shop");
    let proxy = CuttingProxy::before(served.address());
    let shop = database(&proxy.url(), Options::new());
    let error = shop.sql("INSERT INTO c (_id, n) VALUES ('1', 1)", Value::Null).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Io);
    assert_eq!((proxy.answers(), direct.head().unwrap().size), (1, 1));
}

#[test]
fn a_busy_server_is_asked_again_after_the_pause_that_it_wants() {
    let busy = answer("429 Too Many Requests", "retry-after: 3\r\n", BUSY);
    let proxy = answer("503 Service Unavailable", "retry-after: 1\r\n", "<html>");
    let server = Prepared::with(&[&busy, &proxy, &busy, &answer("200 OK", "", RECEIPT)]);
    let (pauses, options) = hurried();
    assert!(database(&server.url(), options).put("c", "a", Body::json("{}")).unwrap().changed());
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    let body = |request: &String| request.split("\r\n\r\n").nth(1).unwrap().to_owned();
    assert!(requests.iter().all(|request| body(request) == body(&requests[0])), "the key stays the same");
    assert!(body(&requests[0]).contains("\"idem\":"));
    let pauses = pauses.pauses_us();
    for (pause_us, asked_us) in pauses.iter().zip([3_000_000, 1_000_000, 3_000_000]) {
        assert!((asked_us..asked_us * 5 / 4).contains(pause_us), "{pauses:?}");
    }
}

#[test]
fn a_server_that_stays_busy_is_told_with_its_code() {
    let busy = answer("429 Too Many Requests", "retry-after: 1\r\n", BUSY);
    let server = Prepared::with(&[&busy, &busy, &busy]);
    let (_, options) = hurried();
    let error = database(&server.url(), options.retries(2)).sql("DELETE FROM c", Value::Null).unwrap_err();
    assert_eq!((error.code(), error.message(), server.requests().len()), (ErrorCode::Busy, "too much", 3));
}

#[test]
fn what_would_fail_again_is_not_sent_again() {
    let cancelled = answer("503 Service Unavailable", "", r#"{"error":"late","code":"cancelled"}"#);
    let server = Prepared::with(&[&cancelled]);
    let error = database(&server.url(), Options::new()).query("FROM c", &Params::new()).unwrap_err();
    assert_eq!((error.code(), server.requests().len()), (ErrorCode::Cancelled, 1));
    // A proxy that may have passed a statement on is asked once.
    let server = Prepared::with(&[&answer("502 Bad Gateway", "", "<html>")]);
    let error = database(&server.url(), Options::new()).sql("DELETE FROM c", Value::Null).unwrap_err();
    assert_eq!((error.code(), server.requests().len()), (ErrorCode::Io, 1));
}

#[test]
fn a_server_that_is_silent_is_given_up() {
    let server = Prepared::with(&[]);
    let options = Options::new().silence_max(Duration::from_millis(200)).retries(1);
    let error = database(&server.url(), options).head().unwrap_err();
    assert_eq!((error.code(), server.requests().len()), (ErrorCode::Io, 2));
}

#[test]
fn a_server_that_is_not_there_is_io() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (pauses, options) = hurried();
    let shop = database(&format!("http://{nobody}"), options);
    // Nothing was sent, so that a statement may be sent again, too.
    assert_eq!(shop.sql("DELETE FROM c", Value::Null).unwrap_err().code(), ErrorCode::Io);
    assert_eq!(pauses.pauses_us().len(), 4);
}

#[test]
fn an_answer_that_breaks_off_is_no_shorter_answer() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n";
    let whole = "{\"_id\":\"1\"}\n{\"_id\":\"2\"}\n";
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{whole}\r\n", whole.len());
    let ended_early = answer("200 OK", "content-type: application/x-ndjson\r\n", whole);
    let cut_line = answer("200 OK", "content-type: application/x-ndjson\r\n", "{\"_id\":\"1\"}\n{\"_i");
    let empty = answer("200 OK", "content-type: application/x-ndjson\r\n", "");
    for broken in [chunked, ended_early, cut_line, empty] {
        let server = Prepared::with(&[&broken]);
        let options = Options::new().silence_max(Duration::from_millis(300)).retries(0);
        let mut rows = database(&server.url(), options).scan("c", &ScanRange::all()).unwrap();
        let error = rows.by_ref().find_map(Result::err).expect("an error");
        assert_eq!((error.code(), rows.end(), rows.next().is_none()), (ErrorCode::Io, None, true), "{broken}");
    }
    let error = r#"{"error":"bytes are damaged","code":"corrupt","kind":"integrity","remedy":"r"}"#;
    let damaged = answer("200 OK", "content-type: application/x-ndjson\r\n", &format!("{{\"_id\":\"1\"}}\n{error}\n"));
    let server = Prepared::with(&[&damaged]);
    let mut rows = database(&server.url(), Options::new()).scan("c", &ScanRange::all()).unwrap();
    assert!(rows.next().unwrap().is_ok());
    assert_eq!(rows.next().unwrap().unwrap_err().code(), ErrorCode::Corrupt);
}

#[test]
fn an_answer_that_is_not_the_daemon_s_is_an_error() {
    for body in ["", "[]", "{}", r#"{"outcomes":[{"changed":true,"seq":0}]}"#, "<html>"] {
        let server = Prepared::with(&[&answer("200 OK", "", body)]);
        let options = Options::new().retries(0);
        let error = database(&server.url(), options).put("c", "a", Body::json("{}")).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Io, "{body:?}: {error}");
    }
}

#[test]
fn what_a_proxy_says_is_no_success() {
    for (status, body) in
        [("301 Moved Permanently", ""), ("308 Permanent Redirect", ""), ("200 OK", "<html>welcome</html>")]
    {
        let server = Prepared::with(&[&answer(status, "location: https://127.0.0.1:1/\r\n", body)]);
        let daemon = Daemon::at(&server.url(), Options::new().retries(0)).unwrap();
        assert!(daemon.drop_database("shop").is_err(), "{status} {body}");
    }
}

#[test]
fn a_daemon_that_is_not_ready_says_so() {
    let server = Prepared::with(&[&answer("503 Service Unavailable", "", r#"{"ok":true,"ready":false}"#)]);
    let health = Daemon::at(&server.url(), Options::new()).unwrap().health().unwrap();
    assert_eq!(health.get("ready"), Some(&Value::Bool(false)));
}

#[test]
fn requests_share_connections() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    for number in 0..20 {
        shop.put("c", number.to_string(), Body::json("{}")).unwrap();
    }
    let page = served.client().metrics().unwrap();
    let line = page.lines().find(|line| line.starts_with("nedbd_connections_total{protocol=\"http\"}")).unwrap();
    // One of this handle, and one of the client that asks for the page.
    assert!(["2", "1"].contains(&line.rsplit(' ').next().unwrap()), "{line}");
}
