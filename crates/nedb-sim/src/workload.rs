//! Random requests that use every feature of a write.
//!
//! Keys are few, so that versions pile up and requests collide; documents vary from a few bytes to several pages, so that
//! frames cross sectors and segments roll. What must come of a request is left to the oracle.

use nedb::{Cause, DocumentBuf, Expected, Object, Seq, Value};

use crate::{
    dice::Dice,
    intent::{Act, DocKey, EdgeKey, Intent, Life, Step, Subject},
    oracle::Oracle,
    violation::Verdict,
};

/// The collections.
pub const COLLECTIONS: [&str; 3] = ["notes", "p", "größe"];
/// Ids of documents; the first ones are nodes as well.
pub const IDS: [&[u8]; 8] = [b"a", b"ab", b"b", "ü".as_bytes(), b"\xff\x00", b"0", b"zz/../x", b"c:d"];
/// How many of the ids are text that an edge can name.
pub const NODE_IDS: usize = 4;
/// Names of edges.
pub const RELATIONS: [&str; 2] = ["cites", "über"];
const CLIENTS: [&str; 3] = ["local", "ann", "bob"];
/// Requests that may be asked again.
const ASKED_MAX: usize = 12;
/// Steps of a batch.
const STEPS_MAX: u64 = 6;

/// Makes one request after the other.
#[derive(Debug)]
pub struct Workload {
    asked: Vec<Intent>,
    counter: u64,
    /// The most bytes of a document's text.
    text_bytes_max: u64,
}

impl Workload {
    /// Documents have at most so many bytes of text.
    pub fn new(text_bytes_max: u64) -> Self {
        Self { asked: Vec::new(), counter: 0, text_bytes_max }
    }

    /// The next request, given what is there.
    pub fn next(&mut self, dice: &mut Dice, oracle: &Oracle, now_us: i64) -> Verdict<Intent> {
        if dice.one_in(6)
            && let Some(intent) = self.again(dice)
        {
            return Ok(intent);
        }
        let client = dice.pick_or(&CLIENTS, "local");
        let count = if dice.one_in(4) { 1 + dice.below(STEPS_MAX) } else { 1 };
        let mut steps = Vec::new();
        for position in 0..count {
            steps.push(self.step(dice, oracle, (position, now_us))?);
        }
        number(dice, oracle, client, &mut steps);
        self.counter += 1;
        let key = dice.one_in(3).then(|| format!("key-{}", self.counter));
        let intent = Intent { client, key, steps };
        if self.asked.len() == ASKED_MAX {
            self.asked.remove(dice.index(ASKED_MAX));
        }
        self.asked.push(intent.clone());
        Ok(intent)
    }

    /// An earlier request again, sometimes under its key with another content.
    fn again(&self, dice: &mut Dice) -> Option<Intent> {
        let mut intent = dice.pick(&self.asked)?.clone();
        if dice.one_in(4) {
            let doc = DocKey { collection: "p", id: b"a" };
            intent.steps = vec![Step::new(Act::Delete(doc))];
        }
        Some(intent)
    }

    fn step(&mut self, dice: &mut Dice, oracle: &Oracle, (position, now_us): (u64, i64)) -> Verdict<Step> {
        let mut step = Step::new(self.act(dice, oracle)?);
        if matches!(step.act, Act::Put(..) | Act::Restore(..) | Act::Expire(_)) && dice.one_in(4) {
            step.life = match dice.below(3) {
                0 => Life::Until(now_us.saturating_add_unsigned(dice.below(2_000_000))),
                _ => Life::Micros(dice.below(2_000_000)),
            };
        }
        if dice.one_in(8) {
            step.expected = Some(expected(dice, oracle, &step.subject()));
        }
        if dice.one_in(6) {
            let beyond = u64::from(dice.one_in(8));
            let seq = Seq::new(dice.below(oracle.size() + 1 + beyond));
            step.causes.push(Cause::Seq(seq));
            if position > 0 && dice.one_in(2) {
                step.causes.push(Cause::Position(usize::try_from(dice.below(position)).unwrap_or(0)));
            }
        }
        if dice.one_in(6) {
            step.evidence = Some(dice.pick_or(&["tool_result", "inference"], "external"));
            step.confidence = dice.one_in(2).then_some(0.25);
            step.valid_from = dice.one_in(2).then_some("2024-02-29");
        }
        Ok(step)
    }

    fn act(&mut self, dice: &mut Dice, oracle: &Oracle) -> Verdict<Act> {
        let doc = document(dice);
        Ok(match dice.below(16) {
            0..=7 => Act::Put(doc, self.body(dice)?),
            8 => Act::Restore(doc, some_version(dice, oracle, doc)),
            9 | 10 => Act::Delete(doc),
            11 => Act::Expire(doc),
            12..=14 => Act::Link(edge(dice)),
            _ => Act::Unlink(edge(dice)),
        })
    }

    fn body(&mut self, dice: &mut Dice) -> Verdict<DocumentBuf> {
        self.counter += 1;
        let len = match dice.below(4) {
            0 => dice.below(self.text_bytes_max + 1),
            _ => dice.below(60),
        };
        body(self.counter, usize::try_from(len).unwrap_or(0))
    }
}

/// A document with a number and so many bytes of text.
pub fn body(number: u64, text_bytes: usize) -> Verdict<DocumentBuf> {
    let text = Value::String("x".repeat(text_bytes));
    let object = Object::from_fields(vec![("n".to_owned(), Value::from(number)), ("t".to_owned(), text)])?;
    Ok(nedb_types::document::encode(&Value::Object(object))?)
}

/// Any document's key.
pub fn document(dice: &mut Dice) -> DocKey {
    DocKey { collection: dice.pick_or(&COLLECTIONS, "p"), id: dice.pick_or(&IDS, b"a") }
}

fn node(dice: &mut Dice) -> DocKey {
    let ids = IDS.get(..NODE_IDS).unwrap_or(&IDS);
    DocKey { collection: dice.pick_or(&COLLECTIONS, "p"), id: dice.pick_or(ids, b"a") }
}

fn edge(dice: &mut Dice) -> EdgeKey {
    EdgeKey { from: node(dice), relation: dice.pick_or(&RELATIONS, "cites"), to: node(dice) }
}

fn expected(dice: &mut Dice, oracle: &Oracle, subject: &Subject) -> Expected {
    match oracle.versions_of(subject).last() {
        Some(seq) if !dice.one_in(4) => Expected::Seq(Seq::new(*seq)),
        _ => Expected::Missing,
    }
}

fn some_version(dice: &mut Dice, oracle: &Oracle, doc: DocKey) -> Seq {
    let versions = oracle.versions_of(&Subject::Document(doc));
    match dice.pick(versions) {
        Some(seq) if !dice.one_in(8) => Seq::new(*seq),
        _ => Seq::new(dice.below(oracle.size() + 2)),
    }
}

/// Sometimes numbers the steps itself, sometimes with numbers that are stale.
fn number(dice: &mut Dice, oracle: &Oracle, client: &'static str, steps: &mut [Step]) {
    if !dice.one_in(4) {
        return;
    }
    let mut nonce = oracle.last_nonce(client).unwrap_or(0) + dice.below(4);
    for step in steps {
        step.nonce = Some(nonce);
        nonce += 1 + dice.below(3);
    }
}
