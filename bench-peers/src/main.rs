//! `bench-peers [quick|standard|long] [GROUP...] [--rounds N] [--dir DIR] [--data DIR] [--json]`: NEDB beside other stores.
//!
//! All candidates take turns in one run. The peers store opaque bytes: no history (their versions go under longer keys), no
//! hashing, no proof, no change feed. Each is set as its authors advise for this use; the settings stand in its file.

mod failure;
mod fjall_store;
mod lmdb_store;
mod redb_store;
#[cfg(feature = "rocksdb")]
mod rocksdb_store;
mod sqlite_store;
mod sqlite_table;
mod versioned;

use std::process::ExitCode;

use nedb_bench::{Candidate, Command, Step, text_row};

fn main() -> ExitCode {
    let peers: Vec<&dyn Candidate> = vec![
        &lmdb_store::Lmdb,
        &redb_store::Redb,
        &fjall_store::Fjall,
        &sqlite_store::Sqlite,
        #[cfg(feature = "rocksdb")]
        &rocksdb_store::Rocks,
    ];
    let words = std::env::args().skip(1);
    let result =
        Command::parse(words).map(|command| command.after([""; 0])).and_then(|command| command.run(&peers, &mut tell));
    match result {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench-peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn tell(step: &Step) {
    if let Step::Row(row) = step {
        eprintln!("{}", text_row(row));
    }
}
