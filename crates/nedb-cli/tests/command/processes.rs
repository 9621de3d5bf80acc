//! Promises that need more than one process: kills, locks, readers beside a writer, closed pipes.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    process::{Child, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{
    places::Daemon,
    script::{Directory, nedb},
};
use serde_json::Value;

pub fn run(dir: &Path, arguments: &[&str]) -> Output {
    nedb(dir).args(arguments).output().unwrap()
}

pub fn json(dir: &Path, arguments: &[&str]) -> Value {
    let output = run(dir, &[arguments, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?} printed {text:?}: {error}"))
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub fn wait(mut child: Child) -> Output {
    drop(child.stdin.take());
    child.wait_with_output().unwrap()
}

/// Lines of numbered records with two edges each.
pub fn numbered_records(records: u64) -> String {
    (0..records).fold(String::new(), |mut text, number| {
        writeln!(text, r#"{{"id":"nö-{number}","n":{number},"needs":["a-{number}","shared"]}}"#).unwrap();
        text
    })
}

/// A file of them.
pub fn write_records(path: &Path, records: u64) {
    fs::write(path, numbered_records(records)).unwrap();
}

/// The number of operations, where it can be read while another process writes.
pub fn size_meanwhile(dir: &Path) -> u64 {
    let output = run(dir, &["head", "db", "--json"]);
    let head = serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default();
    head["size"].as_u64().unwrap_or(0)
}

/// The number of operations.
pub fn size(dir: &Path) -> u64 {
    json(dir, &["head", "db"])["size"].as_u64().unwrap()
}

#[test]
fn a_second_writer_is_refused_and_readers_go_on_beside_the_first() {
    let directory = Directory::new();
    let dir = directory.path();
    assert_eq!(code(&run(dir, &["init", "db"])), 0);
    assert_eq!(code(&run(dir, &["put", "db", "c", "ä", r#"{"v":1}"#])), 0);
    // An import from a pipe holds the database open for as long as the pipe is.
    let mut writer = nedb(dir)
        .args(["import", "db", "-", "--collection", "c", "--batch", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = writer.stdin.take().unwrap();
    pipe.write_all(b"{\"id\": \"b\"}\n").unwrap();
    pipe.flush().unwrap();
    // Once its first record is there, the import holds the lock.
    while code(&run(dir, &["get", "db", "c", "b"])) != 0 {
        assert!(writer.try_wait().unwrap().is_none(), "the import ended early");
    }
    let refused = run(dir, &["put", "db", "c", "x", "{}", "--json"]);
    assert_eq!(code(&refused), 73);
    let refused: Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert_eq!(refused["code"], "locked");
    assert_eq!(refused["kind"], "conflict");
    assert_eq!(String::from_utf8(run(dir, &["get", "db", "c", "ä"]).stdout).unwrap(), "{\"v\":1}\n");
    assert_eq!(json(dir, &["verify", "db"])["ok"], true);
    assert_eq!(code(&run(dir, &["checkpoint", "db"])), 73);
    drop(pipe);
    assert_eq!(code(&wait(writer)), 0);
    assert_eq!(String::from_utf8(run(dir, &["get", "db", "c", "b"]).stdout).unwrap(), "{\"id\":\"b\"}\n");
}

#[test]
fn readers_beside_a_busy_writer_see_whole_transactions_and_no_damage() {
    let directory = Directory::new();
    let dir = directory.path();
    assert_eq!(code(&run(dir, &["init", "db"])), 0);
    write_records(&dir.join("records.ndjson"), 10_000);
    let mut writer =
        nedb(dir).args(["import", "db", "records.ndjson", "--batch", "5"]).stdout(Stdio::null()).spawn().unwrap();
    let (mut last, mut looks) = (0, 0);
    while writer.try_wait().unwrap().is_none() {
        let now = size(dir);
        assert!(now >= last && now.is_multiple_of(5), "{last} then {now}");
        (last, looks) = (now, looks + 1);
    }
    println!("{looks} looks");
    assert_eq!(size(dir), 10_000);
}

#[test]
fn following_the_log_shows_what_another_process_writes() {
    let directory = Directory::new();
    let dir = directory.path();
    assert_eq!(code(&run(dir, &["init", "db"])), 0);
    assert_eq!(code(&run(dir, &["put", "db", "c", "a", "{}"])), 0);
    let mut follower =
        nedb(dir).args(["log", "db", "--follow", "--limit", "3", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next()["seq"], 0);
    assert_eq!(code(&run(dir, &["put", "db", "c", "ü", "{}"])), 0);
    assert_eq!(next()["id"], "ü");
    assert_eq!(code(&run(dir, &["delete", "db", "c", "a"])), 0);
    assert_eq!(next()["kind"], "delete");
    assert!(lines.next().is_none());
    assert!(follower.wait().unwrap().success());
}

/// What stands between a command and a daemon.
struct Between {
    url: String,
    accepted: Arc<AtomicUsize>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Between {
    fn start(daemon: &Daemon) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/db", listener.local_addr().unwrap());
        let server = daemon.url.strip_prefix("http://").unwrap().to_owned();
        let (accepted, open) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<TcpStream>>>::default());
        let between = Self { url, accepted: Arc::clone(&accepted), open: Arc::clone(&open) };
        // It ends with the tests.
        std::thread::spawn(move || {
            for client in listener.incoming().map(Result::unwrap) {
                let server = TcpStream::connect(&server).unwrap();
                open.lock().unwrap().push(client.try_clone().unwrap());
                accepted.fetch_add(1, Ordering::SeqCst);
                for (mut from, mut to) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)]
                {
                    // The end of one side ends the other.
                    std::thread::spawn(move || std::io::copy(&mut from, &mut to).map(|_| to.shutdown(Shutdown::Both)));
                }
            }
        });
        between
    }

    /// Breaks every connection off.
    fn cut(&self) {
        for client in self.open.lock().unwrap().drain(..) {
            client.shutdown(Shutdown::Both).unwrap();
        }
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

#[test]
fn following_the_log_of_a_daemon_is_told_over_one_connection_and_goes_on_where_it_broke() {
    let directory = Directory::new();
    let dir = directory.path();
    let daemon = Daemon::start(dir, &[]);
    let direct = format!("{}/db", daemon.url);
    assert_eq!(code(&run(dir, &["init", &direct])), 0);
    let put = |id: &str| assert_eq!(code(&run(dir, &["put", &direct, "c", id, "{}"])), 0);
    ["not asked for", "0"].into_iter().for_each(put);
    let between = Between::start(&daemon);
    let words = ["log", &between.url, "--follow", "--from", "1", "--limit", "8", "--json"];
    let mut follower = nedb(dir).args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap()["id"].clone();
    for id in 0..4 {
        assert_eq!(next(), id.to_string());
        put(&(id + 1).to_string());
    }
    assert_eq!((next(), between.accepted()), ("4".into(), 1));
    between.cut();
    for id in 5..8 {
        put(&id.to_string());
    }
    for id in 5..8 {
        assert_eq!(next(), id.to_string());
    }
    let output = follower.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(lines.next().is_none());
    assert_eq!(between.accepted(), 2);
}

#[test]
fn following_prints_what_a_directory_and_a_daemon_have_alike_and_says_why_it_ends() {
    let directory = Directory::new();
    let dir = directory.path();
    let daemon = Daemon::start(dir, &[]);
    let url = format!("{}/db", daemon.url);
    assert_eq!(code(&run(dir, &["init", &url])), 0);
    assert_eq!(code(&run(dir, &["put", &url, "c", "a", r#"{"n":1}"#])), 0);
    assert_eq!(code(&run(dir, &["link", &url, "c:a", "r", "c:b"])), 0);
    assert_eq!(code(&run(dir, &["delete", &url, "c", "a"])), 0);
    for form in [&["--limit", "3"][..], &["--limit", "3", "--json"]] {
        let once = run(dir, &[&["log", &url], form].concat());
        let followed = run(dir, &[&["log", &url, "--follow"], form].concat());
        assert_eq!(String::from_utf8_lossy(&followed.stdout), String::from_utf8_lossy(&once.stdout));
    }
    let words = ["log", &url, "--follow", "--json"];
    let mut follower = nedb(dir).args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        lines.next().unwrap().unwrap();
    }
    assert_eq!(code(&run(dir, &["drop", &url, "--yes"])), 0);
    assert!(lines.next().is_none());
    let output = follower.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("dropped"), "{said}");
    let output = run(dir, &["log", &url, "--follow"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("no database"), "{output:?}");
}

#[test]
fn a_reader_that_goes_away_ends_the_command_without_a_word() {
    let directory = Directory::new();
    let dir = directory.path();
    assert_eq!(code(&run(dir, &["init", "db"])), 0);
    write_records(&dir.join("records.ndjson"), 20_000);
    assert_eq!(code(&run(dir, &["import", "db", "records.ndjson"])), 0);
    let mut child =
        nedb(dir).args(["scan", "db", "records"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = wait(child);
    assert_eq!((code(&output), output.stderr.len()), (0, 0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_database_behind_a_symbolic_link_is_refused_by_that_word() {
    let directory = Directory::new();
    let dir = directory.path();
    assert_eq!(code(&run(dir, &["init", "db"])), 0);
    std::os::unix::fs::symlink("db", dir.join("link")).unwrap();
    for words in [["head", "link"], ["init", "link"], ["checkpoint", "link"]] {
        let refused = run(dir, &words);
        let said = String::from_utf8(refused.stderr.clone()).unwrap();
        assert_eq!(code(&refused), 66, "{said}");
        assert!(said.starts_with("nedb: link is not a database: it is a symbolic link"), "{said}");
    }
}
