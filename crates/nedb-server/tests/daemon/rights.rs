//! Who may do what, as a table: every verb, over both protocols, for every right and for none.

use std::collections::BTreeMap;

use nedb_compat::redis::Reply;

use super::daemon::Daemon;
use super::temp_dir::TempDir;

const ROOT: &str = "the root of all";

/// Rights on the database `shop`, and the right to everything; with their tokens, whose names are the rights.
const TOKENS: [(&str, &str); 6] = [
    ("none", ""),
    ("verify", "token-verify"),
    ("read", "token-read"),
    ("write", "token-write"),
    ("admin", "token-admin"),
    ("root", ROOT),
];

/// A request, and from which right on it is allowed; `root` where it takes a right on all databases. Each route of the daemon's document stands here.
#[rustfmt::skip]
const HTTP: &[(&str, &str, &str, &str)] = &[
    ("GET", "/", "", "none"),
    ("GET", "/health", "", "none"),
    ("GET", "/openapi.json", "", "none"),
    ("GET", "/v1/databases", "", "verify"),
    ("POST", "/v1/databases", r#"{"name":"shop"}"#, "root"),
    ("GET", "/v1/databases/shop", "", "verify"),
    ("GET", "/v1/databases/shop/verify", "", "verify"),
    ("GET", "/v1/databases/shop/proof/0", "", "verify"),
    ("GET", "/v1/databases/shop/consistency?from=0&to=1", "", "verify"),
    ("GET", "/v1/databases/shop/checkpoint", "", "verify"),
    ("GET", "/v1/databases/shop/verifier-key", "", "verify"),
    ("GET", "/v1/databases/shop/tile/0/000", "", "verify"),
    ("GET", "/v1/databases/shop/content/0", "", "read"),
    ("POST", "/v1/databases/shop/query", r#"{"nql":"FROM c"}"#, "read"),
    ("POST", "/v1/databases/shop/sql", r#"{"sql":"SELECT * FROM c"}"#, "read"),
    ("POST", "/v1/databases/shop/mongo", r#"{"collection":"c","op":"find"}"#, "read"),
    ("GET", "/v1/databases/shop/rows/c", "", "read"),
    ("GET", "/v1/databases/shop/rows/c/1", "", "read"),
    ("POST", "/v1/databases/shop/neighbors", r#"{"node":"c:1","rel":"r"}"#, "read"),
    ("GET", "/v1/databases/shop/log", "", "read"),
    ("GET", "/v1/databases/shop/since", "", "read"),
    ("GET", "/v1/databases/shop/history/c/1", "", "read"),
    ("GET", "/v1/databases/shop/diff?from=0&to=1", "", "read"),
    ("GET", "/v1/databases/shop/events", "", "read"),
    ("GET", "/v1/databases/shop/live", "", "read"),
    ("GET", "/events", "", "read"),
    ("GET", "/v1/databases/shop/stats", "", "read"),
    ("POST", "/v1/databases/shop/put", r#"{"coll":"c","id":"1","doc":{}}"#, "write"),
    ("POST", "/v1/databases/shop/tx", r#"{"ops":[{"op":"put","coll":"c","id":"2","doc":{}}]}"#, "write"),
    ("POST", "/v1/databases/shop/batch", r#"{"ops":[{"op":"put","coll":"c","id":"2","doc":{}}]}"#, "write"),
    ("POST", "/v1/databases/shop/sql", r#"{"sql":"INSERT OR REPLACE INTO c (_id) VALUES ('3')"}"#, "write"),
    ("POST", "/v1/databases/shop/mongo", r#"{"collection":"c","op":"deleteMany","filter":{"x":1}}"#, "write"),
    ("DELETE", "/v1/databases/shop/rows/c/9", "", "write"),
    ("POST", "/v1/databases/shop/link", r#"{"frm":"c:1","rel":"r","to":"c:2"}"#, "write"),
    ("POST", "/v1/databases/shop/unlink", r#"{"frm":"c:1","rel":"r","to":"c:2"}"#, "write"),
    ("GET", "/v1/databases/shop/stream", "", "write"),
    ("POST", "/v1/databases/shop/index", r#"{"coll":"c","field":"x"}"#, "admin"),
    ("DELETE", "/v1/databases/shop/index/c/x", "", "admin"),
    ("POST", "/v1/databases/shop/mongo", r#"{"collection":"c","op":"createIndex","keys":{"y":1}}"#, "admin"),
    ("POST", "/v1/databases/shop/checkpoint", "", "admin"),
    ("POST", "/v1/databases/shop/sweep", "", "admin"),
    ("GET", "/v1/databases/shop/slow", "", "admin"),
    ("DELETE", "/v1/databases/shop/slow", "", "admin"),
    ("GET", "/metrics", "", "root"),
    ("DELETE", "/v1/databases/shop", "", "admin"),
];

/// Commands of the Redis protocol that need more than their names say.
const RESP: &[(&str, &str)] = &[
    ("EVAL \"FROM c\" 0", "read"),
    ("EVAL \"return 1\" 0", "write"),
    ("CLIENT ID", "verify"),
    ("CLIENT LIST", "root"),
    ("CLIENT PAUSE 0", "root"),
    ("CLIENT UNPAUSE", "root"),
    ("CLIENT UNBLOCK 0", "root"),
    ("CLIENT KILL ID 0", "root"),
    ("CONFIG RESETSTAT", "root"),
    ("CONFIG GET save", "verify"),
];

/// The right that a command of the Redis protocol needs, whatever its words are. Each command that the daemon knows stands here once.
#[rustfmt::skip]
const COMMANDS: &[(&str, &str)] = &[
    ("verify", "auth client command config discard echo exec hello info lolwut multi nedb.proof nedb.verify ping punsubscribe quit
        reset select sunsubscribe time unsubscribe unwatch wait watch"),
    ("read", "bitcount bitfield_ro bitpos dbsize dump eval_ro evalsha_ro exists expiretime get getbit getrange hexists hget hgetall
        hkeys hlen hmget hrandfield hscan hstrlen hvals keys lcs lindex llen lpos lrange mget nedb.asof nedb.history nedb.query object
        pexpiretime psubscribe pttl pubsub randomkey scan scard script sdiff sinter sintercard sismember smembers smismember sort_ro srandmember
        sscan ssubscribe strlen subscribe substr sunion touch ttl type xinfo xlen xpending xrange xread xrevrange zcard zcount zdiff zinter
        zintercard zlexcount zmscore zrandmember zrange zrangebylex zrangebyscore zrank zrevrange zrevrangebylex zrevrangebyscore zrevrank
        zscan zscore zunion"),
    ("write", "append bitfield bitop blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin copy decr decrby del eval evalsha expire
        expireat flushall flushdb getdel getex getset hdel hincrby hincrbyfloat hmset hset hsetnx incr incrby incrbyfloat linsert lmove
        lmpop lpop lpush lpushx lrem lset ltrim mset msetnx nedb.reclaim persist pexpire pexpireat psetex publish rename renamenx restore
        rpop rpoplpush rpush rpushx sadd sdiffstore set setbit setex setnx setrange sinterstore smove sort spop spublish srem sunionstore
        unlink xack xadd xautoclaim xclaim xdel xgroup xreadgroup xsetid xtrim zadd zdiffstore zincrby zinterstore zmpop zpopmax zpopmin
        zrangestore zrem zremrangebylex zremrangebyrank zremrangebyscore zunionstore"),
    ("admin", "slowlog"),
];

/// Where the first token stands that has a right.
fn rank(right: &str) -> usize {
    TOKENS.iter().position(|(name, _)| *name == right).unwrap_or(TOKENS.len())
}

fn token_file() -> (TempDir, String) {
    let dir = TempDir::new("daemon");
    let tokens: Vec<String> = TOKENS[1..5]
        .iter()
        .map(|(right, token)| {
            let hash = nedb_crypto::sha256(&[token.as_bytes()]);
            format!("[[token]]\nname = \"{right}\"\nsha256 = \"{hash}\"\ndatabases = {{ shop = \"{right}\" }}\n")
        })
        .collect();
    let path = dir.join("tokens.toml");
    std::fs::write(&path, tokens.concat()).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

fn daemon() -> (Daemon, TempDir) {
    let (dir, tokens) = token_file();
    let daemon = Daemon::start(&["--token", ROOT, "--tokens", &tokens]);
    let mut root = daemon.http().with_token(ROOT);
    assert_eq!(root.post("/v1/databases", r#"{"name":"shop","init":{"seed":{"c":[{"_id":"1"}]}}}"#).status, 201);
    assert_eq!(root.post("/v1/databases", r#"{"name":"other"}"#).status, 201);
    (daemon, dir)
}

/// The status of an answer, which may never end.
fn status(daemon: &Daemon, token: &str, (method, path, body): (&str, &str, &str)) -> u16 {
    let http = daemon.http();
    let mut http = if token.is_empty() { http } else { http.with_token(token) };
    http.begin(method, path, "", body).unwrap();
    http.line().unwrap().split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn over_http_each_verb_needs_its_right_on_its_database() {
    let (daemon, _dir) = daemon();
    let names = |token: &str| daemon.http().with_token(token).get("/health").json()["databases"].to_string();
    assert_eq!(names("token-verify"), r#"["shop"]"#);
    assert_eq!(names(ROOT), r#"["other","shop"]"#);
    assert!(daemon.http().get("/health").json()["databases"].is_null(), "names are for those who have a right on them");
    assert_eq!(daemon.http().with_token(ROOT).get("/metrics").status, 200);
    assert_eq!(daemon.http().with_token("a wrong token").get("/health").status, 401);
    for (method, path, body, from) in HTTP {
        for (at, (right, token)) in TOKENS.iter().enumerate() {
            let elsewhere = (path.replace("shop", "other"), body.replace("shop", "other"));
            if (elsewhere.0 != *path || elsewhere.1 != *body)
                && ![("none", ""), ("root", ROOT)].contains(&(right, token))
            {
                let status = status(&daemon, token, (method, &elsewhere.0, &elsewhere.1));
                assert_eq!(status, 403, "{right}: {method} {elsewhere:?}");
            }
            let status = status(&daemon, token, (method, path, body));
            let wanted = match (at >= rank(from), token.is_empty()) {
                (true, _) => ![401, 403].contains(&status) && status < 500,
                (false, true) => status == 401,
                (false, false) => status == 403,
            };
            assert!(wanted, "{right}: {method} {path} {body}: {status}");
        }
    }
}

#[test]
fn every_route_stands_in_the_table() {
    let (daemon, _dir) = daemon();
    let document = daemon.http().get("/openapi.json").json();
    let fits = |template: &str, path: &str| {
        let path = path.split('?').next().unwrap();
        let (mut template, mut path) = (template.split('/'), path.split('/'));
        loop {
            match (template.next(), path.next()) {
                (None, None) | (Some("{path}"), Some(_)) => return true,
                (Some(part), Some(found)) if part.starts_with('{') || part == found => {}
                _ => return false,
            }
        }
    };
    for (template, verbs) in document["paths"].as_object().unwrap() {
        for verb in verbs.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            let is_there =
                HTTP.iter().any(|(method, path, ..)| method.eq_ignore_ascii_case(verb) && fits(template, path));
            assert!(is_there, "{verb} {template} is in the document, and its right is not in the table");
        }
    }
}

/// Whether the words are refused for want of a right, to each of the tokens as it should be.
fn is_refused_below(daemon: &Daemon, words: &[Vec<u8>], from: &str) {
    for (at, (right, token)) in TOKENS.iter().enumerate() {
        let mut resp = daemon.resp();
        if !token.is_empty() {
            assert_eq!(resp.run(&format!("AUTH {right} \"{token}\"")), Reply::ok());
            let elsewhere = resp.run("SELECT other").error_text().unwrap_or_default();
            assert!(*right == "root" || elsewhere.starts_with("NOPERM"), "{right}: {elsewhere}");
            assert_eq!(resp.run("SELECT shop"), Reply::ok());
        }
        resp.send(words).unwrap();
        let error = resp.receive().unwrap().error_text().unwrap_or_default();
        let said: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(word)).collect();
        let prefix = if token.is_empty() { "NOAUTH" } else { "NOPERM" };
        assert_eq!(error.starts_with(prefix), at < rank(from), "{right}: {said:?}: {error}");
    }
}

#[test]
fn over_the_redis_protocol_each_command_needs_its_right() {
    let (daemon, _dir) = daemon();
    for (line, from) in RESP {
        is_refused_below(&daemon, &super::words::words(line), from);
    }
    let mut root = daemon.resp();
    root.run(&format!("AUTH root \"{ROOT}\""));
    let Reply::Array(known) = root.run("COMMAND") else { panic!("a list of commands") };
    let mut listed: BTreeMap<&str, &str> =
        COMMANDS.iter().flat_map(|(right, names)| names.split_whitespace().map(move |name| (name, *right))).collect();
    for row in known {
        let Reply::Array(parts) = row else { panic!("the row of a command") };
        let name = match &parts[0] {
            Reply::Bulk(name) => String::from_utf8_lossy(name).to_lowercase(),
            Reply::Simple(name) => name.to_lowercase(),
            other => panic!("the name of a command: {other:?}"),
        };
        let Reply::Int(arity) = &parts[1] else { panic!("how many words it takes: {parts:?}") };
        let from = listed
            .remove(name.as_str())
            .unwrap_or_else(|| panic!("{name} is known, and its right is not in the table"));
        // These are there before AUTH, so that one can come in or go; what SELECT needs depends on its word.
        if ["auth", "hello", "quit", "reset", "select"].contains(&name.as_str()) {
            continue;
        }
        let mut words = vec![b"1".to_vec(); usize::try_from(arity.abs()).unwrap()];
        words[0] = name.into_bytes();
        is_refused_below(&daemon, &words, from);
    }
    assert!(listed.is_empty(), "no such commands: {listed:?}");
    let mut resp = daemon.resp();
    resp.run("AUTH read token-read");
    resp.run("SELECT shop");
    for (line, wanted) in [("MULTI", "OK"), ("SET a 1", "NOPERM"), ("GET a", "QUEUED"), ("EXEC", "EXECABORT")] {
        let reply = format!("{:?}", resp.run(line));
        assert!(reply.contains(wanted), "what was refused breaks the transaction: {line}: {reply}");
    }
    let mut resp = daemon.resp();
    for wrong in ["AUTH x", "AUTH read token-write", "HELLO 3 AUTH read x"] {
        assert!(resp.run(wrong).error_text().unwrap().starts_with("WRONGPASS"), "{wrong}");
    }
    assert!(resp.run("HELLO 3").error_text().unwrap().starts_with("NOAUTH"));
    assert!(matches!(resp.run("HELLO 3 AUTH read token-read SETNAME x"), Reply::Map(_)));
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
