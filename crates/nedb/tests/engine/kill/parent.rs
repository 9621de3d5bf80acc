//! The process that kills, and looks afterwards.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
};

use nedb::{Database, Seq};

use super::child;
use crate::support::{dice::Dice, process};

/// What was acknowledged in all rounds: (round, thread, n) -> seq.
#[derive(Debug, Default)]
pub struct Parent {
    acknowledged: BTreeMap<(u64, u64, u64), u64>,
    retries: u64,
    rounds: u64,
}

impl Parent {
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    pub fn retries(&self) -> u64 {
        self.retries
    }

    /// Starts a child, kills it, and checks.
    pub fn round(&mut self, path: &Path, dice: &mut Dice) {
        let round = self.rounds;
        self.rounds += 1;
        let killed_after = match dice.below(8) {
            0 => 0,
            1 => dice.below(4),
            _ => dice.below(150),
        };
        let text = path.to_str().expect("a temporary path is text");
        let mut child = process::start(child::ROLE, &[text, &round.to_string()]);
        let pipe = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut lines = pipe.lines();
        let mut seen = 0;
        while seen < killed_after {
            let line = lines.next().expect("the child goes on until it is killed").expect("it speaks text");
            seen += u64::from(self.note(round, &line));
        }
        child.kill().expect("a child can be killed");
        // What is still in the pipe was acknowledged before the kill.
        for line in lines.map_while(Result::ok) {
            self.note(round, &line);
        }
        child.wait().expect("a killed child ends");
        self.check(path, round);
    }

    fn note(&mut self, round: u64, line: &str) -> bool {
        // A line that was cut off by the kill has no end and acknowledges nothing.
        let Some(numbers) = line.strip_prefix("ack ").and_then(|line| line.strip_suffix(" end")) else { return false };
        let numbers: Vec<u64> = numbers.split(' ').filter_map(|number| number.parse().ok()).collect();
        let [thread, n, seq] = numbers[..] else { return false };
        self.acknowledged.insert((round, thread, n), seq);
        true
    }

    fn check(&mut self, path: &Path, round: u64) {
        let db = Database::open(path, child::options(round)).expect("it opens after every kill");
        for ((round, thread, n), seq) in &self.acknowledged {
            let id = format!("{round}-{thread}-{n}");
            let row =
                db.get("rows", &id).expect("readable").unwrap_or_else(|| panic!("the acknowledged write {id} is lost"));
            assert_eq!(row.seq().get(), *seq, "{id} keeps the seq of its acknowledgement");
        }
        self.retry(&db, round);
        let mut seen = BTreeMap::new();
        for entry in db.since(None) {
            let entry = entry.expect("readable");
            if entry.collection.as_str() == "rows" && entry.kind.as_str() == "put" {
                assert_eq!(seen.insert(entry.id.to_string(), entry.seq), None, "{} was written twice", entry.id);
            }
        }
        db.close().expect("it closes");
    }

    /// Sends again what was in flight and what was acknowledged last.
    fn retry(&mut self, db: &Database, round: u64) {
        for thread in 0..child::THREADS {
            let own = self.acknowledged.range((round, thread, 0)..=(round, thread, u64::MAX));
            let last = own.last().map(|((_, _, n), _)| *n);
            for n in last.into_iter().chain([last.map_or(0, |last| last + 1)]) {
                let id = format!("{round}-{thread}-{n}");
                let before = db.get("rows", &id).expect("readable").map(|row| row.seq());
                let receipt = db.write(child::request(round, thread, n)).expect("a retry is answered");
                assert_eq!(receipt.replayed, before.is_some(), "{id}");
                assert!(before.is_none() || receipt.seq() == before, "{id} has one answer");
                let seq = receipt.seq().map(Seq::get).expect("a put has a seq");
                self.acknowledged.insert((round, thread, n), seq);
                self.retries += 1;
            }
        }
    }
}
