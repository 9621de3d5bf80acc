//! DUMP and RESTORE give back what there was, in whatever form it lies.

use nedb::{Body, Value};
use nedb_compat::redis::Reply;

use super::world::World;

fn dump(world: &mut World, key: &str) -> Vec<u8> {
    match world.run(&format!("DUMP {key}")) {
        Reply::Bulk(dump) => dump,
        other => panic!("{key}: {other:?}"),
    }
}

#[test]
fn every_type_is_restored_as_it_was() {
    let mut world = World::new(1);
    let values = [
        ("SET a \"x\\xff\"", "GET"),
        ("HSET user:1 name Ada \"\\xff\" y", "HGETALL"),
        ("RPUSH l a b \"\"", "LRANGE"),
        ("SADD s a b", "SMEMBERS"),
        ("ZADD z 1.5 a inf b -2 c", "ZRANGE"),
    ];
    for (line, read) in values {
        world.run(line);
        let key = line.split(' ').nth(1).expect("a command with a key");
        let range = if read.ends_with("RANGE") { " 0 -1" } else { "" };
        let scores = if read == "ZRANGE" { " WITHSCORES" } else { "" };
        let expected = world.run(&format!("{read} {key}{range}{scores}"));
        let dump = dump(&mut world, key);
        for copy in ["copy", "copied:1"] {
            let restored = world.execute(&[b"RESTORE".to_vec(), copy.into(), b"0".to_vec(), dump.clone()]);
            assert_eq!(restored, Reply::ok(), "{line}");
            assert_eq!(world.run(&format!("{read} {copy}{range}{scores}")), expected, "{line}");
            world.run(&format!("DEL {copy}"));
        }
    }
}

#[test]
fn a_restored_hash_has_the_types_of_its_fields() {
    let mut world = World::new(1);
    let json = Body::json(r#"{"age":36,"tags":["a",{"b":null}]}"#);
    world.db.put("user", "1", json).expect("a document");
    let dump = dump(&mut world, "user:1");
    world.execute(&[b"RESTORE".to_vec(), b"user:2".to_vec(), b"0".to_vec(), dump]);
    let document = |id: &str| -> Value {
        let row = world.db.get("user", id).expect("it is read").expect("it is there");
        row.document().expect("it checks").to_value().expect("it is an object")
    };
    assert_eq!(document("1"), document("2"));
}

#[test]
fn a_large_hash_is_restored_as_records_or_as_a_document() {
    let mut world = World::new(1);
    for field in 0..600 {
        world.run(&format!("HSET h f{field} {field}"));
    }
    let dump = dump(&mut world, "h");
    for key in ["g", "big:1"] {
        world.execute(&[b"RESTORE".to_vec(), key.into(), b"0".to_vec(), dump.clone()]);
        assert_eq!(world.run(&format!("HLEN {key}")), Reply::Int(600));
        assert_eq!(world.run(&format!("HGET {key} f599")), Reply::bulk("599"));
    }
    assert!(world.db.get("big", "1").expect("it is read").is_some());
}
