//! Short texts whose words are as unevenly common as those of a language.

use nedb::Result;
use nedb_types::document::json_to_document;

use super::{Item, sequence::Sequence};
use crate::{Cell, TableRow};

/// Different words; the n-th is about n times as rare as the first.
const VOCABULARY: usize = 20_000;

/// Words of a text, at least and at most.
const WORDS_MIN: usize = 20;
const WORDS_MORE: usize = 40;

/// The text with this number.
pub(crate) fn text(number: u64) -> Result<TableRow> {
    let mut random = Sequence::new(number ^ 0x7e57);
    let words = WORDS_MIN + random.below(WORDS_MORE);
    let text: Vec<String> = (0..words).map(|_| word(rank(&mut random))).collect();
    text_row(number, text.join(" "))
}

/// A row of a text without quotes and backslashes.
pub(crate) fn text_row(number: u64, text: String) -> Result<TableRow> {
    let json = format!(r#"{{"text":"{text}"}}"#).into_bytes();
    let item = Item { id: format!("{number:010}").into_bytes(), document: json_to_document(&json)?, json };
    Ok(TableRow { number, item, cells: vec![Cell::Text(text)] })
}

/// Two words that both occur in about one text of a hundred, and now and then together.
pub(crate) fn two_words(random: &mut Sequence) -> Cell {
    let mut one = || word(200 + random.below(200));
    Cell::Text(format!("{} {}", one(), one()))
}

/// A rank of which each doubling is equally likely: Zipf's law, nearly.
fn rank(random: &mut Sequence) -> usize {
    let doublings = usize::try_from(VOCABULARY.ilog2()).unwrap_or(0) + 1;
    let first = 1_usize << random.below(doublings);
    (first + random.below(first)).min(VOCABULARY)
}

/// The word of this rank: syllables that spell the number.
fn word(rank: usize) -> String {
    const STARTS: [&str; 16] = ["b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st"];
    const ENDS: [&str; 8] = ["a", "e", "i", "o", "u", "an", "er", "in"];
    let (mut rest, mut word) = (rank, String::new());
    while rest > 0 {
        word.push_str(STARTS.get(rest % 16).copied().unwrap_or_default());
        word.push_str(ENDS.get(rest / 16 % 8).copied().unwrap_or_default());
        rest /= 128;
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_gives_the_same_text_and_common_words_are_common() {
        let texts: Vec<TableRow> = (0..2000).map(|number| text(number).unwrap()).collect();
        assert_eq!(text(7).unwrap().cells, texts.get(7).unwrap().cells);
        let with = |rank: usize| {
            let wanted = word(rank);
            let has = |cell: &Cell| matches!(cell, Cell::Text(text) if text.split(' ').any(|word| word == wanted));
            texts.iter().filter(|row| row.cells.iter().any(has)).count()
        };
        assert!(with(1) > 1500, "the first word is nearly everywhere: {}", with(1));
        assert!((4..60).contains(&with(300)), "one text of a hundred has it: {}", with(300));
    }

    #[test]
    fn different_ranks_are_different_words() {
        let mut words: Vec<String> = (1..=VOCABULARY).map(word).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), VOCABULARY);
    }
}
