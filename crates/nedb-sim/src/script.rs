//! Fixed lists of things to do: one uses each feature, the others come from a seed.
//!
//! A script is data. Running it, and cutting the power in the middle, is left to those who use it.

use nedb::{Cause, Expected, Seq};

use crate::{
    dice::Dice,
    intent::{Act, DocKey, EdgeKey, Intent, Life, Step},
    oracle::{Oracle, Predicted},
    power_cut::Action,
    violation::Verdict,
    workload::{Workload, body},
};

const A: DocKey = DocKey { collection: "notes", id: b"a" };
const B: DocKey = DocKey { collection: "notes", id: b"b" };
const C: DocKey = DocKey { collection: "p", id: b"ab" };
const CITES: EdgeKey = EdgeKey { from: A, relation: "cites", to: C };
/// When every simulated clock begins.
const START_US: i64 = crate::machine::START_US;

/// Every feature of a write once or more, with checkpoints, flushes, sweeps and background tasks between.
pub fn each_feature() -> Verdict<Vec<Action>> {
    let mut actions = documents()?;
    actions.extend(relations_and_lifetimes()?);
    actions.extend(requests_that_are_repeated_or_refused()?);
    actions.push(Action::Drop("notes"));
    actions.extend((0..4).map(|_| Action::Tasks { after_us: 60_000 }));
    Ok(actions)
}

fn put(doc: DocKey, number: u64, text_bytes: usize) -> Verdict<Step> {
    Ok(Step::new(Act::Put(doc, body(number, text_bytes)?)))
}

fn request(client: &'static str, steps: Vec<Step>) -> Action {
    Action::Request(Intent { client, key: None, steps })
}

fn documents() -> Verdict<Vec<Action>> {
    Ok(vec![
        request("local", vec![put(A, 1, 10)?]),
        Action::CreateIndex(("notes", "n")),
        request("ann", vec![put(A, 2, 3_000)?]),
        Action::Tasks { after_us: 60_000 },
        request("local", vec![put(B, 3, 9_000)?, put(A, 4, 0)?, Step::new(Act::Delete(B)), put(B, 5, 1)?]),
        Action::Checkpoint,
        request("bob", vec![Step::new(Act::Delete(A))]),
        request("bob", vec![Step::new(Act::Restore(A, Seq::new(1)))]),
        request("local", vec![Step { expected: Some(Expected::Missing), ..put(C, 6, 20_000)? }]),
        Action::Flush,
    ])
}

fn relations_and_lifetimes() -> Verdict<Vec<Action>> {
    let link = Step {
        causes: vec![Cause::Seq(Seq::new(0)), Cause::Position(0)],
        evidence: Some("inference"),
        confidence: Some(0.5),
        valid_from: Some("2024-02-29"),
        ..Step::new(Act::Link(CITES))
    };
    let expiring = Step { life: Life::Micros(500_000), ..put(B, 7, 100)? };
    Ok(vec![
        request("ann", vec![put(A, 8, 30)?, link]),
        request("ann", vec![Step::new(Act::Unlink(CITES))]),
        request("ann", vec![Step::new(Act::Link(CITES))]),
        request("local", vec![expiring]),
        request("local", vec![Step { life: Life::Until(START_US + 800_000), ..Step::new(Act::Expire(A)) }]),
        request("local", vec![Step::new(Act::Expire(C))]),
        Action::Wait { us: 2_000_000 },
        Action::Sweep,
        Action::Checkpoint,
        Action::Tasks { after_us: 60_000 },
    ])
}

fn requests_that_are_repeated_or_refused() -> Verdict<Vec<Action>> {
    let sale = Intent { client: "bob", key: Some("sale".to_owned()), steps: vec![put(A, 9, 40)?, put(B, 10, 15_000)?] };
    let nothing = Intent { client: "bob", key: Some("gone".to_owned()), steps: vec![Step::new(Act::Delete(C))] };
    let conflict = Intent { steps: vec![Step::new(Act::Delete(A))], ..sale.clone() };
    Ok(vec![
        Action::Request(sale.clone()),
        Action::Request(nothing.clone()),
        Action::Request(nothing),
        Action::Request(sale),
        Action::Request(conflict),
        request("ann", vec![Step { nonce: Some(100), ..put(A, 11, 5)? }]),
        request("ann", vec![Step { nonce: Some(100), ..put(A, 12, 5)? }]),
        request("ann", vec![Step { expected: Some(Expected::Seq(Seq::new(0))), ..put(A, 13, 5)? }]),
        request("local", vec![put(B, 14, 12_000)?]),
        request("local", vec![put(C, 15, 12_000)?]),
        request("local", vec![put(A, 16, 8_000)?]),
        Action::CreateIndex(("p", "t")),
        Action::DropIndex(("notes", "n")),
    ])
}

/// Random requests with whatever else happens between them.
pub fn random(seed: u64, length: u64) -> Verdict<Vec<Action>> {
    let (mut dice, mut oracle) = (Dice::new(seed), Oracle::default());
    let text_bytes_max = dice.pick_or(&[100, 3_000, 12_000], 100);
    let (mut workload, mut now_us) = (Workload::new(text_bytes_max), START_US);
    let mut actions = Vec::new();
    for _ in 0..length {
        actions.push(match dice.below(16) {
            0 => Action::Checkpoint,
            1 => Action::Flush,
            2 | 3 => {
                now_us += 60_000;
                Action::Tasks { after_us: 60_000 }
            }
            _ => {
                let intent = workload.next(&mut dice, &oracle, now_us)?;
                if let Predicted::Logs(logged, outcomes) = oracle.predict(&intent, now_us)? {
                    oracle.push(logged);
                    oracle.remember(&intent, &outcomes, None);
                }
                Action::Request(intent)
            }
        });
    }
    Ok(actions)
}
