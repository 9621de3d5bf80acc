//! Checkpoints: the specification's example, and every text that is not one.

use super::super::SecretSeed;
use super::*;

/// The example of the specification.
const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

#[test]
fn the_specification_s_example_reads_and_prints() {
    let head: TreeHead = EXAMPLE.parse().unwrap();
    assert_eq!((head.origin(), head.size()), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(head.root().to_string(), "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62");
    assert!(head.extensions().is_empty());
    assert_eq!(head.to_string(), EXAMPLE);
}

#[test]
fn extension_lines_are_kept_in_order() {
    let text = format!("{EXAMPLE}one\ntwo words\n");
    let head: TreeHead = text.parse().unwrap();
    assert_eq!(head.extensions(), ["one", "two words"]);
    assert_eq!(head.to_string(), text);
}

#[test]
fn malformed_texts_are_refused() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let cases = [
        String::new(),
        "\n".to_owned(),
        "origin\n".to_owned(),
        "origin\n1\n".to_owned(),
        format!("\n1\n{root}\n"),
        format!("origin\n01\n{root}\n"),
        format!("origin\n-1\n{root}\n"),
        format!("origin\n18446744073709551616\n{root}\n"),
        format!("origin\n1\n{root}"),
        format!("origin\n1\n{root}\n\n"),
        format!("origin\n1\n{root}\nok\n\nok\n"),
        format!("ori\tgin\n1\n{root}\n"),
        "origin\n1\nAAAA\n".to_owned(),
        "origin\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n".to_owned(),
    ];
    for case in cases {
        assert_eq!(case.parse::<TreeHead>().unwrap_err().code(), ErrorCode::InvalidArgument, "{case:?}");
    }
    assert!(TreeHead::new("", 1, Digest::ZERO).is_err());
    assert!(TreeHead::new("two\nlines", 1, Digest::ZERO).is_err());
}

#[test]
fn a_witness_alone_does_not_make_a_checkpoint() {
    let key = SigningKey::new("example.com/log", &SecretSeed::new([3; 32])).unwrap();
    let head = TreeHead::new("example.com/log", 5, Digest::ZERO).unwrap();
    let note = head.sign(&key).unwrap();
    assert_eq!(TreeHead::verified(&note, &[key.verifier_key()]).unwrap(), head);
    let other = SigningKey::new("example.com/log", &SecretSeed::new([4; 32])).unwrap();
    let error = TreeHead::verified(&note, &[other.verifier_key()]).unwrap_err();
    assert_eq!(error.code(), ErrorCode::BadSignature);
}
