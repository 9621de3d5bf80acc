//! A note about work left to do names its issue, so that somebody sees it outside the code.

use super::Report;
use crate::tree::Tree;

/// Joined from halves, so that this file does not find itself.
const WORDS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const EXTENSIONS: [&str; 11] = ["rs", "md", "toml", "py", "sh", "yml", "yaml", "ts", "js", "mjs", "json"];

pub fn check(tree: &Tree) -> Report {
    let mut breaches = Vec::new();
    for file in tree.texts.iter().filter(|file| file.has_extension(&EXTENSIONS)) {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(word) = WORDS.into_iter().find(|word| is_without_issue(line, word)) {
                breaches.push(format!("{}:{}: {word} without an issue number", file.path, number + 1));
            }
        }
    }
    Report::breaches(breaches)
}

fn is_without_issue(line: &str, word: &str) -> bool {
    let is_word_part = |sign: char| sign.is_alphanumeric() || sign == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        let after = line.get(at + word.len()..).unwrap_or_default();
        let is_whole = !before.ends_with(is_word_part) && !after.starts_with(is_word_part);
        let number = after.trim_start_matches([' ', '(']).strip_prefix('#').unwrap_or_default();
        is_whole && !number.starts_with(|sign: char| sign.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::{WORDS, check};
    use crate::tidy::planted;

    #[test]
    fn a_note_without_an_issue_number_is_found() {
        for word in WORDS {
            assert_eq!(planted(check, "a.rs", &format!("// {word}: later\n")).len(), 1);
            assert_eq!(planted(check, "a.md", &format!("{word}\n")).len(), 1);
            assert_eq!(planted(check, "a.rs", &format!("// {word}(#12): later\n")).len(), 0);
            assert_eq!(planted(check, "a.rs", &format!("// M{word} {word}S\n")).len(), 0);
        }
    }
}
