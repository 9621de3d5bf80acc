//! `/health` says why a daemon is not ready, and what is wrong with single databases of one that is.

use nedb_compat::redis::Reply;

use super::client::Http;
use super::daemon::Daemon;
use super::trouble::Trouble;

fn codes(answer: &serde_json::Value, list: &str) -> Vec<String> {
    let values = answer[list].as_array().unwrap();
    values.iter().map(|value| value["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_database_that_cannot_be_opened_degrades_and_without_another_there_is_nothing_to_serve() {
    let mut daemon = Daemon::start(&[]);
    let mut http = daemon.http();
    for name in ["bad", "good"] {
        assert_eq!(http.post("/v1/databases", &format!(r#"{{"name":"{name}"}}"#)).status, 201);
    }
    let well = http.get("/health");
    assert_eq!((well.status, codes(&well.json(), "reasons").len(), codes(&well.json(), "degraded").len()), (200, 0, 0));
    drop(http);
    let head = daemon.dir.join("bad/HEAD");
    let whole = std::fs::read(&head).unwrap();
    let tokens = ["--open", "eager", "--token", "the root of all"];
    daemon.restart_after(&tokens, || std::fs::write(&head, b"not a head").unwrap());
    let mut http = daemon.http().with_token("the root of all");
    while codes(&http.get("/health").json(), "reasons") == ["opening"] {}
    let degraded = http.get("/health");
    assert_eq!((degraded.status, degraded.json()["ready"].as_bool()), (200, Some(true)), "{}", degraded.body);
    let told = &degraded.json()["degraded"][0];
    assert_eq!((told["code"].as_str(), told["count"].as_i64()), (Some("unopened"), Some(1)), "{told}");
    assert_eq!(told["databases"][0]["name"], "bad");
    let stranger = daemon.http().get("/health");
    assert!(stranger.status == 200 && !stranger.body.contains("bad"), "{}", stranger.body);
    assert_eq!(stranger.json()["degraded"][0]["count"], 1);

    assert_eq!(http.send("DELETE", "/v1/databases/good", "", "").status, 200);
    let none = http.get("/health");
    assert_eq!((none.status, none.json()["ready"].as_bool()), (503, Some(false)), "{}", none.body);
    assert_eq!(codes(&none.json(), "reasons"), ["no_database"]);
    let alive = http.get("/");
    assert_eq!((alive.status, alive.json()["ready"].as_bool()), (200, Some(false)), "it lives all the same");
    // It is tried again by who asks for it.
    std::fs::write(&head, whole).unwrap();
    assert_eq!(http.get("/v1/databases/bad").status, 200);
    assert_eq!((http.get("/health").status, codes(&http.get("/health").json(), "degraded").len()), (200, 0));
}

#[test]
fn a_daemon_that_ends_is_not_ready() {
    let mut daemon = Daemon::start(&[]);
    let address = daemon.http_address();
    let mut http = daemon.http();
    http.begin_chunks("GET", "/health");
    assert!(http.line().unwrap().contains(" 100 "), "the daemon waits for the body");
    assert_eq!(http.line().unwrap(), "");
    let ended = std::thread::scope(|threads| {
        let ends = threads.spawn(|| daemon.stop());
        // It takes nobody any more.
        while std::net::TcpStream::connect(address).is_ok() {}
        // The last chunk: there is no body.
        http.write(b"0\r\n\r\n").unwrap();
        let answer = http.answer().unwrap();
        assert_eq!(
            (answer.status, codes(&answer.json(), "reasons")),
            (503, vec!["ending".to_owned()]),
            "{}",
            answer.body
        );
        drop::<Http>(http);
        ends.join().unwrap()
    });
    ended.unwrap();
}

#[test]
fn a_daemon_that_opens_its_databases_first_is_not_ready_until_they_are_open() {
    let mut daemon = Daemon::start(&[]);
    for name in ["first", "large", "other"] {
        let mut http = daemon.http();
        assert_eq!(http.post("/v1/databases", &format!(r#"{{"name":"{name}"}}"#)).status, 201);
        assert_eq!(http.post(&format!("/v1/databases/{name}/put"), r#"{"coll":"c","id":"1","doc":{}}"#).status, 200);
    }
    let trouble = Trouble::on("/large/");
    daemon.stop().unwrap();
    daemon.start_again(trouble.io(), &[]);
    assert_eq!(daemon.http().get("/health").status, 200, "nothing is opened before it is asked for");
    daemon.stop().unwrap();
    let held = trouble.hold();
    daemon.start_again(trouble.io(), &["--open", "eager"]);
    let mut http = daemon.http();
    let opening = loop {
        let answer = http.get("/health");
        assert_eq!((answer.status, answer.json()["ready"].as_bool()), (503, Some(false)), "{}", answer.body);
        if answer.json()["reasons"][0]["opened"] == 1 {
            break answer.json();
        }
    };
    assert_eq!(codes(&opening, "reasons"), ["opening"], "{opening}");
    assert_eq!(opening["reasons"][0]["databases"], 3, "{opening}");
    let alive = http.get("/");
    assert_eq!((alive.status, alive.json()["ready"].as_bool()), (200, Some(false)), "it lives all the same");
    assert_eq!(http.get("/v1/databases/first/rows/c/1").status, 200, "what is open is served already");
    let metrics = http.get("/metrics").body;
    let has = |name: &str| metrics.contains(&format!("database=\"{name}\""));
    assert!(has("first") && !has("large"), "it waits for none: {metrics}");
    drop(held);
    while http.get("/health").status != 200 {}
    assert_eq!(codes(&http.get("/health").json(), "reasons").len(), 0);
    assert_eq!(http.get("/v1/databases/large/rows/c/1").status, 200);
}

#[test]
fn a_database_whose_disk_cannot_sync_is_poisoned_and_takes_no_other_with_it() {
    let (token, trouble) = ("the root of all", Trouble::on("/shop/"));
    let mut daemon = Daemon::start_in(trouble.io(), &["--token", token]);
    let mut http = daemon.http().with_token(token);
    let put = |http: &mut Http, name: &str, id: u64| {
        let answer =
            http.post(&format!("/v1/databases/{name}/put"), &format!(r#"{{"coll":"c","id":"{id}","doc":{{}}}}"#));
        (answer.status, answer.json()["code"].as_str().map(str::to_owned))
    };
    for name in ["good", "shop"] {
        assert_eq!(http.post("/v1/databases", &format!(r#"{{"name":"{name}"}}"#)).status, 201);
        assert_eq!(put(&mut http, name, 1).0, 200);
    }
    assert_eq!(codes(&http.get("/health").json(), "degraded").len(), 0);

    trouble.fail_syncs();
    let (status, code) = put(&mut http, "shop", 2);
    assert!(status >= 500, "{status} {code:?}");
    let degraded = http.get("/health");
    assert_eq!((degraded.status, degraded.json()["ready"].as_bool()), (200, Some(true)), "{}", degraded.body);
    assert_eq!(codes(&degraded.json(), "degraded"), ["poisoned"], "{}", degraded.body);
    let told = &degraded.json()["degraded"][0];
    assert_eq!((&told["count"], &told["databases"][0]["name"]), (&1.into(), &"shop".into()), "{told}");
    let stranger = daemon.http().get("/health");
    assert!(stranger.status == 200 && !stranger.body.contains("shop"), "{}", stranger.body);
    assert_eq!((put(&mut http, "shop", 3).0, put(&mut http, "good", 2).0), (status, 200), "only one is poisoned");
    assert_eq!(http.get("/v1/databases/shop/rows/c/1").status, 200, "reads go on");

    assert_eq!(http.send("DELETE", "/v1/databases/good", "", "").status, 200);
    let none = http.get("/health");
    assert_eq!((none.status, codes(&none.json(), "reasons")), (503, vec!["no_database".to_owned()]), "{}", none.body);
    let ended = daemon.stop();
    assert!(ended.is_err(), "its last sync failed too: {ended:?}");
    daemon.start_again(nedb_io::Io::real(), &["--token", token]);
    let mut http = daemon.http().with_token(token);
    assert_eq!(http.get("/v1/databases/shop/rows/c/1").status, 200, "what was acknowledged is there");
    assert_eq!((put(&mut http, "shop", 4).0, codes(&http.get("/health").json(), "degraded").len()), (200, 0));
}

/// A short round waits for its sync where connections of the Redis protocol are served.
#[test]
fn a_disk_that_hangs_under_a_redis_command_holds_up_neither_health_nor_other_databases_over_http() {
    let trouble = Trouble::on("/db0/");
    let mut daemon = Daemon::start_in(trouble.io(), &["--durability", "sync"]);
    let (mut http, mut redis) = (daemon.http(), daemon.resp());
    assert_eq!(http.post("/v1/databases", r#"{"name":"other"}"#).status, 201);
    for number in 0..20 {
        // The first opens the database, and those that follow are carried out where they come in.
        assert_eq!(redis.run(&format!("SET before {number}")), Reply::Simple("OK".into()));
    }
    let held = trouble.hold_syncs();
    redis.send_together(&["SET k v"]).unwrap();
    trouble.wait_for_sync();
    // Whoever comes only now is served as well.
    for mut http in [http, daemon.http()] {
        for path in ["/health", "/metrics"] {
            assert_eq!(http.get(path).status, 200, "{path}");
        }
        assert_eq!(http.get("/v1/databases/db0/rows/c/1").status, 404, "reads go on");
        assert_eq!(http.post("/v1/databases/other/put", r#"{"coll":"c","id":"1","doc":{}}"#).status, 200);
    }
    let address = daemon.http_address();
    std::thread::scope(|threads| {
        let ended = threads.spawn(|| daemon.stop());
        // The end is heard: it takes nobody any more.
        while std::net::TcpStream::connect(address).is_ok() {}
        drop(held);
        assert_eq!(redis.receive().unwrap(), Reply::Simple("OK".into()));
        drop(redis);
        ended.join().unwrap().unwrap();
    });
}
