//! Live queries over a socket: exact, ended by the daemon's errors, taken up again where a connection broke, and over TLS.

use std::time::Duration;

use nedb_client::{Body, Daemon, Database, ErrorCode, LiveQuery, Object, Options, Params};

use super::daemon::Served;
use super::network::Hurried;

const LONG: Duration = Duration::from_mins(1);

/// Takes changes until there are so many rows.
fn follow(live: &mut LiveQuery, rows: &mut Vec<Object>, count: usize) {
    loop {
        live.next_within(LONG).unwrap().expect("it comes in time").apply(rows).unwrap();
        if rows.len() == count {
            return;
        }
    }
}

fn rows_of(shop: &Database, nql: &str) -> Vec<Object> {
    shop.query(nql, &Params::new()).unwrap().map(Result::unwrap).collect()
}

#[test]
fn changes_applied_are_the_rows_of_the_query() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    let nql = "FROM c ORDER BY n DESC LIMIT 12";
    let mut live = shop.live(nql, &Params::new()).unwrap();
    let first = live.next_within(LONG).unwrap().unwrap();
    assert!(first.is_whole && first.seq.is_none() && first.inserted.is_empty());
    let mut rows = Vec::new();
    // Those from the twelfth on push the last one out.
    for n in (0..12).map(|n| n * 7 % 12).chain(12..20) {
        shop.put("c", n.to_string(), Body::json(format!(r#"{{"n":{n}}}"#))).unwrap();
        live.next_within(LONG).unwrap().expect("it comes in time").apply(&mut rows).unwrap();
        assert_eq!(rows, rows_of(&shop, nql));
    }
    assert_eq!(rows.len(), 12);
    assert!(live.next_within(Duration::from_millis(1)).unwrap().is_none());
}

#[test]
fn errors_of_the_daemon_have_their_code_and_end_it() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    let mut wrong = shop.live("FROM", &Params::new()).unwrap();
    assert_eq!(wrong.next().unwrap().unwrap_err().code(), ErrorCode::QuerySyntax);
    assert!(wrong.next().is_none());
    let past = shop.live("FROM c AS OF $m", &Params::new().with("m", 3)).unwrap().next().unwrap();
    assert_eq!(past.unwrap_err().code(), ErrorCode::Unsupported);
    let nowhere = served.client().database("nowhere").live("FROM c", &Params::new());
    assert_eq!(nowhere.unwrap_err().code(), ErrorCode::NotFound);
    let mut dropped = shop.live("FROM c", &Params::new()).unwrap();
    assert!(dropped.next().unwrap().unwrap().is_whole);
    served.client().drop_database("shop").unwrap();
    assert_eq!(dropped.next().unwrap().unwrap_err().code(), ErrorCode::NotFound);
}

#[test]
fn a_connection_that_broke_is_opened_again_and_has_all_rows() {
    let mut served = Served::start(&[]);
    let port = served.address().port();
    let shop = served.database("shop");
    let hurried = std::sync::Arc::new(Hurried::default());
    let client = Daemon::at(&served.url(), Options::new().io(hurried.io())).unwrap();
    let mut live = client.database("shop").live("FROM c SELECT _id", &Params::new()).unwrap();
    let mut rows = Vec::new();
    shop.put("c", "a", Body::json("{}")).unwrap();
    follow(&mut live, &mut rows, 1);
    served.stop();
    served.begin_anew_at(port);
    client.database("shop").put("c", "b", Body::json("{}")).unwrap();
    follow(&mut live, &mut rows, 2);
    assert!(!hurried.pauses_us().is_empty(), "it waited before it came again");
}

#[test]
fn a_daemon_that_is_not_there_is_an_error_of_the_network() {
    let mut served = Served::start(&[]);
    let url = served.url();
    served.stop();
    let hurried = std::sync::Arc::new(Hurried::default());
    let nobody = Daemon::at(&url, Options::new().io(hurried.io()).retries(2)).unwrap();
    let error = nobody.database("shop").live("FROM c", &Params::new()).unwrap_err();
    assert_eq!((error.code(), hurried.pauses_us().len()), (ErrorCode::Io, 2), "{error}");
}
