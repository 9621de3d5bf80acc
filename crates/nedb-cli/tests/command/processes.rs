//! Promises that need more than one process: kills, locks, readers beside a writer, closed pipes.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Output, Stdio},
};

use crate::script::{Directory, nedb};
use serde_json::Value;

fn run(dir: &Path, arguments: &[&str]) -> Output {
    nedb(dir).args(arguments).output().unwrap()
}

fn json(dir: &Path, arguments: &[&str]) -> Value {
    let output = run(dir, &[arguments, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?} printed {text:?}: {error}"))
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn wait(mut child: Child) -> Output {
    drop(child.stdin.take());
    child.wait_with_output().unwrap()
}

/// A file of numbered records with two edges each.
fn write_records(path: &Path, records: u64) {
    let mut text = String::new();
    for number in 0..records {
        writeln!(text, r#"{{"id":"nö-{number}","n":{number},"needs":["a-{number}","shared"]}}"#).unwrap();
    }
    fs::write(path, text).unwrap();
}

/// The number of operations, where it can be read while another process writes.
fn size_meanwhile(dir: &Path) -> u64 {
    let output = run(dir, &["head", "db", "--json"]);
    let head = serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default();
    head["size"].as_u64().unwrap_or(0)
}

/// The number of operations.
fn size(dir: &Path) -> u64 {
    json(dir, &["head", "db"])["size"].as_u64().unwrap()
}

#[test]
fn an_import_that_was_killed_goes_on_where_it_stopped_and_imports_nothing_twice() {
    const RECORDS: u64 = 10_000;
    const OPS_PER_RECORD: u64 = 3;
    const KILLS: u32 = 5;
    // Starting another process a few times is a pause that needs no clock.
    const LOOKS_PER_ROUND: u32 = 6;
    let directory = Directory::new();
    let dir = directory.path();
    assert_eq!(code(&run(dir, &["init", "db"])), 0);
    write_records(&dir.join("records.ndjson"), RECORDS);
    let arguments =
        ["import", "db", "records.ndjson", "--collection", "cöll", "--links", "needs:needs", "--batch", "5"];
    let (mut kills, mut stops) = (0, Vec::new());
    // Each round lets the import get a little further and kills it; after some rounds one may finish.
    let last = loop {
        let mut child = nedb(dir).args(arguments).arg("--json").stdout(Stdio::piped()).spawn().unwrap();
        let looks = if kills < KILLS { LOOKS_PER_ROUND } else { 0 };
        for _ in 0..looks {
            size_meanwhile(dir);
        }
        if kills < KILLS && child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
            stops.push(size(dir));
            continue;
        }
        break wait(child);
    };
    assert!(kills >= 2 && stops.iter().any(|size| *size > 0), "the import was too fast to be killed: {stops:?}");
    assert!(stops.iter().all(|size| size % OPS_PER_RECORD == 0), "a record is only half there: {stops:?}");
    let report: Value = serde_json::from_slice(&last.stdout).unwrap();
    assert_eq!(report["imported"].as_u64().unwrap() + report["known"].as_u64().unwrap(), RECORDS, "{report}");
    assert_eq!(size(dir), RECORDS * OPS_PER_RECORD);
    let again = json(dir, &arguments);
    assert_eq!((again["imported"].as_u64(), again["known"].as_u64()), (Some(0), Some(RECORDS)), "{again}");
    assert_eq!(size(dir), RECORDS * OPS_PER_RECORD);
    let scanned = run(dir, &["scan", "db", "cöll"]).stdout;
    assert_eq!(String::from_utf8(scanned).unwrap().lines().count() as u64, RECORDS);
    println!("{kills} kills at {stops:?}");
}

#[test]
fn an_interrupted_import_ends_cleanly_and_says_how_to_go_on() {
    let directory = Directory::new();
    let dir = directory.path();
    assert_eq!(code(&run(dir, &["init", "db"])), 0);
    write_records(&dir.join("records.ndjson"), 20_000);
    let arguments = ["import", "db", "records.ndjson", "--batch", "5", "--json"];
    let mut child = nedb(dir).args(arguments).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    while child.try_wait().unwrap().is_none() && size_meanwhile(dir) == 0 {}
    let pid = child.id().to_string();
    let signalled = std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(signalled.success());
    let output = wait(child);
    assert_eq!(code(&output), 75, "{}", String::from_utf8_lossy(&output.stdout));
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["code"], "cancelled");
    assert!(error["error"].as_str().unwrap().ends_with("run the same command again to go on"), "{error}");
    let done = size(dir);
    assert_eq!(done % 5, 0);
    let rest = json(dir, &arguments[..5]);
    assert_eq!(rest["known"].as_u64(), Some(done));
    assert_eq!(size(dir), 20_000);
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
fn what_is_compressed_imports_like_what_is_not() {
    let directory = Directory::new();
    let dir = directory.path();
    assert_eq!(code(&run(dir, &["init", "db"])), 0);
    write_records(&dir.join("a.ndjson"), 50);
    let plain = fs::read(dir.join("a.ndjson")).unwrap();
    fs::write(dir.join("z.ndjson.zst"), zstd::encode_all(plain.as_slice(), 3).unwrap()).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    let gzipped = gzip.finish().unwrap();
    fs::write(dir.join("g.ndjson.gz"), &gzipped).unwrap();
    for file in ["a.ndjson", "z.ndjson.zst", "g.ndjson.gz"] {
        assert_eq!(json(dir, &["import", "db", file])["imported"], 50, "{file}");
    }
    let exports = ["a", "z", "g"].map(|collection| run(dir, &["export", "db", collection]).stdout);
    assert_eq!(exports[0].len(), exports[1].len());
    assert!(exports.iter().all(|export| export == &exports[0]));
    // A file that was cut off says so, and keeps what came before.
    fs::write(dir.join("cut.ndjson.gz"), &gzipped[..gzipped.len() / 2]).unwrap();
    let cut = run(dir, &["import", "db", "cut.ndjson.gz", "--batch", "1"]);
    assert_eq!(code(&cut), 74, "{}", String::from_utf8_lossy(&cut.stderr));
}

#[test]
fn a_line_beyond_every_limit_is_refused_without_holding_it() {
    let directory = Directory::new();
    let dir = directory.path();
    assert_eq!(code(&run(dir, &["init", "db"])), 0);
    let mut child = nedb(dir)
        .args(["import", "db", "-", "--collection", "c", "--on-error", "skip", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let block = vec![b'x'; 1 << 20];
    pipe.write_all(b"{\"id\": 1}\n\"").unwrap();
    for _ in 0..60 {
        pipe.write_all(&block).unwrap();
    }
    pipe.write_all(b"\"\n{\"id\": 2}\n").unwrap();
    drop(pipe);
    let report: Value = serde_json::from_slice(&wait(child).stdout).unwrap();
    assert_eq!((report["imported"].as_u64(), report["skipped"].as_u64()), (Some(2), Some(1)), "{report}");
    assert_eq!(report["errors"][0]["code"], "document_too_large");
    assert_eq!(report["errors"][0]["line"], 2);
}
