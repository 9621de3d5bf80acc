//! Random steps: what a program may do with a database, drawn from small sets so that steps meet.

use nedb::{Body, Cause, Expected, Op, Seq, Timestamp, WriteBatch};

use crate::support::dice::Dice;

pub const COLLECTIONS: [&str; 3] = ["c", "ca", "größe"];
pub const IDS: [&[u8]; 6] = [b"a", b"a\x00", b"ab", b"b", "é".as_bytes(), b"\xff"];
pub const NODES: [&str; 4] = ["c:a", "c:b", "ca:a:b", "größe:é"];
pub const RELATIONS: [&str; 2] = ["r", "rr"];
pub const CLIENTS: [&str; 3] = ["local", "w", "wé"];
const KEYS: [&str; 4] = ["k1", "k2", "k3", "k4"];

/// One thing a program does.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Write(Request),
    Drop(&'static str),
    Sweep,
    Advance(u64),
    Checkpoint,
    Reopen,
    /// Restart after every derived file was deleted.
    Rebuild,
    Flush,
}

/// A batch as data.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub client: &'static str,
    pub key: Option<&'static str>,
    pub ops: Vec<Intent>,
}

/// One operation as data.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    pub action: Action,
    pub expected: Option<State>,
    pub nonce: Option<u64>,
    pub life: Life,
    pub cause: Option<u64>,
}

/// The state in which a key must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Missing,
    At(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Unlimited,
    For(u64),
    Until(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Put(DocKey, u64),
    Restore(DocKey, u64),
    Delete(DocKey),
    Expire(DocKey),
    Link(EdgeKey),
    Unlink(EdgeKey),
}

pub type DocKey = (&'static str, &'static [u8]);
pub type EdgeKey = (&'static str, &'static str, &'static str);

/// The steps of a seed.
pub fn steps(seed: u64) -> Vec<Step> {
    let mut dice = Dice::new(seed);
    let count = 10 + dice.below(60);
    (0..count).map(|_| step(&mut dice)).collect()
}

fn step(dice: &mut Dice) -> Step {
    match dice.below(40) {
        0 => Step::Drop(dice.pick(&COLLECTIONS)),
        1 | 2 => Step::Sweep,
        3..=7 => Step::Advance(dice.pick(&[1, 1_000, 1_000_000, 5_000_000])),
        8 | 9 => Step::Checkpoint,
        10 | 11 => Step::Reopen,
        12 => Step::Rebuild,
        13 => Step::Flush,
        _ => Step::Write(request(dice)),
    }
}

fn request(dice: &mut Dice) -> Request {
    let count = if dice.one_in(3) { 1 + dice.below(6) } else { 1 };
    let mut ops: Vec<Intent> = (0..count).map(|_| intent(dice)).collect();
    if dice.one_in(6) {
        ops[0].nonce = Some(dice.below(40));
    }
    let key = dice.one_in(5).then(|| dice.pick(&KEYS));
    Request { client: dice.pick(&CLIENTS), key, ops }
}

fn intent(dice: &mut Dice) -> Intent {
    let document = (dice.pick(&COLLECTIONS), dice.pick(&IDS));
    let edge = (dice.pick(&NODES), dice.pick(&RELATIONS), dice.pick(&NODES));
    let action = match dice.below(20) {
        0..=8 => Action::Put(document, dice.below(1000)),
        9 | 10 => Action::Restore(document, dice.below(40)),
        11..=13 => Action::Delete(document),
        14 | 15 => Action::Expire(document),
        16..=18 => Action::Link(edge),
        _ => Action::Unlink(edge),
    };
    let is_edge = matches!(action, Action::Link(_) | Action::Unlink(_));
    let has_life = !is_edge && (matches!(action, Action::Expire(_)) || dice.one_in(4));
    Intent {
        action,
        expected: match dice.below(16) {
            0 => Some(State::Missing),
            1 => Some(State::At(dice.below(60))),
            _ => None,
        },
        nonce: None,
        life: if has_life { life(dice) } else { Life::Unlimited },
        cause: dice.one_in(10).then(|| dice.below(30)),
    }
}

fn life(dice: &mut Dice) -> Life {
    match dice.below(6) {
        0 => Life::Unlimited,
        1 => Life::Until(super::run::START_US + i64::try_from(dice.below(20_000_000)).expect("a small number")),
        2 => Life::For(0),
        3 => Life::For(1),
        _ => Life::For(dice.below(10_000_000)),
    }
}

impl Intent {
    pub fn document(&self) -> Option<DocKey> {
        match self.action {
            Action::Put(key, _) | Action::Restore(key, _) | Action::Delete(key) | Action::Expire(key) => Some(key),
            Action::Link(_) | Action::Unlink(_) => None,
        }
    }
}

/// The JSON text of a document of the tests; some are long, so that the log goes on to further files.
pub fn json(number: u64) -> String {
    let filler = if number.is_multiple_of(6) { 5_000 } else { 0 };
    format!(r#"{{"v":{number},"x":"{}"}}"#, "x".repeat(filler))
}

impl From<&Request> for WriteBatch {
    fn from(request: &Request) -> Self {
        let mut batch = Self::new().client(request.client);
        if let Some(key) = request.key {
            batch = batch.idempotency_key(key);
        }
        for intent in &request.ops {
            batch.push(op(intent));
        }
        batch
    }
}

fn op(intent: &Intent) -> Op {
    let mut op = match intent.action {
        Action::Put((collection, id), number) => Op::put(collection, id, Body::json(json(number))),
        Action::Restore((collection, id), version) => Op::restore(collection, id, Seq::new(version)),
        Action::Delete((collection, id)) => Op::delete(collection, id),
        Action::Expire((collection, id)) => Op::expire(collection, id),
        Action::Link((from, relation, to)) => Op::link(from, relation, to),
        Action::Unlink((from, relation, to)) => Op::unlink(from, relation, to),
    };
    op = match intent.life {
        Life::Unlimited => op,
        Life::For(us) => op.ttl_us(us),
        Life::Until(us) => op.expires_at(Timestamp::from_micros(us)),
    };
    if let Some(expected) = intent.expected {
        op = op.if_seq(match expected {
            State::Missing => Expected::Missing,
            State::At(seq) => Expected::Seq(Seq::new(seq)),
        });
    }
    if let Some(nonce) = intent.nonce {
        op = op.nonce(nonce);
    }
    if let Some(cause) = intent.cause {
        op = op.caused_by(Cause::Seq(Seq::new(cause)));
    }
    op
}
