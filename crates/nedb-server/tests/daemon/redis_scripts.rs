//! The corpus of Redis commands over the socket: what `nedb-compat` answers in process is what a client reads.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use nedb_io::{Io, ManualClock, ManualScheduler, MemoryDisk, SeededRandom};

use super::client::Resp;
use super::daemon::Daemon;
use super::{corpus, files, show};

/// Midnight of New Year's Day 2026, where the corpus begins.
const START_US: i64 = 1_767_225_600_000_000;

/// Scripts with commands that the connection takes before the database sees them.
const OF_THE_CONNECTION: &[&str] = &["refusals.txt"];

/// Scripts with answers in shapes that version 3 does not tell apart: pairs and lists of two, maps and maps of pairs.
const OF_LIKE_SHAPES: &[&str] = &["pops.txt", "streams.txt"];

/// Commands whose answers are chance: over the socket, other things draw from the same generator.
const OF_CHANCE: &[&str] = &["SRANDMEMBER", "SPOP", "HRANDFIELD", "ZRANDMEMBER", "RANDOMKEY"];

#[test]
fn the_corpus_of_redis_commands_is_answered_over_the_socket() {
    check("../../tests/redis");
}

#[test]
fn the_corpus_of_lua_scripts_is_answered_over_the_socket() {
    check("../../tests/redis-lua");
}

fn check(dir: &str) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    let scripts = files::names_ending(&dir, ".txt").expect("the corpus is part of the repository");
    let is_named = |names: &[&str], path: &Path| names.iter().any(|name| path.ends_with(name));
    let is_kept = |path: &&std::path::PathBuf| !is_named(OF_THE_CONNECTION, path) && !is_named(OF_LIKE_SHAPES, path);
    let failures: Vec<String> = scripts.iter().filter(is_kept).filter_map(|path| run(path)).collect();
    println!("redis scripts over RESP: {}", scripts.iter().filter(is_kept).count());
    assert!(failures.is_empty(), "{} of {} scripts fail:\n{}", failures.len(), scripts.len(), failures.join("\n"));
}

struct World {
    daemon: Daemon,
    clock: Arc<ManualClock>,
    sessions: BTreeMap<String, Resp>,
    session: String,
}

fn run(path: &Path) -> Option<String> {
    let clock = Arc::new(ManualClock::new(START_US));
    let io = Io {
        disk: Arc::new(MemoryDisk::new(256 << 20)),
        clock: Arc::clone(&clock) as _,
        random: Arc::new(SeededRandom::new(1)),
        scheduler: Arc::new(ManualScheduler::new()),
    };
    let daemon = Daemon::start_in(io, &["--sweep-s", "0"]);
    let mut world = World { daemon, clock, sessions: BTreeMap::new(), session: "main".to_owned() };
    for block in corpus::parse(&files::read_text(path).expect("a script is UTF-8 text")) {
        let actual: Vec<String> = block.input.iter().flat_map(|line| world.answer(line)).collect();
        // Version 3 has one null.
        let expected: Vec<String> = block.output.iter().map(|line| line.replace("(nil array)", "(nil)")).collect();
        let is_chance = block.input.iter().any(|line| OF_CHANCE.iter().any(|name| line.starts_with(name)));
        let is_same = if is_chance { actual.len() == expected.len() } else { actual == expected };
        if !is_same {
            let (input, expected, actual) = (block.input.join("\n"), expected.join("\n"), actual.join("\n"));
            return Some(format!("{}:\n{input}\n--- expected\n{expected}\n--- actual\n{actual}\n", path.display()));
        }
    }
    None
}

impl World {
    fn answer(&mut self, line: &str) -> Vec<String> {
        if line.is_empty() || line.starts_with('#') {
            return Vec::new();
        }
        if let Some(name) = line.strip_prefix("@session ") {
            name.clone_into(&mut self.session);
            return Vec::new();
        }
        if let Some(ms) = line.strip_prefix("@advance ") {
            self.clock.advance_us(ms.parse::<u64>().expect("milliseconds") * 1_000);
            return Vec::new();
        }
        if line == "@head" {
            let answer = self.daemon.http().get("/v1/databases/db0").json();
            return vec![format!("seq {}", answer["database"]["seq"])];
        }
        let daemon = &self.daemon;
        let session = self.sessions.entry(self.session.clone()).or_insert_with(|| {
            let mut resp = daemon.resp();
            resp.run("HELLO 3");
            resp
        });
        show::lines(&session.run(line))
    }
}
