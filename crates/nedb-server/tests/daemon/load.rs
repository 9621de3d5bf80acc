//! Many clients at once.

use nedb_compat::redis::Reply;

use super::daemon::Daemon;

#[test]
fn four_hundred_concurrent_increments_give_four_hundred() {
    let daemon = Daemon::start(&[]);
    std::thread::scope(|threads| {
        for _ in 0..40 {
            threads.spawn(|| {
                let mut resp = daemon.resp();
                for _ in 0..10 {
                    assert!(matches!(resp.run("INCR n"), Reply::Int(_)));
                }
            });
        }
    });
    assert_eq!(daemon.resp().run("GET n"), Reply::bulk("400"));
    let history = daemon.http().get("/v1/databases/db0/history/_kv/n").json();
    assert_eq!(history["count"], 400, "each is a version");
}

#[test]
fn a_pipeline_is_answered_in_order_and_committed_together() {
    let daemon = Daemon::start(&[]);
    let mut resp = daemon.resp();
    let lines = [
        "SET a 1", "INCR a", "NOPE", "GET a", "SELECT 3", "GET a", "SELECT 0", "MULTI", "INCR a", "EXEC", "PING",
        "INCR a", "GET a",
    ];
    resp.send_together(&lines).unwrap();
    let replies: Vec<Reply> = lines.iter().map(|_| resp.receive().unwrap()).collect();
    let ok = Reply::ok;
    assert!(replies[2].error_text().unwrap().starts_with("ERR unknown command 'NOPE'"), "{:?}", replies[2]);
    assert_eq!(replies[..2], [ok(), Reply::Int(2)]);
    assert_eq!(replies[3..7], [Reply::bulk("2"), ok(), Reply::Nil, ok()]);
    assert_eq!(replies[7..10], [ok(), Reply::Simple("QUEUED".into()), Reply::Array(vec![Reply::Int(3)])]);
    assert_eq!(replies[10..], [Reply::Simple("PONG".into()), Reply::Int(4), Reply::bulk("4")]);
    let log = daemon.http().get("/v1/databases/db0/since").json();
    let times: Vec<_> = log["rows"].as_array().unwrap().iter().map(|entry| entry["ts"].clone()).collect();
    assert_eq!(times.len(), 4);
    assert!(times[0] == times[1] && times[2] == times[3], "two groups, because SELECT stands between them: {times:?}");
}

#[test]
fn requests_above_the_limit_are_told_to_come_back() {
    let daemon = Daemon::start(&["--requests-max", "1"]);
    let mut writer = daemon.http();
    let statuses: Vec<u16> = std::thread::scope(|threads| {
        let clients: Vec<_> = (0..24)
            .map(|client| {
                let daemon = &daemon;
                threads.spawn(move || {
                    let mut http = daemon.http();
                    (0..20)
                        .map(|n| {
                            http.post(
                                "/v1/databases/db0/put",
                                &format!(r#"{{"coll":"c","id":"{client}-{n}","doc":{{}}}}"#),
                            )
                            .status
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| [200, 404, 429].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&429), "24 clients meet one place");
    assert_eq!(writer.get("/health").status, 200);
}

#[test]
fn a_connection_goes_on_in_the_new_database_of_a_name_that_was_dropped() {
    let daemon = Daemon::start(&[]);
    let (mut resp, mut http) = (daemon.resp(), daemon.http());
    assert_eq!(resp.run("SET a 1"), Reply::ok());
    assert_eq!(http.send("DELETE", "/v1/databases/db0", "", "").status, 200);
    assert_eq!(resp.run("GET a"), Reply::Nil);
    assert_eq!(resp.run("SET a 2"), Reply::ok());
    assert_eq!(http.get("/v1/databases/db0/rows/_kv/a").json()["doc"]["_v"], "2");
}

#[test]
fn a_question_over_either_protocol_ends_at_its_deadline() {
    let daemon = Daemon::start(&["--query-timeout-s", "0"]);
    let mut resp = daemon.resp();
    (0..300).for_each(|id| drop(resp.run(&format!("HSET user:{id} a 1"))));
    let error = resp.run("EVAL \"FROM user WHERE a = '2'\" 0").error_text().unwrap_or_default();
    assert!(error.contains("query_timeout") || error.contains("deadline"), "{error}");
    let answer = daemon.http().post("/v1/databases/db0/query", r#"{"nql":"FROM user WHERE a = '2'"}"#);
    assert_eq!((answer.status, answer.json()["code"].as_str()), (408, Some("query_timeout")), "{}", answer.body);
}

#[test]
fn health_and_figures_are_answered_while_every_place_is_taken() {
    let daemon = Daemon::start(&["--requests-max", "1", "--durability", "none"]);
    let mut http = daemon.http();
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    let put = |id: u32| format!(r#"{{"op":"put","coll":"c","id":"{id}","doc":{{}}}}"#);
    let ops: Vec<String> = (0..20_000).map(put).collect();
    let body = format!(r#"{{"ops":[{}]}}"#, ops.join(","));
    std::thread::scope(|threads| {
        let writer = threads.spawn(|| daemon.http().post("/v1/databases/shop/tx", &body).status);
        while !writer.is_finished() {
            assert_eq!((http.get("/health").status, http.get("/metrics").status), (200, 200));
        }
        assert_eq!(writer.join().unwrap(), 200);
    });
}
