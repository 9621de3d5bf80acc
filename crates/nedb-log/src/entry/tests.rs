//! Round trips and damage of entry bodies.

use super::*;
use nedb_types::limits::{CAUSES_MAX, CLIENT_BYTES_MAX, COLLECTION_BYTES_MAX, ENTRY_BYTES_MAX};
use nedb_types::{Digest, Seq};
use proptest::prelude::*;

const SEQ: Seq = Seq::new(100);

fn full(causes: &[Seq]) -> EntryFields<'_> {
    EntryFields {
        last_in_transaction: true,
        idempotency: Some(Digest::from([1; 32])),
        causes,
        confidence: Some(0.25),
        valid_from: Some(-5),
        valid_to: Some(i64::MAX),
        expiry: Some(7),
        previous: Some(Seq::new(3)),
        target: Some(Seq::new(4)),
        commitment: Some(Digest::from([2; 32])),
        catalogue: Some((9, Digest::from([3; 32]))),
        ..EntryFields::new(OpKind::Put, "notes", "ann", u64::MAX)
    }
}

#[test]
fn every_field_comes_back() {
    let causes = [Seq::new(0), Seq::new(42), Seq::new(99)];
    let fields = full(&causes);
    let body = fields.encode(SEQ).unwrap();
    assert_eq!(body.len(), fields.encoded_len());
    let view = EntryView::decode(&body, SEQ).unwrap();
    assert_eq!(view.causes().collect::<Vec<_>>(), causes);
    assert_eq!(view.to_fields(&causes), fields);
    assert_eq!(view.body(), body);
}

#[test]
fn a_body_cut_anywhere_or_continued_is_refused() {
    let causes = [Seq::new(1)];
    let mut body = full(&causes).encode(SEQ).unwrap();
    for length in 0..body.len() {
        assert!(EntryView::decode(&body[..length], SEQ).is_err(), "{length} bytes");
    }
    body.push(0);
    assert!(EntryView::decode(&body, SEQ).is_err());
}

#[test]
fn unordered_late_and_absent_causes_are_refused() {
    for causes in [&[Seq::new(5), Seq::new(5)][..], &[Seq::new(6), Seq::new(5)], &[Seq::new(100)]] {
        let fields = EntryFields { causes, ..EntryFields::new(OpKind::Put, "c", "a", 1) };
        assert_eq!(fields.encode(SEQ).unwrap_err().code(), nedb_types::ErrorCode::UnknownCause);
    }
    let causes = [Seq::new(99)];
    let body = full(&causes).encode(SEQ).unwrap();
    assert!(EntryView::decode(&body, Seq::new(99)).is_err(), "a cause is not below the own seq");
}

#[test]
fn unknown_kinds_and_flags_are_refused_by_number() {
    let body = EntryFields::new(OpKind::Put, "c", "a", 1).encode(SEQ).unwrap();
    for kind in (0..=255).filter(|kind| ![1, 2, 3, 4, 6, 7].contains(kind)) {
        let mut changed = body.clone();
        changed[0] = kind;
        let error = EntryView::decode(&changed, SEQ).unwrap_err();
        assert_eq!(error.code(), nedb_types::ErrorCode::UnknownFeature);
        assert!(error.message().contains(&kind.to_string()));
    }
    let mut changed = body;
    changed[2] = 0x08;
    assert_eq!(EntryView::decode(&changed, SEQ).unwrap_err().code(), nedb_types::ErrorCode::UnknownFeature);
    assert!(EntryFields::new(OpKind::Patch, "c", "a", 1).encode(SEQ).is_err());
}

#[test]
fn limits_have_errors_of_their_own() {
    let long = "x".repeat(129);
    let code = |fields: EntryFields<'_>| fields.encode(Seq::new(u64::MAX)).unwrap_err().code();
    assert_eq!(code(EntryFields::new(OpKind::Put, &long, "a", 1)), nedb_types::ErrorCode::NameTooLong);
    assert_eq!(code(EntryFields::new(OpKind::Put, "c", &long, 1)), nedb_types::ErrorCode::ClientTooLong);
    let causes: Vec<Seq> = (0..1025).map(Seq::new).collect();
    let fields = EntryFields { causes: &causes, ..EntryFields::new(OpKind::Put, "c", "a", 1) };
    assert_eq!(code(fields), nedb_types::ErrorCode::TooManyCauses);
}

#[test]
fn the_largest_entry_that_the_other_limits_allow_is_below_its_own() {
    let (collection, client) = ("c".repeat(COLLECTION_BYTES_MAX), "a".repeat(CLIENT_BYTES_MAX));
    let causes: Vec<Seq> = (0..CAUSES_MAX as u64).map(Seq::new).collect();
    let fields = EntryFields { collection: &collection, client: &client, ..full(&causes) };
    let body = fields.encode(Seq::new(1 << 40)).unwrap();
    let entry_bytes = canonical::PREFIX_BYTES + body.len();
    assert!(entry_bytes <= ENTRY_BYTES_MAX, "{entry_bytes} bytes");
    assert!(EntryView::decode(&body, Seq::new(1 << 40)).is_ok());
}

#[test]
fn an_entry_at_its_limit_is_accepted_and_one_byte_more_is_refused_by_name() {
    let check = |entry_bytes| fields::check_entry_bytes(entry_bytes);
    check(ENTRY_BYTES_MAX).unwrap();
    let error = check(ENTRY_BYTES_MAX + 1).unwrap_err();
    assert_eq!(error.code(), nedb_types::ErrorCode::EntryTooLarge);
    assert!(error.message().contains("ENTRY_BYTES_MAX"), "{error}");
}

proptest! {
    #[test]
    fn no_bytes_make_decoding_panic_and_what_decodes_encodes_to_the_same(body in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(view) = EntryView::decode(&body, SEQ) {
            let causes: Vec<Seq> = view.causes().collect();
            prop_assert_eq!(view.to_fields(&causes).encode(SEQ).unwrap(), body);
        }
    }

    #[test]
    fn a_flipped_bit_gives_an_error_or_other_fields(position in 0_usize..270, bit in 0_u8..8) {
        let causes = [Seq::new(1), Seq::new(2)];
        let mut body = full(&causes).encode(SEQ).unwrap();
        let position = position % body.len();
        body[position] ^= 1 << bit;
        if let Ok(view) = EntryView::decode(&body, SEQ) {
            let causes: Vec<Seq> = view.causes().collect();
            prop_assert_eq!(view.to_fields(&causes).encode(SEQ).unwrap(), body);
        }
    }
}
