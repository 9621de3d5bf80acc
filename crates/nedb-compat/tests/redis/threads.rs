//! What many threads do at once is as if they had done it one after the other.

use nedb_compat::redis::{Commands, Reply, Session};

use super::world::World;

const THREADS: usize = 8;

fn session_of_each(commands: &Commands, run: impl Fn(usize, &Session) + Sync) {
    nedb_io::scoped(THREADS, THREADS, |thread| run(thread, &commands.session()));
}

#[test]
fn four_hundred_concurrent_increments_give_four_hundred() {
    let mut world = World::new(1);
    session_of_each(&world.commands.clone(), |_, session| {
        for _ in 0..50 {
            assert!(matches!(session.execute(&[b"INCR", b"visits"]), Reply::Int(_)));
        }
    });
    assert_eq!(world.run("GET visits"), Reply::bulk("400"));
}

#[test]
fn increments_through_handles_of_their_own_take_turns_and_are_never_refused() {
    const HANDLES: usize = 16;
    let mut world = World::new(1);
    let db = world.db.clone();
    nedb_io::scoped(HANDLES, HANDLES, |_| {
        let session = Commands::new(&db).session();
        for _ in 0..25 {
            assert!(matches!(session.execute(&[b"INCR", b"visits"]), Reply::Int(_)));
        }
    });
    assert_eq!(world.run("GET visits"), Reply::bulk("400"));
}

#[test]
fn every_pushed_element_is_popped_once() {
    let world = World::new(1);
    let popped = nedb_io::scoped(THREADS, THREADS, |thread| {
        let (session, mut popped) = (world.commands.session(), Vec::new());
        for number in 0..25 {
            session.execute(&[b"RPUSH", b"queue", format!("{thread}-{number}").as_bytes()]);
            if let Reply::Bulk(element) = session.execute(&[b"LPOP", b"queue"]) {
                popped.push(element);
            }
        }
        popped
    });
    let mut all: Vec<Vec<u8>> = popped.into_iter().flatten().collect();
    all.sort();
    let count = all.len();
    all.dedup();
    assert_eq!((count, all.len()), (200, 200));
}

#[test]
fn watched_transfers_neither_make_nor_lose_money() {
    let mut world = World::new(1);
    world.run("MSET a 1000 b 1000");
    session_of_each(&world.commands.clone(), |thread, session| {
        for _ in 0..20 {
            loop {
                session.execute(&[b"WATCH", b"a", b"b"]);
                let amount = (thread + 1).to_string();
                session.execute(&[b"MULTI"]);
                session.execute(&[b"DECRBY", b"a", amount.as_bytes()]);
                session.execute(&[b"INCRBY", b"b", amount.as_bytes()]);
                match session.execute(&[b"EXEC"]) {
                    Reply::Array(_) => break,
                    other => assert_eq!(other, Reply::NilArray),
                }
            }
        }
    });
    let moved: usize = (1..=THREADS).map(|amount| amount * 20).sum();
    assert_eq!(
        world.run("MGET a b"),
        Reply::Array(vec![Reply::bulk((1000 - moved).to_string()), Reply::bulk((1000 + moved).to_string())])
    );
}
