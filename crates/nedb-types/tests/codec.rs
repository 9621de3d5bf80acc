//! Stored integers have one encoding, and reading past the end is an error with its place.

#![cfg(test)]

use nedb_types::codec::{Reader, Writer};
use nedb_types::{ErrorCode, Place};
use proptest::prelude::*;

#[test]
fn integers_have_their_golden_bytes() {
    let mut writer = Writer::new();
    writer.u8(1);
    writer.u16(2);
    writer.u32(3);
    writer.u64(4);
    writer.i32(-1);
    writer.i64(-2);
    writer.bytes(b"xy");
    let bytes = [
        1, 2, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, b'x', b'y',
    ];
    assert_eq!(writer.as_bytes(), bytes);
    let mut reader = Reader::new(&bytes, "test");
    assert_eq!((reader.u8().unwrap(), reader.u16().unwrap(), reader.u32().unwrap()), (1, 2, 3));
    assert_eq!((reader.u64().unwrap(), reader.i32().unwrap(), reader.i64().unwrap()), (4, -1, -2));
    assert_eq!((reader.position(), reader.remaining(), reader.rest()), (27, 2, b"xy".as_slice()));
    assert!(reader.finish().is_err());
    assert_eq!(reader.bytes(2).unwrap(), b"xy");
    assert!(reader.finish().is_ok() && reader.is_empty());
}

#[test]
fn varints_have_their_golden_bytes() {
    for (value, bytes) in [
        (0, vec![0]),
        (127, vec![0x7f]),
        (128, vec![0x80, 0x01]),
        (300, vec![0xac, 0x02]),
        (u64::MAX, [vec![0xff; 9], vec![0x01]].concat()),
    ] {
        let mut writer = Writer::new();
        writer.varint(value);
        assert_eq!(writer.into_bytes(), bytes);
        assert_eq!(Reader::new(&bytes, "test").varint().unwrap(), value);
    }
}

#[test]
fn a_varint_in_a_longer_form_or_beyond_64_bits_is_corrupt() {
    for bytes in
        [vec![0x80, 0x00], vec![0xff, 0x80, 0x00], [vec![0xff; 9], vec![0x02]].concat(), vec![0xff; 11], vec![0x80; 10]]
    {
        let error = Reader::new(&bytes, "test").varint().unwrap_err();
        assert_eq!((error.code(), error.place()), (ErrorCode::Corrupt, Some(&Place::at_offset(0))), "{bytes:?}");
    }
}

#[test]
fn reading_past_the_end_names_structure_and_offset() {
    let mut reader = Reader::new(&[1, 2, 3], "frame header");
    reader.u8().unwrap();
    let error = reader.u32().unwrap_err();
    assert_eq!(error.to_string(), "frame header: 4 bytes are needed, 2 are left (at offset 1)");
    assert!(reader.bytes(u64::MAX).is_err());
    assert_eq!(reader.u16().unwrap(), 0x0302);
}

#[test]
fn a_writer_pads_overwrites_and_is_reused() {
    let mut writer = Writer::append_to(vec![9]);
    writer.pad_to(4);
    writer.u32(0);
    writer.set_u32(4, 0x0102_0304);
    assert_eq!(writer.as_bytes(), [9, 0, 0, 0, 4, 3, 2, 1]);
    writer.pad_to(4);
    assert_eq!(writer.position(), 8);
    writer.clear();
    assert_eq!(writer.position(), 0);
}

proptest! {
    #[test]
    fn every_varint_comes_back_and_no_truncation_does(value in any::<u64>(), shift in 0_u32..64) {
        let value = value >> shift;
        let mut writer = Writer::new();
        writer.varint(value);
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes, "test");
        prop_assert_eq!(reader.varint().unwrap(), value);
        prop_assert!(reader.is_empty());
        for length in 0..bytes.len() {
            prop_assert!(Reader::new(&bytes[..length], "test").varint().is_err());
        }
    }

    #[test]
    fn what_reads_as_a_varint_is_its_one_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
        let mut reader = Reader::new(&bytes, "test");
        if let Ok(value) = reader.varint() {
            let mut writer = Writer::new();
            writer.varint(value);
            prop_assert_eq!(writer.as_bytes(), &bytes[..reader.position()]);
        }
    }
}
