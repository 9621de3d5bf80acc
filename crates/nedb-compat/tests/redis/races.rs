//! Commands that read before they write, from many threads at once: nothing is lost, doubled, or seen half done.
//!
//! Each race is run twice: by sessions of one handle, whose locks let them wait for each other, and by handles that know
//! nothing of each other, where the preconditions of the commits alone decide.

use std::collections::BTreeSet;

use nedb::ErrorCode;
use nedb_compat::redis::{Commands, Reply, Session};

use super::{words, world::World};

const THREADS: usize = 6;
const ROUNDS: usize = 12;

/// One thread of a race.
struct Racer {
    thread: usize,
    session: Session,
}

impl Racer {
    /// Carries out a command; one that lost the race too often has changed nothing, and is tried again.
    fn run(&self, line: &str) -> Reply {
        let words = words::words(line);
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        loop {
            match self.session.execute(&words) {
                Reply::Error(error) if error.code() == ErrorCode::Busy => {}
                reply => return reply,
            }
        }
    }

    fn count(&self, line: &str) -> i64 {
        match self.run(line) {
            Reply::Int(number) => number,
            other => panic!("{line}: {other:?} is no number"),
        }
    }

    fn text(&self, line: &str) -> Option<String> {
        text(self.run(line))
    }

    /// Queues the commands and carries them out; `None` when a watched key was touched.
    ///
    /// A transaction that lost too often is gone with its watched keys, which is the same to the caller.
    fn exec(&self, lines: &[String]) -> Option<Vec<Reply>> {
        self.run("MULTI");
        for line in lines {
            assert_eq!(self.run(line), Reply::Simple("QUEUED".into()));
        }
        match self.session.execute(&[b"EXEC"]) {
            Reply::Array(replies) => Some(replies),
            Reply::NilArray => None,
            Reply::Error(error) if error.code() == ErrorCode::Busy => None,
            other => panic!("{other:?} is no answer of EXEC"),
        }
    }
}

fn text(reply: Reply) -> Option<String> {
    match reply {
        Reply::Bulk(bytes) => Some(String::from_utf8(bytes).expect("the race writes text")),
        Reply::Nil => None,
        other => panic!("{other:?} is no text"),
    }
}

fn texts(reply: Reply) -> Vec<String> {
    match reply {
        Reply::Array(replies) | Reply::Set(replies) => replies.into_iter().filter_map(text).collect(),
        other => panic!("{other:?} is no list"),
    }
}

/// Whether commands wait for each other.
#[derive(Clone, Copy, PartialEq)]
enum Handles {
    One,
    OneForEach,
}

fn race_of<T: Send>(
    handles: Handles,
    setup: &[&str],
    work: impl Fn(&Racer) -> T + Sync,
    check: impl Fn(&mut World, Vec<T>),
) {
    let mut world = World::new(1);
    for line in setup {
        world.run(line);
    }
    let (shared, db) = (world.commands.clone(), world.db.clone());
    let results = nedb_io::scoped(THREADS, THREADS, |thread| {
        let commands = if handles == Handles::One { shared.clone() } else { Commands::new(&db) };
        work(&Racer { thread, session: commands.session() })
    });
    check(&mut world, results);
    assert_eq!(world.run("NEDB.VERIFY"), Reply::Int(1));
}

/// Does the work in all threads, through one handle and through one for each, and then looks at what came of it.
fn race<T: Send>(setup: &[&str], work: impl Fn(&Racer) -> T + Sync, check: impl Fn(&mut World, Vec<T>)) {
    race_of(Handles::One, setup, &work, &check);
    race_of(Handles::OneForEach, setup, &work, &check);
}

/// Asserts that no text is there twice, and returns how many there are.
fn distinct(all: &[Vec<String>]) -> usize {
    let set: BTreeSet<&String> = all.iter().flatten().collect();
    let count = all.iter().map(Vec::len).sum();
    assert_eq!(set.len(), count, "something was taken twice");
    count
}

fn total() -> String {
    (THREADS * ROUNDS).to_string()
}

#[test]
fn increments_of_one_field_are_not_lost_beside_those_of_others() {
    let work = |racer: &Racer| {
        for _ in 0..ROUNDS {
            racer.run("HINCRBY h all 1");
            racer.run(&format!("HINCRBY h own{} 1", racer.thread));
            racer.run("HSETNX h once x");
        }
    };
    race(&[], work, |world, _| {
        assert_eq!(world.run("HGET h all"), Reply::bulk(total()));
        for thread in 0..THREADS {
            assert_eq!(world.run(&format!("HGET h own{thread}")), Reply::bulk(ROUNDS.to_string()));
        }
    });
}

#[test]
fn increments_of_one_score_leave_one_member_with_their_sum() {
    let work = |racer: &Racer| {
        for _ in 0..ROUNDS {
            racer.run("ZINCRBY z 1 m");
            racer.run("ZADD z INCR 1 m");
        }
    };
    race(&[], work, |world, _| {
        let sum = Reply::Double(f64::from(u32::try_from(2 * THREADS * ROUNDS).expect("few")));
        assert_eq!(world.run("ZRANGE z 0 -1 WITHSCORES"), Reply::Pairs(vec![(Reply::bulk("m"), sum)]));
        assert_eq!(world.run("ZCARD z"), Reply::Int(1));
    });
}

#[test]
fn every_member_that_was_added_is_taken_once() {
    let work = |racer: &Racer| {
        let mut taken = Vec::new();
        for round in 0..ROUNDS {
            assert_eq!(racer.count(&format!("SADD s {}-{round}", racer.thread)), 1);
            taken.extend(racer.text("SPOP s"));
        }
        taken
    };
    race(&[], work, |world, taken| {
        let left = texts(world.run("SMEMBERS s"));
        assert_eq!(world.run("SCARD s"), Reply::Int(i64::try_from(left.len()).expect("few")));
        let all: Vec<Vec<String>> = taken.into_iter().chain([left]).collect();
        assert_eq!(distinct(&all), THREADS * ROUNDS);
    });
}

#[test]
fn one_of_many_adds_a_member_and_one_sets_a_key() {
    let work = |racer: &Racer| {
        let mut won = [0; 4];
        for round in 0..ROUNDS {
            let mark = racer.thread;
            won[0] += racer.count(&format!("SETNX key{round} {mark}"));
            won[1] += racer.count(&format!("SADD set member{round}"));
            won[2] += racer.count(&format!("ZADD z NX {mark} member{round}"));
            won[3] += racer.count(&format!("MSETNX key{round}a {mark} key{round}b {mark}"));
        }
        won
    };
    race(&[], work, |world, won| {
        for place in 0..4 {
            let winners: i64 = won.iter().map(|won| won[place]).sum();
            assert_eq!(winners, i64::try_from(ROUNDS).expect("few"));
        }
        for round in 0..ROUNDS {
            assert_eq!(world.run(&format!("GET key{round}a")), world.run(&format!("GET key{round}b")));
        }
        assert_eq!(world.run("ZCARD z"), world.run("ZCOUNT z -inf +inf"));
    });
}

#[test]
fn every_value_that_was_set_is_given_back_once() {
    let work = |racer: &Racer| {
        let mut given = Vec::new();
        for round in 0..ROUNDS {
            given.extend(racer.text(&format!("GETSET k {}-{round}", racer.thread)));
            given.extend(racer.text(&format!("SET k {}-{round}- GET", racer.thread)));
        }
        given
    };
    race(&[], work, |world, given| {
        let last = vec![text(world.run("GETDEL k")).expect("the last value is there")];
        let all: Vec<Vec<String>> = given.into_iter().chain([last]).collect();
        assert_eq!(distinct(&all), 2 * THREADS * ROUNDS);
    });
}

#[test]
fn appended_pieces_are_all_there_and_whole() {
    let work = |racer: &Racer| {
        for round in 0..ROUNDS {
            racer.run(&format!("APPEND k <{}-{round}>", racer.thread));
        }
    };
    race(&[], work, |world, _| {
        let value = text(world.run("GET k")).expect("something was appended");
        let pieces: Vec<String> = value.split_inclusive('>').map(str::to_owned).collect();
        assert!(pieces.iter().all(|piece| piece.starts_with('<') && piece.ends_with('>')), "{value}");
        assert_eq!(distinct(&[pieces]), THREADS * ROUNDS);
    });
}

#[test]
fn elements_that_move_between_lists_are_neither_lost_nor_doubled() {
    let work = |racer: &Racer| {
        for _ in 0..ROUNDS {
            let (from, to) = if racer.thread.is_multiple_of(2) { ("a", "b") } else { ("b", "a") };
            racer.run(&format!("LMOVE {from} {to} LEFT RIGHT"));
            racer.run(&format!("RPOPLPUSH {to} {from}"));
            racer.run("LMOVE a a LEFT RIGHT");
        }
    };
    race(&["RPUSH a 1 2 3 4 5", "RPUSH b 6 7 8"], work, |world, _| {
        let lists = [texts(world.run("LRANGE a 0 -1")), texts(world.run("LRANGE b 0 -1"))];
        assert_eq!(distinct(&lists), 8);
    });
}

#[test]
fn a_member_is_moved_by_one() {
    let work = |racer: &Racer| (0..ROUNDS).map(|round| racer.count(&format!("SMOVE a b {round}"))).sum::<i64>();
    let members: Vec<String> = (0..ROUNDS).map(|round| round.to_string()).collect();
    race(&[&format!("SADD a {}", members.join(" "))], work, |world, moved| {
        assert_eq!(moved.iter().sum::<i64>(), i64::try_from(ROUNDS).expect("few"));
        assert_eq!(world.run("SMEMBERS a"), Reply::Set(Vec::new()));
        assert_eq!(distinct(&[texts(world.run("SMEMBERS b"))]), ROUNDS);
    });
}

#[test]
fn the_greatest_score_and_the_least_remain() {
    let work = |racer: &Racer| {
        for round in 0..ROUNDS {
            let score = 1 + racer.thread + round * THREADS;
            racer.run(&format!("ZADD z GT {score} most"));
            racer.run(&format!("ZADD z LT {score} least"));
        }
    };
    race(&[], work, |world, _| {
        let most = f64::from(u32::try_from(THREADS * ROUNDS).expect("few"));
        let members = [("least", 1.0), ("most", most)];
        let members = members.map(|(member, score)| (Reply::bulk(member), Reply::Double(score)));
        assert_eq!(world.run("ZRANGE z 0 -1 WITHSCORES"), Reply::Pairs(members.into()));
    });
}

#[test]
fn members_that_are_popped_from_both_ends_are_popped_once() {
    let work = |racer: &Racer| {
        let mut taken = Vec::new();
        for round in 0..ROUNDS {
            racer.run(&format!("ZADD z {round} {}-{round}", racer.thread));
            let pop = if racer.thread.is_multiple_of(2) { "ZPOPMIN z" } else { "ZPOPMAX z" };
            if let Reply::Array(found) = racer.run(pop) {
                taken.extend(found.into_iter().take(1).filter_map(text));
            }
        }
        taken
    };
    race(&[], work, |world, taken| {
        let all: Vec<Vec<String>> = taken.into_iter().chain([texts(world.run("ZRANGE z 0 -1"))]).collect();
        assert_eq!(distinct(&all), THREADS * ROUNDS);
    });
}

#[test]
fn a_lifetime_that_others_set_never_brings_an_earlier_value_back() {
    let work = |racer: &Racer| {
        for round in 0..ROUNDS {
            if racer.thread == 0 {
                racer.run(&format!("SET k {round}"));
                assert_eq!(racer.text("GET k"), Some(round.to_string()));
                racer.run(&format!("RPUSH l {round}"));
                assert_eq!(racer.text("LINDEX l -1"), Some(round.to_string()));
                continue;
            }
            for key in ["k", "l"] {
                racer.run(&format!("EXPIRE {key} 100"));
                racer.run(&format!("PERSIST {key}"));
                racer.run(&format!("GETEX {key} EX 50"));
            }
        }
    };
    race(&[], work, |world, _| {
        assert_eq!(world.run("GET k"), Reply::bulk((ROUNDS - 1).to_string()));
        assert_eq!(world.run("LLEN l"), Reply::Int(i64::try_from(ROUNDS).expect("few")));
    });
}

#[test]
fn a_number_that_is_watched_read_and_written_loses_no_increment() {
    let work = |racer: &Racer| {
        for _ in 0..ROUNDS {
            loop {
                racer.run("WATCH n");
                let next = racer.text("GET n").map_or(0, |text| text.parse::<u64>().expect("a number")) + 1;
                if racer.exec(&[format!("SET n {next}")]).is_some() {
                    break;
                }
            }
        }
    };
    race(&[], work, |world, _| assert_eq!(world.run("GET n"), Reply::bulk(total())));
}

#[test]
fn a_lock_that_is_a_watched_key_is_held_by_one() {
    let work = |racer: &Racer| {
        for _ in 0..ROUNDS {
            loop {
                racer.run("WATCH lock");
                if racer.count("EXISTS lock") == 0 && racer.exec(&[format!("SET lock {}", racer.thread)]).is_some() {
                    break;
                }
                racer.run("UNWATCH");
            }
            let count = racer.text("GET n").map_or(0, |text| text.parse::<u64>().expect("a number"));
            racer.run(&format!("SET n {}", count + 1));
            assert_eq!(racer.text("GETDEL lock"), Some(racer.thread.to_string()));
        }
    };
    race(&[], work, |world, _| assert_eq!(world.run("GET n"), Reply::bulk(total())));
}

#[test]
fn sessions_of_one_handle_count_the_keys_and_add_one_as_if_one_after_the_other() {
    let work = |racer: &Racer| {
        let mut counted = Vec::new();
        for round in 0..ROUNDS {
            let lines = ["DBSIZE".to_owned(), format!("SET {}-{round} x", racer.thread)];
            let replies = loop {
                if let Some(replies) = racer.exec(&lines) {
                    break replies;
                }
            };
            counted.push(format!("{:?}", replies[0]));
        }
        counted
    };
    race_of(Handles::One, &[], work, |_, counted| assert_eq!(distinct(&counted), THREADS * ROUNDS));
}
