//! Transfers between accounts: money is neither made nor lost, at any moment of the history.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use nedb::{Database, EntryKind, ErrorCode, Expected, Op, Receipt, ScanRange, Snapshot, WriteBatch};

use super::{body, fresh_of, histories, number};
use crate::support::dice::Dice;

const START: i64 = 100;

fn transfer(db: &Database, accounts: u64, dice: &mut Dice) -> Option<Receipt> {
    let (from, to) = (dice.below(accounts), dice.below(accounts));
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
fn check_history(db: &Database, accounts: i64, acknowledged: &mut [u64]) {
    let (mut balances, mut ends) = (BTreeMap::new(), Vec::new());
    for entry in db.since(None) {
        let entry = entry.expect("readable");
        let EntryKind::Put(document) = &entry.kind else { panic!("only puts were made, not {entry:?}") };
        let json = document.as_document().to_json().expect("it prints");
        let balance: i64 = json[5..json.len() - 1].parse().expect("a number");
        balances.insert(entry.id.clone(), balance);
        if entry.is_last_in_transaction {
            ends.push(entry.seq.get());
            assert_eq!(balances.values().sum::<i64>(), START * accounts, "at {}", entry.seq);
        }
    }
    acknowledged.sort_unstable();
    assert_eq!(ends[1..], acknowledged[..], "each transaction was acknowledged once, with its last seq");
}

#[test]
fn transfers_neither_make_nor_lose_money_at_any_moment() {
    histories("bank", 60, |seed, dice| {
        let (_dir, db) = fresh_of("bank", seed, dice);
        let (accounts, tellers, transfers) = (2 + dice.below(10), 2 + dice.below(7), 10 + dice.below(60));
        let total_money = START * i64::try_from(accounts).expect("small");
        let opening = |batch: WriteBatch, account: u64| batch.put("accounts", account.to_string(), body(START));
        db.write((0..accounts).fold(WriteBatch::new(), opening)).expect("accounts are opened");
        let is_over = AtomicBool::new(false);
        let mut acknowledged = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    assert_eq!(total(&db.snapshot()), total_money, "seed {seed}");
                }
            });
            let teller = |number: u64| {
                let (db, mut dice) = (&db, Dice::new(seed << 8 | number));
                move || (0..transfers).filter_map(|_| transfer(db, accounts, &mut dice)).collect::<Vec<_>>()
            };
            let tellers: Vec<_> = (0..tellers).map(|number| scope.spawn(teller(number))).collect();
            for teller in tellers {
                let receipts = teller.join().expect("a teller does not panic");
                let seqs = receipts.into_iter().map(|receipt| receipt.last_seq.expect("a transfer is logged").get());
                acknowledged.extend(seqs);
            }
            is_over.store(true, Ordering::Relaxed);
        });
        assert!(!acknowledged.is_empty(), "seed {seed}");
        db.flush().expect("feeds tell what is durable");
        check_history(&db, i64::try_from(accounts).expect("small"), &mut acknowledged);
    });
}
