//! The feed of all databases: nothing is left out, nothing comes twice, whatever is made, dropped or killed meanwhile.

use std::collections::BTreeMap;

use super::client::Http;
use super::daemon::{Daemon, Process};
use super::temp_dir::TempDir;

/// One event as it came.
#[derive(Debug)]
struct Event {
    id: String,
    kind: String,
    data: serde_json::Value,
}

impl Event {
    fn told(&self) -> (String, String, i64) {
        let database = self.data["database"].as_str().unwrap_or_default().to_owned();
        (self.kind.clone(), database, self.data["seq"].as_i64().unwrap_or(-1))
    }
}

/// A reader of the feed, and the last position that he was given.
struct Reader {
    http: Http,
    id: String,
}

impl Reader {
    fn begin(mut http: Http, path: &str, last: Option<&str>) -> Self {
        let headers = last.map_or(String::new(), |id| format!("last-event-id: {id}\r\n"));
        http.begin("GET", path, &headers, "").unwrap();
        let status = http.line().unwrap();
        assert!(status.contains(" 200 "), "{status}");
        while !http.line().unwrap().is_empty() {}
        Self { http, id: last.unwrap_or_default().to_owned() }
    }

    fn next(&mut self) -> Event {
        let (mut kind, mut data) = (String::new(), String::new());
        loop {
            let line = self.http.line().unwrap();
            if let Some(id) = line.strip_prefix("id: ") {
                id.clone_into(&mut self.id);
            } else if let Some(event) = line.strip_prefix("event: ") {
                event.clone_into(&mut kind);
            } else if let Some(text) = line.strip_prefix("data: ") {
                text.clone_into(&mut data);
            } else if line.is_empty() && !data.is_empty() {
                let data = serde_json::from_str(&data).unwrap();
                return Event { id: self.id.clone(), kind, data };
            }
        }
    }

    fn told(&mut self) -> (String, String, i64) {
        self.next().told()
    }

    /// Reads the position with which the feed begins.
    fn position(&mut self) -> String {
        loop {
            if let Some(id) = self.http.line().unwrap().strip_prefix("id: ") {
                return id.to_owned();
            }
        }
    }
}

fn put(database: &str, seq: i64) -> (String, String, i64) {
    ("put".to_owned(), database.to_owned(), seq)
}

fn dropped(database: &str) -> (String, String, i64) {
    ("dropped".to_owned(), database.to_owned(), -1)
}

fn make(http: &mut Http, name: &str) {
    assert_eq!(http.post("/v1/databases", &format!(r#"{{"name":"{name}"}}"#)).status, 201);
}

fn write(http: &mut Http, name: &str, id: i64) {
    let answer = http.post(&format!("/v1/databases/{name}/put"), &format!(r#"{{"coll":"c","id":"{id}","doc":{{}}}}"#));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn it_tells_of_each_database_and_goes_on_from_any_of_its_ids() {
    let daemon = Daemon::start(&[]);
    let mut http = daemon.http();
    for name in ["a", "b"] {
        make(&mut http, name);
    }
    for seq in 0..3 {
        for name in ["a", "b"] {
            write(&mut http, name, seq);
        }
    }
    let mut all = Reader::begin(daemon.http(), "/events?from_seq=-1", None);
    let events: Vec<Event> = (0..6).map(|_| all.next()).collect();
    let mut told: Vec<_> = events.iter().map(Event::told).collect();
    told.sort();
    assert_eq!(told, [put("a", 0), put("a", 1), put("a", 2), put("b", 0), put("b", 1), put("b", 2)]);
    // Behind each of them comes what came behind it.
    for (at, event) in events.iter().enumerate() {
        let mut again = Reader::begin(daemon.http(), "/events", Some(&event.id));
        let mut rest: Vec<_> = (at + 1..events.len()).map(|_| again.told()).collect();
        rest.sort();
        let mut wanted: Vec<_> = events[at + 1..].iter().map(Event::told).collect();
        wanted.sort();
        assert_eq!(rest, wanted, "{}", event.id);
    }
    let mut new = Reader::begin(daemon.http(), "/events", None);
    let position = new.position();
    write(&mut http, "b", 3);
    assert_eq!(new.told(), put("b", 3));
    let mut one = Reader::begin(daemon.http(), "/events?databases=b", Some(&position));
    write(&mut http, "a", 10);
    write(&mut http, "b", 4);
    assert_eq!([one.told(), one.told()], [put("b", 3), put("b", 4)]);
    for (last, code) in [("17", "invalid_argument"), ("a:1:0:0", "invalid_argument"), ("../a:1:0", "invalid_name")] {
        let answer = daemon.http().send("GET", "/events", &format!("last-event-id: {last}\r\n"), "");
        assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some(code)), "{}", answer.body);
    }
}

#[test]
fn a_database_joins_when_it_is_made_and_says_so_when_it_is_dropped() {
    let daemon = Daemon::start(&[]);
    let mut http = daemon.http();
    let mut reader = Reader::begin(daemon.http(), "/events", None);
    assert_eq!(reader.position(), "-");
    make(&mut http, "a");
    write(&mut http, "a", 0);
    assert_eq!(reader.told(), put("a", 0));
    let of_first = reader.id.clone();
    assert_eq!(http.send("DELETE", "/v1/databases/a", "", "").status, 200);
    assert_eq!(reader.told(), dropped("a"));
    assert_eq!(reader.id, "-");
    make(&mut http, "a");
    write(&mut http, "a", 0);
    write(&mut http, "a", 1);
    assert_eq!([reader.told(), reader.told()], [put("a", 0), put("a", 1)]);
    let of_second = reader.id.clone();
    // Who stood in the one before is told that it is gone, and of the new one from its first operation on.
    let mut again = Reader::begin(daemon.http(), "/events", Some(&of_first));
    assert_eq!([again.told(), again.told(), again.told()], [dropped("a"), put("a", 0), put("a", 1)]);
    assert_eq!(http.send("DELETE", "/v1/databases/a", "", "").status, 200);
    let mut away = Reader::begin(daemon.http(), "/events", Some(&of_second));
    assert_eq!(away.told(), dropped("a"));
}

#[test]
fn a_reader_goes_on_behind_what_he_saw_of_a_daemon_that_was_killed() {
    let dir = TempDir::new("daemon");
    let (mut seen, mut id) = (BTreeMap::new(), None::<String>);
    for round in 0..4 {
        let process = Process::start(dir.path(), &[]);
        let mut http = Http::connect(process.http);
        if round == 0 {
            for name in ["a", "b", "c"] {
                make(&mut http, name);
            }
        }
        for seq in 0..20 {
            for name in ["a", "b", "c"] {
                write(&mut http, name, seq);
            }
        }
        let mut reader = Reader::begin(Http::connect(process.http), "/events?from_seq=-1", id.as_deref());
        // It ends in the middle, but for the last time.
        let count = if round == 3 { 60 * 4 - seen.values().sum::<i64>() } else { 31 };
        for _ in 0..count {
            let (kind, database, seq) = reader.told();
            let next = seen.entry(database).or_insert(0);
            assert_eq!((kind.as_str(), seq), ("put", *next), "in order, none twice, none left out");
            *next += 1;
        }
        id = Some(reader.id);
        process.kill();
    }
    assert_eq!(seen.into_values().collect::<Vec<_>>(), [80, 80, 80]);
}

#[test]
fn a_slow_reader_is_not_read_ahead_for_and_gets_everything() {
    const DOCUMENTS: i64 = 1_000;
    let daemon = Daemon::start(&[]);
    let mut http = daemon.http();
    for name in ["a", "b"] {
        make(&mut http, name);
    }
    let mut slow = Reader::begin(daemon.http(), "/events?from_seq=-1", None);
    let text = "x".repeat(32 << 10);
    for id in 0..DOCUMENTS {
        for name in ["a", "b"] {
            let body = format!(r#"{{"coll":"c","id":"{id}","doc":{{"t":"{text}"}}}}"#);
            assert_eq!(http.post(&format!("/v1/databases/{name}/put"), &body).status, 200);
        }
    }
    // 64 MiB were written, and sockets hold a few of them: most of it nobody has read yet.
    let page = http.get("/metrics").body;
    let lag = |name: &str| -> i64 {
        let line = format!("nedbd_database_feed_lag_operations{{database=\"{name}\"}} ");
        page.lines().find_map(|found| found.strip_prefix(line.as_str())).unwrap().parse().unwrap()
    };
    assert!(lag("a") + lag("b") > DOCUMENTS / 2, "{} {}", lag("a"), lag("b"));
    let mut seen = BTreeMap::new();
    for _ in 0..DOCUMENTS * 2 {
        let (_, database, seq) = slow.told();
        let next = seen.entry(database).or_insert(0);
        assert_eq!(seq, *next);
        *next += 1;
    }
}

#[test]
fn only_what_the_caller_may_read_is_told() {
    let dir = TempDir::new("daemon");
    let tokens = [("shop", "shop = \"read\""), ("prover", "\"*\" = \"verify\""), ("late", "late = \"write\"")];
    let tokens = tokens.map(|(name, databases)| {
        let hash = nedb_crypto::sha256(&[format!("token-{name}").as_bytes()]);
        format!("[[token]]\nname = \"{name}\"\nsha256 = \"{hash}\"\ndatabases = {{ {databases} }}\n")
    });
    std::fs::write(dir.join("tokens.toml"), tokens.concat()).unwrap();
    let file = dir.join("tokens.toml");
    let daemon = Daemon::start(&["--token", "the root of all", "--tokens", file.to_str().unwrap()]);
    let mut root = daemon.http().with_token("the root of all");
    for name in ["shop", "hr"] {
        make(&mut root, name);
    }
    for name in ["hr", "shop"] {
        write(&mut root, name, 0);
    }
    let answer = daemon.http().get("/events");
    assert_eq!((answer.status, answer.json()["code"].as_str()), (401, Some("unauthenticated")));
    let as_of = |name: &str| daemon.http().with_token(&format!("token-{name}"));
    let answer = as_of("prover").get("/events");
    assert_eq!((answer.status, answer.json()["code"].as_str()), (403, Some("denied")));
    assert_eq!(as_of("shop").get("/events?databases=shop,hr").status, 403);
    let mut shop = Reader::begin(as_of("shop"), "/events?from_seq=-1", None);
    let mut late = Reader::begin(as_of("late"), "/events?databases=late", None);
    assert_eq!(shop.told(), put("shop", 0));
    write(&mut root, "hr", 1);
    make(&mut root, "late");
    write(&mut root, "late", 0);
    write(&mut root, "shop", 1);
    assert_eq!(shop.told(), put("shop", 1));
    assert!(!shop.id.contains("hr"), "{}", shop.id);
    assert_eq!(late.told(), put("late", 0));
}

#[test]
fn a_database_that_cannot_be_opened_says_so_and_holds_up_no_other() {
    let mut daemon = Daemon::start(&[]);
    let mut http = daemon.http();
    for name in ["bad", "good"] {
        make(&mut http, name);
    }
    for name in ["bad", "good"] {
        write(&mut http, name, 0);
    }
    drop(http);
    let head = daemon.dir.join("bad/HEAD");
    daemon.restart_after(&[], || std::fs::write(&head, b"not a head").unwrap());
    let mut reader = Reader::begin(daemon.http(), "/events?from_seq=-1", None);
    let events = [reader.next(), reader.next()];
    let bad = events.iter().find(|event| event.kind == "unavailable").expect("it is told");
    assert_eq!((bad.data["database"].as_str(), bad.data["kind"].as_str()), (Some("bad"), Some("integrity")), "{bad:?}");
    assert!(events.iter().any(|event| event.told() == put("good", 0)));
}

#[test]
fn more_databases_than_a_feed_has_are_refused_before_any_is_opened() {
    let daemon = Daemon::start(&[]);
    for number in 0..=200 {
        let dir = daemon.dir.join(format!("d{number}"));
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join("HEAD"), b"").unwrap();
    }
    let answer = daemon.http().get("/events");
    assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some("invalid_argument")), "{}", answer.body);
    assert!(answer.body.contains("databases="), "{}", answer.body);
}
