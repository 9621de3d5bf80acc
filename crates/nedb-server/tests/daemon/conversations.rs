//! Conversations of several connections, frame by frame: what a real Redis server says in the same place is recorded in `conversations/`.
//!
//! ```text
//! A> words          A calls            @waits A   goes on when A waits for a key
//! A< frame          A reads a frame    @ends A    goes on when A has gone
//!                                      @three A   A speaks version 3 of the protocol from now on
//! ```
//!
//! `{A}` is the number of a connection. `test_conversations.py` of the Python package holds the files against a redis-server.

use std::collections::BTreeMap;
use std::path::Path;

use nedb_compat::redis::Reply;

use super::client::Resp;
use super::daemon::Daemon;
use super::files;
use super::words::words;

struct Conversation {
    daemon: Daemon,
    observer: Resp,
    speakers: BTreeMap<String, Resp>,
    /// Their numbers, those of who has gone too.
    numbers: BTreeMap<String, i64>,
}

#[test]
fn connections_are_told_what_redis_tells_them_frame_by_frame() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/daemon/conversations");
    let scripts = files::names_ending(&dir, ".txt").expect("the conversations are part of the repository");
    assert!(!scripts.is_empty());
    for path in scripts {
        let daemon = Daemon::start(&[]);
        let observer = daemon.resp();
        let mut conversation = Conversation { daemon, observer, speakers: BTreeMap::new(), numbers: BTreeMap::new() };
        for (number, line) in (1..).zip(files::read_text(&path).unwrap().lines()) {
            conversation.go_on(line, &format!("{}:{number}", path.display()));
        }
    }
}

impl Conversation {
    fn go_on(&mut self, line: &str, place: &str) {
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        if let Some(name) = line.strip_prefix("@waits ") {
            let id = self.number(name);
            while !self.listed(id).contains(" flags=b") {}
        } else if let Some(name) = line.strip_prefix("@three ") {
            assert!(matches!(self.speaker(name).run("HELLO 3"), Reply::Map(_)), "{place}");
        } else if let Some(name) = line.strip_prefix("@ends ") {
            let id = self.number(name);
            drop(self.speakers.remove(name));
            while !self.listed(id).is_empty() {}
        } else if let Some((name, call)) = line.split_once("> ") {
            let call = self.with_numbers(call);
            self.speaker(name).send(&words(&call)).unwrap();
        } else {
            let (name, wanted) = line.split_once("< ").unwrap_or_else(|| panic!("{place}: {line:?}"));
            let wanted = self.with_numbers(wanted);
            assert_eq!(self.speaker(name).frame().unwrap(), wanted, "{place}");
        }
    }

    /// What CLIENT LIST tells of a connection; empty when it has gone.
    fn listed(&mut self, id: i64) -> String {
        match self.observer.run(&format!("CLIENT LIST ID {id}")) {
            Reply::Bulk(bytes) => String::from_utf8(bytes).unwrap(),
            other => panic!("{other:?} is no list"),
        }
    }

    fn speaker(&mut self, name: &str) -> &mut Resp {
        let (daemon, numbers) = (&self.daemon, &mut self.numbers);
        self.speakers.entry(name.to_owned()).or_insert_with(|| {
            let mut resp = daemon.resp();
            let Reply::Int(id) = resp.run("CLIENT ID") else { panic!("a number") };
            numbers.insert(name.to_owned(), id);
            resp
        })
    }

    fn number(&mut self, name: &str) -> i64 {
        if !self.numbers.contains_key(name) {
            self.speaker(name);
        }
        self.numbers[name]
    }

    fn with_numbers(&mut self, line: &str) -> String {
        let mut line = line.to_owned();
        while let Some(at) = line.find('{') {
            let name = line[at + 1..at + 2].to_owned();
            line = line.replace(&format!("{{{name}}}"), &self.number(&name).to_string());
        }
        line
    }
}
