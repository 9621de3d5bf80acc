//! The naive database: lists of versions, searched from end to end.

use std::collections::BTreeMap;

use nedb::{Outcome, Seq};

use super::step::{Action, DocKey, Intent, Life, Request, State, json};

/// What a version of a document or an edge is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub seq: u64,
    pub kind: &'static str,
    pub document: Option<String>,
    pub content: u64,
    pub expires_us: Option<i64>,
    pub client: &'static str,
    pub nonce: u64,
    pub time_us: i64,
}

impl Version {
    pub fn is_live(&self, now_us: i64) -> bool {
        !matches!(self.kind, "delete" | "unlink") && self.expires_us.is_none_or(|expires_us| expires_us > now_us)
    }
}

/// A document (collection, id) or an edge (from, relation and to).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Document(String, Vec<u8>),
    Edge(String, String, String),
}

impl Key {
    fn of(action: Action) -> Self {
        match action {
            Action::Put(key, _) | Action::Restore(key, _) | Action::Delete(key) | Action::Expire(key) => document(key),
            Action::Link((from, relation, to)) | Action::Unlink((from, relation, to)) => {
                Self::Edge(from.to_owned(), relation.to_owned(), to.to_owned())
            }
        }
    }
}

fn document((collection, id): DocKey) -> Key {
    Key::Document(collection.to_owned(), id.to_vec())
}

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    pub key: Key,
    pub kind: &'static str,
    pub client: &'static str,
    pub nonce: u64,
    pub time_us: i64,
    pub is_last: bool,
    pub previous: Option<u64>,
}

type Remembered = (Vec<Intent>, Vec<Outcome>);

#[derive(Debug, Default)]
pub struct Model {
    pub versions: BTreeMap<Key, Vec<Version>>,
    pub log: Vec<Logged>,
    nonces: BTreeMap<&'static str, u64>,
    keys: BTreeMap<(&'static str, &'static str), Remembered>,
}

/// A refusal: the code, and the last nonce where that matters.
pub type Refusal = (&'static str, Option<u64>);

impl Model {
    pub fn size(&self) -> u64 {
        self.log.len() as u64
    }

    /// The time of a read at the head.
    pub fn now_us(&self, clock_us: i64) -> i64 {
        self.log.last().map_or(clock_us, |logged| logged.time_us.max(clock_us))
    }

    /// The version that a reader of the first `size` operations sees, whatever its kind.
    pub fn version(&self, key: &Key, size: u64) -> Option<&Version> {
        self.versions.get(key)?.iter().rev().find(|version| version.seq < size)
    }

    pub fn visible(&self, key: &Key, size: u64, now_us: i64) -> Option<&Version> {
        self.version(key, size).filter(|version| version.is_live(now_us))
    }

    /// What a write must answer.
    pub fn write(&mut self, request: &Request, clock_us: i64) -> Result<(Vec<Outcome>, bool), Refusal> {
        request.ops.iter().try_for_each(|op| self.check_restore(op))?;
        if let Some(key) = request.key
            && let Some((ops, outcomes)) = self.keys.get(&(request.client, key))
        {
            let is_same = without_nonces(ops) == without_nonces(&request.ops);
            return if is_same { Ok((outcomes.clone(), true)) } else { Err(("idempotency_conflict", None)) };
        }
        let now_us = self.now_us(clock_us);
        self.check_nonce(request)?;
        self.check_expected(request, now_us)?;
        self.check_causes(request, now_us, clock_us)?;
        let outcomes = self.apply(request, now_us, clock_us);
        if let Some(key) = request.key {
            self.keys.insert((request.client, key), (request.ops.clone(), outcomes.clone()));
        }
        Ok((outcomes, false))
    }

    fn check_restore(&self, op: &Intent) -> Result<(), Refusal> {
        let Action::Restore(key, seq) = op.action else { return Ok(()) };
        let found = self.versions.get(&document(key)).and_then(|all| all.iter().find(|version| version.seq == seq));
        match found {
            Some(version) if version.kind != "delete" => Ok(()),
            _ => Err(("unknown_version", None)),
        }
    }

    fn check_nonce(&self, request: &Request) -> Result<(), Refusal> {
        let last = self.nonces.get(request.client).copied();
        match (request.ops[0].nonce, last) {
            (Some(nonce), Some(last)) if nonce <= last => Err(("stale_nonce", Some(last))),
            _ => Ok(()),
        }
    }

    fn check_expected(&self, request: &Request, now_us: i64) -> Result<(), Refusal> {
        let holds = |op: &Intent| {
            let actual = self.visible(&Key::of(op.action), self.size(), now_us).map(|version| version.seq);
            op.expected.is_none_or(|expected| expected == actual.map_or(State::Missing, State::At))
        };
        if request.ops.iter().all(holds) { Ok(()) } else { Err(("precondition_failed", None)) }
    }

    /// Causes must be smaller than the seq of their operation: a dry run on a copy tells those.
    fn check_causes(&self, request: &Request, now_us: i64, clock_us: i64) -> Result<(), Refusal> {
        if request.ops.iter().all(|op| op.cause.is_none()) {
            return Ok(());
        }
        let mut copy = Self { versions: self.versions.clone(), log: self.log.clone(), ..Self::default() };
        for op in &request.ops {
            if op.cause.is_some_and(|cause| cause >= copy.size()) {
                return Err(("unknown_cause", None));
            }
            copy.apply_op(op, request, now_us, clock_us);
        }
        Ok(())
    }

    fn apply(&mut self, request: &Request, now_us: i64, clock_us: i64) -> Vec<Outcome> {
        let before = self.log.len();
        let outcomes = request.ops.iter().map(|op| self.apply_op(op, request, now_us, clock_us)).collect();
        if self.log.len() > before {
            self.log.last_mut().expect("it has grown").is_last = true;
        }
        outcomes
    }

    fn apply_op(&mut self, op: &Intent, request: &Request, now_us: i64, clock_us: i64) -> Outcome {
        let key = Key::of(op.action);
        let visible = self.visible(&key, self.size(), now_us).cloned();
        let changed = match op.action {
            Action::Put(..) | Action::Restore(..) => true,
            Action::Link(_) => visible.is_none(),
            Action::Delete(_) | Action::Expire(_) | Action::Unlink(_) => visible.is_some(),
        };
        if !changed && request.key.is_none() {
            return Outcome { changed, seq: None };
        }
        let nonce = op.nonce.unwrap_or_else(|| self.nonces.get(request.client).copied().unwrap_or(0) + 1);
        self.nonces.insert(request.client, nonce);
        let mut version = Version {
            seq: self.size(),
            kind: "noop",
            document: None,
            content: self.size(),
            expires_us: match op.life {
                Life::Unlimited => None,
                Life::For(us) => Some(clock_us + i64::try_from(us).expect("a small number")),
                Life::Until(us) => Some(us),
            },
            client: request.client,
            nonce,
            time_us: now_us,
        };
        if changed {
            self.fill(&mut version, op.action, visible);
        }
        let seq = version.seq;
        self.append(key, version);
        Outcome { changed, seq: Some(Seq::new(seq)) }
    }

    fn fill(&self, version: &mut Version, action: Action, visible: Option<Version>) {
        version.kind = match action {
            Action::Put(..) | Action::Restore(..) => "put",
            Action::Delete(_) => "delete",
            Action::Expire(_) => "expire",
            Action::Link(_) => "link",
            Action::Unlink(_) => "unlink",
        };
        match action {
            Action::Put(_, number) => version.document = Some(json(number)),
            Action::Restore(key, seq) => {
                let all = &self.versions[&document(key)];
                version.document = all.iter().find(|old| old.seq == seq).and_then(|old| old.document.clone());
            }
            Action::Expire(_) => {
                let visible = visible.expect("expire changes what is visible");
                (version.document, version.content) = (visible.document, visible.content);
            }
            _ => {}
        }
    }

    fn append(&mut self, key: Key, version: Version) {
        let all = self.versions.entry(key.clone()).or_default();
        let is_noop = version.kind == "noop";
        let previous = all.last().map(|previous| previous.seq).filter(|_| !is_noop);
        let Version { kind, client, nonce, time_us, .. } = version;
        self.log.push(Logged { key, kind, client, nonce, time_us, is_last: false, previous });
        if !is_noop {
            all.push(version);
        }
    }

    /// Deletes these documents in one transaction.
    fn delete_all(&mut self, keys: Vec<Key>, client: &'static str, now_us: i64) -> u64 {
        let count = keys.len() as u64;
        for (at, key) in keys.into_iter().enumerate() {
            let nonce = self.nonces.get(client).copied().unwrap_or(0) + 1;
            self.nonces.insert(client, nonce);
            let (seq, content) = (self.size(), self.size());
            let (document, expires_us, time_us) = (None, None, now_us);
            self.append(key, Version { seq, kind: "delete", document, content, expires_us, client, nonce, time_us });
            self.log.last_mut().expect("it has grown").is_last = at as u64 + 1 == count;
        }
        count
    }

    pub fn sweep(&mut self, clock_us: i64) -> u64 {
        let now_us = self.now_us(clock_us);
        let expiry = |versions: &Vec<Version>| {
            let newest = versions.last().filter(|newest| newest.kind != "delete")?;
            newest.expires_us.filter(|expires_us| *expires_us <= now_us)
        };
        let is_document = |key: &Key| matches!(key, Key::Document(..));
        let mut expired: Vec<(i64, Key)> = self
            .versions
            .iter()
            .filter(|(key, _)| is_document(key))
            .filter_map(|(key, versions)| Some((expiry(versions)?, key.clone())))
            .collect();
        expired.sort();
        self.delete_all(expired.into_iter().map(|(_, key)| key).collect(), "nedb.sweeper", now_us)
    }

    pub fn drop_collection(&mut self, name: &str, clock_us: i64) -> u64 {
        let (now_us, size) = (self.now_us(clock_us), self.size());
        let is_in = |key: &Key| matches!(key, Key::Document(collection, _) if collection == name);
        let keys = self.versions.keys().filter(|key| is_in(key) && self.visible(key, size, now_us).is_some());
        let keys = keys.cloned().collect();
        self.delete_all(keys, "local", now_us)
    }
}

fn without_nonces(ops: &[Intent]) -> Vec<Intent> {
    ops.iter().map(|op| Intent { nonce: None, ..op.clone() }).collect()
}
