//! Fuzzes the texts of the C2SP specifications: signed notes, verifier keys, tree heads, tile paths, and entry bundles.
//!
//! Checks that nothing panics, that every text that was read is written back byte for byte, and that a note that was signed here
//! is verified by the key of its signer.
#![no_main]

use std::fmt::Display;
use std::str::FromStr;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nedb_crypto::tiles::{Tile, decode_bundle, encode_bundle};
use nedb_crypto::{Note, SecretSeed, SigningKey, TreeHead, VerifierKey, sign_note};

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::new("example.org/fuzz", &SecretSeed::new([7; 32])).expect("the name is good"));

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entries) = decode_bundle(bytes) {
        assert_eq!(
            encode_bundle(entries).expect("entries that were read can be written"),
            bytes,
            "a bundle has one form"
        );
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    same::<VerifierKey>(text);
    same::<Tile>(text);
    same::<TreeHead>(text);
    let own = KEY.verifier_key();
    if let Some(note) = same::<Note>(text) {
        let keys: Vec<VerifierKey> = text.lines().filter_map(|line| line.parse().ok()).chain([own.clone()]).collect();
        drop(note.verify(&keys));
        drop(TreeHead::verified(&note, &keys));
    }
    if let Ok(note) = sign_note(text, &KEY) {
        let read: Note = note.to_string().parse().expect("a note just written is read");
        assert_eq!(read.text(), text, "signing leaves the text alone");
        read.verify(std::slice::from_ref(&own)).expect("the signature is good");
        drop(TreeHead::verified(&read, &[own]));
    }
});

fn same<T: FromStr + Display>(text: &str) -> Option<T> {
    let read = text.parse::<T>().ok()?;
    assert_eq!(read.to_string(), text, "what was read has one text");
    Some(read)
}
