//! Measures what Redis commands cost when those of many sessions are carried out in rounds, as the daemon does: no sockets, no client.
//!
//! ```text
//! cargo run --release -p nedb-compat --example rounds -- COMMAND [ROUNDS] [DIR]
//! ```
//!
//! A round has 16 calls of each of 50 sessions, with the words that redis-benchmark sends; COMMAND is `set`, `get`, `incr`, `lpush` or `hset`.
//! Without DIR the database is in memory; a directory has to be new.

use std::error::Error;

use nedb::{Database, Durability, Options};
use nedb_compat::redis::{Commands, Reply, RoundCalls, Session};
use nedb_io::Io;

const SESSIONS: usize = 50;
const CALLS: usize = 16;
/// So many strings are there before.
const KEYS: u64 = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let command = words.next().ok_or("which command? one of set, get, incr, lpush, hset")?;
    let rounds: usize = words.next().map_or(Ok(400), |text| text.parse())?;
    let options = Options::new().durability(Durability::Group { interval_us: 10_000 });
    let db = match words.next() {
        Some(directory) => Database::open(directory, options)?,
        None => Database::in_memory()?,
    };
    let commands = Commands::new(&db);
    let sessions: Vec<Session> = (0..SESSIONS).map(|_| commands.session()).collect();
    fill(&commands, &sessions)?;
    // The seed says which keys come in which order: every run asks the same.
    let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % KEYS
    };
    let (clock, mut time_us) = (Io::real().clock, 0);
    for _ in 0..rounds {
        let keys: Vec<Vec<Vec<u8>>> = (0..SESSIONS).map(|_| (0..CALLS).map(|_| key(next())).collect()).collect();
        let mut round = sessions
            .iter()
            .zip(&keys)
            .map(|(session, keys)| calls_of(session, &command, keys))
            .collect::<Result<Vec<_>, _>>()?;
        let begun_us = clock.monotonic_us();
        commands.round(&mut round);
        time_us += clock.monotonic_us() - begun_us;
        check(&mut round)?;
    }
    let calls = rounds * SESSIONS * CALLS;
    #[allow(clippy::print_stdout, reason = "it is a program for a terminal")]
    {
        println!(
            "{command}: {} ns a call, {calls} calls in rounds of {}",
            time_us * 1000 / calls as u64,
            SESSIONS * CALLS
        );
    }
    Ok(())
}

fn key(number: u64) -> Vec<u8> {
    format!("key:{number:012}").into_bytes()
}

fn calls_of<'r>(session: &'r Session, command: &str, keys: &'r [Vec<u8>]) -> Result<RoundCalls<'r>, String> {
    let calls = keys.iter().map(|key| call(command, key)).collect::<Result<_, _>>()?;
    Ok(RoundCalls::new(session, calls))
}

fn call<'k>(command: &str, key: &'k [u8]) -> Result<Vec<&'k [u8]>, String> {
    Ok(match command {
        "set" => vec![b"SET", key, b"xxx"],
        "get" => vec![b"GET", key],
        "incr" => vec![b"INCRBY", key, b"1"],
        "lpush" => vec![b"LPUSH", b"mylist", b"xxx"],
        "hset" => vec![b"HSET", b"myhash", key, b"xxx"],
        other => return Err(format!("no command {other:?}: one of set, get, incr, lpush, hset")),
    })
}

fn fill(commands: &Commands, sessions: &[Session]) -> Result<(), Box<dyn Error>> {
    let keys: Vec<Vec<u8>> = (0..KEYS).map(key).collect();
    let session = sessions.first().ok_or("no session")?;
    for keys in keys.chunks(1000) {
        let calls = keys.iter().map(|key| vec![b"SET".as_slice(), key, b"7"]).collect();
        let mut round = [RoundCalls::new(session, calls)];
        commands.round(&mut round);
        check(&mut round)?;
    }
    Ok(())
}

/// A measurement of refusals would be none.
fn check(round: &mut [RoundCalls<'_>]) -> Result<(), Box<dyn Error>> {
    for reply in round.iter_mut().flat_map(RoundCalls::take_replies) {
        if let Reply::Error(error) = reply {
            return Err(error.into());
        }
    }
    Ok(())
}
