//! Hashes that are documents of other faces: what they say about themselves stays, whatever a command changes.

use nedb::{Body, Op, ScanRange, Value};
use nedb_compat::redis::Reply;

use super::world::World;

/// What a document says about its times.
fn times(world: &World, collection: &str, id: &str) -> Vec<(&'static str, Value)> {
    let row = world.db.get(collection, id).unwrap().expect("it is there");
    row.mirror().unwrap().into_iter().filter(|(name, _)| *name != "_id").collect()
}

fn put_with_times(world: &World, collection: &str, id: &str, json: &str) {
    let op = Op::put(collection, id, Body::json(json)).ttl_us(3_600_000_000).evidence("guess");
    world.db.write(op.valid_from("2020-01-01").valid_to("2030-01-01")).unwrap();
}

fn hset(world: &mut World, key: &str, fields: usize) {
    let mut words = vec![b"HSET".to_vec(), key.as_bytes().to_vec()];
    for field in 0..fields {
        words.extend([format!("f{field:03}").into_bytes(), field.to_string().into_bytes()]);
    }
    world.execute(&words);
}

#[test]
fn a_command_keeps_the_lifetime_and_the_valid_time_of_a_document() {
    let mut world = World::new(1);
    put_with_times(&world, "acc", "1", r#"{"a":1}"#);
    let valid = [("_valid_from", Value::from("2020-01-01")), ("_valid_to", Value::from("2030-01-01"))];
    let without_evidence = |world: &World, collection: &str, id: &str| {
        let mut times = times(world, collection, id);
        times.retain(|(name, _)| *name != "_evidence");
        times
    };
    let before = without_evidence(&world, "acc", "1");
    assert_eq!(before.len(), 3);
    for command in ["HSET acc:1 b 2", "HINCRBY acc:1 a 1", "HDEL acc:1 b", "HSETNX acc:1 c 3"] {
        world.run(command);
        assert_eq!(without_evidence(&world, "acc", "1"), before, "{command}");
        assert_eq!(times(&world, "acc", "1").len(), 3, "why it was written is no reason for {command}");
    }
    for command in ["RENAME acc:1 plain", "COPY plain acc:2", "RENAME acc:2 acc:3"] {
        world.run(command);
    }
    assert_eq!(times(&world, "_hash", "plain"), before);
    assert_eq!(times(&world, "acc", "3"), before);
    for command in ["MULTI", "HSET acc:3 d 4", "PERSIST acc:3", "HSET acc:3 e 5", "EXEC"] {
        world.run(command);
    }
    assert_eq!(times(&world, "acc", "3"), valid);
    hset(&mut world, "plain", 600);
    assert_eq!(times(&world, "_kv", "plain"), before);
}

#[test]
fn a_string_keeps_its_valid_time_until_it_is_replaced() {
    let mut world = World::new(1);
    put_with_times(&world, "_kv", "n", r#"{"_v":"5"}"#);
    for command in ["INCR n", "INCRBYFLOAT n 1", "APPEND n 0", "SETRANGE n 0 9", "PERSIST n"] {
        world.run(command);
        let valid_to = ("_valid_to", Value::from("2030-01-01"));
        assert!(times(&world, "_kv", "n").contains(&valid_to), "{command}");
    }
    world.run("SET n 1");
    assert_eq!(times(&world, "_kv", "n"), []);
}

#[test]
fn a_large_hash_that_gets_the_key_of_a_document_is_one() {
    let mut world = World::new(1);
    let count = |world: &World, name: &str| world.db.snapshot().scan(name, &ScanRange::all()).unwrap().count();
    hset(&mut world, "big", 600);
    world.run("EXPIRE big 100");
    assert_eq!(count(&world, "_field"), 600);
    assert_eq!(world.run("COPY big user:1"), Reply::Int(1));
    assert_eq!(world.run("RENAME big user:2"), Reply::ok());
    for id in ["1", "2"] {
        let row = world.db.get("user", id).unwrap().expect("a document of its collection");
        assert_eq!(row.field("f599").unwrap().map(|value| value.to_value().unwrap()), Some(Value::from("599")));
        assert_eq!(world.run(&format!("HLEN user:{id}")), Reply::Int(600));
        assert_eq!(world.run(&format!("TTL user:{id}")), Reply::Int(100));
    }
    assert_eq!((count(&world, "_field"), count(&world, "_kv")), (0, 0));
    assert_eq!(world.run("RENAME user:1 big"), Reply::ok());
    world.run("HSET big one more");
    assert_eq!((world.run("HLEN big"), count(&world, "_field")), (Reply::Int(601), 601));
}
