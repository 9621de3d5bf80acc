//! Index keys sort as their components do, come apart again, and refuse damaged bytes.

#![cfg(test)]

use nedb_types::key::{
    document_key, document_prefix, edge_key, edge_node_prefix, edge_prefix, expiry_bound, expiry_key, prefix_successor,
    reverse_edge_key, reverse_edge_node_prefix, reverse_edge_prefix, split_document_key, split_edge_key,
    split_expiry_key, split_reverse_edge_key,
};
use nedb_types::{Collection, DocId, ErrorCode, NodeRef, Relation, Timestamp};
use proptest::prelude::*;

fn node(collection: &str, id: &[u8]) -> NodeRef {
    NodeRef::new(Collection::new(collection).unwrap(), DocId::new(id).unwrap())
}

fn relation(name: &str) -> Relation {
    Relation::new(name).unwrap()
}

#[test]
fn keys_have_their_golden_bytes() {
    let (from, to) = (node("a", b"1\x002"), node("b", b"\x00"));
    assert_eq!(document_key(from.collection(), from.id()), b"\x00a\x00\x011\x002");
    assert_eq!(edge_key(&from, &relation("r"), &to), b"\x01a\x00\x011\x00\xff2\x00\x01r\x00\x01b\x00\x01\x00");
    assert_eq!(reverse_edge_key(&from, &relation("r"), &to), b"\x02b\x00\x01\x00\xff\x00\x01r\x00\x01a\x00\x011\x002");
    assert_eq!(expiry_key(Timestamp::from_micros(1), b"k"), b"\x03\x80\0\0\0\0\0\0\x01k");
}

#[test]
fn a_prefix_covers_exactly_its_own_keys() {
    let (from, to, other) = (node("a", b"1"), node("b", b"2"), node("a", b"1\x00"));
    let (short, long) = (relation("r"), relation("rr"));
    assert!(edge_key(&from, &short, &to).starts_with(&edge_prefix(&from, &short)));
    assert!(edge_key(&from, &long, &to).starts_with(&edge_node_prefix(&from)));
    assert!(!edge_key(&from, &long, &to).starts_with(&edge_prefix(&from, &short)));
    assert!(!edge_key(&other, &short, &to).starts_with(&edge_node_prefix(&from)));
    assert!(reverse_edge_key(&from, &short, &to).starts_with(&reverse_edge_prefix(&to, &short)));
    assert!(reverse_edge_key(&from, &short, &to).starts_with(&reverse_edge_node_prefix(&to)));
    let (users, user) = (Collection::new("users").unwrap(), Collection::new("user").unwrap());
    assert!(!document_key(&users, from.id()).starts_with(&document_prefix(&user)));
}

#[test]
fn a_damaged_key_is_corrupt_and_never_panics() {
    let (from, to) = (node("a", b"1\x00"), node("b", b"2"));
    let key = edge_key(&from, &relation("r"), &to);
    for length in 0..key.len() {
        assert_eq!(split_edge_key(&key[..length]).unwrap_err().code(), ErrorCode::Corrupt, "{length}");
    }
    for position in 0..key.len() {
        for bit in 0..8 {
            let mut bytes = key.clone();
            bytes[position] ^= 1 << bit;
            if let Ok(edge) = split_edge_key(&bytes) {
                assert_eq!(edge_key(&edge.from, &edge.relation, &edge.to), bytes);
            }
            drop((split_document_key(&bytes), split_reverse_edge_key(&bytes)));
        }
    }
    assert!(split_document_key(b"\x00a:b\x00\x011").is_err());
    assert!(split_document_key(b"\x00\xff\x00\x011").is_err());
    assert!(split_document_key(b"\x00a\x00\x01").is_err());
    assert!(split_expiry_key(b"\x03\x80\0\0").is_err());
}

#[test]
fn the_successor_of_a_prefix_is_the_least_bound_above_it() {
    assert_eq!(prefix_successor(b""), None);
    assert_eq!(prefix_successor(b"a\xff\xff"), Some(b"b".to_vec()));
}

fn any_node() -> impl Strategy<Value = NodeRef> {
    let id = proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(0xff), any::<u8>()], 1..5);
    ("[a-c]{1,3}", id).prop_map(|(collection, id)| node(&collection, &id))
}

proptest! {
    #[test]
    fn documents_sort_by_collection_then_id(left in any_node(), right in any_node()) {
        let keys = [&left, &right].map(|node| document_key(node.collection(), node.id()));
        prop_assert_eq!(keys[0].cmp(&keys[1]), left.cmp(&right));
        let (collection, id) = split_document_key(&keys[0]).unwrap();
        prop_assert_eq!(NodeRef::new(collection, id), left);
    }

    #[test]
    fn edges_sort_by_their_parts_in_both_directions(
        left in (any_node(), "[rs]{1,2}", any_node()), right in (any_node(), "[rs]{1,2}", any_node()),
    ) {
        let parts = [left, right].map(|(from, name, to)| (from, relation(&name), to));
        let keys = parts.clone().map(|(from, relation, to)| edge_key(&from, &relation, &to));
        prop_assert_eq!(keys[0].cmp(&keys[1]), parts[0].cmp(&parts[1]));
        let reversed = parts.clone().map(|(from, relation, to)| reverse_edge_key(&from, &relation, &to));
        let [left, right] = parts.clone().map(|(from, relation, to)| (to, relation, from));
        prop_assert_eq!(reversed[0].cmp(&reversed[1]), left.cmp(&right));
        for edge in [split_edge_key(&keys[0]).unwrap(), split_reverse_edge_key(&reversed[0]).unwrap()] {
            prop_assert_eq!((edge.from, edge.relation, edge.to), parts[0].clone());
        }
    }

    #[test]
    fn expiries_sort_by_moment_then_key(left in any::<(i64, [u8; 3])>(), right in any::<(i64, [u8; 3])>()) {
        let keys = [left, right].map(|(micros, key)| expiry_key(Timestamp::from_micros(micros), &key));
        prop_assert_eq!(keys[0].cmp(&keys[1]), left.cmp(&right));
        let (moment, key) = split_expiry_key(&keys[0]).unwrap();
        prop_assert_eq!((moment.as_micros(), key), (left.0, left.1.as_slice()));
        prop_assert_eq!(keys[0] < expiry_bound(Timestamp::from_micros(right.0)), left.0 < right.0);
    }

    #[test]
    fn a_successor_bounds_its_prefix(prefix in proptest::collection::vec(any::<u8>(), 0..4), key in proptest::collection::vec(any::<u8>(), 0..6)) {
        if let Some(bound) = prefix_successor(&prefix) {
            prop_assert_eq!(key.starts_with(&prefix), key >= prefix && key < bound);
        }
    }
}
