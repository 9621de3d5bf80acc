//! Imports of every format: the same documents, whatever is done to the process on the way.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Output, Stdio},
};

use serde_json::Value;

use crate::{
    processes::{code, json, numbered_records, run, size, size_meanwhile, wait, write_records},
    script::{Directory, nedb},
};

/// An import of numbered records that is killed several times on its way.
struct Killed {
    file: &'static str,
    content: Vec<u8>,
    arguments: &'static [&'static str],
    records: u64,
    ops_per_record: u64,
}

impl Killed {
    fn check(&self) {
        // On a busy machine an import may be over between two looks at it.
        const TRIES: usize = 5;
        let is_killed = (0..TRIES).any(|_| self.check_once());
        assert!(is_killed, "each of {TRIES} imports was too fast to be killed");
    }

    /// Returns whether the import was killed in the middle.
    fn check_once(&self) -> bool {
        let (directory, records) = (Directory::new(), self.records);
        let dir = directory.path();
        assert_eq!(code(&run(dir, &["init", "db"])), 0);
        fs::write(dir.join(self.file), &self.content).unwrap();
        let arguments = [&["import", "db", self.file, "--batch", "5"], self.arguments].concat();
        let (last, stops) = kill_and_go_on(dir, &arguments, records * self.ops_per_record);
        let is_in_the_middle = |size: &u64| (1..records * self.ops_per_record).contains(size);
        assert!(stops.iter().all(|size| size % self.ops_per_record == 0), "a record is only half there: {stops:?}");
        let report: Value = serde_json::from_slice(&last.stdout).unwrap();
        assert_eq!(report["imported"].as_u64().unwrap() + report["known"].as_u64().unwrap(), records, "{report}");
        assert_eq!(size(dir), records * self.ops_per_record);
        let again = json(dir, &arguments);
        assert_eq!((again["imported"].as_u64(), again["known"].as_u64()), (Some(0), Some(records)), "{again}");
        assert_eq!(size(dir), records * self.ops_per_record);
        let scanned = String::from_utf8(run(dir, &["scan", "db", "cöll"]).stdout).unwrap();
        assert_eq!(scanned.lines().count() as u64, records);
        println!("{}: {} kills at {stops:?}", self.file, stops.len());
        stops.iter().any(is_in_the_middle)
    }
}

/// Kills the import when the database has grown by a part of the whole, again and again, then lets it end.
fn kill_and_go_on(dir: &Path, arguments: &[&str], ops: u64) -> (Output, Vec<u64>) {
    const PARTS: u64 = 8;
    const KILLS: usize = 5;
    let mut stops = Vec::new();
    loop {
        let mut child = nedb(dir).args(arguments).arg("--json").stdout(Stdio::piped()).spawn().unwrap();
        let goal = stops.last().unwrap_or(&0) + ops / PARTS;
        while stops.len() < KILLS && child.try_wait().unwrap().is_none() && size_meanwhile(dir) < goal {}
        if stops.len() == KILLS || child.try_wait().unwrap().is_some() {
            return (wait(child), stops);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        stops.push(size(dir));
    }
}

/// What is done with the bytes of a file.
type Pack = fn(&[u8]) -> Vec<u8>;

fn plain(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// The same records as lines of JSON, as one JSON array, and as CSV.
fn records(count: u64) -> [(&'static str, Vec<u8>); 3] {
    let objects: Vec<String> = (0..count).map(|n| format!(r#"{{"id":"nö-{n}","n":{n}}}"#)).collect();
    let rows: Vec<String> = (0..count).map(|n| format!("nö-{n},{n}")).collect();
    let (lines, array) = (objects.join("\n"), format!("[{}]", objects.join(",\n ")));
    [
        ("ndjson", lines.into_bytes()),
        ("json", array.into_bytes()),
        ("csv", format!("id,n\n{}", rows.join("\n")).into_bytes()),
    ]
}

#[test]
fn an_import_that_was_killed_goes_on_where_it_stopped_and_imports_nothing_twice() {
    Killed {
        file: "records.ndjson",
        content: numbered_records(10_000).into_bytes(),
        arguments: &["--collection", "cöll", "--links", "needs:needs"],
        records: 10_000,
        ops_per_record: 3,
    }
    .check();
}

#[test]
fn a_killed_import_of_packed_json_or_csv_goes_on_as_well() {
    const RECORDS: u64 = 20_000;
    let [_, (_, array), (_, table)] = records(RECORDS);
    for (file, content) in [("records.json.zst", zstd(&array)), ("records.csv.gz", gzip(&table))] {
        Killed { file, content, arguments: &["--collection", "cöll"], records: RECORDS, ops_per_record: 1 }.check();
    }
}

#[test]
fn a_record_with_more_edges_than_nonces_is_refused_on_its_line() {
    const NONCES: usize = 4096;
    let directory = Directory::new();
    let dir = directory.path();
    assert_eq!(code(&run(dir, &["init", "db"])), 0);
    let record = |id: u32, edges: usize| {
        let needs: Vec<String> = (0..edges).map(|edge| edge.to_string()).collect();
        format!(r#"{{"id":{id},"needs":[{}]}}"#, needs.join(","))
    };
    // The document takes a nonce as well.
    let lines = [record(1, 1), record(2, NONCES - 1), record(3, NONCES), record(4, 1)];
    fs::write(dir.join("c.ndjson"), lines.join("\n")).unwrap();
    let arguments = ["import", "db", "c.ndjson", "--links", "needs:needs", "--on-error", "skip"];
    let report = json(dir, &arguments);
    assert_eq!((&report["imported"], &report["skipped"]), (&3.into(), &1.into()), "{report}");
    assert_eq!((&report["errors"][0]["line"], &report["errors"][0]["code"]), (&3.into(), &"batch_too_large".into()));
    assert_eq!(size(dir), 2 + NONCES as u64 + 2);
    assert_eq!(json(dir, &arguments)["imported"], 0);
}

#[test]
fn every_format_imports_alike_packed_or_not() {
    let directory = Directory::new();
    let dir = directory.path();
    assert_eq!(code(&run(dir, &["init", "db"])), 0);
    let packings: [(&str, Pack); 3] = [("", plain), (".zst", zstd), (".gz", gzip)];
    let mut exports = Vec::new();
    for (format, content) in records(50) {
        for (extension, pack) in packings {
            let file = format!("{format}{}.{format}{extension}", extension.trim_start_matches('.'));
            fs::write(dir.join(&file), pack(&content)).unwrap();
            assert_eq!(json(dir, &["import", "db", &file])["imported"], 50, "{file}");
            let collection = file.split('.').next().unwrap();
            exports.push(String::from_utf8(run(dir, &["export", "db", collection]).stdout).unwrap());
        }
    }
    assert_eq!(exports.len(), 9);
    assert_eq!(exports[0].lines().count(), 50);
    assert!(exports.iter().all(|export| export == &exports[0]), "{exports:?}");
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
fn a_packed_file_that_was_cut_off_says_so_and_keeps_what_came_before() {
    let directory = Directory::new();
    let dir = directory.path();
    assert_eq!(code(&run(dir, &["init", "db"])), 0);
    let [(_, lines), ..] = records(5_000);
    let packed = gzip(&lines);
    fs::write(dir.join("cut.ndjson.gz"), &packed[..packed.len() / 2]).unwrap();
    let cut = run(dir, &["import", "db", "cut.ndjson.gz", "--batch", "1"]);
    assert_eq!(code(&cut), 74, "{}", String::from_utf8_lossy(&cut.stderr));
    assert!((1..5_000).contains(&size(dir)), "{} records came", size(dir));
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
