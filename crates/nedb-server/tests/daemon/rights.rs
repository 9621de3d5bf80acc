//! Who may do what, as a table: every verb, over both protocols, for every right and for none.

use nedb_compat::redis::Reply;

use super::daemon::Daemon;
use super::temp_dir::TempDir;

const TOKENS: [(&str, &str); 5] = [
    ("none", ""),
    ("verify", "token-verify"),
    ("read", "token-read"),
    ("write", "token-write"),
    ("admin", "token-admin"),
];

/// A request, and from which right on it is allowed.
const HTTP: &[(&str, &str, &str, &str)] = &[
    ("GET", "/health", "", "none"),
    ("GET", "/v1/databases", "", "verify"),
    ("GET", "/v1/databases/shop", "", "verify"),
    ("GET", "/v1/databases/shop/verify", "", "verify"),
    ("GET", "/v1/databases/shop/proof/0", "", "verify"),
    ("GET", "/v1/databases/shop/checkpoint", "", "verify"),
    ("GET", "/v1/databases/shop/verifier-key", "", "verify"),
    ("GET", "/v1/databases/shop/content/0", "", "read"),
    ("POST", "/v1/databases/shop/query", r#"{"nql":"FROM c"}"#, "read"),
    ("POST", "/v1/databases/shop/sql", r#"{"sql":"SELECT * FROM c"}"#, "read"),
    ("POST", "/v1/databases/shop/mongo", r#"{"collection":"c","op":"find"}"#, "read"),
    ("GET", "/v1/databases/shop/rows/c/1", "", "read"),
    ("GET", "/v1/databases/shop/since", "", "read"),
    ("GET", "/v1/databases/shop/history/c/1", "", "read"),
    ("POST", "/v1/databases/shop/put", r#"{"coll":"c","id":"1","doc":{}}"#, "write"),
    ("POST", "/v1/databases/shop/tx", r#"{"ops":[{"op":"put","coll":"c","id":"2","doc":{}}]}"#, "write"),
    ("POST", "/v1/databases/shop/sql", r#"{"sql":"INSERT OR REPLACE INTO c (_id) VALUES ('3')"}"#, "write"),
    ("POST", "/v1/databases/shop/mongo", r#"{"collection":"c","op":"deleteMany","filter":{"x":1}}"#, "write"),
    ("DELETE", "/v1/databases/shop/rows/c/9", "", "write"),
    ("POST", "/v1/databases/shop/link", r#"{"frm":"c:1","rel":"r","to":"c:2"}"#, "write"),
    ("POST", "/v1/databases/shop/index", r#"{"coll":"c","field":"x"}"#, "admin"),
    ("POST", "/v1/databases/shop/mongo", r#"{"collection":"c","op":"createIndex","keys":{"y":1}}"#, "admin"),
    ("POST", "/v1/databases/shop/checkpoint", "", "admin"),
    ("POST", "/v1/databases/shop/sweep", "", "admin"),
];

const RESP: &[(&str, &str)] = &[
    ("PING", "verify"),
    ("NEDB.PROOF 0", "read"),
    ("GET a", "read"),
    ("EVAL \"FROM c\" 0", "read"),
    ("KEYS *", "read"),
    ("EVAL_RO \"return 1\" 0", "read"),
    ("EVAL \"return 1\" 0", "write"),
    ("PUBLISH a x", "write"),
    ("PUBSUB NUMPAT", "read"),
    ("SUBSCRIBE a", "read"),
    ("UNSUBSCRIBE a", "verify"),
    ("SET a 1", "write"),
    ("MULTI", "verify"),
    ("DISCARD", "verify"),
];

fn rank(right: &str) -> usize {
    TOKENS.iter().position(|(name, _)| *name == right).unwrap()
}

fn token_file() -> (TempDir, String) {
    let dir = TempDir::new("daemon");
    let tokens: Vec<String> = TOKENS[1..]
        .iter()
        .map(|(right, token)| {
            let hash = nedb_crypto::sha256(&[token.as_bytes()]);
            format!("[[token]]\nname = \"{right}er\"\nsha256 = \"{hash}\"\ndatabases = {{ shop = \"{right}\" }}\n")
        })
        .collect();
    let path = dir.join("tokens.toml");
    std::fs::write(&path, tokens.concat()).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

fn daemon() -> (Daemon, TempDir) {
    let (dir, tokens) = token_file();
    let daemon = Daemon::start(&["--token", "the root of all", "--tokens", &tokens]);
    let mut root = daemon.http().with_token("the root of all");
    assert_eq!(root.post("/v1/databases", r#"{"name":"shop","init":{"seed":{"c":[{"_id":"1"}]}}}"#).status, 201);
    assert_eq!(root.post("/v1/databases", r#"{"name":"other"}"#).status, 201);
    (daemon, dir)
}

#[test]
fn over_http_each_verb_needs_its_right_on_its_database() {
    let (daemon, _dir) = daemon();
    for (method, path, body, from) in HTTP {
        for (at, (right, token)) in TOKENS.iter().enumerate() {
            let http = daemon.http();
            let mut http = if token.is_empty() { http } else { http.with_token(token) };
            let answer = http.send(method, path, "", body);
            let wanted = match (at >= rank(from), token.is_empty()) {
                (true, _) => answer.status < 300 || answer.status == 404,
                (false, true) => answer.status == 401,
                (false, false) => answer.status == 403,
            };
            assert!(wanted, "{right}: {method} {path} {body}: {} {}", answer.status, answer.body);
            let elsewhere = path.replace("shop", "other");
            if elsewhere != *path && !token.is_empty() {
                assert_eq!(http.send(method, &elsewhere, "", body).status, 403, "{right}: {elsewhere}");
            }
        }
    }
    assert_eq!(daemon.http().with_token("a wrong token").get("/health").status, 401);
    let names = |token: &str| daemon.http().with_token(token).get("/health").json()["databases"].to_string();
    assert_eq!(names("token-verify"), r#"["shop"]"#);
    assert_eq!(names("the root of all"), r#"["other","shop"]"#);
    assert!(daemon.http().get("/health").json()["databases"].is_null(), "names are for those who have a right on them");
}

#[test]
fn over_the_redis_protocol_each_command_needs_its_right() {
    let (daemon, _dir) = daemon();
    for (line, from) in RESP {
        for (at, (right, token)) in TOKENS.iter().enumerate() {
            let mut resp = daemon.resp();
            if !token.is_empty() {
                assert_eq!(resp.run(&format!("AUTH {right}er {token}")), Reply::ok());
                assert_eq!(resp.run("SELECT shop"), Reply::ok());
                assert!(resp.run("SELECT other").error_text().unwrap().starts_with("NOPERM"));
            }
            let error = resp.run(line).error_text().unwrap_or_default();
            let prefix = if token.is_empty() { "NOAUTH" } else { "NOPERM" };
            assert_eq!(error.starts_with(prefix), at < rank(from), "{right}: {line}: {error}");
        }
    }
    let mut resp = daemon.resp();
    resp.run("AUTH reader token-read");
    resp.run("SELECT shop");
    for (line, wanted) in [("MULTI", "OK"), ("SET a 1", "NOPERM"), ("GET a", "QUEUED"), ("EXEC", "EXECABORT")] {
        let reply = format!("{:?}", resp.run(line));
        assert!(reply.contains(wanted), "what was refused breaks the transaction: {line}: {reply}");
    }
    let mut resp = daemon.resp();
    for wrong in ["AUTH x", "AUTH reader token-write", "HELLO 3 AUTH reader x"] {
        assert!(resp.run(wrong).error_text().unwrap().starts_with("WRONGPASS"), "{wrong}");
    }
    assert!(resp.run("HELLO 3").error_text().unwrap().starts_with("NOAUTH"));
    assert!(matches!(resp.run("HELLO 3 AUTH reader token-read SETNAME x"), Reply::Map(_)));
}

#[test]
fn a_page_or_a_bent_name_does_not_come_in() {
    let daemon = Daemon::start(&["--cors-origins", "https://app.example"]);
    let mut http = daemon.http();
    let mut status = |headers: &str| http.send("GET", "/health", headers, "");
    assert_eq!(status("host: evil.example\r\n").status, 403);
    assert_eq!(status("host: localhost:80\r\n").status, 200);
    assert_eq!(status("host: [::1]:80\r\n").status, 200);
    assert_eq!(status("origin: https://evil.example\r\n").status, 403);
    let allowed = status("origin: https://app.example\r\n");
    assert!(allowed.status == 200 && allowed.headers.contains("access-control-allow-origin: https://app.example"));
    let preflight = http.send("OPTIONS", "/v1/databases", "origin: https://app.example\r\n", "");
    assert!(preflight.status == 204 && preflight.headers.contains("access-control-allow-methods"));
    // What a browser posts to the port of the other protocol is not taken for commands.
    let mut resp = daemon.resp();
    resp.write(b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET a 1\r\n").unwrap();
    assert!(resp.receive().is_err());
    assert_eq!(daemon.resp().run("GET a"), Reply::Nil);
}
