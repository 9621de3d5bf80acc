//! No text makes the parser panic, and every error has a place.

use nedb_nql::{parse, show_place};
use nedb_types::Detail;
use proptest::prelude::*;

use crate::scripts::statements;

fn check(text: &str) {
    if let Err(error) = parse(text) {
        assert!(matches!(error.detail(), Detail::Syntax { .. }), "{text:?}: {error:?}");
        assert!(show_place(text, &error).is_some(), "{text:?}: {error:?}");
    }
}

#[test]
fn every_prefix_of_every_statement_parses_or_has_a_place() {
    for statement in statements() {
        for (end, _) in statement.char_indices() {
            check(&statement[..end]);
        }
    }
}

#[test]
fn every_statement_without_one_character_parses_or_has_a_place() {
    for statement in statements() {
        for (at, character) in statement.char_indices() {
            check(&[&statement[..at], &statement[at + character.len_utf8()..]].concat());
        }
    }
}

proptest! {
    #[test]
    fn any_text_parses_or_has_a_place(text in any::<String>()) {
        check(&text);
        check(&format!("FROM a WHERE {text}"));
        check(&format!("FROM a WHERE b = \"{text}\""));
    }
}
