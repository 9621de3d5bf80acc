//! Administrative acts are written down before they are carried out, with what came of them, where nobody else writes.

use nedb_compat::redis::Reply;

use super::daemon::Daemon;
use super::temp_dir::TempDir;

const ACTS: &str = "/v1/databases/nedbd.audit/rows/acts";

fn tokens() -> (TempDir, String) {
    let dir = TempDir::new("daemon");
    let token = |name: &str, rights: &str| {
        let hash = nedb_crypto::sha256(&[name.as_bytes()]);
        format!("[[token]]\nname = \"{name}\"\nsha256 = \"{hash}\"\n{rights}\n")
    };
    let path = dir.join("tokens.toml");
    let file = token("ops", "databases = { \"*\" = \"admin\" }") + &token("app", "databases = { shop = \"admin\" }");
    std::fs::write(&path, file).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

#[test]
fn acts_are_written_down_with_who_did_what_and_what_came_of_it() {
    let (_files, tokens) = tokens();
    let daemon = Daemon::start(&["--tokens", &tokens]);
    let (mut ops, mut app) = (daemon.http().with_token("ops"), daemon.http().with_token("app"));
    assert_eq!(ops.get(ACTS).status, 404, "nothing was done yet");
    assert_eq!(ops.post("/v1/databases", r#"{"name":"shop","init":{"seed":{"c":[{"_id":"1"}]}}}"#).status, 201);
    assert_eq!(ops.post("/v1/databases", r#"{"name":"shop"}"#).status, 409);
    assert_eq!(app.post("/v1/databases/shop/index", r#"{"coll":"c","field":"x","kind":"ordered"}"#).status, 200);
    let call = r#"{"collection":"c","op":"createIndex","keys":{"y":1}}"#;
    assert_eq!(app.post("/v1/databases/shop/mongo", call).status, 200);
    assert_eq!(app.post("/v1/databases/shop/put", r#"{"coll":"c","id":"2","doc":{}}"#).status, 200);
    assert_eq!(app.post("/v1/databases", r#"{"name":"mine"}"#).status, 403);
    let mut resp = daemon.resp();
    assert_eq!(resp.run("AUTH ops ops"), Reply::ok());
    assert_eq!(resp.run("CLIENT PAUSE 1 WRITE"), Reply::ok());
    assert_eq!(resp.run("CLIENT KILL 127.0.0.1:1").error_text().unwrap(), "ERR No such client");
    assert!(matches!(resp.run("CLIENT LIST"), Reply::Bulk(_)));
    assert_eq!(ops.send("DELETE", "/v1/databases/shop", "", "").status, 200);

    let acts = ops.get(ACTS).json();
    let shown: Vec<String> = acts["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|act| {
            let part = |name: &str| act[name].as_str().unwrap_or_default().to_owned();
            format!("{}: {} {} {}", part("by"), part("what"), act["said"], part("outcome"))
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"ops: POST /v1/databases {"name":"shop"} done"#,
            r#"ops: POST /v1/databases {"name":"shop"} already_exists"#,
            r#"app: POST /v1/databases/{db}/index {"coll":"c","db":"shop","field":"x","kind":"ordered"} done"#,
            r#"app: mongo createIndex {"collection":"c","db":"shop","op":"createIndex"} done"#,
            r#"ops: CLIENT PAUSE {"words":"1 WRITE"} done"#,
            r#"ops: CLIENT KILL {"words":"127.0.0.1:1"} redis_command"#,
            r#"ops: DELETE /v1/databases/{db} {"db":"shop"} done"#,
        ]
    );
    let id = acts["rows"][0]["_id"].as_str().unwrap();
    let versions = ops.get(&format!("/v1/databases/nedbd.audit/history/acts/{id}")).json();
    let outcomes: Vec<&str> =
        versions["rows"].as_array().unwrap().iter().map(|row| row["document"]["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["done", "begun"]);
    assert_eq!(ops.get("/v1/databases/nedbd.audit/verify").json()["ok"], true);
}

/// The acts so far, as `what outcome`.
fn outcomes(daemon: &Daemon) -> Vec<String> {
    let acts = daemon.http().with_token("ops").get(ACTS).json();
    let rows = acts["rows"].as_array().cloned().unwrap_or_default();
    let part = |act: &serde_json::Value, name: &str| act[name].as_str().unwrap_or_default().to_owned();
    rows.iter().map(|act| format!("{} {}", part(act, "what"), part(act, "outcome"))).collect()
}

#[test]
fn each_act_of_a_table_is_written_down_and_nothing_else() {
    let (_files, tokens) = tokens();
    let daemon = Daemon::start(&["--tokens", &tokens]);
    let mut http = daemon.http().with_token("ops");
    let mut resp = daemon.resp();
    assert_eq!(resp.run("AUTH ops ops"), Reply::ok());
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    assert_eq!(resp.run("SELECT shop"), Reply::ok());
    let mut before = outcomes(&daemon);
    // A request or a command, and the act that it is.
    for (asked, wanted) in [
        ("POST /v1/databases/shop/index {\"coll\":\"c\",\"field\":\"x\"}", "POST /v1/databases/{db}/index done"),
        ("DELETE /v1/databases/shop/index/c/x", "DELETE /v1/databases/{db}/index/{coll}/{field} done"),
        ("POST /v1/databases/shop/checkpoint", "POST /v1/databases/{db}/checkpoint done"),
        ("POST /v1/databases/shop/sweep", "POST /v1/databases/{db}/sweep done"),
        ("DELETE /v1/databases/shop/slow", "DELETE /v1/databases/{db}/slow done"),
        ("GET /v1/databases/shop/slow", ""),
        ("GET /metrics", ""),
        ("SLOWLOG RESET", "SLOWLOG RESET done"),
        ("SLOWLOG LEN", ""),
        ("CLIENT UNPAUSE", "CLIENT UNPAUSE done"),
        ("CONFIG RESETSTAT", "CONFIG RESETSTAT done"),
        ("CLIENT UNBLOCK 1", "CLIENT UNBLOCK done"),
        ("CLIENT LIST", ""),
        ("SCRIPT FLUSH", ""),
        ("SET a 1", ""),
        ("FLUSHDB", "FLUSHDB done"),
        ("FLUSHALL", "FLUSHALL done"),
        ("FLUSHDB SOON", "FLUSHDB redis_command"),
        ("MULTI", ""),
        ("FLUSHDB", "FLUSHDB done"),
        ("EXEC", ""),
        ("DELETE /v1/databases/shop", "DELETE /v1/databases/{db} done"),
    ] {
        if asked.contains('/') {
            let mut words = asked.splitn(3, ' ');
            let (verb, path, body) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap_or_default());
            let status = http.send(verb, path, "", body).status;
            assert_eq!(status, 200, "{asked}");
        } else {
            resp.run(asked);
        }
        let now = outcomes(&daemon);
        let added: Vec<&String> = now[before.len()..].iter().collect();
        assert_eq!(added, [wanted].iter().filter(|wanted| !wanted.is_empty()).collect::<Vec<_>>(), "{asked}");
        before = now;
    }
    daemon.reload();
    assert_eq!(outcomes(&daemon)[before.len()..], ["reload tokens done"]);
    std::fs::write(&tokens, "no tokens").unwrap();
    daemon.reload();
    assert_eq!(outcomes(&daemon)[before.len() + 1..], ["reload tokens invalid_argument"]);
}

#[test]
fn the_acts_are_read_by_administrators_and_written_by_nobody() {
    let (_files, tokens) = tokens();
    let daemon = Daemon::start(&["--tokens", &tokens]);
    let (mut ops, mut app) = (daemon.http().with_token("ops"), daemon.http().with_token("app"));
    assert_eq!(ops.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    assert_eq!((ops.get(ACTS).status, app.get(ACTS).status), (200, 403));
    let put = r#"{"coll":"acts","id":"x","doc":{}}"#;
    assert_eq!(ops.post("/v1/databases/nedbd.audit/put", put).status, 403);
    assert_eq!(ops.send("DELETE", "/v1/databases/nedbd.audit", "", "").status, 403);
    let refused = ops.post("/v1/databases", r#"{"name":"nedbd.mine"}"#);
    assert!(refused.status == 400 && refused.body.contains("invalid_name"), "{}", refused.body);
    assert_eq!(ops.get("/v1/databases").json()["databases"].as_array().unwrap().len(), 1, "they are not listed");
    let mut resp = daemon.resp();
    resp.run("AUTH ops ops");
    assert_eq!(resp.run("SELECT nedbd.audit"), Reply::ok());
    assert!(resp.run("SET a 1").error_text().unwrap().starts_with("NOPERM"));
}

#[test]
fn what_cannot_be_written_down_is_not_carried_out() {
    let daemon = Daemon::start(&[]);
    std::fs::write(daemon.dir.join("nedbd.audit"), "in the way").unwrap();
    let refused = daemon.http().post("/v1/databases", r#"{"name":"shop"}"#);
    assert!(refused.status == 500 && refused.json()["code"] == "io", "{}", refused.body);
    assert_eq!(daemon.http().get("/v1/databases/shop").status, 404);
}
