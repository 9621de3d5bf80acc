//! CLIENT TRACKING beyond what Redis can be asked for: writes of other interfaces, lifetimes, rights, and copies that are never stale for long.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use nedb_compat::redis::Reply;

use super::client::Resp;
use super::daemon::Daemon;
use super::temp_dir::TempDir;

const KEYS: usize = 16;

fn tracking(daemon: &Daemon, options: &str) -> Resp {
    let mut resp = daemon.resp();
    resp.run("HELLO 3");
    assert_eq!(resp.run(&format!("CLIENT TRACKING ON {options}")), Reply::ok());
    resp
}

fn changed(key: &str) -> Reply {
    Reply::Array(vec![Reply::bulk("invalidate"), Reply::Array(vec![Reply::bulk(key)])])
}

fn everything() -> Reply {
    Reply::Array(vec![Reply::bulk("invalidate"), Reply::Nil])
}

#[test]
fn what_other_interfaces_write_is_told_as_well() {
    let daemon = Daemon::start(&["--sweep-s", "0"]);
    let (mut reader, mut http) = (tracking(&daemon, ""), daemon.http());
    let mut broadcast = tracking(&daemon, "BCAST PREFIX c:");
    let mut post =
        |path: &str, body: &str| assert_eq!(http.post(&format!("/v1/databases/db0/{path}"), body).status, 200);
    reader.run("HGETALL c:1");
    post("put", r#"{"coll":"c","id":"1","doc":{"f":"v"}}"#);
    assert_eq!((reader.receive().unwrap(), broadcast.receive().unwrap()), (changed("c:1"), changed("c:1")));
    reader.run("HGETALL c:1");
    post("sql", r#"{"sql":"DELETE FROM c"}"#);
    assert_eq!((reader.receive().unwrap(), broadcast.receive().unwrap()), (changed("c:1"), changed("c:1")));
}

#[test]
fn the_end_of_a_lifetime_is_told_without_a_sweep() {
    let daemon = Daemon::start(&["--sweep-s", "0"]);
    let (mut reader, mut writer) = (tracking(&daemon, ""), daemon.resp());
    writer.run("SET a 1 PX 30");
    writer.run("HSET c:1 f v");
    writer.run("PEXPIRE c:1 60");
    assert_eq!(reader.run("GET a"), Reply::bulk("1"));
    reader.run("HGETALL c:1");
    assert_eq!(reader.receive().unwrap(), changed("a"));
    assert_eq!(reader.receive().unwrap(), changed("c:1"));
    assert_eq!(reader.run("EXISTS a c:1"), Reply::Int(0));
}

#[test]
fn a_database_that_is_dropped_is_told_as_all_of_its_keys() {
    let daemon = Daemon::start(&[]);
    let mut reader = tracking(&daemon, "");
    for name in ["1", "2"] {
        assert_eq!(reader.run(&format!("SELECT {name}")), Reply::ok());
        reader.run("GET a");
    }
    // What was read in another database stays tracked.
    let mut writer = daemon.resp();
    writer.run("SELECT 1");
    writer.run("SET a 1");
    assert_eq!(reader.receive().unwrap(), changed("a"));
    assert_eq!(daemon.http().send("DELETE", "/v1/databases/db2", "", "").status, 200);
    assert_eq!(reader.receive().unwrap(), everything());
}

#[test]
fn connections_that_track_are_listed_and_counted() {
    let daemon = Daemon::start(&[]);
    let (mut one, mut other) = (daemon.resp(), daemon.resp());
    let Reply::Int(id) = one.run("CLIENT ID") else { panic!("a number") };
    let text = |reply: Reply| match reply {
        Reply::Bulk(bytes) => String::from_utf8(bytes).unwrap(),
        other => panic!("{other:?} is no text"),
    };
    assert!(text(other.run("INFO clients")).contains("tracking_clients:0\r\n"));
    other.run(&format!("CLIENT TRACKING ON BCAST REDIRECT {id}"));
    let line = text(other.run("CLIENT INFO"));
    assert!(line.contains(" flags=tB ") && line.contains(&format!(" redir={id} ")), "{line}");
    assert!(text(one.run("INFO clients")).contains("tracking_clients:1\r\n"));
}

/// A daemon with users: `root` may everything, `blind` may not read, `shop` and `other` may read `db0`.
fn with_users() -> (Daemon, TempDir) {
    let dir = TempDir::new("daemon");
    let file = dir.join("tokens.toml");
    let tokens = [
        ("root", "\"*\" = \"admin\""),
        ("blind", "db0 = \"verify\""),
        ("shop", "db0 = \"read\""),
        ("other", "db0 = \"read\""),
    ];
    let tokens = tokens.map(|(name, databases)| {
        let digest = nedb_crypto::sha256(&[format!("token-{name}").as_bytes()]);
        format!("[[token]]\nname = \"{name}\"\nsha256 = \"{digest}\"\ndatabases = {{ {databases} }}\n")
    });
    std::fs::write(&file, tokens.concat()).unwrap();
    let daemon = Daemon::start(&["--tokens", file.to_str().unwrap()]);
    login(&daemon, "root").run("SET a 1");
    (daemon, dir)
}

fn login(daemon: &Daemon, name: &str) -> Resp {
    let mut resp = daemon.resp();
    assert!(matches!(resp.run(&format!("HELLO 3 AUTH {name} token-{name}")), Reply::Map(_)));
    resp
}

fn id(resp: &mut Resp) -> i64 {
    let Reply::Int(id) = resp.run("CLIENT ID") else { panic!("a number") };
    id
}

fn is_refused(reply: &Reply) -> bool {
    reply.error_text().is_some_and(|text| text.starts_with("NOPERM"))
}

#[test]
fn nobody_is_told_of_keys_that_he_may_not_read_nor_tells_those_of_others() {
    let (daemon, _dir) = with_users();
    let [mut root, mut blind, mut shop] = ["root", "blind", "shop"].map(|name| login(&daemon, name));
    assert_eq!(shop.run("CLIENT TRACKING ON BCAST"), Reply::ok());
    assert!(is_refused(&blind.run("CLIENT TRACKING ON BCAST")));
    root.run("SET secret 1");
    assert_eq!(shop.receive().unwrap(), changed("secret"));
    assert_eq!(blind.run("PING"), Reply::Simple("PONG".into()));
    let to_root = format!("CLIENT TRACKING ON BCAST REDIRECT {}", id(&mut root));
    assert!(is_refused(&shop.run(&to_root)));
}

#[test]
fn who_logs_in_anew_is_told_only_of_what_he_may_read_now() {
    let (daemon, _dir) = with_users();
    for mode in ["", "BCAST"] {
        let (mut root, mut reader) = (login(&daemon, "root"), login(&daemon, "shop"));
        assert_eq!(reader.run(&format!("CLIENT TRACKING ON {mode}")), Reply::ok());
        reader.run("GET a");
        assert_eq!(reader.run("AUTH blind token-blind"), Reply::ok());
        // Of what he read as another one he must take it that it changed.
        assert_eq!(reader.receive().unwrap(), everything(), "{mode}");
        root.run("SET a 2");
        assert_eq!(reader.run("ECHO nothing-more"), Reply::bulk("nothing-more"), "{mode}");
        // As one who may read he is told again.
        assert_eq!(reader.run("AUTH other token-other"), Reply::ok());
        reader.run("GET a");
        root.run("SET a 3");
        assert_eq!(reader.receive().unwrap(), changed("a"), "{mode}");
    }
}

#[test]
fn a_redirection_is_broken_when_either_end_becomes_somebody_else() {
    let (daemon, _dir) = with_users();
    for is_target in [true, false] {
        let (mut root, mut reader, mut target) =
            (login(&daemon, "root"), login(&daemon, "shop"), login(&daemon, "shop"));
        let target_id = id(&mut target);
        assert_eq!(reader.run(&format!("CLIENT TRACKING ON BCAST REDIRECT {target_id}")), Reply::ok());
        root.run("SET a 2");
        assert_eq!(target.receive().unwrap(), changed("a"));
        assert_eq!((if is_target { &mut target } else { &mut reader }).run("AUTH other token-other"), Reply::ok());
        root.run("SET a 3");
        let broken = Reply::Array(vec![Reply::bulk("tracking-redir-broken"), Reply::Int(target_id)]);
        assert_eq!(reader.receive().unwrap(), broken, "{is_target}");
        assert_eq!(target.run("ECHO nothing-more"), Reply::bulk("nothing-more"), "{is_target}");
        // Who administers all databases may be told anywhere.
        assert!(matches!(reader.run("HELLO 3 AUTH root token-root"), Reply::Map(_)));
        root.run("SET a 4");
        assert_eq!(target.receive().unwrap(), changed("a"), "{is_target}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn who_tracked_a_database_keeps_none_of_its_files_when_it_is_dropped() {
    let daemon = Daemon::start(&[]);
    let mut reader = tracking(&daemon, "");
    reader.run("SELECT 1");
    reader.run("SET a 1");
    reader.run("GET a");
    reader.run("SELECT 0");
    assert_eq!(daemon.http().send("DELETE", "/v1/databases/db1", "", "").status, 200);
    assert_eq!(reader.receive().unwrap(), everything());
    let dropped = daemon.dir.path().join(".dropped-db1").display().to_string();
    let is_held = || {
        let mut files =
            std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|file| file.unwrap().path().read_link().ok());
        let mapped = std::fs::read_to_string("/proc/self/maps").unwrap();
        mapped.contains(&dropped) || files.any(|file| file.display().to_string().contains(&dropped))
    };
    // The thread that watched it ends soon.
    let mut looks = 0;
    while is_held() {
        std::thread::sleep(std::time::Duration::from_millis(10));
        looks += 1;
        assert!(looks < 500, "files of the dropped database are held");
    }
}

/// A client that keeps what it read until it is told.
struct Cache {
    resp: Resp,
    kept: BTreeMap<String, Reply>,
}

impl Cache {
    /// The next reply, before which it obeys what it is told.
    fn reply(&mut self) -> Reply {
        loop {
            match self.resp.receive().unwrap() {
                Reply::Array(push) => match &push[1] {
                    Reply::Array(keys) => keys.iter().for_each(|key| {
                        let Reply::Bulk(key) = key else { panic!("{key:?} is no key") };
                        self.kept.remove(std::str::from_utf8(key).unwrap());
                    }),
                    _ => self.kept.clear(),
                },
                reply => return reply,
            }
        }
    }

    fn read(&mut self, key: &str) {
        if !self.kept.contains_key(key) {
            self.resp.send(&super::words::words(&format!("HGET {key} n"))).unwrap();
            let value = self.reply();
            self.kept.insert(key.to_owned(), value);
        }
    }
}

#[test]
fn who_obeys_what_he_is_told_has_no_stale_copy_whoever_writes() {
    let daemon = Daemon::start(&[]);
    // HTTP makes no database that is not there.
    daemon.resp().run("SET made 1");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let cache = |options: &'static str| {
            let (daemon, is_over) = (&daemon, &is_over);
            move || {
                let mut cache = Cache { resp: tracking(daemon, options), kept: BTreeMap::new() };
                let mut round = 0;
                while !is_over.load(Ordering::Relaxed) {
                    cache.read(&format!("c:{}", round % KEYS));
                    round += 1;
                    // Others begin to track, and end, while it is written.
                    if round % 50 == 0 {
                        drop(tracking(daemon, ""));
                    }
                    if round % 7 == 0 {
                        cache.resp.send(&super::words::words("ECHO x")).unwrap();
                        cache.reply();
                    }
                }
                cache
            }
        };
        let caches: Vec<_> = ["", "NOLOOP", "BCAST", ""].map(|options| threads.spawn(cache(options))).into();
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let daemon = &daemon;
                threads.spawn(move || {
                    let (mut resp, mut http) = (daemon.resp(), daemon.http());
                    for n in 0..150 {
                        let key = (n * 7 + writer) % KEYS;
                        match (n + writer) % 4 {
                            0 => drop(resp.run(&format!("HSET c:{key} n {writer}-{n}"))),
                            1 => drop(resp.run(&format!("DEL c:{key}"))),
                            2 => {
                                let other = (key + 1) % KEYS;
                                let pipeline =
                                    format!("MULTI\r\nHSET c:{key} n p{n}\r\nHSET c:{other} n p{n}\r\nHGET c:{key} n\r\nEXEC\r\n");
                                resp.write(pipeline.as_bytes()).unwrap();
                                (0..5).for_each(|_| drop(resp.receive().unwrap()));
                            }
                            _ => {
                                let body = format!(r#"{{"coll":"c","id":"{key}","doc":{{"n":"http-{writer}-{n}"}}}}"#);
                                assert_eq!(http.post("/v1/databases/db0/put", &body).status, 200);
                            }
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
        let mut truth = daemon.resp();
        for cache in caches {
            let mut cache = cache.join().unwrap();
            // What HTTP wrote last is told soon.
            let is_stale = |cache: &Cache, truth: &mut Resp| {
                cache.kept.iter().any(|(key, value)| truth.run(&format!("HGET {key} n")) != *value)
            };
            let mut looks = 0;
            while is_stale(&cache, &mut truth) {
                std::thread::sleep(std::time::Duration::from_millis(10));
                cache.resp.send(&super::words::words("ECHO x")).unwrap();
                cache.reply();
                looks += 1;
                assert!(looks < 500, "{:?} is stale", cache.kept);
            }
        }
    });
}
