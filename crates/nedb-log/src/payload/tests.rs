//! Round trips and damage of payload units.

use super::*;
use nedb_types::{Digest, ErrorCode};
use proptest::prelude::*;

const DOCUMENT: &[u8] = &[0x48, 4, 1, 2, 3, 4];

fn full() -> PayloadContent<'static> {
    PayloadContent {
        relation: Some(RelationTarget { relation: "cites", to_collection: "papers", to_id: b"p\0" }),
        evidence: Some("why"),
        valid_from_text: Some("2024"),
        valid_to_text: Some(""),
        request: Some(Digest::from([7; 32])),
        result: Some(b"ok"),
        document: Some(DOCUMENT),
        ..PayloadContent::new(b"id")
    }
}

#[test]
fn every_field_comes_back() {
    let content = full();
    let unit = PayloadUnit::encode([9; 16], &content).unwrap();
    assert!(unit.bytes().len().is_multiple_of(16));
    let view = unit.view().unwrap();
    assert_eq!(view.salt(), [9; 16]);
    let back = PayloadContent {
        id: view.id,
        relation: view.relation(),
        evidence: view.evidence(),
        valid_from_text: view.valid_from_text(),
        valid_to_text: view.valid_to_text(),
        request: view.request(),
        result: view.result(),
        document: view.document,
    };
    assert_eq!(back, content);
}

#[test]
fn a_unit_cut_or_continued_by_a_block_is_refused() {
    let unit = PayloadUnit::encode([9; 16], &full()).unwrap();
    // Also in the middle of the padding: one content has one form.
    for length in 0..unit.bytes().len() {
        assert!(PayloadView::decode(&unit.bytes()[..length]).is_err(), "{length} bytes");
    }
    let longer = [unit.bytes(), &[0; 16]].concat();
    assert!(PayloadView::decode(&longer).is_err(), "padding has one length");
}

#[test]
fn every_bit_outside_the_free_bytes_matters_to_the_commitment() {
    let unit = PayloadUnit::encode([9; 16], &full()).unwrap();
    for position in 0..unit.bytes().len() * 8 {
        let mut bytes = unit.bytes().to_vec();
        bytes[position / 8] ^= 1 << (position % 8);
        if let Ok(view) = PayloadView::decode(&bytes) {
            assert_ne!(view.commitment(), unit.commitment());
        }
    }
}

#[test]
fn what_is_not_one_document_is_refused() {
    for document in [&b"{}"[..], &[0x48, 9, 1], &[0x48, 1, 1, 1], &[]] {
        let content = PayloadContent { document: Some(document), ..PayloadContent::new(b"a") };
        assert_eq!(PayloadUnit::encode([0; 16], &content).unwrap_err().code(), ErrorCode::InvalidArgument);
    }
}

#[test]
fn many_commitments_at_once_are_the_single_ones() {
    let mut units: Vec<PayloadUnit> = (0..40_u8)
        .map(|number| {
            PayloadUnit::encode([number; 16], &PayloadContent::new(&vec![b'x'; usize::from(number) * 7])).unwrap()
        })
        .collect();
    let single: Vec<Digest> = units.iter().map(PayloadUnit::commitment).collect();
    commit_many(&mut units);
    assert_eq!(units.iter().map(PayloadUnit::commitment).collect::<Vec<_>>(), single);
}

proptest! {
    #[test]
    fn no_bytes_make_decoding_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        if let Ok(view) = PayloadView::decode(&bytes) {
            prop_assert!(view.bytes().len() == bytes.len());
        }
    }
}
