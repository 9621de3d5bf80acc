//! Where values lie, as decision 0013 says: other faces read them there.

use nedb::{ErrorCode, ScanRange};
use nedb_compat::redis::Reply;

use super::world::World;

fn json(world: &World, collection: &str, id: &str) -> Option<String> {
    world.db.get(collection, id).unwrap().map(|row| row.to_json().unwrap())
}

fn count(world: &World, collection: &str) -> usize {
    world.db.snapshot().scan(collection, &ScanRange::all()).unwrap().count()
}

#[test]
fn a_string_is_a_document_of_kv() {
    let mut world = World::new(1);
    world.run("SET greeting hello");
    world.run(r#"SET raw "\xff""#);
    assert_eq!(json(&world, "_kv", "greeting").as_deref(), Some(r#"{"_v":"hello"}"#));
    assert_eq!(json(&world, "_kv", "raw").as_deref(), Some(r#"{"_v":{"$bytes":"/w=="}}"#));
}

#[test]
fn a_hash_whose_key_is_coll_id_is_that_document_both_ways() {
    let mut world = World::new(1);
    world.run("HSET user:1 name Ada");
    world.run("HINCRBY user:1 visits 3");
    assert_eq!(json(&world, "user", "1").as_deref(), Some(r#"{"name":"Ada","visits":3}"#));
    world.db.put("user", "2", nedb::Body::json(r#"{"name":"Bob","tags":["x"],"age":7}"#)).unwrap();
    assert_eq!(world.run("HGET user:2 tags"), Reply::bulk(r#"["x"]"#));
    assert_eq!(world.run("HINCRBY user:2 age 1"), Reply::Int(8));
    assert_eq!(world.run("TYPE user:2"), Reply::Simple("hash".into()));
    world.run("DEL user:2");
    assert_eq!(json(&world, "user", "2"), None);
}

#[test]
fn a_push_writes_one_element_and_the_header() {
    let mut world = World::new(1);
    world.run("RPUSH queue a b c");
    let before = world.db.head().size;
    world.run("RPUSH queue d");
    assert_eq!(world.db.head().size - before, 2);
    world.run("LPOP queue");
    assert_eq!(world.db.head().size - before, 4);
    assert_eq!(count(&world, "_list"), 3);
}

#[test]
fn a_large_hash_is_a_record_for_each_field_and_reads_the_same() {
    let mut world = World::new(1);
    let mut words = vec![b"HSET".to_vec(), b"big".to_vec()];
    for field in 0..600 {
        words.extend([format!("f{field:03}").into_bytes(), field.to_string().into_bytes()]);
    }
    assert_eq!(world.execute(&words), Reply::Int(600));
    assert_eq!((count(&world, "_hash"), count(&world, "_field")), (0, 600));
    let before = world.db.head().size;
    assert_eq!(world.run("HINCRBY big f599 1"), Reply::Int(600));
    assert_eq!(world.db.head().size - before, 2);
    assert_eq!(world.run("HLEN big"), Reply::Int(600));
    let Reply::Map(all) = world.run("HGETALL big") else { panic!("a hash") };
    assert_eq!(all.len(), 600);
    assert_eq!(world.run("DEL big"), Reply::Int(1));
    assert_eq!(count(&world, "_field"), 0);
}

#[test]
fn many_elements_go_with_their_key() {
    let mut world = World::new(1);
    for part in 0..3 {
        let mut words = vec![b"SADD".to_vec(), b"many".to_vec()];
        words.extend((0..1000).map(|member| format!("{part}-{member}").into_bytes()));
        assert_eq!(world.execute(&words), Reply::Int(1000));
    }
    assert_eq!(world.run("DEL many"), Reply::Int(1));
    assert_eq!((world.run("EXISTS many"), count(&world, "_set")), (Reply::Int(0), 0));
}

#[test]
fn a_set_of_which_little_is_left_is_read_without_what_was_removed() {
    let mut world = World::new(1);
    let container = |world: &World| {
        let header = json(world, "_kv", "s").expect("a set");
        header.split("container\":\"").nth(1).and_then(|rest| rest.get(..16)).expect("a container").to_owned()
    };
    let all = |command: &str| -> Vec<Vec<u8>> {
        let members = (0..2000).map(|member| format!("m{member:04}").into_bytes());
        [command.as_bytes().to_vec(), b"s".to_vec()].into_iter().chain(members).collect()
    };
    world.execute(&all("SADD"));
    let first = container(&world);
    world.run("SADD s kept");
    let before = world.db.head().size;
    for member in all("SREM").split_off(2) {
        world.execute(&[b"SREM".to_vec(), b"s".to_vec(), member]);
    }
    // Each removal and its header, and one member written and deleted for four that were removed.
    assert!(world.db.head().size - before < 2 * 2000 + 2000 / 2);
    assert_ne!(container(&world), first);
    assert_eq!(world.run("SMEMBERS s"), Reply::Set(vec![Reply::bulk("kept")]));
    assert_eq!((count(&world, "_set"), world.run("SCARD s")), (1, Reply::Int(1)));
    let watched = world.db.head().seq().expect("something was written").get();
    assert_eq!(world.run(&format!("NEDB.ASOF {watched} SISMEMBER s kept")), Reply::Int(1));
}

#[test]
fn what_an_expired_value_leaves_behind_is_reclaimed_and_seen_by_nobody() {
    let mut world = World::new(1);
    world.run("RPUSH old a b c");
    world.run("PEXPIRE old 100");
    world.run("SADD kept x");
    world.clock.advance_us(100_000);
    assert_eq!(world.run("EXISTS old"), Reply::Int(0));
    world.run("RPUSH old d");
    assert_eq!(world.run("LRANGE old 0 -1"), Reply::Array(vec![Reply::bulk("d")]));
    assert_eq!(count(&world, "_list"), 4);
    assert_eq!(world.run("NEDB.RECLAIM"), Reply::Int(3));
    assert_eq!((count(&world, "_list"), count(&world, "_set")), (1, 1));
}

#[test]
fn what_does_not_fit_an_id_is_refused_by_the_limit_of_ids() {
    let mut world = World::new(1);
    let long = vec![b'x'; 1025];
    let Reply::Error(error) = world.execute(&[b"SET".to_vec(), long.clone(), b"v".to_vec()]) else {
        panic!("too long")
    };
    assert_eq!(error.code(), ErrorCode::IdTooLong);
    let Reply::Error(error) = world.execute(&[b"SADD".to_vec(), b"s".to_vec(), long]) else { panic!("too long") };
    assert_eq!(error.code(), ErrorCode::IdTooLong);
    assert_eq!(world.run("DBSIZE"), Reply::Int(0));
}

#[test]
fn a_value_and_its_past_survive_whatever_happens_to_the_key() {
    let mut world = World::new(1);
    world.run("RPUSH l a b");
    let seq = world.db.head().seq().expect("something was written").get();
    world.run("DEL l");
    world.run("SET l text");
    world.run("FLUSHDB");
    assert_eq!(
        world.run(&format!("NEDB.ASOF {seq} LRANGE l 0 -1")),
        Reply::Array(vec![Reply::bulk("a"), Reply::bulk("b")])
    );
    assert_eq!(world.run("DBSIZE"), Reply::Int(0));
}

#[test]
fn a_sorted_set_whose_header_tells_scores_alone_is_read_and_changed_all_the_same() {
    let mut world = World::new(1);
    world.run("ZADD z 1 a 1 b 2 c 2 d");
    let header = json(&world, "_kv", "z").unwrap();
    let scores_alone = header.replace("0a\",\"last", "0\",\"last").replace("0d\"}", "0\"}");
    assert_ne!(scores_alone, header);
    world.db.put("_kv", "z", nedb::Body::json(scores_alone)).unwrap();
    let members = |names: [&str; 4]| Reply::Array(names.map(Reply::bulk).into());
    assert_eq!(world.run("ZRANGE z 0 -1"), members(["a", "b", "c", "d"]));
    world.run("ZREM z a");
    world.run("ZREM z d");
    world.run("ZADD z 1 A 2 e");
    assert_eq!(world.run("ZRANGE z 0 -1"), members(["A", "b", "c", "e"]));
    assert_eq!(
        json(&world, "_kv", "z").unwrap(),
        header.replace("0a\",\"last", "0A\",\"last").replace("0d\"}", "0e\"}")
    );
}
