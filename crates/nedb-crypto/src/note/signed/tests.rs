//! Notes: the specification's own examples, and everything that must not verify.

use super::super::{SecretSeed, SignatureKind};
use super::*;

const TEXT: &str = "first line\n\nthird line\n";

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::new(name, &SecretSeed::new([seed; 32])).unwrap()
}

#[test]
fn the_rfc_8032_test_key_signs_as_published() {
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let seed: nedb_types::Digest = seed.parse().unwrap();
    let key = SigningKey::new("rfc8032", &SecretSeed::new(seed.to_bytes())).unwrap();
    assert_eq!(
        encode_base64(key.sign(b"")),
        "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw=="
    );
    assert_eq!(key.to_seed().unwrap().expose(), seed.as_bytes());
}

#[test]
fn a_published_note_verifies_and_prints_as_it_was_read() {
    // The example of the Go note package, which the specification describes.
    let key: VerifierKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
    let text = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n\
                \n\
                \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let note: Note = text.parse().unwrap();
    assert_eq!(note.verify(std::slice::from_ref(&key)).unwrap(), [&key]);
    assert_eq!(note.to_string(), text);
}

#[test]
fn a_cosignature_covers_its_time_and_the_text() {
    // Signed here by hand: a header line, the time line, then the text.
    let witness = key("witness.example", 9);
    let public: [u8; 32] = witness
        .verifier_key()
        .to_string()
        .rsplit('+')
        .next()
        .map(|encoded| decode_base64(encoded, "key").unwrap()[1..].try_into().unwrap())
        .unwrap();
    let cosigner = VerifierKey::new("witness.example", SignatureKind::Cosignature, public).unwrap();
    assert_eq!(cosigner.to_string().parse::<VerifierKey>().unwrap(), cosigner);
    let time_s = 1_679_315_147_u64;
    let mut bytes = time_s.to_be_bytes().to_vec();
    bytes.extend(witness.sign(format!("cosignature/v1\ntime {time_s}\n{TEXT}").as_bytes()));
    let line = |bytes: Vec<u8>| Signature { key_name: "witness.example".into(), key_id: cosigner.id(), bytes };
    let note = Note { text: TEXT.into(), signatures: vec![line(bytes.clone())] };
    note.verify(std::slice::from_ref(&cosigner)).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut wrong = bytes.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        let note = Note { text: TEXT.into(), signatures: vec![line(wrong)] };
        assert_eq!(note.verify(std::slice::from_ref(&cosigner)).unwrap_err().code(), ErrorCode::BadSignature);
    }
}

#[test]
fn text_with_empty_lines_comes_back_whole() {
    for text in ["\n", "a\n", "a\n\n", "\n\n\n", TEXT] {
        let note = sign_note(text, &key("a", 1)).unwrap();
        let read: Note = note.to_string().parse().unwrap();
        assert_eq!(read.text(), text);
        assert_eq!(read, note);
    }
}

#[test]
fn every_truncation_is_refused() {
    let note = sign_note(TEXT, &key("a", 1)).unwrap().to_string();
    for start in (0..note.len()).filter_map(|end| note.get(..end)) {
        let error = start.parse::<Note>().unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidArgument, "first {} bytes", start.len());
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let signer = key("a", 1);
    let note = sign_note(TEXT, &signer).unwrap().to_string();
    for bit in 0..note.len() * 8 {
        let mut bytes = note.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(changed) = String::from_utf8(bytes) else {
            continue;
        };
        let verdict = changed.parse::<Note>().and_then(|note| note.verify(&[signer.verifier_key()]).map(drop));
        let code = verdict.unwrap_err().code();
        assert!([ErrorCode::InvalidArgument, ErrorCode::BadSignature].contains(&code), "bit {bit}");
    }
}

#[test]
fn only_known_keys_count_and_each_once() {
    let (first, second, stranger) = (key("a", 1), key("b", 2), key("a", 3));
    let mut note = sign_note(TEXT, &first).unwrap();
    note.add_signature(&second).unwrap();
    note.add_signature(&first).unwrap();
    let known = [second.verifier_key(), first.verifier_key(), first.verifier_key()];
    assert_eq!(note.verify(&known).unwrap(), [&known[0], &known[1]]);
    assert_eq!(note.verify(&[stranger.verifier_key()]).unwrap_err().code(), ErrorCode::BadSignature);
    assert_eq!(note.verify(&[]).unwrap_err().code(), ErrorCode::BadSignature);
}

#[test]
fn one_failing_signature_of_a_known_key_refuses_the_note() {
    let (first, second) = (key("a", 1), key("b", 2));
    let mut note = sign_note(TEXT, &first).unwrap();
    note.add_signature(&second).unwrap();
    note.signatures[1].bytes[5] ^= 1;
    let known = [first.verifier_key(), second.verifier_key()];
    assert_eq!(note.verify(&known).unwrap_err().code(), ErrorCode::BadSignature);
    // To someone who does not know the second key it is just an unknown signature.
    note.verify(&known[..1]).unwrap();
}

#[test]
fn malformed_notes_are_refused() {
    let good = sign_note("text\n", &key("a", 1)).unwrap().to_string();
    let line = good.lines().last().unwrap().to_owned();
    let cases = [
        String::new(),
        "text\n".to_owned(),
        "text\n\n".to_owned(),
        "text\n\n\n".to_owned(),
        format!("text\n{line}\n"),
        format!("\n\n{line}"),
        format!("te\u{1}xt\n\n{line}\n"),
        format!("text\r\n\n{line}\n"),
        format!("text\n\n-{line}\n"),
        format!("text\n\n{line} \n"),
        format!("text\n\n{line}\nrest\n"),
        "text\n\n\u{2014} a AAAAAA==\n".to_owned(),
        "text\n\n\u{2014} a+b AAAAAAAA\n".to_owned(),
        "text\n\n\u{2014}  AAAAAAAA\n".to_owned(),
        format!("text\n\n{}", format!("{line}\n").repeat(NOTE_SIGNATURES_MAX + 1)),
        format!("{}\n\n{line}\n", "x".repeat(NOTE_BYTES_MAX)),
    ];
    for case in cases {
        let start: String = case.chars().take(80).collect();
        assert_eq!(case.parse::<Note>().unwrap_err().code(), ErrorCode::InvalidArgument, "{start:?}");
    }
    for text in ["", "no newline", "tab\t\n"] {
        assert_eq!(sign_note(text, &key("a", 1)).unwrap_err().code(), ErrorCode::InvalidArgument);
    }
}
