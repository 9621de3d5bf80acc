//! Rounds: calls of several sessions that are committed together do what they would do one after the other, version by version.

use nedb::{Entry, Op};
use nedb_compat::redis::{Commands, Reply, RoundCalls, Session};
use nedb_io::{Clock as _, RealClock};

use super::{
    budget::Budget,
    dice::{Dice, first_seed},
    random::{FORMS, Form},
    words,
    world::World,
};

const ROUNDS_PER_CASE: usize = 12;

type Call = Vec<Vec<u8>>;

fn command(dice: &mut Dice, form: &Form) -> Call {
    let mut call = vec![form.0.as_bytes().to_vec()];
    call.extend(form.1.iter().map(|choices| dice.pick(choices).as_bytes().to_vec()));
    call
}

/// What one session sends in one round: commands, some of them in transactions, which may stay open. Calls that are carried out alone
/// let those of other sessions go first, so that only a session by itself draws them here.
fn calls(dice: &mut Dice, callers: usize) -> Vec<Call> {
    let mut calls = Vec::new();
    for _ in 0..dice.below(6) {
        match dice.below(12) {
            0 => calls.push(words::words("MULTI")),
            1 | 2 => calls.push(words::words("EXEC")),
            3 => calls.push(words::words("GET")),
            4 if callers == 1 => calls.push(words::words("WATCH a b")),
            5 if callers == 1 => calls.push(words::words("NEDB.ASOF 5 GET a")),
            _ => {
                let form = dice.pick(FORMS);
                calls.push(command(dice, &form));
            }
        }
    }
    calls
}

/// What is to be the same of an operation, however it was committed.
fn facts(entry: &Entry) -> String {
    let Entry { seq, kind, collection, id, previous, expires_at, .. } = entry;
    format!("{seq} {kind:?} {collection} {id} {previous:?} {expires_at:?}")
}

fn log(world: &World) -> Vec<String> {
    world.db.since(None).map(|entry| facts(&entry.unwrap())).collect()
}

/// Carries out calls as those that look up keys are, as many at a time as some bytes of replies allow.
fn look_up(session: &Session, calls: &[Vec<&[u8]>], dice: &mut Dice) -> Vec<Reply> {
    let mut replies = Vec::new();
    while let Some(left) = calls.get(replies.len()..).filter(|left| !left.is_empty()) {
        let some = session.look_up(left, dice.pick(&[0, 20, 1 << 20]));
        assert!(!some.is_empty(), "the first is carried out in any case");
        replies.extend(some);
    }
    replies
}

fn case(seed: u64) {
    let (mut dice, alone, together, looking) = (Dice::new(seed), World::new(seed), World::new(seed), World::new(seed));
    let callers = dice.pick(&[1, 3]);
    let sessions = |world: &World| -> Vec<Session> { (0..callers).map(|_| world.commands.session()).collect() };
    let (one_by_one, in_rounds, in_looks) = (sessions(&alone), sessions(&together), sessions(&looking));
    for _ in 0..ROUNDS_PER_CASE {
        let sent: Vec<Vec<Call>> = (0..callers).map(|_| calls(&mut dice, callers)).collect();
        let sent: Vec<Vec<Vec<&[u8]>>> = sent
            .iter()
            .map(|calls| calls.iter().map(|call| call.iter().map(Vec::as_slice).collect()).collect())
            .collect();
        let mut round: Vec<RoundCalls<'_>> =
            sent.iter().zip(&in_rounds).map(|(calls, session)| RoundCalls::new(session, calls.clone())).collect();
        together.commands.round(&mut round);
        for (((calls, session), round), look) in sent.iter().zip(&one_by_one).zip(&mut round).zip(&in_looks) {
            let wanted: Vec<Reply> = calls.iter().map(|call| session.execute(call)).collect();
            assert_eq!(round.take_replies(), wanted, "seed {seed}: {calls:?}");
            assert_eq!(look_up(look, calls, &mut dice), wanted, "seed {seed}: {calls:?}");
        }
        let wanted = log(&alone);
        for logged in [log(&together), log(&looking)] {
            let differs = wanted.iter().zip(&logged).find(|(wanted, logged)| wanted != logged);
            assert!(differs.is_none() && wanted.len() == logged.len(), "seed {seed}: {differs:?} after {sent:?}");
        }
    }
}

#[test]
fn a_round_does_what_its_calls_do_one_after_the_other() {
    let mut budget = Budget::cases("rounds of redis commands", 1_000);
    let (mut seed, is_only) = first_seed();
    while budget.has_next() {
        case(seed);
        if is_only {
            break;
        }
        seed += 1;
    }
}

#[test]
fn each_increment_of_a_round_is_a_version_in_one_commit() {
    let db = nedb::Database::in_memory().unwrap();
    let commands = Commands::new(&db);
    let sessions: Vec<Session> = (0..40).map(|_| commands.session()).collect();
    let calls = || vec![vec![&b"INCR"[..], b"n"]; 10];
    let mut round: Vec<RoundCalls<'_>> = sessions.iter().map(|session| RoundCalls::new(session, calls())).collect();
    commands.round(&mut round);
    let replies: Vec<Reply> = round.iter_mut().flat_map(RoundCalls::take_replies).collect();
    assert_eq!(replies, (1..=400).map(Reply::Int).collect::<Vec<_>>());
    assert_eq!(db.snapshot().history("_kv", "n").unwrap().count(), 400);
    let times: Vec<_> = db.since(None).map(|entry| entry.unwrap().committed_at).collect();
    assert!(times.windows(2).all(|pair| pair[0] == pair[1]), "one commit, one time");
}

#[test]
fn a_call_that_cannot_be_committed_fails_alone() {
    let db = nedb::Database::in_memory().unwrap();
    let commands = Commands::new(&db);
    let (small, large) = (commands.session(), commands.session());
    let huge = vec![b'x'; 9 << 20];
    let mut round = [
        RoundCalls::new(&small, vec![vec![b"SET", b"a", b"1"]]),
        RoundCalls::new(&large, vec![vec![b"SET", b"b", &huge], vec![b"SET", b"c", b"3"]]),
    ];
    commands.round(&mut round);
    assert_eq!(round[0].take_replies(), [Reply::ok()]);
    let replies = round[1].take_replies();
    assert!(replies[0].error_text().is_some() && replies[1] == Reply::ok(), "{replies:?}");
    assert_eq!(small.execute(&[b"MGET", b"a", b"c"]), Reply::Array(vec![Reply::bulk("1"), Reply::bulk("3")]));
}

#[test]
fn a_round_sees_what_others_wrote_while_it_was_under_way() {
    let db = nedb::Database::in_memory().unwrap();
    let commands = Commands::new(&db);
    let session = commands.session();
    std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            for number in 0..200_i64 {
                let put = Op::put("_kv", "other", nedb::Body::json(format!(r#"{{"_v": {number}}}"#)));
                db.write(put).unwrap();
            }
        });
        for _ in 0..50 {
            let mut round = [RoundCalls::new(&session, vec![vec![b"INCR", b"n"], vec![b"INCRBY", b"other", b"0"]])];
            commands.round(&mut round);
            assert!(round[0].take_replies().iter().all(|reply| matches!(reply, Reply::Int(_))));
        }
        writer.join().unwrap();
    });
    assert_eq!(session.execute(&[b"GET", b"n"]), Reply::bulk("50"));
}

#[test]
fn the_lifetimes_of_a_transaction_take_time_by_their_number_and_no_more() {
    let took = |pairs: usize| {
        let session = Commands::new(&nedb::Database::in_memory().unwrap()).session();
        session.execute(&[b"MULTI"]);
        for n in 0..pairs {
            let key = format!("k{n}");
            session.execute(&[b"SET", key.as_bytes(), b"v"]);
            session.execute(&[b"EXPIRE", key.as_bytes(), b"100"]);
        }
        let clock = RealClock::new();
        let begun_us = clock.monotonic_us();
        let Reply::Array(replies) = session.execute(&[b"EXEC"]) else { panic!("all of them") };
        assert_eq!(replies.len(), 2 * pairs);
        clock.monotonic_us() - begun_us
    };
    // The best of three, since others use the machine too.
    let best = |pairs| (0..3).map(|_| took(pairs)).min().unwrap();
    let (few, many) = (best(2_000), best(16_000));
    assert!(many < few * 24, "eight times as many take {many} us and not {few}");
}
