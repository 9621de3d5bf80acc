//! Server-sent events: nothing is left out, nothing comes twice, and a reader goes on where he ended.

use super::client::Http;
use super::daemon::Daemon;

/// Reads the ids of so many events.
fn ids(http: &mut Http, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < count {
        let line = http.line().unwrap();
        if let Some(id) = line.strip_prefix("id: ") {
            ids.push(id.to_owned());
        }
    }
    ids
}

fn put(http: &mut Http, id: u32) {
    let answer = http.post("/v1/databases/shop/put", &format!(r#"{{"coll":"c","id":"{id}","doc":{{}}}}"#));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn a_feed_gives_every_operation_and_goes_on_after_any_seq() {
    let mut daemon = Daemon::start(&[]);
    let mut http = daemon.http();
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    (0..3).for_each(|id| put(&mut http, id));
    let mut all = daemon.http();
    all.begin("GET", "/v1/databases/shop/events?from_seq=0", "", "").unwrap();
    assert_eq!(ids(&mut all, 3), ["0", "1", "2"]);
    (3..6).for_each(|id| put(&mut http, id));
    assert_eq!(ids(&mut all, 3), ["3", "4", "5"]);
    let mut again = daemon.http();
    again.begin("GET", "/v1/databases/shop/events", "last-event-id: 3\r\n", "").unwrap();
    assert_eq!(ids(&mut again, 2), ["4", "5"]);
    let mut new = daemon.http();
    new.begin("GET", "/v1/databases/shop/events", "", "").unwrap();
    while !new.line().unwrap().is_empty() {}
    put(&mut http, 6);
    assert_eq!(ids(&mut new, 1), ["6"]);
    drop((http, all, again, new));
    daemon.restart(&[]);
    let mut later = daemon.http();
    later.begin("GET", "/v1/databases/shop/events", "last-event-id: 4\r\n", "").unwrap();
    assert_eq!(ids(&mut later, 2), ["5", "6"]);
}

#[test]
fn a_feed_of_a_database_that_is_dropped_ends_and_says_so() {
    let daemon = Daemon::start(&[]);
    let mut http = daemon.http();
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    put(&mut http, 0);
    let mut feed = daemon.http();
    feed.begin("GET", "/v1/databases/shop/events?from_seq=0", "", "").unwrap();
    assert_eq!(ids(&mut feed, 1), ["0"]);
    assert_eq!(http.send("DELETE", "/v1/databases/shop", "", "").status, 200);
    while feed.line().unwrap() != "event: error" {}
    let error = feed.line().unwrap();
    assert!(error.contains("\"code\":\"not_found\"") && error.contains("shop was dropped"), "{error}");
}
