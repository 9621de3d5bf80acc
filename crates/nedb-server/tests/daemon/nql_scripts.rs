//! The corpus of the query language over HTTP: what the engine answers in process is what a client reads.
//!
//! Writes of a script become requests; blocks that only ask are compared, row by row as they come in lines, errors by their code.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nedb_io::{Io, ManualClock};
use serde_json::Value as Json;

use super::client::Http;
use super::daemon::Daemon;
use super::{corpus, files, syntax::Line};

/// Midnight of New Year's Day 2026, where the corpus begins.
const START_US: i64 = 1_767_225_600_000_000;

/// What a script may need and a client cannot do: restarts, bounds of one query, whole collections, turned clocks; ids of bytes beside.
const NOT_OF_A_CLIENT: &[&str] = &["reopen", "remove_index", "limits", "fields", "drop", "clock", "check", "put_float"];

/// So many blocks are compared at least; fewer mean that they were not found.
const BLOCKS_MIN: usize = 900;

/// The words that begin a query.
const KEYWORDS: [&str; 5] = ["FROM", "EXPLAIN", "HISTORY", "DIFF", "query"];

#[test]
fn the_corpus_of_queries_is_answered_over_http() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/nql");
    let scripts = files::names_ending(&dir, ".script").expect("the corpus is part of the repository");
    let (mut compared, mut left_out, mut failures) = (0, Vec::new(), Vec::new());
    let clock = Arc::new(ManualClock::new(START_US));
    let daemon = Daemon::start_in(Io { clock: Arc::clone(&clock) as _, ..Io::real() }, &["--sweep-s", "0"]);
    for (number, path) in scripts.iter().enumerate() {
        let blocks = corpus::parse(&files::read_text(path).expect("a script is UTF-8 text"));
        if blocks.iter().flat_map(|block| &block.input).any(|line| is_not_of_a_client(line)) {
            left_out.push(path.file_name().unwrap());
            continue;
        }
        // Each script begins at the same moment.
        clock.set_wall_us(START_US);
        let mut world = World::new(&daemon, &clock, format!("nql{number}"));
        for block in &blocks {
            let actual = world.run(&block.input);
            if !block.input.iter().all(|line| is_asking(line)) {
                continue;
            }
            let expected: Vec<String> = block.output.iter().map(|line| without_detail(line)).collect();
            compared += 1;
            if actual != expected {
                let (input, expected, actual) = (block.input.join("\n"), expected.join("\n"), actual.join("\n"));
                failures
                    .push(format!("{}:\n{input}\n--- expected\n{expected}\n--- actual\n{actual}\n", path.display()));
            }
        }
        world.drop();
    }
    println!("blocks of queries over HTTP: {compared}; scripts left out: {left_out:?}");
    assert!(failures.is_empty(), "{} of {compared} blocks fail:\n{}", failures.len(), failures.join("\n"));
    assert!(compared >= BLOCKS_MIN, "only {compared} blocks");
}

fn is_not_of_a_client(line: &str) -> bool {
    let word = line.trim().split(' ').next().unwrap_or_default();
    NOT_OF_A_CLIENT.contains(&word) || [" until=", " cause=#", "\\x"].iter().any(|part| line.contains(part))
}

/// Whether a line belongs to a query.
fn is_asking(line: &str) -> bool {
    let word = line.split(' ').next().unwrap_or_default();
    KEYWORDS.contains(&word) || ["", "#", "param"].contains(&word)
}

/// An error as its code alone: the details are other fields over HTTP.
fn without_detail(line: &str) -> String {
    if line.starts_with("error ") {
        line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ").trim_end_matches(':').to_owned()
    } else {
        line.to_owned()
    }
}

struct World<'d> {
    clock: &'d ManualClock,
    http: Http,
    database: String,
    params: Vec<String>,
}

impl<'d> World<'d> {
    fn new(daemon: &Daemon, clock: &'d ManualClock, database: String) -> Self {
        let mut world = Self { clock, http: daemon.http(), database, params: Vec::new() };
        let made = world.http.post("/v1/databases", &format!(r#"{{"name":"{}"}}"#, world.database));
        assert_eq!(made.status, 201, "{}", made.body);
        world
    }

    /// Runs the lines of a block and returns what its queries say.
    fn run(&mut self, input: &[String]) -> Vec<String> {
        let mut said = Vec::new();
        let mut lines = input.iter().filter(|line| !line.starts_with('#')).peekable();
        while let Some(line) = lines.next() {
            let mut inner: Vec<&str> = Vec::new();
            while let Some(more) = lines.next_if(|line| line.starts_with(' ')) {
                inner.push(more);
            }
            match line.split_once(' ').unwrap_or((line, "")) {
                ("param", rest) => {
                    let (name, json) = rest.split_once(' ').expect("a parameter has a name and a value");
                    self.params.push(format!("{}:{json}", text(name)));
                }
                (word, _) if KEYWORDS.contains(&word) => {
                    inner.insert(0, line.strip_prefix("query ").unwrap_or(line));
                    said.extend(self.ask(&inner.join("\n")));
                }
                _ => self.command(&Line::parse(line), &inner),
            }
        }
        said
    }

    /// Each database reserves room on the disk: none stays that nobody asks any more.
    fn drop(mut self) {
        let dropped = self.http.send("DELETE", &format!("/v1/databases/{}", self.database), "", "");
        assert_eq!(dropped.status, 200, "{}", dropped.body);
    }

    fn ask(&mut self, nql: &str) -> Vec<String> {
        let params = std::mem::take(&mut self.params).join(",");
        let path = format!("/v1/databases/{}/query", self.database);
        let body = format!(r#"{{"nql":{},"params":{{{params}}}}}"#, text(nql));
        let answer = self.http.send("POST", &path, "accept: application/x-ndjson\r\n", &body);
        let code = |line: &str| {
            let json: Json = serde_json::from_str(line).expect("a line is JSON");
            format!("error {}", json["code"].as_str().expect("an error has a code"))
        };
        if answer.status != 200 {
            return vec![code(&answer.body)];
        }
        answer
            .body
            .lines()
            .map(|line| if line.starts_with(r#"{"error":"#) { code(line) } else { line.to_owned() })
            .collect()
    }

    fn command(&mut self, line: &Line, inner: &[&str]) {
        let (method, path, body) = match line.command.as_str() {
            "advance" => {
                let (number, unit) = line.text(0).split_at_checked(line.text(0).len() - 1).map(owned).unwrap();
                assert_eq!(unit, "s", "scripts advance by seconds");
                return self.clock.advance_us(number.parse::<u64>().unwrap() * 1_000_000);
            }
            "wait_index" => return self.wait_for_indexes(),
            "indexes" | "messages" | "head" => return,
            "create_index" => {
                let (collection, field, kind) = (text(&line.text(0)), text(&line.text(1)), text(&line.text(2)));
                ("POST", "index".to_owned(), format!(r#"{{"coll":{collection},"field":{field},"kind":{kind}}}"#))
            }
            "drop_index" => ("DELETE", format!("index/{}/{}", line.text(0), line.text(1)), String::new()),
            "checkpoint" | "sweep" => ("POST", line.command.clone(), "{}".to_owned()),
            "batch" => {
                let lines = inner.iter().map(|line| Line::parse(line));
                let ops: Vec<String> = lines.flat_map(|line| repeated(&line)).collect();
                (
                    "POST",
                    "batch".to_owned(),
                    format!("{{{}}}", joined(&of_whole(line), &[format!(r#""ops":[{}]"#, ops.join(","))])),
                )
            }
            _ => (
                "POST",
                "batch".to_owned(),
                format!("{{{}}}", joined(&of_whole(line), &[format!(r#""ops":[{}]"#, operation(line))])),
            ),
        };
        // What a write says belongs to the corpus of the engine.
        let _said = self.http.send(method, &format!("/v1/databases/{}/{path}", self.database), "", &body);
        if line.command == "create_index" && line.has("wait") {
            self.wait_for_indexes();
        }
    }

    fn wait_for_indexes(&mut self) {
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            let database = self.http.get(&format!("/v1/databases/{}", self.database));
            if !database.body.contains(r#""building""#) {
                return;
            }
            assert!(Instant::now() < end, "an index is still being built: {}", database.body);
            std::thread::yield_now();
        }
    }
}

fn owned((left, right): (&str, &str)) -> (String, String) {
    (left.to_owned(), right.to_owned())
}

/// Text as JSON.
fn text(text: &str) -> String {
    serde_json::to_string(text).expect("text is JSON")
}

fn joined(fields: &[String], more: &[String]) -> String {
    [fields, more].concat().join(",")
}

/// The fields of a request that do not belong to one operation.
fn of_whole(line: &Line) -> Vec<String> {
    [("client", "client"), ("key", "idem")]
        .iter()
        .filter_map(|(option, field)| Some(format!("{}:{}", text(field), text(&line.option(option)?))))
        .collect()
}

fn repeated(line: &Line) -> Vec<String> {
    let count = line.option("repeat").map_or(1, |count| count.parse().expect("a count"));
    vec![operation(line); count]
}

/// One operation as a request says it.
fn operation(line: &Line) -> String {
    let names: &[&str] = match line.command.as_str() {
        "link" | "unlink" => &["frm", "rel", "to"],
        _ => &["coll", "id"],
    };
    let mut fields = vec![format!(r#""op":{}"#, text(&line.command))];
    fields.extend(names.iter().enumerate().map(|(at, name)| format!("{}:{}", text(name), text(&line.text(at)))));
    match line.command.as_str() {
        "put" => fields.push(format!(r#""doc":{}"#, line.text(2))),
        "restore" => fields.push(format!(r#""seq":{}"#, line.number(2))),
        _ => {}
    }
    for (option, field) in [("evidence", "evidence"), ("from", "valid_from"), ("to", "valid_to")] {
        fields.extend(line.option(option).map(|value| format!("{}:{}", text(field), text(&value))));
    }
    for field in ["nonce", "confidence"] {
        fields.extend(line.option(field).map(|value| format!("{}:{value}", text(field))));
    }
    let expected = line.option("if").map(|seq| if seq == "missing" { "-1".to_owned() } else { seq });
    fields.extend(expected.map(|seq| format!(r#""if_seq":{seq}"#)));
    fields.extend(line.option("ttl").map(|ttl| format!(r#""ttl_s":{}"#, seconds(&ttl))));
    let causes = line.options("cause");
    if !causes.is_empty() {
        fields.push(format!(r#""caused_by":[{}]"#, causes.join(",")));
    }
    format!("{{{}}}", fields.join(","))
}

/// A duration such as `5s`, `20ms` or `7us` in seconds.
fn seconds(duration: &str) -> f64 {
    let unit_at = duration.find(|sign: char| !sign.is_ascii_digit()).expect("a duration has a unit");
    let (number, unit) = duration.split_at(unit_at);
    let number: f64 = number.parse().expect("a duration begins with a number");
    match unit {
        "us" => number / 1e6,
        "ms" => number / 1e3,
        "s" => number,
        "h" => number * 3_600.0,
        unit => panic!("no such unit of time: {unit:?}"),
    }
}
