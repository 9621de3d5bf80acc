//! Transfers between accounts: money is neither made nor lost, at any moment of the history.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use nedb::{Database, EntryKind, ErrorCode, Expected, Op, Receipt, ScanRange, Snapshot, WriteBatch};

use super::{body, fresh, number};
use crate::support::{dice::Dice, watchdog::Watchdog};

const ACCOUNTS: u64 = 8;
const START: i64 = 100;
const TELLERS: u64 = 8;
const TRANSFERS: u64 = 60;

fn transfer(db: &Database, dice: &mut Dice) -> Option<Receipt> {
    let (from, to) = (dice.below(ACCOUNTS), dice.below(ACCOUNTS));
    if from == to {
        return None;
    }
    let amount = i64::try_from(dice.below(20)).expect("a small number");
    let view = db.snapshot();
    let read = |account: u64| view.get("accounts", account.to_string()).expect("readable").expect("accounts stay");
    let (source, target) = (read(from), read(to));
    let put =
        |row: &nedb::Row, balance| Op::put("accounts", row.id_bytes(), body(balance)).if_seq(Expected::Seq(row.seq()));
    let batch = WriteBatch::new().op(put(&source, number(&source) - amount)).op(put(&target, number(&target) + amount));
    match db.write(batch) {
        Ok(receipt) => Some(receipt),
        Err(error) => {
            assert_eq!(error.code(), ErrorCode::PreconditionFailed, "{error}");
            None
        }
    }
}

fn total(view: &Snapshot) -> i64 {
    let rows = view.scan("accounts", &ScanRange::all()).expect("readable");
    rows.map(|row| number(&row.expect("readable"))).sum()
}

/// Walks the log once: every transaction keeps the total, and the seqs that were acknowledged are exactly its ends.
fn check_history(db: &Database, acknowledged: &mut [u64]) {
    let (mut balances, mut ends) = (BTreeMap::new(), Vec::new());
    for entry in db.since(None) {
        let entry = entry.expect("readable");
        let EntryKind::Put(document) = &entry.kind else { panic!("only puts were made, not {entry:?}") };
        let json = document.as_document().to_json().expect("it prints");
        let balance: i64 = json[5..json.len() - 1].parse().expect("a number");
        balances.insert(entry.id.clone(), balance);
        if entry.is_last_in_transaction {
            ends.push(entry.seq.get());
            assert_eq!(
                balances.values().sum::<i64>(),
                START * i64::try_from(ACCOUNTS).expect("small"),
                "at {}",
                entry.seq
            );
        }
    }
    acknowledged.sort_unstable();
    assert_eq!(ends[1..], acknowledged[..], "each transaction was acknowledged once, with its last seq");
}

#[test]
fn transfers_neither_make_nor_lose_money_at_any_moment() {
    let _watchdog = Watchdog::seconds("bank", 60);
    let (_dir, db) = fresh("bank");
    let mut opening = WriteBatch::new();
    for account in 0..ACCOUNTS {
        opening.push(Op::put("accounts", account.to_string(), body(START)));
    }
    db.write(opening).expect("accounts are opened");
    let is_over = AtomicBool::new(false);
    let mut acknowledged = Vec::new();
    let mut reads = 0_u64;
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !is_over.load(Ordering::Relaxed) {
                assert_eq!(total(&db.snapshot()), START * i64::try_from(ACCOUNTS).expect("small"));
                reads += 1;
            }
            reads
        });
        let teller = |seed: u64| {
            let (db, mut dice) = (&db, Dice::new(seed));
            move || {
                (0..TRANSFERS)
                    .filter_map(|_| transfer(db, &mut dice))
                    .map(|receipt| receipt.last_seq)
                    .collect::<Vec<_>>()
            }
        };
        let tellers: Vec<_> = (0..TELLERS).map(|seed| scope.spawn(teller(seed))).collect();
        for teller in tellers {
            let seqs = teller.join().expect("a teller does not panic");
            acknowledged.extend(seqs.into_iter().map(|seq| seq.expect("a transfer is logged").get()));
        }
        is_over.store(true, Ordering::Relaxed);
        reads = reader.join().expect("the reader does not panic");
    });
    check_history(&db, &mut acknowledged);
    println!("bank: {} transfers of {}, {reads} totals", acknowledged.len(), TELLERS * TRANSFERS);
    assert!(!acknowledged.is_empty());
}
